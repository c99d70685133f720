"""Energy contracts of wave 2: offers, requests and what becomes of them, as plain dictionaries."""

import copy
from decimal import ROUND_HALF_UP, Decimal

SCHEMA = "https://schema.nfh.global/%s/context.jsonld"
KINDS = {
    "EnergyResource": "EnergyResource/v2.0",
    "EnergyTradeOffer": "EnergyTradeOffer/v2.0",
    "DEGContract": "DEGContract/v2.0",
    "EnergyCustomer": "EnergyCustomer/v2.0",
    "DiscomLedgerProvider": "DiscomLedgerProvider/v1.0",
    "TimeSeries": "BecknTimeSeries/v1.0",
    "SettlementTerm": "SettlementTerm/2.0",
}
POLICY = {
    "url": "https://api.dedi.global/dedi/lookup/indiaenergystack.in/ies-rulesets/"
           "p2p-trading-ies-contractpolicy-common",
    "queryPath": "data.deg.contracts.p2p_trading",
}
EVENT, REPORT = "EVENT_PAYLOAD_DESCRIPTOR", "REPORT_PAYLOAD_DESCRIPTOR"
COLUMNS = [
    ("PRICE_PER_KWH", EVENT, {"currency": "INR"}, "sellerPlatform"),
    ("AVAILABLE_QTY", EVENT, {"units": "KWH"}, "sellerPlatform"),
    ("REQUESTED_QTY", EVENT, {"units": "KWH"}, "buyerPlatform"),
    ("BUYER_DISCOM_ALLOC", REPORT, {"units": "KWH"}, "buyerDiscom"),
    ("BUYER_DISCOM_STATUS", REPORT, {"units": "STRING"}, "buyerDiscom"),
    ("SELLER_DISCOM_ALLOC", REPORT, {"units": "KWH"}, "sellerDiscom"),
    ("SELLER_DISCOM_STATUS", REPORT, {"units": "STRING"}, "sellerDiscom"),
    ("FINAL_ALLOC", REPORT, {"units": "KWH"}, "sellerDiscom"),
]
ROLES = ("buyerPlatform", "sellerPlatform", "buyerDiscom", "sellerDiscom")


def typed(kind, **members):
    made = {"@context": SCHEMA % KINDS[kind], "@type": kind}
    made.update(members)
    return made


def schemas_of(value, found=None):
    """The JSON-LD contexts that occur in a message, each once, in order."""
    found = [] if found is None else found
    if isinstance(value, dict):
        name = value.get("@context")
        if isinstance(name, str) and name not in found:
            found.append(name)
        for inner in value.values():
            schemas_of(inner, found)
    elif isinstance(value, list):
        for inner in value:
            schemas_of(inner, found)
    return found


def discom(code, ledgers_url):
    """A DISCOM of the demo, with its ledger, as a participant."""
    name = {"TEST_DISCOM_NORTH": "north", "TEST_DISCOM_SOUTH": "south"}[code]
    return {"id": code, "participantAttributes": typed(
        "DiscomLedgerProvider", discomId="%s.discom.example" % name, discomUri=ledgers_url,
        ledgerId="%s.ledger.example" % name, ledgerUri=ledgers_url)}


def customer(platform_id, meter, platform_url):
    return {"id": platform_id, "participantAttributes": typed(
        "EnergyCustomer", meterId=meter, platformUrl=platform_url)}


def number(value):
    """A decimal as a JSON number, whole where it is whole."""
    value = Decimal(str(value))
    return int(value) if value == value.to_integral_value() else float(value)


def descriptor(column):
    name, kind, more, writer = next(entry for entry in COLUMNS if entry[0] == column)
    made = {"objectType": kind, "payloadType": name}
    made.update(more)
    made["insertedBy"] = writer
    return made


def table(start, rows, columns):
    """`rows`: one dictionary of cells per hour from `start` on."""
    return typed(
        "TimeSeries", intervalPeriod={"start": start, "duration": "PT1H"},
        payloadDescriptors=[descriptor(column) for column in columns],
        intervals=[{"id": index, "payloads": [{"type": name, "values": [number(value)]}
                                              for name, value in row.items()]}
                   for index, row in enumerate(rows)])


def roles(holders):
    return [{"role": role, "participantId": holders.get(role)} for role in ROLES]


def catalog(seller, catalog_id, offer_id, meter, code, ledgers_url, start, rows, valid):
    """The catalog of one offer. `seller`: id, base URL; `rows`: pairs of price and kWh; `valid`: from, to."""
    seller_id, seller_url = seller
    resource_id = "resource-of-%s" % offer_id
    terms = typed("DEGContract", roles=roles({"sellerPlatform": seller_id, "sellerDiscom": code}), policy=POLICY)
    attributes = typed(
        "EnergyTradeOffer",
        validityWindow={"@type": "beckn:TimePeriod", "schema:startTime": valid[0], "schema:endTime": valid[1]},
        contractAttributes=terms,
        participants=[customer(seller_id, meter, seller_url), discom(code, ledgers_url)],
        commitmentAttributes=table(
            start, [{"PRICE_PER_KWH": price, "AVAILABLE_QTY": quantity} for price, quantity in rows],
            [column[0] for column in COLUMNS]))
    return {
        "id": catalog_id, "descriptor": {"name": "A platform in Python"}, "bppId": seller_id,
        "bppUri": seller_url + "/bpp/receiver",
        "provider": {"id": seller_id, "descriptor": {"name": "A platform in Python"}},
        "resources": [{"id": resource_id, "descriptor": {"name": "A foreign roof"}, "resourceAttributes": typed(
            "EnergyResource", type="SOLAR", id=meter)}],
        "offers": [{
            "id": offer_id, "descriptor": {"name": "A foreign roof"}, "resourceIds": [resource_id], "availableTo": [],
            "offerAttributes": attributes,
            "provider": {"id": seller_id, "descriptor": {"name": "A foreign roof"},
                         "providerAttributes": typed("EnergyCustomer", meterId=meter)}}],
    }


