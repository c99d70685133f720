"""The types of the client API. Written by scripts/openapi_types.py from docs/openapi.json: do not change it.

Energy is in kWh and money in INR, as decimal strings; instants are RFC 3339.
"""

from typing import Any, Dict, List, Literal, TypedDict, Union


class Accepted(TypedDict):
    """A request that is stored and on its way to the network; the outcome follows."""

    message_id: str
    state: str
    transaction_id: str


class Account(TypedDict):
    """The account of the user."""

    arrears_inr: str
    available_inr: str
    balance_inr: str
    credit_limit_inr: str
    currency: str
    held_inr: str


class _AccountChanged(TypedDict):
    amount_inr: str
    balance_inr: str
    cause: str
    held_inr: str
    journal_id: str


class AccountChanged(_AccountChanged, total=False):
    """One booking on the user's account, and what it left there."""

    transaction_id: Union[str, None]


class AccountChangedEvent(TypedDict):
    """- `account.changed`: Money was booked, set aside or set free."""

    at: str
    data: "AccountChanged"
    kind: Literal['account.changed']
    seq: int
    transaction_id: str


class AddressProof(TypedDict):
    """The code that was sent to the address."""

    address: str
    code: str


class AddressVerified(TypedDict):
    address: str


class AddressVerifiedEvent(TypedDict):
    """- `account.verified`: An address of the account was checked."""

    at: str
    data: "AddressVerified"
    kind: Literal['account.verified']
    seq: int
    transaction_id: str


class _Allocation(TypedDict):
    quality: str
    requested_kwh: str
    revision: int
    settled_kwh: str


class Allocation(_Allocation, total=False):
    """How much of the hour was allocated, and by whom."""

    buyer_kwh: Union[str, None]
    seller_kwh: Union[str, None]
    settled_before_kwh: Union[str, None]


class Alternative(TypedDict):
    """The best plan without the seller of the most energy."""

    cover: "Cover"
    covers_less_kwh: str
    dearer_by_inr: str
    parts: List["AlternativePart"]
    without_bpp_id: str
    without_meter: str


class AlternativePart(TypedDict):
    """One offer of an alternative."""

    bpp_id: str
    offer_id: str
    slots: List["PlannedSlot"]


class Answered(TypedDict):
    """A question beside a trade has its answer: it stands in the transaction's `exchanges`."""

    message_id: str
    transaction_id: str


class AnsweredEvent(TypedDict):
    """- `track.answered`: The seller has told where the delivery can be followed.
    - `rate.answered`: The seller's platform has taken the rating.
    - `support.answered`: The seller has told how its support is reached.
    """

    at: str
    data: "Answered"
    kind: Literal['track.answered', 'rate.answered', 'support.answered']
    seq: int
    transaction_id: str


class _ApiToken(TypedDict):
    created_at: str
    expires_at: str
    id: str
    name: str
    scopes: List[str]


class ApiToken(_ApiToken, total=False):
    """A token, without what it opens."""

    used_at: Union[str, None]


class BillDropped(TypedDict):
    field: str
    reason: str
    value: str


class BillEvidence(TypedDict):
    """Where a value stands."""

    line: str
    page: int
    read_by: str


class BillMonth(TypedDict):
    evidence: "BillEvidence"
    month: str
    units_kwh: str


class BillText(TypedDict):
    evidence: "BillEvidence"
    value: str


class BillWatts(TypedDict):
    evidence: "BillEvidence"
    value: int


class _Cancel(TypedDict):
    transaction_id: str


class Cancel(_Cancel, total=False):
    """A transaction to be called off."""

    reason: Union[str, None]


class CancelOrder(TypedDict, total=False):
    """Why an order is called off."""

    reason: Union[str, None]


class CascadeFailed(TypedDict):
    action: str
    reason: str
    receiver: str
    transaction_id: str


class CascadeFailedEvent(TypedDict):
    """- `contract.cascade_failed`: A party could not be told what was delivered."""

    at: str
    data: "CascadeFailed"
    kind: Literal['contract.cascade_failed']
    seq: int
    transaction_id: str


class ChangeMe(TypedDict, total=False):
    """What is to change; what is absent stays."""

    language: Union[str, None]
    name: Union[str, None]
    payout_name: Union[str, None]
    payout_vpa: Union[str, None]


class ChangePassword(TypedDict):
    """Another password."""

    current_password: str
    new_password: str


class ChangeProfile(TypedDict, total=False):
    """What the user now says; what is absent stays, null takes back."""

    battery_capacity_kwh: Union[str, None]
    battery_level_percent: Union[int, None]
    customer_number: Union[str, None]
    discom: Union[str, None]
    installed_capacity_kw: Union[str, None]
    monthly_consumption_kwh: Union[str, None]
    monthly_production_kwh: Union[str, None]
    place: Union[str, None]
    sanctioned_load_kw: Union[str, None]


class ChangeUser(TypedDict, total=False):
    """What is to change; what is absent stays."""

    discom: Union[str, None]
    locked: Union[bool, None]
    role: Union[str, None]


class ClaimMeter(TypedDict, total=False):
    """A proof of a meter: a verified credential, or `discom`, `serial_number` and `key` as they stand on the customer's
    papers.
    """

    credential_id: Union[str, None]
    discom: Union[str, None]
    key: Union[str, None]
    meter_id: Union[str, None]
    place: Union[str, None]
    serial_number: Union[str, None]


class Consent(TypedDict):
    """One word of the user; the newest of a purpose counts."""

    at: str
    granted: bool
    id: str
    purpose: str
    version: str


class _ContractChanged(TypedDict):
    cause: str
    side: str
    state: str
    transaction_id: str


class ContractChanged(_ContractChanged, total=False):
    """One side of a trade stands elsewhere now."""

    contract_id: Union[str, None]
    failure: Union["EventFailure", None]


class ContractChangedEvent(TypedDict):
    """- `contract.draft`: A price was asked for.
    - `contract.quoted`: The seller has named a price; nothing is held.
    - `contract.reserved`: Seller: the energy is held for a buyer.
    - `contract.offered`: Buyer: the seller holds the energy and named its terms.
    - `contract.confirming`: Buyer: the confirmation is on its way.
    - `contract.recording`: Our DISCOM's ledger is being told.
    - `contract.active`: Seller: sold, recorded, and confirmed to the buyer.
    - `contract.standing`: Buyer: bought, and recorded by our DISCOM's ledger.
    - `contract.cancelling`: Called off; the ledgers are being told.
    - `contract.cancelled`: Called off, and out of the ledgers.
    - `contract.rejected`: Refused by a party; `failure` says why.
    - `contract.expired`: Not concluded in time.
    - `contract.disputed`: The two sides cannot both be right; a person must look.
    """

    at: str
    data: "ContractChanged"
    kind: Literal['contract.draft', 'contract.quoted', 'contract.reserved', 'contract.offered', 'contract.confirming', 'contract.recording', 'contract.active', 'contract.standing', 'contract.cancelling', 'contract.cancelled', 'contract.rejected', 'contract.expired', 'contract.disputed']
    seq: int
    transaction_id: str


