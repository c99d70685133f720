//! What a user can wish for as a seller. Pure.

use serde::{Deserialize, Serialize};

use crate::market::{NewSlot, SlotChange};

/// Offers hours of a meter.
#[derive(Clone, Debug)]
pub struct ListWish {
    /// As the DISCOM writes it, in any of its spellings.
    pub meter_id: String,
    pub name: Option<String>,
    pub slots: Vec<NewSlot>,
}

/// Changes an offer; what is not given stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeWish {
    pub name: Option<String>,
    pub slots: Vec<SlotChange>,
}

/// The wish is stored and on its way to the network; its outcome follows as an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    pub transaction_id: String,
    pub message_id: String,
    /// Where the contract stands now.
    pub state: String,
}
