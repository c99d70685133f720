"""Verifies the export of a demo run without any code of the server.

python3 verify.py DIR               prints a summary, and fails on any fault
python3 verify.py DIR --self-test   spoils the evidence in many ways, and fails unless each of them is seen
"""

import base64
import json
import os
import sys
from collections import defaultdict
from decimal import Decimal

import beckn
import energy
from demo import parse_time

CATALOG = "cds.wattmandi.example"
REQUESTS = ("discover", "select", "init", "confirm", "update", "status", "cancel", "track", "rate", "support",
            "catalog/publish")
# A publication is made from rows that were read a moment before its context was dated.
MOMENT = 2.0


class Record:
    """One file of the export: a message that came in, or one attempt to send one."""

    def __init__(self, node, name, file):
        self.node, self.name, self.file = node, name, file
        self.out = file["direction"] == "out"
        self.sender = file["sender"]
        self.receiver = file["target"] if self.out else file["receiver"]
        self.action = file["action"]
        self.message_id = file["messageId"]
        self.transaction_id = file["transactionId"]
        self.status = file["status"]
        self.at = parse_time(file["at"]).timestamp()
        self.body = base64.b64decode(file["body"], validate=True)
        answer = file["responseBody"]
        self.answer = None if answer is None else base64.b64decode(answer, validate=True)
        self.headers = {name.lower(): value for name, value in file["headers"]}
        self.answer_headers = {name.lower(): value for name, value in file["responseHeaders"] or []}
        self.purpose = file.get("purpose", "")
        self.json = beckn.decode(self.body) or {}
        self.context = self.json.get("context", {})
        self.contract = beckn.at(self.json, "message", "contract") or {}

    @property
    def place(self):
        return "%s/%s" % (self.node, self.name)

    @property
    def done_at(self):
        return self.at + (self.file.get("durationMicros") or 0) / 1e6

    @property
    def authorization(self):
        return self.headers.get("authorization", "")

    @property
    def callback(self):
        return self.action.rsplit("/", 1)[-1].startswith("on_")

    @property
    def acked(self):
        return self.status is not None and self.answer is not None and beckn.is_ack(self.status, self.answer)

    @property
    def dated(self):
        return parse_time(self.context["timestamp"]).timestamp()

    @property
    def preview(self):
        return self.context.get("try") is True


def callback_of(action):
    before, _, name = action.rpartition("/")
    return (before + "/" if before else "") + "on_" + name


def request_of(action):
    before, _, name = action.rpartition("/")
    return (before + "/" if before else "") + name[len("on_"):]


class Evidence:
    """Everything that was exported, and the keys of the participants."""

    def __init__(self, folder):
        with open(os.path.join(folder, "keys.json"), encoding="utf-8") as file:
            self.keys = json.load(file)
        self.records = []
        for node in sorted(os.listdir(folder)):
            path = os.path.join(folder, node)
            if not os.path.isdir(path):
                continue
            for name in sorted(os.listdir(path)):
                with open(os.path.join(path, name), encoding="utf-8") as file:
                    self.records.append(Record(node, name, json.load(file)))

    def index(self):
        self.received = defaultdict(list)
        self.sent = defaultdict(list)
        for record in self.records:
            key = (record.sender, record.receiver, record.action, record.message_id)
            (self.sent if record.out else self.received)[key].append(record)
        self.node_of = {record.sender: record.node for record in self.records if record.out}
        # The nodes are exported one after another while they still run: what came after the last message in one
        # node's export may be missing there.
        self.end = defaultdict(float)
        for record in self.records:
            self.end[record.node] = max(self.end[record.node], record.at)


