//! Whose key is that? The registry's answer, fail closed (Beckn section d, ruling 13).
//!
//! Three steps make a signature: parse, find the key, verify. This is the middle one, the only one with I/O.
//! Whatever goes wrong here means 401 to the sender, never 500: without a live key nothing is believed.

use std::sync::Arc;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use beckn_wire::signature::{KeyId, PublicKey};
use futures_util::future::BoxFuture;
use units::{Span, Timestamp};

mod dedi;
mod document;
mod fixed;

pub use dedi::{DediConfig, DediRegistry};
pub use fixed::StaticRegistry;

/// A participant's entry in the registry: one live key, and where the participant is reached.
#[derive(Clone, Debug)]
pub struct Record {
    /// In lower case: subscriber ids are compared without it.
    pub subscriber_id: String,
    /// The record's id within the subscriber.
    pub key_id: String,
    pub public_key: PublicKey,
    /// The base address (ruling 2).
    pub url: String,
    /// The role as the registry writes it: `BAP`, `BPP`, `DS`, … What it may send is compared with it.
    pub kind: String,
    /// The networks of which the subscriber is a member, `namespace/registry`.
    pub network_memberships: Vec<String>,
    /// How long the registry allows the record to be kept.
    pub ttl: Span,
    pub valid_until: Option<Timestamp>,
    pub revoked: bool,
    /// Further data of the record, as it was read.
    pub meta: Json,
}

/// Finds keys and addresses.
pub trait Registry: Send + Sync + 'static {
    /// The live record of this key.
    ///
    /// # Errors
    /// See [`RegistryError`].
    fn key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>>;

    /// Whether this key was found before, or asking for it costs nothing now. Strangers are counted by it.
    fn remembers(&self, _key_id: &KeyId) -> bool {
        true
    }

    /// As [`Registry::key`], past any cache: after a signature that did not verify. Rate limited per key.
    ///
    /// # Errors
    /// See [`RegistryError`].
    fn refresh<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>>;

    /// The live record by which a subscriber is addressed.
    ///
    /// # Errors
    /// See [`RegistryError`].
    fn subscriber<'a>(&'a self, subscriber_id: &'a str) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>>;
}

/// Why there is no key to verify with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    #[error("the subscriber is not in the registry")]
    SubscriberNotFound,
    #[error("the key is not in the registry")]
    KeyNotFound,
    #[error("the key is revoked")]
    Revoked,
    #[error("the key has expired")]
    Expired,
    #[error("the registry cannot be asked now")]
    Unavailable,
}

impl RegistryError {
    /// The error of the 401 that the sender gets.
    pub fn wire(self) -> WireError {
        let code = match self {
            Self::SubscriberNotFound => ErrorCode::AutSubscriberNotFound,
            Self::KeyNotFound | Self::Unavailable => ErrorCode::AutKeyNotFound,
            Self::Revoked | Self::Expired => ErrorCode::AutKeyExpiredOrRevoked,
        };
        WireError::new(code, self.to_string())
    }

    /// Whether the same question may be answered differently without any change in the registry.
    pub fn passing(self) -> bool {
        self == Self::Unavailable
    }
}
