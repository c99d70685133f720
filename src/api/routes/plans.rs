//! Plans over several sellers: made over what a search has found, confirmed as one intent, watched to their end.

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use units::{DeliverySlot, Paise, Price, Timestamp, WattHours};
use utoipa::ToSchema;
use uuid::Uuid;

use super::discover::{TrustView, kilometers};
use super::offers::EmptyBody;
use super::paging::{Asked as PageAsked, Page, only};
use super::{Answer, id};
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked};
use crate::api::problem::Problem;
use crate::api::slots::{Wished, placed};
use crate::api::view::{Reason, masked, reason};
use crate::api::{Shared, State, wait};
use crate::buyer::{
    self, BuyerError, CancelResult, Cover, Part, PartResult, PartSlot, Place, PlanAccepted, PlanCancelled,
    PlanState, PlanView, PlanWanted, PlanWish, Proposal,
};
use crate::error::Code;
use crate::events::idempotency::Key;
use crate::identity::User;

/// What a plan may be, for lists.
const STATES: &[&str] = &[
    "searching",
    "proposed",
    "reserving",
    "confirming",
    "standing",
    "partial",
    "failed",
    "cancelling",
    "cancelled",
];

/// So much of one hour.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WantedSlot)]
pub struct WantedSlotBody {
    /// On the hour of India Standard Time.
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T05:30:00Z")]
    start: DeliverySlot,
    #[schema(value_type = String, example = "3.50")]
    quantity_kwh: WattHours,
}

/// So much in any hours of a period.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WantedTotal)]
pub struct TotalBody {
    #[schema(value_type = String, example = "20")]
    pub(super) quantity_kwh: WattHours,
    /// Hours that start at or after this
    #[schema(value_type = String, format = DateTime)]
    pub(super) from: Timestamp,
    /// and end at or before that; at most a week.
    #[schema(value_type = String, format = DateTime)]
    pub(super) to: Timestamp,
}

/// A place, cut to hundredths of a degree.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Place)]
pub struct PlaceBody {
    #[schema(example = "28.61")]
    lat: String,
    #[schema(example = "77.21")]
    lon: String,
}

/// What is wanted: `slots` or `total`, and the limits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPlan)]
pub struct NewPlanBody {
    /// The search whose offers are taken. Absent: a new search, and the plan follows it.
    transaction_id: Option<String>,
    /// Which of your meters buys.
    meter_id: String,
    slots: Option<Vec<WantedSlotBody>>,
    total: Option<TotalBody>,
    /// Per kWh.
    #[schema(value_type = Option<String>, example = "6")]
    max_price_inr: Option<Price>,
    /// In all.
    #[schema(value_type = Option<String>, example = "100")]
    max_total_inr: Option<Paise>,
    max_sellers: Option<usize>,
    /// 0 to 1; never below this platform's floor.
    #[schema(example = "0.5")]
    min_trust: Option<String>,
    /// Only sellers with a settled history.
    #[serde(default)]
    proven: bool,
    /// All that is wanted, or nothing.
    #[serde(default)]
    whole: bool,
    near: Option<PlaceBody>,
}

/// A plan that is stored; what becomes of it follows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanAccepted)]
pub struct PlanAcceptedView {
    #[schema(value_type = String, format = "uuid")]
    pub plan_id: Uuid,
    #[schema(example = "proposed")]
    pub state: String,
}

/// A plan that is being cancelled: what becomes of each part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanCancelled)]
pub struct PlanCancelledView {
    #[schema(value_type = String, format = "uuid")]
    pub plan_id: Uuid,
    /// `cancelling`, or `cancelled` when nothing had begun.
    #[schema(example = "cancelling")]
    pub state: String,
    pub parts: Vec<PartResultView>,
}

/// What becomes of one part of a plan that is being cancelled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanPartResult)]
pub struct PartResultView {
    pub transaction_id: String,
    /// `dropped` (nothing was held), `lapses` (the seller holds it, and its reservation lapses), `cancelling` (it is
    /// bought), `refused` (it is bought and stands, with the reason), `over` (it had ended before).
    #[schema(example = "cancelling")]
    pub result: &'static str,
    /// Why it stands.
    pub failure: Option<Reason>,
}

