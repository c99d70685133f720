# Contract policy of the DISCOMs of the Wattmandi demo network.
#
# Entry point: data.deg.contracts.p2p_trading
#   violations     set of texts "CODE: sentence"; a message with any is refused
#   revenue_flows  who gets (+) and pays (-) what, in INR; undefined until a slot is settled
#
# Input is a whole message {context, message}. Every commitment is judged, not the first only. Money is
# computed in whole watt-hours, ten-thousandths of a rupee and paise, and divided by a hundred at the very end,
# so that no amount ever carries the dust of a binary fraction.

package deg.contracts.p2p_trading

import rego.v1

# --- What a DISCOM edits ------------------------------------------------------------------------------------

networks := {
	"indiaenergystack.in/ies-p2p-trading-network": "production",
	"indiaenergystack.in/test-ies-p2p-trading-network": "test",
	"nfh.global/testnet-deg": "test",
}

# Codes of DISCOMs whose customers may trade under this policy in production. On a test network every code
# that starts with the test prefix may.
production_discoms := {"PaVVNL", "TPDDL", "BRPL"}

test_discom_prefix := "TEST_DISCOM_"

central_ledger := "https://ies-p2p-energy-ledger.beckn.io"

# Where ledgers of a test network may be: example names, names without a domain, this machine.
test_ledgers := `^https?://([a-z0-9-]+|127\.0\.0\.1|([a-z0-9-]+\.)+example(\.com)?)(:[0-9]+)?/?$`

# INR per kWh in ten-thousandths.
wheeling_rate_buyer := 0

wheeling_rate_seller := 0

penalty_rate := 0

# --- Reading the message ------------------------------------------------------------------------------------

entry_point := "data.deg.contracts.p2p_trading"

role_names := ["buyerPlatform", "sellerPlatform", "buyerDiscom", "sellerDiscom"]

report_columns := [
	"PRICE_PER_KWH", "REQUESTED_QTY", "BUYER_DISCOM_ALLOC", "BUYER_DISCOM_STATUS",
	"SELLER_DISCOM_ALLOC", "SELLER_DISCOM_STATUS", "FINAL_ALLOC",
]

energy_columns := {
	"AVAILABLE_QTY", "REQUESTED_QTY", "BUYER_DISCOM_ALLOC", "SELLER_DISCOM_ALLOC", "FINAL_ALLOC",
}

action := object.get(object.get(input, "context", {}), "action", "")

network := object.get(object.get(input, "context", {}), "networkId", "")

environment := networks[network]

agreeing if action in {"select", "init", "confirm"}

committing if action in {"init", "confirm"}

publishing if action in {"catalog/publish", "catalog_publish"}

contract := object.get(object.get(input, "message", {}), "contract", {})

contract_attributes := object.get(contract, "contractAttributes", {})

roles := object.get(contract_attributes, "roles", [])

participants := object.get(contract, "participants", [])

offers := [offer |
	some catalog in input.message.catalogs
	some offer in catalog.offers
]

# Every table: those of a contract's commitments, those of published offers.
tables := array.concat(
	[table |
		some commitment in object.get(contract, "commitments", [])
		table := commitment.commitmentAttributes
	],
	[table |
		publishing
		some offer in offers
		table := offer.offerAttributes.commitmentAttributes
	],
)

bound contains role.role if {
	some role in roles
	is_string(role.participantId)
	role.participantId != ""
}

# A participant names its role itself, or is named by the contract's roles.
party contains {"role": role, "attributes": attributes} if {
	some participant in participants
	role := participant.role
	attributes := participant.participantAttributes
}

party contains {"role": role.role, "attributes": attributes} if {
	some role in roles
	some participant in participants
	participant.id == role.participantId
	attributes := participant.participantAttributes
}

sides := {
	"buyer": {"buyerPlatform", "buyerDiscom"},
	"seller": {"sellerPlatform", "sellerDiscom"},
}

discom_role := {"buyer": "buyerDiscom", "seller": "sellerDiscom"}

# Both users may be one platform's. Then its id stands for both of them, and does not tell them apart.
one_platform if {
	some buyer in roles
	some seller in roles
	buyer.role == "buyerPlatform"
	seller.role == "sellerPlatform"
	buyer.participantId == seller.participantId
}

# The code of a side's DISCOM: as its participants say, else as its role is bound.
named_discom contains {"side": side, "code": code} if {
	not one_platform
	some side, names in sides
	some member in party
	member.role in names
	code := member.attributes.utilityId
	is_string(code)
}

says_discom contains named.side if some named in named_discom

discom contains named if some named in named_discom

discom contains {"side": side, "code": role.participantId} if {
	some side, name in discom_role
	not side in says_discom
	some role in roles
	role.role == name
	is_string(role.participantId)
}

discom contains {"side": "seller", "code": code} if {
	publishing
	some offer in offers
	code := offer.provider.providerAttributes.utilityId
	is_string(code)
}

