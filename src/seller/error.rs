//! Why a seller's wish is not taken up, or a buyer's message not carried out.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::EditError;
use db::DbError;
use energy_rules::RuleError;
use node::{ProcessError, Refusal};

use crate::contract::{State, TransitionError};
use crate::error::{Code, Coded, OfSlot, of_rule, slot_of_rule};
use crate::market::MarketError;
use crate::network::ComposeError;
use crate::trust::TrustError;

/// Why something is refused, or what failed on our side.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SellerError {
    #[error("you have no such offer")]
    OfferNotFound,
    #[error("you have no such order")]
    OrderNotFound,
    #[error("you have no such meter")]
    MeterNotFound,
    #[error("the meter's DISCOM is not one that this platform records contracts with")]
    DiscomUnknown,
    #[error("your account has no address at which buyers pay")]
    PayoutMissing,
    #[error("the contract is {}: that cannot be done now", .0.as_str())]
    State(State),
    #[error("a confirmed contract can only be cancelled for a while after its confirmation")]
    CancelWindowClosed,
    #[error("{reason}")]
    Field { field: &'static str, reason: &'static str },
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error("too many reservations are open")]
    TooManyOpen,
    #[error(transparent)]
    Rule(#[from] RuleError),
    #[error(transparent)]
    Market(#[from] MarketError),
    #[error("{0}")]
    Wire(WireError),
    #[error("a stored document cannot be read")]
    Document,
    #[error("a message could not be made: {0}")]
    Compose(String),
    /// Another change came first; what was decided is decided anew.
    #[error("too many changes at once")]
    Stale,
    #[error("the database cannot be used now")]
    Database(DbError),
}

impl SellerError {
    pub(super) fn is_stale(&self) -> bool {
        *self == Self::Stale
    }

    /// What the network is told, when it is something that the network may know; our own troubles are none of it.
    pub(super) fn wire(&self) -> Option<WireError> {
        let code = match self {
            Self::Wire(error) => return Some(error.clone()),
            Self::Rule(rule) => return Some(WireError::from(rule)),
            Self::Market(MarketError::Rule(rule)) => return Some(WireError::from(rule)),
            Self::Market(market) => match market {
                MarketError::QuantityUnavailable { .. } | MarketError::CapacityExceeded { .. } => {
                    ErrorCode::BizQuantityUnavailable
                }
                MarketError::PriceMismatch { .. } => ErrorCode::BizPriceMismatch,
                MarketError::OfferNotFound | MarketError::OfferWithdrawn => ErrorCode::BizOfferNotFound,
                MarketError::SlotNotFound(_) => ErrorCode::BizFulfillmentUnavailable,
                _ => return None,
            },
            Self::TooManyOpen => ErrorCode::PolNpCapacityExceeded,
            Self::State(state) => return Some(state_refusal(*state)),
            _ => return None,
        };
        Some(WireError::new(code, self.to_string()))
    }
}

/// The network's word for "not in this state".
pub(super) fn state_refusal(state: State) -> WireError {
    let code = match state {
        State::Recording | State::Active | State::Standing => ErrorCode::BizAlreadyConfirmed,
        State::Cancelling | State::Cancelled => ErrorCode::BizAlreadyCancelled,
        State::Expired => ErrorCode::BizQuoteExpiredOrChanged,
        _ => ErrorCode::BizInvalidStateTransition,
    };
    WireError::new(code, format!("the contract is {}", state.as_str()))
}

impl From<DbError> for SellerError {
    fn from(error: DbError) -> Self {
        if error == DbError::Serialization { Self::Stale } else { Self::Database(error) }
    }
}

impl From<WireError> for SellerError {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<TrustError> for SellerError {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::Database(inner) => inner.into(),
            other => Self::Market(MarketError::Trust(other)),
        }
    }
}

impl From<TransitionError> for SellerError {
    fn from(error: TransitionError) -> Self {
        Self::State(error.from)
    }
}

impl From<ComposeError> for SellerError {
    fn from(error: ComposeError) -> Self {
        Self::Compose(error.to_string())
    }
}

impl From<EditError> for SellerError {
    fn from(error: EditError) -> Self {
        Self::Compose(error.to_string())
    }
}

impl From<SellerError> for ProcessError {
    /// The reason is for our own log.
    fn from(error: SellerError) -> Self {
        match error {
            SellerError::Database(inner) => inner.into(),
            SellerError::Wire(inner) => Self::Fail(inner.code),
            other => Self::Retry(other.to_string()),
        }
    }
}

impl From<SellerError> for Refusal {
    /// What is our own trouble is told as that, and the sender may try again.
    fn from(error: SellerError) -> Self {
        let unavailable =
            || WireError::new(ErrorCode::NetInternalError, "the message cannot be judged now; try again");
        error.wire().unwrap_or_else(unavailable).into()
    }
}

impl Coded for SellerError {
    fn code(&self) -> Code {
        match self {
            Self::OfferNotFound | Self::OrderNotFound | Self::MeterNotFound => Code::NotFound,
            Self::DiscomUnknown => Code::NotEligible,
            Self::State(_) | Self::Stale | Self::TooManyOpen | Self::Wire(_) => Code::StateConflict,
            Self::PayoutMissing => Code::PayoutMissing,
            Self::CancelWindowClosed => Code::CancelWindowClosed,
            Self::Field { .. } => Code::FieldInvalid,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::Rule(rule) => of_rule(rule).0,
            Self::Market(market) => market.code(),
            Self::Document | Self::Compose(_) | Self::Database(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::MeterNotFound => Some("meter_id".to_owned()),
            Self::Field { field, .. } => Some((*field).to_owned()),
            Self::Rule(rule) => of_rule(rule).1.map(str::to_owned),
            Self::Market(market) => market.field(),
            _ => None,
        }
    }

    fn slot(&self) -> Option<OfSlot> {
        match self {
            Self::Rule(rule) => slot_of_rule(rule),
            Self::Market(market) => market.slot(),
            _ => None,
        }
    }

    fn next_step(&self) -> Option<String> {
        match self {
            Self::Market(market) => market.next_step(),
            _ => None,
        }
    }

    fn remaining_kwh(&self) -> Option<String> {
        match self {
            Self::Market(market) => market.remaining_kwh(),
            _ => None,
        }
    }
}
