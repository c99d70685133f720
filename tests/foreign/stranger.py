"""Wrong input: for each the exact status and code, a signed answer that tells no insides, and nothing reserved."""

import copy
import re
import time
from decimal import Decimal

import beckn
import buyer as buyers
import energy
import peer
from check import until
from demo import NORTH, SOUTH, Client, slot_after, utc

PLATFORM = "alpha.wattmandi.example"
INSIDES = re.compile(rb"panick|rusqlite|sqlx|SELECT |INSERT |/src/|\.rs:|backtrace|stack|postgres", re.I)


class Stranger:
    """Sends one `init` after another, each wrong in one way."""

    def __init__(self, tally, demo, bap, seller, offer_id):
        self.tally = tally
        self.demo = demo
        self.bap = bap
        self.seller = seller
        self.offer_id = offer_id
        self.to = (PLATFORM, demo.alpha)
        self.guide = buyers.Buyer(tally, demo, bap, seller, offer_id)
        self.guide.discover()
        self.before = self.guide.stock()

    def good(self, action="init", quantity="2", meter=buyers.METER, code=SOUTH, **more):
        """A message with nothing wrong in it."""
        contract = self.guide.wish({0: Decimal(quantity)}, meter, code)
        message = {"contract": contract}
        context = self.bap.context(action, beckn.new_id(), self.to, schemaContext=energy.schemas_of(message), **more)
        return {"context": context, "message": message}

    def expect(self, name, status, code, value, path="/bpp/receiver/init", signed=True, **sending):
        """Sends it and judges the answer; `code` may be several."""
        tally = self.tally
        answer = self.bap.post(self.to[1] + path, value, **sending)
        codes = code if isinstance(code, tuple) else (code,)
        found = (answer.status, beckn.error_code(answer.body))
        what = "%s: %d %s" % (name, status, " or ".join(map(str, codes)))
        tally.check(found[0] == status and found[1] in codes, what, found="%s %s" % (found, answer.body[:300]))
        tally.check(beckn.at(answer.json, "message", "status") == "NACK", "%s: the body is a NACK" % name,
                    found=answer.body[:300])
        tally.check(not INSIDES.search(answer.body), "%s: the answer tells no insides" % name, found=answer.body[:300])
        if signed:
            fault = self.bap.answer_signed(answer, PLATFORM)
            tally.equal(fault, None, "%s: the fault of the answer's signature" % name)
        if status == 401:
            tally.check(answer.headers.get("www-authenticate", "").startswith("Signature "),
                        "%s: the answer says how to authenticate" % name)
        stock = self.guide.stock()
        tally.equal(stock, self.before, "%s: the stock" % name)
        self.before = stock
        return answer

    def changed(self, edit, **more):
        """A good message, changed by `edit(context, contract)`."""
        value = self.good(**more)
        edit(value["context"], value["message"]["contract"])
        return value


def _row(contract):
    return energy.series(contract)["intervals"][0]


def _quantity(text):
    """A good body whose requested quantity is this JSON text."""
    def make(stranger):
        value = stranger.changed(lambda _context, contract: energy.set_cell(_row(contract), "REQUESTED_QTY", "@@"))
        return beckn.encode(value).replace(b'"@@"', text.encode())
    return make


