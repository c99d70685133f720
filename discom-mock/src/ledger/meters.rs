//! The meters whose limits a ledger knows (pure).
//!
//! A seller's meter delivers at most its installed capacity for an hour, a buyer's takes at most its
//! sanctioned load for an hour. A meter that is not listed has no limit here: it is another DISCOM's
//! business, or not enrolled yet.

use std::collections::HashMap;

use beckn_wire::energy::normalize_meter;
use units::WattHours;

use super::model::Side;
use crate::metering::simulator::Installed;

/// A meter with its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// In any of the accepted spellings.
    pub id: String,
    /// Installed production capacity in W; over one delivery slot the same number of Wh. None: no limit.
    pub capacity_w: Option<i64>,
    /// Sanctioned load in W; over one delivery slot the same number of Wh. None: no limit.
    pub sanctioned_load_w: Option<i64>,
}

/// Limits by normalized meter.
#[derive(Clone, Debug, Default)]
pub struct Meters(HashMap<String, (Option<WattHours>, Option<WattHours>)>);

impl Meters {
    pub fn new(meters: impl IntoIterator<Item = Meter>) -> Self {
        // A slot is one hour, so that a limit in W is the same number in Wh.
        let limit = |watts: Option<i64>| watts.map(|watts| WattHours::new(watts.max(0)));
        let entry = |meter: Meter| {
            (normalize_meter(&meter.id), (limit(meter.capacity_w), limit(meter.sanctioned_load_w)))
        };
        Self(meters.into_iter().map(entry).collect())
    }

    /// What is installed behind a meter; `meter` is normalized.
    pub fn installed(&self, meter: &str) -> Installed {
        let (capacity, load) = self.0.get(meter).copied().unwrap_or_default();
        Installed { capacity: capacity.unwrap_or_default().get(), load: load.map(WattHours::get) }
    }

    /// Most energy of one slot in that direction; `meter` is normalized.
    pub fn limit(&self, meter: &str, side: Side) -> Option<WattHours> {
        let (capacity, load) = self.0.get(meter)?;
        match side {
            Side::Seller => *capacity,
            Side::Buyer => *load,
        }
    }
}
