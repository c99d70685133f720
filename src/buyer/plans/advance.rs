//! Carries plans out. Each round looks at how the transactions of a plan stand, does what follows, and stores it over
//! the revision that was read. Everything that it does to a transaction can be done twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use db::DbError;
use units::Span;
use uuid::Uuid;

use super::model::{Part, PartState, Plan, PlanState, energy};
use super::proposal::{Provider, Secured};
use super::service::{secured, tell};
use super::{cancelling, propose, store};
use crate::buyer::error::BuyerError;
use crate::buyer::model::{CancelWish, ConfirmWish, Purchase, SearchState, SlotWish};
use crate::buyer::step::{load, rounds};
use crate::buyer::terms::failure;
use crate::buyer::{asking, calling_off, reading};
use crate::contract::{Contract, Failure, State};
use crate::error::{Code, Coded};
use crate::events::fact::{PlanPartChanged, PlanReplanned};
use crate::events::{self, Fact};
use crate::identity::{self, User};
use crate::network::{Participant, normalize_meter};

/// Plans that one round takes up.
const BATCH: i64 = 100;
/// So long a seller may take to hold the energy, wire time; then the plan does without it. Twice what a process that was
/// killed keeps others waiting for the message that it had begun, so that a crash alone fails no plan.
const PATIENCE: Span = Span::from_secs(60);
/// A search that has an answer is complete when so long no further page came.
const QUIET: Span = Span::from_millis(500);
/// How often the rest of a plan is planned again.
const ROUNDS_MAX: i64 = 5;

/// One round over all plans that are not at their end: gives how many went on.
///
/// # Errors
/// The database's.
pub async fn advance(p: &Participant) -> Result<usize, DbError> {
    let running = p.db.read(|tx| Box::pin(async move { store::running(tx, BATCH).await })).await?;
    let mut count: usize = 0;
    for id in running {
        match rounds!(advance_one(p, id).await) {
            Ok(true) => count = count.saturating_add(1),
            Ok(false) | Err(BuyerError::Stale) => {}
            Err(BuyerError::Database(error)) => return Err(error),
            Err(error) => tracing::error!(?error, plan = %id, "a plan could not go on"),
        }
    }
    Ok(count)
}

async fn advance_one(p: &Participant, id: Uuid) -> Result<bool, BuyerError> {
    let read = p.db.read(move |tx| {
        Box::pin(async move {
            let Some((plan, parts)) = store::find(tx, id).await? else { return Ok(None) };
            let user = identity::get(tx, plan.user_id).await?;
            Ok::<_, DbError>(Some((plan, parts, user)))
        })
    });
    let Some((plan, parts, user)) = read.await? else { return Ok(false) };
    match plan.state {
        PlanState::Searching => searching(p, &user, plan).await,
        PlanState::Reserving | PlanState::Confirming => carry_on(p, &user, plan, parts).await,
        PlanState::Cancelling => cancelling::carry_on(p, &user, plan, parts).await,
        _ => Ok(false),
    }
}

/// Proposes once the search has all its pages.
async fn searching(p: &Participant, user: &User, plan: Plan) -> Result<bool, BuyerError> {
    let search = reading::search(p, user, &plan.search_id).await?;
    let mut after = plan.clone();
    let mut parts = Vec::new();
    match search.state {
        SearchState::Sent => return Ok(false),
        SearchState::Failed => {
            after.state = PlanState::Failed;
            after.failure = search.failure;
        }
        SearchState::Answered => {
            let id = plan.search_id.clone();
            let last = p.db.read(move |tx| {
                let id = id.clone();
                Box::pin(async move { store::last_found(tx, &id).await })
            });
            let last = last.await?.max(search.answered_at);
            if last.is_some_and(|last| p.now().since(last) < QUIET) {
                return Ok(false);
            }
            let chosen = match propose::choose(p, user, &plan.search_id, &plan.wish, Secured::default()).await
            {
                Ok(chosen) => chosen,
                Err(error) if is_ours(&error) => return Err(error),
                Err(error) => {
                    after.state = PlanState::Failed;
                    after.failure = Some(told(&error));
                    return save(p, &plan, &[], after, parts).await;
                }
            };
            parts = propose::propose(p, &mut after, chosen);
        }
    }
    save(p, &plan, &[], after, parts).await
}

async fn carry_on(p: &Participant, user: &User, plan: Plan, parts: Vec<Part>) -> Result<bool, BuyerError> {
    let (mut after, mut now) = (plan.clone(), parts.clone());
    for part in &mut now {
        follow(p, user, &plan, part).await?;
    }
    // That a seller holds the energy is stored and told before anything is bought.
    let held = |part: &Part, before: &Part| part.state == PartState::Reserved && before.state != part.state;
    let news = now.iter().zip(&parts).any(|(part, before)| held(part, before));
    if !news && !now.iter().any(|part| part.state.is_open()) {
        decide(p, user, &mut after, &mut now).await?;
    }
    save(p, &plan, &parts, after, now).await
}

