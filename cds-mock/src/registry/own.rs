//! The registry as the node of this very process reads it: from the tables, without a socket and without a
//! cache.

use std::sync::Arc;

use beckn_wire::json::{Json, Object};
use beckn_wire::signature::KeyId;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use node::registry::{Record, Registry, RegistryError};
use units::Span;

use super::service::Directory;

/// Answers the node's questions from [`Directory`].
#[derive(Clone)]
pub struct OwnRegistry(Directory);

impl OwnRegistry {
    pub fn new(directory: Directory) -> Self {
        Self(directory)
    }

    async fn find(&self, subscriber: &str, key: Option<&str>) -> Result<Arc<Record>, RegistryError> {
        let found = self.0.find(subscriber, key).await.map_err(|_| RegistryError::Unavailable)?;
        let Some(found) = found else {
            let known = key.is_some() && matches!(self.0.find(subscriber, None).await, Ok(Some(_)));
            return Err(if known { RegistryError::KeyNotFound } else { RegistryError::SubscriberNotFound });
        };
        if found.revoked {
            return Err(RegistryError::Revoked);
        }
        if !found.lives(self.0.now()) {
            return Err(RegistryError::Expired);
        }
        let entry = found.registration;
        Ok(Arc::new(Record {
            subscriber_id: entry.subscriber_id,
            key_id: entry.key_id,
            public_key: entry.public_key,
            url: entry.url,
            kind: entry.kind,
            network_memberships: entry.network_memberships,
            ttl: Span::from_secs(self.0.ttl_secs()),
            valid_until: entry.valid_until,
            revoked: false,
            meta: Json::Object(Object::new()),
        }))
    }
}

impl Registry for OwnRegistry {
    fn key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        self.find(key_id.subscriber_id(), Some(key_id.key_id())).boxed()
    }

    /// There is no cache to go past.
    fn refresh<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        self.key(key_id)
    }

    fn subscriber<'a>(&'a self, subscriber_id: &'a str) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        self.find(subscriber_id, None).boxed()
    }
}
