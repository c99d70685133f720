//! What time does to the seller's side: reservations lapse, and hours that nobody bought go back to the quota.

use std::collections::BTreeMap;
use std::sync::Arc;

use db::DbError;
use uuid::Uuid;

use super::error::SellerError;
use super::step::{Step, load_by_id, rounds};
use crate::contract::{self, Holds, Side, State, Step as Transition};
use crate::market::{MarketError, service as market};
use crate::network::Participant;

/// Contracts that are looked at in one round.
const BATCH: i64 = 100;

/// Gives back the stock of reservations whose time is over, and the quota of what was not sold before its gate; gives
/// how many.
///
/// # Errors
/// The database's.
pub async fn expire(p: &Participant) -> Result<usize, DbError> {
    let now = p.market_now();
    let lapsed =
        p.db.read(move |tx| Box::pin(async move { contract::service::lapsed(tx, now, BATCH).await })).await?;
    let mut expired = 0_usize;
    for id in lapsed {
        match rounds!(expire_one(p, id).await) {
            Ok(true) => expired = expired.saturating_add(1),
            Ok(false) => {}
            Err(SellerError::Database(error)) => return Err(error),
            Err(error) => tracing::warn!(%error, contract = %id, "a reservation could not be released"),
        }
    }
    Ok(expired.saturating_add(lapse(p).await?))
}

/// Gives back what the hours of closed gates use of their users' quotas and have not sold; gives how many hours.
async fn lapse(p: &Participant) -> Result<usize, DbError> {
    let (now, settings) = (p.market_now(), Arc::clone(&p.settings));
    let found = p.db.read(move |tx| {
        let settings = Arc::clone(&settings);
        Box::pin(async move { market::over(tx, &settings.rules, now, BATCH).await })
    });
    let mut by_user: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
    for (user, offer) in found.await? {
        by_user.entry(user).or_default().push(offer);
    }
    let mut lapsed = 0_usize;
    for (user, offers) in by_user {
        let (offers, settings) = (Arc::new(offers), Arc::clone(&p.settings));
        let done: Result<usize, MarketError> =
            p.db.write(move |tx| {
                let (offers, settings) = (Arc::clone(&offers), Arc::clone(&settings));
                Box::pin(async move { market::lapse(tx, user, &offers, &settings.rules, now).await })
            })
            .await;
        match done {
            Ok(count) => lapsed = lapsed.saturating_add(count),
            Err(error) => tracing::warn!(%error, "the quota of hours that are over could not be given back"),
        }
    }
    Ok(lapsed)
}

/// False when it was confirmed, prolonged or cancelled meanwhile.
async fn expire_one(p: &Participant, id: Uuid) -> Result<bool, SellerError> {
    let Some(before) = load_by_id(p, id).await? else { return Ok(false) };
    let due = before.reserved_until.is_some_and(|until| until <= p.market_now());
    if before.side != Side::Seller || before.state != State::Reserved || !due {
        return Ok(false);
    }
    let mut after = before.clone();
    after.step(Transition::Expire)?;
    after.holds = Holds::Nothing;
    after.reserved_until = None;
    Step::new(Some(&before), after, "reservation lapsed").commit(p).await?;
    Ok(true)
}
