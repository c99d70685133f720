//! A message from the network, from its bytes to its signed answer (architecture, section 7; rulings 2 to 8,
//! 13).
//!
//! The order is from cheap to dear, and nothing is stored before everything has passed: path, size, signature
//! header, key, signature, envelope, action, ttl, receiver, signer, addresses, network, rate, schema,
//! duplicate, application. Every answer is signed and chained to the request; nothing in it tells of our
//! insides.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::envelope::{Envelope, Verified, message_id_of};
use beckn_wire::json::Json;
use beckn_wire::signature::{self, Covered, SignatureHeader, Signer, challenge};
use beckn_wire::validate;
use bytes::Bytes;
use db::DbError;
use futures_util::FutureExt;
use units::Span;

use crate::application::{Application, EffectError, Incoming, Refusal};
use crate::identity::Identity;
use crate::inbox;
use crate::node::Node;
use crate::outbox;
use crate::peers::{self, CallbackSigning};
use crate::registry::Record;
use crate::reply::{Headers, Reply};

mod answer;
mod caller;
mod checks;
mod route;
mod store;

pub use caller::Caller;

use answer::Desk;
use route::{Route, route};

/// Bodies above this size are parsed on a thread of their own, so that they hold up nobody else.
const PARSE_INLINE_MAX: usize = 128 * 1024;
/// The time after which a peer may ask again when our database does not answer.
const OVERLOADED_WAIT: Span = Span::from_secs(5);

/// Why a message is not taken.
#[derive(Debug)]
enum Stop {
    Refused(Refusal),
    /// Too many messages; the next one is taken after this time.
    Limited(Span),
    /// A request that came before (ruling 4).
    DuplicateRequest,
    /// A callback that came before: it gets its answer again.
    DuplicateCallback {
        status: u16,
        body: Vec<u8>,
    },
    Database(DbError),
}

