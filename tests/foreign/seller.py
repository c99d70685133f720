"""A platform in Python sells to the server's users, and answers in every way that a peer may."""

import copy
import threading
import uuid
from decimal import Decimal

import beckn
import energy
import peer
from check import until
from demo import NORTH, SOUTH, Client, slot_after, utc

PLATFORM = "alpha.wattmandi.example"
LEDGER = "north.ledger.example"
METER = "TEST_METER_FOREIGN_BPP"
PRICE, STOCK = "6.25", "90"


class Seller:
    """Answers requests by the manner that a trade was given.

    `ack`: the shape of the synchronous answer; `chained`: four lines or three; `early`: the callback leaves before the
    ACK does; `twice`: every callback is sent twice; `refuse`, `fail`: where the trade goes wrong; `lies`: what is done
    to the contract of a callback, by action, before it leaves.
    """

    ACKS = ("current", "sandbox", "tag", "rc1", "empty")

    def __init__(self, tally, demo, bpp):
        self.tally = tally
        self.demo = demo
        self.bpp = bpp
        self.to = (PLATFORM, demo.alpha)
        self.manner = {}
        self.contracts = {}
        self.previews = {}
        self.replies = []
        bpp.answer = self.answer

    def answer(self, _peer, message):
        manner = self.manner
        self.request_is_sound(message)
        if message.action == manner.get("refuse"):
            error = {"code": "BIZ_QUANTITY_UNAVAILABLE", "message": "sold to somebody else"}
            refusal = {"status": "NACK", "messageId": message.context["messageId"], "error": error}
            return self.bpp.reply(message, 400, {"message": refusal})
        if manner.get("early"):
            self.work(message, manner)
        else:
            threading.Thread(target=self.work, args=(message, manner), daemon=True).start()
        return self.ack(message, manner.get("ack", "current"))

    def ack(self, message, shape):
        context = message.context
        if shape == "empty":
            return self.bpp.reply(message, 200, b"", signed=False)
        body = {
            "current": {"message": {"status": "ACK", "messageId": context["messageId"]}},
            "sandbox": {"message": {"ack": {"status": "ACK"}}},
            "tag": {"status": "ACK", "signature": message.authorization},
            "rc1": {"transaction_id": context["transactionId"], "timestamp": beckn.now_text(), "ack_status": "ACK"},
        }[shape]
        return self.bpp.reply(message, 200, body, prefix=shape != "sandbox", signed=shape != "rc1")

    def request_is_sound(self, message):
        """What the server sends has to be what the protocol wants of a request."""
        tally, context, action = self.tally, message.context, message.action
        tally.equal((context.get("version"), context.get("networkId")), ("2.0.0", beckn.NETWORK),
                    "version and network of %s" % action)
        tally.equal((context.get("bapId"), context.get("bapUri"), context.get("bppId"), context.get("bppUri")),
                    (PLATFORM, self.to[1] + "/bap/receiver", self.bpp.id, self.bpp.url + "/bpp/receiver"),
                    "the two sides in %s" % action)
        for name in ("transactionId", "messageId"):
            tally.check(_is_uuid(context.get(name)), "%s of %s is a UUID" % (name, action), found=context.get(name))
        contract = message.contract or {}
        text = beckn.encode(message.json).decode()
        if action == "select":
            tally.check("TEST_METER_BILAL" not in text, "select names no buyer's meter (nothing personal yet)")
        if action in ("init", "confirm", "cancel"):
            tally.check("ttl" in context, "%s has a ttl" % action)
        if action == "init":
            holders = {role["role"]: role["participantId"] for role in contract["contractAttributes"]["roles"]}
            tally.equal((holders.get("buyerPlatform"), holders.get("sellerPlatform"), holders.get("buyerDiscom"),
                         holders.get("sellerDiscom")),
                        (PLATFORM, self.bpp.id, SOUTH, NORTH), "the four roles in init")
        for commitment in contract.get("commitments", []):
            tally.check("offerAttributes" not in commitment["offer"], "%s carries no offerAttributes" % action)
        tally.check(not any("status" not in each for each in contract.get("consideration", [])),
                    "%s: each consideration has a status" % action)

    # Callbacks

    def work(self, message, manner):
        try:
            getattr(self, "on_" + message.action)(message, manner)
        except Exception as error:  # noqa: BLE001 - a thread's failure must not vanish
            self.tally.check(False, "answering %s stopped: %r" % (message.action, error))

    def call_back(self, message, contract, manner, **more):
        """The callback, and what the server says to it."""
        action, transaction_id = "on_" + message.action, message.context["transactionId"]
        if action in manner.get("lies", {}):
            return self.lie(message, action, copy.deepcopy(contract), manner["lies"][action])
        arguments = (self.to, action, transaction_id, {"contract": contract}, message, manner.get("chained", False))
        answer = self.bpp.call_back(*arguments, **more)
        self.replies.append((action, answer))
        self.tally.check(answer.status == 200 and beckn.is_ack(answer.status, answer.body), "%s is taken" % action,
                         found="%d %s" % (answer.status, answer.body[:400]))
        self.tally.equal(self.bpp.answer_signed(answer, PLATFORM), None, "the fault of the answer to %s" % action)
        if manner.get("twice"):
            again = self.bpp.post("%s/bap/receiver/%s" % (self.to[1], action), answer.sent_body)
            self.tally.equal((again.status, beckn.is_ack(again.status, again.body)), (200, True),
                             "the same %s again is ACKed again" % action)
        return answer

    def lie(self, message, action, contract, change):
        """A callback with a lie in it: refused at once, or taken and dealt with."""
        change(contract)
        answer = self.bpp.call_back(self.to, action, message.context["transactionId"], {"contract": contract}, message)
        self.tally.check(answer.status in (200, 400, 403), "an %s with a lie is answered" % action,
                         found="%d %s" % (answer.status, answer.body[:300]))
        return answer

    def on_select(self, message, manner):
        self.call_back(message, energy.on_select(message.contract), manner)

    def on_init(self, message, manner):
        contract = energy.on_init(message.contract)
        if manner.get("forged_chain"):
            self.forged_chain(message, contract)
        self.contracts[message.context["transactionId"]] = contract
        self.call_back(message, contract, manner)

    def forged_chain(self, message, contract):
        """Four lines that are chained to something else than the request that is answered."""
        context = self.bpp.context("on_init", message.context["transactionId"], self.to, message.context["messageId"])
        value = {"context": context, "message": {"contract": contract}}
        other = beckn.signature_text(self.bpp.key.sign(b"another request"))
        answer = self.bpp.post("%s/bap/receiver/on_init" % self.to[1], value, other)
        self.tally.equal((answer.status, beckn.error_code(answer.body)), (401, "AUT_SIGNATURE_INVALID"),
                         "the answer to a callback that is chained to another request")

    def on_confirm(self, message, manner):
        transaction_id = message.context["transactionId"]
        self.tally.equal(energy.requested(message.contract), energy.requested(self.contracts[transaction_id]),
                         "the quantities in confirm")
        if manner.get("fail"):
            error = {"code": "BIZ_FULFILLMENT_UNAVAILABLE", "message": "our ledger refuses"}
            self.call_back(message, message.contract, manner, error=error)
            return
        contract = energy.on_confirm(message.contract, str(uuid.uuid4()))
        told = self.bpp.tell_ledger(LEDGER, "on_confirm", transaction_id, contract)
        self.tally.check(told.status == 200 and beckn.is_ack(told.status, told.body), "our ledger takes on_confirm",
                         found=told.body)
        self.contracts[transaction_id] = contract
        self.call_back(message, contract, manner)

    def on_cancel(self, message, manner):
        transaction_id = message.context["transactionId"]
        contract = energy.on_cancel(self.contracts[transaction_id])
        if message.context.get("try") is True:
            answer = self.call_back(message, contract, manner, **{"try": True})
            self.previews[transaction_id] = beckn.LABEL + beckn.digest(answer.sent_body)
            return
        self.tally.equal(beckn.at(message.context, "requestDigest", "digest"), self.previews.get(transaction_id),
                         "the digest in the commit is that of our preview's bytes; it")
        self.call_back(message, contract, manner)
        told = self.bpp.tell_ledger(LEDGER, "on_cancel", transaction_id, contract)
        self.tally.check(beckn.is_ack(told.status, told.body), "our ledger takes on_cancel", found=told.body)

    def on_status(self, message, manner):
        self.call_back(message, self.contracts[message.context["transactionId"]], manner)


