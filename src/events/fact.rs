//! What can happen to a user, as a type: every kind of event with the shape of its data and a line of documentation.
//!
//! The table below is the only list: streams and webhooks tell what it makes, the OpenAPI document is made from it, and
//! a test validates what a whole trade tells against it. Energy is in kWh and money in INR, as decimal strings.

use std::collections::BTreeMap;

use serde::Serialize;
use units::{DeliverySlot, Paise, WattHours};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

/// One row of the documentation of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Noun of the domain, then what became of it: `contract.active`.
    pub name: &'static str,
    pub about: &'static str,
    /// The schema of its data.
    pub data: &'static str,
}

macro_rules! facts {
    ($($name:ident($data:ident) = $kind:literal, $about:literal;)*) => {
        /// Something that has happened to a user.
        #[derive(Clone, Debug)]
        pub enum Fact { $(#[doc = $about] $name($data),)* }

        impl Fact {
            /// Its name in the log, on the streams and in the filters of webhooks.
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $kind,)* }
            }

            /// A JSON object.
            pub(super) fn data(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$name(data) => serde_json::to_string(data),)* }
            }
        }

        /// Every kind, in the order of the documentation.
        pub const KINDS: &[Kind] = &[$(Kind { name: $kind, about: $about, data: stringify!($data) },)*];

        /// The schemas of all data, and of what they are made of, by name.
        pub fn schemas() -> BTreeMap<String, RefOr<Schema>> {
            let mut parts = Vec::new();
            let mut all = BTreeMap::new();
            $(
                all.insert(stringify!($data).to_owned(), <$data as PartialSchema>::schema());
                <$data as ToSchema>::schemas(&mut parts);
            )*
            all.extend(parts);
            all
        }
    };
}

