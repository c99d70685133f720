//! The two messages of a change, `cancel` or `update`: asked first (`try`), then done, naming the digest of the
//! answer's bytes (Beckn 2.0, preview and commit). What is done is the contract that was asked about.

use beckn_wire::energy::Contract as WireContract;
use beckn_wire::energy::messages;
use node::{Face, Outgoing};

use super::asking::until_gate;
use super::error::BuyerError;
use super::step::Pending;
use super::store::{Change, ChangeKind, Phase};
use super::terms;
use crate::contract::Contract;
use crate::network::{Action, Leg, Participant};

/// Asks what the change would do; beside the message, the change that waits for its answer.
///
/// # Errors
/// The message would not be valid: the contract has no id that can be sent.
pub(super) fn ask(
    p: &Participant,
    contract: &Contract,
    kind: ChangeKind,
    asked: &WireContract,
) -> Result<(Outgoing, Change), BuyerError> {
    let message_id = p.ids.uuid().to_string();
    let message = request(p, contract, kind, asked, &message_id, None)?;
    let document = asked.to_json().to_bytes();
    Ok((message, Change { kind, phase: Phase::Preview, message_id, document }))
}

/// Does what was previewed. `digest` is that of the preview's bytes.
///
/// # Errors
/// As [`ask`].
pub(super) fn commit(
    p: &Participant,
    contract: &Contract,
    previewed: &Change,
    digest: &str,
) -> Result<(Outgoing, Change), BuyerError> {
    let message_id = p.ids.uuid().to_string();
    let asked = terms::read_document(&previewed.document)?;
    let message = request(p, contract, previewed.kind, &asked, &message_id, Some(digest))?;
    Ok((message, Change { phase: Phase::Commit, message_id, ..previewed.clone() }))
}

/// Without a digest it is the preview.
fn request(
    p: &Participant,
    contract: &Contract,
    kind: ChangeKind,
    asked: &WireContract,
    message_id: &str,
    digest: Option<&str>,
) -> Result<Outgoing, BuyerError> {
    let action = if kind == ChangeKind::Update { Action::Update } else { Action::Cancel };
    let peer = (contract.peer_id.as_str(), contract.peer_uri.as_str());
    let transaction_id = &contract.transaction_id;
    let mut leg = Leg::new(action, peer, Face::BppReceiver, transaction_id, message_id, asked.to_message());
    let (ttl, deadline) = until_gate(p, contract.gate_closes_at);
    leg.ttl = Some(ttl);
    leg.deadline = Some(deadline);
    leg.reference = Some(contract.id.to_string());
    leg.try_ = digest.is_none();
    leg.request_digest = digest.map(str::to_owned);
    Ok(p.compose(&leg)?)
}

/// Begins to call off what the seller holds as this contract, unasked by our user; none when it has no id that can be
/// sent.
pub(super) fn withdraw(
    p: &Participant,
    contract: &Contract,
    theirs: &WireContract,
) -> Option<(Outgoing, Pending)> {
    theirs.id.as_ref()?;
    match ask(p, contract, ChangeKind::Cancel, &messages::as_it_stands(theirs)) {
        Ok((message, change)) => Some((message, Pending::Set(change))),
        Err(error) => {
            tracing::error!(?error, contract = %contract.id, "a contract cannot be called off");
            None
        }
    }
}
