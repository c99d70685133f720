//! The SQL of what stands beside a contract: what a buyer asked by `track`, `rate` and `support`, and our answer.

use db::{DbError, Tx, sql};
use units::Timestamp;
use uuid::Uuid;

sql! {
    INSERT_EXCHANGE = "INSERT INTO exchanges (message_id, side, transaction_id, user_id, action, request, response, \
        created_at, answered_at) VALUES ($1, 'seller', $2, $3, $4, $5, $6, $7, $7) \
        ON CONFLICT (side, message_id) DO NOTHING";
}

/// A question of a buyer's platform and our answer to it.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) message_id: String,
    pub(super) transaction_id: String,
    pub(super) user_id: Uuid,
    pub(super) action: &'static str,
    pub(super) request: String,
    pub(super) response: String,
}

pub(super) async fn insert_exchange(tx: &mut Tx, exchange: &Exchange, now: Timestamp) -> Result<(), DbError> {
    let params = [
        exchange.message_id.as_str().into(),
        exchange.transaction_id.as_str().into(),
        exchange.user_id.into(),
        exchange.action.into(),
        exchange.request.as_str().into(),
        exchange.response.as_str().into(),
        now.into(),
    ];
    tx.execute(&INSERT_EXCHANGE, &params).await?;
    Ok(())
}