def _is_uuid(text):
    try:
        return str(uuid.UUID(text)) == text
    except (ValueError, TypeError, AttributeError):
        return False


def publish(tally, demo, bpp, start):
    """Our offer in the catalog. Gives its id."""
    offer_id = "foreign-offer-%s" % beckn.new_id()
    # By the market's clock, like the slot: the demo's may be far from ours.
    opens, closes = utc(slot_after(start, -24)), utc(slot_after(start, -4))
    catalog = energy.catalog((bpp.id, bpp.url), "foreign-catalog", offer_id, METER, NORTH, demo.discoms, utc(start),
                             [(PRICE, STOCK)], (opens, closes))
    message = {"publishDirectives": [{"catalogId": "foreign-catalog", "catalogType": "REGULAR", "updateMode": "MERGE",
                                      "visibleTo": [beckn.NETWORK]}], "catalogs": [catalog]}
    context = bpp.context("catalog/publish", beckn.new_id(), schemaContext=energy.schemas_of(message))
    answer = bpp.post(demo.catalog + "/catalog/publish", {"context": context, "message": message})
    tally.check(beckn.is_ack(answer.status, answer.body), "catalog/publish is ACKed", found=answer.body)
    verdict = bpp.wait("catalog/on_publish", None, context["messageId"])
    results = beckn.at(verdict.json, "message", "results")
    tally.check((verdict.fault, beckn.at(results, 0, "status")) == (None, "ACCEPTED"), "the catalog accepts it",
                found=(verdict.fault, results))
    return offer_id


