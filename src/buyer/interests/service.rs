//! What a user does with interests, and how they buy.

use std::sync::Arc;

use db::DbError;
use serde::{Deserialize, Serialize};
use units::{Paise, Timestamp, WattHours};
use uuid::Uuid;

use super::store;
use crate::buyer::error::BuyerError;
use crate::buyer::plans::{self, PlanState, PlanWish};
use crate::buyer::step::{answer, replay};
use crate::buyer::store as found_store;
use crate::events::{self, idempotency};
use crate::identity::{self, User};
use crate::network::Participant;

/// Active interests that one user may have.
const PER_USER: i64 = 20;
/// Interests that one round takes up.
const BATCH: i64 = 50;

/// What a user waits for: a plan's wish over a period, whose energy and money are the limits of what it may buy.
#[derive(Clone, Debug)]
pub struct InterestWish {
    pub wish: PlanWish,
    pub buys: bool,
}

/// A standing interest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    pub id: Uuid,
    pub user_id: Uuid,
    /// The offers that fit are kept as those of this search.
    pub search_id: String,
    pub active: bool,
    pub wish: PlanWish,
    pub buys: bool,
    pub limit: WattHours,
    pub limit_amount: Paise,
    /// Bought, or held for the plan under way.
    pub used: WattHours,
    pub used_amount: Paise,
    pub plan_id: Option<Uuid>,
    pub created_at: Timestamp,
}

/// An interest that was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterestAccepted {
    pub interest_id: Uuid,
}

/// Begins to wait. Nothing is held or bought before an offer is pushed.
///
/// # Errors
/// A field that cannot be accepted, too many interests, not the user's meter; the database's.
pub async fn create(
    p: &Participant,
    user: &User,
    wish: InterestWish,
    key: Option<idempotency::Key>,
) -> Result<InterestAccepted, BuyerError> {
    if let Some(answered) = replay(p, key.as_ref()).await? {
        return Ok(answered);
    }
    plans::check(p, &wish.wish)?;
    plans::own_meter(p, user, &wish.wish.meter_id).await?;
    if wish.buys && (wish.wish.price_limit.is_none() || wish.wish.cost_limit.is_none()) {
        let reason = "an interest that buys needs max_price_inr and max_total_inr";
        return Err(BuyerError::Field { field: "max_total_inr", reason });
    }
    let (user_id, now) = (user.id, p.now());
    let interest = Interest {
        id: p.ids.uuid(),
        user_id,
        search_id: p.ids.uuid().to_string(),
        active: true,
        limit: wish.wish.wanted(),
        limit_amount: wish.wish.cost_limit.unwrap_or(Paise::MAX),
        wish: wish.wish,
        buys: wish.buys,
        used: WattHours::ZERO,
        used_amount: Paise::ZERO,
        plan_id: None,
        created_at: now,
    };
    let accepted = InterestAccepted { interest_id: interest.id };
    let message_id = p.ids.uuid().to_string();
    let stored = Arc::new((interest, message_id, answer(key.as_ref(), &accepted)?));
    let written = p.db.write(move |tx| {
        let stored = Arc::clone(&stored);
        Box::pin(async move {
            let (interest, message_id, answer) = &*stored;
            if let Some((key, body)) = answer
                && !idempotency::remember(tx, key, 201, body, now).await?
            {
                return Err(BuyerError::Stale);
            }
            if store::count_of_user(tx, user_id).await? >= PER_USER {
                return Err(BuyerError::Field {
                    field: "interests",
                    reason: "at most 20 are active at once",
                });
            }
            let search = interest.search_id.as_str();
            found_store::insert_search(tx, search, user_id, message_id, now).await?;
            found_store::answer_search(tx, search, now).await?;
            store::insert(tx, interest, now).await?;
            Ok(())
        })
    });
    match written.await {
        // The same request was faster on another connection.
        Err(BuyerError::Stale) => replay(p, key.as_ref()).await?.ok_or(BuyerError::Stale),
        done => done.map(|()| accepted),
    }
}

/// An interest of the user.
///
/// # Errors
/// There is none of that user.
pub async fn read(p: &Participant, user: &User, id: Uuid) -> Result<Interest, BuyerError> {
    let found = p.db.read(move |tx| Box::pin(async move { store::find(tx, id).await })).await?;
    found.filter(|interest| interest.user_id == user.id).ok_or(BuyerError::InterestNotFound)
}

/// The user's interests, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn list(
    p: &Participant,
    user: &User,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Interest>, BuyerError> {
    let user_id = user.id;
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    let found = p.db.read(move |tx| {
        let before = before.clone();
        Box::pin(async move { store::of_user(tx, user_id, &before, limit).await })
    });
    Ok(found.await?)
}

