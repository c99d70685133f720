//! Why a buyer's wish is not taken up.

use beckn_wire::energy::EditError;
use db::DbError;
use energy_rules::RuleError;
use node::ProcessError;
use units::{Timestamp, WattHours};

use super::plans::PlanState;
use crate::contract::{State, TransitionError};
use crate::error::{Code, Coded, OfSlot, of_rule, slot_of_rule};
use crate::market::MarketError;
use crate::network::ComposeError;
use crate::settlement::MoneyError;
use crate::trust::TrustError;

/// Why a wish is refused, or what failed on our side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuyerError {
    #[error("there is no such transaction of yours")]
    TransactionNotFound,
    #[error("none of your searches has found that offer")]
    OfferNotFound,
    #[error("the offer is not valid any more since {until}")]
    OfferOver { until: Timestamp },
    #[error("the offer cannot be used: {0}")]
    OfferUnusable(String),
    #[error("you have no such meter")]
    MeterNotFound,
    #[error("the meter is not verified")]
    MeterUnverified,
    #[error("you have no verified meter that could buy")]
    NoMeter,
    #[error("the meter's DISCOM is not one that this platform records contracts with")]
    DiscomUnknown,
    #[error("the contract is {}: that cannot be done now", .0.as_str())]
    State(State),
    #[error("the transaction belongs to a contract with another platform")]
    OtherContract,
    #[error("the seller has not given the contract an id yet")]
    NotConfirmed,
    #[error("a change of this contract is being committed; wait for its outcome")]
    ChangeUnderWay,
    #[error("a confirmed contract could be cancelled until {until}")]
    CancelWindowClosed { until: Timestamp },
    #[error("only less than the contracted quantity can be asked for")]
    OnlyLess,
    #[error("the quantities are those of the contract already")]
    NothingChanged,
    #[error("{reason}")]
    Field { field: &'static str, reason: &'static str },
    #[error("there is no such plan of yours")]
    PlanNotFound,
    #[error("there is no such interest of yours")]
    InterestNotFound,
    #[error("the plan is {}: that cannot be done now", .0.as_str())]
    PlanState(PlanState),
    #[error("the plan covers {covered} of {wanted} kWh, and it is wanted whole")]
    PlanIncomplete { covered: WattHours, wanted: WattHours },
    #[error("an amount is out of range")]
    AmountOutOfRange,
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error(transparent)]
    Market(#[from] MarketError),
    #[error(transparent)]
    Money(MoneyError),
    #[error("the seller's platform cannot be found in the registry")]
    PeerUnknown,
    #[error("a stored document cannot be read")]
    Document,
    #[error("the message could not be made")]
    Compose(String),
    /// Another change came first; what was decided is decided anew.
    #[error("too many changes at once")]
    Stale,
    #[error("the database cannot be used now")]
    Database(DbError),
}

impl BuyerError {
    pub(super) fn is_stale(&self) -> bool {
        *self == Self::Stale
    }
}

impl From<::plan::PlanError> for BuyerError {
    fn from(error: ::plan::PlanError) -> Self {
        match error {
            ::plan::PlanError::SlotRepeated => {
                Self::Field { field: "slots", reason: "a slot is named twice" }
            }
            ::plan::PlanError::Energy => {
                Self::Field { field: "wanted", reason: "the energy is out of range" }
            }
            ::plan::PlanError::Step => Self::Document,
        }
    }
}

impl From<DbError> for BuyerError {
    fn from(error: DbError) -> Self {
        if error == DbError::Serialization { Self::Stale } else { Self::Database(error) }
    }
}

impl From<TrustError> for BuyerError {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::Database(inner) => inner.into(),
            other => Self::Market(MarketError::Trust(other)),
        }
    }
}

impl From<MoneyError> for BuyerError {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::Database(inner) => inner.into(),
            MoneyError::Stale => Self::Stale,
            other => Self::Money(other),
        }
    }
}

impl From<TransitionError> for BuyerError {
    fn from(error: TransitionError) -> Self {
        Self::State(error.from)
    }
}

impl From<ComposeError> for BuyerError {
    fn from(error: ComposeError) -> Self {
        Self::Compose(error.to_string())
    }
}

impl From<EditError> for BuyerError {
    fn from(error: EditError) -> Self {
        Self::OfferUnusable(error.to_string())
    }
}

impl From<BuyerError> for ProcessError {
    /// The reason is for our own log.
    fn from(error: BuyerError) -> Self {
        match error {
            BuyerError::Database(inner) => inner.into(),
            BuyerError::Compose(inner) => Self::Retry(inner),
            other => Self::Retry(other.to_string()),
        }
    }
}

impl Coded for BuyerError {
    fn code(&self) -> Code {
        match self {
            Self::TransactionNotFound
            | Self::OfferNotFound
            | Self::MeterNotFound
            | Self::PlanNotFound
            | Self::InterestNotFound => Code::NotFound,
            Self::PlanState(_) => Code::PlanState,
            Self::PlanIncomplete { .. } => Code::PlanIncomplete,
            Self::AmountOutOfRange => Code::FieldInvalid,
            Self::OfferOver { .. } => Code::GateClosed,
            Self::OfferUnusable(_) | Self::NoMeter | Self::DiscomUnknown => Code::NotEligible,
            Self::MeterUnverified => Code::MeterUnverified,
            Self::State(_)
            | Self::OtherContract
            | Self::NotConfirmed
            | Self::ChangeUnderWay
            | Self::Stale => Code::StateConflict,
            Self::CancelWindowClosed { .. } => Code::CancelWindowClosed,
            Self::OnlyLess | Self::NothingChanged => Code::QuantityInvalid,
            Self::Field { .. } => Code::FieldInvalid,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::Rule(rule) => of_rule(rule).0,
            Self::Market(error) => error.code(),
            Self::Money(error) => error.code(),
            Self::PeerUnknown => Code::PeerUnavailable,
            Self::Document | Self::Compose(_) | Self::Database(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        let field = match self {
            Self::TransactionNotFound => "transaction_id",
            Self::OfferNotFound | Self::OfferOver { .. } | Self::OfferUnusable(_) => "offer_id",
            Self::MeterNotFound | Self::MeterUnverified => "meter_id",
            Self::OnlyLess | Self::NothingChanged => "slots.quantity_kwh",
            Self::Field { field, .. } => field,
            Self::Rule(rule) => return of_rule(rule).1.map(str::to_owned),
            Self::Market(error) => return error.field(),
            _ => return None,
        };
        Some(field.to_owned())
    }

    fn slot(&self) -> Option<OfSlot> {
        match self {
            Self::Rule(rule) => slot_of_rule(rule),
            Self::Market(market) => market.slot(),
            // What is judged before anything is asked of the network.
            Self::Field { field: "slots.start" | "slots.quantity_kwh", .. } => Some(OfSlot::Unfit),
            _ => None,
        }
    }

    fn next_step(&self) -> Option<String> {
        match self {
            Self::Market(error) => error.next_step(),
            _ => None,
        }
    }

    fn remaining_kwh(&self) -> Option<String> {
        match self {
            Self::Market(error) => error.remaining_kwh(),
            _ => None,
        }
    }
}
