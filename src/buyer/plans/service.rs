//! What a user does with plans: makes them, reads them, confirms them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use units::{Paise, Span, Timestamp, WattHours};
use uuid::Uuid;

use super::model::{Cover, Part, Plan, PlanState, PlanView, PlanWanted, PlanWish, cost, energy};
use super::proposal::Secured;
use super::{propose, store};
use crate::buyer::error::BuyerError;
use crate::buyer::model::DiscoverWish;
use crate::buyer::ranking::Place;
use crate::buyer::step::{answer, replay, rounds};
use crate::buyer::{offers, reading};
use crate::events::{self, idempotency};
use crate::identity::User;
use crate::metering;
use crate::network::{MILLION, Participant, normalize_meter};

/// A plan names at most so many hours, and spans at most so long.
const SLOTS_MAX: usize = 168;
const PERIOD_MAX: Span = Span::from_hours(168);
/// More is no plan of a household.
const ENERGY_MAX: WattHours = WattHours::new(100_000_000);

/// A plan that was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanAccepted {
    pub plan_id: Uuid,
    pub state: String,
}

/// Makes a plan over a search of the user, or searches first: then the plan follows when the search has its answer.
/// Nothing is held.
///
/// # Errors
/// A field that cannot be accepted; not the user's search or meter; the database's.
pub async fn create(
    p: &Participant,
    user: &User,
    wish: PlanWish,
    key: Option<idempotency::Key>,
) -> Result<PlanAccepted, BuyerError> {
    if let Some(answered) = replay(p, key.as_ref()).await? {
        return Ok(answered);
    }
    check(p, &wish)?;
    own_meter(p, user, &wish.meter_id).await?;
    let now = p.now();
    let mut plan = Plan {
        id: p.ids.uuid(),
        user_id: user.id,
        search_id: String::new(),
        state: PlanState::Searching,
        proposal: None,
        rounds: 0,
        failures_seen: 0,
        failure: None,
        revision: 1,
        created_at: now,
        updated_at: now,
        wish,
    };
    let mut parts = Vec::new();
    match plan.wish.search_id.clone() {
        Some(search_id) => {
            plan.search_id = reading::search(p, user, &search_id).await?.transaction_id;
            let chosen = propose::choose(p, user, &search_id, &plan.wish, Secured::default()).await?;
            parts = propose::propose(p, &mut plan, chosen);
        }
        None => {
            plan.search_id = offers::discover(p, user, DiscoverWish::default(), None).await?.transaction_id;
        }
    }
    let accepted = PlanAccepted { plan_id: plan.id, state: plan.state.as_str().to_owned() };
    let stored = Arc::new((plan, parts, answer(key.as_ref(), &accepted)?));
    let written = p.db.write(move |tx| {
        let stored = Arc::clone(&stored);
        Box::pin(async move {
            let (plan, parts, answer) = &*stored;
            if let Some((key, body)) = answer
                && !idempotency::remember(tx, key, 202, body, now).await?
            {
                return Err(BuyerError::Stale);
            }
            insert(tx, plan, parts, now).await?;
            Ok(())
        })
    });
    match written.await {
        // The same request was faster on another connection.
        Err(BuyerError::Stale) => replay(p, key.as_ref()).await?.ok_or(BuyerError::Stale),
        done => done.map(|()| accepted),
    }
}

