//! `status` and `on_status` of any contract of ours, and the cells that they carry.
//!
//! Who asks or tells is known by our stored contract, not by the path (ruling 14): a platform answers `status` as a
//! seller and as a buyer, to the other platform and to the ledger of our own side. What an `on_status` says is merged
//! cell by cell (ruling 15): a value counts when its writer, or the platform of its writer's side, sent it; everything
//! else changes nothing and is kept as an event. What was new is passed on ([`cascade`]), and the delivery of the
//! contract is looked at again ([`worker`]).

mod cascade;
mod cells;
mod exceptions;
mod settling;
mod worker;

use std::sync::Arc;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::{Contract as WireContract, Path, Writer, messages};
use beckn_wire::envelope::Envelope;
use beckn_wire::json::Json;
use db::{DbError, Tx};
use node::{
    Admission, InboxJob, Incoming, OutboxJob, Outcome, Outgoing, ProcessError, Refusal, inbox, outbox,
};
use units::Timestamp;

pub use self::cascade::PURPOSE as CASCADE;
pub use self::exceptions::{Exception, ExceptionError, Wish, exceptions, resolve};
pub use self::worker::{PURPOSE as QUESTION, check};
use crate::contract::{self, Contract, Side, delivery};
use crate::events::fact::{ContractStatus, Failure};
use crate::events::{self, Fact};
use crate::network::{Action, Leg, Participant, Tolerance};

/// How often a merge is made anew when another change of the contract came first.
const ROUNDS: usize = 8;

/// Judges a `status` or an `on_status`.
///
/// # Errors
/// There is no contract of this transaction that the sender may speak about.
pub async fn admit(p: &Participant, incoming: &Incoming) -> Result<Admission, Refusal> {
    let context = &incoming.envelope.context;
    let sender = incoming.envelope.signer().subscriber_id();
    let unknown = || match context.action {
        Action::Status => WireError::new(ErrorCode::BizOrderNotFound, "there is no such contract"),
        _ => WireError::new(ErrorCode::CtxTransactionIdUnknown, "there is no such transaction"),
    };
    let found = contract_with(p, context.action, &context.transaction_id, sender).await.map_err(|_| {
        Refusal { error: WireError::new(ErrorCode::NetOverloaded, "try again"), status: Some(503) }
    })?;
    let contract = found.ok_or_else(unknown)?;
    let named = incoming.document.at(&["message", "contract", "id"]).and_then(Json::as_str);
    if contract.contract_id.as_deref().zip(named).is_some_and(|(own, named)| own != named) {
        return Err(unknown().into());
    }
    Ok(Admission::Queue)
}

/// Our side of the transaction that this sender may speak about: with the other platform, or with the ledger of our side.
async fn contract_with(
    p: &Participant,
    action: Action,
    transaction: &str,
    sender: &str,
) -> Result<Option<Contract>, DbError> {
    let id = transaction.to_owned();
    let read = p.db.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let seller = contract::service::find(tx, Side::Seller, &id).await?;
            let buyer = contract::service::find(tx, Side::Buyer, &id).await?;
            Ok::<_, DbError>(if action == Action::OnStatus { [buyer, seller] } else { [seller, buyer] })
        })
    });
    let sides = read.await?.into_iter().flatten();
    Ok(sides.into_iter().find(|contract| contract.peer_id == sender || is_own_ledger(p, contract, sender)))
}

/// The ledger of our side, by our own configuration.
fn is_own_ledger(p: &Participant, contract: &Contract, sender: &str) -> bool {
    let role = match contract.side {
        Side::Seller => Writer::SellerDiscom,
        Side::Buyer => Writer::BuyerDiscom,
    };
    let Ok(document) = document(contract) else { return false };
    document
        .holder(role)
        .and_then(|code| p.settings.discom(code))
        .is_some_and(|discom| discom.ledger_id == sender)
}

fn document(contract: &Contract) -> Result<WireContract, ProcessError> {
    let fail = |_| ProcessError::Fail(ErrorCode::NetInternalError);
    let json = Json::parse(&contract.document).map_err(fail)?;
    WireContract::read(&json, &Path::new("message/contract")).map_err(|error| ProcessError::Fail(error.code))
}

/// The digest of our own copy of a contract's table: other holders' copies are compared with it.
pub fn own_table(contract: &Contract) -> Option<String> {
    document(contract).ok()?.series().ok().map(energy_rules::table_digest)
}

/// Answers a `status`, or takes in an `on_status`.
///
/// # Errors
/// A passing trouble, to be tried again.
pub async fn process(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    match job.action {
        Action::Status => answer(p, job).await,
        _ => {
            let mut last = Err(ProcessError::Retry("too many changes at once".into()));
            for _ in 0..ROUNDS {
                last = take_in(p, job).await;
                if !matches!(&last, Err(ProcessError::Retry(_))) {
                    break;
                }
            }
            last
        }
    }
}