discom contains {"side": "seller", "code": role.participantId} if {
	publishing
	some offer in offers
	some role in offer.offerAttributes.contractAttributes.roles
	role.role == "sellerDiscom"
	is_string(role.participantId)
}

ledger_of(member) := uri if {
	uri := member.attributes.ledgerUri
	is_string(uri)
} else := uri if {
	uri := member.attributes.ledgerUrl
	is_string(uri)
}

meter contains {"side": "buyer", "id": id} if {
	some member in party
	member.role == "buyerPlatform"
	id := member.attributes.meterId
	is_string(id)
}

meter contains {"side": "seller", "id": id} if {
	some member in party
	member.role == "sellerPlatform"
	id := member.attributes.meterId
	is_string(id)
}

cell(interval, column) := value if {
	some payload in interval.payloads
	payload.type == column
	count(payload.values) > 0
	value := payload.values[0]
}

admitted(code) if {
	environment == "production"
	code in production_discoms
}

admitted(code) if {
	environment == "test"
	startswith(code, test_discom_prefix)
}

ledger_admitted(uri) if trim_suffix(uri, "/") == central_ledger

ledger_admitted(uri) if {
	environment == "test"
	regex.match(test_ledgers, uri)
}

# --- Violations: the network and its members ----------------------------------------------------------------

violations contains text if {
	not environment
	text := sprintf("POL_GENERIC_ERROR: %v is not a recognized network of this policy", [network])
}

violations contains text if {
	environment
	some named in discom
	named.side == "seller"
	not admitted(named.code)
	text := sprintf("POL_ELIGIBILITY_NOT_MET: this policy does not apply to seller discom %q", [named.code])
}

violations contains text if {
	environment
	some named in discom
	named.side == "buyer"
	not admitted(named.code)
	text := sprintf("POL_ELIGIBILITY_NOT_MET: customers of buyer discom %q are not allowed to trade", [named.code])
}

violations contains text if {
	agreeing
	some one in discom
	some other in discom
	one.side == "buyer"
	other.side == "seller"
	lower(one.code) == lower(other.code)
	text := sprintf("POL_ELIGIBILITY_NOT_MET: buyer and seller are customers of the same discom %q", [one.code])
}

violations contains text if {
	not publishing
	some name in role_names
	not name in bound
	text := sprintf("POL_GENERIC_ERROR: the role %s is missing or not bound", [name])
}

violations contains text if {
	not publishing
	some role in roles
	not role.role in role_names
	text := "POL_GENERIC_ERROR: the contract has a role that this policy does not know"
}

# --- Violations: ledgers, meters, policy --------------------------------------------------------------------

violations contains text if {
	some member in party
	member.role in {"buyerDiscom", "sellerDiscom"}
	uri := ledger_of(member)
	not ledger_admitted(uri)
	text := sprintf("POL_GENERIC_ERROR: the ledger of %s is not allowed, its ledgerUri is %v", [member.role, uri])
}

violations contains text if {
	committing
	some member in party
	member.role in {"buyerDiscom", "sellerDiscom"}
	not ledger_of(member)
	text := sprintf("POL_GENERIC_ERROR: the ledger of %s is missing, there is no ledgerUri", [member.role])
}

violations contains text if {
	not one_platform
	some buyer in meter
	some seller in meter
	buyer.side == "buyer"
	seller.side == "seller"
	lower(buyer.id) == lower(seller.id)
	text := "POL_ELIGIBILITY_NOT_MET: buyer and seller have the same meter"
}

violations contains text if {
	one_platform
	committing
	count({lower(named.id) | some named in meter}) == 1
	text := "POL_ELIGIBILITY_NOT_MET: buyer and seller have the same meter"
}

violations contains text if {
	environment == "test"
	some named in meter
	not contains(named.id, "TEST_")
	text := sprintf("POL_ELIGIBILITY_NOT_MET: the meter of the %s is no test meter", [named.side])
}

violations contains text if {
	environment == "production"
	some named in meter
	contains(named.id, "TEST_")
	text := sprintf("POL_ELIGIBILITY_NOT_MET: the meter of the %s is a test meter", [named.side])
}

violations contains text if {
	policies := array.concat(
		[object.get(contract_attributes, "policy", {})],
		[offer.offerAttributes.contractAttributes.policy | publishing; some offer in offers],
	)
	some policy in policies
	path := policy.queryPath
	path != entry_point
	text := sprintf("POL_GENERIC_ERROR: the policy's query path is not %s", [entry_point])
}

violations contains text if {
	some commitment in object.get(contract, "commitments", [])
	commitment.offer.offerAttributes
	text := "POL_GENERIC_ERROR: a contract names its offer and does not copy its attributes"
}

# --- Violations: the table ----------------------------------------------------------------------------------

violations contains text if {
	some table in tables
	declared := {descriptor.payloadType | some descriptor in table.payloadDescriptors}
	not "PRICE_PER_KWH" in declared
	text := "POL_GENERIC_ERROR: PRICE_PER_KWH is not declared"
}