/// Brings a part up to how its transaction stands, and begins it if it has not begun.
async fn follow(p: &Participant, user: &User, plan: &Plan, part: &mut Part) -> Result<(), BuyerError> {
    let contract = load(p, &part.transaction_id).await?.map(|(contract, _)| contract);
    match (part.state, contract) {
        (PartState::Failed | PartState::Cancelled, _) | (PartState::Released, None) => {}
        (PartState::Released, Some(contract)) => let_go(p, user, &contract).await?,
        (_, None) => {
            let slots = part.slots.iter();
            let purchase = Purchase {
                bpp_id: part.bpp_id.clone(),
                offer_id: part.offer_id.clone(),
                slots: slots.map(|row| SlotWish { slot: row.slot, quantity: row.energy }).collect(),
            };
            match asking::begin(p, user, &part.transaction_id, &plan.wish.meter_id, &purchase).await {
                Ok(()) => part.state = PartState::Reserving,
                Err(error) if is_ours(&error) => return Err(error),
                Err(error) => fail(part, told(&error)),
            }
        }
        (_, Some(contract)) => look(p, user, part, &contract).await?,
    }
    Ok(())
}

async fn look(p: &Participant, user: &User, part: &mut Part, contract: &Contract) -> Result<(), BuyerError> {
    match contract.state {
        State::Draft | State::Quoted => {
            part.state = PartState::Reserving;
            if p.now().since(contract.updated_at) > PATIENCE {
                let_go(p, user, contract).await?;
                fail(part, failure("NET_TIMEOUT", "the seller has not answered in time"));
            }
        }
        State::Offered => part.state = PartState::Reserved,
        State::Standing | State::Active => part.state = PartState::Standing,
        State::Rejected | State::Expired | State::Cancelled | State::Disputed => {
            let why = contract.failure.clone();
            fail(part, why.unwrap_or_else(|| failure("BIZ_GENERIC_ERROR", "the contract was called off")));
        }
        State::Reserved | State::Confirming | State::Recording | State::Cancelling => {
            part.state = PartState::Confirming;
        }
    }
    Ok(())
}

pub(super) fn fail(part: &mut Part, why: Failure) {
    part.state = PartState::Failed;
    part.failure = Some(why);
}

/// Something of ours failed and may succeed later; it says nothing of the part.
pub(super) fn is_ours(error: &BuyerError) -> bool {
    matches!(error, BuyerError::Database(_) | BuyerError::Stale)
}

pub(super) fn told(error: &BuyerError) -> Failure {
    failure(error.code().as_str(), error.to_string())
}

