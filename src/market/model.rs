//! Offers, their slots, and what can be wrong with a wish about them. Pure.

use energy_rules::RuleSet;
use units::{DeliverySlot, Price, Timestamp, WattHours};
use uuid::Uuid;

use crate::config::TrustConfig;
use crate::error::{Code, Coded, OfSlot, of_rule, slot_of_rule};
use crate::trust::TrustError;

/// Most slots of one offer: a day, as the window in which a slot trades is shorter than one.
pub const SLOTS_MAX: usize = 24;

/// Is the offer on sale?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferState {
    Live,
    /// Taken back by its seller; what is sold stays sold.
    Withdrawn,
}

impl OfferState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub fn parse(text: &str) -> Self {
        if text == "live" { Self::Live } else { Self::Withdrawn }
    }
}

/// How far the newest revision of an offer has come on its way into the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publication {
    /// Changed since it was last sent.
    Pending,
    /// Sent, the catalog's verdict is awaited.
    Sent,
    Accepted,
    Rejected,
}

impl Publication {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }

    pub fn parse(text: &str) -> Self {
        match text {
            "sent" => Self::Sent,
            "accepted" => Self::Accepted,
            "rejected" => Self::Rejected,
            _ => Self::Pending,
        }
    }
}

/// A seller's hours on sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub id: Uuid,
    pub user_id: Uuid,
    /// Our id of the seller's meter.
    pub meter_id: Uuid,
    /// The meter's normalised id.
    pub meter_key: String,
    pub name: String,
    pub state: OfferState,
    /// One network transaction carries all publications of this offer, so that they stay in order.
    pub publish_transaction_id: Uuid,
    pub valid_from: Timestamp,
    /// The gate closure of its first slot.
    pub valid_until: Timestamp,
    /// Grows with each change of price or stock.
    pub revision: i64,
    /// The revision that was last sent to the catalog.
    pub published_revision: i64,
    pub publication: Publication,
    pub publish_error: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// In order of time, never empty.
    pub slots: Vec<OfferSlot>,
}

/// One hour of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferSlot {
    pub slot: DeliverySlot,
    pub price: Price,
    pub published: WattHours,
    pub reserved: WattHours,
    pub sold: WattHours,
    /// What it uses of its user's monthly quota.
    pub quota: WattHours,
    /// Its gate has closed, and what was not sold has gone back to the quota.
    pub lapsed: bool,
}

impl OfferSlot {
    /// What it has to use of the quota: all that is on sale, and after its gate what is sold or held.
    pub fn due(&self) -> WattHours {
        let held = self.sold.checked_add(self.reserved).unwrap_or(self.published);
        if self.lapsed { held } else { self.published }
    }

    /// What can still be bought.
    pub fn available(&self) -> WattHours {
        self.published
            .checked_sub(self.sold)
            .and_then(|rest| rest.checked_sub(self.reserved))
            .unwrap_or(WattHours::ZERO)
    }
}

/// By what a wish about an offer is judged.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'b> {
    pub rules: &'b RuleSet,
    pub trust: &'b TrustConfig,
}

/// An offer as its seller wishes it.
#[derive(Clone, Debug)]
pub struct NewOffer {
    pub id: Uuid,
    pub publish_transaction_id: Uuid,
    pub user_id: Uuid,
    pub name: String,
    pub slots: Vec<NewSlot>,
}

/// One hour of a wished offer.
#[derive(Clone, Copy, Debug)]
pub struct NewSlot {
    pub slot: DeliverySlot,
    pub price: Price,
    pub quantity: WattHours,
}

/// A change of one hour: what is not given stays.
#[derive(Clone, Copy, Debug)]
pub struct SlotChange {
    pub slot: DeliverySlot,
    pub price: Option<Price>,
    pub quantity: Option<WattHours>,
}