violations contains text if {
	some table in tables
	some descriptor in table.payloadDescriptors
	descriptor.payloadType == "PRICE_PER_KWH"
	object.get(descriptor, "currency", "") != "INR"
	text := "POL_GENERIC_ERROR: the currency of PRICE_PER_KWH is not INR"
}

violations contains text if {
	some table in tables
	some descriptor in table.payloadDescriptors
	descriptor.payloadType in energy_columns
	upper(object.get(descriptor, "units", "")) != "KWH"
	text := sprintf("POL_GENERIC_ERROR: the unit of %s is not KWH", [descriptor.payloadType])
}

violations contains text if {
	some table in tables
	declared := {descriptor.payloadType | some descriptor in table.payloadDescriptors}
	some interval in table.intervals
	some payload in interval.payloads
	not payload.type in declared
	text := "POL_GENERIC_ERROR: a column is used and not declared"
}

violations contains text if {
	some table in tables
	some interval in table.intervals
	some column in energy_columns | {"PRICE_PER_KWH"}
	value := cell(interval, column)
	not plain_number(value)
	text := sprintf("POL_GENERIC_ERROR: a value of %s is negative or no number", [column])
}

plain_number(value) if {
	is_number(value)
	value >= 0
}

violations contains text if {
	agreeing
	some table in tables
	some interval in table.intervals
	cell(interval, "REQUESTED_QTY") > cell(interval, "AVAILABLE_QTY")
	text := "BIZ_QUANTITY_UNAVAILABLE: more is requested than is available"
}

# --- Violations: settlement ---------------------------------------------------------------------------------

violations contains text if {
	action == "on_status"
	count(finals) == 0
	text := "POL_GENERIC_ERROR: no FINAL_ALLOC is written, so nothing can be settled"
}

violations contains text if {
	action == "on_status"
	some table in tables
	declared := {descriptor.payloadType | some descriptor in table.payloadDescriptors}
	some column in report_columns
	not column in declared
	text := sprintf("POL_GENERIC_ERROR: the column %s is not declared", [column])
}

violations contains text if {
	some final in finals
	not cell(final.interval, "PRICE_PER_KWH")
	text := "POL_GENERIC_ERROR: a settled interval has no price, its PRICE_PER_KWH is empty"
}

violations contains text if {
	some final in finals
	not cell(final.interval, "REQUESTED_QTY")
	text := "POL_GENERIC_ERROR: an interval is settled that was not requested"
}

violations contains text if {
	some final in finals
	some column in {"REQUESTED_QTY", "BUYER_DISCOM_ALLOC", "SELLER_DISCOM_ALLOC"}
	final.value > cell(final.interval, column)
	text := sprintf("POL_GENERIC_ERROR: FINAL_ALLOC exceeds %s", [column])
}

violations contains text if {
	some text in ["POL_GENERIC_ERROR: the revenue flows do not sum to zero"]
	sum([flow.value | some flow in revenue_flows]) > 0.005
}

violations contains text if {
	some text in ["POL_GENERIC_ERROR: the revenue flows do not sum to zero"]
	sum([flow.value | some flow in revenue_flows]) < -0.005
}

# --- Settlement ---------------------------------------------------------------------------------------------

# An empty cell is a slot that is not settled, not one in which nothing was delivered.
finals := [{"interval": interval, "value": value} |
	some table in tables
	some interval in table.intervals
	value := cell(interval, "FINAL_ALLOC")
	plain_number(value)
]

watt_hours(kwh) := round(kwh * 1000)

requested(interval) := value if {
	value := cell(interval, "REQUESTED_QTY")
} else := 0

settled := [{"wh": wh, "short": short, "price": price} |
	some final in finals
	price := round(cell(final.interval, "PRICE_PER_KWH") * 10000)
	wh := watt_hours(final.value)
	short := max([0, watt_hours(requested(final.interval)) - wh])
]

# Watt-hours times ten-thousandths of a rupee per kWh, to paise, halves away from zero. Nothing is negative.
paise(product) := floor((product + 50000) / 100000)

settled_wh := sum([row.wh | some row in settled])

shortfall_wh := sum([row.short | some row in settled])

trade_value := paise(sum([worth | some row in settled; worth := row.wh * row.price]))

wheeling_buyer := paise(settled_wh * wheeling_rate_buyer)

wheeling_seller := paise(settled_wh * wheeling_rate_seller)

penalty := paise(shortfall_wh * penalty_rate)

flow_of(role, value, description) := {
	"role": role,
	"value": value / 100,
	"currency": "INR",
	"description": description,
}

revenue_flows := [
	flow_of("buyerPlatform", 0 - (trade_value + wheeling_buyer), "energy bought, with wheeling"),
	flow_of("sellerPlatform", (trade_value - wheeling_seller) - penalty, "energy sold, less wheeling and penalty"),
	flow_of("buyerDiscom", wheeling_buyer, "wheeling on the buyer's side"),
	flow_of("sellerDiscom", wheeling_seller + penalty, "wheeling on the seller's side, and penalty"),
] if {
	count(settled) > 0
}
