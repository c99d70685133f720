"""Shows that the verifier can fail: spoils the evidence of a run in many ways, and expects each to be seen."""

import copy
import hashlib

import beckn
import energy
from verify import Evidence, Judge


def flip(data, position):
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1:]


def resized(record, more):
    """The same message with its first quantity changed, as a forger with the key would do it."""
    record.contract = copy.deepcopy(record.contract)
    row = energy.series(record.contract)["intervals"][0]
    energy.set_cell(row, "REQUESTED_QTY", energy.number(more))


def spoilers(evidence):
    """Ways to spoil the evidence: a name, a part of the fault that must be found (none: there must be no fault), and
    a function that does it to a fresh copy."""
    def first(wanted):
        return next(i for i, record in enumerate(evidence.records) if wanted(record))

    confirm = first(lambda r: r.out and r.action == "on_confirm" and r.purpose == "message" and r.acked
                    and r.sender != r.receiver)
    init = first(lambda r: not r.out and r.action == "init" and r.status == 200)
    changed = {r.transaction_id for r in evidence.records if r.action in ("on_update", "on_cancel")}
    # Of a contract that holds its energy to the end: one that was called off in the same moment held none to be seen.
    on_init = first(lambda r: r.out and r.action == "on_init" and r.acked and not r.json.get("error")
                    and r.transaction_id not in changed)
    answered = evidence.records[init]
    again = [i for i, r in enumerate(evidence.records) if r.out and r.action == "catalog/publish"]

    def each(index, change):
        def spoil(found):
            change(found.records[index])
        return spoil

    def drop(wanted):
        def spoil(found):
            found.records = [record for record in found.records if not wanted(record)]
        return spoil

    def second_publication(found):
        record = found.records[again[-1]]
        offer = record.json["message"]["catalogs"][0]["offers"][0]
        for row in offer["offerAttributes"]["commitmentAttributes"]["intervals"]:
            energy.set_cell(row, "AVAILABLE_QTY", energy.cell(row, "AVAILABLE_QTY") + 0.01)

    contract_id = evidence.records[confirm].contract["id"]

    def moved(sender, seconds):
        """Ledger legs of the contract at another time, within the life of their signatures."""
        def spoil(found):
            for record in found.records:
                leg_of_it = record.purpose == "ledger.on_confirm" and record.contract.get("id") == contract_id
                if leg_of_it and record.sender == sender:
                    record.at += seconds
        return spoil

    def chained(answered):
        """The same on_init with four lines, under the demo's well-known key, as sent and as received."""
        def spoil(found):
            sent = found.records[on_init]
            _, key_id, _ = beckn.parse_header(sent.authorization)["keyId"].split("|")
            key = beckn.Key(sent.sender, key_id, hashlib.sha256(
                ("wattmandi demo key of %s" % sent.sender).encode()).digest())
            text = key.sign(sent.body, answered(sent), created=int(sent.at) - 1)
            for record in found.records:
                if record.message_id == sent.message_id and record.action == "on_init":
                    record.headers["authorization"] = text
            if sent.answer is not None:
                sent.answer_headers = dict(sent.answer_headers, signature=resigned(sent))
                for record in found.records:
                    if record.message_id == sent.message_id and record.action == "on_init":
                        record.answer_headers = sent.answer_headers
        return spoil

    def request_signature(record):
        request = next(each for each in evidence.records if not each.out and each.action == "init"
                       and each.message_id == record.message_id)
        return beckn.signature_text(request.authorization)

    return [
        ("nothing, but a callback is chained", None, chained(request_signature)),
        ("a callback chained to another request", "signature: the signature is of something else",
         chained(lambda record: beckn.signature_text(evidence.records[confirm].authorization))),
        ("a bit of a body", "the signature is of something else",
         each(init, lambda r: setattr(r, "body", flip(r.body, len(r.body) // 2)))),
        ("a bit of the last byte", "the signature is of something else",
         each(init, lambda r: setattr(r, "body", flip(r.body, len(r.body) - 1)))),
        ("a bit of a signature", "the signature is of something else",
         each(init, lambda r: r.headers.update(authorization=other_signature(r)))),
        ("a bit of an answer", "signature of the answer: the signature is of something else",
         each(init, lambda r: setattr(r, "answer", flip(r.answer, 5)))),
        ("an answer chained to another message", "signature of the answer: the signature is of something else",
         each(init, lambda r: r.answer_headers.update(evidence.records[on_init].answer_headers))),
        ("no signature under an answer", "signature of the answer: missing",
         each(init, lambda r: r.answer_headers.pop("signature"))),
        ("another sender", "sent by mallory.example", each(init, lambda r: setattr(r, "sender", "mallory.example"))),
        ("another path", "is not the path", each(init, lambda r: r.file.update(path="/bpp/receiver/confirm"))),
        ("a lost callback", "no on_init was taken",
         drop(lambda r: r.message_id == answered.message_id and r.action == "on_init")),
        ("a lost message", "who does not have it",
         drop(lambda r: not r.out and r.message_id == answered.message_id and r.action == "init")),
        ("an invented message", "who never sent it so",
         drop(lambda r: r.out and r.message_id == answered.message_id and r.action == "init")),
        ("an id for two requests", "different requests", each(init, lambda r: setattr(r, "message_id", next(
            x.message_id for x in evidence.records if x.action == "select")))),
        ("a seller's ledger told too late", "before the seller's ledger had ACKed",
         moved(evidence.records[confirm].sender, 40)),
        ("a buyer's ledger told too early", "before on_confirm had come",
         moved(evidence.records[confirm].receiver, -40)),
        ("a seller's ledger that was not told", "before the seller's ledger had ACKed", drop(
            lambda r: r.purpose == "ledger.on_confirm" and r.contract.get("id") == contract_id
            and r.sender == evidence.records[confirm].sender)),
        ("a buyer's ledger that was not told", "the buyer's ledger was never told", drop(
            lambda r: r.purpose == "ledger.on_confirm" and r.contract.get("id") == contract_id
            and r.sender == evidence.records[confirm].receiver)),
        ("more held than published", "kWh held of", each(on_init, lambda r: resized(r, 1_000_000))),
        ("other quantities confirmed than offered", "confirms other quantities",
         each(on_init, lambda r: resized(r, "1.01"))),
        ("a publication that says too much", "kWh available, with", second_publication),
    ]


def resigned(record):
    """The answer to a message whose signature has changed, signed anew by its receiver."""
    header = beckn.parse_header(beckn.response_signature(record.answer_headers["signature"]))
    key = beckn.Key(record.receiver, header["key"], hashlib.sha256(
        ("wattmandi demo key of %s" % record.receiver).encode()).digest())
    return key.sign(record.answer, beckn.signature_text(record.authorization), created=int(record.at) - 1)


def other_signature(record):
    text = record.authorization
    at = text.rindex('signature="') + len('signature="') + 3
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]


def self_test(folder):
    """Whether every spoiler is seen; prints those that are not."""
    clean = Evidence(folder)
    blind = []
    names = spoilers(clean)
    for name, expected, spoil in names:
        found = copy.deepcopy(clean)
        spoil(found)
        faults = Judge(found).run().faults
        seen = any(expected in fault for fault in faults) if expected else not faults
        if not seen:
            blind.append("%s (%r in %s)" % (name, expected, faults[:3]))
    for name in blind:
        print("not seen: %s" % name)
    print("verify self-test: %d of %d ways to spoil the evidence are seen" % (len(names) - len(blind), len(names)))
    return not blind