pub(in crate::buyer) fn check(p: &Participant, wish: &PlanWish) -> Result<(), BuyerError> {
    let field = |field, reason| Err(BuyerError::Field { field, reason });
    let rules = &p.settings.rules;
    let tradable = |energy: WattHours| {
        energy >= rules.min_quantity
            && energy <= ENERGY_MAX
            && energy.get() % rules.quantity_step.get().max(1) == 0
    };
    match &wish.wanted {
        PlanWanted::PerSlot(slots) => {
            if slots.is_empty() || slots.len() > SLOTS_MAX {
                return field("slots", "1 to 168 hours are expected");
            }
            let mut named: Vec<_> = slots.iter().map(|(slot, _)| *slot).collect();
            named.sort_unstable();
            named.dedup();
            if named.len() != slots.len() {
                return field("slots.start", "an hour is named twice");
            }
            if !slots.iter().all(|(_, energy)| tradable(*energy)) {
                return field("slots.quantity_kwh", "at least 1 kWh in hundredths is expected");
            }
        }
        PlanWanted::Total { energy, from, to } => {
            if !tradable(*energy) {
                return field("total.quantity_kwh", "at least 1 kWh in hundredths is expected");
            }
            if from >= to || to.since(*from) > PERIOD_MAX {
                return field("total.to", "a period of at most a week is expected");
            }
        }
    }
    if wish.price_limit.is_some_and(|price| price.get() <= 0) {
        return field("max_price_inr", "a positive price is expected");
    }
    if wish.cost_limit.is_some_and(|cost| cost <= Paise::ZERO) {
        return field("max_total_inr", "a positive amount is expected");
    }
    if wish.sellers_max == Some(0) {
        return field("max_sellers", "at least one seller is expected");
    }
    if wish.min_trust.is_some_and(|trust| !(0..=MILLION).contains(&trust)) {
        return field("min_trust", "0 to 1 is expected");
    }
    if wish.near.is_some_and(|(lat, lon)| Place::new(lat, lon).is_none()) {
        return field("near", "degrees of latitude and longitude are expected");
    }
    Ok(())
}

pub(in crate::buyer) async fn own_meter(
    p: &Participant,
    user: &User,
    meter_id: &str,
) -> Result<(), BuyerError> {
    let (user_id, key) = (user.id, normalize_meter(meter_id));
    let meters = p.db.read(move |tx| Box::pin(async move { metering::of_user(tx, user_id).await })).await?;
    match meters.iter().find(|meter| meter.meter_key == key) {
        None => Err(BuyerError::MeterNotFound),
        Some(meter) if !meter.verified => Err(BuyerError::MeterUnverified),
        Some(_) => Ok(()),
    }
}

/// Confirms a plan: from here on it is carried out to its end, whatever happens to this process.
///
/// # Errors
/// Not the user's; not a proposed plan; wanted whole and not covered whole.
pub async fn confirm(
    p: &Participant,
    user: &User,
    plan_id: Uuid,
    key: Option<idempotency::Key>,
) -> Result<PlanAccepted, BuyerError> {
    rounds!(confirm_once(p, user, plan_id, key.as_ref()).await)
}

async fn confirm_once(
    p: &Participant,
    user: &User,
    plan_id: Uuid,
    key: Option<&idempotency::Key>,
) -> Result<PlanAccepted, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let mut view = read(p, user, plan_id).await?;
    let (PlanState::Proposed, Some(proposal)) = (view.plan.state, &view.plan.proposal) else {
        return Err(BuyerError::PlanState(view.plan.state));
    };
    if view.plan.wish.whole && proposal.cover.energy < proposal.wanted {
        return Err(BuyerError::PlanIncomplete { covered: proposal.cover.energy, wanted: proposal.wanted });
    }
    view.plan.state = PlanState::Reserving;
    let accepted = PlanAccepted { plan_id, state: view.plan.state.as_str().to_owned() };
    put(p, view, answer(key, &accepted)?).await?;
    Ok(accepted)
}

/// Stores what a user has decided over the revision that was read, with the answer and the event of the new state.
pub(super) async fn put(
    p: &Participant,
    view: PlanView,
    answer: Option<(idempotency::Key, Vec<u8>)>,
) -> Result<(), BuyerError> {
    let (stored, now) = (Arc::new((view, answer)), p.now());
    let written = p.db.write(move |tx| {
        let stored = Arc::clone(&stored);
        Box::pin(async move {
            let (view, answer) = &*stored;
            if let Some((key, body)) = answer
                && !idempotency::remember(tx, key, 202, body, now).await?
            {
                return Err(BuyerError::Stale);
            }
            if !store::update(tx, &view.plan, now).await? {
                return Err(BuyerError::Stale);
            }
            for part in &view.parts {
                store::upsert_part(tx, view.plan.id, part, now).await?;
            }
            Ok(tell(tx, &view.plan, &view.parts, now).await?)
        })
    });
    written.await
}

