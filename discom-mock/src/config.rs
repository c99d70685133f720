//! What a process of DISCOMs is told at its start.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use beckn_wire::signature::SigningKey;
use node::{AllowList, Registry};

use crate::behavior::Behavior;
use crate::enrolled::Enrolled;
use crate::ledger::meters::Meter;
use crate::metering::simulator::Simulator;

/// How long a ledger that times out on demand holds a request, unless told otherwise.
pub const HOLD: Duration = Duration::from_secs(30);

/// Everything that [`crate::start`] needs. Clocks and ids come beside it.
pub struct Config {
    /// Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`.
    pub database_url: String,
    /// The address in the registry records of all identities; None: the address that is listened on.
    pub base_url: Option<String>,
    pub discoms: Vec<Discom>,
    /// Networks whose messages are taken.
    pub networks: Vec<String>,
    pub registry: Arc<dyn Registry>,
    /// Whom the node may call beyond the public internet.
    pub allow_list: AllowList,
    /// Meters with limits.
    pub meters: Vec<Meter>,
    /// Meters that a platform may ask for, with the keys of their customers.
    pub enrolled: Vec<Enrolled>,
    /// Where readings come from.
    pub metering: Metering,
    /// Faults from the start, by ledger id.
    pub behavior: Vec<(String, Behavior)>,
    /// Longest time that a ledger holds a request when it times out on demand.
    pub hold: Duration,
    /// Opens the reading of records to everyone and the faults to callers on this machine.
    pub insecure_demo: bool,
}

/// Where the readings of the meters come from.
#[derive(Clone, Debug)]
pub struct Metering {
    /// Makes the readings of every meter for which nothing is uploaded; None: readings are uploaded or
    /// missing.
    pub simulator: Option<Simulator>,
    /// Meters that are never simulated, in any of the accepted spellings.
    pub upload_only: Vec<String>,
    /// Head-ends that are not in this process: subscriber ids by the codes of their DISCOMs. Their meters are
    /// asked for by message and never simulated.
    pub head_ends: BTreeMap<String, String>,
}

impl Default for Metering {
    fn default() -> Self {
        Self { simulator: Some(Simulator::default()), upload_only: Vec::new(), head_ends: BTreeMap::new() }
    }
}

/// A DISCOM with its ledger. DISCOMs may share a ledger: then the id and the key of the ledger are the same.
#[derive(Clone)]
pub struct Discom {
    /// The short code by which contracts name it.
    pub code: String,
    /// Subscriber id of its own node.
    pub discom_id: String,
    /// Subscriber id of its ledger.
    pub ledger_id: String,
    pub discom_key: Key,
    pub ledger_key: Key,
}

/// A signing key and its name.
#[derive(Clone, Debug)]
pub struct Key {
    /// The id of the key's record in the registry.
    pub id: String,
    pub signing_key: SigningKey,
}

impl Key {
    pub fn from_seed(id: &str, seed: &[u8; 32]) -> Self {
        Self { id: id.to_owned(), signing_key: SigningKey::from_seed(seed) }
    }

    fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.signing_key.public() == other.signing_key.public()
    }
}

/// Why a configuration cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("at least one DISCOM is needed")]
    NoDiscom,
    #[error("at least one network is needed")]
    NoNetwork,
    #[error("{0} is used for two things")]
    Ambiguous(String),
    #[error("a blank name among the DISCOMs")]
    Blank,
    #[error("there is no ledger {0}")]
    NoSuchLedger(String),
    #[error("there is no DISCOM {0}")]
    NoSuchDiscom(String),
}

impl Config {
    /// # Errors
    /// See [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.discoms.is_empty() {
            return Err(ConfigError::NoDiscom);
        }
        if self.networks.is_empty() {
            return Err(ConfigError::NoNetwork);
        }
        let (mut codes, mut own) = (BTreeSet::new(), BTreeSet::new());
        for discom in &self.discoms {
            if [&discom.code, &discom.discom_id, &discom.ledger_id]
                .into_iter()
                .any(|name| name.trim().is_empty())
            {
                return Err(ConfigError::Blank);
            }
            if !codes.insert(discom.code.as_str()) {
                return Err(ConfigError::Ambiguous(discom.code.clone()));
            }
            if !own.insert(discom.discom_id.as_str()) {
                return Err(ConfigError::Ambiguous(discom.discom_id.clone()));
            }
        }
        for discom in &self.discoms {
            let another_key = |other: &Discom| {
                other.ledger_id == discom.ledger_id && !other.ledger_key.is(&discom.ledger_key)
            };
            if own.contains(discom.ledger_id.as_str()) || self.discoms.iter().any(another_key) {
                return Err(ConfigError::Ambiguous(discom.ledger_id.clone()));
            }
        }
        if let Some(code) = self.metering.head_ends.keys().find(|code| !codes.contains(code.as_str())) {
            return Err(ConfigError::NoSuchDiscom(code.clone()));
        }
        for (ledger, _) in &self.behavior {
            if !self.discoms.iter().any(|discom| discom.ledger_id == *ledger) {
                return Err(ConfigError::NoSuchLedger(ledger.clone()));
            }
        }
        Ok(())
    }
}
