//! The seller's stock: offers over delivery slots, reservations and sales.
//!
//! The invariant of this module, in the database and whatever races: in each slot of an offer
//! `sold + reserved <= published`, and over all offers of a meter `listed <= capacity × 1 h` (ruling 20). Rows are
//! locked in one order, meter slots before the offer before its slots, so that no two transactions wait for each other.
//! Every change of stock marks the offer for publication; [`crate::seller`] sends it.

pub mod model;
pub mod service;
pub mod store;

pub use model::{MarketError, NewOffer, NewSlot, Offer, OfferSlot, OfferState, Publication, SlotChange};