def signatures(tally, stranger):
    bap, now = stranger.bap, int(time.time())
    stranger.expect("unsigned", 401, "AUT_SIGNATURE_MISSING", stranger.good(), authorization="")
    stranger.expect("an empty signature", 401, "AUT_SIGNATURE_MISSING", stranger.good(),
                    authorization='Signature keyId="%s",algorithm="ed25519",created="%d",expires="%d",headers="%s",'
                                  'signature=""' % (bap.key.name, now, now + 300, beckn.THREE))
    other = beckn.Key(bap.id, bap.key.key_id)
    stranger.expect("another key under our name", 401, "AUT_SIGNATURE_INVALID", stranger.good(), key=other)
    body = beckn.encode(stranger.good())
    tampered = body.replace(b'"unitQuantity":2', b'"unitQuantity":3')
    tally.check(tampered != body, "the body was changed")
    stranger.expect("a tampered body", 401, "AUT_SIGNATURE_INVALID", tampered, authorization=bap.key.sign(body))
    stranger.expect("a body with one more space", 401, "AUT_SIGNATURE_INVALID", body + b" ",
                    authorization=bap.key.sign(body))
    stranger.expect("an expired signature", 401, "AUT_SIGNATURE_INVALID", stranger.good(), created=now - 600, life=300)
    stranger.expect("a signature of the future", 401, "AUT_SIGNATURE_INVALID", stranger.good(), created=now + 120)
    stranger.expect("a signature that ends before it begins", 401, "AUT_SIGNATURE_INVALID", stranger.good(),
                    created=now + 30, life=-10)
    stranger.expect("a signature that lives for years", 401, "AUT_SIGNATURE_INVALID", stranger.good(),
                    life=10 * 365 * 86_400)
    text = bap.key.sign(body)
    for name, header in [
        ("another scheme", text.replace("Signature ", "Bearer ")),
        ("the scheme in small letters", text.replace("Signature ", "signature ", 1)),
        ("no base64", re.sub(r'signature="[^"]*"', 'signature="!!!!"', text)),
        ("base64 without padding", text.replace('=="', '"')),
        ("a signature of ten bytes", re.sub(r'signature="[^"]*"', 'signature="AAAAAAAAAAAAAA=="', text)),
        ("another algorithm", text.replace('algorithm="ed25519"', 'algorithm="rsa-sha256"')),
        ("a key id of two parts", text.replace("|ed25519", "")),
        ("other lines than signed", text.replace(beckn.THREE, "(created) digest")),
        ("a parameter twice", text + ',created="1"'),
        ("a header of rubbish", "Signature " + "x" * 4000),
        ("a header of quotes", 'Signature """"""'),
    ]:
        stranger.expect(name, 401, "AUT_SIGNATURE_INVALID", body, authorization=header, signed=False)


def identities(tally, stranger):
    bap, demo = stranger.bap, stranger.demo
    nobody = beckn.Key("nobody.foreign.example")
    value = stranger.changed(lambda context, _contract: context.update(bapId="nobody.foreign.example"))
    stranger.expect("an unknown subscriber", 401, "AUT_SUBSCRIBER_NOT_FOUND", value, key=nobody)
    stranger.expect("an unknown key of a known subscriber", 401, "AUT_KEY_NOT_FOUND",
                    stranger.good(), key=beckn.Key(bap.id, "key-9"))
    gone = peer.Peer(demo, "gone.foreign.example", "BAP", peer.seed("gone"))
    try:
        gone.register()
        answer = gone.revoke(gone.key, gone.key)
        tally.equal(answer.status, 200, "the answer to a revocation")
        uri = gone.url + "/bap/receiver"
        value = stranger.changed(lambda context, _contract: context.update(bapId=gone.id, bapUri=uri))
        stranger.expect("a revoked key", 401, "AUT_KEY_EXPIRED_OR_REVOKED", value, key=gone.key)
        answer = gone.register()
        tally.equal(answer.status, 409, "the answer to registering a revoked key again")
    finally:
        gone.stop()
    value = stranger.changed(lambda context, _contract: context.update(bapId="beta.wattmandi.example"))
    stranger.expect("another's bapId", 401, "AUT_UNAUTHORIZED_ACTION", value)
    value = stranger.changed(lambda context, _contract: context.update(bppUri="http://127.0.0.1:9/bpp/receiver"))
    stranger.expect("a foreign bppUri", 400, "CTX_INVALID_BPP_URI", value)
    value = stranger.changed(lambda context, _contract: context.update(bapUri="http://127.0.0.1:9/bap/receiver"))
    stranger.expect("a foreign bapUri", 400, "CTX_INVALID_BPP_URI", value)
    value = stranger.changed(lambda context, _contract: context.pop("bapUri"))
    stranger.expect("no bapUri", 400, "CTX_CALLBACK_URL_MISSING", value)
    value = stranger.changed(lambda context, _contract: context.update(bppId="somebody.else.example"))
    stranger.expect("somebody else's bppId", 400, "CTX_INVALID_FIELD", value)
    value = stranger.changed(lambda context, _contract: context.update(networkId="nobody.example/market"))
    stranger.expect("another network", 403, "AUT_DOMAIN_NOT_ALLOWED", value)
    value = stranger.changed(lambda context, _contract: context.pop("networkId"))
    stranger.expect("no network", 403, "AUT_DOMAIN_NOT_ALLOWED", value)
    holders = {"buyerPlatform": "beta.wattmandi.example", "sellerPlatform": PLATFORM, "buyerDiscom": SOUTH,
               "sellerDiscom": NORTH}

    def for_another(_context, contract):
        contract["contractAttributes"]["roles"] = energy.roles(holders)

    stranger.expect("a contract for another platform", 400, "SCH_ATTRIBUTE_PACK_INVALID",
                    stranger.changed(for_another))


