//! Discovery: what a consumer asks for, and what it is shown.
//!
//! Invariants: an expression is bounded before it is evaluated, and never evaluated inside a transaction;
//! what has ended, is past its gates or sold out is not shown; the order of answers is stable; an answer
//! always comes, also an empty one.

mod dialect;
mod filter;
mod intent;
mod open;
mod pages;
mod plan;
mod search;
mod spatial;
mod translate;

pub use filter::{Filter, FilterError, evaluable};
pub use intent::Query;
pub use pages::{PAGE_MAX, PAGES_MAX, Pages, Piece};
pub(crate) use search::may_see;
pub use search::{Found, Now, Viewer, search};
pub use spatial::Spatial;