/// A plan as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub struct PlanDocument {
    #[schema(value_type = String, format = "uuid")]
    pub plan_id: Uuid,
    /// `searching`, `proposed`, `reserving`, `confirming`, `standing`, `partial`, `failed`, `cancelling` or `cancelled`.
    #[schema(example = "standing")]
    pub state: &'static str,
    /// The search behind it.
    pub search_id: String,
    pub meter_id: String,
    /// What is held or bought.
    pub secured: CoverView,
    pub parts: Vec<PartView>,
    /// As it was when the plan was made.
    pub proposal: Option<ProposalView>,
    /// How often the rest was planned again because a part had failed.
    pub replanned: i64,
    pub failure: Option<Reason>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// Energy and what it costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cover)]
pub struct CoverView {
    #[schema(value_type = String, example = "12.5")]
    pub quantity_kwh: WattHours,
    #[schema(value_type = String, example = "71.25")]
    pub amount_inr: Paise,
}

/// One offer of a plan; its transaction exists once the plan is confirmed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PlanPart)]
pub struct PartView {
    pub transaction_id: String,
    /// 0 for what was proposed.
    pub round: i64,
    pub bpp_id: String,
    pub offer_id: String,
    pub name: Option<String>,
    /// Masked.
    pub seller_meter: String,
    pub discom: String,
    /// `planned`, `reserving`, `reserved`, `confirming`, `standing`, `failed`, `released`, `cancelling` or `cancelled`.
    #[schema(example = "reserved")]
    pub state: &'static str,
    pub slots: Vec<PlannedSlot>,
    #[schema(example = "0.5125")]
    pub score: String,
    pub trust: TrustView,
    pub distance_km: Option<String>,
    pub local: Option<bool>,
    pub co2_avoided_g: Option<i64>,
    #[schema(value_type = Option<String>)]
    pub grid_tariff_inr: Option<Price>,
    pub reason: String,
    pub failure: Option<Reason>,
}

/// One hour of a part.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlannedSlot {
    #[schema(value_type = String, format = DateTime)]
    pub start: DeliverySlot,
    #[schema(example = "2026-11-22 11:00 IST")]
    pub label_ist: String,
    #[schema(value_type = String, example = "3.5")]
    pub quantity_kwh: WattHours,
    #[schema(value_type = String, example = "5.2")]
    pub price_inr: Price,
}

/// How good a plan is, and what else could be had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proposal)]
pub struct ProposalView {
    #[schema(value_type = String)]
    pub wanted_kwh: WattHours,
    pub cover: CoverView,
    /// Nothing covers more within the limits, and nothing covers as much for less.
    pub optimal: bool,
    /// When that is not proven: at best so much, for at least that.
    pub bound: Option<CoverView>,
    /// What taking the cheapest first would cover.
    pub cheapest_first: CoverView,
    pub uncovered: Vec<ShortView>,
    pub alternative: Option<AlternativeView>,
    pub offers_found: i64,
    pub offers_refused: Vec<RefusedView>,
    #[schema(value_type = Option<String>)]
    pub average_price_inr: Option<Price>,
    #[schema(value_type = Option<String>)]
    pub grid_tariff_inr: Option<Price>,
    /// Against the grid; negative when it is dearer.
    #[schema(value_type = Option<String>)]
    pub saving_inr: Option<Paise>,
    /// 0 to 1, of the energy whose distance is known.
    pub local_share: Option<String>,
    pub co2_avoided_g: i64,
    pub co2_factor_g_per_kwh: i64,
    pub co2_source: String,
    pub reasons: Vec<String>,
}

/// An hour that is not covered whole.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Uncovered)]
pub struct ShortView {
    #[schema(value_type = String, format = DateTime)]
    pub start: DeliverySlot,
    #[schema(value_type = String)]
    pub missing_kwh: WattHours,
}

