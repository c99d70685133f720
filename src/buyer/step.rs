//! One step of a contract, stored in one transaction: the contract, what it counts against the meter's load, the
//! change under way, the messages that leave, the end of the message that caused it, and the answer to the client.

use std::sync::Arc;

use beckn_wire::context::Context;
use beckn_wire::energy::Contract as WireContract;
use beckn_wire::envelope::Envelope;
use beckn_wire::json::Json;
use db::{DbError, Tx};
use node::{InboxJob, OutboxJob, Outcome, Outgoing, ProcessError, inbox, outbox};
use serde::Serialize;
use serde::de::DeserializeOwned;
use units::{Paise, Timestamp, WattHours};

use super::error::BuyerError;
use super::store::{self, Change};
use super::terms::failure;
use crate::config::TrustConfig;
use crate::contract::{self, Contract, Failure, Holds, Side, State};
use crate::events::fact::Refused;
use crate::events::{self, Fact, idempotency};
use crate::identity::User;
use crate::market;
use crate::metering;
use crate::network::{Participant, Tolerance};
use crate::settlement::{self, Stamp};
use crate::trust::quota::{self, Shift};
use crate::trust::{self, Trade};

/// How often a decision is made anew when another change came first.
pub(super) const ROUNDS: usize = 5;

/// Runs a decision until no other change comes in between.
macro_rules! rounds {
    ($once:expr) => {{
        let mut last = Err($crate::buyer::error::BuyerError::Stale);
        for _ in 0..$crate::buyer::step::ROUNDS {
            last = $once;
            if !last.as_ref().is_err_and($crate::buyer::error::BuyerError::is_stale) {
                break;
            }
        }
        last
    }};
}
pub(super) use rounds;

/// What becomes of the change under way.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    Keep,
    Set(Change),
    Drop,
}

/// Which message ends with this step.
#[derive(Clone, Debug)]
pub(super) enum Ends {
    Nothing,
    Inbox(Box<InboxJob>),
    Outbox(Box<OutboxJob>, Box<Outcome>),
}

impl From<&InboxJob> for Ends {
    fn from(job: &InboxJob) -> Self {
        Self::Inbox(Box::new(job.clone()))
    }
}

impl Ends {
    pub(super) fn outbox(job: &OutboxJob, outcome: &Outcome) -> Self {
        Self::Outbox(Box::new(job.clone()), Box::new(outcome.clone()))
    }

    pub(super) async fn run(&self, tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Inbox(job) => inbox::complete(tx, job, now).await,
            Self::Outbox(job, outcome) => outbox::conclude(tx, job, outcome, now).await,
        }
    }
}

/// The kind of event that tells of a refusal.
pub(super) type Telling = fn(Refused) -> Fact;

/// A step that is decided and not stored.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// As it was read; none for a new contract.
    pub(super) before: Option<Contract>,
    pub(super) after: Contract,
    /// An action of the network, a worker's name.
    pub(super) cause: &'static str,
    pub(super) message_id: Option<String>,
    pub(super) pending: Pending,
    /// Our user calls off what was confirmed, which costs trust (ruling 17).
    pub(super) breach: bool,
    pub(super) out: Vec<Outgoing>,
    /// An event beside the one of the contract: its kind, and why.
    pub(super) event: Option<(Telling, Failure)>,
    pub(super) ends: Ends,
    /// The client's key and the answer that it gets, now and again.
    pub(super) answer: Option<(idempotency::Key, Vec<u8>)>,
}

impl Step {
    /// A step without any of the rarer parts.
    pub(super) fn new(before: Option<&Contract>, after: Contract, cause: &'static str) -> Self {
        Self {
            before: before.cloned(),
            after,
            cause,
            message_id: None,
            pending: Pending::Keep,
            breach: false,
            out: Vec::new(),
            event: None,
            ends: Ends::Nothing,
            answer: None,
        }
    }

    /// Stores it.
    ///
    /// # Errors
    /// [`BuyerError::Stale`] when another change came first; more than the sanctioned load, the month's quota, or
    /// than the account can bear; the database's.
    pub(super) async fn commit(self, p: &Participant) -> Result<(), BuyerError> {
        let (step, under) = (Arc::new(self), p.clone());
        let stored = p.db.write(move |tx| {
            let (step, p) = (Arc::clone(&step), under.clone());
            Box::pin(async move { step.run(tx, &p.settings.trust, &Stamp::of(&p)).await })
        });
        stored.await?;
        p.node.wake();
        Ok(())
    }

