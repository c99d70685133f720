//! The state machine of one side of a contract (architecture, section 8). Pure.
//!
//! ```text
//! seller:  Draft → Quoted → Reserved → Recording → Active ┐
//! buyer:   Draft → Quoted → Offered → Confirming → Recording → Standing ┘ → Cancelling → Cancelled
//! ```
//! and from the earlier ones Rejected, Expired; from the later ones Disputed.

use units::{DeliverySlot, NumberError, Paise, Price, Rounding, Timestamp, WattHours};
use uuid::Uuid;

/// Energy times price becomes money in one way everywhere: per slot, half a paisa away from zero, as the network's
/// published policy rounds.
pub const ROUNDING: Rounding = Rounding::HalfAwayFromZero;

macro_rules! text_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// As the database and the client API write it.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// Reads what [`Self::as_str`] wrote.
            ///
            /// # Errors
            /// Another text, which a CHECK of the table excludes.
            pub fn parse(text: &str) -> Result<Self, db::DbError> {
                match text {
                    $($text => Ok($name::$variant),)*
                    _ => Err(db::DbError::Other(concat!("unknown ", stringify!($name)).into())),
                }
            }
        }
    };
}
pub(crate) use text_enum;

text_enum! {
    /// Which side of the contract is ours.
    Side {
        Seller = "seller",
        Buyer = "buyer",
    }
}

text_enum! {
    /// Where our side stands.
    State {
        /// Asked, not answered.
        Draft = "draft",
        /// Priced (`on_select`), nothing is held.
        Quoted = "quoted",
        /// Seller: the stock is held (`init`).
        Reserved = "reserved",
        /// Buyer: the seller holds the stock and named its terms (`on_init`).
        Offered = "offered",
        /// Buyer: `confirm` is on its way.
        Confirming = "confirming",
        /// Our DISCOM's ledger is being told.
        Recording = "recording",
        /// Seller: recorded and confirmed to the buyer.
        Active = "active",
        /// Buyer: confirmed by the seller and recorded by our ledger.
        Standing = "standing",
        /// Called off; the ledgers are being told.
        Cancelling = "cancelling",
        Cancelled = "cancelled",
        /// Refused by a party.
        Rejected = "rejected",
        /// Not concluded in time.
        Expired = "expired",
        /// The two sides cannot both be right; a person must look.
        Disputed = "disputed",
    }
}

text_enum! {
    /// What the contract holds: on the seller's side of its offer's stock, on the buyer's side of what its meter may
    /// draw in the slot.
    Holds {
        Nothing = "nothing",
        Reservation = "reservation",
        Sale = "sale",
    }
}

text_enum! {
    /// What our DISCOM's ledger knows.
    LedgerState {
        None = "none",
        /// `on_confirm` is on its way to it.
        Pending = "pending",
        Recorded = "recorded",
        Refused = "refused",
        /// `on_cancel` is on its way to it.
        Withdrawing = "withdrawing",
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// Who called the contract off.
    Party {
        Buyer = "buyer",
        Seller = "seller",
        Ledger = "ledger",
    }
}

/// What happens to one side of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Asked (again) for a price: `select`.
    Ask,
    /// Priced: `on_select`.
    Quote,
    /// Seller: stock held. Buyer: `init` sent.
    Reserve,
    /// Buyer: `on_init` came.
    Offer,
    /// Buyer: `confirm` sent.
    Confirm,
    /// The ledger leg is in the outbox.
    Record,
    /// Our ledger has ACKed.
    Recorded,
    /// A party or a ledger refused.
    Refuse,
    /// The time is over.
    Expire,
    /// A `cancel` or `on_cancel` that counts.
    CallOff,
    /// Each ledger knows of the cancellation.
    CalledOff,
    /// Too late to undo.
    Dispute,
}

/// The step does not lead anywhere from this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a contract that is {} cannot do that", .from.as_str())]
pub struct TransitionError {
    pub from: State,
    pub step: Step,
}

impl State {
    /// The state after a step.
    ///
    /// # Errors
    /// The step is not allowed from here.
    pub fn after(self, side: Side, step: Step) -> Result<State, TransitionError> {
        use Side::{Buyer, Seller};
        use State as S;
        let next = match (side, self, step) {
            (_, S::Draft | S::Quoted | S::Rejected | S::Expired, Step::Ask) | (_, S::Offered, Step::Ask) => {
                S::Draft
            }
            (_, S::Draft | S::Quoted, Step::Quote) => S::Quoted,
            (Seller, S::Draft | S::Quoted | S::Reserved | S::Expired | S::Rejected, Step::Reserve) => {
                S::Reserved
            }
            (Buyer, S::Draft | S::Quoted | S::Offered, Step::Reserve) => S::Draft,
            (Buyer, S::Draft | S::Quoted | S::Offered, Step::Offer) => S::Offered,
            (Buyer, S::Offered, Step::Confirm) => S::Confirming,
            (Seller, S::Reserved | S::Expired, Step::Record) => S::Recording,
            (Buyer, S::Offered | S::Confirming | S::Expired, Step::Record) => S::Recording,
            (Seller, S::Recording, Step::Recorded) => S::Active,
            (Buyer, S::Recording, Step::Recorded) => S::Standing,
            (
                _,
                S::Draft | S::Quoted | S::Reserved | S::Offered | S::Confirming | S::Recording,
                Step::Refuse,
            ) => S::Rejected,
            (_, S::Draft | S::Quoted | S::Reserved | S::Offered | S::Confirming, Step::Expire) => S::Expired,
            (_, S::Recording | S::Active | S::Standing | S::Cancelling, Step::CallOff)
            | (_, S::Reserved | S::Offered | S::Confirming, Step::CallOff) => S::Cancelling,
            (_, S::Cancelling, Step::CalledOff) => S::Cancelled,
            (_, S::Recording | S::Active | S::Standing | S::Cancelling, Step::Dispute) => S::Disputed,
            (_, from, step) => return Err(TransitionError { from, step }),
        };
        Ok(next)
    }

