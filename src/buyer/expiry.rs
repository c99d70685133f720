//! What time does to a buyer's side: contracts whose gate closed before they were concluded, searches that nobody
//! answered.

use db::DbError;
use units::{Span, Timestamp};
use uuid::Uuid;

use super::error::BuyerError;
use super::offers;
use super::step::{Pending, Step, rounds};
use super::store;
use super::terms::failure;
use crate::contract::{self, Contract, Holds, Side, State};
use crate::network::Participant;

/// Contracts and searches that one round takes up.
const BATCH: i64 = 200;
/// So long a catalog service may take to answer, wire time.
const SEARCH_WAIT: Span = Span::from_minutes(2);

/// One round: gives how much had expired. A contract that is being recorded is not touched: the end of its ledger leg,
/// whose deadline is the gate, decides it.
///
/// # Errors
/// The database's.
pub async fn expire(p: &Participant) -> Result<usize, DbError> {
    let now_market = p.market_now();
    let due = p.db.read(move |tx| {
        Box::pin(async move { contract::service::past_gate(tx, Side::Buyer, now_market, BATCH).await })
    });
    let mut count: usize = 0;
    for id in due.await? {
        let expired = rounds!(expire_one(p, id, now_market).await);
        match expired {
            Ok(true) => count = count.saturating_add(1),
            Ok(false) | Err(BuyerError::Stale) => {}
            Err(BuyerError::Database(error)) => return Err(error),
            Err(error) => tracing::error!(?error, contract = %id, "a contract could not expire"),
        }
    }
    Ok(count.saturating_add(give_up_searches(p).await?))
}

async fn expire_one(p: &Participant, id: Uuid, now_market: Timestamp) -> Result<bool, BuyerError> {
    let read = p.db.read(move |tx| Box::pin(async move { contract::service::by_id(tx, id).await }));
    let Some(contract) = read.await?.filter(|contract| is_due(contract, now_market)) else {
        return Ok(false);
    };
    let mut after = contract.clone();
    after.step(contract::Step::Expire)?;
    after.awaiting = None;
    after.holds = Holds::Nothing;
    after.failure =
        Some(failure("BIZ_FULFILLMENT_UNAVAILABLE", "the gate closed before the trade was concluded"));
    let mut step = Step::new(Some(&contract), after, "expiry");
    step.pending = Pending::Drop;
    step.commit(p).await?;
    Ok(true)
}

fn is_due(contract: &Contract, now_market: Timestamp) -> bool {
    contract.side == Side::Buyer
        && matches!(contract.state, State::Draft | State::Quoted | State::Offered | State::Confirming)
        && contract.gate_closes_at <= now_market
}

async fn give_up_searches(p: &Participant) -> Result<usize, DbError> {
    let (now, before) = (p.now(), p.now().saturating_sub(SEARCH_WAIT));
    let due =
        p.db.read(move |tx| Box::pin(async move { store::unanswered(tx, before, BATCH).await })).await?;
    if due.is_empty() {
        return Ok(0);
    }
    p.db.write(move |tx| {
        let due = due.clone();
        Box::pin(async move {
            let why = failure("NET_TIMEOUT", "the catalog service has not answered");
            let mut count: usize = 0;
            for (transaction_id, user_id) in &due {
                let failed = offers::fail(tx, transaction_id, *user_id, &why, now).await?;
                count = count.saturating_add(usize::from(failed));
            }
            Ok(count)
        })
    })
    .await
}
