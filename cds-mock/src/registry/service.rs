//! Lookup, registration, rotation and revocation: load, decide, store.

use std::sync::Arc;

use beckn_wire::json::Json;
use beckn_wire::signature::{Covered, PublicKey, SignatureError, SignatureHeader, VerifyPolicy, verify};
use clock::Clock;
use db::Db;
use serde::de::DeserializeOwned;
use units::{Span, Timestamp};

use super::model::{
    Entry, Registration, RegistrationBody, RegistryFault, RevocationBody, RotationBody, check_url, usable_key,
};
use super::store::{self, Description};

/// Keys that one subscriber may have, dead ones included.
const KEYS_MAX: usize = 64;
/// A proof is made for one request: it may not live longer than this, in seconds.
const PROOF_LIFE_SECS: i64 = 600;

/// The operator's word is dated back so far: a subscriber may change it at once, and dates its own signature back, too.
const BACKDATE: Span = Span::from_secs(2);

/// What the operator decides.
#[derive(Clone, Debug)]
pub struct DirectoryPolicy {
    /// Networks of which anyone may become a member by registering.
    pub open_networks: Vec<String>,
    /// Allows http, loopback and private addresses.
    pub insecure_demo: bool,
    /// For how long a record may be kept by who looked it up.
    pub ttl_secs: i64,
    /// How many may register by themselves.
    pub self_registered_max: i64,
}

/// The signatures that come with a change: by the key in question, and by a live key of the same subscriber.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `X-Endorsement` header, of the same form.
    pub endorsement: Option<String>,
}

/// The registry over its tables.
#[derive(Clone)]
pub struct Directory {
    db: Db,
    wire: Arc<dyn Clock>,
    policy: Arc<DirectoryPolicy>,
}

impl Directory {
    /// `wire` judges signatures and ends of validity.
    pub fn new(db: Db, wire: Arc<dyn Clock>, policy: DirectoryPolicy) -> Self {
        Self { db, wire, policy: Arc::new(policy) }
    }

    /// The document of one key, or of the newest live key when none is named; a subscriber whose keys are all
    /// dead is answered with the newest of them, which says so. One read transaction.
    ///
    /// # Errors
    /// `NOT_FOUND`; `UNAVAILABLE`.
    pub async fn lookup(&self, subscriber_id: &str, key_id: Option<&str>) -> Result<Json, RegistryFault> {
        let entry = self.find(subscriber_id, key_id).await?.ok_or(RegistryFault::NotFound)?;
        Ok(entry.document(self.policy.ttl_secs))
    }

    pub(super) async fn find(
        &self,
        subscriber: &str,
        key: Option<&str>,
    ) -> Result<Option<Entry>, RegistryFault> {
        let now = self.wire.now();
        let mut keys = self.keys(subscriber).await?;
        let at = match key {
            Some(key) => keys.iter().position(|e| e.registration.key_id == key),
            None => keys.iter().position(|e| e.lives(now)).or(if keys.is_empty() { None } else { Some(0) }),
        };
        Ok(at.map(|at| keys.swap_remove(at)))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.wire.now()
    }

    pub(super) fn ttl_secs(&self) -> i64 {
        self.policy.ttl_secs
    }

    async fn keys(&self, subscriber: &str) -> Result<Vec<Entry>, RegistryFault> {
        if subscriber.contains('\0') {
            return Ok(Vec::new());
        }
        let subscriber: Arc<str> = subscriber.to_ascii_lowercase().into();
        self.db
            .read(move |tx| {
                let subscriber = Arc::clone(&subscriber);
                Box::pin(async move { Ok(store::keys(tx, &subscriber).await?) })
            })
            .await
    }

    /// Seeds a subscriber by the operator's word, with any membership. A key that is already there keeps its
    /// state, so that seeding at every start does not bring a revoked key back. One write transaction.
    ///
    /// # Errors
    /// `INVALID_FIELD`, `KEY_ID_TAKEN` when another key has that id, `UNAVAILABLE`.
    pub async fn seed(&self, mut registration: Registration) -> Result<(), RegistryFault> {
        check_url(&registration.url, self.policy.insecure_demo)?;
        registration.subscriber_id.make_ascii_lowercase();
        let now = self.wire.now();
        let said_at = now.saturating_sub(BACKDATE);
        let entry = Arc::new(registration);
        self.db
            .write(move |tx| {
                let entry = Arc::clone(&entry);
                Box::pin(async move {
                    store::revoke_squatters(tx, &entry.subscriber_id, &entry.key_id, now).await?;
                    store::put_subscriber(tx, &entry, "operator", now, said_at).await?;
                    store::add_key(tx, &entry, now).await?;
                    let keys = store::keys(tx, &entry.subscriber_id).await?;
                    if same_key(&keys, &entry).is_some() { Ok(()) } else { Err(RegistryFault::KeyIdTaken) }
                })
            })
            .await
    }

