"""A platform in Python buys from the server: discover, select, init, confirm, record, ask, change, call off."""

import copy
import uuid
from decimal import Decimal

import beckn
import energy
import peer
from check import until
from demo import SOUTH, Client, slot_after, utc

PLATFORM = "alpha.wattmandi.example"
LEDGER = "south.ledger.example"
FILTER = '$.catalogs[*].offers[*] ? (@.offerAttributes."@type" == "EnergyTradeOffer")'
METER = "TEST_METER_FOREIGN_BAP"


class Buyer:
    """The steps of one purchase. Each asserts the signed answer, the callback, and what the seller's user sees."""

    def __init__(self, tally, demo, bap, seller, offer_id):
        self.tally = tally
        self.demo = demo
        self.bap = bap
        self.seller = seller
        self.offer_id = offer_id
        self.to = (PLATFORM, demo.alpha)
        self.transaction_id = beckn.new_id()
        self.contract = None

    def stock(self):
        """Reserved and sold, kWh, over all slots of the offer."""
        slots = self.seller.stock(self.offer_id).values()
        return tuple(sum(Decimal(slot[index]) for slot in slots) for index in (1, 2))

    def taken(self, answer, what):
        """The synchronous answer: 200, ACK for this message, signed and chained."""
        tally = self.tally
        tally.check(answer.status == 200 and beckn.is_ack(answer.status, answer.body), "%s is ACKed" % what,
                    found="%d %s" % (answer.status, answer.body[:400]))
        named = beckn.at(answer.json, "message", "messageId")
        tally.equal(named, answer.message_id, "the message that the ACK to %s names" % what)
        fault = self.bap.answer_signed(answer, self.to[0])
        tally.equal(fault, None, "the fault of the answer's signature (%s)" % what)

    def refused(self, answer, code, what, status=400):
        self.tally.equal((answer.status, beckn.error_code(answer.body)), (status, code), what)
        self.tally.equal(self.bap.answer_signed(answer, self.to[0]), None, "the fault of the refusal's signature")

    def called_back(self, action, answer, error=None):
        """The callback of that request: verified, correlated, and without an error unless one is expected."""
        message = self.bap.wait(action, self.transaction_id, answer.message_id)
        self.tally.equal(message.fault, None, "the fault of %s" % action)
        self.tally.equal(message.context.get("version"), "2.0.0", "version of %s" % action)
        self.tally.equal((message.context.get("bapId"), message.context.get("bppId")), (self.bap.id, self.to[0]),
                         "the two sides in %s" % action)
        self.tally.equal(beckn.at(message.error, "code"), error, "the error in %s" % action)
        return message

    def step(self, action, contract, **more):
        answer = self.bap.ask(self.to, action, self.transaction_id, {"contract": contract}, **more)
        self.taken(answer, action)
        return answer

    # The steps

    def discover(self):
        """Finds the offer in the catalog."""
        context = beckn.context("discover", self.transaction_id, None, (self.bap.id, self.bap.url + "/bap/receiver"),
                                ttl="PT30S")
        message = {"intent": {"filters": {"type": "jsonpath", "expression": FILTER}}}
        answer = self.bap.post(self.demo.catalog + "/discover", {"context": context, "message": message})
        self.tally.check(beckn.is_ack(answer.status, answer.body), "discover is ACKed", found=answer.body)
        self.tally.equal(self.bap.answer_signed(answer, "cds.wattmandi.example"), None,
                         "the fault of the catalog's answer")
        found = []

        def holds(message):
            for catalog in beckn.at(message.json, "message", "catalogs") or []:
                for offer in catalog.get("offers", []):
                    if offer["id"] == self.offer_id:
                        found.append((catalog, offer))
            return bool(found)

        page = self.bap.wait("on_discover", self.transaction_id, context["messageId"], holds)
        self.tally.equal(page.fault, None, "the fault of on_discover")
        catalog, self.offer = found[0]
        self.tally.equal(catalog["bppId"], PLATFORM, "bppId of the catalog")
        resource_id = self.offer["resourceIds"][0]
        self.resource = next(each for each in catalog["resources"] if each["id"] == resource_id)
        text = beckn.encode(self.offer).decode()
        self.tally.check("utilityCustomerId" not in text, "the catalog tells no customer number")

    def wish(self, asked, meter=METER, code=SOUTH):
        buyer = (self.bap.id, self.bap.url, code, self.demo.discoms)
        return energy.request(self.offer, self.resource, buyer, asked, meter)

    def select(self, asked):
        contract = self.wish(asked, meter=None)
        before = self.stock()
        message = self.called_back("on_select", self.step("select", contract, ttl="PT30S"))
        quote = beckn.at(message.contract, "consideration", 0, "considerationAttributes", "amount", "value")
        self.tally.equal(Decimal(str(quote)), energy.amount(contract), "the quote")
        self.tally.check(beckn.at(message.contract, "consideration", 0, "status") is not None,
                         "the consideration has a status, as both texts want it")
        self.tally.equal(beckn.at(message.contract, "status", "code"), "DRAFT", "status in on_select")
        for row in energy.series(message.contract)["intervals"]:
            self.tally.check(energy.cell(row, "AVAILABLE_QTY") is not None, "on_select tells what is available")
        self.tally.equal(self.stock(), before, "the stock after select")

    def init(self, asked):
        contract = self.wish(asked)
        reserved, sold = self.stock()
        message = self.called_back("on_init", self.step("init", contract, ttl="PT1H"))
        self.contract = message.contract
        columns = [each["payloadType"] for each in energy.series(self.contract)["payloadDescriptors"]]
        self.tally.check("AVAILABLE_QTY" not in columns, "on_init has no stock column", found=columns)
        self.tally.equal(energy.requested(self.contract), energy.requested(contract), "the quantities in on_init")
        term = beckn.at(self.contract, "settlements", 0, "settlementAttributes") or {}
        self.tally.equal((beckn.at(self.contract, "settlements", 0, "status"), term.get("settlementStatus"),
                          term.get("paymentTrigger")), ("DRAFT", "PENDING", "ON_FULFILLMENT"), "the terms")
        total = sum(asked.values(), Decimal(0))
        self.tally.equal(self.stock(), (reserved + total, sold), "reserved and sold after init")
        order = self.seller.order(self.transaction_id)
        self.tally.equal((order["state"], order["peer_id"]), ("reserved", self.bap.id), "the seller's order")

    def confirm(self):
        asked = energy.requested(self.contract)
        total = sum(asked.values(), Decimal(0))
        reserved, sold = self.stock()
        answer = self.step("confirm", self.contract, ttl="PT1H")
        message = self.called_back("on_confirm", answer)
        self.contract = message.contract
        self.tally.equal(energy.requested(self.contract), asked, "the quantities in on_confirm")
        self.tally.equal(str(uuid.UUID(self.contract["id"])), self.contract["id"], "the contract's id, a UUID,")
        found = (beckn.at(self.contract, "status", "code"),
                 beckn.at(self.contract, "commitments", 0, "status", "descriptor", "code"),
                 beckn.at(self.contract, "settlements", 0, "status"))
        self.tally.equal(found, ("ACTIVE", "ACTIVE", "COMMITTED"), "contract, commitment and settlement")
        self.tally.check(beckn.at(self.contract, "performance", 0, "status", "code") is not None,
                         "on_confirm shows the initial state of the performance")
        order = self.seller.order(self.transaction_id)
        self.tally.equal((order["state"], order["ledger"], order["contract_id"]),
                         ("active", "recorded", self.contract["id"]), "the seller's order when on_confirm is here")
        self.tally.equal(self.stock(), (reserved - total, sold + total), "reserved and sold after confirm")
        self.recorded("north.ledger.example", "seller's")
        return message

    def recorded(self, ledger_id, whose, status="ACTIVE"):
        """The ledger's own word, which the demo shows to everybody."""
        path = "/ledgers/%s/records?transaction_id=%s" % (ledger_id, self.transaction_id)
        records = beckn.send("GET", self.demo.discoms + path).json["records"]
        self.tally.equal([(each["contractId"], each["status"]) for each in records],
                         [(self.contract["id"], status)], "the record in the %s ledger" % whose)

    def record(self, action="on_confirm", status="ACTIVE"):
        """As a buyer's platform we tell our own DISCOM's ledger."""
        answer = self.bap.tell_ledger(LEDGER, action, self.transaction_id, self.contract)
        self.tally.check(beckn.is_ack(answer.status, answer.body), "our ledger takes %s" % action, found=answer.body)
        receipt = beckn.at(answer.json, "message", "ledger") or {}
        self.tally.check(receipt.get("success") is True and str(receipt.get("rowDigest", "")).startswith("sha256:"),
                         "the ledger gives a receipt", found=receipt)
        self.tally.equal(self.bap.answer_signed(answer, LEDGER), None, "the fault of the ledger's signature")
        self.recorded(LEDGER, "buyer's", status)

    def status(self, code="ACTIVE"):
        message = self.called_back("on_status", self.step("status", self.contract, ttl="PT30S"))
        self.tally.equal((beckn.at(message.contract, "id"), beckn.at(message.contract, "status", "code")),
                         (self.contract["id"], code), "the contract in on_status")

    def update(self, interval, less):
        """Takes less of one hour: preview, then commit with the digest of the preview's bytes."""
        wanted = copy.deepcopy(self.contract)
        for row in energy.series(wanted)["intervals"]:
            if row["id"] == interval:
                energy.set_cell(row, "REQUESTED_QTY", energy.number(less))
        before = self.stock()
        total = sum(energy.requested(wanted).values(), Decimal(0))
        saved = sum(energy.requested(self.contract).values(), Decimal(0)) - total
        wanted["commitments"][0]["resources"][0]["quantity"]["unitQuantity"] = energy.number(total)
        preview = self.called_back("on_update", self.step("update", wanted, **{"try": True}))
        self.tally.equal(energy.requested(preview.contract), energy.requested(wanted), "the preview's quantities")
        self.tally.equal(self.stock(), before, "the stock after a preview")
        digest = {"digest": beckn.LABEL + beckn.digest(preview.body)}
        message = self.called_back("on_update", self.step("update", wanted, requestDigest=digest))
        self.contract = message.contract
        until(lambda: self.stock() == (before[0], before[1] - saved), "the rest is for sale again")
        self.record("on_update")

    def cancel(self):
        """Preview, a commit that names another preview, the commit."""
        before = self.stock()
        total = sum(energy.requested(self.contract).values(), Decimal(0))
        preview = self.called_back("on_cancel", self.step("cancel", self.contract, **{"try": True}))
        self.tally.equal(beckn.at(preview.contract, "status", "code"), "CANCELLED", "what the preview announces")
        self.tally.equal(self.stock(), before, "the stock after a preview")
        self.tally.equal(self.seller.order(self.transaction_id)["state"], "active", "the order after a preview")
        wrong = {"digest": beckn.LABEL + beckn.digest(preview.body + b" ")}
        message = {"contract": self.contract}
        answer = self.bap.ask(self.to, "cancel", self.transaction_id, message, requestDigest=wrong)
        self.tally.equal(answer.status, 400, "the answer to a commit of something else")
        self.tally.equal(self.stock(), before, "the stock after a commit of something else")
        digest = {"digest": beckn.LABEL + beckn.digest(preview.body)}
        message = self.called_back("on_cancel", self.step("cancel", self.contract, requestDigest=digest))
        self.tally.equal(beckn.at(message.contract, "status", "code"), "CANCELLED", "what the commit says")
        self.tally.equal(beckn.at(message.contract, "id"), self.contract["id"], "whom it says it of")
        until(lambda: self.seller.order(self.transaction_id)["state"] == "cancelled", "the order is cancelled")
        order = self.seller.order(self.transaction_id)
        self.tally.equal((order["cancelled_by"], order["ledger"]), ("buyer", "withdrawn"), "who called it off")
        self.tally.equal(self.stock(), (before[0], before[1] - total), "the stock after the cancellation")
        self.contract = message.contract
        self.recorded("north.ledger.example", "seller's", "CANCELLED")
        self.record("on_cancel", "CANCELLED")
        again = self.bap.ask(self.to, "cancel", self.transaction_id, {"contract": self.contract})
        self.refused(again, "BIZ_ALREADY_CANCELLED", "the answer to a second cancellation")


