//! What we have learnt of each peer: how it wants callbacks signed, how it acknowledges, and whether it
//! answers.

use db::{DbError, Tx, params};
use units::Timestamp;

/// How a callback names the request that it answers (Beckn section c.6, ruling 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallbackSigning {
    /// Three lines, no proof: what every peer accepts.
    #[default]
    Plain,
    /// Four lines, the bare signature of the request: the specification's form.
    Chained,
    /// Four lines, the request's whole header.
    OnixFullHeader,
}

impl CallbackSigning {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Chained => "chained",
            Self::OnixFullHeader => "onix_full_header",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Plain, Self::Chained, Self::OnixFullHeader].into_iter().find(|mode| mode.as_str() == text)
    }
}

db::sql! {
    PIN = "INSERT INTO peers (subscriber_id, callback_signing, pinned) VALUES ($1, $2, 1) \
        ON CONFLICT (subscriber_id) DO UPDATE SET callback_signing = excluded.callback_signing, pinned = 1";
    LEARN_SIGNING = "INSERT INTO peers (subscriber_id, callback_signing) VALUES ($1, $2) ON CONFLICT \
        (subscriber_id) DO UPDATE SET callback_signing = excluded.callback_signing WHERE \
        peers.pinned = 0";
    SIGNING = "SELECT callback_signing FROM peers WHERE subscriber_id = $1";
    FAILED = "INSERT INTO peers (subscriber_id, fail_count, next_try_at, last_error) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (subscriber_id) DO UPDATE SET fail_count = excluded.fail_count, \
        next_try_at = excluded.next_try_at, last_error = excluded.last_error";
    SUCCEEDED = "INSERT INTO peers (subscriber_id, ack_shape, last_seen_at) VALUES ($1, $2, $3) \
        ON CONFLICT (subscriber_id) DO UPDATE SET fail_count = 0, next_try_at = 0, last_error = NULL, \
        ack_shape = excluded.ack_shape, last_seen_at = excluded.last_seen_at";
}

/// Sets by the operator's word how callbacks to a peer are signed; nothing learnt changes it afterwards.
///
/// # Errors
/// Those of the database.
pub async fn pin(tx: &mut Tx, subscriber_id: &str, signing: CallbackSigning) -> Result<(), DbError> {
    tx.execute(&PIN, &params![subscriber_id, signing.as_str()]).await.map(|_| ())
}

pub(crate) async fn learn_signing(tx: &mut Tx, peer: &str, signing: CallbackSigning) -> Result<(), DbError> {
    tx.execute(&LEARN_SIGNING, &params![peer, signing.as_str()]).await.map(|_| ())
}

/// How callbacks to this peer are signed, when it is known.
pub(crate) async fn signing(tx: &mut Tx, peer: &str) -> Result<Option<CallbackSigning>, DbError> {
    let row = tx.query_opt(&SIGNING, &params![peer]).await?;
    let text: Option<String> = row.map(|row| row.get("callback_signing")).transpose()?.flatten();
    Ok(text.as_deref().and_then(CallbackSigning::parse))
}

pub(crate) async fn failed(
    tx: &mut Tx,
    peer: &str,
    fail_count: u32,
    next_try_at: Timestamp,
    error: &str,
) -> Result<(), DbError> {
    tx.execute(&FAILED, &params![peer, fail_count, next_try_at, error]).await.map(|_| ())
}

pub(crate) async fn succeeded(
    tx: &mut Tx,
    peer: &str,
    ack_shape: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    tx.execute(&SUCCEEDED, &params![peer, ack_shape, now]).await.map(|_| ())
}