    /// Registers a subscriber with its first key, adds a key to one that has live keys, or changes the
    /// address of one by a live key. Returns whether the key is new. One read and one write transaction.
    ///
    /// # Errors
    /// See [`RegistryFault`].
    pub async fn register(&self, proofs: &Proofs, body: &[u8]) -> Result<bool, RegistryFault> {
        let entry = Registration::try_from(parse::<RegistrationBody>(body)?)?;
        check_url(&entry.url, self.policy.insecure_demo)?;
        self.take(proofs, body, entry, true).await
    }

    /// Adds a key to a subscriber that has live keys. As [`Directory::register`], without changing anything
    /// else.
    ///
    /// # Errors
    /// See [`RegistryFault`].
    pub async fn rotate(
        &self,
        subscriber_id: &str,
        proofs: &Proofs,
        body: &[u8],
    ) -> Result<bool, RegistryFault> {
        let body_parts: RotationBody = parse(body)?;
        let subscriber_id = &*subscriber_id.to_ascii_lowercase();
        if !body_parts.subscriber_id.eq_ignore_ascii_case(subscriber_id) {
            return Err(RegistryFault::invalid("subscriber_id", "is not the one of the path"));
        }
        let RotationBody { key_id, signing_public_key, encr_public_key, valid_until, .. } = body_parts;
        let public_key = usable_key(subscriber_id, &key_id, &signing_public_key, &encr_public_key)?;
        let keys = self.keys(subscriber_id).await?;
        let known = keys.first().ok_or(RegistryFault::NotFound)?.registration.clone();
        let entry = Registration { key_id, public_key, encr_public_key, valid_until, ..known };
        self.take(proofs, body, entry, false).await
    }

    async fn take(
        &self,
        proofs: &Proofs,
        body: &[u8],
        entry: Registration,
        describes: bool,
    ) -> Result<bool, RegistryFault> {
        let now = self.wire.now();
        if entry.valid_until.is_some_and(|until| until <= now) {
            return Err(RegistryFault::invalid("valid_until", "has passed"));
        }
        let id = (entry.subscriber_id.as_str(), entry.key_id.as_str());
        let said_at = proven(proofs.authorization.as_deref(), id, &entry.public_key, body, now)
            .map_err(RegistryFault::ProofInvalid)?;
        let keys = self.keys(&entry.subscriber_id).await?;
        let endorser = match same_key(&keys, &entry) {
            // The key itself is live already: it may speak for its subscriber.
            Some(own) if own.lives(now) => Some(entry.key_id.clone()),
            Some(_) => return Err(RegistryFault::KeyIdTaken),
            None if keys.is_empty() => None,
            None => Some(endorsed(proofs.endorsement.as_deref(), &keys, body, now)?),
        };
        let change = Change { entry, endorser, describes, said_at, now, policy: Arc::clone(&self.policy) };
        let change = Arc::new(change);
        self.db
            .write(move |tx| {
                let change = Arc::clone(&change);
                Box::pin(async move { change.apply(tx).await })
            })
            .await
    }

    /// Revokes a key by a live key of the same subscriber, itself included. One read and one write
    /// transaction.
    ///
    /// # Errors
    /// See [`RegistryFault`].
    pub async fn revoke(
        &self,
        subscriber_id: &str,
        key_id: &str,
        proofs: &Proofs,
        body: &[u8],
    ) -> Result<(), RegistryFault> {
        let order: RevocationBody = parse(body)?;
        let subscriber_id = &*subscriber_id.to_ascii_lowercase();
        if !order.subscriber_id.eq_ignore_ascii_case(subscriber_id)
            || order.key_id != key_id
            || order.action != "revoke"
        {
            return Err(RegistryFault::invalid(
                "action",
                "is not revoke, or another key is named than in the path",
            ));
        }
        let now = self.wire.now();
        let keys = self.keys(subscriber_id).await?;
        if !keys.iter().any(|e| e.registration.key_id == key_id) {
            return Err(RegistryFault::NotFound);
        }
        endorsed(proofs.authorization.as_deref(), &keys, body, now)?;
        let (subscriber, key): (Arc<str>, Arc<str>) = (subscriber_id.into(), key_id.into());
        self.db
            .write(move |tx| {
                let (subscriber, key) = (Arc::clone(&subscriber), Arc::clone(&key));
                Box::pin(async move { Ok(store::revoke(tx, &subscriber, &key, now).await?) })
            })
            .await
    }
}