def contexts(_tally, stranger):
    def context(**change):
        return stranger.changed(lambda found, _contract: found.update(change))

    def without(name):
        return stranger.changed(lambda found, _contract: found.pop(name))

    stranger.expect("an action unlike the path", 400, "CTX_ACTION_MISMATCH", context(action="select"))
    stranger.expect("an unknown action", 400, "CTX_INVALID_FIELD", context(action="barter"))
    stranger.expect("an unknown version", 400, "CTX_VERSION_UNSUPPORTED", context(version="3.0.0"))
    stranger.expect("no version", 400, "CTX_MISSING_FIELD", without("version"))
    stranger.expect("no transactionId", 400, "CTX_MISSING_FIELD", without("transactionId"))
    stranger.expect("no messageId", 400, "CTX_MISSING_FIELD", without("messageId"))
    stranger.expect("a messageId that is a number", 400, "CTX_INVALID_FIELD", context(messageId=7))
    stranger.expect("a passed ttl", 400, "CTX_TTL_EXPIRED", context(timestamp=beckn.now_text(-60), ttl="PT30S"))
    stranger.expect("a ttl that is none", 400, "CTX_INVALID_FIELD", context(ttl="soon"))
    stranger.expect("a timestamp that is none", 400, "CTX_INVALID_FIELD", context(timestamp="today"))
    stranger.expect("an unknown path", 404, "NET_NOT_IMPLEMENTED", stranger.good(), path="/bpp/receiver/barter")
    stranger.expect("a callback at the seller's door", 404, "NET_NOT_IMPLEMENTED", stranger.good("on_init"),
                    path="/bpp/receiver/on_init")
    stranger.expect("text that is not JSON by its type", 415, "SCH_INVALID_FORMAT", stranger.good(),
                    headers={"Content-Type": "text/plain"})