class _ContractDocument(TypedDict):
    awaiting_answer: bool
    created_at: str
    gate_closes_at: str
    ledger: str
    network_id: str
    offer_id: str
    peer_id: str
    seller_meter: str
    side: str
    slots: List["ContractSlot"]
    state: str
    totals: "Totals"
    transaction_id: str
    updated_at: str
    exchanges: List["ExchangeView"]
    history: List["History"]


class ContractDocument(_ContractDocument, total=False):
    """One side of a trade, with its history and the questions beside it."""

    buyer_meter: Union[str, None]
    cancelled_by: Union[str, None]
    confirmed_at: Union[str, None]
    contract_id: Union[str, None]
    failure: Union["Reason", None]
    reserved_until: Union[str, None]
    delivery: Union["DeliveryView", None]
    search: Union["SearchView", None]


class _ContractSettled(TypedDict):
    amount_inr: str
    settled_kwh: str
    settlement: int
    side: str
    transaction_id: str


class ContractSettled(_ContractSettled, total=False):
    """A delivery with its final result, booked on the user's account in the same transaction."""

    contract_id: Union[str, None]
    requested_kwh: Union[str, None]


class ContractSettledEvent(TypedDict):
    """- `contract.settled`: What was delivered is final and paid."""

    at: str
    data: "ContractSettled"
    kind: Literal['contract.settled']
    seq: int
    transaction_id: str


class _ContractSlot(TypedDict):
    end: str
    label_ist: str
    price_inr: str
    quantity_kwh: str
    start: str


class ContractSlot(_ContractSlot, total=False):
    """One hour of a contract."""

    amount_inr: Union[str, None]


class _ContractStatus(TypedDict):
    differs: str
    disputed: List[str]
    refused: List[str]
    told_by: str
    transaction_id: str
    written: int


class ContractStatus(_ContractStatus, total=False):
    """What somebody told of a contract, and what of it we took."""

    error: Union["EventFailure", None]
    paid: Union[str, None]
    status: Union[str, None]


class ContractStatusEvent(TypedDict):
    """- `contract.status`: Somebody has told how the contract and its delivery stand."""

    at: str
    data: "ContractStatus"
    kind: Literal['contract.status']
    seq: int
    transaction_id: str


class CopyView(TypedDict):
    """The copy of another holder."""

    differs: List[str]
    digest: str
    holder: str
    told_at: str


class Cover(TypedDict):
    """Energy and what it costs."""

    amount_inr: str
    quantity_kwh: str


class _CreatedApiToken(TypedDict):
    created_at: str
    expires_at: str
    id: str
    name: str
    scopes: List[str]
    token: str


class CreatedApiToken(_CreatedApiToken, total=False):
    """A new token. What it opens is shown here and never again."""

    used_at: Union[str, None]


class _Credential(TypedDict):
    checks: List["CredentialCheck"]
    created_at: str
    credential_id: str
    form: str
    meters: List["CredentialClaim"]
    state: str


class Credential(_Credential, total=False):
    """A credential, as it was judged."""

    customer_number: Union[str, None]
    discom: Union[str, None]
    issuer: Union[str, None]
    kind: Union[str, None]
    program: Union[str, None]
    valid_from: Union[str, None]
    valid_until: Union[str, None]


class CredentialCheck(TypedDict):
    """One check."""

    check: str
    reason: str
    verdict: str


class CredentialClaim(TypedDict, total=False):
    """What a credential says of one meter."""

    installed_capacity_w: Union[int, None]
    meter_id: Union[str, None]
    resource_type: Union[str, None]
    sanctioned_load_w: Union[int, None]
    storage_wh: Union[int, None]


class _DeliveryResolved(TypedDict):
    decision: str
    reason: str
    settlement: int
    side: str
    transaction_id: str


class DeliveryResolved(_DeliveryResolved, total=False):
    """What the operator decided about a delivery that needed a person."""

    contract_id: Union[str, None]


class DeliveryResolvedEvent(TypedDict):
    """- `delivery.resolved`: A person has decided about a delivery."""

    at: str
    data: "DeliveryResolved"
    kind: Literal['delivery.resolved']
    seq: int
    transaction_id: str


class _DeliverySlotView(TypedDict):
    final_round: int
    requested_kwh: str
    start: str


class DeliverySlotView(_DeliverySlotView, total=False):
    """What the DISCOMs wrote of one slot, newest values; null: not written."""

    buyer_allocated_kwh: Union[str, None]
    buyer_status: Union[str, None]
    final_kwh: Union[str, None]
    final_provenance: Union[str, None]
    seller_allocated_kwh: Union[str, None]
    seller_status: Union[str, None]


class _DeliveryTrouble(TypedDict):
    reason: str
    side: str
    transaction_id: str


class DeliveryTrouble(_DeliveryTrouble, total=False):
    contract_id: Union[str, None]


class DeliveryTroubleEvent(TypedDict):
    """- `delivery.overdue`: The DISCOMs' timetable has ended without a final result.
    - `delivery.exception`: A delivery needs a person; `reason` says why.
    """

    at: str
    data: "DeliveryTrouble"
    kind: Literal['delivery.overdue', 'delivery.exception']
    seq: int
    transaction_id: str


class _DeliveryView(TypedDict):
    copies: List["CopyView"]
    ends_at: str
    settlement: int
    slots: List["DeliverySlotView"]
    state: str


class DeliveryView(_DeliveryView, total=False):
    """What became of a contract after its gate."""

    digest: Union[str, None]
    reason: Union[str, None]
    settled_at: Union[str, None]


class Discover(TypedDict, total=False):
    """What is looked for; everything when neither is given."""

    filter: Union[str, None]
    text: Union[str, None]


class EmailAddress(TypedDict):
    """An address that a link is to be sent to."""

    email: str