/// A proven change, decided again in its transaction: a key may have been revoked since it was read.
struct Change {
    entry: Registration,
    endorser: Option<String>,
    /// Whether it also says where the subscriber is reached.
    describes: bool,
    /// When the new key signed it.
    said_at: Timestamp,
    now: Timestamp,
    policy: Arc<DirectoryPolicy>,
}

impl Change {
    async fn apply(&self, tx: &mut db::Tx) -> Result<bool, RegistryFault> {
        let Self { entry, now, .. } = self;
        let known = store::lock(tx, &entry.subscriber_id).await?;
        let keys = store::keys(tx, &entry.subscriber_id).await?;
        if known.is_none() && store::count_self_registered(tx).await? >= self.policy.self_registered_max {
            return Err(RegistryFault::Full);
        }
        if known.is_some() {
            let endorser = keys.iter().find(|e| Some(&e.registration.key_id) == self.endorser.as_ref());
            if !endorser.is_some_and(|e| e.lives(*now)) {
                return Err(RegistryFault::NoLiveKey);
            }
        }
        if self.describes {
            self.describe(tx, known).await?;
        }
        let same_id = keys.iter().any(|e| e.registration.key_id == entry.key_id);
        if same_id {
            return if same_key(&keys, entry).is_some() { Ok(false) } else { Err(RegistryFault::KeyIdTaken) };
        }
        if keys.len() >= KEYS_MAX {
            return Err(RegistryFault::Full);
        }
        store::add_key(tx, entry, *now).await?;
        Ok(true)
    }
}

impl Change {
    /// Stores what the subscriber says of itself, if it has said nothing newer.
    async fn describe(&self, tx: &mut db::Tx, known: Option<Description>) -> Result<(), RegistryFault> {
        let Self { entry, now, said_at, .. } = self;
        let held = known.as_ref().map(|known| known.memberships.as_slice()).unwrap_or_default();
        let may = |network: &&String| held.contains(network) || self.policy.open_networks.contains(network);
        if let Some(closed) = entry.network_memberships.iter().find(|network| !may(network)) {
            return Err(RegistryFault::MembershipNotOpen(closed.clone()));
        }
        if let Some(known) = &known
            && *said_at <= known.said_at
        {
            return if known.is_of(entry) { Ok(()) } else { Err(RegistryFault::Outdated) };
        }
        store::put_subscriber(tx, entry, "self", *now, *said_at).await?;
        // Two may have found the name free at once; the second waits above and then sees the first one's key.
        if known.is_none() && !store::keys(tx, &entry.subscriber_id).await?.is_empty() {
            return Err(RegistryFault::KeyIdTaken);
        }
        Ok(())
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, RegistryFault> {
    serde_json::from_slice(body).map_err(|_| RegistryFault::InvalidBody)
}

fn same_key<'k>(keys: &'k [Entry], entry: &Registration) -> Option<&'k Entry> {
    keys.iter().find(|e| {
        e.registration.key_id == entry.key_id
            && e.registration.public_key.to_base64() == entry.public_key.to_base64()
    })
}

/// When `header` was made, if it is a signature over `body` by this key under this name.
fn proven(
    header: Option<&str>,
    id: (&str, &str),
    key: &PublicKey,
    body: &[u8],
    now: Timestamp,
) -> Result<Timestamp, SignatureError> {
    let header = SignatureHeader::parse(header.ok_or(SignatureError::Missing)?)?;
    let named = header.key_id.subscriber_id().eq_ignore_ascii_case(id.0) && header.key_id.key_id() == id.1;
    if header.headers != Covered::Three || !named {
        return Err(SignatureError::KeyId);
    }
    let policy = VerifyPolicy { life_max_secs: PROOF_LIFE_SECS, ..VerifyPolicy::spec() };
    verify(&header, body, key, now.seconds(), &policy, None).map(|_| Timestamp::from_seconds(header.created))
}

/// The id of the live key that signed `body`.
fn endorsed(
    header: Option<&str>,
    keys: &[Entry],
    body: &[u8],
    now: Timestamp,
) -> Result<String, RegistryFault> {
    let fail = RegistryFault::EndorsementInvalid;
    let text = header.ok_or(fail(SignatureError::Missing))?;
    let parsed = SignatureHeader::parse(text).map_err(fail)?;
    if !keys.iter().any(|e| e.lives(now)) {
        return Err(RegistryFault::NoLiveKey);
    }
    let signer = keys.iter().find(|e| e.registration.key_id == parsed.key_id.key_id() && e.lives(now));
    let signer = &signer.ok_or(fail(SignatureError::KeyId))?.registration;
    let id = (signer.subscriber_id.as_str(), signer.key_id.as_str());
    proven(Some(text), id, &signer.public_key, body, now).map_err(fail)?;
    Ok(signer.key_id.clone())
}
