//! Catalogs: what is published, how it is judged, and how it is kept (facts, beckn-wire b.5; ruling 9).
//!
//! Invariants: a catalog id belongs to its publisher, so nobody can touch another's catalog; only offers that
//! passed every check are stored; a publication that was overtaken by a newer one of the same publisher
//! changes nothing.

mod judge;
mod limits;
mod publish;
mod showable;
mod store;

pub use judge::{Judged, Kind, OfferRow, Publisher, ResourceRow, judge};
pub use limits::*;
pub use publish::{Publishing, Stamp, results_message};
pub use store::{Chunk, STATEMENTS, StoredOffer, VisibleCatalog, chunk, visible};
