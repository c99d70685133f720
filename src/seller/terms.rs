//! What a contract on the wire says, in our words, and what a callback to its sender looks like. Pure but for the ids.

use beckn_wire::ack::{AckShape, AckVerdict};
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::context::Context;
use beckn_wire::energy::{Column, Contract as WireContract, Path, TimeSeries};
use beckn_wire::envelope::Envelope;
use beckn_wire::json::Json;
use energy_rules::RuleSet;
use node::{Face, InboxJob, Outcome, Outgoing};
use units::{Timestamp, WattHours};

use super::error::SellerError;
use crate::contract::{Contract, ContractSlot, Failure};
use crate::network::{Action, Leg, Participant, Tolerance};

/// Where the table is in a message.
pub(super) const TABLE: &str = "message/contract/commitments/0/commitmentAttributes";

/// A buyer's message, read.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) context: Context,
    pub(super) message: Json,
}

impl Asked {
    /// Reads a stored message.
    ///
    /// # Errors
    /// It cannot be read, which the check before it was stored excludes.
    pub(super) fn read(job: &InboxJob) -> Result<Self, SellerError> {
        let envelope = Envelope::parse(job.body.as_slice(), &Tolerance::ies())?;
        Ok(Self { message: envelope.message()?, context: envelope.context })
    }

    /// The contract that it carries.
    ///
    /// # Errors
    /// There is none that can be read.
    pub(super) fn contract(&self) -> Result<WireContract, SellerError> {
        Ok(WireContract::of_message(&self.message)?)
    }
}

/// The rows of the table: every number from its own text, by the network's rules.
///
/// # Errors
/// No table, a slot off the hour or twice, a price or a quantity that the rules do not admit.
pub(super) fn rows(contract: &WireContract, rules: &RuleSet) -> Result<Vec<ContractSlot>, SellerError> {
    let series = only_table(contract)?;
    let mut rows = Vec::new();
    for interval in &series.intervals {
        let slot = series.slot_of(interval.id)?;
        let price = series
            .cell(interval.id, &Column::PricePerKwh)
            .ok_or_else(|| WireError::required(format!("{TABLE}/intervals")))?;
        let requested = match series.cell(interval.id, &Column::RequestedQty) {
            Some(text) => energy_rules::read_requested(text, rules)?,
            None => WattHours::ZERO,
        };
        let price = energy_rules::read_price(price, rules)?;
        rows.push(ContractSlot { slot, interval_id: interval.id, price, requested });
    }
    rows.sort_by_key(|row| row.slot);
    if rows.windows(2).any(|pair| pair[0].slot == pair[1].slot) {
        return Err(WireError::new(ErrorCode::SchAttributePackInvalid, "a slot occurs twice")
            .at(TABLE)
            .into());
    }
    Ok(rows)
}

/// The table of a contract with exactly one commitment: what a second one says would be checked by nobody.
fn only_table(contract: &WireContract) -> Result<&TimeSeries, SellerError> {
    if contract.commitments.len() != 1 {
        let error = WireError::new(ErrorCode::SchSchemaValidationFailed, "a contract has one commitment");
        return Err(error.at("message/contract/commitments").into());
    }
    let series = contract.series()?;
    if series.rest.get("@type").and_then(Json::as_str) != Some("TimeSeries") {
        let error = WireError::new(ErrorCode::SchAttributePackInvalid, "the table of slots is a TimeSeries");
        return Err(error.at(format!("{TABLE}/@type")).into());
    }
    if !series.undeclared().is_empty() {
        let error = WireError::new(ErrorCode::SchAttributePackInvalid, "a column is used and not declared");
        return Err(error.at(format!("{TABLE}/payloadDescriptors")).into());
    }
    energy_rules::check_agreeing_table(series)?;
    Ok(series)
}

/// The earliest gate among the rows that ask for something.
pub(super) fn gate_of(rows: &[ContractSlot], rules: &RuleSet) -> Option<Timestamp> {
    let asked = rows.iter().filter(|row| row.requested > WattHours::ZERO).map(|row| row.slot);
    energy_rules::first_closes_at(asked, rules)
}

/// The stored contract as the wire has it.
///
/// # Errors
/// It cannot be read.
pub(super) fn document(contract: &Contract) -> Result<WireContract, SellerError> {
    let json = Json::parse(&contract.document).map_err(|_| SellerError::Document)?;
    WireContract::read(&json, &Path::new("message/contract")).map_err(|_| SellerError::Document)
}

/// The bytes that are stored of a contract.
pub(super) fn bytes(contract: &WireContract) -> Vec<u8> {
    contract.to_json().to_bytes()
}

/// A failure that the user is told of.
pub(super) fn failure(error: &WireError) -> Failure {
    Failure { code: error.code.as_str().to_owned(), message: error.message.clone() }
}

/// The callback to the buyer's message, not yet made.
pub(super) fn callback(
    p: &Participant,
    job: &InboxJob,
    context: &Context,
    action: Action,
    message: Json,
) -> Leg {
    let peer_uri = context.bap_uri.clone().unwrap_or_else(|| p.bap_uri());
    let mut leg = Leg::new(
        action,
        (&job.sender, &peer_uri),
        face_of(&peer_uri),
        &job.transaction_id,
        &job.message_id,
        message,
    );
    leg.answers = Some(job.id);
    leg
}

/// The callback that carries this contract.
///
/// # Errors
/// It would not be valid.
pub(super) fn contract_callback(
    p: &Participant,
    job: &InboxJob,
    context: &Context,
    action: Action,
    contract: &WireContract,
    error: Option<WireError>,
) -> Result<Outgoing, SellerError> {
    let mut leg = callback(p, job, context, action, contract.to_message());
    leg.error = error;
    Ok(p.compose(&leg)?)
}

/// The door of a peer, by the address that it names; which host it is stands in the registry (ruling 2).
pub(super) fn face_of(uri: &str) -> Face {
    let path = uri.trim_end_matches('/');
    if path.ends_with("/bap/receiver") { Face::BapReceiver } else { Face::Base }
}

/// Why our ledger did not take a leg; none when it acknowledged it.
pub(super) fn refused_by_ledger(outcome: &Outcome) -> Option<WireError> {
    let refuse = |text: String| Some(WireError::new(ErrorCode::BizFulfillmentUnavailable, text));
    let refused = |code: &str| refuse(format!("the seller's DISCOM ledger refused the contract ({code})"));
    match outcome {
        Outcome::Delivered { duplicate: true, .. } => None,
        // A proxy's page under a 200 is no acknowledgement.
        Outcome::Delivered { ack: AckVerdict::Ack { shape, .. }, .. } if *shape != AckShape::Unknown => None,
        Outcome::Delivered { .. } => {
            refuse("the seller's DISCOM ledger did not acknowledge the contract".to_owned())
        }
        Outcome::Refused { code, .. } => refused(code),
        // A ledger leg is a callback: a refusal is tried again before it counts, and then stands in the reason.
        Outcome::Dead { reason } if reason.starts_with("refused: ") => {
            refused(reason.trim_start_matches("refused: ").split(' ').next().unwrap_or_default())
        }
        Outcome::Expired | Outcome::Dead { .. } => {
            refuse("the seller's DISCOM ledger did not record the contract in time".to_owned())
        }
    }
}