class _EnergyProfile(TypedDict):
    installed_capacity_kw: "ProfileFact"
    monthly_consumption_kwh: "ProfileFact"
    monthly_production_kwh: "ProfileFact"
    sanctioned_load_kw: "ProfileFact"


class EnergyProfile(_EnergyProfile, total=False):
    """What the user says, what is proven, and what counts."""

    battery_capacity_kwh: Union[str, None]
    battery_level_percent: Union[int, None]
    customer_number: Union[str, None]
    discom: Union[str, None]
    place: Union[str, None]


class EraseMe(TypedDict, total=False):
    """Shows once more who one is: one of the two."""

    code: Union[str, None]
    password: Union[str, None]


class Erased(TypedDict):
    """The account is gone."""

    erased_at: str
    evidence_until: str


class EventFailure(TypedDict):
    """Why something was refused, in the network's words."""

    code: str
    message: str


class EventTicket(TypedDict):
    """Opens one stream, once."""

    expires_at: str
    path: str
    ticket: str


class _ExchangeView(TypedDict):
    action: str
    created_at: str
    message_id: str


class ExchangeView(_ExchangeView, total=False):
    """A question beside the trade, and its answer, as they stood on the wire but for meters and customer numbers that are
    not yours, which are masked.
    """

    answered_at: Union[str, None]
    failure: Union["Reason", None]
    request: Union[Dict[str, Any], None]
    response: Union[Dict[str, Any], None]


class Export(TypedDict):
    """All that is stored of a user, one list for each kind of it."""

    account: List[Dict[str, Any]]
    accounts: List[Dict[str, Any]]
    api_tokens: List[Dict[str, Any]]
    consents: List[Dict[str, Any]]
    contacts: List[Dict[str, Any]]
    credentials: List[Dict[str, Any]]
    deliveries: List[Dict[str, Any]]
    events: List[Dict[str, Any]]
    exported_at: str
    format: str
    interests: List[Dict[str, Any]]
    journal: List[Dict[str, Any]]
    messages_received: List[Dict[str, Any]]
    messages_sent: List[Dict[str, Any]]
    meter_bonuses: List[Dict[str, Any]]
    meter_claims: List[Dict[str, Any]]
    meter_documents: List[Dict[str, Any]]
    meter_proofs: List[Dict[str, Any]]
    meters: List[Dict[str, Any]]
    offer_slots: List[Dict[str, Any]]
    offers: List[Dict[str, Any]]
    other_logins: List[Dict[str, Any]]
    payments: List[Dict[str, Any]]
    plan_parts: List[Dict[str, Any]]
    plans: List[Dict[str, Any]]
    profile: List[Dict[str, Any]]
    questions: List[Dict[str, Any]]
    quotas: List[Dict[str, Any]]
    searches: List[Dict[str, Any]]
    sessions: List[Dict[str, Any]]
    settled_slots: List[Dict[str, Any]]
    settlements: List[Dict[str, Any]]
    statements: List[Dict[str, Any]]
    trade_cells: List[Dict[str, Any]]
    trade_history: List[Dict[str, Any]]
    trade_slots: List[Dict[str, Any]]
    trades: List[Dict[str, Any]]
    trust: List[Dict[str, Any]]
    trust_history: List[Dict[str, Any]]
    unlinked_logins: List[Dict[str, Any]]
    user_id: str
    webhook_filters: List[Dict[str, Any]]
    webhooks: List[Dict[str, Any]]


class _FoundOfferView(TypedDict):
    bpp_id: str
    discom: str
    found_at: str
    offer_id: str
    rank: "Rank"
    seller_meter: str
    slots: List["FoundSlotView"]


class FoundOfferView(_FoundOfferView, total=False):
    """A found offer."""

    name: Union[str, None]
    obstacle: Union["ObstacleView", None]
    resource_type: Union[str, None]
    valid_until: Union[str, None]


class FoundSlotView(TypedDict):
    """One hour of a found offer."""

    available_kwh: str
    end: str
    label_ist: str
    price_inr: str
    start: str
    state: str


class GiveConsent(TypedDict):
    """What the user says."""

    granted: bool
    purpose: str
    version: str


class Health(TypedDict):
    """Alive."""

    status: str


class _History(TypedDict):
    at: str
    cause: str
    revision: int
    state: str


class History(_History, total=False):
    """A line of history."""

    message_id: Union[str, None]


class _Init(TypedDict):
    meter_id: str
    transaction_id: str


class Init(_Init, total=False):
    """Which of one's meters buys; offer and slots when no `select` named them."""

    bpp_id: Union[str, None]
    offer_id: Union[str, None]
    slots: Union[List["SlotQuantity"], None]


class _Interest(TypedDict):
    buys: bool
    created_at: str
    interest_id: str
    limit_kwh: str
    meter_id: str
    search_id: str
    state: str
    used_inr: str
    used_kwh: str


class Interest(_Interest, total=False):
    """A standing interest."""

    max_price_inr: Union[str, None]
    max_total_inr: Union[str, None]
    plan_id: Union[str, None]


class InterestBought(TypedDict):
    interest_id: str
    plan_id: str
    state: str


class InterestBoughtEvent(TypedDict):
    """- `interest.bought`: The plan of a standing interest has ended."""

    at: str
    data: "InterestBought"
    kind: Literal['interest.bought']
    seq: int
    transaction_id: str


class InterestBuying(TypedDict):
    interest_id: str
    plan_id: str


class InterestBuyingEvent(TypedDict):
    """- `interest.buying`: A standing interest has made a plan and buys."""

    at: str
    data: "InterestBuying"
    kind: Literal['interest.buying']
    seq: int
    transaction_id: str


class InterestMatched(TypedDict):
    interest_id: str
    offers: List["OfferName"]
    search_id: str


class InterestMatchedEvent(TypedDict):
    """- `interest.matched`: The market: new offers fit a standing interest."""

    at: str
    data: "InterestMatched"
    kind: Literal['interest.matched']
    seq: int
    transaction_id: str


class Issuer(TypedDict):
    """One issuer."""

    name: str
    start: str
    title: str


class _JournalEntry(TypedDict):
    amount_inr: str
    at: str
    held_inr: str
    id: str
    kind: str
    reference: str


class JournalEntry(_JournalEntry, total=False):
    """One booking."""

    transaction_id: Union[str, None]


class JsonWebKeySet(TypedDict):
    """The public keys of access tokens (RFC 7517)."""

    keys: List[Dict[str, Any]]


class LinkedIssuer(TypedDict):
    """An issuer that vouches for the user."""

    created_at: str
    id: str
    issuer: str
    used_at: str


