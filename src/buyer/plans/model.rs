//! What a plan is. Pure.

use serde::{Deserialize, Serialize};
use units::{DeliverySlot, Paise, Price, Timestamp, WattHours, amount};
use uuid::Uuid;

use crate::buyer::error::BuyerError;
use crate::buyer::ranking::{Place, RankWish};
use crate::contract::{Failure, ROUNDING};

macro_rules! text_state {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// As the database and the client API write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            pub(super) fn parse(text: &str) -> Result<Self, db::DbError> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(db::DbError::Other(concat!("unknown ", stringify!($name)).into())),
                }
            }
        }
    };
}

text_state! {
    /// How far a plan is.
    PlanState {
        /// Its search is under way.
        Searching = "searching",
        /// To be confirmed; nothing is held.
        Proposed = "proposed",
        /// The sellers are asked to hold the energy.
        Reserving = "reserving",
        /// What is held is being bought.
        Confirming = "confirming",
        /// All that was wanted stands.
        Standing = "standing",
        /// Some of it stands, and no more can be had.
        Partial = "partial",
        /// Nothing was bought.
        Failed = "failed",
        /// Its owner cancels it: what is held is let go, what is bought is cancelled as far as the rules allow.
        Cancelling = "cancelling",
        /// Nothing of it stands.
        Cancelled = "cancelled",
    }
}

text_state! {
    /// How far one part of a plan is.
    PartState {
        Planned = "planned",
        /// `init` is on its way.
        Reserving = "reserving",
        /// The seller holds the energy.
        Reserved = "reserved",
        /// `confirm` is on its way, or our ledger is being told.
        Confirming = "confirming",
        Standing = "standing",
        Failed = "failed",
        /// Not begun, or held once, and let go because it is not wanted.
        Released = "released",
        /// Bought, and its cancellation is on its way.
        Cancelling = "cancelling",
        /// Bought, and cancelled.
        Cancelled = "cancelled",
    }
}

impl PartState {
    /// It counts towards what is wanted.
    pub const fn is_secured(self) -> bool {
        matches!(self, Self::Reserved | Self::Confirming | Self::Standing | Self::Cancelling)
    }

    /// Its outcome is not known.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Reserving)
    }
}

/// What is to be covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanWanted {
    PerSlot(Vec<(DeliverySlot, WattHours)>),
    /// So much in hours that start at or after `from` and end at or before `to`.
    Total {
        energy: WattHours,
        from: Timestamp,
        to: Timestamp,
    },
}

/// What a user wishes of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanWish {
    /// The search whose offers are taken; a new one when absent.
    pub search_id: Option<String>,
    pub meter_id: String,
    pub wanted: PlanWanted,
    /// Per kWh.
    pub price_limit: Option<Price>,
    /// In all.
    pub cost_limit: Option<Paise>,
    pub sellers_max: Option<usize>,
    /// Millionths.
    pub min_trust: Option<i64>,
    /// Only sellers with a settled history.
    pub proven: bool,
    /// All that is wanted, or nothing.
    pub whole: bool,
    /// Where the buyer is, in hundredths of a degree.
    pub near: Option<(i64, i64)>,
}

impl PlanWish {
    /// What is asked of an offer that could be part of it.
    pub(in crate::buyer) fn rank_wish(&self) -> RankWish {
        let (from, to) = match &self.wanted {
            PlanWanted::PerSlot(slots) => (
                slots.iter().map(|(slot, _)| slot.start()).min(),
                slots.iter().map(|(slot, _)| slot.end()).max(),
            ),
            PlanWanted::Total { from, to, .. } => (Some(*from), Some(*to)),
        };
        RankWish {
            price_limit: self.price_limit,
            from,
            to,
            quantity: None,
            min_trust: self.min_trust,
            proven: self.proven,
            near: self.near.and_then(|(lat, lon)| Place::new(lat, lon)),
        }
    }

    /// Another energy over the same period; a wish by hours stays as it is.
    pub(in crate::buyer) fn set_total(&mut self, wanted: WattHours) {
        if let PlanWanted::Total { energy, .. } = &mut self.wanted {
            *energy = wanted;
        }
    }

