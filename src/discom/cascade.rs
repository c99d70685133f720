//! Who is told what a DISCOM wrote (domain section 5): ledger → platform → peer platform → its ledger.
//!
//! | it came from | it goes to | rule |
//! |---|---|---|
//! | our ledger | the peer's platform | 2a |
//! | the peer's platform | our ledger | 2b |
//! | our ledger, and both sides are ours | the other side's ledger | short-cut of 2a and 2b |
//!
//! Only what was new is passed on, and a ledger passes nothing on: so it ends. One ledger for both sides is not told
//! what it said. Each leg is an outbox row, written with the merge: a restart loses none, and the context is ours,
//! signed anew.

use std::sync::Arc;

use beckn_wire::energy::{Contract as WireContract, Writer, messages};
use node::{Face, OutboxJob, Outcome, Outgoing, ProcessError, outbox};
use uuid::Uuid;

use crate::contract::{self, Contract, Side};
use crate::events;
use crate::network::{Action, Leg, Participant};

/// The purpose of the outbox rows of this module.
pub const PURPOSE: &str = "cascade.on_status";

/// Where a contract's statuses are told when they are not to be told: it does not stand.
const OVER: [&str; 4] = ["CANCELLED", "REJECTED", "EXPIRED", "FAILED"];

/// The door that an address in a context stands for.
pub(super) fn face_of(uri: &str) -> Face {
    match uri.trim_end_matches('/').ends_with("/bap/receiver") {
        true => Face::BapReceiver,
        false => Face::Base,
    }
}

/// The legs by which the merged contract is passed on, after `sender` told us something new about it.
///
/// # Errors
/// The message would not be valid, a fault of ours.
pub(super) fn onward(
    p: &Participant,
    contract: &Contract,
    document: &WireContract,
    sender: &str,
) -> Result<Vec<Outgoing>, ProcessError> {
    if document.status.as_deref().is_some_and(|status| OVER.contains(&status)) {
        return Ok(Vec::new());
    }
    let (own_role, peer_role) = match contract.side {
        Side::Seller => (Writer::SellerDiscom, Writer::BuyerDiscom),
        Side::Buyer => (Writer::BuyerDiscom, Writer::SellerDiscom),
    };
    let ledger = |role| document.holder(role).and_then(|code| p.settings.discom(code));
    let own = ledger(own_role);
    let from_ledger = own.is_some_and(|discom| discom.ledger_id == sender);
    let mut legs = Vec::new();
    if from_ledger && contract.peer_id != p.settings.subscriber_id {
        legs.push(to_peer(p, contract, document)?);
    }
    // The ledger of both sides has said it itself.
    let shared = own.zip(ledger(peer_role)).is_some_and(|(own, peer)| own.ledger_id == peer.ledger_id);
    if let Some(discom) = own.filter(|_| !from_ledger && !shared) {
        let message = messages::for_ledger(document).to_message();
        let uri = format!("{}/bap/receiver", discom.ledger_uri.trim_end_matches('/'));
        legs.push(leg(p, contract, (&discom.ledger_id, &uri), message)?);
    }
    Ok(legs)
}

/// `on_status` to the platform of the other side, which takes it at its buyer's door whichever side it has.
pub(super) fn to_peer(
    p: &Participant,
    contract: &Contract,
    document: &WireContract,
) -> Result<Outgoing, ProcessError> {
    let base = contract.peer_uri.trim_end_matches('/');
    let base = base.strip_suffix("/bpp/receiver").unwrap_or(base);
    let base = base.strip_suffix("/bap/receiver").unwrap_or(base);
    let message = messages::as_it_stands(document).to_message();
    leg(p, contract, (&contract.peer_id, &format!("{base}/bap/receiver")), message)
}

fn leg(
    p: &Participant,
    contract: &Contract,
    peer: (&str, &str),
    message: beckn_wire::json::Json,
) -> Result<Outgoing, ProcessError> {
    let message_id = p.ids.uuid().to_string();
    let transaction = &contract.transaction_id;
    let mut leg = Leg::new(Action::OnStatus, peer, Face::BapReceiver, transaction, &message_id, message);
    leg.purpose = PURPOSE;
    leg.reference = Some(contract.id.to_string());
    p.compose(&leg).map_err(|error| ProcessError::Retry(error.to_string()))
}

/// The end of a leg: a failure is told to the user, for whom the parties now hold different copies.
pub(super) async fn concluded(
    p: &Participant,
    job: &OutboxJob,
    outcome: &Outcome,
) -> Result<(), ProcessError> {
    let reference = job.reference.as_deref().and_then(|text| Uuid::parse_str(text).ok());
    let reference = reference.filter(|_| job.purpose != super::QUESTION);
    let (failed, id) = match (outcome, reference) {
        // A question that did not arrive is asked anew, and nobody's copy is another for it.
        (Outcome::Delivered { .. }, _) | (_, None) => {
            return Ok(outbox::conclude_alone(&p.db, job, outcome, p.now()).await?);
        }
        (_, Some(id)) => (outcome.summary(), id),
    };
    let (work, now) = (Arc::new((job.clone(), outcome.clone(), failed)), p.now());
    let stored = p.db.write(move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let (job, outcome, failed) = &*work;
            if let Some(contract) = contract::service::by_id(tx, id).await? {
                let payload = serde_json::json!({
                    "transaction_id": job.transaction_id,
                    "receiver": job.target,
                    "action": job.action.as_str(),
                    "reason": failed,
                });
                let kind = "contract.cascade_failed";
                events::record(tx, contract.user_id, &job.transaction_id, kind, &payload, now).await?;
            }
            outbox::conclude(tx, job, outcome, now).await
        })
    });
    Ok(stored.await?)
}