class Links(TypedDict):
    """Where a line opens."""

    events: str
    trade: str


class _Logins(TypedDict):
    email_verified: bool
    issuers: List["LinkedIssuer"]
    password: bool


class Logins(_Logins, total=False):
    """By what the user signs in."""

    email: Union[str, None]
    phone: Union[str, None]


class _Me(TypedDict):
    created_at: str
    email_verified: bool
    handle: str
    id: str
    language: str
    may_trade: bool
    name: str
    payout_name: str
    payout_vpa: str
    role: str


class Me(_Me, total=False):
    """Oneself."""

    discom: Union[str, None]
    email: Union[str, None]
    phone: Union[str, None]


class MessageSent(TypedDict):
    """A message is on its way, if there is anybody whom it is for."""

    expires_in: int
    sent_by: str


class MeterAdjustment(TypedDict):
    """One meter."""

    bought_kwh: str
    customer_number: str
    discom: str
    meter_id: str
    sold_kwh: str


class _MeterDocument(TypedDict):
    bonus: str
    checks: List["CredentialCheck"]
    created_at: str
    dropped: List["BillDropped"]
    grade: str
    meter_document_id: str
    model: str
    months: List["BillMonth"]
    pages: int


class MeterDocument(_MeterDocument, total=False):
    """A bill, as it was read. What it says is declared, not verified: it raises no limit."""

    bill_period: Union["BillPeriod", None]
    consumer_number: Union["BillText", None]
    discom: Union["BillText", None]
    meter_number: Union["BillText", None]
    sanctioned_load_w: Union["BillWatts", None]


class _MeterView(TypedDict):
    customer_number: str
    discom: str
    id: str
    meter_id: str
    verified: bool


class MeterView(_MeterView, total=False):
    """A meter of one's own."""

    installed_capacity_w: Union[int, None]
    resource_type: Union[str, None]
    sanctioned_load_w: Union[int, None]


class MoveMoney(TypedDict):
    """How much to move."""

    amount_inr: str


class _Myself(TypedDict):
    created_at: str
    email_verified: bool
    handle: str
    id: str
    language: str
    may_trade: bool
    name: str
    payout_name: str
    payout_vpa: str
    role: str
    signed_in_by: str


class Myself(_Myself, total=False):
    """Oneself, and how one has shown it with this request."""

    discom: Union[str, None]
    email: Union[str, None]
    phone: Union[str, None]
    scopes: Union[List[str], None]


class Nack(TypedDict):
    """A refusal in the network's words (Beckn 2.0)"""

    message: Dict[str, Any]


class NewAddress(TypedDict, total=False):
    """An address to be added: one of the two."""

    email: Union[str, None]
    phone: Union[str, None]


class _NewApiToken(TypedDict):
    name: str
    scopes: List[str]


class NewApiToken(_NewApiToken, total=False):
    """A token for a machine."""

    expires_in_days: Union[int, None]


class _NewInterest(TypedDict):
    meter_id: str
    total: "WantedTotal"


class NewInterest(_NewInterest, total=False):
    """What is waited for. The total and `max_total_inr` are the limits of all that is bought for it."""

    buy: bool
    max_price_inr: Union[str, None]
    max_sellers: Union[int, None]
    max_total_inr: Union[str, None]
    min_trust: Union[str, None]
    near: Union["Place", None]
    proven: bool


class _NewOffer(TypedDict):
    meter_id: str
    slots: List["NewOfferSlot"]


class NewOffer(_NewOffer, total=False):
    """Hours of one meter to be sold."""

    name: Union[str, None]


class NewOfferSlot(TypedDict):
    """One hour to be sold."""

    price_inr: str
    quantity_kwh: str
    start: str


class _NewPlan(TypedDict):
    meter_id: str


class NewPlan(_NewPlan, total=False):
    """What is wanted: `slots` or `total`, and the limits."""

    max_price_inr: Union[str, None]
    max_sellers: Union[int, None]
    max_total_inr: Union[str, None]
    min_trust: Union[str, None]
    near: Union["Place", None]
    proven: bool
    slots: Union[List["WantedSlot"], None]
    total: Union["WantedTotal", None]
    transaction_id: Union[str, None]
    whole: bool


class _NewWebhook(TypedDict):
    url: str


class NewWebhook(_NewWebhook, total=False):
    """A webhook to be added."""

    description: Union[str, None]
    kinds: List[str]


class ObstacleView(TypedDict):
    """Why an offer cannot be bought by this user."""

    code: str
    reason: str


class OfferChange(TypedDict, total=False):
    """What changes in an offer."""

    name: Union[str, None]
    slots: List["OfferSlotChange"]


class OfferChanged(TypedDict):
    offer_id: str
    revision: int


class OfferChangedEvent(TypedDict):
    """- `offer.listed`: One's own offer is listed.
    - `offer.changed`: One's own offer has another price, quantity or name.
    - `offer.withdrawn`: What was left of one's own offer is withdrawn.
    """

    at: str
    data: "OfferChanged"
    kind: Literal['offer.listed', 'offer.changed', 'offer.withdrawn']
    seq: int
    transaction_id: str


class OfferDocument(TypedDict):
    """A seller's offer."""

    created_at: str
    id: str
    meter_id: str
    name: str
    publication: "PublicationView"
    slots: List["StockSlot"]
    state: str
    updated_at: str
    valid_until: str


class OfferName(TypedDict):
    bpp_id: str
    offer_id: str


class _OfferSlotChange(TypedDict):
    start: str


class OfferSlotChange(_OfferSlotChange, total=False):
    """What changes in one hour; what is not given stays."""

    price_inr: Union[str, None]
    quantity_kwh: Union[str, None]


class OfferStock(TypedDict):
    """The stock of an offer after a buyer's step; of the slots that were touched."""

    cause: str
    offer_id: str
    slots: List["SlotStock"]


class OfferStockEvent(TypedDict):
    """- `offer.stock_changed`: Energy of one's own offer was reserved, sold or given back."""

    at: str
    data: "OfferStock"
    kind: Literal['offer.stock_changed']
    seq: int
    transaction_id: str


class _OfferVerdict(TypedDict):
    offer_id: str


class OfferVerdict(_OfferVerdict, total=False):
    reason: Union[str, None]


class OfferVerdictEvent(TypedDict):
    """- `offer.accepted`: The catalog shows one's own offer.
    - `offer.rejected`: The catalog does not show one's own offer; `reason` says why.
    """

    at: str
    data: "OfferVerdict"
    kind: Literal['offer.accepted', 'offer.rejected']
    seq: int
    transaction_id: str