def shapes(_tally, stranger):
    def contract(change):
        return stranger.changed(lambda _context, found: change(found))

    body = beckn.encode(stranger.good())
    stranger.expect("broken JSON", 400, "SCH_INVALID_JSON", body[:-2])
    stranger.expect("nothing", 400, "SCH_INVALID_JSON", b"")
    stranger.expect("bytes that are no text", 400, "SCH_INVALID_JSON", b"\xff\xfe" + body)
    stranger.expect("JSON and more", 400, "SCH_INVALID_JSON", body + b"{}")
    stranger.expect("a member twice", 400, "SCH_INVALID_JSON", body[:-1] + b',"message":{}}')
    stranger.expect("a thousand brackets", 400, "SCH_INVALID_JSON", b"[" * 1000 + b"]" * 1000)
    stranger.expect("a list", 400, "SCH_INVALID_JSON", b"[]")
    value = stranger.good()
    del value["message"]
    stranger.expect("no message", 400, "SCH_REQUIRED_FIELD_MISSING", value)
    value = stranger.good()
    value["message"] = {}
    stranger.expect("no contract", 400, "SCH_REQUIRED_FIELD_MISSING", value)
    value = stranger.good()
    value["message"]["contract"] = "two kilowatt-hours"
    stranger.expect("a contract that is a text", 400, "SCH_INVALID_FORMAT", value)
    value = stranger.good()
    value["message"]["extra"] = 1
    stranger.expect("an unknown member in message", 400, "SCH_FIELD_NOT_ALLOWED", value)
    stranger.expect("an unknown member in the contract", 400, "SCH_FIELD_NOT_ALLOWED",
                    contract(lambda found: found.update(discount=100)))
    stranger.expect("an unknown status", 400, "SCH_INVALID_ENUM",
                    contract(lambda found: found.update(status={"code": "SETTLED_BY_MAGIC"})))
    stranger.expect("an unknown status of the commitment", 400, "SCH_INVALID_ENUM",
                    contract(lambda found: found["commitments"][0].update(status={"descriptor": {"code": "MAYBE"}})))
    stranger.expect("no commitments", 400, "SCH_SCHEMA_VALIDATION_FAILED",
                    contract(lambda found: found.update(commitments=[])))
    stranger.expect("attributes without a type", 400, "SCH_REQUIRED_FIELD_MISSING",
                    contract(lambda found: energy.series(found).pop("@type")))
    stranger.expect("a table without intervals", 400, ("SCH_ATTRIBUTE_PACK_INVALID", "BIZ_QUANTITY_UNAVAILABLE"),
                    contract(lambda found: energy.series(found).update(intervals=[])))
    stranger.expect("an interval twice", 400, "SCH_SCHEMA_VALIDATION_FAILED",
                    contract(lambda found: energy.series(found)["intervals"].append(
                        copy.deepcopy(_row(found)))))


def sizes(tally, stranger):
    value = stranger.changed(lambda context, _contract: context.update(remark="x" * (1024 * 1024 + 1)))
    stranger.expect("a body above 1 MiB", 413, "SCH_INVALID_FORMAT", value)
    answer = stranger.bap.post(stranger.to[1] + "/bpp/receiver/init", b"{}", headers={"Content-Encoding": "gzip"})
    tally.check(answer.status in (400, 415), "a compressed body is not taken", found=answer.status)


def numbers(_tally, stranger):
    lack = "BIZ_QUANTITY_UNAVAILABLE"
    for name, text, code in [
        ("more than there is", "6.01", lack),
        ("less than 1 kWh", "0.99", lack),
        ("three decimals", "2.001", lack),
        ("a negative quantity", "-2", lack),
        ("a tiny negative quantity", "-0.001", lack),
        ("nothing", "0", lack),
        ("NaN", "NaN", "SCH_INVALID_JSON"),
        ("Infinity", "Infinity", "SCH_INVALID_JSON"),
        ("1e309", "1e309", lack),
        ("1e-309", "1e-309", lack),
        ("a number of a hundred digits", "9" * 100, lack),
        ("eighteen nines", "9" * 18, lack),
        ("a quantity that is a text", '"2"', "SCH_SCHEMA_VALIDATION_FAILED"),
        ("a quantity that is a list", "[2]", "SCH_SCHEMA_VALIDATION_FAILED"),
        ("a quantity that is true", "true", "SCH_SCHEMA_VALIDATION_FAILED"),
        ("a quantity that is null", "null", "SCH_SCHEMA_VALIDATION_FAILED"),
    ]:
        stranger.expect(name, 400, code, _quantity(text)(stranger))
    for name, price in [("a lower price", 6.4999), ("a price of zero", 0), ("a negative price", -6.5)]:
        stranger.expect(name, 400, "BIZ_PRICE_MISMATCH", stranger.changed(
            lambda _context, found, price=price: energy.set_cell(_row(found), "PRICE_PER_KWH", price)))


