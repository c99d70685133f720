//! Registry of subscribers and their keys, in the shape of a DeDi directory (facts, beckn-wire d.1; ruling
//! 13).
//!
//! Invariants: a key enters the registry only with a proof that its holder has it; where the subscriber
//! already has live keys, one of these must endorse the new one; a revoked key never lives again; memberships
//! of networks are the operator's to give, and only the open ones may be taken by oneself; what a subscriber says of
//! itself changes forward only, by the time of its signature, so that an old request sent again changes nothing; names
//! are compared in lower case.

mod model;
mod own;
mod service;
mod store;

pub use model::{Registration, RegistrationBody, RegistryFault, RevocationBody, RotationBody};
pub use own::OwnRegistry;
pub use service::{Directory, DirectoryPolicy, Proofs};
pub use store::STATEMENTS;
