//! The seller's stock: offers over delivery slots, reservations and sales.
//!
//! The invariant of this module, in the database and whatever races: in each slot of an offer
//! `sold + reserved <= published`, over all offers of a meter `listed <= capacity × 1 h`, and over all offers of a user in
//! a month no more is listed than the user's trust allowed then (ruling 20). Rows are locked in one order, the user's (where
//! more is put on sale) before quotas before meter slots before the offer before its slots, so that no two transactions wait
//! for each other. Nothing is put on sale for an account that is locked or erased, nor of a meter that is given up or not
//! verified, whatever races: both are read under the lock of the user's row.
//! Every change of stock marks the offer for publication; [`crate::seller`] sends it.

pub mod model;
pub mod service;
pub mod store;

pub use model::{
    Bounds, MarketError, NewOffer, NewSlot, Offer, OfferSlot, OfferState, Publication, SlotChange,
};
