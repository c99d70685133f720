//! A registry in memory, for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use beckn_wire::json::Json;
use beckn_wire::signature::{KeyId, PublicKey};
use futures_util::future::BoxFuture;
use units::Span;

use super::{Record, Registry, RegistryError};

/// Answers from a map that a test fills, rotates and revokes.
#[derive(Debug, Default)]
pub struct StaticRegistry {
    records: Mutex<BTreeMap<(String, String), Arc<Record>>>,
}

impl StaticRegistry {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key of a platform that buys and sells, reached at `url`, member of `networks`.
    pub fn add(&self, key_id: &KeyId, public_key: PublicKey, url: &str, networks: &[&str]) {
        self.put(Record {
            subscriber_id: key_id.subscriber_id().to_ascii_lowercase(),
            key_id: key_id.key_id().to_owned(),
            public_key,
            url: url.to_owned(),
            kind: "BPP".to_owned(),
            network_memberships: networks.iter().map(|network| (*network).to_owned()).collect(),
            ttl: Span::from_secs(60),
            valid_until: None,
            revoked: false,
            meta: Json::Null,
        });
    }

    /// Adds or replaces a record.
    pub fn put(&self, record: Record) {
        let id = (record.subscriber_id.clone(), record.key_id.clone());
        self.records.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(record));
    }

    /// Marks a key as revoked.
    pub fn revoke(&self, key_id: &KeyId) {
        let id = (key_id.subscriber_id().to_ascii_lowercase(), key_id.key_id().to_owned());
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = records.get_mut(&id) {
            let mut revoked = Record::clone(record);
            revoked.revoked = true;
            *record = Arc::new(revoked);
        }
    }

    fn find(&self, key_id: &KeyId) -> Result<Arc<Record>, RegistryError> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = key_id.subscriber_id().to_ascii_lowercase();
        match records.get(&(asked.clone(), key_id.key_id().to_owned())) {
            Some(record) if record.revoked => Err(RegistryError::Revoked),
            Some(record) => Ok(Arc::clone(record)),
            None if records.keys().any(|(subscriber, _)| *subscriber == asked) => {
                Err(RegistryError::KeyNotFound)
            }
            None => Err(RegistryError::SubscriberNotFound),
        }
    }
}

impl Registry for StaticRegistry {
    fn key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        Box::pin(std::future::ready(self.find(key_id)))
    }

    fn refresh<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        self.key(key_id)
    }

    fn subscriber<'a>(&'a self, subscriber_id: &'a str) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own = records
            .values()
            .filter(|record| record.subscriber_id.eq_ignore_ascii_case(subscriber_id))
            .peekable();
        let answer = if own.peek().is_none() {
            Err(RegistryError::SubscriberNotFound)
        } else {
            own.find(|record| !record.revoked).cloned().ok_or(RegistryError::Revoked)
        };
        Box::pin(std::future::ready(answer))
    }
}