    pub(in crate::buyer) fn wanted(&self) -> WattHours {
        match &self.wanted {
            PlanWanted::PerSlot(slots) => {
                WattHours::checked_sum(slots.iter().map(|(_, energy)| *energy)).unwrap_or(WattHours::ZERO)
            }
            PlanWanted::Total { energy, .. } => *energy,
        }
    }
}

/// So much of one hour at that price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSlot {
    pub slot: DeliverySlot,
    pub energy: WattHours,
    pub price: Price,
}

/// What these hours cost, as a contract counts it: each rounded once.
pub(super) fn cost(slots: &[PartSlot]) -> Result<Paise, BuyerError> {
    let each = slots.iter().map(|row| amount(row.energy, row.price, ROUNDING));
    let each: Vec<Paise> = each.collect::<Result<_, _>>().map_err(|_| BuyerError::AmountOutOfRange)?;
    Paise::checked_sum(each).ok_or(BuyerError::AmountOutOfRange)
}

pub(super) fn energy(slots: &[PartSlot]) -> WattHours {
    WattHours::checked_sum(slots.iter().map(|row| row.energy)).unwrap_or(WattHours::MAX)
}

/// Why a part was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartMerits {
    pub name: Option<String>,
    /// Code of the seller's DISCOM.
    pub discom: String,
    /// Of its rank, millionths.
    pub score: i64,
    pub trust: i64,
    pub settled: i64,
    pub trust_unknown: bool,
    pub distance_m: Option<i64>,
    pub local: Option<bool>,
    pub co2_grams: Option<i64>,
    pub tariff: Option<Price>,
    pub reason: String,
}

/// One offer of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub transaction_id: String,
    /// 0 for what was proposed, then the rounds of planning again.
    pub round: i64,
    pub bpp_id: String,
    pub offer_id: String,
    /// As the seller's platform spells it; personal data, to be shown masked.
    pub seller_meter: String,
    pub state: PartState,
    pub slots: Vec<PartSlot>,
    pub merits: PartMerits,
    pub failure: Option<Failure>,
}

/// Energy and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    pub energy: WattHours,
    pub amount: Paise,
}

/// A wanted hour that is not covered whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Short {
    pub slot: DeliverySlot,
    pub missing: WattHours,
}

/// The next best plan: without the seller of the most energy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Substitute {
    pub without_bpp_id: String,
    pub without_meter: String,
    pub cover: Cover,
    /// What it costs more than the plan.
    pub dearer_by: Paise,
    /// What it covers less.
    pub covers_less: WattHours,
    /// Offers and hours.
    pub parts: Vec<(String, String, Vec<PartSlot>)>,
}

/// What was proposed, and how good it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub wanted: WattHours,
    pub cover: Cover,
    /// Nothing covers more, or as much for less.
    pub optimal: bool,
    /// When it is not proven: at best so much could be covered, for at least that.
    pub bound: Option<Cover>,
    /// Taking the cheapest first would cover this.
    pub cheapest_first: Cover,
    pub shorts: Vec<Short>,
    pub substitute: Option<Substitute>,
    pub offers: i64,
    /// How many offers were refused, by code.
    pub refused: Vec<(String, i64)>,
    pub average: Option<Price>,
    pub tariff: Option<Price>,
    /// Against the grid; negative when it is dearer.
    pub saving: Option<Paise>,
    /// Of the covered energy, millionths; none without distances.
    pub local_share: Option<i64>,
    pub co2_grams: i64,
    pub co2_grams_per_kwh: i64,
    pub co2_source: String,
    pub reasons: Vec<String>,
}

/// A plan as it is stored, without its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub id: Uuid,
    pub user_id: Uuid,
    pub search_id: String,
    pub state: PlanState,
    pub wish: PlanWish,
    pub proposal: Option<Proposal>,
    pub rounds: i64,
    /// Failed parts that were replaced, as far as they could be.
    pub failures_seen: i64,
    pub failure: Option<Failure>,
    pub revision: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A plan with its parts, and what of it is secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanView {
    pub plan: Plan,
    pub parts: Vec<Part>,
    pub secured: Cover,
}