/// Offers that were refused for one reason.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedOffers)]
pub struct RefusedView {
    #[schema(example = "choice.too_dear")]
    pub code: String,
    pub offers: i64,
}

/// The best plan without the seller of the most energy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alternative)]
pub struct AlternativeView {
    pub without_bpp_id: String,
    /// Masked.
    pub without_meter: String,
    pub cover: CoverView,
    #[schema(value_type = String)]
    pub dearer_by_inr: Paise,
    #[schema(value_type = String)]
    pub covers_less_kwh: WattHours,
    pub parts: Vec<AlternativePart>,
}

/// One offer of an alternative.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlternativePart {
    pub bpp_id: String,
    pub offer_id: String,
    pub slots: Vec<PlannedSlot>,
}

/// Makes a plan: the least-cost cover of what is wanted, over several sellers. Nothing is held.
#[utoipa::path(post, path = "/api/plans", tag = "plans", request_body = NewPlanBody,
    responses((status = 202, body = PlanAcceptedView), (status = 200, body = PlanDocument)))]
pub async fn create(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, wait } = state.asked::<NewPlanBody>(&request, payload).await?;
    let slot = |slot: &WantedSlotBody| Wished::of(slot.start, slot.quantity_kwh);
    let wished: Vec<_> = body.slots.iter().flatten().map(slot).collect();
    let wish = wish(body)?;
    let (participant, buyer, under) = (state.participant.clone(), user.clone(), key.clone());
    let work = async move { buyer::create_plan(&participant, &buyer, wish, under).await };
    let done = accepted(&state, &user, key, wait, work, &[PlanState::Searching]).await;
    done.map_err(|problem| placed(problem, &wished, &state.participant.settings.rules))
}

/// Confirms a plan: all parts are reserved at once, what fails is planned again from the rest, then all is bought.
#[utoipa::path(post, path = "/api/plans/{id}/confirm", tag = "plans", request_body = EmptyBody,
    params(("id" = String, Path, description = "The plan id")),
    responses((status = 202, body = PlanAcceptedView), (status = 200, body = PlanDocument)))]
pub async fn confirm(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let plan = plan_id(&request)?;
    let Asked { user, key, wait, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (participant, buyer, under) = (state.participant.clone(), user.clone(), key.clone());
    let work = async move { buyer::confirm_plan(&participant, &buyer, plan, under).await };
    let open = [PlanState::Proposed, PlanState::Reserving, PlanState::Confirming];
    accepted(&state, &user, key, wait, work, &open).await
}

/// Cancels a plan as a whole, and says of each part what becomes of it: what is not bought is dropped, what is bought is
/// cancelled by the rules of a cancellation (until its gate closes and within this platform's time, at the price in trust
/// that each cancellation has). Refused when nothing of it can be cancelled.
#[utoipa::path(post, path = "/api/plans/{id}/cancel", tag = "plans", request_body = EmptyBody,
    params(("id" = String, Path, description = "The plan id")),
    responses((status = 202, body = PlanCancelledView), (status = 200, body = PlanDocument)))]