def whole_trade(tally, demo, bap, seller):
    """Everything that a buyer's platform can ask, once."""
    start = slot_after(seller.market_now(), 8)
    offer_id = seller.list_offer([(utc(start), "6", "6.50"), (utc(slot_after(start, 1)), "5.5", "7.25")], "Two hours")
    buyer = Buyer(tally, demo, bap, seller, offer_id)
    buyer.discover()
    asked = {0: Decimal("2.51"), 1: Decimal("3")}
    buyer.select(asked)
    buyer.init(asked)
    buyer.confirm()
    buyer.record()
    buyer.status()
    track(buyer)
    buyer.update(1, Decimal("1.5"))
    buyer.status()
    rating(buyer, early=True)
    buyer.cancel()
    buyer.status("CANCELLED")
    rating(buyer, early=False)
    support(buyer)


def track(buyer):
    tracking = {"tracking": {"contract": buyer.contract, "status": "ACTIVE", "url": "https://foreign.example/track"}}
    answer = buyer.bap.ask(buyer.to, "track", buyer.transaction_id, tracking)
    buyer.taken(answer, "track")
    message = buyer.called_back("on_track", answer)
    found = beckn.at(message.json, "message", "tracking") or {}
    buyer.tally.check(found.get("status") in ("ACTIVE", "INACTIVE") and str(found.get("url", "")).startswith("http"),
                      "on_track has status and url", found=found)