facts! {
    SearchAnswered(SearchAnswered) = "search.answered", "A search has brought a page of offers.";
    SearchFailed(Refused) = "search.failed", "A search was refused, or nobody answered it.";
    ContractDraft(ContractChanged) = "contract.draft", "A price was asked for.";
    ContractQuoted(ContractChanged) = "contract.quoted", "The seller has named a price; nothing is held.";
    ContractReserved(ContractChanged) = "contract.reserved", "Seller: the energy is held for a buyer.";
    ContractOffered(ContractChanged) = "contract.offered", "Buyer: the seller holds the energy and named its terms.";
    ContractConfirming(ContractChanged) = "contract.confirming", "Buyer: the confirmation is on its way.";
    ContractRecording(ContractChanged) = "contract.recording", "Our DISCOM's ledger is being told.";
    ContractActive(ContractChanged) = "contract.active", "Seller: sold, recorded, and confirmed to the buyer.";
    ContractStanding(ContractChanged) = "contract.standing", "Buyer: bought, and recorded by our DISCOM's ledger.";
    ContractCancelling(ContractChanged) = "contract.cancelling", "Called off; the ledgers are being told.";
    ContractCancelled(ContractChanged) = "contract.cancelled", "Called off, and out of the ledgers.";
    ContractRejected(ContractChanged) = "contract.rejected", "Refused by a party; `failure` says why.";
    ContractExpired(ContractChanged) = "contract.expired", "Not concluded in time.";
    ContractDisputed(ContractChanged) = "contract.disputed", "The two sides cannot both be right; a person must look.";
    ContractConfirmedLate(Refused) = "contract.confirmed_late", "The seller has confirmed what had ended before.";
    ContractCancelRefused(Refused) = "contract.cancel_refused", "The other side does not accept the cancellation.";
    ContractUpdateRefused(Refused) = "contract.update_refused", "The other side does not accept the reduction.";
    ContractStatus(ContractStatus) = "contract.status", "Somebody has told how the contract and its delivery stand.";
    ContractCascadeFailed(CascadeFailed) = "contract.cascade_failed", "A party could not be told what was delivered.";
    ContractSettled(ContractSettled) = "contract.settled", "What was delivered is final and paid.";
    DeliveryOverdue(DeliveryTrouble) = "delivery.overdue", "The DISCOMs' timetable has ended without a final result.";
    DeliveryException(DeliveryTrouble) = "delivery.exception", "A delivery needs a person; `reason` says why.";
    DeliveryResolved(DeliveryResolved) = "delivery.resolved", "A person has decided about a delivery.";
    StatusRefused(Refused) = "status.refused", "The seller would not say how the contract stands.";
    TrackAnswered(Answered) = "track.answered", "The seller has told where the delivery can be followed.";
    TrackRefused(Refused) = "track.refused", "The question where the delivery can be followed was refused.";
    RateAnswered(Answered) = "rate.answered", "The seller's platform has taken the rating.";
    RateRefused(Refused) = "rate.refused", "The seller's platform has refused the rating.";
    SupportAnswered(Answered) = "support.answered", "The seller has told how its support is reached.";
    SupportRefused(Refused) = "support.refused", "The question for support was refused.";
    OrderTrack(OrderAsked) = "order.track", "Seller: the buyer asks where the delivery can be followed.";
    OrderRate(OrderAsked) = "order.rate", "Seller: the buyer has rated the trade.";
    OrderSupport(OrderAsked) = "order.support", "Seller: the buyer asks for support.";
    OfferListed(OfferChanged) = "offer.listed", "One's own offer is listed.";
    OfferChanged(OfferChanged) = "offer.changed", "One's own offer has another price, quantity or name.";
    OfferWithdrawn(OfferChanged) = "offer.withdrawn", "What was left of one's own offer is withdrawn.";
    OfferAccepted(OfferVerdict) = "offer.accepted", "The catalog shows one's own offer.";
    OfferRejected(OfferVerdict) = "offer.rejected", "The catalog does not show one's own offer; `reason` says why.";
    OfferStock(OfferStock) = "offer.stock_changed", "Energy of one's own offer was reserved, sold or given back.";
    PlanSearching(PlanChanged) = "plan.searching", "A plan is looking for offers.";
    PlanProposed(PlanChanged) = "plan.proposed", "A plan can be confirmed; nothing is held.";
    PlanReserving(PlanChanged) = "plan.reserving", "The sellers of a plan are asked to hold the energy.";
    PlanConfirming(PlanChanged) = "plan.confirming", "What a plan holds is being bought.";
    PlanStanding(PlanChanged) = "plan.standing", "All that a plan wanted is bought.";
    PlanPartial(PlanChanged) = "plan.partial", "Some of what a plan wanted is bought, and no more can be had.";
    PlanFailed(PlanChanged) = "plan.failed", "A plan has bought nothing; `failure` says why.";
    PlanCancelling(PlanChanged) = "plan.cancelling", "A plan is being cancelled by its owner.";
    PlanCancelled(PlanChanged) = "plan.cancelled", "Nothing of a plan stands: it was cancelled by its owner.";
    PlanReplanned(PlanReplanned) = "plan.replanned", "What failed of a plan is planned again.";
    PartPlanned(PlanPartChanged) = "plan.part_planned", "A seller was added to a plan.";
    PartReserving(PlanPartChanged) = "plan.part_reserving", "A seller of a plan is asked to hold the energy.";
    PartReserved(PlanPartChanged) = "plan.part_reserved", "A seller of a plan holds the energy.";
    PartConfirming(PlanPartChanged) = "plan.part_confirming", "A part of a plan is being bought.";
    PartStanding(PlanPartChanged) = "plan.part_standing", "A part of a plan is bought.";
    PartFailed(PlanPartChanged) = "plan.part_failed", "A part of a plan came to nothing; `failure` says why.";
    PartReleased(PlanPartChanged) = "plan.part_released", "A part of a plan was held and let go: it is not wanted.";
    PartCancelling(PlanPartChanged) = "plan.part_cancelling", "A bought part of a plan is being cancelled.";
    PartCancelled(PlanPartChanged) = "plan.part_cancelled", "A bought part of a plan is cancelled.";
    InterestMatched(InterestMatched) = "interest.matched", "The market: new offers fit a standing interest.";
    InterestBuying(InterestBuying) = "interest.buying", "A standing interest has made a plan and buys.";
    InterestBought(InterestBought) = "interest.bought", "The plan of a standing interest has ended.";
    AccountChanged(AccountChanged) = "account.changed", "Money was booked, set aside or set free.";
    AccountVerified(AccountVerified) = "account.verified", "An address of one's own is verified.";
    AccountPassword(PasswordChanged) = "account.password_changed", "The password was changed; other sessions have ended.";
    AccountRole(RoleChanged) = "account.role_changed", "The operator has given the account another role.";
    SessionReused(SessionReused) = "session.reused", "A refresh token came twice: its session has ended.";
    TrustChanged(TrustChanged) = "trust.changed", "The trust score has moved.";
    WebhookDisabled(WebhookDisabled) = "webhook.disabled", "A webhook is not called any more; `reason` says why.";
}