/// `on_status` with the contract as it stands with us.
async fn answer(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    let envelope = read(job)?;
    let contract = contract_with(p, job.action, &job.transaction_id, &job.sender).await?;
    let contract = contract.ok_or(ProcessError::Fail(ErrorCode::BizOrderNotFound))?;
    let stands = document(&contract)?;
    let current = match is_own_ledger(p, &contract, &job.sender) && job.sender != contract.peer_id {
        true => messages::for_ledger(&stands),
        false => messages::as_it_stands(&stands),
    };
    let peer_uri = envelope.context.bap_uri.clone().unwrap_or_else(|| contract.peer_uri.clone());
    let face = cascade::face_of(&peer_uri);
    let mut message = current;
    // `on_status` names its contract; before confirmation the name is ours alone.
    message.id.get_or_insert_with(|| contract.id.to_string());
    let mut leg = Leg::new(
        Action::OnStatus,
        (&job.sender, &peer_uri),
        face,
        &job.transaction_id,
        &job.message_id,
        message.to_message(),
    );
    leg.answers = Some(job.id);
    leg.reference = Some(contract.id.to_string());
    let out = p.compose(&leg).map_err(|error| ProcessError::Retry(error.to_string()))?;
    let work = Arc::new((out, job.clone(), contract.id));
    let (ids, now, now_market) = (p.ids.clone(), p.now(), p.market_now());
    let stored = p.db.write(move |tx| {
        let (work, ids) = (Arc::clone(&work), ids.clone());
        Box::pin(async move {
            outbox::enqueue(tx, &ids, &work.0, now).await?;
            delivery::hurry(tx, work.2, now_market).await?;
            inbox::complete(tx, &work.1, now).await
        })
    });
    Ok(stored.await?)
}

fn read(job: &InboxJob) -> Result<Envelope, ProcessError> {
    Envelope::parse(job.body.as_slice(), &Tolerance::ies()).map_err(|error| ProcessError::Fail(error.code))
}

/// A message of a cascade has ended. What the receiver would not take is told to the user; the receiver can ask.
///
/// # Errors
/// The database's.
pub async fn concluded(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), ProcessError> {
    cascade::concluded(p, job, outcome).await
}

/// What one `on_status` does to one of our rows: the merge, and whom it is passed on to.
struct Taken {
    before: Contract,
    merged: cells::Merged,
    copy: delivery::Copy,
    onward: Vec<Outgoing>,
}

impl Taken {
    /// There is something in it that the user did not know.
    fn is_news(&self) -> bool {
        let merged = &self.merged;
        let cells = [&merged.refused, &merged.disputed].iter().any(|cells| !cells.is_empty());
        cells
            || merged.flows
            || merged.paid.is_some()
            || !merged.written.is_empty()
            || !self.copy.differs.is_empty()
    }
}

/// Merges what an `on_status` tells into our copies of the contract, passes it on by the rules of the cascade, and tells
/// the users. One transaction.
async fn take_in(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    let envelope = read(job)?;
    let fail = |error: WireError| ProcessError::Fail(error.code);
    let reported = envelope.reported_error().map_err(fail)?;
    let told = WireContract::of_message(&envelope.message().map_err(fail)?).map_err(fail)?;
    let rows = rows_for(p, job).await?;
    if rows.is_empty() {
        return Err(ProcessError::Fail(ErrorCode::CtxTransactionIdUnknown));
    }
    // Beside an error nothing is told: a sender that reports one sends its cells again when it is over.
    let failed = reported.is_some();
    let mut taken: Vec<Taken> = Vec::with_capacity(rows.len());
    for (before, sender) in rows {
        // What is handed over to our other side is what this side has taken, not what was said to it.
        let first = taken.first().filter(|_| sender == p.settings.subscriber_id);
        let told = first.map_or_else(|| told.clone(), |first| first.merged.document.clone());
        taken.push(take_one(p, job, before, &sender, &told, failed).await?);
    }
    let error = reported.map(|error| Failure { code: error.code.to_string(), message: error.message });
    let work = Arc::new((job.clone(), taken, told.status.clone(), error));
    let (ids, now, now_market) = (p.ids.clone(), p.now(), p.market_now());
    let stored = p.db.write(move |tx| {
        let (work, ids) = (Arc::clone(&work), ids.clone());
        Box::pin(async move {
            let (job, taken, status, error) = &*work;
            for each in taken {
                store(tx, job, each, now, now_market).await?;
                // A user who asked the peer is answered; our own questions to our ledger are nobody's news.
                let from_ledger = job.sender != each.before.peer_id;
                if !each.is_news() && error.is_none() && from_ledger {
                    continue;
                }
                let fact = Fact::ContractStatus(ContractStatus {
                    transaction_id: job.transaction_id.clone(),
                    told_by: job.sender.clone(),
                    status: status.clone(),
                    written: each.merged.written.len(),
                    refused: each.merged.refused.clone(),
                    disputed: each.merged.disputed.clone(),
                    differs: each.copy.differs.clone(),
                    paid: each.merged.paid.clone(),
                    error: error.clone(),
                });
                events::tell(tx, each.before.user_id, &job.transaction_id, &fact, now).await?;
                for leg in &each.onward {
                    outbox::enqueue(tx, &ids, leg, now).await?;
                }
            }
            inbox::complete(tx, job, now).await
        })
    });
    Ok(stored.await?)
}