    /// Confirmed and not called off: the trade that both platforms owe.
    pub fn is_confirmed(self) -> bool {
        matches!(self, State::Active | State::Standing)
    }
}

/// A refusal, in the network's words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// The network's code, `BIZ_QUANTITY_UNAVAILABLE`.
    pub code: String,
    pub message: String,
}

impl Failure {
    /// As an event tells it.
    pub fn told(&self) -> crate::events::fact::Failure {
        crate::events::fact::Failure { code: self.code.clone(), message: self.message.clone() }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContractSlot {
    pub slot: DeliverySlot,
    /// The interval's id in the time series.
    pub interval_id: i64,
    pub price: Price,
    pub requested: WattHours,
}

/// What the rows come to, each rounded for itself.
///
/// # Errors
/// Out of range.
pub fn amount_due(rows: &[ContractSlot]) -> Result<Paise, NumberError> {
    rows.iter().try_fold(Paise::default(), |sum, row| {
        let amount = units::amount(row.requested, row.price, ROUNDING)?;
        sum.checked_add(amount).ok_or(NumberError::OutOfRange)
    })
}

/// So much energy of one slot, for a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotQuantity {
    pub slot: DeliverySlot,
    pub price: Price,
    pub quantity: WattHours,
}

/// Our side of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Ours alone.
    pub id: Uuid,
    pub side: Side,
    pub transaction_id: String,
    /// Assigned by the seller's platform when it confirms.
    pub contract_id: Option<String>,
    /// The user of ours whose contract it is.
    pub user_id: Uuid,
    /// Subscriber id of the other platform; our own for a trade inside this platform.
    pub peer_id: String,
    /// The address that the peer names in its messages; where we call is built from the registry.
    pub peer_uri: String,
    pub network_id: String,
    pub offer_id: String,
    /// Normalised.
    pub seller_meter: String,
    /// Normalised; unknown before `init`.
    pub buyer_meter: Option<String>,
    pub state: State,
    /// Grows with every change; two changes of the same revision cannot both be stored.
    pub revision: i64,
    /// The contract object of the wire, JSON.
    pub document: Vec<u8>,
    /// The earliest gate of its slots, market time.
    pub gate_closes_at: Timestamp,
    /// Until when the stock is held, market time.
    pub reserved_until: Option<Timestamp>,
    pub holds: Holds,
    pub ledger: LedgerState,
    /// The message id of our request that is not answered yet.
    pub awaiting: Option<String>,
    /// The inbox id of the `confirm` that `on_confirm` answers.
    pub answers: Option<Uuid>,
    /// Digest of the preview body that a commit must name.
    pub preview_digest: Option<String>,
    pub cancelled_by: Option<Party>,
    pub failure: Option<Failure>,
    /// When it was confirmed, wire time.
    pub confirmed_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// In order of time.
    pub slots: Vec<ContractSlot>,
}

impl Contract {
    /// Takes a step.
    ///
    /// # Errors
    /// The step is not allowed from where it stands.
    pub fn step(&mut self, step: Step) -> Result<(), TransitionError> {
        self.state = self.state.after(self.side, step)?;
        Ok(())
    }

    /// What it takes from its offer: the slots with a quantity.
    pub fn quantities(&self) -> Vec<SlotQuantity> {
        self.slots
            .iter()
            .filter(|row| row.requested > WattHours::ZERO)
            .map(|row| SlotQuantity { slot: row.slot, price: row.price, quantity: row.requested })
            .collect()
    }
}

/// A line of a contract's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    pub revision: i64,
    pub state: State,
    /// What made it so: an action of the network, a worker's name.
    pub cause: String,
    pub message_id: Option<String>,
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_happy_paths() {
        let walk = |side, steps: &[Step]| {
            steps.iter().try_fold(State::Draft, |state, step| state.after(side, *step)).unwrap()
        };
        use Step::*;
        assert_eq!(walk(Side::Seller, &[Quote, Reserve, Record, Recorded]), State::Active);
        assert_eq!(walk(Side::Buyer, &[Quote, Reserve, Offer, Confirm, Record, Recorded]), State::Standing);
        assert_eq!(walk(Side::Seller, &[Reserve, Record, Recorded, CallOff, CalledOff]), State::Cancelled);
    }

    #[test]
    fn what_is_over_stays_over() {
        for state in [State::Cancelled, State::Disputed] {
            for step in [Step::Reserve, Step::Record, Step::Recorded, Step::CallOff, Step::Refuse, Step::Ask]
            {
                for side in [Side::Seller, Side::Buyer] {
                    assert!(state.after(side, step).is_err(), "{state:?} {step:?}");
                }
            }
        }
        // A confirmed trade does not fall back by a late refusal or by time.
        for state in [State::Active, State::Standing] {
            assert!(state.after(Side::Seller, Step::Refuse).is_err());
            assert!(state.after(Side::Buyer, Step::Expire).is_err());
            assert!(state.after(Side::Seller, Step::Reserve).is_err());
        }
    }
}