/// Why something was refused, in the network's words.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = EventFailure)]
pub struct Failure {
    #[schema(example = "BIZ_QUANTITY_UNAVAILABLE")]
    pub code: String,
    pub message: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SearchAnswered {
    pub transaction_id: String,
    /// How many offers this page brought.
    pub offers: usize,
}

/// A step that another party, or the network, did not take.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Refused {
    pub transaction_id: String,
    pub failure: Failure,
    /// Of the question that was refused, where several may be open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

/// A question beside a trade has its answer: it stands in the transaction's `exchanges`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Answered {
    pub transaction_id: String,
    pub message_id: String,
}

/// The buyer has asked something beside the trade.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderAsked {
    pub transaction_id: String,
    pub message_id: String,
    /// `track`, `rate` or `support`.
    #[schema(example = "rate")]
    pub action: String,
}

/// One side of a trade stands elsewhere now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContractChanged {
    pub transaction_id: String,
    /// Given by the seller's platform when it confirms.
    pub contract_id: Option<String>,
    /// `buyer` or `seller`: which side of it is the user's.
    #[schema(example = "buyer")]
    pub side: &'static str,
    #[schema(example = "standing")]
    pub state: &'static str,
    /// The action of the network, or the worker, that made it so.
    #[schema(example = "on_confirm")]
    pub cause: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// What somebody told of a contract, and what of it we took.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContractStatus {
    pub transaction_id: String,
    /// Subscriber id of who told it.
    pub told_by: String,
    /// The contract's status in the network's words.
    #[schema(example = "ACTIVE")]
    pub status: Option<String>,
    /// How many cells of the delivery were written by it.
    pub written: usize,
    /// Cells that the sender may not write.
    pub refused: Vec<String>,
    /// Cells that contradict what was told before.
    pub disputed: Vec<String>,
    /// Cells in which the sender's copy differs from ours, separated by commas.
    pub differs: String,
    /// The reference of the payment that the buyer's platform told, when it is new to us.
    pub paid: Option<String>,
    pub error: Option<Failure>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CascadeFailed {
    pub transaction_id: String,
    /// Subscriber id of who was not told.
    pub receiver: String,
    #[schema(example = "on_status")]
    pub action: String,
    pub reason: String,
}

/// A delivery with its final result, booked on the user's account in the same transaction.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContractSettled {
    pub transaction_id: String,
    pub contract_id: Option<String>,
    /// `buyer` or `seller`.
    #[schema(example = "seller")]
    pub side: &'static str,
    /// 1, and one more for each correction.
    pub settlement: i64,
    #[schema(value_type = Option<String>, example = "2")]
    pub requested_kwh: Option<WattHours>,
    #[schema(value_type = String, example = "1.75")]
    pub settled_kwh: WattHours,
    /// Price times settled quantity, before charges.
    #[schema(value_type = String, example = "11.38")]
    pub amount_inr: Paise,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryTrouble {
    pub transaction_id: String,
    pub contract_id: Option<String>,
    /// `buyer` or `seller`.
    #[schema(example = "buyer")]
    pub side: &'static str,
    pub reason: String,
}