class Judge:
    """Counts what was checked, and collects the faults."""

    def __init__(self, evidence):
        self.evidence = evidence
        self.faults = []
        self.signatures = 0
        self.chains = 0
        self.contracts = self.legs_checked = self.held = self.said = self.at_the_edge = 0
        evidence.index()

    def fault(self, place, text):
        self.faults.append("%s: %s" % (place, text))

    def run(self):
        for record in self.evidence.records:
            self.message(record)
            self.answer(record)
        self.unique_ids()
        self.nothing_lost()
        self.promises()
        self.recorded_first()
        self.commits()
        self.stock()
        return self

    # Bytes and signatures

    def key(self, place, header):
        name = "%s|%s|ed25519" % (header["subscriber"], header["key"])
        if name not in self.evidence.keys:
            self.fault(place, "no key %s" % name)
            return None
        return self.evidence.keys[name]

    def message(self, record):
        try:
            header = beckn.parse_header(record.authorization)
            answered = None
            if header["headers"] == beckn.FOUR:
                answered = self.answered(record)
                self.chains += 1
            key = self.key(record.place, header)
            if key is None:
                return
            beckn.verify(record.authorization, record.body, key, int(record.at), answered)
            self.signatures += 1
        except beckn.SignatureFault as fault:
            return self.fault(record.place, "signature: %s" % fault)
        if header["subscriber"] != record.sender:
            self.fault(record.place, "signed by %s, sent by %s" % (header["subscriber"], record.sender))
        provider = record.callback or record.action == "catalog/publish"
        said = record.context.get("bppId" if provider else "bapId")
        if said != record.sender and record.sender != CATALOG:
            self.fault(record.place, "sent by %s, says %s" % (record.sender, said))
        self.action(record)

    def answered(self, record):
        """The signature of the request that a four-line callback answers, as its sender received it."""
        key = (record.receiver, record.sender, request_of(record.action), record.message_id)
        found = self.evidence.received.get(key) if record.callback else None
        if not found:
            raise beckn.SignatureFault("chained to a request that its sender never got")
        return beckn.signature_text(found[0].authorization)

    def action(self, record):
        path = record.file["url"] if record.out else record.file["path"]
        if path is not None and not path.endswith("/" + record.action):
            self.fault(record.place, "the action %s is not the path %s" % (record.action, path))
        found = (record.context.get("action"), record.context.get("messageId"), record.context.get("transactionId"))
        if found != (record.action, record.message_id, record.transaction_id):
            self.fault(record.place, "the context says %s" % (found,))
        if record.context.get("version") != "2.0.0" or record.context.get("networkId") != beckn.NETWORK:
            self.fault(record.place, "another version or network")

    def answer(self, record):
        """The synchronous answer: signed by the receiver over its bytes, and chained to the message."""
        if record.answer is None:
            return
        try:
            text = beckn.response_signature(record.answer_headers.get("signature"))
            header = beckn.parse_header(text)
            if header["headers"] != beckn.FOUR:
                raise beckn.SignatureFault("not chained")
            key = self.key(record.place, header)
            if key is None:
                return
            beckn.verify(text, record.answer, key, int(record.done_at) + 1,
                         beckn.signature_text(record.authorization))
            self.signatures += 1
            self.chains += 1
        except beckn.SignatureFault as fault:
            return self.fault(record.place, "signature of the answer: %s" % fault)
        if header["subscriber"] != record.receiver:
            self.fault(record.place, "answered by %s, sent to %s" % (header["subscriber"], record.receiver))
        if record.out and not record.file["responseVerified"]:
            self.fault(record.place, "the sender did not find the answer's signature good")
        said = beckn.at(beckn.decode(record.answer), "message", "messageId")
        if said != record.message_id:
            self.fault(record.place, "the answer is to message %s" % said)

    # Ids, losses, promises

    def unique_ids(self):
        """A messageId names one request, and an unasked callback takes none that was used before."""
        requests, unasked = defaultdict(set), defaultdict(set)
        for record in self.evidence.records:
            content = (record.sender, record.receiver, record.action, beckn.digest(record.body))
            if not record.callback:
                requests[record.message_id].add(content)
            elif record.out and not record.file["answers"]:
                unasked[record.message_id].add(content)
        for message_id, contents in requests.items():
            if len(contents) > 1:
                self.fault("messageId %s" % message_id, "names %d different requests" % len(contents))
        for message_id, contents in unasked.items():
            if len(contents) > 1 or message_id in requests:
                self.fault("messageId %s" % message_id, "an unasked callback has an id that is used elsewhere")

    def nothing_lost(self):
        """What one side says was taken, the other side has, byte for byte and under the same signature."""
        for key, sent in self.evidence.sent.items():
            for record in sent:
                if record.status != 200 or record.receiver not in self.evidence.node_of:
                    continue
                got = [each for each in self.evidence.received.get(key, []) if each.body == record.body]
                if not got and not self.beyond(record, self.evidence.node_of[record.receiver]):
                    self.fault(record.place, "taken by %s, who does not have it" % record.receiver)
        for key, received in self.evidence.received.items():
            for record in received:
                sent = self.evidence.sent.get(key, [])
                seen = (record.body, record.authorization)
                same = any((each.body, each.authorization) == seen for each in sent)
                if not same and not self.beyond(record, self.evidence.node_of.get(record.sender)):
                    self.fault(record.place, "received from %s, who never sent it so" % record.sender)

    def beyond(self, record, node, slack=0.0):
        """Whether the message is later than what was exported of that node."""
        late = record.done_at > self.evidence.end.get(node, 0.0) - slack
        self.at_the_edge += late
        return late

    def promises(self):
        """A request that was ACKed with 200 gets its callback, and no other request does."""
        for (sender, receiver, action, message_id), records in self.evidence.received.items():
            if action not in REQUESTS:
                continue
            answers = self.evidence.sent.get((receiver, sender, callback_of(action), message_id), [])
            kept = any(each.acked for each in answers)
            if records[0].status == 200 and not kept and not self.beyond(records[0], records[0].node, 1.0):
                self.fault(records[0].place, "ACKed, but no %s was taken by %s" % (callback_of(action), sender))
            if records[0].status != 200 and answers:
                self.fault(records[0].place, "answered %d, and called back all the same" % records[0].status)

    # Ledgers

    def legs(self, sender, contract_id, action):
        """The ledger legs of one platform for one contract, in order of time."""
        found = [record for record in self.evidence.records
                 if record.out and record.sender == sender and record.purpose == "ledger." + action
                 and record.contract.get("id") == contract_id]
        return sorted(found, key=lambda record: record.at)

    @staticmethod
    def side(contract, role):
        """Who holds a role, and the id of the ledger behind a DISCOM's."""
        roles = beckn.at(contract, "contractAttributes", "roles") or []
        holder = next((each["participantId"] for each in roles if each["role"] == role), None)
        person = next((each for each in contract.get("participants", []) if each["id"] == holder), {})
        return holder, beckn.at(person, "participantAttributes", "ledgerId")

    def confirmations(self):
        """Each successful on_confirm between platforms, by contract id: its attempts, in order of time."""
        found = defaultdict(list)
        for record in self.evidence.records:
            platform = record.out and record.action == "on_confirm" and record.purpose == "message"
            if platform and not record.json.get("error"):
                found[record.contract.get("id")].append(record)
        for attempts in found.values():
            attempts.sort(key=lambda record: record.at)
        return found

    def recorded_first(self):
        """The seller's ledger ACKs before on_confirm leaves; the buyer's is told after it has come."""
        for contract_id, attempts in self.confirmations().items():
            self.contracts += 1
            first = attempts[0]
            seller, _ = self.side(first.contract, "sellerPlatform")
            buyer, _ = self.side(first.contract, "buyerPlatform")
            seller_ledger = self.side(first.contract, "sellerDiscom")[1]
            buyer_ledger = self.side(first.contract, "buyerDiscom")[1]
            if (seller, buyer) != (first.sender, first.receiver):
                self.fault(first.place, "on_confirm from %s to %s, of %s and %s" % (
                    first.sender, first.receiver, seller, buyer))
            acked = [leg for leg in self.legs(seller, contract_id, "on_confirm")
                     if leg.receiver == seller_ledger and leg.acked]
            if not acked or acked[0].done_at > first.at:
                self.fault(first.place, "on_confirm left before the seller's ledger had ACKed")
            received = self.evidence.received.get((first.sender, first.receiver, "on_confirm", first.message_id), [])
            came = min((record.at for record in received), default=None)
            legs = [leg for leg in self.legs(buyer, contract_id, "on_confirm") if leg.receiver == buyer_ledger]
            if came is None or not legs:
                self.fault(first.place, "the buyer's ledger was never told")
            elif legs[0].at < came:
                self.fault(legs[0].place, "the buyer's ledger was told before on_confirm had come")
            elif not any(leg.acked for leg in legs):
                self.fault(legs[0].place, "the buyer's ledger never ACKed")
            if b"payTo" in b"".join(leg.body for leg in legs + acked):
                self.fault(first.place, "a ledger was told how people are paid")
            self.receipts(acked + [leg for leg in legs if leg.acked])

    def receipts(self, legs):
        for leg in legs:
            self.legs_checked += 1
            receipt = beckn.at(beckn.decode(leg.answer), "message", "ledger") or {}
            if not str(receipt.get("rowDigest", "")).startswith("sha256:"):
                self.fault(leg.place, "the ledger's ACK has no receipt")

    def commits(self):
        """A commit names the digest of the preview that went before it."""
        for record in self.evidence.records:
            if record.out or record.action not in ("cancel", "update") or record.preview or record.status != 200:
                continue
            if beckn.at(record.contract, "status", "code") == "DRAFT":
                continue
            said = beckn.at(record.context, "requestDigest", "digest")
            previews = [each for each in self.evidence.records
                        if each.out and each.sender == record.receiver and each.receiver == record.sender
                        and each.action == "on_" + record.action and each.transaction_id == record.transaction_id
                        and each.preview and each.acked and each.at <= record.at]
            if said not in [beckn.LABEL + beckn.digest(each.body) for each in previews]:
                self.fault(record.place, "commits to a preview that was never made")

    # Stock

    def stock(self):
        """Per offer and hour: what is held never exceeds what was first published, and every later publication
        says what was left at its moment."""
        published = self.publications()
        holds = self.holds(published)
        for (offer_id, start), series in published.items():
            total = series[0][1]
            spans = holds.get((offer_id, start), [])
            self.held += len(spans)
            self.said += len(series)
            moments = sorted({span[1] for span in spans})
            for moment in moments:
                held = sum(span[4] for span in spans if span[1] <= moment < span[2])
                if held > total:
                    self.fault("offer %s, %s" % (offer_id, start), "%s kWh held of %s" % (held, total))
            for dated, available, place in series:
                least = sum(span[4] for span in spans if span[1] <= dated - MOMENT and span[2] >= dated)
                most = sum(span[4] for span in spans if span[0] <= dated and span[3] >= dated - MOMENT)
                if not least <= total - available <= most:
                    self.fault(place, "offer %s, %s: %s of %s kWh available, with %s to %s held" % (
                        offer_id, start, available, total, least, most))

    def publications(self):
        """What was published, by offer and start of the hour: date, AVAILABLE_QTY, place, in order of time."""
        found, seen = defaultdict(list), set()
        for record in sorted((each for each in self.evidence.records if each.out), key=lambda each: each.dated):
            if record.action != "catalog/publish" or record.message_id in seen:
                continue
            seen.add(record.message_id)
            for catalog in beckn.at(record.json, "message", "catalogs") or []:
                for offer in catalog.get("offers", []):
                    for start, row in rows(offer["offerAttributes"]["commitmentAttributes"]):
                        available = Decimal(str(energy.cell(row, "AVAILABLE_QTY")))
                        found[(offer["id"], start)].append((record.dated, available, record.place))
        return found

    def holds(self, published):
        """From when to when each contract held how much of an hour: earliest and latest start, earliest and latest
        end, kWh. Changes are between the arrival of a request and the date of the message that tells of it."""
        found = defaultdict(list)
        by_transaction = defaultdict(list)
        for record in self.evidence.records:
            if record.node == self.evidence.node_of.get(record.sender) or not record.out:
                by_transaction[record.transaction_id].append(record)
        for transaction_id, records in by_transaction.items():
            for hold in self.holds_of(transaction_id, sorted(records, key=lambda each: (each.at, each.out))):
                offer_id, start, span = hold
                if (offer_id, start) not in published:
                    self.fault("transaction %s" % transaction_id, "holds an hour that was never published")
                    continue
                found[(offer_id, start)].append(span)
        return found

    def holds_of(self, transaction_id, records):
        """The life of one contract: begun by on_init, changed by on_update, ended by on_cancel, refusal or never."""
        forever = float("inf")
        steps = []
        for record in records:
            if not record.out or record.purpose != "message" or record.preview:
                continue
            if record.action not in ("on_init", "on_confirm", "on_update", "on_cancel"):
                continue
            if any(record.body == each.body for _, each in steps):
                continue
            asked = [each.at for each in records if not each.out and each.action == request_of(record.action)
                     and each.message_id == record.message_id]
            steps.append((min(asked, default=record.dated - MOMENT), record))
        amounts, begun, spans = None, None, []

        def end(earliest, latest):
            for key, quantity in (amounts or {}).items():
                if quantity:
                    spans.append((key[0], key[1], (begun[0], begun[1], earliest, latest, quantity)))

        for came, record in steps:
            failed = bool(record.json.get("error"))
            if record.action == "on_confirm" and not failed:
                if amounts is not None and amounts != quantities(record.contract):
                    self.fault(record.place, "confirms other quantities than on_init")
                continue
            if amounts is not None:
                end(came, record.dated)
                amounts = None
            if record.action in ("on_init", "on_update") and not failed:
                amounts, begun = quantities(record.contract), (came, record.dated)
        end(forever, forever)
        return spans