    async fn run(&self, tx: &mut Tx, config: &TrustConfig, stamp: &Stamp<'_>) -> Result<(), BuyerError> {
        let now = stamp.now;
        if let Some((key, body)) = &self.answer
            && !idempotency::remember(tx, key, 202, body, now).await?
        {
            return Err(BuyerError::Stale);
        }
        self.count_load(tx, config).await?;
        let mut contract = self.after.clone();
        let message_id = self.message_id.as_deref();
        if self.before.is_some() {
            contract::service::save(tx, &mut contract, self.cause, message_id, now).await?;
        } else if !contract::service::create(tx, &contract, self.cause, message_id, now).await? {
            return Err(BuyerError::Stale);
        }
        match &self.pending {
            Pending::Keep => {}
            Pending::Set(change) => store::upsert_change(tx, contract.id, change).await?,
            Pending::Drop => store::delete_change(tx, contract.id).await?,
        }
        if let Some((fact, failure)) = &self.event {
            let fact = fact(told(&contract.transaction_id, failure));
            events::tell(tx, contract.user_id, &contract.transaction_id, &fact, now).await?;
        }
        if self.breach {
            let trade = Trade { contract: contract.id, side: trust::Side::Buyer };
            trust::service::apply_cancellation(tx, config, contract.user_id, trade, now).await?;
        }
        for message in &self.out {
            outbox::enqueue(tx, stamp.ids, message, now).await?;
        }
        self.hold_money(tx, stamp).await?;
        self.ends.run(tx, now).await?;
        Ok(())
    }

    /// Moves what the contract counts against its user's quota and its meter's load from before to after.
    async fn count_load(&self, tx: &mut Tx, config: &TrustConfig) -> Result<(), BuyerError> {
        let counted = |contract: &Contract| {
            let meter = contract.buyer_meter.clone().filter(|_| contract.holds != Holds::Nothing)?;
            Some((meter, contract.quantities()))
        };
        let (before, after) = (self.before.as_ref().and_then(counted), counted(&self.after));
        if before == after {
            return Ok(());
        }
        let mut shifts: Vec<Shift> = Vec::new();
        if let Some((_, quantities)) = &before {
            shifts.extend(quantities.iter().map(|part| (part.slot, part.quantity, WattHours::ZERO)));
        }
        if let Some((_, quantities)) = &after {
            shifts.extend(quantities.iter().map(|part| (part.slot, WattHours::ZERO, part.quantity)));
        }
        quota::shift(tx, config, self.after.user_id, trust::Use::Purchase, &shifts).await?;
        if let Some((meter, quantities)) = &before {
            market::service::unbuy(tx, meter, quantities).await?;
        }
        if let Some((meter, quantities)) = &after {
            let meter = metering::find_by_key(tx, meter).await?.ok_or(BuyerError::MeterNotFound)?;
            market::service::buy(tx, &meter, quantities).await?;
        }
        Ok(())
    }

    /// Moves what the user's account holds for the contract from before to after: from `confirm` on as much as it may
    /// cost, until the contract is over. What is settled holds nothing any more.
    async fn hold_money(&self, tx: &mut Tx, stamp: &Stamp<'_>) -> Result<(), BuyerError> {
        let counted = |contract: &Contract| owes(contract).then(|| contract.quantities());
        if self.before.as_ref().and_then(counted) == counted(&self.after) {
            return Ok(());
        }
        let contract = &self.after;
        let target = match counted(contract) {
            Some(_) => settlement::amount_for(tx, contract).await?,
            None => Paise::ZERO,
        };
        settlement::adjust(tx, contract.id, contract.user_id, target, stamp).await?;
        Ok(())
    }
}

/// The user may have to pay for the contract.
fn owes(contract: &Contract) -> bool {
    use State::{Cancelling, Confirming, Disputed, Recording, Standing};
    let binding = matches!(contract.state, Confirming | Recording | Standing | Cancelling | Disputed);
    binding && contract.holds != Holds::Nothing
}

/// The payload of an event about something that failed.
pub(super) fn told(transaction_id: &str, failure: &Failure) -> Refused {
    Refused { transaction_id: transaction_id.to_owned(), failure: failure.told(), message_id: None }
}

