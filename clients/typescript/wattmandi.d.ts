// Written by scripts/openapi_types.py from docs/openapi.json: do not change it by hand.

/** What stands in bodies. Energy is in kWh and money in INR, as decimal strings. */
export interface schemas {
  /** A request that is stored and on its way to the network; the outcome follows. */
  Accepted: {
    message_id: string;
    /** Where the contract, or the search, stands now. */
    state: string;
    transaction_id: string;
  };
  /** The account of the user. */
  Account: {
    /** Owed beyond the limit, after a settlement that came to more; paid first from what comes in. */
    arrears_inr: string;
    /** Balance and credit, less what is held: what can be bought for. */
    available_inr: string;
    /** Negative on credit. */
    balance_inr: string;
    /** How far the balance may be in debit. */
    credit_limit_inr: string;
    /** Always `INR`. */
    currency: string;
    /** Set aside for trades and withdrawals under way. */
    held_inr: string;
  };
  /** One booking on the user's account, and what it left there. */
  AccountChanged: {
    /** What the account got; negative for what it paid. */
    amount_inr: string;
    balance_inr: string;
    /** As in `GET /users/me/account/journal`: `hold`, `release`, `settlement`, `correction`, `top_up`, `withdrawal`. */
    cause: string;
    /** Set aside now for trades and withdrawals under way. */
    held_inr: string;
    journal_id: string;
    /** The trade that it is about. */
    transaction_id?: string | null;
  };
  /** - `account.changed`: Money was booked, set aside or set free. */
  AccountChangedEvent: {
    at: string;
    data: schemas["AccountChanged"];
    kind: "account.changed";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** The code that was sent to the address. */
  AddressProof: {
    /** `email` or `phone`. */
    address: string;
    code: string;
  };
  AddressVerified: {
    /** `email` or `phone`. */
    address: string;
  };
  /** - `account.verified`: An address of the account was checked. */
  AddressVerifiedEvent: {
    at: string;
    data: schemas["AddressVerified"];
    kind: "account.verified";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** How much of the hour was allocated, and by whom. */
  Allocation: {
    /** By the buyer's DISCOM. */
    buyer_kwh?: string | null;
    /** `measured`, `estimated`, `outage` or `curtailed`. */
    quality: string;
    requested_kwh: string;
    /** Of the DISCOMs' result. */
    revision: number;
    /** By the seller's DISCOM. */
    seller_kwh?: string | null;
    /** What a correction corrects; null in a first result. */
    settled_before_kwh?: string | null;
    settled_kwh: string;
  };
  /** The best plan without the seller of the most energy. */
  Alternative: {
    cover: schemas["Cover"];
    covers_less_kwh: string;
    dearer_by_inr: string;
    parts: schemas["AlternativePart"][];
    without_bpp_id: string;
    /** Masked. */
    without_meter: string;
  };
  /** One offer of an alternative. */
  AlternativePart: {
    bpp_id: string;
    offer_id: string;
    slots: schemas["PlannedSlot"][];
  };
  /** A question beside a trade has its answer: it stands in the transaction's `exchanges`. */
  Answered: {
    message_id: string;
    transaction_id: string;
  };
  /**
   * - `track.answered`: The seller has told where the delivery can be followed.
   * - `rate.answered`: The seller's platform has taken the rating.
   * - `support.answered`: The seller has told how its support is reached.
   */
  AnsweredEvent: {
    at: string;
    data: schemas["Answered"];
    kind: "track.answered" | "rate.answered" | "support.answered";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** A token, without what it opens. */
  ApiToken: {
    created_at: string;
    expires_at: string;
    id: string;
    name: string;
    scopes: string[];
    /** To the hour. */
    used_at?: string | null;
  };
  BillDropped: {
    /** `discom`, `consumer_number`, `meter_number`, `sanctioned_load`, `bill_period` or `months`. */
    field: string;
    /** `not_in_text`, `out_of_range`, or `disagrees` with what the rules read. */
    reason: string;
    value: string;
  };
  /** Where a value stands. */
  BillEvidence: {
    /** The line of the bill's text. */
    line: string;
    /** From 1. */
    page: number;
    /** `rules`, `model` or `both`. */
    read_by: string;
  };
  BillMonth: {
    evidence: schemas["BillEvidence"];
    month: string;
    units_kwh: string;
  };
  BillPeriod: {
    evidence: schemas["BillEvidence"];
    from: string;
    to: string;
  };
  BillText: {
    evidence: schemas["BillEvidence"];
    value: string;
  };
  BillWatts: {
    evidence: schemas["BillEvidence"];
    value: number;
  };
  /** A transaction to be called off. */
  Cancel: {
    reason?: string | null;
    transaction_id: string;
  };
  /** Why an order is called off. */
  CancelOrder: {
    reason?: string | null;
  };
  CascadeFailed: {
    action: string;
    reason: string;
    /** Subscriber id of who was not told. */
    receiver: string;
    transaction_id: string;
  };
  /** - `contract.cascade_failed`: A party could not be told what was delivered. */
  CascadeFailedEvent: {
    at: string;
    data: schemas["CascadeFailed"];
    kind: "contract.cascade_failed";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** What is to change; what is absent stays. */
  ChangeMe: {
    /** A tag of BCP 47. */
    language?: string | null;
    name?: string | null;
    payout_name?: string | null;
    /** A virtual payment address of UPI. */
    payout_vpa?: string | null;
  };
  /** Another password. */
  ChangePassword: {
    current_password: string;
    new_password: string;
  };
  /** What the user now says; what is absent stays, null takes back. */
  ChangeProfile: {
    battery_capacity_kwh?: string | null;
    /** 0 to 100. */
    battery_level_percent?: number | null;
    customer_number?: string | null;
    discom?: string | null;
    installed_capacity_kw?: string | null;
    monthly_consumption_kwh?: string | null;
    monthly_production_kwh?: string | null;
    place?: string | null;
    sanctioned_load_kw?: string | null;
  };
  /** What is to change; what is absent stays. */
  ChangeUser: {
    /** With the role `utility`: the DISCOM whose desk it is. */
    discom?: string | null;
    /** A locked account opens nothing; its sessions end. */
    locked?: boolean | null;
    /** `prosumer`, `consumer`, `producer`, `utility` or `admin`. */
    role?: string | null;
  };
  /**
   * A proof of a meter: a verified credential, or `discom`, `serial_number` and `key` as they stand on the customer's
   * papers.
   */
  ClaimMeter: {
    /** A verified credential of the user's that names the meter. */
    credential_id?: string | null;
    discom?: string | null;
    key?: string | null;
    /** Which meter, when the credential names several. */
    meter_id?: string | null;
    /** Latitude and longitude in degrees with two decimals at most, which is about a kilometer. */
    place?: string | null;
    serial_number?: string | null;
  };
  /** One word of the user; the newest of a purpose counts. */
  Consent: {
    at: string;
    /** False where the consent is taken back. */
    granted: boolean;
    id: string;
    /** `terms`, `privacy`, `meter_data`, `bill_reading` or `marketing`. */
    purpose: string;
    /** Of the text that was shown. */
    version: string;
  };
  /** One side of a trade stands elsewhere now. */
  ContractChanged: {
    /** The action of the network, or the worker, that made it so. */
    cause: string;
    /** Given by the seller's platform when it confirms. */
    contract_id?: string | null;
    failure?: (schemas["EventFailure"] | null);
    /** `buyer` or `seller`: which side of it is the user's. */
    side: string;
    state: string;
    transaction_id: string;
  };
  /**
   * - `contract.draft`: A price was asked for.
   * - `contract.quoted`: The seller has named a price; nothing is held.
   * - `contract.reserved`: Seller: the energy is held for a buyer.
   * - `contract.offered`: Buyer: the seller holds the energy and named its terms.
   * - `contract.confirming`: Buyer: the confirmation is on its way.
   * - `contract.recording`: Our DISCOM's ledger is being told.
   * - `contract.active`: Seller: sold, recorded, and confirmed to the buyer.
   * - `contract.standing`: Buyer: bought, and recorded by our DISCOM's ledger.
   * - `contract.cancelling`: Called off; the ledgers are being told.
   * - `contract.cancelled`: Called off, and out of the ledgers.
   * - `contract.rejected`: Refused by a party; `failure` says why.
   * - `contract.expired`: Not concluded in time.
   * - `contract.disputed`: The two sides cannot both be right; a person must look.
   */
  ContractChangedEvent: {
    at: string;
    data: schemas["ContractChanged"];
    kind: "contract.draft" | "contract.quoted" | "contract.reserved" | "contract.offered" | "contract.confirming" | "contract.recording" | "contract.active" | "contract.standing" | "contract.cancelling" | "contract.cancelled" | "contract.rejected" | "contract.expired" | "contract.disputed";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** One side of a trade, with its history and the questions beside it. */
  ContractDocument: (schemas["Transaction"] & {
    delivery?: (schemas["DeliveryView"] | null);
    /** `track`, `rate` and `support`, newest first. */
    exchanges: schemas["ExchangeView"][];
    /** Oldest first. */
    history: schemas["History"][];
    search?: (schemas["SearchView"] | null);
  });
  /** A delivery with its final result, booked on the user's account in the same transaction. */
  ContractSettled: {
    /** Price times settled quantity, before charges. */
    amount_inr: string;
    contract_id?: string | null;
    requested_kwh?: string | null;
    settled_kwh: string;
    /** 1, and one more for each correction. */
    settlement: number;
    /** `buyer` or `seller`. */
    side: string;
    transaction_id: string;
  };
  /** - `contract.settled`: What was delivered is final and paid. */
  ContractSettledEvent: {
    at: string;
    data: schemas["ContractSettled"];
    kind: "contract.settled";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** One hour of a contract. */
  ContractSlot: {
    /** Price times quantity; null when that cannot be counted. */
    amount_inr?: string | null;
    end: string;
    label_ist: string;
    price_inr: string;
    quantity_kwh: string;
    start: string;
  };
  /** What somebody told of a contract, and what of it we took. */
  ContractStatus: {
    /** Cells in which the sender's copy differs from ours, separated by commas. */
    differs: string;
    /** Cells that contradict what was told before. */
    disputed: string[];
    error?: (schemas["EventFailure"] | null);
    /** The reference under which the buyer has paid, where that was told. */
    paid?: string | null;
    /** Cells that the sender may not write. */
    refused: string[];
    /** The contract's status in the network's words. */
    status?: string | null;
    /** Subscriber id of who told it. */
    told_by: string;
    transaction_id: string;
    /** How many cells of the delivery were written by it. */
    written: number;
  };
  /** - `contract.status`: Somebody has told how the contract and its delivery stand. */
  ContractStatusEvent: {
    at: string;
    data: schemas["ContractStatus"];
    kind: "contract.status";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** The copy of another holder. */
  CopyView: {
    /** The cells in which it contradicts ours, `COLUMN@start`. */
    differs: string[];
    /** Over the cells that it fills; equal tables have equal digests. */
    digest: string;
    /** Subscriber id. */
    holder: string;
    told_at: string;
  };
  /** Energy and what it costs. */
  Cover: {
    amount_inr: string;
    quantity_kwh: string;
  };
  /** A new token. What it opens is shown here and never again. */
  CreatedApiToken: (schemas["ApiToken"] & {
    token: string;
  });
  /** A credential, as it was judged. */
  Credential: {
    checks: schemas["CredentialCheck"][];
    created_at: string;
    credential_id: string;
    /** Masked. */
    customer_number?: string | null;
    /** The DISCOM that the issuer speaks for. */
    discom?: string | null;
    /** `json`, `jwt` or `pdf`. */
    form: string;
    issuer?: string | null;
    kind?: string | null;
    /** What it says of each meter; believed only when `state` is `verified`. */
    meters: schemas["CredentialClaim"][];
    /** Code of the program, of an enrollment. */
    program?: string | null;
    /**
     * `verified` when every check passed, else `refused`. Later its issuer may have made it `revoked`; it is
     * `suspended` while nobody says whether it is, and proves nothing until somebody does.
     */
    state: string;
    valid_from?: string | null;
    valid_until?: string | null;
  };
  /** One check. */
  CredentialCheck: {
    /**
     * Of a credential `format`, `schema`, `issuer`, `proof`, `dates`, `revocation`, `discom`, `meter`, `customer` or
     * `role`; of a bill `meter`, `customer`, `load`, `period` or `readers`.
     */
    check: string;
    reason: string;
    /** `passed`, `failed` or `unknown`; only `passed` counts. */
    verdict: string;
  };
  /** What a credential says of one meter. */
  CredentialClaim: {
    installed_capacity_w?: number | null;
    /** Masked, unless it is the user's own. */
    meter_id?: string | null;
    resource_type?: string | null;
    sanctioned_load_w?: number | null;
    storage_wh?: number | null;
  };
  /** What the operator decided about a delivery that needed a person. */
  DeliveryResolved: {
    contract_id?: string | null;
    decision: string;
    reason: string;
    /** The newest settlement of the contract; 0 when there is none. */
    settlement: number;
    /** `buyer` or `seller`. */
    side: string;
    transaction_id: string;
  };
  /** - `delivery.resolved`: A person has decided about a delivery. */
  DeliveryResolvedEvent: {
    at: string;
    data: schemas["DeliveryResolved"];
    kind: "delivery.resolved";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** What the DISCOMs wrote of one slot, newest values; null: not written. */
  DeliverySlotView: {
    buyer_allocated_kwh?: string | null;
    buyer_status?: string | null;
    final_kwh?: string | null;
    /** `direct` or `relayed` by a platform: how the final value came. */
    final_provenance?: string | null;
    /** How often the final value was written; more than 1: corrected. */
    final_round: number;
    requested_kwh: string;
    seller_allocated_kwh?: string | null;
    seller_status?: string | null;
    start: string;
  };
  DeliveryTrouble: {
    contract_id?: string | null;
    reason: string;
    /** `buyer` or `seller`. */
    side: string;
    transaction_id: string;
  };
  /**
   * - `delivery.overdue`: The DISCOMs' timetable has ended without a final result.
   * - `delivery.exception`: A delivery needs a person; `reason` says why.
   */
  DeliveryTroubleEvent: {
    at: string;
    data: schemas["DeliveryTrouble"];
    kind: "delivery.overdue" | "delivery.exception";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** What became of a contract after its gate. */
  DeliveryView: {
    /** How the other holders of a copy last told it. */
    copies: schemas["CopyView"][];
    /** Of our own table, to compare the copies with. */
    digest?: string | null;
    /** The end of its last slot, market time. */
    ends_at: string;
    /** Why a person must look. */
    reason?: string | null;
    settled_at?: string | null;
    /** 0: not settled; each correction by a DISCOM adds one to the first settlement. */
    settlement: number;
    /** In order of time; a slot that nothing was requested of is left out. */
    slots: schemas["DeliverySlotView"][];
    /** `awaited`, `told`, `settled`, `exception` or `void`. */
    state: string;
  };
  /** What is looked for; everything when neither is given. */
  Discover: {
    /** A JSONPath over catalogs, in the network's dialect. */
    filter?: string | null;
    /** Words. */
    text?: string | null;
  };
  /** An address that a link is to be sent to. */
  EmailAddress: {
    email: string;
  };
  /** No members. */
  Empty: Record<string, unknown>;
  /** What the user says, what is proven, and what counts. */
  EnergyProfile: {
    battery_capacity_kwh?: string | null;
    battery_level_percent?: number | null;
    /** Masked. */
    customer_number?: string | null;
    discom?: string | null;
    /** Over all verified meters. */
    installed_capacity_kw: schemas["ProfileFact"];
    monthly_consumption_kwh: schemas["ProfileFact"];
    monthly_production_kwh: schemas["ProfileFact"];
    /** Latitude and longitude in degrees, about a kilometer. */
    place?: string | null;
    /** Over all verified meters. */
    sanctioned_load_kw: schemas["ProfileFact"];
  };
  /** Shows once more who one is: one of the two. */
  EraseMe: {
    /** For accounts by mobile number: `POST /auth/phone/code` sends it. */
    code?: string | null;
    password?: string | null;
  };
  /** The account is gone. */
  Erased: {
    erased_at: string;
    /**
     * Until then, by the clock of the market, the messages of settled trades are kept in case of a dispute, and with
     * them the meter's number; afterwards their digests, under a random id.
     */
    evidence_until: string;
  };
  /** One event of the user's log, as streams and webhooks tell it */
  Event: (schemas["AccountChangedEvent"] | schemas["AddressVerifiedEvent"] | schemas["AnsweredEvent"] | schemas["CascadeFailedEvent"] | schemas["ContractChangedEvent"] | schemas["ContractSettledEvent"] | schemas["ContractStatusEvent"] | schemas["DeliveryResolvedEvent"] | schemas["DeliveryTroubleEvent"] | schemas["InterestBoughtEvent"] | schemas["InterestBuyingEvent"] | schemas["InterestMatchedEvent"] | schemas["OfferChangedEvent"] | schemas["OfferStockEvent"] | schemas["OfferVerdictEvent"] | schemas["OrderAskedEvent"] | schemas["PasswordChangedEvent"] | schemas["PlanChangedEvent"] | schemas["PlanPartChangedEvent"] | schemas["PlanReplannedEvent"] | schemas["RefusedEvent"] | schemas["RoleChangedEvent"] | schemas["SearchAnsweredEvent"] | schemas["SessionReusedEvent"] | schemas["TrustChangedEvent"] | schemas["WebhookDisabledEvent"]);
  /** Why something was refused, in the network's words. */
  EventFailure: {
    code: string;
    message: string;
  };
  /**
   * - `search.answered` (SearchAnswered): A search has brought a page of offers.
   * - `search.failed` (Refused): A search was refused, or nobody answered it.
   * - `contract.draft` (ContractChanged): A price was asked for.
   * - `contract.quoted` (ContractChanged): The seller has named a price; nothing is held.
   * - `contract.reserved` (ContractChanged): Seller: the energy is held for a buyer.
   * - `contract.offered` (ContractChanged): Buyer: the seller holds the energy and named its terms.
   * - `contract.confirming` (ContractChanged): Buyer: the confirmation is on its way.
   * - `contract.recording` (ContractChanged): Our DISCOM's ledger is being told.
   * - `contract.active` (ContractChanged): Seller: sold, recorded, and confirmed to the buyer.
   * - `contract.standing` (ContractChanged): Buyer: bought, and recorded by our DISCOM's ledger.
   * - `contract.cancelling` (ContractChanged): Called off; the ledgers are being told.
   * - `contract.cancelled` (ContractChanged): Called off, and out of the ledgers.
   * - `contract.rejected` (ContractChanged): Refused by a party; `failure` says why.
   * - `contract.expired` (ContractChanged): Not concluded in time.
   * - `contract.disputed` (ContractChanged): The two sides cannot both be right; a person must look.
   * - `contract.confirmed_late` (Refused): The seller has confirmed what had ended before.
   * - `contract.cancel_refused` (Refused): The other side does not accept the cancellation.
   * - `contract.update_refused` (Refused): The other side does not accept the reduction.
   * - `contract.status` (ContractStatus): Somebody has told how the contract and its delivery stand.
   * - `contract.cascade_failed` (CascadeFailed): A party could not be told what was delivered.
   * - `contract.settled` (ContractSettled): What was delivered is final and paid.
   * - `delivery.overdue` (DeliveryTrouble): The DISCOMs' timetable has ended without a final result.
   * - `delivery.exception` (DeliveryTrouble): A delivery needs a person; `reason` says why.
   * - `delivery.resolved` (DeliveryResolved): A person has decided about a delivery.
   * - `status.refused` (Refused): The seller would not say how the contract stands.
   * - `track.answered` (Answered): The seller has told where the delivery can be followed.
   * - `track.refused` (Refused): The question where the delivery can be followed was refused.
   * - `rate.answered` (Answered): The seller's platform has taken the rating.
   * - `rate.refused` (Refused): The seller's platform has refused the rating.
   * - `support.answered` (Answered): The seller has told how its support is reached.
   * - `support.refused` (Refused): The question for support was refused.
   * - `order.track` (OrderAsked): Seller: the buyer asks where the delivery can be followed.
   * - `order.rate` (OrderAsked): Seller: the buyer has rated the trade.
   * - `order.support` (OrderAsked): Seller: the buyer asks for support.
   * - `offer.listed` (OfferChanged): One's own offer is listed.
   * - `offer.changed` (OfferChanged): One's own offer has another price, quantity or name.
   * - `offer.withdrawn` (OfferChanged): What was left of one's own offer is withdrawn.
   * - `offer.accepted` (OfferVerdict): The catalog shows one's own offer.
   * - `offer.rejected` (OfferVerdict): The catalog does not show one's own offer; `reason` says why.
   * - `offer.stock_changed` (OfferStock): Energy of one's own offer was reserved, sold or given back.
   * - `plan.searching` (PlanChanged): A plan is looking for offers.
   * - `plan.proposed` (PlanChanged): A plan can be confirmed; nothing is held.
   * - `plan.reserving` (PlanChanged): The sellers of a plan are asked to hold the energy.
   * - `plan.confirming` (PlanChanged): What a plan holds is being bought.
   * - `plan.standing` (PlanChanged): All that a plan wanted is bought.
   * - `plan.partial` (PlanChanged): Some of what a plan wanted is bought, and no more can be had.
   * - `plan.failed` (PlanChanged): A plan has bought nothing; `failure` says why.
   * - `plan.cancelling` (PlanChanged): A plan is being cancelled by its owner.
   * - `plan.cancelled` (PlanChanged): Nothing of a plan stands: it was cancelled by its owner.
   * - `plan.replanned` (PlanReplanned): What failed of a plan is planned again.
   * - `plan.part_planned` (PlanPartChanged): A seller was added to a plan.
   * - `plan.part_reserving` (PlanPartChanged): A seller of a plan is asked to hold the energy.
   * - `plan.part_reserved` (PlanPartChanged): A seller of a plan holds the energy.
   * - `plan.part_confirming` (PlanPartChanged): A part of a plan is being bought.
   * - `plan.part_standing` (PlanPartChanged): A part of a plan is bought.
   * - `plan.part_failed` (PlanPartChanged): A part of a plan came to nothing; `failure` says why.
   * - `plan.part_released` (PlanPartChanged): A part of a plan was held and let go: it is not wanted.
   * - `plan.part_cancelling` (PlanPartChanged): A bought part of a plan is being cancelled.
   * - `plan.part_cancelled` (PlanPartChanged): A bought part of a plan is cancelled.
   * - `interest.matched` (InterestMatched): The market: new offers fit a standing interest.
   * - `interest.buying` (InterestBuying): A standing interest has made a plan and buys.
   * - `interest.bought` (InterestBought): The plan of a standing interest has ended.
   * - `account.changed` (AccountChanged): Money was booked, set aside or set free.
   * - `trust.changed` (TrustChanged): The trust score has moved.
   * - `account.verified` (AddressVerified): An address of the account was checked.
   * - `account.password_changed` (PasswordChanged): The account has another password.
   * - `account.role_changed` (RoleChanged): An administrator has given the account another role.
   * - `session.reused` (SessionReused): A refresh token came twice: its session is ended.
   * - `webhook.disabled` (WebhookDisabled): A webhook is not called any more; `reason` says why.
   */
  EventKind: "search.answered" | "search.failed" | "contract.draft" | "contract.quoted" | "contract.reserved" | "contract.offered" | "contract.confirming" | "contract.recording" | "contract.active" | "contract.standing" | "contract.cancelling" | "contract.cancelled" | "contract.rejected" | "contract.expired" | "contract.disputed" | "contract.confirmed_late" | "contract.cancel_refused" | "contract.update_refused" | "contract.status" | "contract.cascade_failed" | "contract.settled" | "delivery.overdue" | "delivery.exception" | "delivery.resolved" | "status.refused" | "track.answered" | "track.refused" | "rate.answered" | "rate.refused" | "support.answered" | "support.refused" | "order.track" | "order.rate" | "order.support" | "offer.listed" | "offer.changed" | "offer.withdrawn" | "offer.accepted" | "offer.rejected" | "offer.stock_changed" | "plan.searching" | "plan.proposed" | "plan.reserving" | "plan.confirming" | "plan.standing" | "plan.partial" | "plan.failed" | "plan.cancelling" | "plan.cancelled" | "plan.replanned" | "plan.part_planned" | "plan.part_reserving" | "plan.part_reserved" | "plan.part_confirming" | "plan.part_standing" | "plan.part_failed" | "plan.part_released" | "plan.part_cancelling" | "plan.part_cancelled" | "interest.matched" | "interest.buying" | "interest.bought" | "account.changed" | "trust.changed" | "account.verified" | "account.password_changed" | "account.role_changed" | "session.reused" | "webhook.disabled";
  /** Opens one stream, once. */
  EventTicket: {
    /** Half a minute from now. */
    expires_at: string;
    /** Where it is used. */
    path: string;
    ticket: string;
  };
  /**
   * A question beside the trade, and its answer, as they stood on the wire but for meters and customer numbers that are
   * not yours, which are masked.
   */
  ExchangeView: {
    /** `track`, `rate` or `support`. */
    action: string;
    answered_at?: string | null;
    created_at: string;
    failure?: (schemas["Reason"] | null);
    message_id: string;
    request?: Record<string, unknown> | null;
    response?: Record<string, unknown> | null;
  };
  /** All that is stored of a user, one list for each kind of it. */
  Export: {
    /** Oneself. */
    account: {
      consumption_claimed: boolean | null;
      created_at: string | null;
      discom_code: string | null;
      display_name: string | null;
      handle: string | null;
      id: string | null;
      language: string | null;
      locked_at: string | null;
      monthly_consumption_kwh: string | null;
      monthly_production_kwh: string | null;
      payout_name: string | null;
      payout_vpa: string | null;
      production_verified: boolean | null;
      role: string | null;
      verified: boolean | null;
    }[];
    /** One's money. */
    accounts: {
      balance_inr: string | null;
      credit_limit_inr: string | null;
      held_inr: string | null;
      id: string | null;
      kind: string | null;
      opened_at: string | null;
    }[];
    /** The tokens of one's machines, without what they open. */
    api_tokens: {
      created_at: string | null;
      expires_at: string | null;
      id: string | null;
      name: string | null;
      revoked_at: string | null;
      scopes: string | null;
      used_at: string | null;
    }[];
    /** What one has agreed to and taken back. */
    consents: {
      at: string | null;
      granted: boolean | null;
      id: string | null;
      purpose: string | null;
      version: string | null;
    }[];
    /** How one can be reached, and signs in; never the password, nor its hash. */
    contacts: {
      created_at: string | null;
      email: string | null;
      email_verified: boolean | null;
      has_password: boolean | null;
      phone: string | null;
      updated_at: string | null;
    }[];
    /** What was handed in, what came of each check, and what it says. */
    credentials: {
      checks: unknown;
      claims: unknown;
      created_at: string | null;
      deleted_at: string | null;
      digest: string | null;
      discom_code: string | null;
      form: string | null;
      id: string | null;
      issuer: string | null;
      kind: string | null;
      revoked_at: string | null;
      status_url: string | null;
      suspended_at: string | null;
      valid_from: string | null;
      valid_until: string | null;
      verdict: string | null;
    }[];
    /** What became of each trade after its hours. */
    deliveries: {
      contract: string | null;
      ends_at: string | null;
      reason: string | null;
      settled_at: string | null;
      settlement: number | null;
      state: string | null;
    }[];
    /** What one was told. */
    events: {
      at: string | null;
      kind: string | null;
      payload: unknown;
      seq: number | null;
      transaction_id: string | null;
    }[];
    exported_at: string;
    /** What this shape is called */
    format: string;
    /** What one waits for. */
    interests: {
      buys: boolean | null;
      created_at: string | null;
      id: string | null;
      limit_inr: string | null;
      limit_kwh: string | null;
      plan_id: string | null;
      search_id: string | null;
      state: string | null;
      updated_at: string | null;
      used_inr: string | null;
      used_kwh: string | null;
      wish: unknown;
    }[];
    /** Every booking on it. */
    journal: {
      account: string | null;
      amount_inr: string | null;
      at: string | null;
      contract: string | null;
      held_inr: string | null;
      journal: string | null;
      kind: string | null;
      month: string | null;
      recorded_at: string | null;
      reference: string | null;
    }[];
    /** Messages of the network about one's trades and searches, without their text, which names others as well. */
    messages_received: {
      action: string | null;
      body_digest: string | null;
      message_id: string | null;
      received_at: string | null;
      sender: string | null;
      state: string | null;
      transaction_id: string | null;
    }[];
    /** The same of those that were sent. */
    messages_sent: {
      action: string | null;
      created_at: string | null;
      finished_at: string | null;
      message_id: string | null;
      state: string | null;
      target: string | null;
      transaction_id: string | null;
    }[];
    /** The bonus of trust that one of them gave. */
    meter_bonuses: {
      at: string | null;
      digest: string | null;
      document: string | null;
    }[];
    /** Every try to claim a meter. */
    meter_claims: {
      at: string | null;
      id: string | null;
      meter_key: string | null;
      method: string | null;
      outcome: string | null;
    }[];
    /** The bills that were handed in: what was read of each, and how good it is; the file was not kept. */
    meter_documents: {
      bonus: string | null;
      checks: unknown;
      created_at: string | null;
      deleted_at: string | null;
      digest: string | null;
      grade: string | null;
      id: string | null;
      model: string | null;
      pages: number | null;
      reading: unknown;
    }[];
    /** Why a meter is, or was, verified. */
    meter_proofs: {
      at: string | null;
      credential: string | null;
      ended_at: string | null;
      id: string | null;
      installed_capacity_kw: string | null;
      meter_key: string | null;
      resource_type: string | null;
      sanctioned_load_kw: string | null;
      source: string | null;
      valid_until: string | null;
    }[];
    /** One's meters, those given up included. */
    meters: {
      created_at: string | null;
      customer_number: string | null;
      discom_code: string | null;
      id: string | null;
      installed_capacity_kw: string | null;
      latitude: string | null;
      longitude: string | null;
      meter_id: string | null;
      released_at: string | null;
      resource_type: string | null;
      sanctioned_load_kw: string | null;
      verified: boolean | null;
    }[];
    /** The hours of these offers. */
    offer_slots: {
      offer_id: string | null;
      price_inr: string | null;
      published_kwh: string | null;
      reserved_kwh: string | null;
      slot_start: string | null;
      sold_kwh: string | null;
    }[];
    /** What one has offered. */
    offers: {
      created_at: string | null;
      id: string | null;
      meter_key: string | null;
      name: string | null;
      publish_error: string | null;
      publish_state: string | null;
      publish_transaction_id: string | null;
      state: string | null;
      updated_at: string | null;
      valid_from: string | null;
      valid_until: string | null;
    }[];
    /** Issuers elsewhere that vouch for one. */
    other_logins: {
      created_at: string | null;
      issuer: string | null;
      subject: string | null;
      used_at: string | null;
    }[];
    /** Money that came from, or went to, one's bank, and what one paid for trades. */
    payments: {
      amount_inr: string | null;
      at: string | null;
      contract: string | null;
      created_at: string | null;
      id: string | null;
      kind: string | null;
      reference: string | null;
      state: string | null;
    }[];
    /** What came of each plan. */
    plan_parts: {
      bpp_id: string | null;
      created_at: string | null;
      failure_code: string | null;
      failure_message: string | null;
      offer_id: string | null;
      plan_id: string | null;
      round: number | null;
      slots: unknown;
      state: string | null;
      transaction_id: string | null;
    }[];
    /** What one wished to have planned. */
    plans: {
      created_at: string | null;
      failure_code: string | null;
      failure_message: string | null;
      id: string | null;
      search_id: string | null;
      state: string | null;
      updated_at: string | null;
      wish: unknown;
    }[];
    /** What one says of roof and household; the place in degrees, to the hundredth. */
    profile: {
      battery_capacity_kwh: string | null;
      battery_level: number | null;
      customer_number: string | null;
      discom_code: string | null;
      installed_capacity_kw: string | null;
      latitude: string | null;
      longitude: string | null;
      sanctioned_load_kw: string | null;
      updated_at: string | null;
    }[];
    /** `track`, `rate` and `support`; what others asked and were told is theirs. */
    questions: {
      action: string | null;
      answered_at: string | null;
      created_at: string | null;
      failure_code: string | null;
      failure_message: string | null;
      message_id: string | null;
      request: unknown;
      response: unknown;
      side: string | null;
      transaction_id: string | null;
    }[];
    /** What was listed and bought in each month, against the limit of that time. */
    quotas: {
      ceiling_kwh: string | null;
      kind: string | null;
      month: string | null;
      used_kwh: string | null;
    }[];
    /** What one looked for; the offers that were found are other people's. */
    searches: {
      answered_at: string | null;
      created_at: string | null;
      failure_code: string | null;
      failure_message: string | null;
      state: string | null;
      transaction_id: string | null;
    }[];
    /** Where one is, or was, signed in. */
    sessions: {
      created_at: string | null;
      device: string | null;
      ended_at: string | null;
      ended_by: string | null;
      expires_at: string | null;
      id: string | null;
      used_at: string | null;
      way: string | null;
    }[];
    /** The hours of these settlements. */
    settled_slots: {
      charge_inr: string | null;
      contract: string | null;
      energy_inr: string | null;
      fee_inr: string | null;
      final_kwh: string | null;
      penalty_inr: string | null;
      price_inr: string | null;
      quality: string | null;
      requested_kwh: string | null;
      revision: number | null;
      round1_kwh: string | null;
      round2_kwh: string | null;
      slot_start: string | null;
      wheeling_inr: string | null;
    }[];
    /** How each trade was settled, corrections included. */
    settlements: {
      at: string | null;
      contract: string | null;
      discom: string | null;
      discom_flow_inr: string | null;
      journal: string | null;
      month: string | null;
      previous: number | null;
      revision: number | null;
      traded_inr: string | null;
    }[];
    /** Each month of India: what moved, and with what it closed. `/users/me/statements/{month}` has the whole. */
    statements: {
      closing_inr: string | null;
      month: string | null;
      moved_inr: string | null;
    }[];
    /** What DISCOMs and platforms wrote into the table of each trade, in rounds. */
    trade_cells: {
      column_name: string | null;
      contract: string | null;
      provenance: string | null;
      round: number | null;
      slot_start: string | null;
      value: string | null;
      writer: string | null;
      written_at: string | null;
    }[];
    /** What happened to each trade. */
    trade_history: {
      at: string | null;
      cause: string | null;
      contract: string | null;
      message_id: string | null;
      revision: number | null;
      state: string | null;
    }[];
    /** What was asked for in each hour. */
    trade_slots: {
      contract: string | null;
      price_inr: string | null;
      requested_kwh: string | null;
      slot_start: string | null;
    }[];
    /** One's side of each trade; the other side is named by its platform only. */
    trades: {
      cancelled_by: string | null;
      confirmed_at: string | null;
      contract_id: string | null;
      created_at: string | null;
      failure_code: string | null;
      failure_message: string | null;
      gate_closes_at: string | null;
      id: string | null;
      network_id: string | null;
      offer_id: string | null;
      own_meter: string | null;
      peer_id: string | null;
      side: string | null;
      state: string | null;
      transaction_id: string | null;
      updated_at: string | null;
    }[];
    /** How far one is trusted, 0 to 1. */
    trust: {
      changes: number | null;
      score: string | null;
      updated_at: string | null;
    }[];
    /** Why. */
    trust_history: {
      arithmetic: string | null;
      at: string | null;
      cause: string | null;
      contract: string | null;
      delivered_kwh: string | null;
      delta: string | null;
      expected_kwh: string | null;
      round: number | null;
      score_after: string | null;
      score_before: string | null;
      seq: number | null;
      side: string | null;
    }[];
    /** Those that one has let go, whose word opens the account no more. */
    unlinked_logins: {
      at: string | null;
      issuer: string | null;
      subject: string | null;
    }[];
    user_id: string;
    /** Of which events. */
    webhook_filters: {
      pattern: string | null;
      webhook: string | null;
    }[];
    /** Addresses that are told of one's events, without what signs that. */
    webhooks: {
      created_at: string | null;
      description: string | null;
      failures: number | null;
      generation: number | null;
      id: string | null;
      reason: string | null;
      rotated_at: string | null;
      state: string | null;
      updated_at: string | null;
      url: string | null;
    }[];
  };
  /** A found offer. */
  FoundOfferView: {
    /** The seller's platform. */
    bpp_id: string;
    /** Code of the seller's DISCOM. */
    discom: string;
    found_at: string;
    name?: string | null;
    obstacle?: (schemas["ObstacleView"] | null);
    offer_id: string;
    rank: schemas["Rank"];
    resource_type?: string | null;
    /** Masked: the last four characters. */
    seller_meter: string;
    slots: schemas["FoundSlotView"][];
    valid_until?: string | null;
  };
  /** One hour of a found offer. */
  FoundSlotView: {
    /** When the catalog was read; the seller has the last word. */
    available_kwh: string;
    end: string;
    label_ist: string;
    price_inr: string;
    start: string;
    /** `open`, `closed` or `not_open` for trade now. */
    state: string;
  };
  /** What the user says. */
  GiveConsent: {
    granted: boolean;
    /** `terms`, `privacy`, `meter_data`, `bill_reading` or `marketing`. */
    purpose: string;
    version: string;
  };
  /** Alive. */
  Health: {
    status: string;
  };
  /** A line of history. */
  History: {
    at: string;
    /** The action of the network, or the worker, that made it so. */
    cause: string;
    message_id?: string | null;
    revision: number;
    state: string;
  };
  /** Which of one's meters buys; offer and slots when no `select` named them. */
  Init: {
    bpp_id?: string | null;
    meter_id: string;
    offer_id?: string | null;
    slots?: schemas["SlotQuantity"][] | null;
    transaction_id: string;
  };
  /** A standing interest. */
  Interest: {
    buys: boolean;
    created_at: string;
    interest_id: string;
    limit_kwh: string;
    max_price_inr?: string | null;
    max_total_inr?: string | null;
    meter_id: string;
    /** The plan under way. */
    plan_id?: string | null;
    /** The offers that fit, as those of a search: `/api/transactions/{search_id}/offers`. */
    search_id: string;
    /** `active` or `closed`. */
    state: string;
    used_inr: string;
    /** Bought, or held for the plan under way. */
    used_kwh: string;
  };
  InterestBought: {
    interest_id: string;
    plan_id: string;
    /** How the plan ended: `standing`, `partial` or `failed`. */
    state: string;
  };
  /** - `interest.bought`: The plan of a standing interest has ended. */
  InterestBoughtEvent: {
    at: string;
    data: schemas["InterestBought"];
    kind: "interest.bought";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  InterestBuying: {
    interest_id: string;
    plan_id: string;
  };
  /** - `interest.buying`: A standing interest has made a plan and buys. */
  InterestBuyingEvent: {
    at: string;
    data: schemas["InterestBuying"];
    kind: "interest.buying";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  InterestMatched: {
    interest_id: string;
    offers: schemas["OfferName"][];
    /** Its offers are at `/api/transactions/{search_id}/offers`. */
    search_id: string;
  };
  /** - `interest.matched`: The market: new offers fit a standing interest. */
  InterestMatchedEvent: {
    at: string;
    data: schemas["InterestMatched"];
    kind: "interest.matched";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** One issuer. */
  Issuer: {
    name: string;
    /** Where a browser goes to sign in there. */
    start: string;
    /** For people. */
    title: string;
  };
  /** One booking. */
  JournalEntry: {
    /** What the account got; negative for what it paid. */
    amount_inr: string;
    /** Market time. */
    at: string;
    /** How what is held has changed. */
    held_inr: string;
    id: string;
    /** `hold`, `release`, `settlement`, `correction`, `top_up` or `withdrawal`. */
    kind: string;
    /** Unique among those of its kind. */
    reference: string;
    /** The trade that it is about. */
    transaction_id?: string | null;
  };
  /** The public keys of access tokens (RFC 7517). */
  JsonWebKeySet: {
    keys: (Record<string, unknown>)[];
  };
  /** An issuer that vouches for the user. */
  LinkedIssuer: {
    created_at: string;
    id: string;
    issuer: string;
    /** When the user last signed in by it. */
    used_at: string;
  };
  /** Where a line opens. */
  Links: {
    events: string;
    trade: string;
  };
  /** By what the user signs in. */
  Logins: {
    email?: string | null;
    email_verified: boolean;
    /** The issuers that vouch for the user, oldest first. */
    issuers: schemas["LinkedIssuer"][];
    /** Whether there is one; without one `POST /auth/password/forgot` leads to one, once there is an e-mail address. */
    password: boolean;
    phone?: string | null;
  };
  /** Oneself. */
  Me: {
    created_at: string;
    /** The DISCOM whose desk a utility is. */
    discom?: string | null;
    email?: string | null;
    email_verified: boolean;
    handle: string;
    id: string;
    language: string;
    /** Whether an address was checked: who has none of that looks around and does not trade. */
    may_trade: boolean;
    name: string;
    /** Whom a buyer pays. */
    payout_name: string;
    /** Empty until it is said; without one nothing is offered. */
    payout_vpa: string;
    phone?: string | null;
    /** `prosumer`, `consumer`, `producer`, `utility` or `admin`. */
    role: string;
  };
  /** A message is on its way, if there is anybody whom it is for. */
  MessageSent: {
    /** How long what it brings is good. */
    expires_in: number;
    /** `email` or `phone`. */
    sent_by: string;
  };
  /** One meter. */
  MeterAdjustment: {
    /** To be taken off what was drawn. */
    bought_kwh: string;
    customer_number: string;
    discom: string;
    meter_id: string;
    /** To be taken off what was fed in. */
    sold_kwh: string;
  };
  /** A bill, as it was read. What it says is declared, not verified: it raises no limit. */
  MeterDocument: {
    bill_period?: (schemas["BillPeriod"] | null);
    /**
     * Whether this bill gave the bonus of trust: `given`, or why not: `meter_not_yours`, `grade_too_low`,
     * `account_had_it`, `meter_had_it`, `document_had_it`.
     */
    bonus: string;
    /** `meter`, `customer`, `load`, `period` and `readers`. */
    checks: schemas["CredentialCheck"][];
    consumer_number?: (schemas["BillText"] | null);
    created_at: string;
    discom?: (schemas["BillText"] | null);
    /** What the model said and does not count. */
    dropped: schemas["BillDropped"][];
    /**
     * `A` and `B` are good. A: no check failed; consumer number, meter number, sanctioned load and the units of three
     * months. B: no check failed; both numbers, the units of a month, and the load or the period. C: one of the numbers
     * and another field. D: less.
     */
    grade: string;
    meter_document_id: string;
    meter_number?: (schemas["BillText"] | null);
    /**
     * What the operator's language model did besides the rules: `used`, `not_configured`, `no_consent` (consent to
     * `bill_reading` is missing), `busy`, `unavailable` or `unusable`.
     */
    model: string;
    /** The newest first. */
    months: schemas["BillMonth"][];
    pages: number;
    sanctioned_load_w?: (schemas["BillWatts"] | null);
  };
  /** A meter of one's own. */
  MeterView: {
    /** Masked. */
    customer_number: string;
    discom: string;
    /** On this platform. */
    id: string;
    installed_capacity_w?: number | null;
    meter_id: string;
    /** `SOLAR`, `BATTERY`, …; null for a meter that only draws. */
    resource_type?: string | null;
    sanctioned_load_w?: number | null;
    /** Only a verified meter trades. */
    verified: boolean;
  };
  /** How much to move. */
  MoveMoney: {
    amount_inr: string;
  };
  /** Oneself, and how one has shown it with this request. */
  Myself: (schemas["Me"] & {
    /** What an API token is confined to; null for a session. */
    scopes?: string[] | null;
    /** `session` or `api_token`. */
    signed_in_by: string;
  });
  /** A refusal in the network's words (Beckn 2.0) */
  Nack: {
    message: {
      error: {
        code: string;
        message: string;
      };
      messageId?: string;
      status: "NACK";
    };
  };
  /** An address to be added: one of the two. */
  NewAddress: {
    email?: string | null;
    phone?: string | null;
  };
  /** A token for a machine. */
  NewApiToken: {
    /** 1 to 365; 90 unless told otherwise. */
    expires_in_days?: number | null;
    name: string;
    /** `read`, `trade`, `money`, `account`, `admin`; each route says which it needs. */
    scopes: string[];
  };
  /** What is waited for. The total and `max_total_inr` are the limits of all that is bought for it. */
  NewInterest: {
    /** Buy by itself what fits, within the limits. */
    buy?: boolean;
    /** Per kWh; needed to buy. */
    max_price_inr?: string | null;
    max_sellers?: number | null;
    /** In all; needed to buy. */
    max_total_inr?: string | null;
    meter_id: string;
    /** 0 to 1. */
    min_trust?: string | null;
    near?: (schemas["Place"] | null);
    /** Only sellers with a settled history. */
    proven?: boolean;
    total: schemas["WantedTotal"];
  };
  /** Hours of one meter to be sold. */
  NewOffer: {
    meter_id: string;
    name?: string | null;
    /** 1 to 24, each once. */
    slots: schemas["NewOfferSlot"][];
  };
  /** One hour to be sold. */
  NewOfferSlot: {
    /** INR per kWh, at most four decimals. */
    price_inr: string;
    quantity_kwh: string;
    /** On the hour of India Standard Time. */
    start: string;
  };
  /** What is wanted: `slots` or `total`, and the limits. */
  NewPlan: {
    /** Per kWh. */
    max_price_inr?: string | null;
    max_sellers?: number | null;
    /** In all. */
    max_total_inr?: string | null;
    /** Which of your meters buys. */
    meter_id: string;
    /** 0 to 1; never below this platform's floor. */
    min_trust?: string | null;
    near?: (schemas["Place"] | null);
    /** Only sellers with a settled history. */
    proven?: boolean;
    slots?: schemas["WantedSlot"][] | null;
    total?: (schemas["WantedTotal"] | null);
    /** The search whose offers are taken. Absent: a new search, and the plan follows it. */
    transaction_id?: string | null;
    /** All that is wanted, or nothing. */
    whole?: boolean;
  };
  /** A webhook to be added. */
  NewWebhook: {
    description?: string | null;
    /** Of which events: kinds (`contract.active`), nouns (`contract.*`), or `*`. Absent or empty: all. */
    kinds?: string[];
    /** A public https address. It is called with POST. */
    url: string;
  };
  /** Why an offer cannot be bought by this user. */
  ObstacleView: {
    code: string;
    reason: string;
  };
  /** What changes in an offer. */
  OfferChange: {
    name?: string | null;
    slots?: schemas["OfferSlotChange"][];
  };
  OfferChanged: {
    offer_id: string;
    revision: number;
  };
  /**
   * - `offer.listed`: One's own offer is listed.
   * - `offer.changed`: One's own offer has another price, quantity or name.
   * - `offer.withdrawn`: What was left of one's own offer is withdrawn.
   */
  OfferChangedEvent: {
    at: string;
    data: schemas["OfferChanged"];
    kind: "offer.listed" | "offer.changed" | "offer.withdrawn";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** A seller's offer. */
  OfferDocument: {
    created_at: string;
    id: string;
    meter_id: string;
    name: string;
    publication: schemas["PublicationView"];
    slots: schemas["StockSlot"][];
    /** `live` or `withdrawn`. */
    state: string;
    updated_at: string;
    /** The gate closure of its first slot, market time. */
    valid_until: string;
  };
  OfferName: {
    bpp_id: string;
    offer_id: string;
  };
  /** What changes in one hour; what is not given stays. */
  OfferSlotChange: {
    price_inr?: string | null;
    /** Never below what is sold and reserved. */
    quantity_kwh?: string | null;
    start: string;
  };
  /** The stock of an offer after a buyer's step; of the slots that were touched. */
  OfferStock: {
    /** `reserved`, `sold` or `released`. */
    cause: string;
    offer_id: string;
    slots: schemas["SlotStock"][];
  };
  /** - `offer.stock_changed`: Energy of one's own offer was reserved, sold or given back. */
  OfferStockEvent: {
    at: string;
    data: schemas["OfferStock"];
    kind: "offer.stock_changed";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  OfferVerdict: {
    offer_id: string;
    reason?: string | null;
  };
  /**
   * - `offer.accepted`: The catalog shows one's own offer.
   * - `offer.rejected`: The catalog does not show one's own offer; `reason` says why.
   */
  OfferVerdictEvent: {
    at: string;
    data: schemas["OfferVerdict"];
    kind: "offer.accepted" | "offer.rejected";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** The buyer has asked something beside the trade. */
  OrderAsked: {
    /** `track`, `rate` or `support`. */
    action: string;
    message_id: string;
    transaction_id: string;
  };
  /**
   * - `order.track`: Seller: the buyer asks where the delivery can be followed.
   * - `order.rate`: Seller: the buyer has rated the trade.
   * - `order.support`: Seller: the buyer asks for support.
   */
  OrderAskedEvent: {
    at: string;
    data: schemas["OrderAsked"];
    kind: "order.track" | "order.rate" | "order.support";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** One page of a list, newest first. */
  Page_ApiToken: {
    items: {
      created_at: string;
      expires_at: string;
      id: string;
      name: string;
      scopes: string[];
      /** To the hour. */
      used_at?: string | null;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_Consent: {
    items: {
      at: string;
      /** False where the consent is taken back. */
      granted: boolean;
      id: string;
      /** `terms`, `privacy`, `meter_data`, `bill_reading` or `marketing`. */
      purpose: string;
      /** Of the text that was shown. */
      version: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_Credential: {
    items: {
      checks: schemas["CredentialCheck"][];
      created_at: string;
      credential_id: string;
      /** Masked. */
      customer_number?: string | null;
      /** The DISCOM that the issuer speaks for. */
      discom?: string | null;
      /** `json`, `jwt` or `pdf`. */
      form: string;
      issuer?: string | null;
      kind?: string | null;
      /** What it says of each meter; believed only when `state` is `verified`. */
      meters: schemas["CredentialClaim"][];
      /** Code of the program, of an enrollment. */
      program?: string | null;
      /**
       * `verified` when every check passed, else `refused`. Later its issuer may have made it `revoked`; it is
       * `suspended` while nobody says whether it is, and proves nothing until somebody does.
       */
      state: string;
      valid_from?: string | null;
      valid_until?: string | null;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_FoundOfferView: {
    items: {
      /** The seller's platform. */
      bpp_id: string;
      /** Code of the seller's DISCOM. */
      discom: string;
      found_at: string;
      name?: string | null;
      obstacle?: (schemas["ObstacleView"] | null);
      offer_id: string;
      rank: schemas["Rank"];
      resource_type?: string | null;
      /** Masked: the last four characters. */
      seller_meter: string;
      slots: schemas["FoundSlotView"][];
      valid_until?: string | null;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_Interest: {
    items: {
      buys: boolean;
      created_at: string;
      interest_id: string;
      limit_kwh: string;
      max_price_inr?: string | null;
      max_total_inr?: string | null;
      meter_id: string;
      /** The plan under way. */
      plan_id?: string | null;
      /** The offers that fit, as those of a search: `/api/transactions/{search_id}/offers`. */
      search_id: string;
      /** `active` or `closed`. */
      state: string;
      used_inr: string;
      /** Bought, or held for the plan under way. */
      used_kwh: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_Issuer: {
    items: {
      name: string;
      /** Where a browser goes to sign in there. */
      start: string;
      /** For people. */
      title: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_JournalEntry: {
    items: {
      /** What the account got; negative for what it paid. */
      amount_inr: string;
      /** Market time. */
      at: string;
      /** How what is held has changed. */
      held_inr: string;
      id: string;
      /** `hold`, `release`, `settlement`, `correction`, `top_up` or `withdrawal`. */
      kind: string;
      /** Unique among those of its kind. */
      reference: string;
      /** The trade that it is about. */
      transaction_id?: string | null;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_MeterDocument: {
    items: {
      bill_period?: (schemas["BillPeriod"] | null);
      /**
       * Whether this bill gave the bonus of trust: `given`, or why not: `meter_not_yours`, `grade_too_low`,
       * `account_had_it`, `meter_had_it`, `document_had_it`.
       */
      bonus: string;
      /** `meter`, `customer`, `load`, `period` and `readers`. */
      checks: schemas["CredentialCheck"][];
      consumer_number?: (schemas["BillText"] | null);
      created_at: string;
      discom?: (schemas["BillText"] | null);
      /** What the model said and does not count. */
      dropped: schemas["BillDropped"][];
      /**
       * `A` and `B` are good. A: no check failed; consumer number, meter number, sanctioned load and the units of three
       * months. B: no check failed; both numbers, the units of a month, and the load or the period. C: one of the numbers
       * and another field. D: less.
       */
      grade: string;
      meter_document_id: string;
      meter_number?: (schemas["BillText"] | null);
      /**
       * What the operator's language model did besides the rules: `used`, `not_configured`, `no_consent` (consent to
       * `bill_reading` is missing), `busy`, `unavailable` or `unusable`.
       */
      model: string;
      /** The newest first. */
      months: schemas["BillMonth"][];
      pages: number;
      sanctioned_load_w?: (schemas["BillWatts"] | null);
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_MeterView: {
    items: {
      /** Masked. */
      customer_number: string;
      discom: string;
      /** On this platform. */
      id: string;
      installed_capacity_w?: number | null;
      meter_id: string;
      /** `SOLAR`, `BATTERY`, …; null for a meter that only draws. */
      resource_type?: string | null;
      sanctioned_load_w?: number | null;
      /** Only a verified meter trades. */
      verified: boolean;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_OfferDocument: {
    items: {
      created_at: string;
      id: string;
      meter_id: string;
      name: string;
      publication: schemas["PublicationView"];
      slots: schemas["StockSlot"][];
      /** `live` or `withdrawn`. */
      state: string;
      updated_at: string;
      /** The gate closure of its first slot, market time. */
      valid_until: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_Plan: {
    items: {
      created_at: string;
      failure?: (schemas["Reason"] | null);
      meter_id: string;
      parts: schemas["PlanPart"][];
      plan_id: string;
      proposal?: (schemas["Proposal"] | null);
      /** How often the rest was planned again because a part had failed. */
      replanned: number;
      /** The search behind it. */
      search_id: string;
      /** What is held or bought. */
      secured: schemas["Cover"];
      /** `searching`, `proposed`, `reserving`, `confirming`, `standing`, `partial`, `failed`, `cancelling` or `cancelled`. */
      state: string;
      updated_at: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_Session: {
    items: {
      created_at: string;
      /** Whether this request comes from it. */
      current: boolean;
      device: string;
      expires_at: string;
      id: string;
      /** `password`, `phone` or the name of another issuer. */
      signed_in_by: string;
      /** When it last asked for a new access token. */
      used_at: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_StatementHead: {
    items: {
      closing_inr: string;
      csv: string;
      html: string;
      json: string;
      /** A month in India. */
      month: string;
      /** The month goes on. */
      open: boolean;
      opening_inr: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_Transaction: {
    items: {
      /** Whether an answer of the network is awaited. */
      awaiting_answer: boolean;
      /** Masked unless it is yours; known from `init` on. */
      buyer_meter?: string | null;
      /** `buyer`, `seller` or `ledger`. */
      cancelled_by?: string | null;
      confirmed_at?: string | null;
      /** Given by the seller's platform when it confirms. */
      contract_id?: string | null;
      created_at: string;
      failure?: (schemas["Reason"] | null);
      /** When the first of its slots can no longer be traded, market time. */
      gate_closes_at: string;
      /** `none`, `pending`, `recorded`, `refused`, `withdrawing` or `withdrawn`: what our DISCOM's ledger knows. */
      ledger: string;
      network_id: string;
      offer_id: string;
      /** The other platform. */
      peer_id: string;
      /**
       * Until when the energy is held for the buyer, market time, on the seller's side. Null on the buyer's: `on_init`
       * does not say it.
       */
      reserved_until?: string | null;
      /** Masked unless it is yours. */
      seller_meter: string;
      /** `buyer` or `seller`. */
      side: string;
      slots: schemas["ContractSlot"][];
      /**
       * `draft`, `quoted`, `reserved`, `offered`, `confirming`, `recording`, `active`, `standing`, `cancelling`,
       * `cancelled`, `rejected`, `expired` or `disputed`.
       */
      state: string;
      totals: schemas["Totals"];
      transaction_id: string;
      updated_at: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_TrustChange: {
    items: {
      arithmetic: string;
      at: string;
      /** `opening`, `delivered`, `partial`, `failed`, `excused`, `cancelled`, `meter_data` or `correction`. */
      cause: string;
      delivered_kwh?: string | null;
      expected_kwh?: string | null;
      /** 0 for the score that the account began with. */
      number: number;
      score_after: string;
      score_before: string;
      /** `seller` or `buyer`. */
      side?: string | null;
      /** The trade, when it is about one. */
      transaction_id?: string | null;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_User: {
    items: {
      created_at: string;
      discom?: string | null;
      email?: string | null;
      email_verified: boolean;
      handle: string;
      id: string;
      locked: boolean;
      may_trade: boolean;
      name: string;
      phone?: string | null;
      role: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_UtilityMeter: {
    items: {
      customer_number: string;
      installed_capacity_w?: number | null;
      meter_id: string;
      resource_type?: string | null;
      sanctioned_load_w?: number | null;
      verified: boolean;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_UtilityTrade: {
    items: {
      confirmed_at: string;
      contract_id?: string | null;
      /** Masked. */
      counterpart_meter?: string | null;
      customer_number: string;
      meter_id: string;
      /** Of the DISCOM's meter: `seller` or `buyer`. */
      side: string;
      slots: schemas["TradedSlot"][];
      state: string;
      transaction_id: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_Webhook: {
    items: {
      created_at: string;
      description?: string | null;
      /** Since when no attempt has succeeded. */
      failing_since?: string | null;
      id: string;
      kinds: string[];
      /** Why it is disabled. */
      reason?: string | null;
      /** `active`, `paused`, or `disabled` when it has failed for three days. */
      state: string;
      updated_at: string;
      url: string;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  /** One page of a list, newest first. */
  Page_WebhookDelivery: {
    items: {
      attempts: number;
      created_at: string;
      ended_at?: string | null;
      /** Why the last attempt failed. */
      error?: string | null;
      /** The number of the event. */
      event: number;
      /** The `webhook-id` that it is sent under, each time. */
      id: string;
      kind: string;
      /** When it is sent next; null once it has ended. */
      next_attempt_at?: string | null;
      /** `pending`, `delivered` or `failed`. */
      state: string;
      /** The receiver's last HTTP status. */
      status?: number | null;
    }[];
    /** Give it as `cursor` to get the next page; null on the last one. */
    next_cursor?: string | null;
  };
  PasswordChanged: {
    /** `user`, who knew the old one, or `link`, which went to the address of the account. */
    by: string;
  };
  /** - `account.password_changed`: The account has another password. */
  PasswordChangedEvent: {
    at: string;
    data: schemas["PasswordChanged"];
    kind: "account.password_changed";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** Money on its way to or from the user's bank. */
  Payment: {
    amount_inr: string;
    at: string;
    id: string;
    /** `top_up` or `withdrawal`. */
    kind: string;
    /** The bank's. */
    reference?: string | null;
    /** `pending`, `paid` or `refused`. */
    state: string;
  };
  PdfFile: string;
  /** A number that a code is to be sent to. */
  PhoneNumber: {
    phone: string;
  };
  /** The code that was sent; a new number is a new account. */
  PhoneSignIn: {
    code: string;
    cookie?: boolean;
    device?: string | null;
    /** For a new account. */
    language?: string | null;
    /** For a new account. */
    name?: string | null;
    phone: string;
  };
  /** A place, cut to hundredths of a degree. */
  Place: {
    lat: string;
    lon: string;
  };
  /** A plan as it stands. */
  Plan: {
    created_at: string;
    failure?: (schemas["Reason"] | null);
    meter_id: string;
    parts: schemas["PlanPart"][];
    plan_id: string;
    proposal?: (schemas["Proposal"] | null);
    /** How often the rest was planned again because a part had failed. */
    replanned: number;
    /** The search behind it. */
    search_id: string;
    /** What is held or bought. */
    secured: schemas["Cover"];
    /** `searching`, `proposed`, `reserving`, `confirming`, `standing`, `partial`, `failed`, `cancelling` or `cancelled`. */
    state: string;
    updated_at: string;
  };
  /** A plan that is stored; what becomes of it follows. */
  PlanAccepted: {
    plan_id: string;
    state: string;
  };
  /** A plan that is being cancelled: what becomes of each part. */
  PlanCancelled: {
    parts: schemas["PlanPartResult"][];
    plan_id: string;
    /** `cancelling`, or `cancelled` when nothing had begun. */
    state: string;
  };
  PlanChanged: {
    failure?: (schemas["EventFailure"] | null);
    plan_id: string;
    /** The search that the plan was made from. */
    search_id: string;
    secured_inr: string;
    secured_kwh: string;
    state: string;
  };
  /**
   * - `plan.searching`: A plan is looking for offers.
   * - `plan.proposed`: A plan can be confirmed; nothing is held.
   * - `plan.reserving`: The sellers of a plan are asked to hold the energy.
   * - `plan.confirming`: What a plan holds is being bought.
   * - `plan.standing`: All that a plan wanted is bought.
   * - `plan.partial`: Some of what a plan wanted is bought, and no more can be had.
   * - `plan.failed`: A plan has bought nothing; `failure` says why.
   * - `plan.cancelling`: A plan is being cancelled by its owner.
   * - `plan.cancelled`: Nothing of a plan stands: it was cancelled by its owner.
   */
  PlanChangedEvent: {
    at: string;
    data: schemas["PlanChanged"];
    kind: "plan.searching" | "plan.proposed" | "plan.reserving" | "plan.confirming" | "plan.standing" | "plan.partial" | "plan.failed" | "plan.cancelling" | "plan.cancelled";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** One offer of a plan; its transaction exists once the plan is confirmed. */
  PlanPart: {
    bpp_id: string;
    co2_avoided_g?: number | null;
    discom: string;
    distance_km?: string | null;
    failure?: (schemas["Reason"] | null);
    grid_tariff_inr?: string | null;
    local?: boolean | null;
    name?: string | null;
    offer_id: string;
    reason: string;
    /** 0 for what was proposed. */
    round: number;
    score: string;
    /** Masked. */
    seller_meter: string;
    slots: schemas["PlannedSlot"][];
    /** `planned`, `reserving`, `reserved`, `confirming`, `standing`, `failed`, `released`, `cancelling` or `cancelled`. */
    state: string;
    transaction_id: string;
    trust: schemas["ProviderTrust"];
  };
  PlanPartChanged: {
    bpp_id: string;
    failure?: (schemas["EventFailure"] | null);
    offer_id: string;
    plan_id: string;
    state: string;
    transaction_id: string;
  };
  /**
   * - `plan.part_planned`: A seller was added to a plan.
   * - `plan.part_reserving`: A seller of a plan is asked to hold the energy.
   * - `plan.part_reserved`: A seller of a plan holds the energy.
   * - `plan.part_confirming`: A part of a plan is being bought.
   * - `plan.part_standing`: A part of a plan is bought.
   * - `plan.part_failed`: A part of a plan came to nothing; `failure` says why.
   * - `plan.part_released`: A part of a plan was held and let go: it is not wanted.
   * - `plan.part_cancelling`: A bought part of a plan is being cancelled.
   * - `plan.part_cancelled`: A bought part of a plan is cancelled.
   */
  PlanPartChangedEvent: {
    at: string;
    data: schemas["PlanPartChanged"];
    kind: "plan.part_planned" | "plan.part_reserving" | "plan.part_reserved" | "plan.part_confirming" | "plan.part_standing" | "plan.part_failed" | "plan.part_released" | "plan.part_cancelling" | "plan.part_cancelled";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** What becomes of one part of a plan that is being cancelled. */
  PlanPartResult: {
    failure?: (schemas["Reason"] | null);
    /**
     * `dropped` (nothing was held), `lapses` (the seller holds it, and its reservation lapses), `cancelling` (it is
     * bought), `refused` (it is bought and stands, with the reason), `over` (it had ended before).
     */
    result: string;
    transaction_id: string;
  };
  PlanReplanned: {
    plan_id: string;
    /** 1 for the first time. */
    round: number;
  };
  /** - `plan.replanned`: What failed of a plan is planned again. */
  PlanReplannedEvent: {
    at: string;
    data: schemas["PlanReplanned"];
    kind: "plan.replanned";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** One hour of a part. */
  PlannedSlot: {
    label_ist: string;
    price_inr: string;
    quantity_kwh: string;
    start: string;
  };
  /** This platform. */
  Platform: {
    /** Now on the clock of the market, which the demo runs fast. */
    market_time: string;
    market_time_ist: string;
    network_id: string;
    subscriber_id: string;
  };
  /** What stands in the body. */
  Problem: {
    /** Stable, for programs. */
    code: string;
    /** What is wrong with this request. */
    detail: string;
    /** The field at fault, as a path into the body: `slots[0].quantity_kwh`. */
    field?: string | null;
    /** The request id, as in `X-Request-Id`. */
    instance: string;
    /** What usually helps. */
    next_step?: string | null;
    /** How much could still be had, when a limit is the reason. */
    remaining_kwh?: string | null;
    /** The HTTP status. */
    status: number;
    /** A short summary of the code, for people. */
    title: string;
    /** Where the code is explained, relative to this server. */
    type: string;
  };
  /** A user, the meters and the platform. */
  Profile: {
    display_name: string;
    energy: schemas["EnergyProfile"];
    handle: string;
    id: string;
    meters: schemas["MeterView"][];
    /** Whom a buyer pays. */
    payout_name: string;
    /** Empty until it is said; without one nothing is offered. */
    payout_vpa: string;
    platform: schemas["Platform"];
  };
  /** A quantity, as it is said and as it is proven. */
  ProfileFact: {
    /** What limits are reckoned with; null when nothing is known. */
    counted?: string | null;
    /**
     * Which of the two that is: `declared`, `declared_capped` where the verified meters do not carry all of it,
     * `verified`, or `none`.
     */
    counts: string;
    /**
     * What the user says. A month's production or consumption counts up to 150 kWh for each kW of verified meters,
     * anything else not at all.
     */
    declared?: string | null;
    /** What a credential, the DISCOM or the operator proves. */
    verified?: string | null;
  };
  /** How good a plan is, and what else could be had. */
  Proposal: {
    alternative?: (schemas["Alternative"] | null);
    average_price_inr?: string | null;
    bound?: (schemas["Cover"] | null);
    /** What taking the cheapest first would cover. */
    cheapest_first: schemas["Cover"];
    co2_avoided_g: number;
    co2_factor_g_per_kwh: number;
    co2_source: string;
    cover: schemas["Cover"];
    grid_tariff_inr?: string | null;
    /** 0 to 1, of the energy whose distance is known. */
    local_share?: string | null;
    offers_found: number;
    offers_refused: schemas["RefusedOffers"][];
    /** Nothing covers more within the limits, and nothing covers as much for less. */
    optimal: boolean;
    reasons: string[];
    /** Against the grid; negative when it is dearer. */
    saving_inr?: string | null;
    uncovered: schemas["Uncovered"][];
    wanted_kwh: string;
  };
  /** What was settled with a seller before. */
  ProviderTrust: {
    score: string;
    /** The size of the sample. */
    settled_contracts: number;
    /** Nothing was settled: the score is what an unknown seller counts as. */
    unknown: boolean;
  };
  /** How far an offer is on its way into the catalog. */
  PublicationView: {
    /** The catalog's reasons, when it rejected the offer. */
    error?: string | null;
    /** The revision that was last sent; 0 for none. */
    published_revision: number;
    revision: number;
    /** `pending`, `sent`, `accepted` or `rejected`. */
    state: string;
  };
  /** How an offer suits the filters of the query. Scores are from 0 to 1. */
  Rank: {
    average_price_inr?: string | null;
    /** What the grid would have emitted. */
    co2_avoided_g_per_kwh?: number | null;
    /** From `lat` and `lon`, else from your meter; null when the catalog does not say where the seller is. */
    distance_km?: string | null;
    grid_tariff_inr?: string | null;
    local?: boolean | null;
    price_part: string;
    /** What the price was compared with: your limit, else the grid's tariff, else the dearest offer. */
    reference_price_inr?: string | null;
    /** Why it is not taken; empty when it can be. */
    refused: schemas["ObstacleView"][];
    /** Against the grid; negative when it is dearer. */
    saving_inr_per_kwh?: string | null;
    /** The weighted sum of the three parts. */
    score: string;
    trust: schemas["ProviderTrust"];
    trust_part: string;
    /** Of the hours that pass the filters. */
    usable_kwh: string;
    window_part: string;
  };
  /** What the seller is worth to the buyer. */
  Rate: {
    comment?: string | null;
    transaction_id: string;
    /** 1 to 5. */
    value: number;
  };
  /** Ready, or why not. */
  Ready: {
    /**
     * `database`, `registry` and `key`, each with `ok` or the reason; `redis` where there is one, without which each
     * process counts for itself and is ready all the same.
     */
    checks: Record<string, string>;
    /** `ready` or `not_ready`. */
    status: string;
  };
  /** A refusal. */
  Reason: {
    code: string;
    message: string;
  };
  /** The refresh token; nothing where it is in the cookie. */
  Refresh: {
    refresh_token?: string | null;
  };
  /** A step that another party, or the network, did not take. */
  Refused: {
    failure: schemas["EventFailure"];
    /** Of the question that was refused, where several may be open. */
    message_id?: string | null;
    transaction_id: string;
  };
  /**
   * - `search.failed`: A search was refused, or nobody answered it.
   * - `contract.confirmed_late`: The seller has confirmed what had ended before.
   * - `contract.cancel_refused`: The other side does not accept the cancellation.
   * - `contract.update_refused`: The other side does not accept the reduction.
   * - `status.refused`: The seller would not say how the contract stands.
   * - `track.refused`: The question where the delivery can be followed was refused.
   * - `rate.refused`: The seller's platform has refused the rating.
   * - `support.refused`: The question for support was refused.
   */
  RefusedEvent: {
    at: string;
    data: schemas["Refused"];
    kind: "search.failed" | "contract.confirmed_late" | "contract.cancel_refused" | "contract.update_refused" | "status.refused" | "track.refused" | "rate.refused" | "support.refused";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** Offers that were refused for one reason. */
  RefusedOffers: {
    code: string;
    offers: number;
  };
  /** A wish for an account. */
  Register: {
    email: string;
    language?: string | null;
    name: string;
    /** 8 to 128 characters, none of the commonest. */
    password: string;
  };
  /** From where events are sent again: an instant, or an event. Both absent: from the first. */
  Replay: {
    /** Events after the one with this number, as `after_event` of an earlier replay. */
    after_event?: number | null;
    /** Events of this time and later. */
    since?: string | null;
  };
  /** What is sent again. */
  Replayed: {
    /** Give it as `after_event` to send what comes after; null when that was all. */
    after_event?: number | null;
    /** How many events. */
    queued: number;
  };
  /** A new password, by a link. */
  ResetPassword: {
    password: string;
    token: string;
  };
  RoleChanged: {
    role: string;
    was: string;
  };
  /** - `account.role_changed`: An administrator has given the account another role. */
  RoleChangedEvent: {
    at: string;
    data: schemas["RoleChanged"];
    kind: "account.role_changed";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  SearchAnswered: {
    /** How many offers this page brought. */
    offers: number;
    transaction_id: string;
  };
  /** - `search.answered`: A search has brought a page of offers. */
  SearchAnsweredEvent: {
    at: string;
    data: schemas["SearchAnswered"];
    kind: "search.answered";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** A search without a contract. */
  SearchDocument: {
    failure?: (schemas["Reason"] | null);
    /** Where the offers are. */
    offers: string;
    search: schemas["SearchView"];
    side: string;
    /** `sent`, `answered` or `failed`. */
    state: string;
    transaction_id: string;
  };
  /** How far a search is. */
  SearchView: {
    answered_at?: string | null;
    created_at: string;
    /** `sent`, `answered` or `failed`. */
    state: string;
  };
  /** An offer, and how much of it. */
  Select: {
    bpp_id: string;
    offer_id: string;
    slots: schemas["SlotQuantity"][];
    /** The search that found the offer. Absent: a transaction of its own. */
    transaction_id?: string | null;
  };
  /** A device that is signed in. */
  Session: {
    created_at: string;
    /** Whether this request comes from it. */
    current: boolean;
    device: string;
    expires_at: string;
    id: string;
    /** `password`, `phone` or the name of another issuer. */
    signed_in_by: string;
    /** When it last asked for a new access token. */
    used_at: string;
  };
  /** Somebody has, or had, a token of this session beside the user. */
  SessionReused: {
    device: string;
    session_id: string;
  };
  /** - `session.reused`: A refresh token came twice: its session is ended. */
  SessionReusedEvent: {
    at: string;
    data: schemas["SessionReused"];
    kind: "session.reused";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** E-mail address and password. */
  SignIn: {
    /** Put the refresh token into a cookie for web pages of this origin instead of the answer. */
    cookie?: boolean;
    /** What the list of devices calls it; the name of the program unless told otherwise. */
    device?: string | null;
    email: string;
    password: string;
  };
  /** The way to the issuer. */
  SignInStarted: {
    url: string;
  };
  /** So much energy of one delivery slot. */
  SlotQuantity: {
    /** At least 1 kWh, in hundredths. */
    quantity_kwh: string;
    /** On the hour of India Standard Time. */
    start: string;
  };
  SlotStock: {
    published_kwh: string;
    reserved_kwh: string;
    sold_kwh: string;
    start: string;
  };
  /** The statement of a month. */
  Statement: {
    bought: schemas["Sums"];
    closing_inr: string;
    /** Always `INR`. */
    currency: string;
    /** Every hour that was settled or corrected in this month. */
    lines: schemas["StatementLine"][];
    /** What each meter's DISCOM takes off its own bill. */
    meters: schemas["MeterAdjustment"][];
    month: string;
    /** Money that moved otherwise. */
    movements: schemas["JournalEntry"][];
    name: string;
    opening_inr: string;
    platform: string;
    /** Opening balance, trades and movements come to the closing balance, to the paisa. */
    reconciled: boolean;
    sold: schemas["Sums"];
  };
  /** One month. */
  StatementHead: {
    closing_inr: string;
    csv: string;
    html: string;
    json: string;
    /** A month in India. */
    month: string;
    /** The month goes on. */
    open: boolean;
    opening_inr: string;
  };
  /** One hour of a trade, and where to look further. */
  StatementLine: {
    allocation: schemas["Allocation"];
    /** Market time. */
    booked_at: string;
    contract_id?: string | null;
    discom: string;
    label_ist: string;
    links: schemas["Links"];
    /** Yours, as the DISCOM writes it. */
    meter_id: string;
    peer_id: string;
    price_inr: string;
    /** `buyer` or `seller`. */
    side: string;
    start: string;
    /** This line's part of each position; after a correction the difference. */
    sums: schemas["Sums"];
    transaction_id: string;
  };
  /** The stock of one hour: `sold + reserved <= published`, always. */
  StockSlot: {
    available_kwh: string;
    end: string;
    label_ist: string;
    price_inr: string;
    published_kwh: string;
    reserved_kwh: string;
    sold_kwh: string;
    start: string;
    /** `open`, `closed` or `not_open` for trade now. */
    state: string;
  };
  /** The positions of one side of trades. */
  Sums: {
    /** What the account got: negative for what was bought. */
    amount_inr: string;
    energy_inr: string;
    energy_kwh: string;
    /** For what this user's own side fell short. */
    penalty_inr: string;
    platform_fee_inr: string;
    /** One half of the transaction charge. */
    transaction_charge_inr: string;
    wheeling_inr: string;
  };
  /** What a signed-in user goes on with. */
  Tokens: {
    /** For `Authorization: Bearer`; a JWT whose keys are at `/.well-known/jwks.json`. */
    access_token: string;
    /** Seconds. */
    expires_in: number;
    /** Seconds. */
    refresh_expires_in: number;
    /** Good once, for `POST /auth/refresh`; absent where it is in the cookie. */
    refresh_token?: string | null;
    role: string;
    session_id: string;
    token_type: string;
    user_id: string;
  };
  /** The sums over all slots; null when a sum cannot be counted. */
  Totals: {
    amount_inr?: string | null;
    quantity_kwh?: string | null;
  };
  /** What was agreed for one hour. */
  TradedSlot: {
    quantity_kwh: string;
    start: string;
  };
  /** One side of a trade, as its user sees it. */
  Transaction: {
    /** Whether an answer of the network is awaited. */
    awaiting_answer: boolean;
    /** Masked unless it is yours; known from `init` on. */
    buyer_meter?: string | null;
    /** `buyer`, `seller` or `ledger`. */
    cancelled_by?: string | null;
    confirmed_at?: string | null;
    /** Given by the seller's platform when it confirms. */
    contract_id?: string | null;
    created_at: string;
    failure?: (schemas["Reason"] | null);
    /** When the first of its slots can no longer be traded, market time. */
    gate_closes_at: string;
    /** `none`, `pending`, `recorded`, `refused`, `withdrawing` or `withdrawn`: what our DISCOM's ledger knows. */
    ledger: string;
    network_id: string;
    offer_id: string;
    /** The other platform. */
    peer_id: string;
    /**
     * Until when the energy is held for the buyer, market time, on the seller's side. Null on the buyer's: `on_init`
     * does not say it.
     */
    reserved_until?: string | null;
    /** Masked unless it is yours. */
    seller_meter: string;
    /** `buyer` or `seller`. */
    side: string;
    slots: schemas["ContractSlot"][];
    /**
     * `draft`, `quoted`, `reserved`, `offered`, `confirming`, `recording`, `active`, `standing`, `cancelling`,
     * `cancelled`, `rejected`, `expired` or `disputed`.
     */
    state: string;
    totals: schemas["Totals"];
    transaction_id: string;
    updated_at: string;
  };
  /** One trade with everything that is known of it, or a search that has led to none yet. */
  TransactionDocument: (schemas["ContractDocument"] | schemas["SearchDocument"]);
  /** A transaction of the user. */
  TransactionReference: {
    transaction_id: string;
  };
  /** Score, tier, limits, and a page of the history, newest first. */
  Trust: {
    /** What may be bought for a month. */
    buying: schemas["TrustLimit"];
    capacity: schemas["TrustCapacity"];
    history: schemas["Page_TrustChange"];
    next_tier?: (schemas["TrustTier"] | null);
    /** 0 to 1, to six decimal places. */
    score: string;
    /** What may be listed in a month. */
    selling: schemas["TrustLimit"];
    tier: schemas["TrustTier"];
  };
  /** What roof and household are said to do in a month. */
  TrustCapacity: {
    monthly_consumption_kwh?: string | null;
    monthly_production_kwh?: string | null;
    /** An unverified production counts as 150 kWh for each installed kW at most. */
    production_verified: boolean;
  };
  TrustChanged: {
    /** How the score came about, in words and numbers. */
    arithmetic: string;
    cause: string;
    score: string;
    score_before: string;
    /** `buyer` or `seller`, where a trade is the cause. */
    side?: string | null;
    tier: string;
  };
  /** - `trust.changed`: The trust score has moved. */
  TrustChangedEvent: {
    at: string;
    data: schemas["TrustChanged"];
    kind: "trust.changed";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** One kind of trade. */
  TrustLimit: {
    /** The capacity that counts; null while it is unknown. */
    capacity_kwh?: string | null;
    /** What may be traded in a month. */
    limit_kwh: string;
    /** This month, and later ones of which something is used. */
    months: schemas["TrustMonth"][];
  };
  /** One month of India. */
  TrustMonth: {
    month: string;
    remaining_kwh: string;
    used_kwh: string;
  };
  /** A range of scores. */
  TrustTier: {
    /** Its lowest score. */
    from_score: string;
    /** `new`, `starter`, `bronze`, `silver`, `gold` or `platinum`. */
    name: string;
    /** How much of the capacity it lets one trade in a month. */
    percent: number;
  };
  /** An hour that is not covered whole. */
  Uncovered: {
    missing_kwh: string;
    start: string;
  };
  /** The new, smaller quantities; slots that are not named stay. */
  Update: {
    slots: schemas["SlotQuantity"][];
    transaction_id: string;
  };
  /** An account, as an administrator sees it. */
  User: {
    created_at: string;
    discom?: string | null;
    email?: string | null;
    email_verified: boolean;
    handle: string;
    id: string;
    locked: boolean;
    may_trade: boolean;
    name: string;
    phone?: string | null;
    role: string;
  };
  /** A meter of the DISCOM. */
  UtilityMeter: {
    customer_number: string;
    installed_capacity_w?: number | null;
    meter_id: string;
    resource_type?: string | null;
    sanctioned_load_w?: number | null;
    verified: boolean;
  };
  /** One side of a trade, on a meter of the DISCOM. */
  UtilityTrade: {
    confirmed_at: string;
    contract_id?: string | null;
    /** Masked. */
    counterpart_meter?: string | null;
    customer_number: string;
    meter_id: string;
    /** Of the DISCOM's meter: `seller` or `buyer`. */
    side: string;
    slots: schemas["TradedSlot"][];
    state: string;
    transaction_id: string;
  };
  /** What the link of a new account brought, and the password that was chosen for it. */
  Verification: {
    password: string;
    token: string;
  };
  /** So much of one hour. */
  WantedSlot: {
    quantity_kwh: string;
    /** On the hour of India Standard Time. */
    start: string;
  };
  /** So much in any hours of a period. */
  WantedTotal: {
    /** Hours that start at or after this */
    from: string;
    quantity_kwh: string;
    /** and end at or before that; at most a week. */
    to: string;
  };
  /** An address that is told of events. */
  Webhook: {
    created_at: string;
    description?: string | null;
    /** Since when no attempt has succeeded. */
    failing_since?: string | null;
    id: string;
    kinds: string[];
    /** Why it is disabled. */
    reason?: string | null;
    /** `active`, `paused`, or `disabled` when it has failed for three days. */
    state: string;
    updated_at: string;
    url: string;
  };
  /** What is to change; what is absent stays. */
  WebhookChange: {
    /** False to pause it; true to go on, also after it was disabled. */
    active?: boolean | null;
    description?: string | null;
    kinds?: string[] | null;
    url?: string | null;
  };
  /** One event for one webhook. */
  WebhookDelivery: {
    attempts: number;
    created_at: string;
    ended_at?: string | null;
    /** Why the last attempt failed. */
    error?: string | null;
    /** The number of the event. */
    event: number;
    /** The `webhook-id` that it is sent under, each time. */
    id: string;
    kind: string;
    /** When it is sent next; null once it has ended. */
    next_attempt_at?: string | null;
    /** `pending`, `delivered` or `failed`. */
    state: string;
    /** The receiver's last HTTP status. */
    status?: number | null;
  };
  WebhookDisabled: {
    reason: string;
    url: string;
    webhook_id: string;
  };
  /** - `webhook.disabled`: A webhook is not called any more; `reason` says why. */
  WebhookDisabledEvent: {
    at: string;
    data: schemas["WebhookDisabled"];
    kind: "webhook.disabled";
    /** Grows; the id of the server-sent event */
    seq: number;
    /** The trade, plan, interest or publication; `account` and `trust` where there is none */
    transaction_id: string;
  };
  /** What is posted to a webhook (Standard Webhooks 1.0.0), under `webhook-id`, `webhook-timestamp` and `webhook-signature` */
  WebhookMessage: {
    data: schemas["Event"];
    timestamp: string;
    type: schemas["EventKind"];
  };
  /** A webhook with its secret, which is shown in this answer only. */
  WebhookWithSecret: (schemas["Webhook"] & {
    /** Base64 after the prefix: the key of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`. */
    secret: string;
  });
}

/** Any failure of the client API. */
export type Problem = schemas["Problem"];
/** Any event of the streams. */
export type Event = schemas["Event"];

/** What each operation takes and answers, by status and media type. */
export interface operations {
  /** The public keys by which access tokens are verified. They change daily; one that is not here is not ours. */
  get_well_known_jwks_json: {
    method: "GET";
    path: "/.well-known/jwks.json";
    parameters: {
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["JsonWebKeySet"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Every account, newest first. */
  get_admin_users: {
    method: "GET";
    path: "/admin/users";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_User"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** One account. */
  get_admin_users_id: {
    method: "GET";
    path: "/admin/users/{id}";
    parameters: {
      path: { id: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["User"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Gives an account another role, locks or unlocks it; at once. */
  patch_admin_users_id: {
    method: "PATCH";
    path: "/admin/users/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["ChangeUser"];
    responses: {
      200: { "application/json": schemas["User"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Calls the contract off, before the gate closes and within the time that this platform allows. */
  post_api_cancel: {
    method: "POST";
    path: "/api/cancel";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["Cancel"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Buys on the terms that the seller named. The trade stands when our DISCOM's ledger has recorded it. */
  post_api_confirm: {
    method: "POST";
    path: "/api/confirm";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["TransactionReference"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Looks for offers through the catalog service. */
  post_api_discover: {
    method: "POST";
    path: "/api/discover";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["Discover"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /**
   * All events of the user from now on, or after `Last-Event-ID` or `after`. A last event `end`, without a number, whose
   * data has the `code` and `detail` of an error, says that whoever opened the stream would not be let in any more: signed
   * out, locked.
   */
  get_api_events: {
    method: "GET";
    path: "/api/events";
    parameters: {
      query?: { after?: number };
      header?: { "Last-Event-ID"?: number | null };
    };
    responses: {
      200: { "text/event-stream": string };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** A ticket for `/api/events/ws`, for a page of a browser, which cannot send a header with a WebSocket. */
  post_api_events_tickets: {
    method: "POST";
    path: "/api/events/tickets";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["Empty"];
    responses: {
      201: { "application/json": schemas["EventTicket"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /**
   * All events of the user over a WebSocket, one text message for each, as in `/api/events`: from now on, after the event
   * `after`, or after the one that a first message `{"after": N}` names. By `Authorization`, or by a ticket. It is closed
   * with 1008 and the code of the error once whoever opened it would not be let in any more.
   */
  get_api_events_ws: {
    method: "GET";
    path: "/api/events/ws";
    parameters: {
      query?: { ticket?: string; after?: number };
    };
    responses: {
      101: Record<string, never>;
      400: { "application/problem+json": schemas["Problem"] };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Asks the seller to hold the energy and to name its terms. */
  post_api_init: {
    method: "POST";
    path: "/api/init";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["Init"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user's interests, newest first. */
  get_api_interests: {
    method: "GET";
    path: "/api/interests";
    parameters: {
      query?: { state?: string; limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Interest"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Begins to wait for offers: each that fits is told as `interest.matched`. */
  post_api_interests: {
    method: "POST";
    path: "/api/interests";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["NewInterest"];
    responses: {
      201: { "application/json": schemas["Interest"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** One interest, and what was bought for it. */
  get_api_interests_id: {
    method: "GET";
    path: "/api/interests/{id}";
    parameters: {
      path: { id: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Interest"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Ends an interest. A plan under way goes on to its end. */
  delete_api_interests_id: {
    method: "DELETE";
    path: "/api/interests/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      200: { "application/json": schemas["Interest"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user's plans, newest first. */
  get_api_plans: {
    method: "GET";
    path: "/api/plans";
    parameters: {
      query?: { state?: string; limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Plan"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Makes a plan: the least-cost cover of what is wanted, over several sellers. Nothing is held. */
  post_api_plans: {
    method: "POST";
    path: "/api/plans";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["NewPlan"];
    responses: {
      200: { "application/json": schemas["Plan"] };
      202: { "application/json": schemas["PlanAccepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** A plan with its parts, their transactions, and its reasons. */
  get_api_plans_id: {
    method: "GET";
    path: "/api/plans/{id}";
    parameters: {
      path: { id: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Plan"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Cancels a plan as a whole, and says of each part what becomes of it: what is not bought is dropped, what is bought is
   * cancelled by the rules of a cancellation (until its gate closes and within this platform's time, at the price in trust
   * that each cancellation has). Refused when nothing of it can be cancelled.
   */
  post_api_plans_id_cancel: {
    method: "POST";
    path: "/api/plans/{id}/cancel";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["Empty"];
    responses: {
      200: { "application/json": schemas["Plan"] };
      202: { "application/json": schemas["PlanCancelled"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Confirms a plan: all parts are reserved at once, what fails is planned again from the rest, then all is bought. */
  post_api_plans_id_confirm: {
    method: "POST";
    path: "/api/plans/{id}/confirm";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["Empty"];
    responses: {
      200: { "application/json": schemas["Plan"] };
      202: { "application/json": schemas["PlanAccepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Rates the seller once the contract is over. */
  post_api_rate: {
    method: "POST";
    path: "/api/rate";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["Rate"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Asks the seller for a price. Nothing is held. */
  post_api_select: {
    method: "POST";
    path: "/api/select";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["Select"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Asks the seller how the contract stands. */
  post_api_status: {
    method: "POST";
    path: "/api/status";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["TransactionReference"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Asks how the seller can be reached. */
  post_api_support: {
    method: "POST";
    path: "/api/support";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["TransactionReference"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Asks where the delivery can be followed. */
  post_api_track: {
    method: "POST";
    path: "/api/track";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["TransactionReference"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user's trades, newest first. */
  get_api_transactions: {
    method: "GET";
    path: "/api/transactions";
    parameters: {
      query?: { side?: string; state?: string; limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Transaction"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** One trade of the user. Inside one platform a user may be both sides of it: `side` chooses, buyer comes first. */
  get_api_transactions_id: {
    method: "GET";
    path: "/api/transactions/{id}";
    parameters: {
      path: { id: string };
      query?: { side?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * The events of one transaction as they happen: `id` its number, `event` its kind, `data` JSON. `Last-Event-ID`, or
   * `after`, continues after an event; without it the stream begins with the first. It ends as `/api/events` does.
   */
  get_api_transactions_id_events: {
    method: "GET";
    path: "/api/transactions/{id}/events";
    parameters: {
      path: { id: string };
      query?: { after?: number };
      header?: { "Last-Event-ID"?: number | null };
    };
    responses: {
      200: { "text/event-stream": string };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** What a search of the user has found so far, ranked: what can be taken comes first, the best in front. */
  get_api_transactions_id_offers: {
    method: "GET";
    path: "/api/transactions/{id}/offers";
    parameters: {
      path: { id: string };
      query?: { max_price_inr?: string; from?: string; to?: string; quantity_kwh?: string; min_trust?: string; proven?: boolean; lat?: string; lon?: string; limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_FoundOfferView"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Takes less of a standing contract, before the gate closes. */
  post_api_update: {
    method: "POST";
    path: "/api/update";
    parameters: {
      header?: { "Idempotency-Key"?: string; Prefer?: string };
    };
    body: schemas["Update"];
    responses: {
      200: { "application/json": schemas["TransactionDocument"] };
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user's webhooks, newest first. */
  get_api_webhooks: {
    method: "GET";
    path: "/api/webhooks";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Webhook"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Adds a webhook. The answer shows its secret, and no other does. One that an API token makes, or changes, is called no
   * more once that token is revoked or too old, until somebody who has signed in changes it.
   */
  post_api_webhooks: {
    method: "POST";
    path: "/api/webhooks";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["NewWebhook"];
    responses: {
      201: { "application/json": schemas["WebhookWithSecret"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** One webhook. */
  get_api_webhooks_id: {
    method: "GET";
    path: "/api/webhooks/{id}";
    parameters: {
      path: { id: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Webhook"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Changes address, kinds or description, pauses it or lets it go on. */
  patch_api_webhooks_id: {
    method: "PATCH";
    path: "/api/webhooks/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["WebhookChange"];
    responses: {
      200: { "application/json": schemas["Webhook"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Removes the webhook, and what was waiting for it. */
  delete_api_webhooks_id: {
    method: "DELETE";
    path: "/api/webhooks/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** What was sent to the webhook and what is waiting, newest event first. */
  get_api_webhooks_id_deliveries: {
    method: "GET";
    path: "/api/webhooks/{id}/deliveries";
    parameters: {
      path: { id: string };
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_WebhookDelivery"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Sends events once more, those of the webhook's kinds: after a fault of the receiver, or what happened while it was
   * paused. They keep their `webhook-id`.
   */
  post_api_webhooks_id_replay: {
    method: "POST";
    path: "/api/webhooks/{id}/replay";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["Replay"];
    responses: {
      202: { "application/json": schemas["Replayed"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Gives the webhook another secret, which this answer shows. For a day both sign, so that the receiver can change over. */
  post_api_webhooks_id_rotate: {
    method: "POST";
    path: "/api/webhooks/{id}/rotate";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      200: { "application/json": schemas["WebhookWithSecret"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Signs in with e-mail address and password. */
  post_auth_login: {
    method: "POST";
    path: "/auth/login";
    body: schemas["SignIn"];
    responses: {
      200: { "application/json": schemas["Tokens"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Signs this device out: its tokens open nothing from now on. */
  post_auth_logout: {
    method: "POST";
    path: "/auth/logout";
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Signs every device out. */
  post_auth_logout_all: {
    method: "POST";
    path: "/auth/logout-all";
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The issuers at which one may sign in. */
  get_auth_oidc: {
    method: "GET";
    path: "/auth/oidc";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Issuer"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Where the issuer sends the browser back to. Whoever it vouches for is signed in; who comes for the first time gets
   * an account, or the one whose verified e-mail address the issuer has verified as well.
   */
  get_auth_oidc_provider_callback: {
    method: "GET";
    path: "/auth/oidc/{provider}/callback";
    parameters: {
      path: { provider: string };
      query?: { code?: string; state?: string; iss?: string; error?: string };
    };
    responses: {
      200: { "application/json": schemas["Tokens"] };
      201: { "application/json": schemas["Tokens"] };
      303: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Sends the browser to the issuer. It has ten minutes to come back, with the cookie that it gets here. */
  get_auth_oidc_provider_start: {
    method: "GET";
    path: "/auth/oidc/{provider}/start";
    parameters: {
      path: { provider: string };
    };
    responses: {
      200: { "application/json": schemas["SignInStarted"] };
      303: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Chooses another password; every other device is signed out. */
  post_auth_password: {
    method: "POST";
    path: "/auth/password";
    body: schemas["ChangePassword"];
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Sends a link to choose a new password, if the address has an account. */
  post_auth_password_forgot: {
    method: "POST";
    path: "/auth/password/forgot";
    body: schemas["EmailAddress"];
    responses: {
      202: { "application/json": schemas["MessageSent"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The page of the link that leads to a new password. */
  get_auth_password_reset: {
    method: "GET";
    path: "/auth/password/reset";
    parameters: {
      query?: { token?: string };
    };
    responses: {
      200: { "text/html": string };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Chooses a new password by the link's token; every device is signed out. Takes the form of its page as well. */
  post_auth_password_reset: {
    method: "POST";
    path: "/auth/password/reset";
    body: schemas["ResetPassword"];
    responses: {
      200: { "text/html": string };
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Sends a code of six digits to a mobile number, which need not have an account. */
  post_auth_phone_code: {
    method: "POST";
    path: "/auth/phone/code";
    body: schemas["PhoneNumber"];
    responses: {
      202: { "application/json": schemas["MessageSent"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Signs in with the code. Five wrong ones, or five minutes, and a new one is needed. */
  post_auth_phone_verify: {
    method: "POST";
    path: "/auth/phone/verify";
    body: schemas["PhoneSignIn"];
    responses: {
      200: { "application/json": schemas["Tokens"] };
      201: { "application/json": schemas["Tokens"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Gives new tokens for a refresh token, which is good once: where it comes again, the session ends. */
  post_auth_refresh: {
    method: "POST";
    path: "/auth/refresh";
    body: schemas["Refresh"];
    responses: {
      200: { "application/json": schemas["Tokens"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Asks for an account. The answer is the same whether or not the address has one; the mailbox is told which. */
  post_auth_register: {
    method: "POST";
    path: "/auth/register";
    body: schemas["Register"];
    responses: {
      202: { "application/json": schemas["MessageSent"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The devices that are signed in, newest first; at most 50. */
  get_auth_sessions: {
    method: "GET";
    path: "/auth/sessions";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Session"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Signs one device out. */
  delete_auth_sessions_id: {
    method: "DELETE";
    path: "/auth/sessions/{id}";
    parameters: {
      path: { id: string };
    };
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The API tokens that are good, newest first; at most 50. */
  get_auth_tokens: {
    method: "GET";
    path: "/auth/tokens";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_ApiToken"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Makes an API token for a machine. */
  post_auth_tokens: {
    method: "POST";
    path: "/auth/tokens";
    body: schemas["NewApiToken"];
    responses: {
      201: { "application/json": schemas["CreatedApiToken"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Takes an API token back: it opens nothing from now on. */
  delete_auth_tokens_id: {
    method: "DELETE";
    path: "/auth/tokens/{id}";
    parameters: {
      path: { id: string };
    };
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The page of the link that verifies an address. */
  get_auth_verify_email: {
    method: "GET";
    path: "/auth/verify-email";
    parameters: {
      query?: { token?: string };
    };
    responses: {
      200: { "text/html": string };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Shows by the link's token that the e-mail address is the user's, and by the password that the account is. Takes the
   * form of its page as well.
   */
  post_auth_verify_email: {
    method: "POST";
    path: "/auth/verify-email";
    body: schemas["Verification"];
    responses: {
      200: { "text/html": string };
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Sends another link to an address that is not verified. */
  post_auth_verify_email_resend: {
    method: "POST";
    path: "/auth/verify-email/resend";
    responses: {
      202: { "application/json": schemas["MessageSent"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Messages for a buyer's platform, and those of our ledger. */
  post_bap_receiver_action: {
    method: "POST";
    path: "/bap/receiver/{action}";
    parameters: {
      path: { action: string };
    };
    body: Record<string, unknown>;
    responses: {
      200: { "application/json": Record<string, unknown> };
      "4XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
      "5XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
    };
  };
  /** The catalog service's verdict on our offers. */
  post_bpp_receiver_catalog_on_publish: {
    method: "POST";
    path: "/bpp/receiver/catalog/on_publish";
    body: Record<string, unknown>;
    responses: {
      200: { "application/json": Record<string, unknown> };
      "4XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
      "5XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
    };
  };
  /** Messages for a seller's platform. */
  post_bpp_receiver_action: {
    method: "POST";
    path: "/bpp/receiver/{action}";
    parameters: {
      path: { action: string };
    };
    body: Record<string, unknown>;
    responses: {
      200: { "application/json": Record<string, unknown> };
      "4XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
      "5XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
    };
  };
  /** The same as /bap/receiver. */
  post_callbacks_action: {
    method: "POST";
    path: "/callbacks/{action}";
    parameters: {
      path: { action: string };
    };
    body: Record<string, unknown>;
    responses: {
      200: { "application/json": Record<string, unknown> };
      "4XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
      "5XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
    };
  };
  /** New offers, for those who wait for them. */
  post_catalog_push: {
    method: "POST";
    path: "/catalog/push";
    body: Record<string, unknown>;
    responses: {
      200: { "application/json": Record<string, unknown> };
      "4XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
      "5XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
    };
  };
  /** The signed results of a DISCOM's ledger: the same as /bap/receiver, where on_status is taken. */
  post_discom_action: {
    method: "POST";
    path: "/discom/{action}";
    parameters: {
      path: { action: string };
    };
    body: Record<string, unknown>;
    responses: {
      200: { "application/json": Record<string, unknown> };
      "4XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
      "5XX": { "application/json": schemas["Nack"]; "application/problem+json": schemas["Problem"] };
    };
  };
  /** The process runs. Asks nobody. */
  get_health: {
    method: "GET";
    path: "/health";
    parameters: {
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Health"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Each dependency, with the reason when it fails. */
  get_ready: {
    method: "GET";
    path: "/ready";
    parameters: {
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Ready"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/json": schemas["Ready"] };
    };
  };
  /** The user's offers, newest first. */
  get_seller_offers: {
    method: "GET";
    path: "/seller/offers";
    parameters: {
      query?: { state?: string; limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_OfferDocument"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Lists hours of one of the user's meters. */
  post_seller_offers: {
    method: "POST";
    path: "/seller/offers";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["NewOffer"];
    responses: {
      201: { "application/json": schemas["OfferDocument"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** One offer, with the stock of each slot and how far its publication is. */
  get_seller_offers_id: {
    method: "GET";
    path: "/seller/offers/{id}";
    parameters: {
      path: { id: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["OfferDocument"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Changes price, quantity or name; never below what is sold and reserved. */
  patch_seller_offers_id: {
    method: "PATCH";
    path: "/seller/offers/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["OfferChange"];
    responses: {
      200: { "application/json": schemas["OfferDocument"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Takes back what is neither sold nor reserved. */
  delete_seller_offers_id: {
    method: "DELETE";
    path: "/seller/offers/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      200: { "application/json": schemas["OfferDocument"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The orders of the user, newest first. */
  get_seller_orders: {
    method: "GET";
    path: "/seller/orders";
    parameters: {
      query?: { state?: string; limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Transaction"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** One order, by its transaction id. */
  get_seller_orders_id: {
    method: "GET";
    path: "/seller/orders/{id}";
    parameters: {
      path: { id: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["ContractDocument"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Calls an order off, before the gate closes and within the time that this platform allows. The buyer's platform is
   * told unasked.
   */
  post_seller_orders_id_cancel: {
    method: "POST";
    path: "/seller/orders/{id}/cancel";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["CancelOrder"];
    responses: {
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Tells the buyer's platform, unasked, how the order stands. */
  post_seller_orders_id_status: {
    method: "POST";
    path: "/seller/orders/{id}/status";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      202: { "application/json": schemas["Accepted"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user of the token. */
  get_seller_profile: {
    method: "GET";
    path: "/seller/profile";
    parameters: {
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Profile"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Who I am. */
  get_users_me: {
    method: "GET";
    path: "/users/me";
    parameters: {
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Myself"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Changes name, language, or where buyers pay. */
  patch_users_me: {
    method: "PATCH";
    path: "/users/me";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["ChangeMe"];
    responses: {
      200: { "application/json": schemas["Me"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Erases one's account, for good. Offers are withdrawn; open trades, plans, payments and money are named, and keep it. */
  delete_users_me: {
    method: "DELETE";
    path: "/users/me";
    body: schemas["EraseMe"];
    responses: {
      200: { "application/json": schemas["Erased"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Balance, holds and credit. */
  get_users_me_account: {
    method: "GET";
    path: "/users/me/account";
    parameters: {
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Account"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Every booking that touched the account, newest first. */
  get_users_me_account_journal: {
    method: "GET";
    path: "/users/me/account/journal";
    parameters: {
      query?: { kind?: string; limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_JournalEntry"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Adds money from the user's bank. */
  post_users_me_account_top_ups: {
    method: "POST";
    path: "/users/me/account/top-ups";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["MoveMoney"];
    responses: {
      201: { "application/json": schemas["Payment"] };
      202: { "application/json": schemas["Payment"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Pays money out to the user's bank: what the balance has beyond what is held, never on credit. */
  post_users_me_account_withdrawals: {
    method: "POST";
    path: "/users/me/account/withdrawals";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["MoveMoney"];
    responses: {
      201: { "application/json": schemas["Payment"] };
      202: { "application/json": schemas["Payment"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** What the user has agreed to and taken back, newest first. */
  get_users_me_consents: {
    method: "GET";
    path: "/users/me/consents";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Consent"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Agrees, or takes it back: a new entry each time. */
  post_users_me_consents: {
    method: "POST";
    path: "/users/me/consents";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["GiveConsent"];
    responses: {
      201: { "application/json": schemas["Consent"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user's credentials, newest first. */
  get_users_me_credentials: {
    method: "GET";
    path: "/users/me/credentials";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_Credential"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Hands in an energy credential: JSON with its proof, a JWT, or the PDF that carries one of them. It is kept and
   * shown whatever its checks say; what a verified one says of a meter of the user's becomes the meter's limits. Twenty an
   * hour are taken, readable or not. One PDF of a user is read at a time: another one at the same moment is refused, and not
   * counted.
   */
  post_users_me_credentials: {
    method: "POST";
    path: "/users/me/credentials";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: unknown;
    responses: {
      201: { "application/json": schemas["Credential"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** One credential. */
  get_users_me_credentials_id: {
    method: "GET";
    path: "/users/me/credentials/{id}";
    parameters: {
      path: { id: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Credential"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Takes a credential back, with what it proved: a meter that nothing else proves trades no more. The judgment stays on
   * record.
   */
  delete_users_me_credentials_id: {
    method: "DELETE";
    path: "/users/me/credentials/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /**
   * All of one's own data as one JSON document. Nothing changes by it, so it is a read; it is written while it is sent,
   * however long it is, and breaks off where something fails: what ends with its closing brace is whole.
   */
  get_users_me_export: {
    method: "GET";
    path: "/users/me/export";
    responses: {
      200: { "application/json": schemas["Export"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** By what I sign in. */
  get_users_me_logins: {
    method: "GET";
    path: "/users/me/logins";
    parameters: {
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Logins"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Sends a code to an address that is to be added to an account which has none of its kind. The answer is the same for
   * an address of another account.
   */
  post_users_me_logins: {
    method: "POST";
    path: "/users/me/logins";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["NewAddress"];
    responses: {
      202: { "application/json": schemas["MessageSent"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /**
   * Adds the address that the code was sent to: whoever has it signs in by it from now on. Five wrong ones, or five
   * minutes, and a new code is needed.
   */
  post_users_me_logins_confirm: {
    method: "POST";
    path: "/users/me/logins/confirm";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["AddressProof"];
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /**
   * Takes an issuer's word for me no more, also where it vouches for my address, and signs the other devices out that have
   * come by an issuer. The last way in stays.
   */
  delete_users_me_logins_id: {
    method: "DELETE";
    path: "/users/me/logins/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user's bills, newest first. */
  get_users_me_meter_documents: {
    method: "GET";
    path: "/users/me/meter-documents";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_MeterDocument"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /**
   * Hands in an electricity bill as PDF: it is read by rules, and by the operator's language model where there is one and
   * the user has consented to `bill_reading`. A good one of a meter of the user's gives the bonus of trust, once for an
   * account, a meter and a document. The file is not kept, and what it says raises no limit. One file of a user is read
   * at a time: another one at the same moment is refused, and not counted.
   */
  post_users_me_meter_documents: {
    method: "POST";
    path: "/users/me/meter-documents";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      201: { "application/json": schemas["MeterDocument"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** One bill. */
  get_users_me_meter_documents_id: {
    method: "GET";
    path: "/users/me/meter-documents/{id}";
    parameters: {
      path: { id: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["MeterDocument"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Takes a bill back: what it says is forgotten. A bonus that it gave stays, and is not given again. */
  delete_users_me_meter_documents_id: {
    method: "DELETE";
    path: "/users/me/meter-documents/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user's meters, oldest first. */
  get_users_me_meters: {
    method: "GET";
    path: "/users/me/meters";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_MeterView"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Claims a meter with a proof. Five tries an hour. */
  post_users_me_meters: {
    method: "POST";
    path: "/users/me/meters";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["ClaimMeter"];
    responses: {
      201: { "application/json": schemas["MeterView"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** Gives a meter up, when no offer and no trade of the user's is open any more. */
  delete_users_me_meters_id: {
    method: "DELETE";
    path: "/users/me/meters/{id}";
    parameters: {
      path: { id: string };
      header?: { "Idempotency-Key"?: string };
    };
    responses: {
      204: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The user of the token, with what is declared and what is verified. */
  get_users_me_profile: {
    method: "GET";
    path: "/users/me/profile";
    parameters: {
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Profile"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** Changes what the user says of roof and household. What is proven stays as it is. */
  patch_users_me_profile: {
    method: "PATCH";
    path: "/users/me/profile";
    parameters: {
      header?: { "Idempotency-Key"?: string };
    };
    body: schemas["ChangeProfile"];
    responses: {
      200: { "application/json": schemas["Profile"] };
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      409: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.in_progress" | "trade.state_conflict" | "trade.gate_closed" | "trade.gate_not_open" | "trade.quantity_unavailable" | "trade.price_mismatch" | "trade.own_meter" | "trade.not_eligible" | "trade.meter_unverified" | "meter.not_proven" | "meter.taken" | "meter.in_use" | "market.capacity_exceeded" | "market.load_exceeded" | "trust.limit_exceeded" | "market.below_sold" | "market.offer_withdrawn" | "auth.too_many_tokens" | "auth.last_way_in" | "account.credit_exceeded" | "account.not_settled" | "account.withdrawal_exceeded" | "account.payout_missing" | "trade.cancel_window_closed" | "webhook.limit_reached" | "choice.too_dear" | "choice.outside_window" | "choice.too_little" | "choice.trust_too_low" | "choice.trust_unknown" | "plan.nothing_found" | "plan.incomplete" | "plan.state_conflict";
        status?: 409;
      }) };
      413: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.too_large";
        status?: 413;
      }) };
      415: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.unsupported_media_type";
        status?: 415;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
      503: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.busy" | "auth.issuer_unavailable" | "network.peer_unavailable";
        status?: 503;
      }) };
    };
  };
  /** The months that have a statement, newest first. */
  get_users_me_statements: {
    method: "GET";
    path: "/users/me/statements";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_StatementHead"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** The statement of a month, `2026-11`; as the ending `.csv` or `.html`, or else `Accept`, asks for it. */
  get_users_me_statements_month: {
    method: "GET";
    path: "/users/me/statements/{month}";
    parameters: {
      path: { month: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Statement"]; "text/csv": string; "text/html": string };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      404: { "application/problem+json": (schemas["Problem"] & {
        code?: "resource.not_found";
        status?: 404;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** How far the user of the token is trusted, what may be traded by it, and why. */
  get_users_me_trust: {
    method: "GET";
    path: "/users/me/trust";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Trust"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** The meters of the DISCOM on this platform, newest first. */
  get_utility_meters: {
    method: "GET";
    path: "/utility/meters";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_UtilityMeter"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
  /** The confirmed trades on the meters of the DISCOM, newest first. A trade inside the DISCOM has two sides. */
  get_utility_trades: {
    method: "GET";
    path: "/utility/trades";
    parameters: {
      query?: { limit?: number; cursor?: string };
      header?: { "If-None-Match"?: string };
    };
    responses: {
      200: { "application/json": schemas["Page_UtilityTrade"] };
      304: Record<string, never>;
      400: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.malformed" | "request.cursor_invalid" | "auth.sign_in_over";
        status?: 400;
      }) };
      401: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.token_missing" | "auth.token_invalid" | "auth.sign_in_refused" | "auth.token_expired" | "auth.credentials_wrong" | "auth.code_invalid" | "auth.refresh_invalid";
        status?: 401;
      }) };
      403: { "application/problem+json": (schemas["Problem"] & {
        code?: "auth.forbidden" | "auth.scope_missing" | "auth.email_unverified" | "auth.account_locked" | "auth.issuer_unlinked";
        status?: 403;
      }) };
      422: { "application/problem+json": (schemas["Problem"] & {
        code?: "credential.unreadable" | "document.unreadable" | "document.locked" | "document.no_text" | "auth.password_weak" | "request.field_invalid" | "trade.slot_invalid" | "trade.quantity_invalid" | "request.idempotency_mismatch";
        status?: 422;
      }) };
      429: { "application/problem+json": (schemas["Problem"] & {
        code?: "request.rate_limited";
        status?: 429;
      }) };
      500: { "application/problem+json": (schemas["Problem"] & {
        code?: "internal";
        status?: 500;
      }) };
    };
  };
}
