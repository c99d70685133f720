//! A client's request that changes something: who asks, what, under which key, and how long the client will wait.
//!
//! `Idempotency-Key` makes a write safe to repeat: the same request gets the same bytes again and has no second
//! effect; another request under the same key is refused. Two rows see to it: one below, in the transaction of the
//! effect, and one here, when the answer is whole ([`answers`]). While a request is worked off, the same one waits for
//! its answer, twelve seconds at most. Only successes are kept: a failure leaves the key free, since what it was about may
//! be mended. An answer with a secret is never kept ([`Unkept`]).

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use db::{Db, DbError};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::access::Caller;
use super::problem::Problem;
use super::{Shared, json, wait};
use crate::error::{Code, Coded};
use crate::events::answers::{self, Claim, Kept, Lease};
use crate::events::idempotency::{self, Key, Known};
use crate::identity::User;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Longest key, characters.
pub const KEY_MAX: usize = 128;
/// A larger answer is not kept; its effect still happens once.
const ANSWER_MAX: usize = 1024 * 1024;
const KEPT_HEADERS: &[&str] = &["content-type", "location", "content-location", "preference-applied"];
/// How often, and how many times, one looks whether the same request has its answer.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS: u32 = 120;

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
        let key = self.keyed(request, &bytes, user.id).await?;
        Ok(Asked { body: json::parse(&bytes)?, key, wait: wait::wished(request), user })
    }

    /// The key that a request carries, bound to what it asks for, and taken on: for bodies that are not JSON.
    ///
    /// # Errors
    /// 422 for one that cannot be used or belongs to another request, 409 while the same request is worked off; the
    /// answer that was given before.
    pub async fn keyed(
        &self,
        request: &HttpRequest,
        body: &[u8],
        user: Uuid,
    ) -> Result<Option<Key>, Problem> {
        let key = key(request, body, user)?;
        if let Some(key) = &key {
            self.begin(request, key).await?;
        }
        Ok(key)
    }

    /// Takes a request on under its key; one that was answered is answered again, in place of an error.
    async fn begin(&self, request: &HttpRequest, key: &Key) -> Result<(), Problem> {
        for look in 0..=LOOKS {
            if look > 0 {
                node::pause(LOOK_EVERY).await;
            }
            match self.claim(key).await? {
                Claim::Ours(lease) => {
                    let db = self.participant.db.clone();
                    let held = Held { lease: Some(lease), db, runtime: self.runtime.clone() };
                    request.extensions_mut().insert(held);
                    return Ok(());
                }
                Claim::Answered(kept) => return Err(Problem::answered(kept)),
                Claim::OtherRequest => {
                    return Err(Problem::of(Code::IdempotencyMismatch).at("Idempotency-Key"));
                }
                Claim::UnderWay => {}
            }
        }
        Err(Problem::of(Code::InProgress).at("Idempotency-Key").with(header::RETRY_AFTER, "1"))
    }

    async fn claim(&self, key: &Key) -> Result<Claim, Problem> {
        let (db, key, now) = (self.participant.db.clone(), key.clone(), self.participant.now());
        let claim = self.run(async move {
            db.write(move |tx| {
                let key = key.clone();
                async move { answers::claim(tx, &key, now).await }.boxed()
            })
            .await
        });
        Ok(claim.await??)
    }

    /// Keeps the answer of a request that was begun here. When another one was faster after all, its answer is given.
    pub async fn conclude(&self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let held = response.request().extensions_mut().remove::<Held>();
        let Some(mut held) = held else { return response };
        if !response.status().is_success() || response.response().extensions().contains::<Unkept>() {
            // What holds the lease gives it back.
            return response;
        }
        let (request, response) = response.into_parts();
        let (response, body) = response.into_parts();
        let bytes = match body.try_into_bytes() {
            Ok(bytes) => bytes,
            Err(stream) => return ServiceResponse::new(request, response.set_body(stream)),
        };
        let kept = Kept {
            status: response.status().as_u16(),
            headers: told_headers(response.headers()),
            body: bytes.to_vec(),
        };
        if kept.body.len() <= ANSWER_MAX
            && let Some(lease) = held.lease.take()
        {
            match self.keep(lease, kept).await {
                Ok(Some(earlier)) => return ServiceResponse::new(request, again(&earlier)),
                Ok(None) => {}
                // The effect stands, and its own row keeps it from happening twice.
                Err(problem) => tracing::error!(%problem, "an answer was not kept under its key"),
            }
        }
        ServiceResponse::new(request, response.set_body(BoxBody::new(bytes)))
    }

    /// The answer that is kept already, when this one came too late.
    async fn keep(&self, lease: Lease, kept: Kept) -> Result<Option<Kept>, Problem> {
        let (db, now) = (self.participant.db.clone(), self.participant.now());
        let work = Arc::new((lease, kept));
        let kept = self.run(async move {
            db.write(move |tx| {
                let work = Arc::clone(&work);
                async move {
                    let (lease, kept) = &*work;
                    if answers::keep(tx, lease, kept).await? {
                        return Ok(None);
                    }
                    match answers::claim(tx, &lease.key, now).await? {
                        Claim::Answered(earlier) => Ok(Some(earlier)),
                        Claim::Ours(lease) => answers::keep(tx, &lease, kept).await.map(|_| None),
                        Claim::UnderWay | Claim::OtherRequest => Ok::<_, DbError>(None),
                    }
                }
                .boxed()
            })
            .await
        });
        Ok(kept.await??)
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

/// Stands in the extensions of an answer that holds a secret: such bytes are not kept, and a repetition makes
/// them anew from what the effect left.
pub struct Unkept;

/// The right to work a request off; whoever drops it without an answer gives it back, also when the client hangs up.
struct Held {
    lease: Option<Lease>,
    db: Db,
    runtime: Handle,
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        let db = self.db.clone();
        self.runtime.spawn(async move {
            let released = db.write(move |tx| {
                let lease = lease.clone();
                async move { answers::release(tx, &lease).await }.boxed()
            });
            if let Err(error) = released.await {
                tracing::warn!(%error, "a key stays taken until its lease ends");
            }
        });
    }
}

/// The headers of an answer that belong to it rather than to one transmission, a line each.
fn told_headers(headers: &HeaderMap) -> String {
    let mut text = String::new();
    for name in KEPT_HEADERS {
        if let Some(value) = headers.get(*name).and_then(|value| value.to_str().ok()) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    text
}

/// An answer that was given before.
pub fn again(kept: &Kept) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK));
    for (name, value) in kept.headers.lines().filter_map(|line| line.split_once(": ")) {
        response.insert_header((name, value));
    }
    response.insert_header((REPLAYED.clone(), "true"));
    response.body(kept.body.clone())
}

fn key(request: &HttpRequest, body: &[u8], user_id: Uuid) -> Result<Option<Key>, Problem> {
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
