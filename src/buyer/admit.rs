//! The synchronous judgement on callbacks to a buyer of ours: does it answer something of ours, and from whom we asked
//! it? What it says is judged when it is worked off, so that a bad answer is an outcome of the contract and not a
//! message that the sender repeats.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::Contract as WireContract;
use node::{Admission, Incoming, Refusal};

use super::step::{Loaded, load};
use super::store;
use super::store::{ChangeKind, Phase};
use crate::contract::{Contract, State};
use crate::network::{Action, Participant};

/// Judges a callback: its transaction is one of ours with that sender, its shape is readable, and the contract can
/// have such an answer.
///
/// # Errors
/// The NACK that the sender gets; nothing is stored.
pub async fn admit(p: &Participant, incoming: &Incoming) -> Result<Admission, Refusal> {
    let context = &incoming.envelope.context;
    match context.action {
        Action::OnDiscover => page(p, incoming).await?,
        Action::CatalogPush => return super::interests::admit(p, incoming),
        Action::OnTrack | Action::OnRate | Action::OnSupport => {
            let (contract, _) = known(p, incoming).await?;
            let id = context.message_id.clone();
            let asked = p.db.read(move |tx| {
                let id = id.clone();
                Box::pin(async move { store::find_exchange(tx, &id).await })
            });
            let asked = asked.await.map_err(|error| unavailable(&error))?;
            if asked.is_none_or(|(_, transaction_id)| transaction_id != contract.transaction_id) {
                return Err(unknown().into());
            }
        }
        _ => contract_answer(p, incoming).await?,
    }
    Ok(Admission::Queue)
}

async fn page(p: &Participant, incoming: &Incoming) -> Result<(), Refusal> {
    if incoming.sender.subscriber_id != p.settings.catalog_service_id {
        let message = "offers are taken from the catalog service that was asked";
        return Err(WireError::new(ErrorCode::AutUnauthorizedAction, message).into());
    }
    let id = incoming.envelope.context.transaction_id.clone();
    let search = p.db.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { store::find_search(tx, &id).await })
    });
    if search.await.map_err(|error| unavailable(&error))?.is_some() {
        return Ok(());
    }
    let transaction_id = &incoming.envelope.context.transaction_id;
    let asked = super::interests::is_catch_up(p, transaction_id).await;
    if asked.map_err(|error| unavailable(&error))? { Ok(()) } else { Err(unknown().into()) }
}

/// The contract of ours with that sender.
async fn known(p: &Participant, incoming: &Incoming) -> Result<(Contract, Option<store::Change>), Refusal> {
    let loaded: Loaded =
        load(p, &incoming.envelope.context.transaction_id).await.map_err(|error| unavailable(&error))?;
    loaded
        .filter(|(contract, _)| contract.peer_id == incoming.sender.subscriber_id)
        .ok_or_else(|| unknown().into())
}

async fn contract_answer(p: &Participant, incoming: &Incoming) -> Result<(), Refusal> {
    let (contract, change) = known(p, incoming).await?;
    let context = &incoming.envelope.context;
    if incoming.envelope.reported_error()?.is_some() {
        return Ok(());
    }
    let empty = beckn_wire::json::Json::Null;
    let theirs = WireContract::of_message(incoming.document.get("message").unwrap_or(&empty))?;
    // A price or a quantity that cannot be read exactly is refused before anything is made of it.
    super::terms::rows(&theirs)?;
    if let (Some(ours), Some(named)) = (&contract.contract_id, &theirs.id)
        && ours != named
    {
        let message = "the contract of this transaction has another id";
        return Err(WireError::new(ErrorCode::BizOrderNotFound, message).at("message/contract/id").into());
    }
    let awaited = change.filter(|change| change.message_id == context.message_id);
    match context.action {
        Action::OnConfirm if matches!(contract.state, State::Draft | State::Quoted | State::Offered) => {
            Err(out_of_place("the contract was not confirmed by the buyer").into())
        }
        Action::OnUpdate if awaited.as_ref().is_none_or(|change| change.kind != ChangeKind::Update) => {
            Err(out_of_place("no update of this contract is awaited").into())
        }
        Action::OnCancel if !context.try_ => {
            let own = awaited.is_some_and(|change| change.phase == Phase::Commit);
            unsolicited_cancel(p, &contract, &theirs, own).map_err(Refusal::from)
        }
        _ => Ok(()),
    }
}

/// The seller may cancel until the gate closes, on our clock and at our receipt (ruling 17). The answer to a
/// cancellation of ours is taken whenever it comes.
fn unsolicited_cancel(
    p: &Participant,
    contract: &Contract,
    theirs: &WireContract,
    own: bool,
) -> Result<(), WireError> {
    if theirs.status.as_deref() != Some("CANCELLED") {
        return Err(out_of_place("a cancelled contract is expected").at("message/contract/status/code"));
    }
    if own || matches!(contract.state, State::Cancelling | State::Cancelled) {
        return Ok(());
    }
    if contract.state.after(contract.side, crate::contract::Step::CallOff).is_err() {
        return Err(out_of_place("there is nothing to cancel"));
    }
    if p.market_now() >= contract.gate_closes_at {
        let message = "the contract could be cancelled until its gate closed";
        return Err(WireError::new(ErrorCode::PolCancellationNotAllowed, message));
    }
    Ok(())
}

fn unknown() -> WireError {
    let message = "this participant has no such transaction with the sender";
    WireError::new(ErrorCode::CtxTransactionIdUnknown, message).at("context/transactionId")
}

fn out_of_place(message: &str) -> WireError {
    WireError::new(ErrorCode::BizInvalidStateTransition, message)
}

fn unavailable(error: &db::DbError) -> Refusal {
    tracing::error!(%error, "a callback could not be judged");
    WireError::new(ErrorCode::NetInternalError, "the message cannot be taken now").into()
}
