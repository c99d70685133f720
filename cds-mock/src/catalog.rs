//! Catalogs: what is published, how it is judged, how it is kept, and where it is found (facts, beckn-wire
//! b.5; rulings 9 and 33).
//!
//! Invariants: a catalog id belongs to its publisher, so nobody can touch another's catalog; only offers that
//! passed every check are stored; a publication that was overtaken by a newer one of the same publisher
//! changes nothing; the index in memory is told of a publication after its commit, and made anew at start.

mod facts;
mod index;
mod judge;
mod limits;
mod place;
mod publish;
mod read;
mod showable;
mod store;

pub use facts::{Facts, Key, canonical, fold};
pub use index::{Batch, CatalogField, Cursor, Group, Index, Size, Wanted, Watcher};
pub use judge::{Judged, Kind, OfferRow, Publisher, ResourceRow, judge};
pub use limits::*;
pub use place::{Bounds, Relation, Shape, meters};
pub use publish::{Publishing, Stamp, results_message};
pub use read::{Chunk, STATEMENTS as READ_STATEMENTS, chunk, load};
pub use store::STATEMENTS;
