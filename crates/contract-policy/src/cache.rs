//! Compiled policies by checksum, so that each is compiled once.

use std::sync::{Mutex, PoisonError};

use crate::{Checksum, Limits, Policy, PolicyError};

/// So many policies are kept; a network has one for each DISCOM.
const KEPT_MAX: usize = 64;

/// The policies compiled last. Shared between threads.
#[derive(Default)]
pub struct PolicyCache {
    /// In order of use, the last used last.
    kept: Mutex<Vec<Policy>>,
}

impl PolicyCache {
    /// The policy of that checksum, if it was compiled before.
    pub fn get(&self, checksum: Checksum) -> Option<Policy> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|policy| policy.checksum() == checksum)?;
        let policy = kept.remove(at);
        kept.push(policy.clone());
        Some(policy)
    }

    /// The policy of that checksum, compiled now unless it was before.
    ///
    /// # Errors
    /// As [`Policy::compile`].
    pub fn compile(&self, source: &[u8], published: Checksum, limits: Limits) -> Result<Policy, PolicyError> {
        if let Some(policy) = self.get(published) {
            return Ok(policy);
        }
        let policy = Policy::compile(source, published, limits)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|other| other.checksum() != published);
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push(policy.clone());
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(text: &str) -> (Vec<u8>, Checksum) {
        let source = format!("package deg.contracts.p2p_trading\n\nviolations contains \"{text}\" if true\n");
        let checksum = Checksum::of(source.as_bytes());
        (source.into_bytes(), checksum)
    }

    #[test]
    fn a_policy_is_compiled_once_and_the_oldest_goes_first() {
        let cache = PolicyCache::default();
        let (first, checksum) = module("first");
        cache.compile(&first, checksum, Limits::default()).unwrap();
        // The bytes do not matter any more: it is there.
        assert!(cache.compile(b"", checksum, Limits::default()).is_ok());
        assert!(cache.get(Checksum::of(b"other")).is_none());
        for index in 0..KEPT_MAX {
            let (source, own) = module(&format!("policy {index}"));
            cache.compile(&source, own, Limits::default()).unwrap();
        }
        assert!(cache.get(checksum).is_none());
        let refused = cache.compile(b"", checksum, Limits::default()).err();
        assert_eq!(refused, Some(PolicyError::ChecksumWrong));
    }
}
