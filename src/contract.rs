//! The contract: one growing table of delivery slots, the state of our side of it, and who wrote which cell.
//!
//! One row here is *our* side of one network transaction; a trade between two users of this platform has two rows, a
//! seller's and a buyer's. The document is the contract as it last stood on the wire, exact numbers and unknown
//! attributes included. Every change of state bumps the revision, adds a row of history and tells the user.

pub mod delivered;
pub mod delivery;
pub mod model;
pub mod service;
pub mod store;

pub use model::{
    Contract, ContractSlot, Failure, HistoryEntry, Holds, LedgerState, Party, ROUNDING, Side, SlotQuantity,
    State, Step, TransitionError, amount_due,
};