/// Why the market says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketError {
    #[error("there is no such offer")]
    OfferNotFound,
    #[error("the offer is withdrawn")]
    OfferWithdrawn,
    #[error("the offer has no slot {0}")]
    SlotNotFound(String),
    #[error("an offer has 1 to {SLOTS_MAX} slots, each once")]
    SlotsInvalid,
    #[error("slot {slot} has {available} kWh left, {requested} kWh were asked for")]
    QuantityUnavailable { slot: String, available: String, requested: String },
    #[error("the published price of slot {slot} is {published} INR/kWh")]
    PriceMismatch { slot: String, published: String },
    #[error("slot {slot} has {bound} kWh sold or reserved: it cannot shrink below that")]
    BelowSold { slot: String, bound: String },
    #[error("slot {slot}: the meter can deliver {capacity} kWh in an hour, {listed} kWh are already listed")]
    CapacityExceeded { slot: String, capacity: String, listed: String },
    #[error("slot {slot}: the sanctioned load allows {load} kWh in an hour, {bought} kWh are already bought")]
    LoadExceeded { slot: String, load: String, bought: String },
    #[error(transparent)]
    Rule(#[from] energy_rules::RuleError),
    #[error(transparent)]
    Trust(TrustError),
    #[error("you have no such meter")]
    MeterNotFound,
    #[error("the account is locked")]
    AccountLocked,
    #[error("the meter is not verified")]
    MeterUnverified,
    #[error("the meter has no generator or storage that could deliver")]
    MeterCannotDeliver,
    #[error("a number is out of range")]
    OutOfRange,
    #[error(transparent)]
    Database(#[from] DbFailure),
}

/// A database error, comparable by what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database failed: {0}")]
pub struct DbFailure(pub String);

impl From<db::DbError> for MarketError {
    fn from(error: db::DbError) -> Self {
        Self::Database(DbFailure(error.to_string()))
    }
}

impl From<TrustError> for MarketError {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::Database(inner) => inner.into(),
            other => Self::Trust(other),
        }
    }
}

impl Coded for MarketError {
    fn code(&self) -> Code {
        match self {
            Self::OfferNotFound | Self::SlotNotFound(_) | Self::MeterNotFound => Code::NotFound,
            Self::AccountLocked => Code::AccountLocked,
            Self::OfferWithdrawn => Code::OfferWithdrawn,
            Self::SlotsInvalid | Self::OutOfRange => Code::FieldInvalid,
            Self::QuantityUnavailable { .. } => Code::QuantityUnavailable,
            Self::PriceMismatch { .. } => Code::PriceMismatch,
            Self::BelowSold { .. } => Code::BelowSold,
            Self::CapacityExceeded { .. } => Code::CapacityExceeded,
            Self::LoadExceeded { .. } => Code::LoadExceeded,
            Self::Rule(rule) => of_rule(rule).0,
            Self::Trust(trust) => trust.code(),
            Self::MeterUnverified => Code::MeterUnverified,
            Self::MeterCannotDeliver => Code::NotEligible,
            Self::Database(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Rule(rule) => of_rule(rule).1.map(str::to_owned),
            Self::Trust(trust) => trust.field(),
            Self::SlotsInvalid => Some("slots".into()),
            Self::MeterNotFound => Some("meter_id".into()),
            Self::SlotNotFound(_) => Some("slots.start".into()),
            Self::CapacityExceeded { .. }
            | Self::LoadExceeded { .. }
            | Self::BelowSold { .. }
            | Self::QuantityUnavailable { .. } => Some("slots.quantity_kwh".into()),
            Self::PriceMismatch { .. } => Some("slots.price_inr".into()),
            _ => None,
        }
    }

    fn slot(&self) -> Option<OfSlot> {
        match self {
            Self::Rule(rule) => slot_of_rule(rule),
            Self::SlotNotFound(slot)
            | Self::QuantityUnavailable { slot, .. }
            | Self::PriceMismatch { slot, .. }
            | Self::BelowSold { slot, .. }
            | Self::CapacityExceeded { slot, .. }
            | Self::LoadExceeded { slot, .. } => Some(OfSlot::Labelled(slot.clone())),
            _ => None,
        }
    }

    fn next_step(&self) -> Option<String> {
        match self {
            Self::Trust(trust) => trust.next_step(),
            _ => None,
        }
    }

    fn remaining_kwh(&self) -> Option<String> {
        match self {
            Self::Trust(trust) => trust.remaining_kwh(),
            _ => None,
        }
    }
}