def slots(_tally, stranger):
    start = energy.series(stranger.good()["message"]["contract"])["intervalPeriod"]["start"]

    def moved(hour):
        return stranger.changed(lambda _context, found: energy.series(found)["intervalPeriod"].update(start=hour))

    off = start.replace(":30:00", ":00:00")
    stranger.expect("a slot off the hour of India", 400, "BIZ_FULFILLMENT_UNAVAILABLE", moved(off))
    later = utc(slot_after(stranger.seller.market_now(), 15))
    stranger.expect("a slot that is not offered", 400, "BIZ_FULFILLMENT_UNAVAILABLE", moved(later))
    stranger.expect("a slot of half an hour", 400, "BIZ_FULFILLMENT_UNAVAILABLE",
                    stranger.changed(lambda _context, found: energy.series(found)["intervalPeriod"].update(
                        duration="PT30M")))


def parties(_tally, stranger):
    own = stranger.seller.meter
    stranger.expect("the seller's own meter", 400, "POL_ELIGIBILITY_NOT_MET", stranger.good(meter=own))
    stranger.expect("the seller's meter in another spelling", 400, "POL_ELIGIBILITY_NOT_MET",
                    stranger.good(meter="der://meter/%s" % own.lower()))
    stranger.expect("no test meter", 400, "POL_ELIGIBILITY_NOT_MET", stranger.good(meter="REAL_METER_1"))
    stranger.expect("the same DISCOM", 400, "POL_ELIGIBILITY_NOT_MET", stranger.good(code=NORTH))
    stranger.expect("an offer that is none", 400, "BIZ_OFFER_NOT_FOUND", stranger.changed(
        lambda _context, found: found["commitments"][0]["offer"].update(id="00000000-0000-4000-8000-000000000000")))
    stranger.expect("an offer with a strange name", 400, "BIZ_OFFER_NOT_FOUND",
                    stranger.changed(lambda _context, found: found["commitments"][0]["offer"].update(
                        id="'; DROP TABLE offers; --")))

    def foreign_ledger(_context, found):
        for each in found["participants"]:
            if each["id"] == NORTH:
                each["participantAttributes"].update(ledgerId="evil.ledger.example", ledgerUri="http://127.0.0.1:9")

    stranger.expect("another ledger for the seller's DISCOM", 403, "POL_ENGAGEMENT_REFUSED",
                    stranger.changed(foreign_ledger))


def transactions(tally, stranger):
    """Other people's contracts are nobody's business."""
    unknown = "BIZ_ORDER_NOT_FOUND"
    owner = buyers.Buyer(tally, stranger.demo, stranger.owner, stranger.seller, stranger.offer_id)
    owner.offer, owner.resource = stranger.guide.offer, stranger.guide.resource
    owner.init({0: Decimal("2")})
    owner.confirm()
    stranger.before = stranger.guide.stock()
    for action in ("confirm", "status", "cancel", "update"):
        value = stranger.good(action)
        value["message"]["contract"] = copy.deepcopy(owner.contract)
        stranger.expect("%s of an unknown transaction" % action, 400, unknown, value, path="/bpp/receiver/" + action)
        value["context"].update(transactionId=owner.transaction_id, messageId=beckn.new_id())
        stranger.expect("%s of somebody else's contract" % action, 400, unknown, value,
                        path="/bpp/receiver/" + action)
    tally.equal(stranger.seller.order(owner.transaction_id)["state"], "active", "the contract after all that")
    value = stranger.good("init")
    value["context"]["transactionId"] = owner.transaction_id
    stranger.expect("an init under somebody else's transaction", 400, unknown, value)