class Trade:
    """One user of the server buys from us through the client API."""

    def __init__(self, tally, seller, client, offer_id, start):
        self.tally = tally
        self.seller = seller
        self.client = client
        self.offer_id = offer_id
        self.start = utc(start)
        self.transaction_id = None

    def api(self, action, body, wait=15):
        answer = self.client.ask("POST", "/api/" + action, body, wait=wait)
        self.tally.check(answer.status == 200, "%s has its outcome within the wait" % action,
                         found="%d %s" % (answer.status, answer.body[:500]))
        return answer.json or {}

    def find(self):
        found = self.api("discover", {})
        self.transaction_id = found["transaction_id"]
        offers = self.client.get("/api/transactions/%s/offers?limit=100" % self.transaction_id)["items"]
        ours = [offer for offer in offers if offer["offer_id"] == self.offer_id]
        self.tally.equal(len(ours), 1, "the number of our offers that the user finds")
        self.tally.equal((ours[0]["bpp_id"], ours[0]["discom"], ours[0]["obstacle"]),
                         (self.seller.bpp.id, NORTH, None), "our offer at the user's client")
        self.tally.check(ours[0]["seller_meter"].endswith("_BPP") and "TEST_METER" not in ours[0]["seller_meter"],
                         "our meter is masked", found=ours[0]["seller_meter"])

    def select(self, quantity="1.25"):
        return self.api("select", {
            "transaction_id": self.transaction_id, "bpp_id": self.seller.bpp.id, "offer_id": self.offer_id,
            "slots": [{"start": self.start, "quantity_kwh": quantity}]})

    def init(self):
        return self.api("init", {"transaction_id": self.transaction_id, "meter_id": self.client.meter})

    def confirm(self):
        return self.api("confirm", {"transaction_id": self.transaction_id})

    def now(self):
        return self.client.transaction(self.transaction_id, "buyer")

    def stands(self):
        """From search to a contract that both ledgers have."""
        self.find()
        self.tally.equal(self.select()["state"], "quoted", "state after select")
        self.tally.equal(self.init()["state"], "offered", "state after init")
        document = self.confirm()
        contract = self.seller.contracts[self.transaction_id]
        self.tally.equal((document.get("state"), document.get("ledger"), document.get("contract_id")),
                         ("standing", "recorded", contract["id"]), "the contract at the user's client")
        self.tally.equal((document["totals"]["quantity_kwh"], Decimal(document["totals"]["amount_inr"])),
                         ("1.25", energy.amount(contract)), "the totals")
        path = "/ledgers/south.ledger.example/records?transaction_id=%s" % self.transaction_id
        records = beckn.send("GET", self.seller.demo.discoms + path).json["records"]
        self.tally.equal([(each["contractId"], each["declaredBy"]) for each in records],
                         [(contract["id"], PLATFORM)], "the record that the buyer's platform made")