def rows(series):
    """The hours of a table: start as a time stamp, and the row."""
    start = parse_time(series["intervalPeriod"]["start"]).timestamp()
    for row in series["intervals"]:
        own = row.get("intervalPeriod")
        yield int(parse_time(own["start"]).timestamp() if own else start + 3600 * row["id"]), row


def quantities(contract):
    """kWh by offer and start of the hour."""
    found = {}
    for commitment in contract.get("commitments", []):
        for start, row in rows(commitment["commitmentAttributes"]):
            found[(commitment["offer"]["id"], start)] = Decimal(str(energy.cell(row, "REQUESTED_QTY") or 0))
    return found


def verify(folder):
    return Judge(Evidence(folder)).run()


def summary(judge):
    return "verify: %d messages, %d signatures, %d chains, %d faults" % (
        len(judge.evidence.records), judge.signatures, judge.chains, len(judge.faults))


def extent(judge):
    """What there was to be judged, so that silence means something."""
    text = "verify: %d contracts, %d ledger receipts, %d holds of stock, %d published amounts, %d cut off at the end"
    return text % (judge.contracts, judge.legs_checked, judge.held, judge.said, judge.at_the_edge)


def main(arguments):
    folders = [argument for argument in arguments if not argument.startswith("--")]
    if len(folders) != 1:
        print(__doc__)
        return 2
    judge = verify(folders[0])
    for fault in judge.faults[:200]:
        print("fault: %s" % fault)
    print(extent(judge))
    print(summary(judge))
    good = not judge.faults and judge.signatures > 0
    if good and "--self-test" in arguments:
        import spoil
        good = spoil.self_test(folders[0])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