impl From<WireError> for Stop {
    fn from(error: WireError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

impl From<EffectError> for Stop {
    fn from(error: EffectError) -> Self {
        match error {
            EffectError::Db(error) => Self::Database(error),
            EffectError::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl Node {
    /// Judges a request by its head alone, before its body is read: path, address, content type, announced
    /// length, form of the signature header. Gives the number of bytes that may be read.
    ///
    /// # Errors
    /// The signed answer: 401, 404, 413, 415, 429, 503.
    pub fn preflight(
        &self,
        path: &str,
        headers: &Headers,
        content_length: Option<u64>,
        remote: Option<IpAddr>,
    ) -> Result<usize, Reply> {
        let mut desk = Desk::new(self, headers);
        let judged = self.head(&mut desk, path, headers).and_then(|(route, _)| {
            if let Some(remote) = remote {
                self.address_limiter.take(remote, self.now()).map_err(Stop::Limited)?;
            }
            let max = self.body_max(&route);
            if content_length
                .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > max))
            {
                return Err(too_large(max));
            }
            Ok(max)
        });
        judged.map_err(|stop| desk.stopped(stop))
    }

    /// Room for a body of at most so many bytes, to be held while it is read and received: before its sender is known
    /// nobody can make us hold more than all of it.
    ///
    /// # Errors
    /// 503 when there is none; the sender tries again.
    pub fn reserve(&self, headers: &Headers, bytes: usize) -> Result<OwnedSemaphorePermit, Reply> {
        let kib = u32::try_from(bytes.div_ceil(1024).max(1)).unwrap_or(u32::MAX);
        Arc::clone(&self.body_room).try_acquire_many_owned(kib).map_err(|_| {
            let error = WireError::new(ErrorCode::NetOverloaded, "too many messages at once; try again");
            Desk::new(self, headers).stopped(Stop::Refused(Refusal { error, status: Some(503) }))
        })
    }

    /// Takes a message: checks it, stores it, and answers. When the answer is an ACK the message is durable. `path`
    /// may carry a query, which is the application's to read.
    pub async fn receive(&self, path: &str, headers: &Headers, body: Bytes) -> Reply {
        let started = self.now();
        let mut desk = Desk::new(self, headers);
        let reply = match self.take(&mut desk, path, headers, &body).await {
            Ok(reply) => reply,
            Err(stop) => {
                if desk.message_id.is_none() && body.len() <= PARSE_INLINE_MAX {
                    desk.message_id = message_id_of(&body);
                }
                desk.stopped(stop)
            }
        };
        desk.log(path, &reply, self.now().since(started));
        reply
    }

    /// What the head alone decides; also the first steps of [`Node::receive`].
    fn head(&self, desk: &mut Desk, path: &str, headers: &Headers) -> Result<(Route, SignatureHeader), Stop> {
        let served = route(split(path).0, &self.identities);
        if let Some(identity) = served.as_ref().and_then(|route| route.identity.as_ref()) {
            desk.identity = Arc::clone(identity);
        }
        let app = self.application()?;
        let route = served.filter(|route| app.accepts(route.face, route.action)).ok_or_else(|| Refusal {
            error: WireError::new(ErrorCode::NetNotImplemented, "this action is not served at this address"),
            status: Some(404),
        })?;
        desk.action = Some(route.action);
        if !checks::is_json(headers.get("content-type")) {
            let error =
                WireError::new(ErrorCode::SchInvalidFormat, "the content type must be application/json");
            return Err(Refusal { error, status: Some(415) }.into());
        }
        if headers.count("authorization") > 1 {
            let error =
                WireError::new(ErrorCode::AutSignatureInvalid, "there is more than one Authorization header");
            return Err(error.into());
        }
        let header = SignatureHeader::parse(headers.get("authorization").unwrap_or_default())
            .map_err(WireError::from)?;
        Ok((route, header))
    }

    fn application(&self) -> Result<&Arc<dyn Application>, Stop> {
        let missing = || WireError::new(ErrorCode::NetOverloaded, "not ready yet");
        self.app.get().ok_or_else(|| missing().into())
    }

    fn body_max(&self, route: &Route) -> usize {
        if checks::carries_catalogs(route.action) {
            self.limits.catalog_body_max
        } else {
            self.limits.body_max
        }
    }

    async fn take(
        &self,
        desk: &mut Desk,
        path: &str,
        headers: &Headers,
        body: &Bytes,
    ) -> Result<Reply, Stop> {
        let received_at = self.now();
        let (route, header) = self.head(desk, path, headers)?;
        let max = self.body_max(&route);
        if body.len() > max {
            return Err(too_large(max));
        }
        // A tree takes several times the room of its text, so only a few large ones are in memory at once.
        let _room = if body.len() > PARSE_INLINE_MAX { self.large_bodies.acquire().await.ok() } else { None };
        let authorization = headers.get("authorization").unwrap_or_default().to_owned();
        let (signer, sender) = self.authenticate(&header, &route, body).await?;
        desk.sender = Some(sender.subscriber_id.clone());
        let envelope = Envelope::parse(&body[..], &self.tolerance)?;
        desk.message_id = Some(envelope.context.message_id.clone());
        desk.transaction_id = Some(envelope.context.transaction_id.clone());
        checks::context(&envelope.context, route.action, received_at)?;
        let identity = self.receiver(&envelope, &route)?;
        desk.identity = Arc::clone(&identity);
        let envelope = Verified::<Envelope>::new(signer, envelope)?;
        checks::addresses(&envelope.context, &sender, &identity)?;
        checks::network(envelope.context.network_id.as_deref(), &self.networks, &sender)?;
        if self.identity(&sender.subscriber_id).is_none() {
            self.peer_limiter.take(sender.subscriber_id.clone(), received_at).map_err(Stop::Limited)?;
        }
        let (document, tolerated) = self.document(body).await?;
        self.refuse_duplicate(&envelope, &sender, &identity).await?;
        let incoming = Incoming {
            receiver: identity.subscriber_id.clone(),
            face: route.face,
            query: split(path).1.to_owned(),
            envelope,
            document,
            sender,
            inbox_id: self.ids.uuid(),
            authorization,
            received_at,
            tolerated,
        };
        let app = self.application()?;
        let admission = AssertUnwindSafe(async { app.admit(&incoming).await })
            .catch_unwind()
            .await
            .map_err(|_| WireError::new(ErrorCode::NetInternalError, "the message could not be judged"))??;
        self.store(desk, path, headers, &incoming, admission).await
    }

    /// Finds the key and verifies; a signature that does not fit is tried once more with the key fetched
    /// anew.
    async fn authenticate(
        &self,
        header: &SignatureHeader,
        route: &Route,
        body: &[u8],
    ) -> Result<(Signer, Arc<Record>), Stop> {
        let record = self.registry.key(&header.key_id).await.map_err(|error| error.wire())?;
        if record.valid_until.is_some_and(|until| header.expires > until.seconds()) {
            let text = "the signature outlives its key";
            return Err(WireError::new(ErrorCode::AutSignatureInvalid, text).into());
        }
        let (answered, whole) = match header.headers {
            Covered::Three => (Vec::new(), false),
            Covered::Four => self.answered(header, route, body).await?,
        };
        let mut policy = self.policy;
        policy.accept_whole_header |= whole;
        let now = self.now().seconds();
        let verify = |record: &Record| {
            let mut verdict = None;
            for answered in &answered {
                let one = signature::verify(header, body, &record.public_key, now, &policy, Some(answered));
                if one.is_ok() {
                    return one;
                }
                verdict = verdict.or(Some(one));
            }
            verdict.unwrap_or_else(|| signature::verify(header, body, &record.public_key, now, &policy, None))
        };
        match verify(&record) {
            Ok(signer) => Ok((signer, record)),
            Err(error) if error.depends_on_key() => {
                let fresh = self.registry.refresh(&header.key_id).await.map_err(|error| error.wire())?;
                if fresh.public_key == record.public_key {
                    return Err(WireError::from(error).into());
                }
                verify(&fresh).map(|signer| (signer, fresh)).map_err(|error| WireError::from(error).into())
            }
            Err(error) => Err(WireError::from(error).into()),
        }
    }

    /// What a four-line callback may be chained to, and whether its sender chains the whole header (ruling
    /// 7).
    async fn answered(
        &self,
        header: &SignatureHeader,
        route: &Route,
        body: &[u8],
    ) -> Result<(Vec<String>, bool), Stop> {
        let (Some(request), Some(message_id)) = (route.action.request(), message_id_of(body)) else {
            return Ok((Vec::new(), false));
        };
        let peer = header.key_id.subscriber_id().to_owned();
        self.db
            .read(move |tx| {
                let (message_id, peer) = (message_id.clone(), peer.clone());
                Box::pin(async move {
                    let sent = outbox::sent_authorizations(tx, &message_id, &peer, request).await?;
                    let mode = peers::signing(tx, &peer).await?;
                    Ok((sent, mode == Some(CallbackSigning::OnixFullHeader)))
                })
            })
            .await
    }

    /// Which of our identities is addressed: the one that the context names, which must be the one of the
    /// path if that has one; else that of the path; else the first.
    fn receiver(&self, envelope: &Envelope, route: &Route) -> Result<Arc<Identity>, Stop> {
        let Some(named) = envelope.context.receiver_id() else {
            return Ok(Arc::clone(route.identity.as_ref().unwrap_or(&self.default_identity)));
        };
        let member = checks::id_member(envelope.context.action.receiver());
        let identity = self
            .identity(named)
            .ok_or_else(|| WireError::context_invalid(member, "is not a participant that is served here"))?;
        let elsewhere = route.identity.as_ref().is_some_and(|owner| !checks::same_base(owner, identity));
        if elsewhere {
            return Err(WireError::context_invalid(member, "is not served at this address").into());
        }
        Ok(Arc::clone(identity))
    }

    /// Reads the whole body and checks it against the schema (ruling 8).
    async fn document(&self, body: &Bytes) -> Result<(Json, Vec<&'static str>), Stop> {
        let tolerance = self.tolerance;
        let read = move |body: &[u8]| {
            let invalid = |error: beckn_wire::json::JsonError| {
                WireError::new(ErrorCode::SchInvalidJson, error.to_string())
            };
            let document = Json::parse(body).map_err(invalid)?;
            let tolerated = validate::admit(&document, &tolerance)?;
            Ok::<_, WireError>((document, tolerated))
        };
        if body.len() <= PARSE_INLINE_MAX {
            return Ok(read(body)?);
        }
        let body = body.clone();
        let parsed = tokio::task::spawn_blocking(move || read(&body)).await;
        Ok(parsed
            .map_err(|_| WireError::new(ErrorCode::NetOverloaded, "the message could not be read now"))??)
    }

    /// Stops what came before (ruling 4).
    async fn refuse_duplicate(
        &self,
        envelope: &Verified<Envelope>,
        sender: &Record,
        identity: &Identity,
    ) -> Result<(), Stop> {
        let (receiver, sender) = (identity.subscriber_id.clone(), sender.subscriber_id.clone());
        let (action, message_id) = (envelope.context.action, envelope.context.message_id.clone());
        let digest = envelope.digest().base64();
        let found = self
            .db
            .read(move |tx| {
                let (receiver, sender) = (receiver.clone(), sender.clone());
                let (message_id, digest) = (message_id.clone(), digest.clone());
                Box::pin(async move {
                    inbox::find_duplicate(tx, &receiver, &sender, action, &message_id, &digest).await
                })
            })
            .await?;
        match found {
            None => Ok(()),
            Some((status, body)) if action.is_callback() => Err(Stop::DuplicateCallback { status, body }),
            Some(_) => Err(Stop::DuplicateRequest),
        }
    }
}

/// Path and query.
fn split(path: &str) -> (&str, &str) {
    path.split_once('?').unwrap_or((path, ""))
}

fn too_large(max: usize) -> Stop {
    let error = WireError::new(ErrorCode::SchInvalidFormat, format!("the body is larger than {max} bytes"));
    Stop::Refused(Refusal { error, status: Some(413) })
}