MANNERS = [
    ("three lines, ACK of the current text", {"ack": "current"}),
    ("four lines, ACK of a sandbox", {"ack": "sandbox", "chained": True}),
    ("three lines, ACK of the tag", {"ack": "tag"}),
    ("four lines, ACK of rc1, unsigned", {"ack": "rc1", "chained": True}),
    ("three lines, an empty 200", {"ack": "empty"}),
    ("four lines, the callback before the ACK", {"chained": True, "early": True}),
    ("each callback twice, a forged chain first", {"chained": True, "twice": True, "forged_chain": True}),
]


def one_trade(seller, trade, manner):
    seller.manner = manner
    trade.stands()


def cancelled_by_us(tally, seller, trade, bpp):
    """An unsolicited on_cancel: fresh messageId, three lines; from anybody else it is refused."""
    seller.manner = {}
    trade.stands()
    transaction_id = trade.transaction_id
    contract = energy.on_cancel(seller.contracts[transaction_id])
    other = peer.Peer(seller.demo, "stranger-bpp.foreign.example", "BPP", peer.seed("stranger-bpp"))
    try:
        other.register()
        answer = other.call_back(seller.to, "on_cancel", transaction_id, {"contract": contract})
        tally.equal((answer.status, beckn.error_code(answer.body)), (400, "CTX_TRANSACTION_ID_UNKNOWN"),
                    "the answer to a stranger's on_cancel")
    finally:
        other.stop()
    tally.equal(trade.now()["state"], "standing", "the contract after a stranger's on_cancel")
    answer = bpp.call_back(seller.to, "on_cancel", transaction_id, {"contract": contract})
    tally.check(beckn.is_ack(answer.status, answer.body), "our on_cancel is taken", found=answer.body)
    until(lambda: trade.now()["state"] == "cancelled", "the buyer's contract is cancelled")
    tally.equal((trade.now()["cancelled_by"], trade.now()["ledger"]), ("seller", "withdrawn"), "who called it off")
    told = bpp.tell_ledger(LEDGER, "on_cancel", transaction_id, contract)
    tally.check(beckn.is_ack(told.status, told.body), "our ledger takes on_cancel", found=told.body)


def cancelled_by_user(tally, seller, trade):
    seller.manner = {"chained": True}
    trade.stands()
    status = trade.api("status", {"transaction_id": trade.transaction_id})
    tally.equal(status.get("state"), "standing", "state after status")
    document = trade.api("cancel", {"transaction_id": trade.transaction_id, "reason": "plans changed"})
    tally.equal((document.get("state"), document.get("cancelled_by")), ("cancelled", "buyer"),
                "the contract after the user called it off")
    asked = [message for message in seller.bpp.messages if message.action == "cancel"
             and message.context["transactionId"] == trade.transaction_id]
    tally.equal([bool(message.context.get("try")) for message in asked], [True, False],
                "the previews and commits that came")


def goes_wrong(tally, seller, trade, manner, step, code, state="rejected"):
    """The trade fails at `step`, and the user is told why."""
    seller.manner = manner
    trade.find()
    document = trade.select()
    if step != "select":
        document = trade.init()
    if step == "confirm":
        document = trade.confirm()
    failure = document.get("failure") or {}
    tally.equal(document.get("state"), state, "state after %s" % step)
    tally.check(failure.get("code") == code if code else bool(failure.get("code")), "the reason is told", found=failure)


def row(contract):
    return energy.series(contract)["intervals"][0]


def of(contract, participant):
    return next(each["participantAttributes"] for each in contract["participants"] if each["id"] == participant)


def final(contract):
    energy.series(contract)["payloadDescriptors"].append(energy.descriptor("FINAL_ALLOC"))
    energy.set_cell(row(contract), "FINAL_ALLOC", 0)