def ledgers(tally, stranger):
    """A ledger takes records from the platforms of a contract only."""
    contract = energy.on_confirm(energy.on_init(stranger.good()["message"]["contract"]), beckn.new_id())
    holders = {"buyerPlatform": "beta.wattmandi.example", "sellerPlatform": PLATFORM, "buyerDiscom": SOUTH,
               "sellerDiscom": NORTH}
    contract["contractAttributes"]["roles"] = energy.roles(holders)
    for each in contract["participants"]:
        if each["id"] == stranger.bap.id:
            each["id"] = "beta.wattmandi.example"
    answer = stranger.bap.tell_ledger("south.ledger.example", "on_confirm", beckn.new_id(), contract)
    tally.check(answer.status in (400, 401, 403) and not beckn.is_ack(answer.status, answer.body),
                "a ledger takes no record of somebody else's contract", found="%d %s" % (answer.status, answer.body))


def still_sells(tally, stranger):
    """After all that the same offer can be bought."""
    asked = buyers.Buyer(tally, stranger.demo, stranger.bap, stranger.seller, stranger.offer_id)
    asked.offer, asked.resource = stranger.guide.offer, stranger.guide.resource
    asked.init({0: Decimal("1")})


def slow_revocation(tally, demo):
    """A key that was in use, and is in every cache, is worth nothing 60 s after its revocation (ruling 13)."""
    bap = peer.Peer(demo, "late.foreign.example", "BAP", peer.seed("late"))
    try:
        bap.register()
        transaction_id = beckn.new_id()
        contract = energy.request(
            {"id": beckn.new_id(), "resourceIds": ["r"], "offerAttributes": energy.catalog(
                (PLATFORM, demo.alpha), "c", "o", "TEST_METER_ASHA", NORTH, demo.discoms, "2030-01-01T00:30:00Z",
                [("5", "5")], ("2029-12-31T00:00:00Z", "2029-12-31T20:30:00Z"))["offers"][0]["offerAttributes"]},
            {"id": "r", "descriptor": {"name": "A roof"}}, (bap.id, bap.url, SOUTH, demo.discoms), {0: 1}, buyers.METER)

        def code():
            answer = bap.ask((PLATFORM, demo.alpha), "init", transaction_id, {"contract": contract})
            return beckn.error_code(answer.body)

        # The signature is taken; what is refused is a policy that is not the platform's.
        tally.equal(code(), "POL_ENGAGEMENT_REFUSED", "the code while the key lives")
        tally.equal(bap.revoke(bap.key, bap.key).status, 200, "the answer to the revocation")
        begun = time.monotonic()
        until(lambda: code() == "AUT_KEY_EXPIRED_OR_REVOKED", "the revoked key is refused", 65, 2)
        tally.check(time.monotonic() - begun < 63, "that took no longer than a minute")
    finally:
        bap.stop()


def run_slow(tally, demo):
    tally.section("stranger: a key is revoked while it is in use", slow_revocation, tally, demo)


def run(tally, demo):
    bap = peer.Peer(demo, "stranger.foreign.example", "BAP", peer.seed("stranger"))
    owner = peer.Peer(demo, "owner.foreign.example", "BAP", peer.seed("owner"))
    try:
        tally.check(bap.register().status in (200, 201), "the registry takes our key")
        owner.register()
        seller = Client(demo.alpha, "asha")
        made = []

        def begin():
            start = slot_after(seller.market_now(), 13)
            offer_id = seller.list_offer([(utc(start), "6", "6.5")], "For strangers")
            stranger = Stranger(tally, demo, bap, seller, offer_id)
            stranger.owner = owner
            made.append(stranger)

        tally.section("stranger: finds an offer", begin)
        if not made:
            return
        for name, work in [("signatures", signatures), ("identities", identities), ("contexts", contexts),
                           ("shapes", shapes), ("sizes", sizes), ("numbers", numbers), ("slots", slots),
                           ("parties", parties), ("ledgers", ledgers), ("transactions", transactions),
                           ("the offer is still for sale", still_sells)]:
            tally.section("stranger: %s" % name, work, tally, made[0])
    finally:
        bap.stop()
        owner.stop()
