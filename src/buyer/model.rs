//! What a user can wish for as a buyer, what the answer says, and what was found. Pure.

use serde::{Deserialize, Serialize};
use units::{DeliverySlot, Price, Timestamp, WattHours};

use super::ranking::Rank;
use crate::contract::{Failure, Side};
use crate::error::Code;

/// The wish is stored and on its way to the network; its outcome follows as an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    pub transaction_id: String,
    pub message_id: String,
    /// Where the contract (or the search) stands now.
    pub state: String,
}

/// Looks for offers through the catalog service.
#[derive(Clone, Debug, Default)]
pub struct DiscoverWish {
    pub text_search: Option<String>,
    /// A JSONPath over catalogs; every energy offer when absent.
    pub filter: Option<String>,
}

/// So much of one delivery slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotWish {
    pub slot: DeliverySlot,
    pub quantity: WattHours,
}

/// Asks a seller for a price; nothing is held for it.
#[derive(Clone, Debug)]
pub struct SelectWish {
    /// The search, or the contract that is asked for anew. Absent: a transaction of its own.
    pub transaction_id: Option<String>,
    pub bpp_id: String,
    pub offer_id: String,
    pub slots: Vec<SlotWish>,
}

/// What is bought, when no `select` said so before.
#[derive(Clone, Debug)]
pub struct Purchase {
    pub bpp_id: String,
    pub offer_id: String,
    pub slots: Vec<SlotWish>,
}

/// Asks the seller to hold the energy and to name its terms, for one meter of the user.
#[derive(Clone, Debug)]
pub struct InitWish {
    pub transaction_id: String,
    /// As the DISCOM writes it, in any of its spellings.
    pub meter_id: String,
    pub purchase: Option<Purchase>,
}

/// Buys on the terms that the seller named.
#[derive(Clone, Debug)]
pub struct ConfirmWish {
    pub transaction_id: String,
}

/// Asks the seller how the contract stands.
#[derive(Clone, Debug)]
pub struct StatusWish {
    pub transaction_id: String,
}

/// Calls the contract off.
#[derive(Clone, Debug)]
pub struct CancelWish {
    pub transaction_id: String,
    pub reason: Option<String>,
}

/// Takes less of a standing contract: the new quantity of each slot named, the others stay.
#[derive(Clone, Debug)]
pub struct UpdateWish {
    pub transaction_id: String,
    pub slots: Vec<SlotWish>,
}

/// Asks where the delivery can be followed.
#[derive(Clone, Debug)]
pub struct TrackWish {
    pub transaction_id: String,
}

/// Rates the seller once the contract is over.
#[derive(Clone, Debug)]
pub struct RateWish {
    pub transaction_id: String,
    /// 1 to 5.
    pub value: i64,
    pub comment: Option<String>,
}

/// Asks how the seller can be reached.
#[derive(Clone, Debug)]
pub struct SupportWish {
    pub transaction_id: String,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchState {
    Sent,
    /// At least one page of offers came.
    Answered,
    Failed,
}

impl SearchState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Answered => "answered",
            Self::Failed => "failed",
        }
    }

    pub(super) fn parse(text: &str) -> Self {
        match text {
            "answered" => Self::Answered,
            "failed" => Self::Failed,
            _ => Self::Sent,
        }
    }
}

/// A search of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    pub transaction_id: String,
    pub message_id: String,
    pub state: SearchState,
    pub failure: Option<Failure>,
    pub created_at: Timestamp,
    pub answered_at: Option<Timestamp>,
}

/// Where a slot is in its trading window, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotGate {
    NotOpen,
    Open,
    Closed,
}

impl SlotGate {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotOpen => "not_open",
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// One hour of a found offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundSlot {
    pub slot: DeliverySlot,
    pub price: Price,
    /// When the catalog was read; the seller has the last word.
    pub available: WattHours,
    pub gate: SlotGate,
}

/// Why this user cannot buy a found offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    pub code: Code,
    pub reason: String,
}

/// An offer that a search brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundOffer {
    pub bpp_id: String,
    pub offer_id: String,
    pub name: Option<String>,
    /// As the seller's platform spells it; personal data, to be shown masked.
    pub seller_meter: String,
    /// Code of the seller's DISCOM.
    pub discom: String,
    /// `SOLAR`, `BATTERY`, …
    pub resource_type: Option<String>,
    pub valid_until: Option<Timestamp>,
    pub slots: Vec<FoundSlot>,
    /// None when one of the user's meters may buy it.
    pub obstacle: Option<Obstacle>,
    pub rank: Rank,
    pub found_at: Timestamp,
}

/// A question beside the trade (`track`, `rate`, `support`) and what came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub message_id: String,
    pub side: Side,
    pub action: String,
    /// The message that was sent, JSON.
    pub request: String,
    /// The message that came back, JSON.
    pub response: Option<String>,
    pub failure: Option<Failure>,
    pub created_at: Timestamp,
    pub answered_at: Option<Timestamp>,
}
