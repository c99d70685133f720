//! Bills that users hand in: read, graded, kept with their evidence, and worth a bonus of trust once.
//!
//! A bill is a declared value, whoever printed it: it raises no limit and verifies no meter (ruling 23). Invariants: the
//! bonus is given once for an account, once for a meter over all accounts and once for a document, by the database,
//! whatever races; only for a bill whose meter is the account's own; the file itself is not kept; the operator's model is
//! asked only with the user's consent, outside of every transaction, and what it says counts only where the text has it;
//! no number of a customer or a meter is logged.

pub mod asking;
pub mod model;
pub mod service;
pub mod store;

pub use asking::Model;
pub use model::{Bonus, ModelUse, Stored};
pub use service::{Accepted, BillError, Desk};