/// Ends an interest: nothing more is told or bought for it. A plan under way goes on to its end.
///
/// # Errors
/// There is none of that user.
pub async fn close(p: &Participant, user: &User, id: Uuid) -> Result<Interest, BuyerError> {
    let interest = read(p, user, id).await?;
    let now = p.now();
    p.db.write(move |tx| Box::pin(async move { store::close(tx, id, now).await })).await?;
    Ok(Interest { active: false, ..interest })
}

/// One round: settles the plans that have ended, and buys what was pushed. Gives how much it did.
///
/// # Errors
/// The database's.
pub async fn advance(p: &Participant) -> Result<usize, DbError> {
    let due = p.db.read(|tx| {
        Box::pin(async move {
            Ok::<_, DbError>((store::buying(tx, BATCH).await?, store::ready(tx, BATCH).await?))
        })
    });
    let (buying, ready) = due.await?;
    let mut count: usize = 0;
    for (interest, settles) in
        buying.into_iter().map(|one| (one, true)).chain(ready.into_iter().map(|one| (one, false)))
    {
        let done = if settles { settle(p, &interest).await } else { buy(p, &interest).await };
        match done {
            Ok(done) => count = count.saturating_add(usize::from(done)),
            Err(BuyerError::Stale) => {}
            Err(BuyerError::Database(error)) => return Err(error),
            Err(error) => tracing::error!(?error, interest = %interest.id, "an interest could not go on"),
        }
    }
    Ok(count)
}

/// Makes and confirms a plan over what fits, within what is left of the limits.
async fn buy(p: &Participant, interest: &Interest) -> Result<bool, BuyerError> {
    let user_id = interest.user_id;
    let user = p.db.read(move |tx| Box::pin(async move { identity::get(tx, user_id).await })).await?;
    let energy = interest.limit.checked_sub(interest.used).unwrap_or(WattHours::ZERO);
    let amount = interest.limit_amount.checked_sub(interest.used_amount).unwrap_or(Paise::ZERO);
    let mut wish = interest.wish.clone();
    wish.search_id = Some(interest.search_id.clone());
    wish.cost_limit = Some(amount);
    wish.set_total(energy);
    let drafted = if energy < p.settings.rules.min_quantity || amount <= Paise::ZERO {
        None
    } else {
        plans::confirmed(p, &user, wish).await?
    };
    let (stored, now, id) = (Arc::new(drafted), p.now(), interest.id);
    let written = p.db.write(move |tx| {
        let stored = Arc::clone(&stored);
        Box::pin(async move {
            let Some((plan, parts, cover)) = &*stored else {
                return Ok(store::set_fresh(tx, id, false, now).await?);
            };
            // The plan's row is there before the interest names it.
            plans::insert(tx, plan, parts, now).await?;
            if !store::take(tx, id, cover.energy, cover.amount, plan.id, now).await? {
                return Err(BuyerError::Stale);
            }
            let payload = serde_json::json!({"interest_id": id.to_string(), "plan_id": plan.id.to_string()});
            Ok(events::record(tx, plan.user_id, &id.to_string(), "interest.buying", &payload, now).await?)
        })
    });
    written.await.map(|()| true)
}

/// Gives back what an ended plan did not need.
async fn settle(p: &Participant, interest: &Interest) -> Result<bool, BuyerError> {
    let Some(plan_id) = interest.plan_id else { return Ok(false) };
    let Some(view) = plans::find(p, plan_id).await? else { return Ok(false) };
    if !matches!(
        view.plan.state,
        PlanState::Standing | PlanState::Partial | PlanState::Failed | PlanState::Cancelled
    ) {
        return Ok(false);
    }
    let (held, paid) = (view.plan.wish.wanted(), view.plan.wish.cost_limit.unwrap_or(Paise::ZERO));
    let energy = held.checked_sub(view.secured.energy).unwrap_or(WattHours::ZERO);
    let amount = paid.checked_sub(view.secured.amount).unwrap_or(Paise::ZERO);
    let (id, user_id, now, state) = (interest.id, interest.user_id, p.now(), view.plan.state);
    let written = p.db.write(move |tx| {
        Box::pin(async move {
            if !store::give_back(tx, id, plan_id, energy, amount, now).await? {
                return Ok::<_, DbError>(false);
            }
            let text = id.to_string();
            let payload = serde_json::json!({
                "interest_id": text, "plan_id": plan_id.to_string(), "state": state.as_str(),
            });
            events::record(tx, user_id, &text, "interest.bought", &payload, now).await?;
            Ok(true)
        })
    });
    Ok(written.await?)
}
