"""A buyer's platform that writes what is not its own into a contract.

Such a message is either refused, or answered with a contract in which the lie is not: what the seller's platform
confirms, and its ledger records, is never what only the buyer has said.
"""

import copy
from decimal import Decimal

import beckn
import buyer as buyers
import energy
import peer
from check import until
from demo import NORTH, SOUTH, Client, slot_after, utc

SELLER_METER = "TEST_METER_ASHA"
ID = "11111111-1111-4111-8111-111111111111"
OTHER = "TEST_METER_MALLORY"


def row(contract):
    return energy.series(contract)["intervals"][0]


def declare(contract, column, value):
    energy.series(contract)["payloadDescriptors"].append(energy.descriptor(column))
    energy.set_cell(row(contract), column, value)


def described(column, **change):
    def edit(contract):
        for each in energy.series(contract)["payloadDescriptors"]:
            if each["payloadType"] == column:
                each.update(change)
    return edit


def attributes_of(contract, participant):
    return next(each["participantAttributes"] for each in contract["participants"] if each["id"] == participant)


def term(contract, index=0):
    return beckn.at(contract, "settlements", index, "settlementAttributes") or {}


FLOWS = [{"id": "auto-settlement-flows", "status": {"code": "COMPLETE"}, "considerationAttributes": {
    "@context": "https://schema.nfh.global/RevenueFlow/v2.0/context.jsonld", "@type": "RevenueFlow",
    "revenueFlows": [{"role": "buyerPlatform", "value": 0, "currency": "INR"}]}}]
PAID = {"id": "settlement-9", "status": "COMPLETE", "settlementAttributes": energy.typed(
    "SettlementTerm", payTo={"vpa": "mallory@upi"}, paymentTrigger="ON_FULFILLMENT", settlementStatus="COMPLETE")}


def no_cell(column):
    return lambda found: energy.cell(row(found), column) is None


def currency_is_rupees(found):
    described_by = {each["payloadType"]: each for each in energy.series(found)["payloadDescriptors"]}
    return described_by["PRICE_PER_KWH"].get("currency") == "INR"


def unit_is_kwh(found):
    described_by = {each["payloadType"]: each for each in energy.series(found)["payloadDescriptors"]}
    return described_by["REQUESTED_QTY"].get("units") == "KWH"


def paid_to_the_seller(found):
    return [beckn.at(each, "settlementAttributes", "payTo", "vpa") for each in found.get("settlements", [])] == [
        "asha@upi"]


def total_is_right(found):
    total = sum(energy.requested(found).values(), Decimal(0))
    return Decimal(str(found["commitments"][0]["resources"][0]["quantity"]["unitQuantity"])) == total


def nothing_settled(found):
    return not any(beckn.at(each, "considerationAttributes", "@type") == "RevenueFlow"
                   for each in found.get("consideration", []))


def not_delivered(found):
    return not any(beckn.at(each, "status", "code") == "DELIVERED" for each in found.get("performance", []))


def meters_are_right(found):
    return (attributes_of(found, buyers.PLATFORM)["meterId"], attributes_of(found, "meddler.foreign.example")["meterId"]
            ) == (SELLER_METER, buyers.METER)


def ledgers_are_right(found):
    return (attributes_of(found, NORTH)["ledgerId"], attributes_of(found, SOUTH)["ledgerId"]) == (
        "north.ledger.example", "south.ledger.example")


# What is written, how, and what the answer must then be.
IN_BOTH = [
    ("an allocation of the seller's DISCOM", lambda c: declare(c, "FINAL_ALLOC", 1), no_cell("FINAL_ALLOC")),
    ("an allocation of the buyer's DISCOM", lambda c: declare(c, "BUYER_DISCOM_ALLOC", 0),
     no_cell("BUYER_DISCOM_ALLOC")),
    ("the status of a DISCOM", lambda c: declare(c, "SELLER_DISCOM_STATUS", "COMPLETED"),
     no_cell("SELLER_DISCOM_STATUS")),
    ("a price in dollars", described("PRICE_PER_KWH", currency="USD"), currency_is_rupees),
    ("a quantity in MWh", described("REQUESTED_QTY", units="MWH"), unit_is_kwh),
    ("another total", lambda c: c["commitments"][0]["resources"][0]["quantity"].update(unitQuantity=-9),
     total_is_right),
    ("flows of money", lambda c: c.update(consideration=copy.deepcopy(FLOWS)), nothing_settled),
    ("a delivery", lambda c: c.update(performance=[{"id": "p", "status": {"code": "DELIVERED"},
                                                    "commitmentIds": ["commitment-1"]}]), not_delivered),
    ("another meter of the seller", lambda c: attributes_of(c, buyers.PLATFORM).update(meterId=OTHER),
     meters_are_right),
    ("another ledger of the seller", lambda c: attributes_of(c, NORTH).update(ledgerId="evil.ledger.example"),
     ledgers_are_right),
]
IN_INIT = [
    ("a contract id", lambda c: c.update(id=ID), lambda found: found.get("id") != ID),
    ("a payee", lambda c: c.update(settlements=[copy.deepcopy(PAID)]), paid_to_the_seller),
]
IN_CONFIRM = [
    ("another payee", lambda c: term(c).update(payTo={"vpa": "mallory@upi"}), paid_to_the_seller),
    ("a payment that was made", lambda c: c["settlements"].append(copy.deepcopy(PAID)), paid_to_the_seller),
    ("a smaller amount", lambda c: term(c).update(amount={"currency": "INR", "value": 0.01}),
     lambda found: beckn.at(term(found), "amount", "value") != 0.01),
    ("another meter of the buyer", lambda c: attributes_of(c, "meddler.foreign.example").update(meterId=OTHER),
     meters_are_right),
    ("another ledger of the buyer", lambda c: attributes_of(c, SOUTH).update(ledgerId="evil.ledger.example"),
     ledgers_are_right),
    ("another policy", lambda c: c["contractAttributes"]["policy"].update(queryPath="data.mallory"),
     lambda found: found["contractAttributes"]["policy"] == energy.POLICY),
    ("another hour", lambda c: energy.series(c)["intervalPeriod"].update(start="2030-01-01T00:30:00Z"),
     lambda found: energy.series(found)["intervalPeriod"]["start"] != "2030-01-01T00:30:00Z"),
]


