//! Plans: energy from several sellers, chosen together and confirmed as one intent.
//!
//! A plan is proposed over what a search has found ([`propose`]): the offers that pass the buyer's filters, the least
//! cost by the crate `plan`, the next best beside it. Confirmed, it is carried out by a worker ([`advance`]): every
//! part is reserved (`init`) at once, each in a transaction of its own that was named before; what fails is planned
//! again from the rest and within the limits; then everything reserved is confirmed at once. Invariants: what a plan
//! does next follows from the database alone, so that a crash anywhere repeats a step that has no second effect; no
//! part is confirmed while another may still be chosen; what is not wanted is let go; the sum of the parts never
//! exceeds the limit. Its owner may cancel it as a whole ([`cancel`]), which is carried out in the same way.
//!
//! ```text
//! searching → proposed → reserving → confirming → standing, partial
//!     └ failed     ·         └ failed     └ failed
//! any of them but failed → cancelling → cancelled, or partial where something must stand
//! ```

mod advance;
mod cancelling;
mod model;
mod proposal;
mod propose;
mod service;
mod store;

pub use advance::advance;
pub use cancelling::{CancelResult, PartResult, PlanCancelled, cancel};
pub use model::{
    Cover, Part, PartMerits, PartSlot, PartState, Plan, PlanState, PlanView, PlanWanted, PlanWish, Proposal,
    Short, Substitute,
};
pub use service::{PlanAccepted, confirm, create, list, read};
pub(super) use service::{check, confirmed, find, insert, own_meter};