/// The answer that this key got before.
///
/// # Errors
/// The key was used for another request.
pub(super) async fn replay<T: DeserializeOwned>(
    p: &Participant,
    key: Option<&idempotency::Key>,
) -> Result<Option<T>, BuyerError> {
    let Some(key) = key.cloned() else { return Ok(None) };
    let known = p.db.read(move |tx| {
        let key = key.clone();
        Box::pin(async move { idempotency::find(tx, &key).await })
    });
    match known.await? {
        idempotency::Known::No => Ok(None),
        idempotency::Known::OtherRequest => Err(BuyerError::IdempotencyMismatch),
        idempotency::Known::Answered { body, .. } => {
            serde_json::from_slice(&body).map(Some).map_err(|_| BuyerError::IdempotencyMismatch)
        }
    }
}

/// The answer beside the key under which it is remembered.
pub(super) fn answer<T: Serialize>(
    key: Option<&idempotency::Key>,
    accepted: &T,
) -> Result<Option<(idempotency::Key, Vec<u8>)>, BuyerError> {
    let Some(key) = key else { return Ok(None) };
    let body = serde_json::to_vec(accepted).map_err(|_| BuyerError::Document)?;
    Ok(Some((key.clone(), body)))
}

/// A contract of ours as a buyer, and the change under way.
pub(super) type Loaded = Option<(Contract, Option<Change>)>;

/// The buyer's contract of that transaction.
///
/// # Errors
/// The database's.
pub(super) async fn load(p: &Participant, transaction_id: &str) -> Result<Loaded, DbError> {
    let transaction_id = transaction_id.to_owned();
    let read = p.db.read(move |tx| {
        let transaction_id = transaction_id.clone();
        Box::pin(async move {
            let Some(contract) = contract::service::find(tx, Side::Buyer, &transaction_id).await? else {
                return Ok(None);
            };
            let change = store::find_change(tx, contract.id).await?;
            Ok(Some((contract, change)))
        })
    });
    read.await
}

/// As [`load`], for its owner.
///
/// # Errors
/// There is none of that user.
pub(super) async fn load_own(
    p: &Participant,
    user: &User,
    transaction_id: &str,
) -> Result<(Contract, Option<Change>), BuyerError> {
    let loaded = load(p, transaction_id).await?;
    loaded.filter(|(contract, _)| contract.user_id == user.id).ok_or(BuyerError::TransactionNotFound)
}

/// Ends a message of the network that changes nothing (any more).
///
/// # Errors
/// The database's.
pub(super) async fn end_alone(p: &Participant, ends: Ends) -> Result<(), BuyerError> {
    let (ends, now) = (Arc::new(ends), p.now());
    let ended = p.db.write(move |tx| {
        let ends = Arc::clone(&ends);
        Box::pin(async move { ends.run(tx, now).await })
    });
    Ok(ended.await?)
}

/// A callback, read.
#[derive(Debug)]
pub(super) struct Callback {
    pub(super) context: Context,
    pub(super) message: Json,
    /// The failure that it reports, beside or inside its message.
    pub(super) failure: Option<Failure>,
    digest: String,
}

impl Callback {
    /// Reads a stored callback.
    ///
    /// # Errors
    /// It cannot be read, which the check before it was stored excludes.
    pub(super) fn read(job: &InboxJob) -> Result<Self, ProcessError> {
        let fail = |error: beckn_wire::code::WireError| ProcessError::Fail(error.code);
        let envelope = Envelope::parse(job.body.as_slice(), &Tolerance::ies()).map_err(fail)?;
        let reported = envelope.reported_error().map_err(fail)?;
        Ok(Self {
            message: envelope.message().map_err(fail)?,
            failure: reported.map(|refusal| failure(&refusal.code, refusal.message)),
            digest: envelope.digest().labeled(),
            context: envelope.context,
        })
    }

    /// The contract that it carries.
    ///
    /// # Errors
    /// There is none that can be read, in the network's words.
    pub(super) fn contract(&self) -> Result<WireContract, Failure> {
        WireContract::of_message(&self.message).map_err(|error| failure(error.code.as_str(), error.message))
    }

    /// The digest of its bytes, as a commit names the preview.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }
}