class Meddler:
    """One purchase of one kWh after another, each meddled with, and called off again."""

    def __init__(self, tally, demo, bap, seller, offer_id):
        self.tally = tally
        self.guide = buyers.Buyer(tally, demo, bap, seller, offer_id)
        self.guide.discover()
        self.empty = self.guide.stock()

    def fresh(self):
        guide = self.guide
        made = buyers.Buyer(self.tally, guide.demo, guide.bap, guide.seller, guide.offer_id)
        made.offer, made.resource = guide.offer, guide.resource
        return made

    def send(self, buyer, action, contract):
        """The answering contract; none when the message is refused, at once or in the callback."""
        answer = buyer.bap.ask(buyer.to, action, buyer.transaction_id, {"contract": contract})
        if answer.status != 200:
            self.tally.check(answer.status in (400, 403) and beckn.error_code(answer.body), "a refusal has a code",
                             found="%d %s" % (answer.status, answer.body[:300]))
            return None
        message = buyer.bap.wait("on_" + action, buyer.transaction_id, answer.message_id)
        return None if message.error else message.contract

    def in_init(self, name, edit, honest):
        buyer = self.fresh()
        contract = buyer.wish({0: Decimal(1)})
        edit(contract)
        found = self.send(buyer, "init", contract)
        self.tally.check(found is None or honest(found), "init with %s: refused, or answered without it" % name,
                         found=beckn.encode(found or {}).decode()[:1500])
        self.call_off(buyer, found)

    def in_confirm(self, name, edit, honest):
        buyer = self.fresh()
        offered = self.send(buyer, "init", buyer.wish({0: Decimal(1)}))
        if not self.tally.check(offered is not None, "an honest init is taken"):
            return
        contract = copy.deepcopy(offered)
        edit(contract)
        found = self.send(buyer, "confirm", contract)
        self.tally.check(found is None or honest(found), "confirm with %s: refused, or answered without it" % name,
                         found=beckn.encode(found or {}).decode()[:1500])
        if found:
            self.recorded(buyer, name)
        self.call_off(buyer, found or offered)

    def recorded(self, buyer, name):
        path = "/ledgers/north.ledger.example/records?transaction_id=%s" % buyer.transaction_id
        for each in beckn.send("GET", buyer.demo.discoms + path).json["records"]:
            self.tally.equal((each["seller"]["meterId"], each["buyer"]["meterId"]), (SELLER_METER, buyers.METER),
                             "confirm with %s: the meters in the seller's ledger" % name)

    def call_off(self, buyer, contract):
        """What is only reserved has no id yet, and the protocol wants one in `cancel`."""
        if contract:
            message = {"contract": dict(contract, id=contract.get("id") or ID)}
            answer = buyer.bap.ask(buyer.to, "cancel", buyer.transaction_id, message)
            self.tally.equal(answer.status, 200, "the answer to the cancellation")
        until(lambda: self.guide.stock() == self.empty, "the stock is whole again")


def run(tally, demo):
    bap = peer.Peer(demo, "meddler.foreign.example", "BAP", peer.seed("meddler"))
    try:
        tally.check(bap.register().status in (200, 201), "the registry takes our key")
        seller = Client(demo.alpha, "asha")
        start = slot_after(seller.market_now(), 15)
        made = []
        tally.section("meddler: finds an offer", lambda: made.append(Meddler(
            tally, demo, bap, seller, seller.list_offer([(utc(start), "6", "6.5")], "For meddlers"))))
        for meddler in made:
            for name, edit, honest in IN_BOTH + IN_INIT:
                tally.section("meddler: init with %s" % name, meddler.in_init, name, edit, honest)
            for name, edit, honest in IN_BOTH + IN_CONFIRM:
                tally.section("meddler: confirm with %s" % name, meddler.in_confirm, name, edit, honest)
    finally:
        bap.stop()
