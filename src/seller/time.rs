//! What time does to the seller's contracts: reservations lapse, and what was never concluded expires at its gate.

use db::DbError;
use uuid::Uuid;

use super::error::SellerError;
use super::step::{Step, load_by_id, rounds};
use crate::contract::{self, Holds, Side, State, Step as Transition};
use crate::network::Participant;

/// Contracts that are looked at in one round.
const BATCH: i64 = 100;

/// Gives back the stock of reservations whose time is over; gives how many.
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
    Ok(expired)
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