/// What the operator decided about a delivery that needed a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeliveryResolved {
    pub transaction_id: String,
    pub contract_id: Option<String>,
    /// `buyer` or `seller`.
    #[schema(example = "buyer")]
    pub side: &'static str,
    pub decision: &'static str,
    pub reason: String,
    /// The newest settlement of the contract; 0 when there is none.
    pub settlement: i64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfferChanged {
    #[schema(value_type = String, format = "uuid")]
    pub offer_id: Uuid,
    pub revision: i64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfferVerdict {
    #[schema(value_type = String, format = "uuid")]
    pub offer_id: Uuid,
    pub reason: Option<String>,
}

/// The stock of an offer after a buyer's step; of the slots that were touched.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfferStock {
    #[schema(value_type = String, format = "uuid")]
    pub offer_id: Uuid,
    /// `reserved`, `sold` or `released`.
    #[schema(example = "sold")]
    pub cause: &'static str,
    pub slots: Vec<SlotStock>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SlotStock {
    #[schema(value_type = String, format = DateTime)]
    pub start: DeliverySlot,
    #[schema(value_type = String, example = "5")]
    pub published_kwh: WattHours,
    #[schema(value_type = String, example = "1")]
    pub reserved_kwh: WattHours,
    #[schema(value_type = String, example = "1.5")]
    pub sold_kwh: WattHours,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanChanged {
    pub plan_id: String,
    #[schema(example = "standing")]
    pub state: &'static str,
    /// The search that the plan was made from.
    pub search_id: String,
    #[schema(value_type = String, example = "4")]
    pub secured_kwh: WattHours,
    #[schema(value_type = String, example = "24.60")]
    pub secured_inr: Paise,
    pub failure: Option<Failure>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanReplanned {
    pub plan_id: String,
    /// 1 for the first time.
    pub round: i64,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanPartChanged {
    pub plan_id: String,
    pub transaction_id: String,
    pub bpp_id: String,
    pub offer_id: String,
    #[schema(example = "reserved")]
    pub state: &'static str,
    pub failure: Option<Failure>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InterestMatched {
    pub interest_id: String,
    /// Its offers are at `/api/transactions/{search_id}/offers`.
    pub search_id: String,
    pub offers: Vec<OfferName>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfferName {
    pub bpp_id: String,
    pub offer_id: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InterestBuying {
    pub interest_id: String,
    pub plan_id: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InterestBought {
    pub interest_id: String,
    pub plan_id: String,
    /// How the plan ended: `standing`, `partial` or `failed`.
    #[schema(example = "standing")]
    pub state: &'static str,
}

/// One booking on the user's account, and what it left there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountChanged {
    #[schema(value_type = String, format = "uuid")]
    pub journal_id: Uuid,
    /// As in `GET /users/me/account/journal`: `hold`, `release`, `settlement`, `correction`, `top_up`, `withdrawal`.
    #[schema(example = "settlement")]
    pub cause: &'static str,
    /// The trade that it is about.
    pub transaction_id: Option<String>,
    /// What the account got; negative for what it paid.
    #[schema(value_type = String, example = "-48.00")]
    pub amount_inr: Paise,
    #[schema(value_type = String, example = "-48.00")]
    pub balance_inr: Paise,
    /// Set aside now for trades and withdrawals under way.
    #[schema(value_type = String, example = "0.00")]
    pub held_inr: Paise,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountVerified {
    /// Which of the addresses.
    #[schema(example = "email")]
    pub address: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PasswordChanged {
    /// `user`, or `link` of a reset.
    #[schema(example = "user")]
    pub by: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RoleChanged {
    #[schema(example = "producer")]
    pub role: &'static str,
    #[schema(example = "prosumer")]
    pub was: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionReused {
    #[schema(value_type = String, format = "uuid")]
    pub session_id: Uuid,
    /// What it was called.
    pub device: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrustChanged {
    #[schema(example = "delivered")]
    pub cause: &'static str,
    /// `buyer` or `seller`, where a trade is the cause.
    pub side: Option<&'static str>,
    #[schema(example = "0.300000")]
    pub score_before: String,
    #[schema(example = "0.320000")]
    pub score: String,
    #[schema(example = "bronze")]
    pub tier: &'static str,
    /// How the score came about, in words and numbers.
    pub arithmetic: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WebhookDisabled {
    #[schema(value_type = String, format = "uuid")]
    pub webhook_id: Uuid,
    pub url: String,
    pub reason: String,
}