def rating(buyer, early):
    """Only what is over can be rated."""
    message = {"ratingInputs": [{"target": {"id": buyer.contract["id"]},
                                 "range": {"value": 4, "bestRating": 5, "worstRating": 1}}]}
    answer = buyer.bap.ask(buyer.to, "rate", buyer.transaction_id, message)
    if early:
        return buyer.refused(answer, "BIZ_INVALID_STATE_TRANSITION", "the answer to an early rating")
    buyer.taken(answer, "rate")
    buyer.called_back("on_rate", answer)


def support(buyer):
    message = {"support": {"orderId": buyer.contract["id"]}}
    answer = buyer.bap.ask(buyer.to, "support", buyer.transaction_id, message)
    buyer.taken(answer, "support")
    found = buyer.called_back("on_support", answer)
    buyer.tally.check(beckn.at(found.json, "message", "support", "channels", 0, "@type") is not None,
                      "on_support names a channel")


def straight_to_init(tally, demo, bap, seller):
    """Wave 2 starts at `init`. Asked again with another quantity, the old reservation makes room for the new one."""
    start = slot_after(seller.market_now(), 11)
    offer_id = seller.list_offer([(utc(start), "4", "5")], "One hour")
    buyer = Buyer(tally, demo, bap, seller, offer_id)
    buyer.discover()
    buyer.init({0: Decimal("3")})
    answer = buyer.step("init", buyer.wish({0: Decimal("4")}))
    buyer.called_back("on_init", answer)
    tally.equal(buyer.stock(), (Decimal(4), Decimal(0)), "reserved and sold after the second init")
    other = Buyer(tally, demo, bap, seller, offer_id)
    other.offer, other.resource = buyer.offer, buyer.resource
    late = bap.ask(other.to, "init", other.transaction_id, {"contract": other.wish({0: Decimal("1")})})
    other.refused(late, "BIZ_QUANTITY_UNAVAILABLE", "the answer when everything is reserved")
    again = bap.post("%s/bpp/receiver/init" % demo.alpha, answer.sent_body)
    tally.equal((again.status, beckn.error_code(again.body)), (400, "CTX_MESSAGE_ID_DUPLICATE"),
                "the answer to the same bytes again")
    tally.equal(buyer.stock(), (Decimal(4), Decimal(0)), "the stock after a duplicate")
    buyer.contract = bap.wait("on_init", buyer.transaction_id, answer.message_id).contract
    changed = copy.deepcopy(buyer.contract)
    energy.set_cell(energy.series(changed)["intervals"][0], "REQUESTED_QTY", 3)
    refused = bap.ask(buyer.to, "confirm", buyer.transaction_id, {"contract": changed})
    buyer.refused(refused, "BIZ_UPDATE_INCONSISTENT", "the answer to a confirm of something else")
    confirmed = buyer.confirm()
    buyer.record()
    twice = bap.ask(buyer.to, "confirm", buyer.transaction_id, {"contract": buyer.contract})
    buyer.refused(twice, "BIZ_ALREADY_CONFIRMED", "the answer to a second confirm")
    tally.check(confirmed.contract["id"] == buyer.contract["id"], "one contract came of it")
    cancel_of_the_seller(buyer)


