//! Standing interests: what a user waits for. Told of new offers by the catalog's pushes, and bought within a limit.
//!
//! While there is an interest this platform is subscribed to the catalog service ([`subscribe`]), which is looked at
//! again and again: one that the service forgot is made anew, and a search brings what was missed. A push is matched
//! against every active interest: what passes its filters is kept like the offers of a search, and its user is told. An
//! interest that buys takes what fits as a plan ([`advance`]). Invariant: energy and money of the plan are counted in
//! the transaction that makes the plan, under the limits of the owner, and by the database's own CHECK; what the plan
//! did not need is given back in the transaction that sees its end. At most one plan of an interest is under way.

mod matching;
mod service;
mod store;
mod subscribe;

pub(super) use matching::{admit, is_catch_up, pushed};
pub use service::{Interest, InterestAccepted, InterestWish, advance, close, create, list, read};
pub use subscribe::subscribe;
