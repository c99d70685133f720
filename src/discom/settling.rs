//! A delivery that is complete becomes money and trust, once (rulings 26 and 27).
//!
//! The plan is pure arithmetic over the slots; [`apply`] writes it in one transaction with the delivery's new state. A
//! later correction of a DISCOM is planned in the same way and applied as the next settlement of the contract, which
//! posts the difference: nothing that was written is edited.

use beckn_wire::energy::{Contract as WireContract, messages};
use beckn_wire::signature::digest;
use db::{DbError, Tx};
use node::ProcessError;
use units::{Paise, Timestamp, WattHours, cost};

use super::worker::Plan;
use super::{cascade, worker};
use crate::contract::delivered::DeliveredSlot;
use crate::contract::delivery::DeliveryState;
use crate::contract::{self, Contract, ROUNDING, Side};
use crate::network::Participant;

/// What a settlement writes.
#[derive(Clone, Debug)]
pub struct Settling {
    pub slots: Vec<DeliveredSlot>,
    /// The contract as it stands from now on, JSON.
    pub document: Vec<u8>,
}