def cancel_of_the_seller(buyer):
    """The seller's user calls it off: an unsolicited on_cancel, with a fresh id and three lines."""
    order = buyer.seller.order(buyer.transaction_id)
    answer = buyer.seller.ask("POST", "/seller/orders/%s/cancel" % buyer.transaction_id,
                              {"reason": "the panel is being cleaned"})
    buyer.tally.check(answer.status in (200, 202), "the seller's user may call it off", found=answer.body)
    message = buyer.bap.wait("on_cancel", buyer.transaction_id)
    buyer.tally.equal((message.fault, message.chained), (None, False), "fault and chain of an unsolicited callback")
    known = {message_id for message_id, _ in buyer.bap.sent}
    buyer.tally.check(message.context["messageId"] not in known, "its messageId is fresh")
    buyer.tally.equal(beckn.at(message.contract, "status", "code"), "CANCELLED", "the contract in it")
    buyer.contract = message.contract
    until(lambda: buyer.seller.order(buyer.transaction_id)["state"] == "cancelled", "the seller's order is cancelled")
    buyer.tally.equal(buyer.seller.order(buyer.transaction_id)["cancelled_by"], "seller", "who called it off")
    buyer.tally.check(order["state"] == "active", "it stood before")
    buyer.record("on_cancel", "CANCELLED")


