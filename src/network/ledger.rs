//! The legs to our own DISCOM's ledger (ruling 16): the same contract, readdressed and without anybody's bank details.
//!
//! Which ledger is ours is decided by our configuration and the role of our side, never by what a message says.

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::{Contract, Writer, messages};
use node::{Face, Outgoing};
use units::Timestamp;
use uuid::Uuid;

use super::{ComposeError, Discom, Leg, Participant};

/// What a ledger leg records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerAct {
    /// The contract stands.
    Confirm,
    /// Less of it.
    Update,
    /// It stands no more, or shall not.
    Cancel,
}

impl LedgerAct {
    /// The purpose of the outbox row.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Confirm => "ledger.on_confirm",
            Self::Update => "ledger.on_update",
            Self::Cancel => "ledger.on_cancel",
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Confirm => Action::OnConfirm,
            Self::Update => Action::OnUpdate,
            Self::Cancel => Action::OnCancel,
        }
    }
}

impl Participant {
    /// The DISCOM of our side of a contract, when it is one that we are configured for and the message names its
    /// ledger as we know it.
    ///
    /// # Errors
    /// The role is not bound, the DISCOM is not ours to record with, or the message names another ledger for it.
    pub fn own_discom(&self, contract: &Contract, role: Writer) -> Result<&Discom, WireError> {
        let refuse = |text: &str| WireError::new(ErrorCode::PolEngagementRefused, text);
        let code = contract.holder(role).ok_or_else(|| refuse("the role of our DISCOM is not bound"))?;
        let discom = self.settings.discom(code).ok_or_else(|| refuse("we do not record with that DISCOM"))?;
        match contract.discom_of(role) {
            Some(named) if named.ledger_id.as_deref().is_some_and(|id| id != discom.ledger_id) => {
                Err(refuse("the ledger of our DISCOM is another one"))
            }
            _ => Ok(discom),
        }
    }

    /// A leg to the ledger of `discom`, ready for the outbox. `reference` is our contract's id; past `deadline` (wire
    /// time) it is not sent any more.
    ///
    /// # Errors
    /// The message would not be valid, a fault of ours.
    pub fn ledger_leg(
        &self,
        act: LedgerAct,
        discom: &Discom,
        contract: &Contract,
        transaction_id: &str,
        reference: Uuid,
        deadline: Option<Timestamp>,
    ) -> Result<Outgoing, ComposeError> {
        let message = messages::for_ledger(contract).to_message();
        let uri = format!("{}/bap/receiver", discom.ledger_uri.trim_end_matches('/'));
        let message_id = self.ids.uuid().to_string();
        let mut leg = Leg::new(
            act.action(),
            (&discom.ledger_id, &uri),
            Face::BapReceiver,
            transaction_id,
            &message_id,
            message,
        );
        leg.from_caller = true;
        leg.purpose = act.purpose();
        leg.reference = Some(reference.to_string());
        leg.deadline = deadline;
        self.compose(&leg)
    }
}
