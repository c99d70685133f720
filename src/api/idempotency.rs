//! A client's request that changes something: who asks, what, under which key, and how long the client will wait.
//!
//! `Idempotency-Key` makes a write safe to repeat: the same request gets the same bytes again and has no second
//! effect; another request under the same key is refused. The row is written below, in the transaction of the effect.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::web::Payload;
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::access::Caller;
use super::problem::Problem;
use super::{Shared, json, wait};
use crate::error::{Code, Coded};
use crate::events::idempotency::{self, Key, Known};
use crate::identity::User;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest key.
const KEY_MAX: usize = 128;

/// What a client asked for.
pub struct Asked<B> {
    pub user: User,
    pub body: B,
    pub key: Option<Key>,
    /// How long the client will wait for the outcome, seconds.
    pub wait: Option<u64>,
}

/// The stored or the new answer of a write.
pub struct Answered {
    pub status: StatusCode,
    pub body: Vec<u8>,
}

impl Shared {
    /// Reads a request that changes something, of a caller whom its route has let in: body, then key.
    ///
    /// # Errors
    /// 413, 415, 400, 422.
    pub async fn asked<B: DeserializeOwned>(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Asked<B>, Problem> {
        let Caller { user, .. } = Caller::of(request)?;
        let bytes = json::body(request, payload).await?;
        let key = key(request, &bytes, user.id)?;
        Ok(Asked { body: json::parse(&bytes)?, key, wait: wait::wished(request), user })
    }

    /// Carries a write out once: an answer that was given under the key is given again.
    ///
    /// # Errors
    /// 422 when the key belongs to another request; those of the work.
    pub async fn once<T, E>(
        &self,
        key: Option<Key>,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
        answer: impl FnOnce(&T) -> Answered,
    ) -> Result<Answered, Problem>
    where
        T: Send + 'static,
        E: Coded + Send + 'static,
    {
        if let Some(answered) = self.known(key.clone()).await? {
            return Ok(answered);
        }
        match self.run(work).await? {
            Ok(done) => Ok(answer(&done)),
            // The same request may have been faster on another connection.
            Err(error) => match self.known(key).await? {
                Some(answered) => Ok(answered),
                None => Err(error.into()),
            },
        }
    }

    async fn known(&self, key: Option<Key>) -> Result<Option<Answered>, Problem> {
        let Some(key) = key else { return Ok(None) };
        let known = self
            .read(move |tx| {
                let key = key.clone();
                async move { idempotency::find(tx, &key).await }.boxed()
            })
            .await?;
        match known {
            Known::No => Ok(None),
            Known::OtherRequest => Err(Problem::of(Code::IdempotencyMismatch).at("Idempotency-Key")),
            Known::Answered { status, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
                Ok(Some(Answered { status, body }))
            }
        }
    }
}

/// The key that a request carries, bound to what it asks for.
///
/// # Errors
/// 422 for one that cannot be used.
pub fn key(request: &HttpRequest, body: &[u8], user_id: Uuid) -> Result<Option<Key>, Problem> {
    let mut fields = request.headers().get_all(&IDEMPOTENCY_KEY);
    let Some(value) = fields.next() else { return Ok(None) };
    let text = value.to_str().map(str::trim).unwrap_or_default();
    let usable =
        (1..=KEY_MAX).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !usable || fields.next().is_some() {
        let detail =
            format!("An idempotency key has 1 to {KEY_MAX} printable ASCII characters, and comes once.");
        return Err(Problem::field("Idempotency-Key", detail));
    }
    let mut hash = Sha256::new();
    for part in [request.method().as_str().as_bytes(), request.path().as_bytes(), body] {
        hash.update(part);
        hash.update([0]);
    }
    let request_hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(Key { user_id, key: text.to_owned(), request_hash }))
}