/// Our rows that the message is for, each with the party that speaks to it. Where both sides are ours, what the one is
/// told by its ledger the other is told by the one: handed over here, without a message to ourselves.
async fn rows_for(p: &Participant, job: &InboxJob) -> Result<Vec<(Contract, String)>, ProcessError> {
    let id = job.transaction_id.clone();
    let found = p.db.read(move |tx| {
        let id = id.clone();
        Box::pin(async move {
            let seller = contract::service::find(tx, Side::Seller, &id).await?;
            let buyer = contract::service::find(tx, Side::Buyer, &id).await?;
            Ok::<_, DbError>([seller, buyer])
        })
    });
    let both: Vec<Contract> = found.await?.into_iter().flatten().collect();
    let own = &p.settings.subscriber_id;
    let direct = |c: &Contract| c.peer_id == job.sender || is_own_ledger(p, c, &job.sender);
    let anyone = both.iter().any(direct);
    let mut both = both;
    both.sort_by_key(|contract| !direct(contract));
    let heard = both.into_iter().filter_map(|contract| {
        if direct(&contract) {
            Some((contract, job.sender.clone()))
        } else {
            (anyone && contract.peer_id == *own).then(|| (contract, own.clone()))
        }
    });
    Ok(heard.collect())
}

async fn take_one(
    p: &Participant,
    job: &InboxJob,
    before: Contract,
    sender: &str,
    told: &WireContract,
    failed: bool,
) -> Result<Taken, ProcessError> {
    let fail = |error: WireError| ProcessError::Fail(error.code);
    let stored = cells::stored(p, &before).await?;
    let mut merged = match failed {
        true => cells::Merged::nothing(document(&before)?),
        false => cells::merge(p, &before, document(&before)?, told, sender, &stored)?,
    };
    if !failed && before.side == Side::Buyer && sender == before.peer_id && before.state.is_confirmed() {
        merged.flows = settling::take_flows(&mut merged.document, told);
    }
    if !failed && before.side == Side::Seller && sender == before.peer_id && before.state.is_confirmed() {
        merged.paid = settling::take_payment(&mut merged.document, told);
    }
    let theirs = told.series().map_err(fail)?;
    let ours = merged.document.series().map_err(fail)?;
    let mut differs = energy_rules::divergences(ours, theirs);
    let flows = [told, &merged.document].map(settling::told_flows);
    if flows[0].is_some() && flows[1].is_some() && flows[0] != flows[1] {
        differs.push("REVENUE_FLOWS".to_owned());
    }
    let copy = delivery::Copy {
        holder: job.sender.clone(),
        digest: energy_rules::table_digest(theirs),
        differs: differs.join(","),
        told_at: p.now(),
    };
    let onward = match merged.written.is_empty() {
        true => Vec::new(),
        false => cascade::onward(p, &before, &merged.document, sender)?,
    };
    Ok(Taken { before, merged, copy, onward })
}

async fn store(
    tx: &mut Tx,
    job: &InboxJob,
    taken: &Taken,
    now: Timestamp,
    now_market: Timestamp,
) -> Result<(), DbError> {
    let mut contract = taken.before.clone();
    for cell in &taken.merged.written {
        contract::service::write_cell(tx, contract.id, cell.clone(), &job.message_id, now).await?;
    }
    delivery::keep_copy(tx, contract.id, &taken.copy).await?;
    let merged = &taken.merged;
    if merged.written.is_empty() && !merged.flows && merged.paid.is_none() {
        return Ok(());
    }
    contract.document = taken.merged.document.to_json().to_bytes();
    contract::service::save(tx, &mut contract, "on_status", Some(&job.message_id), now).await?;
    delivery::told(tx, contract.id, now_market).await
}