class OrderAsked(TypedDict):
    """The buyer has asked something beside the trade."""

    action: str
    message_id: str
    transaction_id: str


class OrderAskedEvent(TypedDict):
    """- `order.track`: Seller: the buyer asks where the delivery can be followed.
    - `order.rate`: Seller: the buyer has rated the trade.
    - `order.support`: Seller: the buyer asks for support.
    """

    at: str
    data: "OrderAsked"
    kind: Literal['order.track', 'order.rate', 'order.support']
    seq: int
    transaction_id: str


class _Page_ApiToken(TypedDict):
    items: List[Dict[str, Any]]


class Page_ApiToken(_Page_ApiToken, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_Consent(TypedDict):
    items: List[Dict[str, Any]]


class Page_Consent(_Page_Consent, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_Credential(TypedDict):
    items: List[Dict[str, Any]]


class Page_Credential(_Page_Credential, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_FoundOfferView(TypedDict):
    items: List[Dict[str, Any]]


class Page_FoundOfferView(_Page_FoundOfferView, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_Interest(TypedDict):
    items: List[Dict[str, Any]]


class Page_Interest(_Page_Interest, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_Issuer(TypedDict):
    items: List[Dict[str, Any]]


class Page_Issuer(_Page_Issuer, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_JournalEntry(TypedDict):
    items: List[Dict[str, Any]]


class Page_JournalEntry(_Page_JournalEntry, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_MeterDocument(TypedDict):
    items: List[Dict[str, Any]]


class Page_MeterDocument(_Page_MeterDocument, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_MeterView(TypedDict):
    items: List[Dict[str, Any]]


class Page_MeterView(_Page_MeterView, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_OfferDocument(TypedDict):
    items: List[Dict[str, Any]]


class Page_OfferDocument(_Page_OfferDocument, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_Plan(TypedDict):
    items: List[Dict[str, Any]]


class Page_Plan(_Page_Plan, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_Session(TypedDict):
    items: List[Dict[str, Any]]


class Page_Session(_Page_Session, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_StatementHead(TypedDict):
    items: List[Dict[str, Any]]


class Page_StatementHead(_Page_StatementHead, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_Transaction(TypedDict):
    items: List[Dict[str, Any]]


class Page_Transaction(_Page_Transaction, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_TrustChange(TypedDict):
    items: List[Dict[str, Any]]


class Page_TrustChange(_Page_TrustChange, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_User(TypedDict):
    items: List[Dict[str, Any]]


class Page_User(_Page_User, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_UtilityMeter(TypedDict):
    items: List[Dict[str, Any]]


class Page_UtilityMeter(_Page_UtilityMeter, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_UtilityTrade(TypedDict):
    items: List[Dict[str, Any]]


class Page_UtilityTrade(_Page_UtilityTrade, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_Webhook(TypedDict):
    items: List[Dict[str, Any]]


class Page_Webhook(_Page_Webhook, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class _Page_WebhookDelivery(TypedDict):
    items: List[Dict[str, Any]]


class Page_WebhookDelivery(_Page_WebhookDelivery, total=False):
    """One page of a list, newest first."""

    next_cursor: Union[str, None]


class PasswordChanged(TypedDict):
    by: str


class PasswordChangedEvent(TypedDict):
    """- `account.password_changed`: The account has another password."""

    at: str
    data: "PasswordChanged"
    kind: Literal['account.password_changed']
    seq: int
    transaction_id: str


class _Payment(TypedDict):
    amount_inr: str
    at: str
    id: str
    kind: str
    state: str


class Payment(_Payment, total=False):
    """Money on its way to or from the user's bank."""

    reference: Union[str, None]


class PhoneNumber(TypedDict):
    """A number that a code is to be sent to."""

    phone: str


class _PhoneSignIn(TypedDict):
    code: str
    phone: str


class PhoneSignIn(_PhoneSignIn, total=False):
    """The code that was sent; a new number is a new account."""

    cookie: bool
    device: Union[str, None]
    language: Union[str, None]
    name: Union[str, None]


class Place(TypedDict):
    """A place, cut to hundredths of a degree."""

    lat: str
    lon: str


class _Plan(TypedDict):
    created_at: str
    meter_id: str
    parts: List["PlanPart"]
    plan_id: str
    replanned: int
    search_id: str
    secured: "Cover"
    state: str
    updated_at: str


class Plan(_Plan, total=False):
    """A plan as it stands."""

    failure: Union["Reason", None]
    proposal: Union["Proposal", None]


class PlanAccepted(TypedDict):
    """A plan that is stored; what becomes of it follows."""

    plan_id: str
    state: str


class PlanCancelled(TypedDict):
    """A plan that is being cancelled: what becomes of each part."""

    parts: List["PlanPartResult"]
    plan_id: str
    state: str


class _PlanChanged(TypedDict):
    plan_id: str
    search_id: str
    secured_inr: str
    secured_kwh: str
    state: str


class PlanChanged(_PlanChanged, total=False):
    failure: Union["EventFailure", None]


class PlanChangedEvent(TypedDict):
    """- `plan.searching`: A plan is looking for offers.
    - `plan.proposed`: A plan can be confirmed; nothing is held.
    - `plan.reserving`: The sellers of a plan are asked to hold the energy.
    - `plan.confirming`: What a plan holds is being bought.
    - `plan.standing`: All that a plan wanted is bought.
    - `plan.partial`: Some of what a plan wanted is bought, and no more can be had.
    - `plan.failed`: A plan has bought nothing; `failure` says why.
    - `plan.cancelling`: A plan is being cancelled by its owner.
    - `plan.cancelled`: Nothing of a plan stands: it was cancelled by its owner.
    """

    at: str
    data: "PlanChanged"
    kind: Literal['plan.searching', 'plan.proposed', 'plan.reserving', 'plan.confirming', 'plan.standing', 'plan.partial', 'plan.failed', 'plan.cancelling', 'plan.cancelled']
    seq: int
    transaction_id: str


class _PlanPart(TypedDict):
    bpp_id: str
    discom: str
    offer_id: str
    reason: str
    round: int
    score: str
    seller_meter: str
    slots: List["PlannedSlot"]
    state: str
    transaction_id: str
    trust: "ProviderTrust"


class PlanPart(_PlanPart, total=False):
    """One offer of a plan; its transaction exists once the plan is confirmed."""

    co2_avoided_g: Union[int, None]
    distance_km: Union[str, None]
    failure: Union["Reason", None]
    grid_tariff_inr: Union[str, None]
    local: Union[bool, None]
    name: Union[str, None]


class _PlanPartChanged(TypedDict):
    bpp_id: str
    offer_id: str
    plan_id: str
    state: str
    transaction_id: str


class PlanPartChanged(_PlanPartChanged, total=False):
    failure: Union["EventFailure", None]


class PlanPartChangedEvent(TypedDict):
    """- `plan.part_planned`: A seller was added to a plan.
    - `plan.part_reserving`: A seller of a plan is asked to hold the energy.
    - `plan.part_reserved`: A seller of a plan holds the energy.
    - `plan.part_confirming`: A part of a plan is being bought.
    - `plan.part_standing`: A part of a plan is bought.
    - `plan.part_failed`: A part of a plan came to nothing; `failure` says why.
    - `plan.part_released`: A part of a plan was held and let go: it is not wanted.
    - `plan.part_cancelling`: A bought part of a plan is being cancelled.
    - `plan.part_cancelled`: A bought part of a plan is cancelled.
    """

    at: str
    data: "PlanPartChanged"
    kind: Literal['plan.part_planned', 'plan.part_reserving', 'plan.part_reserved', 'plan.part_confirming', 'plan.part_standing', 'plan.part_failed', 'plan.part_released', 'plan.part_cancelling', 'plan.part_cancelled']
    seq: int
    transaction_id: str


class _PlanPartResult(TypedDict):
    result: str
    transaction_id: str


class PlanPartResult(_PlanPartResult, total=False):
    """What becomes of one part of a plan that is being cancelled."""

    failure: Union["Reason", None]


class PlanReplanned(TypedDict):
    plan_id: str
    round: int


class PlanReplannedEvent(TypedDict):
    """- `plan.replanned`: What failed of a plan is planned again."""

    at: str
    data: "PlanReplanned"
    kind: Literal['plan.replanned']
    seq: int
    transaction_id: str


class PlannedSlot(TypedDict):
    """One hour of a part."""

    label_ist: str
    price_inr: str
    quantity_kwh: str
    start: str


class Platform(TypedDict):
    """This platform."""

    market_time: str
    market_time_ist: str
    network_id: str
    subscriber_id: str


class _Problem(TypedDict):
    code: str
    detail: str
    instance: str
    status: int
    title: str
    type: str


class Problem(_Problem, total=False):
    """What stands in the body."""

    field: Union[str, None]
    next_step: Union[str, None]
    remaining_kwh: Union[str, None]


class Profile(TypedDict):
    """A user, the meters and the platform."""

    display_name: str
    energy: "EnergyProfile"
    handle: str
    id: str
    meters: List["MeterView"]
    payout_name: str
    payout_vpa: str
    platform: "Platform"


class _ProfileFact(TypedDict):
    counts: str


class ProfileFact(_ProfileFact, total=False):
    """A quantity, as it is said and as it is proven."""

    counted: Union[str, None]
    declared: Union[str, None]
    verified: Union[str, None]


class _Proposal(TypedDict):
    cheapest_first: "Cover"
    co2_avoided_g: int
    co2_factor_g_per_kwh: int
    co2_source: str
    cover: "Cover"
    offers_found: int
    offers_refused: List["RefusedOffers"]
    optimal: bool
    reasons: List[str]
    uncovered: List["Uncovered"]
    wanted_kwh: str


class Proposal(_Proposal, total=False):
    """How good a plan is, and what else could be had."""

    alternative: Union["Alternative", None]
    average_price_inr: Union[str, None]
    bound: Union["Cover", None]
    grid_tariff_inr: Union[str, None]
    local_share: Union[str, None]
    saving_inr: Union[str, None]


class ProviderTrust(TypedDict):
    """What was settled with a seller before."""

    score: str
    settled_contracts: int
    unknown: bool


class _PublicationView(TypedDict):
    published_revision: int
    revision: int
    state: str


class PublicationView(_PublicationView, total=False):
    """How far an offer is on its way into the catalog."""

    error: Union[str, None]


class _Rank(TypedDict):
    price_part: str
    refused: List["ObstacleView"]
    score: str
    trust: "ProviderTrust"
    trust_part: str
    usable_kwh: str
    window_part: str


class Rank(_Rank, total=False):
    """How an offer suits the filters of the query. Scores are from 0 to 1."""

    average_price_inr: Union[str, None]
    co2_avoided_g_per_kwh: Union[int, None]
    distance_km: Union[str, None]
    grid_tariff_inr: Union[str, None]
    local: Union[bool, None]
    reference_price_inr: Union[str, None]
    saving_inr_per_kwh: Union[str, None]


class _Rate(TypedDict):
    transaction_id: str
    value: int


class Rate(_Rate, total=False):
    """What the seller is worth to the buyer."""

    comment: Union[str, None]


class Ready(TypedDict):
    """Ready, or why not."""

    checks: Dict[str, str]
    status: str


class Reason(TypedDict):
    """A refusal."""

    code: str
    message: str


class Refresh(TypedDict, total=False):
    """The refresh token; nothing where it is in the cookie."""

    refresh_token: Union[str, None]


class _Refused(TypedDict):
    failure: "EventFailure"
    transaction_id: str


class Refused(_Refused, total=False):
    """A step that another party, or the network, did not take."""

    message_id: Union[str, None]


class RefusedEvent(TypedDict):
    """- `search.failed`: A search was refused, or nobody answered it.
    - `contract.confirmed_late`: The seller has confirmed what had ended before.
    - `contract.cancel_refused`: The other side does not accept the cancellation.
    - `contract.update_refused`: The other side does not accept the reduction.
    - `status.refused`: The seller would not say how the contract stands.
    - `track.refused`: The question where the delivery can be followed was refused.
    - `rate.refused`: The seller's platform has refused the rating.
    - `support.refused`: The question for support was refused.
    """

    at: str
    data: "Refused"
    kind: Literal['search.failed', 'contract.confirmed_late', 'contract.cancel_refused', 'contract.update_refused', 'status.refused', 'track.refused', 'rate.refused', 'support.refused']
    seq: int
    transaction_id: str


class RefusedOffers(TypedDict):
    """Offers that were refused for one reason."""

    code: str
    offers: int


class _Register(TypedDict):
    email: str
    name: str
    password: str


class Register(_Register, total=False):
    """A wish for an account."""

    language: Union[str, None]


class Replay(TypedDict, total=False):
    """From where events are sent again: an instant, or an event. Both absent: from the first."""

    after_event: Union[int, None]
    since: Union[str, None]


class _Replayed(TypedDict):
    queued: int


class Replayed(_Replayed, total=False):
    """What is sent again."""

    after_event: Union[int, None]


class ResetPassword(TypedDict):
    """A new password, by a link."""

    password: str
    token: str


class RoleChanged(TypedDict):
    role: str
    was: str


class RoleChangedEvent(TypedDict):
    """- `account.role_changed`: An administrator has given the account another role."""

    at: str
    data: "RoleChanged"
    kind: Literal['account.role_changed']
    seq: int
    transaction_id: str


class SearchAnswered(TypedDict):
    offers: int
    transaction_id: str


class SearchAnsweredEvent(TypedDict):
    """- `search.answered`: A search has brought a page of offers."""

    at: str
    data: "SearchAnswered"
    kind: Literal['search.answered']
    seq: int
    transaction_id: str


class _SearchDocument(TypedDict):
    offers: str
    search: "SearchView"
    side: str
    state: str
    transaction_id: str


class SearchDocument(_SearchDocument, total=False):
    """A search without a contract."""

    failure: Union["Reason", None]


class _SearchView(TypedDict):
    created_at: str
    state: str


class SearchView(_SearchView, total=False):
    """How far a search is."""

    answered_at: Union[str, None]


class _Select(TypedDict):
    bpp_id: str
    offer_id: str
    slots: List["SlotQuantity"]


class Select(_Select, total=False):
    """An offer, and how much of it."""

    transaction_id: Union[str, None]


class Session(TypedDict):
    """A device that is signed in."""

    created_at: str
    current: bool
    device: str
    expires_at: str
    id: str
    signed_in_by: str
    used_at: str


class SessionReused(TypedDict):
    """Somebody has, or had, a token of this session beside the user."""

    device: str
    session_id: str


class SessionReusedEvent(TypedDict):
    """- `session.reused`: A refresh token came twice: its session is ended."""

    at: str
    data: "SessionReused"
    kind: Literal['session.reused']
    seq: int
    transaction_id: str


class _SignIn(TypedDict):
    email: str
    password: str


class SignIn(_SignIn, total=False):
    """E-mail address and password."""

    cookie: bool
    device: Union[str, None]


class SignInStarted(TypedDict):
    """The way to the issuer."""

    url: str


class SlotQuantity(TypedDict):
    """So much energy of one delivery slot."""

    quantity_kwh: str
    start: str


class SlotStock(TypedDict):
    published_kwh: str
    reserved_kwh: str
    sold_kwh: str
    start: str


class Statement(TypedDict):
    """The statement of a month."""

    bought: "Sums"
    closing_inr: str
    currency: str
    lines: List["StatementLine"]
    meters: List["MeterAdjustment"]
    month: str
    movements: List["JournalEntry"]
    name: str
    opening_inr: str
    platform: str
    reconciled: bool
    sold: "Sums"


class StatementHead(TypedDict):
    """One month."""

    closing_inr: str
    csv: str
    html: str
    json: str
    month: str
    open: bool
    opening_inr: str


class _StatementLine(TypedDict):
    allocation: "Allocation"
    booked_at: str
    discom: str
    label_ist: str
    links: "Links"
    meter_id: str
    peer_id: str
    price_inr: str
    side: str
    start: str
    sums: "Sums"
    transaction_id: str


class StatementLine(_StatementLine, total=False):
    """One hour of a trade, and where to look further."""

    contract_id: Union[str, None]


class StockSlot(TypedDict):
    """The stock of one hour: `sold + reserved <= published`, always."""

    available_kwh: str
    end: str
    label_ist: str
    price_inr: str
    published_kwh: str
    reserved_kwh: str
    sold_kwh: str
    start: str
    state: str


class Sums(TypedDict):
    """The positions of one side of trades."""

    amount_inr: str
    energy_inr: str
    energy_kwh: str
    penalty_inr: str
    platform_fee_inr: str
    transaction_charge_inr: str
    wheeling_inr: str


class _Tokens(TypedDict):
    access_token: str
    expires_in: int
    refresh_expires_in: int
    role: str
    session_id: str
    token_type: str
    user_id: str


class Tokens(_Tokens, total=False):
    """What a signed-in user goes on with."""

    refresh_token: Union[str, None]


class Totals(TypedDict, total=False):
    """The sums over all slots; null when a sum cannot be counted."""

    amount_inr: Union[str, None]
    quantity_kwh: Union[str, None]


class TradedSlot(TypedDict):
    """What was agreed for one hour."""

    quantity_kwh: str
    start: str


class _Transaction(TypedDict):
    awaiting_answer: bool
    created_at: str
    gate_closes_at: str
    ledger: str
    network_id: str
    offer_id: str
    peer_id: str
    seller_meter: str
    side: str
    slots: List["ContractSlot"]
    state: str
    totals: "Totals"
    transaction_id: str
    updated_at: str


class Transaction(_Transaction, total=False):
    """One side of a trade, as its user sees it."""

    buyer_meter: Union[str, None]
    cancelled_by: Union[str, None]
    confirmed_at: Union[str, None]
    contract_id: Union[str, None]
    failure: Union["Reason", None]
    reserved_until: Union[str, None]


class TransactionReference(TypedDict):
    """A transaction of the user."""

    transaction_id: str


class _Trust(TypedDict):
    buying: "TrustLimit"
    capacity: "TrustCapacity"
    history: "Page_TrustChange"
    score: str
    selling: "TrustLimit"
    tier: "TrustTier"


class Trust(_Trust, total=False):
    """Score, tier, limits, and a page of the history, newest first."""

    next_tier: Union["TrustTier", None]


class _TrustCapacity(TypedDict):
    production_verified: bool


class TrustCapacity(_TrustCapacity, total=False):
    """What roof and household are said to do in a month."""

    monthly_consumption_kwh: Union[str, None]
    monthly_production_kwh: Union[str, None]


class _TrustChanged(TypedDict):
    arithmetic: str
    cause: str
    score: str
    score_before: str
    tier: str


class TrustChanged(_TrustChanged, total=False):
    side: Union[str, None]


class TrustChangedEvent(TypedDict):
    """- `trust.changed`: The trust score has moved."""

    at: str
    data: "TrustChanged"
    kind: Literal['trust.changed']
    seq: int
    transaction_id: str


class _TrustLimit(TypedDict):
    limit_kwh: str
    months: List["TrustMonth"]


class TrustLimit(_TrustLimit, total=False):
    """One kind of trade."""

    capacity_kwh: Union[str, None]


class TrustMonth(TypedDict):
    """One month of India."""

    month: str
    remaining_kwh: str
    used_kwh: str


class TrustTier(TypedDict):
    """A range of scores."""

    from_score: str
    name: str
    percent: int


class Uncovered(TypedDict):
    """An hour that is not covered whole."""

    missing_kwh: str
    start: str


class Update(TypedDict):
    """The new, smaller quantities; slots that are not named stay."""

    slots: List["SlotQuantity"]
    transaction_id: str


class _User(TypedDict):
    created_at: str
    email_verified: bool
    handle: str
    id: str
    locked: bool
    may_trade: bool
    name: str
    role: str


class User(_User, total=False):
    """An account, as an administrator sees it."""

    discom: Union[str, None]
    email: Union[str, None]
    phone: Union[str, None]


class _UtilityMeter(TypedDict):
    customer_number: str
    meter_id: str
    verified: bool


class UtilityMeter(_UtilityMeter, total=False):
    """A meter of the DISCOM."""

    installed_capacity_w: Union[int, None]
    resource_type: Union[str, None]
    sanctioned_load_w: Union[int, None]


class _UtilityTrade(TypedDict):
    confirmed_at: str
    customer_number: str
    meter_id: str
    side: str
    slots: List["TradedSlot"]
    state: str
    transaction_id: str


class UtilityTrade(_UtilityTrade, total=False):
    """One side of a trade, on a meter of the DISCOM."""

    contract_id: Union[str, None]
    counterpart_meter: Union[str, None]


class Verification(TypedDict):
    """What the link of a new account brought, and the password that was chosen for it."""

    password: str
    token: str


class WantedSlot(TypedDict):
    """So much of one hour."""

    quantity_kwh: str
    start: str


class _Webhook(TypedDict):
    created_at: str
    id: str
    kinds: List[str]
    state: str
    updated_at: str
    url: str


class Webhook(_Webhook, total=False):
    """An address that is told of events."""

    description: Union[str, None]
    failing_since: Union[str, None]
    reason: Union[str, None]


class WebhookChange(TypedDict, total=False):
    """What is to change; what is absent stays."""

    active: Union[bool, None]
    description: Union[str, None]
    kinds: Union[List[str], None]
    url: Union[str, None]


class _WebhookDelivery(TypedDict):
    attempts: int
    created_at: str
    event: int
    id: str
    kind: str
    state: str


class WebhookDelivery(_WebhookDelivery, total=False):
    """One event for one webhook."""

    ended_at: Union[str, None]
    error: Union[str, None]
    next_attempt_at: Union[str, None]
    status: Union[int, None]


class WebhookDisabled(TypedDict):
    reason: str
    url: str
    webhook_id: str


class WebhookDisabledEvent(TypedDict):
    """- `webhook.disabled`: A webhook is not called any more; `reason` says why."""

    at: str
    data: "WebhookDisabled"
    kind: Literal['webhook.disabled']
    seq: int
    transaction_id: str


class WebhookMessage(TypedDict):
    """What is posted to a webhook (Standard Webhooks 1.0.0), under `webhook-id`, `webhook-timestamp` and `webhook-signature`"""

    data: "Event"
    timestamp: str
    type: "EventKind"


class _WebhookWithSecret(TypedDict):
    created_at: str
    id: str
    kinds: List[str]
    state: str
    updated_at: str
    url: str
    secret: str


class WebhookWithSecret(_WebhookWithSecret, total=False):
    """A webhook with its secret, which is shown in this answer only."""

    description: Union[str, None]
    failing_since: Union[str, None]
    reason: Union[str, None]


BillPeriod = TypedDict('BillPeriod', {'evidence': "BillEvidence", 'from': str, 'to': str}, total=False)
Empty = Dict[str, Any]
Event = Union["AccountChangedEvent", "AddressVerifiedEvent", "AnsweredEvent", "CascadeFailedEvent", "ContractChangedEvent", "ContractSettledEvent", "ContractStatusEvent", "DeliveryResolvedEvent", "DeliveryTroubleEvent", "InterestBoughtEvent", "InterestBuyingEvent", "InterestMatchedEvent", "OfferChangedEvent", "OfferStockEvent", "OfferVerdictEvent", "OrderAskedEvent", "PasswordChangedEvent", "PlanChangedEvent", "PlanPartChangedEvent", "PlanReplannedEvent", "RefusedEvent", "RoleChangedEvent", "SearchAnsweredEvent", "SessionReusedEvent", "TrustChangedEvent", "WebhookDisabledEvent"]
EventKind = Literal['search.answered', 'search.failed', 'contract.draft', 'contract.quoted', 'contract.reserved', 'contract.offered', 'contract.confirming', 'contract.recording', 'contract.active', 'contract.standing', 'contract.cancelling', 'contract.cancelled', 'contract.rejected', 'contract.expired', 'contract.disputed', 'contract.confirmed_late', 'contract.cancel_refused', 'contract.update_refused', 'contract.status', 'contract.cascade_failed', 'contract.settled', 'delivery.overdue', 'delivery.exception', 'delivery.resolved', 'status.refused', 'track.answered', 'track.refused', 'rate.answered', 'rate.refused', 'support.answered', 'support.refused', 'order.track', 'order.rate', 'order.support', 'offer.listed', 'offer.changed', 'offer.withdrawn', 'offer.accepted', 'offer.rejected', 'offer.stock_changed', 'plan.searching', 'plan.proposed', 'plan.reserving', 'plan.confirming', 'plan.standing', 'plan.partial', 'plan.failed', 'plan.cancelling', 'plan.cancelled', 'plan.replanned', 'plan.part_planned', 'plan.part_reserving', 'plan.part_reserved', 'plan.part_confirming', 'plan.part_standing', 'plan.part_failed', 'plan.part_released', 'plan.part_cancelling', 'plan.part_cancelled', 'interest.matched', 'interest.buying', 'interest.bought', 'account.changed', 'trust.changed', 'account.verified', 'account.password_changed', 'account.role_changed', 'session.reused', 'webhook.disabled']
PdfFile = str
TransactionDocument = Union["ContractDocument", "SearchDocument"]
WantedTotal = TypedDict('WantedTotal', {'from': str, 'quantity_kwh': str, 'to': str}, total=False)