LIES = [
    ("on_init", "a higher price", lambda c: energy.set_cell(row(c), "PRICE_PER_KWH", 9)),
    ("on_init", "more energy", lambda c: energy.set_cell(row(c), "REQUESTED_QTY", 2)),
    ("on_init", "a price in dollars", lambda c: energy.series(c)["payloadDescriptors"][0].update(currency="USD")),
    ("on_init", "another hour", lambda c: energy.series(c)["intervalPeriod"].update(start="2030-01-01T00:30:00Z")),
    ("on_init", "another meter of the buyer", lambda c: of(c, PLATFORM).update(meterId="TEST_METER_MALLORY")),
    ("on_init", "another offer", lambda c: c["commitments"][0]["offer"].update(id="another-offer")),
    ("on_init", "an allocation", final),
    ("on_init", "another ledger of the buyer", lambda c: of(c, SOUTH).update(ledgerId="evil.ledger.example")),
    ("on_confirm", "a higher price", lambda c: energy.set_cell(row(c), "PRICE_PER_KWH", 9)),
    ("on_confirm", "more energy", lambda c: energy.set_cell(row(c), "REQUESTED_QTY", 2)),
    ("on_confirm", "another meter of the buyer", lambda c: of(c, PLATFORM).update(meterId="TEST_METER_MALLORY")),
    ("on_confirm", "another ledger of the buyer", lambda c: of(c, SOUTH).update(ledgerId="evil.ledger.example")),
    ("on_confirm", "an allocation", final),
    ("on_confirm", "no id", lambda c: c.pop("id")),
    ("on_confirm", "a status that is not ACTIVE", lambda c: c.update(status={"code": "DRAFT"})),
    ("on_confirm", "a higher amount", lambda c: c["settlements"][0]["settlementAttributes"].update(
        amount={"currency": "INR", "value": 9999})),
]


def lied_to(tally, seller, trade, action, lie):
    """Whatever a seller's platform writes: what stands, and what our ledger has, is what the user agreed to."""
    seller.manner = {"lies": {action: lie}}
    trade.find()
    trade.select()
    document = trade.init()
    if document.get("state") == "offered":
        answer = trade.client.ask("POST", "/api/confirm", {"transaction_id": trade.transaction_id}, wait=3)
        document = answer.json if answer.status == 200 else trade.now()
    slots = [(slot["start"][:19] + "Z", Decimal(slot["quantity_kwh"]), Decimal(slot["price_inr"]))
             for slot in document["slots"]]
    tally.equal(slots, [(trade.start, Decimal("1.25"), Decimal(PRICE))], "the hours of the user's contract")
    told = document["state"] == "standing" or document.get("failure")
    tally.check(told, "the contract stands, or the user is told why not", found=document)
    path = "/ledgers/south.ledger.example/records?transaction_id=%s" % trade.transaction_id
    records = beckn.send("GET", seller.demo.discoms + path).json["records"]
    live = [each for each in records if each["status"] == "ACTIVE"]
    tally.equal(len(live), 1 if document["state"] == "standing" else 0, "the number of live records in the ledger")
    for each in live:
        lines = [(Decimal(line["price"]), Decimal(line["requested"])) for line in each["intervals"]]
        tally.equal((each["buyer"]["meterId"], each["seller"]["meterId"], lines),
                    ("TEST_METER_BILAL", METER, [(Decimal(PRICE), Decimal("1.25"))]), "the record in the ledger")
    if document["state"] == "standing":
        standing_document(tally, seller, trade, action)


def standing_document(tally, seller, trade, action):
    """The buyer's platform, asked by the seller's (ruling 14: by role, not by path), tells what it holds."""
    contract = seller.contracts[trade.transaction_id]
    answer = seller.bpp.ask(seller.to, "status", trade.transaction_id, {"contract": contract})
    tally.equal(answer.status, 200, "the answer to a seller's status")
    message = seller.bpp.wait("on_status", trade.transaction_id, answer.message_id)
    tally.equal(message.fault, None, "the fault of the buyer's on_status")
    held = message.contract
    units = {each["payloadType"]: each.get("currency") or each.get("units")
             for each in energy.series(held)["payloadDescriptors"]}
    tally.equal((units["PRICE_PER_KWH"], units["REQUESTED_QTY"]), ("INR", "KWH"),
                "the currency and the unit that the buyer holds after %s" % action)
    tally.check(energy.cell(row(held), "FINAL_ALLOC") is None, "the buyer holds no allocation before delivery")
    terms = beckn.at(held, "settlements", 0, "settlementAttributes") or {}
    tally.check(beckn.at(terms, "amount", "value") != 9999, "the buyer holds the agreed amount", found=terms)
    text = beckn.encode(held).decode()
    tally.check("MALLORY" not in text and "evil" not in text, "the buyer holds no other meter or ledger", found=text)