def series(contract):
    return contract["commitments"][0]["commitmentAttributes"]


def cell(row, column):
    """The value of a row's cell; none when the column is absent or empty."""
    for payload in row["payloads"]:
        if payload["type"] == column and payload["values"]:
            return payload["values"][0]
    return None


def set_cell(row, column, value):
    row["payloads"] = [payload for payload in row["payloads"] if payload["type"] != column]
    row["payloads"].append({"type": column, "values": [value]})


def request(offer, resource, buyer, asked, meter=None):
    """The contract of `select`, or with the buyer's meter that of `init`.

    `buyer`: id, base URL, code of the DISCOM, address of the ledgers; `asked`: kWh by interval id.
    """
    buyer_id, buyer_url, code, ledgers_url = buyer
    attributes = offer["offerAttributes"]
    offered = attributes["commitmentAttributes"]
    columns = ("PRICE_PER_KWH", "AVAILABLE_QTY", "REQUESTED_QTY")
    rows = []
    for row in offered["intervals"]:
        made = {key: copy.deepcopy(value) for key, value in row.items() if key != "payloads"}
        made["payloads"] = [{"type": name, "values": [cell(row, name)]} for name in columns[:2]]
        set_cell(made, "REQUESTED_QTY", number(asked.get(row["id"], 0)))
        rows.append(made)
    total = sum((Decimal(str(quantity)) for quantity in asked.values()), Decimal(0))
    terms = copy.deepcopy(attributes["contractAttributes"])
    holders = {role["role"]: role["participantId"] for role in terms["roles"]}
    holders.update(buyerPlatform=buyer_id, buyerDiscom=code)
    terms["roles"] = roles(holders)
    people = copy.deepcopy(attributes["participants"])
    people.append(customer(buyer_id, meter, buyer_url) if meter else {"id": buyer_id})
    if not any(person["id"] == code for person in people):
        people.append(discom(code, ledgers_url))
    return {
        "status": {"code": "DRAFT"},
        "commitments": [{
            "id": "commitment-1", "status": {"descriptor": {"code": "DRAFT"}},
            "resources": [dict(copy.deepcopy(resource), quantity={
                "@type": "Quantity", "unitCode": "KWH", "unitQuantity": number(total)})],
            "offer": {"id": offer["id"], "resourceIds": list(offer["resourceIds"])},
            "commitmentAttributes": typed(
                "TimeSeries", intervalPeriod=copy.deepcopy(offered["intervalPeriod"]),
                payloadDescriptors=[descriptor(name) for name in columns], intervals=rows)}],
        "contractAttributes": terms,
        "participants": people,
    }


def without_stock(contract):
    """AVAILABLE_QTY leaves the table with `on_init`."""
    made = copy.deepcopy(contract)
    chart = series(made)
    chart["payloadDescriptors"] = [d for d in chart["payloadDescriptors"] if d["payloadType"] != "AVAILABLE_QTY"]
    for row in chart["intervals"]:
        row["payloads"] = [payload for payload in row["payloads"] if payload["type"] != "AVAILABLE_QTY"]
    return made


def statuses(contract, whole, commitment, settlement):
    made = copy.deepcopy(contract)
    made["status"] = {"code": whole}
    for each in made["commitments"]:
        each["status"] = {"descriptor": {"code": commitment}}
    for each in made.get("settlements", []):
        each["status"] = settlement
    return made


def on_select(contract):
    made = copy.deepcopy(contract)
    made["consideration"] = [{"id": "quote-1", "status": {"code": "DRAFT"}, "considerationAttributes": typed(
        "SettlementTerm", amount={"currency": "INR", "value": number(amount(contract))})}]
    return made


def on_init(contract):
    made = without_stock(contract)
    made["settlements"] = [{"id": "settlement-1", "status": "DRAFT", "settlementAttributes": typed(
        "SettlementTerm", payTo={"vpa": "foreign@upi"}, paymentTrigger="ON_FULFILLMENT",
        settlementStatus="PENDING")}]
    return statuses(made, "DRAFT", "DRAFT", "DRAFT")


def on_confirm(contract, contract_id):
    made = statuses(without_stock(contract), "ACTIVE", "ACTIVE", "COMMITTED")
    made["id"] = contract_id
    made["performance"] = [{"id": "performance-1", "status": {"code": "SCHEDULED"},
                            "commitmentIds": [made["commitments"][0]["id"]]}]
    return made


def on_cancel(contract):
    return statuses(contract, "CANCELLED", "CLOSED", "COMPLETE")


def for_ledger(contract):
    """How people are paid is not the business of a DISCOM's ledger."""
    made = copy.deepcopy(contract)
    made["settlements"] = [{"id": each["id"], "status": each["status"]} for each in made.get("settlements", [])]
    if not made["settlements"]:
        del made["settlements"]
    return made


def requested(contract):
    """kWh by interval id."""
    return {row["id"]: Decimal(str(cell(row, "REQUESTED_QTY") or 0)) for row in series(contract)["intervals"]}


def amount(contract):
    """Price times quantity over all hours, INR: rounded once, half away from zero, as the contract policy does."""
    total = Decimal(0)
    for row in series(contract)["intervals"]:
        total += Decimal(str(cell(row, "PRICE_PER_KWH"))) * Decimal(str(cell(row, "REQUESTED_QTY") or 0))
    return total.quantize(Decimal("0.01"), ROUND_HALF_UP)
