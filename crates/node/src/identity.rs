//! Who we are on the network: a subscriber id, the key that signs for it, and the base address in the
//! registry.

use beckn_wire::signature::{KeyId, SigningKey};

/// One registered participant that this process speaks for.
pub struct Identity {
    /// The registry's name for the participant, a domain name.
    pub subscriber_id: String,
    /// Names the key in every signature.
    pub key_id: KeyId,
    pub signing_key: SigningKey,
    /// The address in the registry record.
    pub base_url: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("subscriber_id", &self.subscriber_id)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}