/// Stores a new plan in the caller's transaction.
pub(in crate::buyer) async fn insert(
    tx: &mut db::Tx,
    plan: &Plan,
    parts: &[Part],
    now: Timestamp,
) -> Result<(), db::DbError> {
    store::insert(tx, plan, now).await?;
    for part in parts {
        store::upsert_part(tx, plan.id, part, now).await?;
    }
    tell(tx, plan, parts, now).await
}

/// A plan that needs nobody's confirmation, to be stored, and what it comes to; none when nothing fits. It may never
/// take more energy or money than that, also when parts of it fail and are replaced.
pub(in crate::buyer) async fn confirmed(
    p: &Participant,
    user: &User,
    wish: PlanWish,
) -> Result<Option<(Plan, Vec<Part>, Cover)>, BuyerError> {
    let now = p.now();
    let mut plan = Plan {
        id: p.ids.uuid(),
        user_id: user.id,
        search_id: wish.search_id.clone().unwrap_or_default(),
        state: PlanState::Reserving,
        proposal: None,
        rounds: 0,
        failures_seen: 0,
        failure: None,
        revision: 1,
        created_at: now,
        updated_at: now,
        wish,
    };
    let chosen = propose::choose(p, user, &plan.search_id, &plan.wish, Secured::default()).await?;
    let parts = propose::propose(p, &mut plan, chosen);
    let Some(cover) = plan.proposal.as_ref().map(|proposal| proposal.cover).filter(|_| !parts.is_empty())
    else {
        return Ok(None);
    };
    plan.state = PlanState::Reserving;
    plan.wish.set_total(cover.energy);
    plan.wish.cost_limit = Some(cover.amount);
    Ok(Some((plan, parts, cover)))
}

/// A plan, whosever it is.
pub(in crate::buyer) async fn find(p: &Participant, id: Uuid) -> Result<Option<PlanView>, BuyerError> {
    let found = p.db.read(move |tx| Box::pin(async move { store::find(tx, id).await })).await?;
    Ok(found.map(|(plan, parts)| view(plan, parts)))
}

/// A plan of the user.
///
/// # Errors
/// There is none of that user.
pub async fn read(p: &Participant, user: &User, plan_id: Uuid) -> Result<PlanView, BuyerError> {
    let found = p.db.read(move |tx| Box::pin(async move { store::find(tx, plan_id).await })).await?;
    let owned = found.filter(|(plan, _)| plan.user_id == user.id);
    owned.map(|(plan, parts)| view(plan, parts)).ok_or(BuyerError::PlanNotFound)
}

/// The user's plans, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn list(
    p: &Participant,
    user: &User,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<PlanView>, BuyerError> {
    let user_id = user.id;
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    let found = p.db.read(move |tx| {
        let before = before.clone();
        Box::pin(async move { store::of_user(tx, user_id, &before, limit).await })
    });
    Ok(found.await?.into_iter().map(|(plan, parts)| view(plan, parts)).collect())
}

fn view(plan: Plan, parts: Vec<Part>) -> PlanView {
    let secured = secured(&parts);
    PlanView { plan, parts, secured }
}

/// What the secured parts come to.
pub(super) fn secured(parts: &[Part]) -> Cover {
    let held: Vec<&Part> = parts.iter().filter(|part| part.state.is_secured()).collect();
    let each = held.iter().map(|part| cost(&part.slots).unwrap_or(Paise::MAX));
    Cover {
        energy: WattHours::checked_sum(held.iter().map(|part| energy(&part.slots))).unwrap_or(WattHours::MAX),
        amount: Paise::checked_sum(each).unwrap_or(Paise::MAX),
    }
}

/// The event of the state that a plan now has.
pub(super) async fn tell(
    tx: &mut db::Tx,
    plan: &Plan,
    parts: &[Part],
    now: Timestamp,
) -> Result<(), db::DbError> {
    let id = plan.id.to_string();
    let secured = secured(parts);
    let payload = serde_json::json!({
        "plan_id": id,
        "state": plan.state.as_str(),
        "search_id": plan.search_id,
        "secured_kwh": secured.energy,
        "secured_inr": secured.amount,
        "failure": plan.failure.as_ref().map(|why| serde_json::json!({"code": why.code, "message": why.message})),
    });
    events::record(tx, plan.user_id, &id, &format!("plan.{}", plan.state.as_str()), &payload, now).await
}