def inside_one_platform(tally, demo):
    """Buyer and seller are customers of one platform; every answer finds the right side of the contract."""
    seller, buyer = Client(demo.alpha, "asha"), Client(demo.alpha, "bilal")
    start = utc(slot_after(seller.market_now(), 18))
    offer_id = seller.list_offer([(start, "5", "5")], "For the neighbor")
    found = buyer.ask("POST", "/api/discover", {}, wait=10).json
    transaction = {"transaction_id": found["transaction_id"]}
    slots = [{"start": start, "quantity_kwh": "2"}]
    steps = [
        ("select", dict(transaction, bpp_id=PLATFORM, offer_id=offer_id, slots=slots), "quoted"),
        ("init", dict(transaction, meter_id=buyer.meter), "offered"),
        ("confirm", transaction, "standing"),
        ("status", transaction, "standing"),
        ("cancel", transaction, "cancelled"),
    ]
    for action, body, state in steps:
        answer = buyer.ask("POST", "/api/" + action, body, wait=5)
        tally.equal((answer.status, beckn.at(answer.json, "state")), (200, state), "the outcome of %s" % action)
    tally.equal(seller.order(transaction["transaction_id"])["state"], "cancelled", "the seller's side")


def on_confirm_for_nothing(tally, seller, bpp):
    """A contract out of the blue."""
    contract = copy.deepcopy(next(iter(seller.contracts.values())))
    contract["id"] = str(uuid.uuid4())
    answer = bpp.call_back(seller.to, "on_confirm", beckn.new_id(), {"contract": contract})
    tally.equal((answer.status, beckn.error_code(answer.body)), (400, "CTX_TRANSACTION_ID_UNKNOWN"),
                "the answer to an on_confirm of an unknown transaction")


def run(tally, demo):
    bpp = peer.Peer(demo, "bpp.foreign.example", "BPP", peer.seed("bpp"))
    try:
        answer = bpp.register()
        tally.check(answer.status in (200, 201), "the registry takes our key", found=answer.body)
        client = Client(demo.alpha, "bilal")
        seller = Seller(tally, demo, bpp)
        start = slot_after(client.market_now(), 9)
        offers = []
        tally.section("seller: publish", lambda: offers.append(publish(tally, demo, bpp, start)))
        if not offers:
            return

        def trade():
            return Trade(tally, seller, client, offers[0], start)

        for name, manner in MANNERS:
            tally.section("seller: %s" % name, one_trade, seller, trade(), manner)
        tally.section("seller: calls a contract off", cancelled_by_us, tally, seller, trade(), bpp)
        tally.section("seller: the user calls it off", cancelled_by_user, tally, seller, trade())
        tally.section("seller: refuses select", goes_wrong, tally, seller, trade(), {"refuse": "select"}, "select",
                      "BIZ_QUANTITY_UNAVAILABLE")
        tally.section("seller: refuses init", goes_wrong, tally, seller, trade(), {"refuse": "init"}, "init",
                      "BIZ_QUANTITY_UNAVAILABLE")
        tally.section("seller: fails to record", goes_wrong, tally, seller, trade(), {"fail": True}, "confirm",
                      "BIZ_FULFILLMENT_UNAVAILABLE")
        tally.section("seller: confirms what nobody asked for", on_confirm_for_nothing, tally, seller, bpp)
        for action, name, lie in LIES:
            tally.section("seller: writes %s into %s" % (name, action), lied_to, tally, seller, trade(), action, lie)
        tally.section("seller: both sides on one platform", inside_one_platform, tally, demo)
        faults = [message.fault for message in bpp.messages if message.fault]
        tally.equal(faults, [], "the faults of all messages that came")
    finally:
        bpp.stop()
