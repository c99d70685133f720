//! Energy credentials of our users: fetched for, judged, and kept with each check and its reason.
//!
//! What a credential says is believed only when every check passed (`energy_credentials`). Invariants: nothing is fetched
//! for an issuer that the operator does not trust, and no status before the signature was right, so that nobody makes
//! us call an address of his choice; what the registry does not answer is not verified; every judgment stays on
//! record, of a deleted credential too; a file is counted before it is read or judged, and few are judged at once.

pub mod model;
pub mod store;
pub mod verifier;

pub use model::{Judged, NewCredential, Proven, Stored, StoredCheck};
pub use store::{delete, due, find, holds, insert, of_user};
pub use verifier::{Judgment, Unjudged, Verifier};