/// Drops what is not confirmed; the seller's reservation lapses.
pub(super) async fn let_go(p: &Participant, user: &User, contract: &Contract) -> Result<(), BuyerError> {
    if !matches!(contract.state, State::Draft | State::Quoted | State::Offered) {
        return Ok(());
    }
    let wish = CancelWish { transaction_id: contract.transaction_id.clone(), reason: None };
    match calling_off::cancel(p, user, wish, None).await {
        // It has gone on in the meantime; the next round sees how.
        Ok(_) | Err(BuyerError::State(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What follows when no part waits for a seller's answer to `init`.
async fn decide(
    p: &Participant,
    user: &User,
    plan: &mut Plan,
    parts: &mut Vec<Part>,
) -> Result<(), BuyerError> {
    let failed = parts.iter().filter(|part| part.state == PartState::Failed).count();
    let failed = i64::try_from(failed).unwrap_or(i64::MAX);
    if failed > plan.failures_seen {
        plan.failures_seen = failed;
        if plan.rounds < ROUNDS_MAX {
            let chosen = propose::choose(p, user, &plan.search_id, &plan.wish, rest_of(parts)).await;
            let drafts = match chosen {
                Ok(chosen) => chosen.drafts,
                Err(error) if is_ours(&error) => return Err(error),
                Err(error) => {
                    tracing::warn!(?error, plan = %plan.id, "the rest of a plan cannot be planned");
                    Vec::new()
                }
            };
            if !drafts.is_empty() {
                plan.rounds = plan.rounds.saturating_add(1);
                plan.state = PlanState::Reserving;
                parts.extend(propose::parts(p, drafts, plan.rounds));
                return Ok(());
            }
        }
    }
    let bought = parts.iter().any(|part| matches!(part.state, PartState::Confirming | PartState::Standing));
    let short = secured(parts).energy < plan.wish.wanted();
    if parts.iter().any(|part| part.state == PartState::Reserved) {
        let let_go = plan.wish.whole && short && !bought;
        if !let_go {
            plan.state = PlanState::Confirming;
        }
        for part in parts.iter_mut() {
            match part.state {
                // Stored first, let go in the next round: a crash in between repeats it.
                PartState::Reserved if let_go => part.state = PartState::Released,
                PartState::Reserved => buy(p, user, part).await?,
                _ => {}
            }
        }
    } else if !parts.iter().any(|part| part.state == PartState::Confirming) {
        end(plan, parts);
    }
    Ok(())
}

async fn buy(p: &Participant, user: &User, part: &mut Part) -> Result<(), BuyerError> {
    let wish = ConfirmWish { transaction_id: part.transaction_id.clone() };
    match asking::confirm(p, user, wish, None).await {
        Ok(_) => part.state = PartState::Confirming,
        // It has gone on in the meantime; the next round sees how.
        Err(BuyerError::State(_)) => {}
        Err(error) if is_ours(&error) => return Err(error),
        Err(error) => {
            if let Some((contract, _)) = load(p, &part.transaction_id).await? {
                let_go(p, user, &contract).await?;
            }
            fail(part, told(&error));
        }
    }
    Ok(())
}

/// What a plan has, and what it must not take again.
fn rest_of(parts: &[Part]) -> Secured {
    let mut rest = Secured::default();
    for part in parts {
        let offer = (part.bpp_id.clone(), part.offer_id.clone());
        if part.state.is_secured() {
            let provider: Provider = (part.bpp_id.clone(), normalize_meter(&part.seller_meter));
            rest.providers.insert(provider);
            rest.held.entry(offer).or_default().extend(part.slots.iter().copied());
        } else if part.state == PartState::Failed {
            rest.excluded.insert(offer);
        }
    }
    rest
}

fn end(plan: &mut Plan, parts: &[Part]) {
    let standing = parts.iter().filter(|part| part.state == PartState::Standing);
    let covered = units::WattHours::checked_sum(standing.map(|part| energy(&part.slots)));
    let covered = covered.unwrap_or(units::WattHours::MAX);
    let wanted = plan.wish.wanted();
    let last = parts.iter().rev().find_map(|part| part.failure.clone());
    let why = last.as_ref().map_or_else(String::new, |why| format!(": {}", why.message));
    if covered >= wanted {
        plan.state = PlanState::Standing;
        plan.failure = None;
    } else if covered > units::WattHours::ZERO {
        plan.state = PlanState::Partial;
        let message = format!("{covered} of {wanted} kWh stand; the rest is not to be had{why}");
        plan.failure = Some(failure(Code::PlanIncomplete.as_str(), message));
    } else {
        plan.state = PlanState::Failed;
        let message = format!("nothing was bought{why}");
        plan.failure = Some(failure(Code::PlanIncomplete.as_str(), message));
    }
}

/// Stores what has changed, with its events. False when nothing has.
pub(super) async fn save(
    p: &Participant,
    before: &Plan,
    parts_before: &[Part],
    after: Plan,
    parts: Vec<Part>,
) -> Result<bool, BuyerError> {
    if *before == after && parts_before == parts.as_slice() {
        return Ok(false);
    }
    let known: BTreeMap<String, PartState> =
        parts_before.iter().map(|part| (part.transaction_id.clone(), part.state)).collect();
    let told = before.state != after.state;
    let again = (after.rounds > before.rounds).then_some(after.rounds);
    let (stored, now) = (Arc::new((after, parts, known)), p.now());
    let written = p.db.write(move |tx| {
        let stored = Arc::clone(&stored);
        Box::pin(async move {
            let (plan, parts, known) = &*stored;
            if !store::update(tx, plan, now).await? {
                return Err(BuyerError::Stale);
            }
            let id = plan.id.to_string();
            for part in parts {
                if known.get(&part.transaction_id) == Some(&part.state) {
                    continue;
                }
                store::upsert_part(tx, plan.id, part, now).await?;
                events::tell(tx, plan.user_id, &id, &part_told(&id, part), now).await?;
            }
            if let Some(round) = again {
                let fact = Fact::PlanReplanned(PlanReplanned { plan_id: id.clone(), round });
                events::tell(tx, plan.user_id, &id, &fact, now).await?;
            }
            if told {
                tell(tx, plan, parts, now).await?;
            }
            Ok(())
        })
    });
    written.await?;
    Ok(true)
}

fn part_told(plan_id: &str, part: &Part) -> Fact {
    let data = PlanPartChanged {
        plan_id: plan_id.to_owned(),
        transaction_id: part.transaction_id.clone(),
        bpp_id: part.bpp_id.clone(),
        offer_id: part.offer_id.clone(),
        state: part.state.as_str(),
        failure: part.failure.as_ref().map(Failure::told),
    };
    match part.state {
        PartState::Planned => Fact::PartPlanned(data),
        PartState::Reserving => Fact::PartReserving(data),
        PartState::Reserved => Fact::PartReserved(data),
        PartState::Confirming => Fact::PartConfirming(data),
        PartState::Standing => Fact::PartStanding(data),
        PartState::Failed => Fact::PartFailed(data),
        PartState::Released => Fact::PartReleased(data),
        PartState::Cancelling => Fact::PartCancelling(data),
        PartState::Cancelled => Fact::PartCancelled(data),
    }
}