pub async fn cancel(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let plan = plan_id(&request)?;
    let Asked { user, key, wait, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (participant, buyer, under) = (state.participant.clone(), user.clone(), key.clone());
    let work = async move { buyer::cancel_plan(&participant, &buyer, plan, under).await.map(cancelled) };
    accepted(&state, &user, key, wait, work, &[PlanState::Cancelling]).await
}

fn cancelled(cancelled: PlanCancelled) -> PlanCancelledView {
    let part = |part: PartResult| PartResultView {
        result: match part.result {
            CancelResult::Dropped => "dropped",
            CancelResult::Lapses => "lapses",
            CancelResult::Cancelling => "cancelling",
            CancelResult::Refused => "refused",
            CancelResult::Over => "over",
        },
        failure: part.failure.as_ref().map(reason),
        transaction_id: part.transaction_id,
    };
    PlanCancelledView {
        plan_id: cancelled.plan_id,
        state: cancelled.state,
        parts: cancelled.parts.into_iter().map(part).collect(),
    }
}

/// A plan with its parts, their transactions, and its reasons.
#[utoipa::path(get, path = "/api/plans/{id}", tag = "plans",
    params(("id" = String, Path, description = "The plan id")), responses((status = 200, body = PlanDocument)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let plan = read(&state, &user, plan_id(&request)?).await?;
    Ok(HttpResponse::Ok().json(shown(&plan)))
}

/// The user's plans, newest first.
#[utoipa::path(get, path = "/api/plans", tag = "plans",
    params(("state" = Option<String>, Query, description = "`proposed`, `standing`, …"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<PlanDocument>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &["state"])?;
    let wanted = page.one_of("state", STATES)?;
    let (participant, before, rows) = (state.participant.clone(), page.before, page.rows());
    let plans = state
        .run(async move { buyer::list_plans(&participant, &user, wanted, before, rows).await })
        .await??;
    Ok(page.answer(&request, plans, |plan| plan.plan.id, shown))
}

fn plan_id(request: &HttpRequest) -> Result<Uuid, Problem> {
    Uuid::parse_str(id(request, "plan")?).map_err(|_| Problem::not_found("plan"))
}

fn wish(body: NewPlanBody) -> Result<PlanWish, Problem> {
    let wanted = match (body.slots, body.total) {
        (Some(slots), None) => {
            PlanWanted::PerSlot(slots.into_iter().map(|slot| (slot.start, slot.quantity_kwh)).collect())
        }
        (None, Some(total)) => {
            PlanWanted::Total { energy: total.quantity_kwh, from: total.from, to: total.to }
        }
        _ => return Err(Problem::field("slots", "slots or total is given, one of them.")),
    };
    Ok(PlanWish {
        search_id: body.transaction_id,
        meter_id: body.meter_id,
        wanted,
        price_limit: body.max_price_inr,
        cost_limit: body.max_total_inr,
        sellers_max: body.max_sellers,
        min_trust: share(body.min_trust)?,
        proven: body.proven,
        whole: body.whole,
        near: place(body.near)?,
    })
}

/// Millionths, from a decimal number.
pub(super) fn share(text: Option<String>) -> Result<Option<i64>, Problem> {
    let read = text.map(|text| units::parse_scaled(&text, 6)).transpose();
    read.map_err(|_| Problem::field("min_trust", "A number from 0 to 1 is expected."))
}

/// Hundredths of a degree.
pub(super) fn place(body: Option<PlaceBody>) -> Result<Option<(i64, i64)>, Problem> {
    let Some(near) = body else { return Ok(None) };
    let place = Place::read(&near.lat, &near.lon).map(|place| (place.lat(), place.lon()));
    let wrong = || Problem::field("near", "Degrees of latitude and longitude are expected.");
    place.map(Some).ok_or_else(wrong)
}

/// Answers 202, or 200 with the plan when the client waits and it leaves the open states in time.
async fn accepted(
    state: &Shared,
    user: &User,
    key: Option<Key>,
    wait: Option<u64>,
    work: impl Future<Output = Result<impl Serialize + Send + 'static, BuyerError>> + Send + 'static,
    open: &[PlanState],
) -> Answer {
    let answered = state
        .once(key, work, |accepted| Answered {
            status: StatusCode::ACCEPTED,
            body: serde_json::to_vec(accepted).unwrap_or_default(),
        })
        .await?;
    let accepted: PlanAccepted =
        serde_json::from_slice(&answered.body).map_err(|_| Problem::of(Code::Internal))?;
    let place = format!("/api/plans/{}", accepted.plan_id);
    if let Some(seconds) = wait {
        let look = async || {
            let plan = read(state, user, accepted.plan_id).await?;
            Ok((!open.contains(&plan.plan.state)).then_some(plan))
        };
        if let Some(plan) = state.outcome(seconds, look).await? {
            return Ok(HttpResponse::Ok()
                .insert_header((wait::PREFERENCE_APPLIED.clone(), format!("wait={seconds}")))
                .insert_header((header::CONTENT_LOCATION, place))
                .json(shown(&plan)));
        }
    }
    Ok(HttpResponse::build(answered.status)
        .insert_header((header::LOCATION, place))
        .content_type("application/json")
        .body(answered.body))
}

async fn read(state: &Shared, user: &User, plan: Uuid) -> Result<PlanView, Problem> {
    let (participant, user) = (state.participant.clone(), user.clone());
    Ok(state.run(async move { buyer::read_plan(&participant, &user, plan).await }).await??)
}

fn shown(view: &PlanView) -> PlanDocument {
    let plan = &view.plan;
    PlanDocument {
        plan_id: plan.id,
        state: plan.state.as_str(),
        search_id: plan.search_id.clone(),
        meter_id: plan.wish.meter_id.clone(),
        secured: cover(view.secured),
        parts: view.parts.iter().map(part).collect(),
        proposal: plan.proposal.as_ref().map(proposal),
        replanned: plan.rounds,
        failure: plan.failure.as_ref().map(reason),
        created_at: plan.created_at,
        updated_at: plan.updated_at,
    }
}

fn cover(cover: Cover) -> CoverView {
    CoverView { quantity_kwh: cover.energy, amount_inr: cover.amount }
}

fn slots(slots: &[PartSlot]) -> Vec<PlannedSlot> {
    let slot = |row: &PartSlot| PlannedSlot {
        start: row.slot,
        label_ist: units::ist_label(row.slot.start()),
        quantity_kwh: row.energy,
        price_inr: row.price,
    };
    slots.iter().map(slot).collect()
}

fn part(part: &Part) -> PartView {
    let merits = &part.merits;
    PartView {
        transaction_id: part.transaction_id.clone(),
        round: part.round,
        bpp_id: part.bpp_id.clone(),
        offer_id: part.offer_id.clone(),
        name: merits.name.clone(),
        seller_meter: masked(&part.seller_meter),
        discom: merits.discom.clone(),
        state: part.state.as_str(),
        slots: slots(&part.slots),
        score: units::format_scaled(merits.score, 6),
        trust: TrustView {
            score: units::format_scaled(merits.trust, 6),
            settled_contracts: merits.settled,
            unknown: merits.trust_unknown,
        },
        distance_km: merits.distance_m.map(kilometers),
        local: merits.local,
        co2_avoided_g: merits.co2_grams,
        grid_tariff_inr: merits.tariff,
        reason: merits.reason.clone(),
        failure: part.failure.as_ref().map(reason),
    }
}

fn proposal(proposal: &Proposal) -> ProposalView {
    ProposalView {
        wanted_kwh: proposal.wanted,
        cover: cover(proposal.cover),
        optimal: proposal.optimal,
        bound: proposal.bound.map(cover),
        cheapest_first: cover(proposal.cheapest_first),
        uncovered: proposal
            .shorts
            .iter()
            .map(|short| ShortView { start: short.slot, missing_kwh: short.missing })
            .collect(),
        alternative: proposal.substitute.as_ref().map(|other| AlternativeView {
            without_bpp_id: other.without_bpp_id.clone(),
            without_meter: masked(&other.without_meter),
            cover: cover(other.cover),
            dearer_by_inr: other.dearer_by,
            covers_less_kwh: other.covers_less,
            parts: other
                .parts
                .iter()
                .map(|(bpp_id, offer_id, rows)| AlternativePart {
                    bpp_id: bpp_id.clone(),
                    offer_id: offer_id.clone(),
                    slots: slots(rows),
                })
                .collect(),
        }),
        offers_found: proposal.offers,
        offers_refused: proposal
            .refused
            .iter()
            .map(|(code, offers)| RefusedView { code: code.clone(), offers: *offers })
            .collect(),
        average_price_inr: proposal.average,
        grid_tariff_inr: proposal.tariff,
        saving_inr: proposal.saving,
        local_share: proposal.local_share.map(|share| units::format_scaled(share, 6)),
        co2_avoided_g: proposal.co2_grams,
        co2_factor_g_per_kwh: proposal.co2_grams_per_kwh,
        co2_source: proposal.co2_source.clone(),
        reasons: proposal.reasons.clone(),
    }
}