def behave(demo, setting):
    """Tells the seller's ledger how to behave, which the demo allows on this machine."""
    url = demo.discoms + "/admin/ledgers/north.ledger.example/behavior"
    return beckn.send("PUT", url, beckn.encode({"behavior": setting}), {"Content-Type": "application/json"})


def troubled_ledgers(tally, demo, bap, seller):
    """What the buyer's platform is told when the seller's ledger refuses, and when its ACK is lost."""
    start = slot_after(seller.market_now(), 16)
    offer_id = seller.list_offer([(utc(start), "5", "5")], "For troubled ledgers")
    refused = Buyer(tally, demo, bap, seller, offer_id)
    refused.discover()
    refused.init({0: Decimal("2")})
    tally.equal(behave(demo, "refuse:POL_ENGAGEMENT_REFUSED").status, 200, "the answer to a setting of the ledger")
    answer = refused.step("confirm", refused.contract)
    message = refused.called_back("on_confirm", answer, "BIZ_FULFILLMENT_UNAVAILABLE")
    tally.check(beckn.at(message.contract, "status", "code") != "ACTIVE", "nothing is confirmed",
                found=beckn.at(message.contract, "status"))
    behave(demo, "normal")
    until(lambda: refused.stock() == (Decimal(0), Decimal(0)), "the stock is back")
    tally.equal(seller.order(refused.transaction_id)["state"], "rejected", "the seller's order")
    lost = Buyer(tally, demo, bap, seller, offer_id)
    lost.offer, lost.resource = refused.offer, refused.resource
    lost.init({0: Decimal("3")})
    tally.equal(behave(demo, "lose-ack:1").status, 200, "the answer to a setting of the ledger")
    lost.confirm()
    lost.record()
    tally.equal(bap.count("on_confirm", lost.transaction_id), 1, "the number of on_confirm messages")
    behave(demo, "normal")


def after_the_gate(tally, demo, bap, seller):
    """On a fast clock: what may be done before the gate, may not after it."""
    start = slot_after(seller.market_now(), 7)
    offer_id = seller.list_offer([(utc(start), "5", "5")], "A late hour")
    buyer = Buyer(tally, demo, bap, seller, offer_id)
    buyer.discover()
    buyer.init({0: Decimal("2")})
    buyer.confirm()
    until(lambda: (start - seller.market_now()).total_seconds() <= 4 * 3600, "the gate closes", 60, 0.2)
    before = buyer.stock()
    late = Buyer(tally, demo, bap, seller, offer_id)
    late.offer, late.resource = buyer.offer, buyer.resource
    answer = bap.ask(late.to, "init", late.transaction_id, {"contract": late.wish({0: Decimal("1")})})
    late.refused(answer, "BIZ_FULFILLMENT_UNAVAILABLE", "the answer to init after the gate")
    answer = bap.ask(late.to, "select", late.transaction_id, {"contract": late.wish({0: Decimal("1")}, meter=None)})
    late.refused(answer, "BIZ_FULFILLMENT_UNAVAILABLE", "the answer to select after the gate")
    answer = bap.ask(buyer.to, "cancel", buyer.transaction_id, {"contract": buyer.contract})
    buyer.refused(answer, "POL_CANCELLATION_NOT_ALLOWED", "the answer to cancel after the gate")
    answer = bap.ask(buyer.to, "update", buyer.transaction_id, {"contract": buyer.contract})
    buyer.refused(answer, "POL_UPDATE_NOT_ALLOWED", "the answer to update after the gate")
    tally.equal(buyer.stock(), before, "the stock after that")


def run(tally, demo):
    bap = peer.Peer(demo, "bap.foreign.example", "BAP", peer.seed("bap"))
    try:
        answer = bap.register()
        tally.check(answer.status in (200, 201), "the registry takes our key", found=answer.body)
        seller = Client(demo.alpha, "asha")
        tally.section("buyer: the whole trade", whole_trade, tally, demo, bap, seller)
        tally.section("buyer: straight to init, called off by the seller", straight_to_init, tally, demo, bap, seller)
        tally.section("buyer: the seller's ledger is troubled", troubled_ledgers, tally, demo, bap, seller)
    finally:
        bap.stop()


def run_fast(tally, demo):
    bap = peer.Peer(demo, "bap.foreign.example", "BAP", peer.seed("bap"))
    try:
        bap.register()
        tally.section("buyer: after the gate", after_the_gate, tally, demo, bap, Client(demo.alpha, "asha"))
    finally:
        bap.stop()
