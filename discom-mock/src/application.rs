//! The ledgers as an application of the node: which messages a ledger takes, who may send them, and what they
//! change.
//!
//! Recording happens in the transaction that stores the message, so that the ACK with its receipt is the
//! record. The checks, in order: the receiver is a ledger; the contract reads and is tradable; the sender is
//! the platform of a side whose DISCOM keeps its ledger here; then a fault on demand; then, in the
//! transaction, what the ledger already has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::context::Context;
use beckn_wire::energy::{Contract, messages, schema};
use beckn_wire::envelope::Envelope;
use beckn_wire::json::Object;
use beckn_wire::validate::Tolerance;
use clock::Clocks;
use db::{Db, DbError, Tx};
use energy_rules::RuleSet;
use futures_util::future::BoxFuture;
use node::{Admission, Application, Draft, Effect, EffectError, Face, Incoming, Node, ProcessError, Refusal};
use node::{InboxJob, OutboxJob, Outcome, Outgoing, inbox, outbox};

use crate::behavior::{Behaviors, Fault};
use crate::config::Discom;
use crate::delivery::meters::{HeadEnds, ReportError};
use crate::delivery::model::Cells;
use crate::delivery::{self, meters, report, told};
use crate::ledger::meters::Meters;
use crate::ledger::model::{ContractRow, Receipt, Side, Status, Terms};
use crate::ledger::service::{self, LedgerError, Told, Withdrawal, not_a_party};
use crate::ledger::store::Revision;
use crate::ledger::terms;

/// The ledgers of one process.
pub struct Ledgers {
    /// The DISCOMs that a ledger serves, by ledger id.
    served: BTreeMap<String, BTreeSet<String>>,
    /// Their own subscriber ids.
    discoms: BTreeSet<String>,
    db: Db,
    clocks: Clocks,
    meters: Arc<Meters>,
    behaviors: Behaviors,
    hold: Duration,
    head_ends: HeadEnds,
    /// Set once, after the node that needs this application was built; weak, because the node keeps us.
    node: OnceLock<Weak<Node>>,
}

impl Ledgers {
    pub fn new(
        discoms: &[Discom],
        db: Db,
        clocks: Clocks,
        meters: Arc<Meters>,
        behaviors: Behaviors,
        hold: Duration,
        head_ends: HeadEnds,
    ) -> Self {
        let mut served: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for discom in discoms {
            served.entry(discom.ledger_id.clone()).or_default().insert(discom.code.clone());
        }
        let own = discoms.iter().map(|discom| discom.discom_id.clone()).collect();
        Self { served, discoms: own, db, clocks, meters, behaviors, hold, head_ends, node: OnceLock::new() }
    }

    /// Gives the application its node, through which it answers. A second call changes nothing.
    pub fn attach(&self, node: &Arc<Node>) {
        let _ = self.node.set(Arc::downgrade(node));
    }

    /// Whether that is the node of a DISCOM of this process.
    pub fn is_discom(&self, subscriber_id: &str) -> bool {
        self.discoms.contains(subscriber_id)
    }

    pub fn is_ledger(&self, subscriber_id: &str) -> bool {
        self.served.contains_key(subscriber_id)
    }

    async fn judge(&self, incoming: &Incoming) -> Result<Admission, Refusal> {
        if self.is_discom(&incoming.receiver) && incoming.envelope.context.action == Action::Status {
            return self.head_end_asked(incoming);
        }
        if !self.is_ledger(&incoming.receiver) {
            let error = WireError::new(ErrorCode::NetNotImplemented, "this participant keeps no ledger");
            return Err(Refusal { error, status: Some(404) });
        }
        let contract = terms::contract(&incoming.document)?;
        match incoming.envelope.context.action {
            Action::OnConfirm => self.confirmed(incoming, &contract).await,
            Action::OnUpdate => self.updated(incoming, &contract).await,
            Action::OnCancel => self.cancelled(incoming, &contract).await,
            Action::OnStatus if contract.meter_series().next().is_some() => self.metered(incoming, &contract),
            Action::OnStatus => self.relayed(incoming, &contract),
            _ => self.asked(incoming, &contract).await,
        }
    }

    /// `on_confirm`: records the contract.
    async fn confirmed(&self, incoming: &Incoming, contract: &Contract) -> Result<Admission, Refusal> {
        let told = Arc::new(self.told(incoming, contract)?);
        self.misbehave(&told.ledger_id, Action::OnConfirm).await?;
        let meters = Arc::clone(&self.meters);
        let effect: Effect = Arc::new(move |tx: &mut Tx| {
            let (told, meters) = (Arc::clone(&told), Arc::clone(&meters));
            Box::pin(async move {
                let recorded = service::record_checked(tx, &told, &meters).await;
                let (receipt, room) = recorded.map_err(refused)?;
                let mut members = acknowledged(Ok(receipt))?;
                if let Some(check) = room.to_json(&told.revision.terms) {
                    members.set("limitCheck", check);
                }
                Ok(members)
            })
        });
        Ok(Admission::Effect(effect))
    }

    /// `on_update`: records a lowered quantity.
    async fn updated(&self, incoming: &Incoming, contract: &Contract) -> Result<Admission, Refusal> {
        no_preview(&incoming.envelope.context)?;
        let told = Arc::new(self.told(incoming, contract)?);
        self.misbehave(&told.ledger_id, Action::OnUpdate).await?;
        let effect: Effect = Arc::new(move |tx: &mut Tx| {
            let told = Arc::clone(&told);
            Box::pin(async move { acknowledged(service::revise(tx, &told).await) })
        });
        Ok(Admission::Effect(effect))
    }

    /// `on_cancel`: cancels, or records the withdrawal of what is not recorded.
    async fn cancelled(&self, incoming: &Incoming, contract: &Contract) -> Result<Admission, Refusal> {
        let context = &incoming.envelope.context;
        no_preview(context)?;
        no_failure(incoming)?;
        expect_status(contract, Status::Cancelled)?;
        let platform = incoming.sender.subscriber_id.clone();
        // Of a recorded contract the record decides; the message's own roles matter only when there is none.
        let entitled = terms::parties(contract).is_ok_and(|(buyer, seller)| {
            [buyer, seller]
                .iter()
                .any(|party| party.platform == platform && party.ledger == incoming.receiver)
        });
        let told = Arc::new(Withdrawal {
            ledger_id: incoming.receiver.clone(),
            platform,
            contract_id: terms::contract_id(contract)?,
            network_id: context.network_id.clone().ok_or_else(|| WireError::context_missing("networkId"))?,
            transaction_id: context.transaction_id.clone(),
            entitled,
            now: self.clocks.market.now(),
        });
        self.misbehave(&told.ledger_id, Action::OnCancel).await?;
        let effect: Effect = Arc::new(move |tx: &mut Tx| {
            let told = Arc::clone(&told);
            Box::pin(async move { acknowledged(service::cancel(tx, &told).await) })
        });
        Ok(Admission::Effect(effect))
    }

    /// `on_status`: takes in what the other side's ledger allocated, relayed by the platform of ours. A
    /// report of a failure changes nothing here.
    fn relayed(&self, incoming: &Incoming, contract: &Contract) -> Result<Admission, Refusal> {
        if incoming.envelope.reported_error()?.is_some() {
            return Ok(Admission::Effect(Arc::new(|_| Box::pin(async { Ok(Object::new()) }))));
        }
        let told = Arc::new(told::Told {
            ledger_id: incoming.receiver.clone(),
            platform: incoming.sender.subscriber_id.clone(),
            contract_id: terms::contract_id(contract)?,
            message_id: incoming.envelope.context.message_id.clone(),
            cells: told::read(contract)?,
            now: self.clocks.market.now(),
        });
        let effect: Effect = Arc::new(move |tx: &mut Tx| {
            let told = Arc::clone(&told);
            Box::pin(async move {
                told::take_in(tx, &told).await.map_err(refused)?;
                Ok(Object::new())
            })
        });
        Ok(Admission::Effect(effect))
    }

    /// `status` to a head-end: only the ledger of that DISCOM is told what its meters read.
    fn head_end_asked(&self, incoming: &Incoming) -> Result<Admission, Refusal> {
        let asker = &incoming.sender.subscriber_id;
        if self.head_ends.codes(&incoming.receiver, asker).is_empty() {
            let why = "only the ledger of this DISCOM may ask for its meters";
            return Err(WireError::new(ErrorCode::AutUnauthorizedAction, why).into());
        }
        meters::read(&terms::contract(&incoming.document)?)?;
        Ok(Admission::Queue)
    }

    /// `on_status` of a head-end: what the meters of its DISCOM read. A report of a failure changes nothing.
    fn metered(&self, incoming: &Incoming, contract: &Contract) -> Result<Admission, Refusal> {
        let codes = self.head_ends.codes(&incoming.sender.subscriber_id, &incoming.receiver);
        if codes.is_empty() {
            let why = "only the head-end of a DISCOM of this ledger tells what its meters read";
            return Err(WireError::new(ErrorCode::AutUnauthorizedAction, why).into());
        }
        let failed = incoming.envelope.reported_error()?.is_some();
        let told = Arc::new(meters::Told {
            ledger_id: incoming.receiver.clone(),
            message_id: incoming.envelope.context.message_id.clone(),
            codes,
            values: if failed { Vec::new() } else { meters::read(contract)? },
            now: self.clocks.market.now(),
        });
        let effect: Effect = Arc::new(move |tx: &mut Tx| {
            let told = Arc::clone(&told);
            Box::pin(async move {
                meters::take_in(tx, &told).await?;
                Ok(Object::new())
            })
        });
        Ok(Admission::Effect(effect))
    }

    /// `status`: the copy is looked up now, so that an unknown contract is refused at once, and sent later.
    async fn asked(&self, incoming: &Incoming, contract: &Contract) -> Result<Admission, Refusal> {
        let contract_id = terms::contract_id(contract)?;
        match self.find(&incoming.receiver, &contract_id, &incoming.sender.subscriber_id).await {
            Ok(_) => Ok(Admission::Queue),
            Err(LedgerError::Refused(error)) => Err(error.into()),
            Err(LedgerError::Db(error)) => Err(unavailable(&error)),
        }
    }

    /// Everything about a contract that the message itself decides.
    fn told(&self, incoming: &Incoming, contract: &Contract) -> Result<Told, Refusal> {
        no_failure(incoming)?;
        expect_status(contract, Status::Active)?;
        let context = &incoming.envelope.context;
        let now = self.clocks.market.now();
        let network = context.network_id.as_deref().ok_or_else(|| WireError::context_missing("networkId"))?;
        let rules = RuleSet::for_network(network, now).ok_or_else(|| {
            WireError::new(ErrorCode::AutDomainNotAllowed, "the rules of this network are not known here")
        })?;
        let terms = terms::read(contract, context, &rules)?;
        self.entitled(&terms, &incoming.sender.subscriber_id, &incoming.receiver)?;
        Ok(Told {
            ledger_id: incoming.receiver.clone(),
            platform: incoming.sender.subscriber_id.clone(),
            revision: Revision { terms, document: contract.to_json().to_string() },
            now,
        })
    }

    fn entitled(&self, terms: &Terms, platform: &str, ledger_id: &str) -> Result<(), WireError> {
        if !terms.may_tell(platform, ledger_id) {
            return Err(not_a_party());
        }
        let served = self.served.get(ledger_id);
        let foreign = |side: &Side| !served.is_some_and(|codes| codes.contains(&terms.party(*side).discom));
        match terms.sides_of(ledger_id).find(foreign) {
            None => Ok(()),
            Some(side) => {
                let message = format!("this ledger does not serve the DISCOM {}", terms.party(side).discom);
                Err(WireError::new(ErrorCode::AutUnauthorizedAction, message))
            }
        }
    }

    /// The faults that happen before anything is recorded.
    async fn misbehave(&self, ledger_id: &str, action: Action) -> Result<(), Refusal> {
        match self.behaviors.take(ledger_id, action, |fault| fault != Fault::LoseAck) {
            None | Some(Fault::LoseAck) => Ok(()),
            Some(Fault::Refuse(code)) => {
                Err(WireError::new(code, "the ledger refuses, as it was told to").into())
            }
            Some(Fault::Timeout) => {
                // The sender's patience is real time, whatever clock the market runs on. Nothing comes of the
                // wait: if the sender gives up, this future is dropped with its connection, and nothing was
                // recorded.
                let _ = tokio::time::timeout(self.hold, std::future::pending::<()>()).await;
                Err(WireError::new(ErrorCode::NetTimeout, "the ledger did not answer in time").into())
            }
        }
    }

    /// Sends the ledger's copy of a contract to the platform that asked.
    async fn answer(&self, job: &InboxJob) -> Result<(), ProcessError> {
        let node = self.node.get().and_then(Weak::upgrade).ok_or_else(|| retry("the node is gone"))?;
        let outgoing = match self.is_discom(&job.receiver) {
            true => self.readings_for(&node, job).await?,
            false => self.copy_for(&node, job).await?,
        };
        let outgoing = Arc::new(outgoing);
        let (job, ids, now) = (Arc::new(job.clone()), node.ids().clone(), self.clocks.wire.now());
        let stored = self.db.write(move |tx| {
            let (outgoing, job, ids) = (Arc::clone(&outgoing), Arc::clone(&job), ids.clone());
            Box::pin(async move {
                outbox::enqueue(tx, &ids, &outgoing, now).await?;
                inbox::complete(tx, &job, now).await
            })
        });
        Ok(stored.await?)
    }

    /// `on_status` with what the meters read, signed by the head-end.
    async fn readings_for(&self, node: &Node, job: &InboxJob) -> Result<Outgoing, ProcessError> {
        let envelope = Envelope::parse(&job.body[..], &Tolerance::ies()).map_err(fail)?;
        let contract = Contract::of_message(&envelope.message().map_err(fail)?).map_err(fail)?;
        let report = meters::report(&self.db, &contract).await.map_err(|error| match error {
            ReportError::Refused(code) => ProcessError::Fail(code),
            ReportError::Db(error) => error.into(),
        })?;
        let context = &envelope.context;
        let network = context.network_id.as_deref().unwrap_or_default();
        let (id, to) = (&job.message_id, context.bap_uri.as_deref().unwrap_or_default());
        let message = report.to_message();
        let mut draft =
            Draft::new(Action::OnStatus, &job.receiver, network, &job.transaction_id, id, message)
                .to(&job.sender, to);
        draft.from_caller = true;
        draft.schema_context = schema::contexts_of(&draft.message);
        let body = node.compose(&draft).map_err(|error| {
            tracing::warn!(%error, ledger = job.sender, "readings cannot be told");
            ProcessError::Fail(ErrorCode::SchSchemaValidationFailed)
        })?;
        Ok(Outgoing {
            sender: job.receiver.clone(),
            target: job.sender.clone(),
            face: Face::BapReceiver,
            action: Action::OnStatus,
            transaction_id: job.transaction_id.clone(),
            message_id: job.message_id.clone(),
            body,
            answers: Some(job.id),
            purpose: meters::TOLD,
            reference: None,
            deadline: None,
        })
    }

    /// `on_status` with the contract as this ledger has it.
    async fn copy_for(&self, node: &Node, job: &InboxJob) -> Result<Outgoing, ProcessError> {
        let envelope = Envelope::parse(&job.body[..], &Tolerance::ies()).map_err(fail)?;
        let message = envelope.message().map_err(fail)?;
        let contract_id = Contract::of_message(&message)
            .and_then(|contract| terms::contract_id(&contract))
            .map_err(fail)?;
        let (row, revision, cells) =
            self.find(&job.receiver, &contract_id, &job.sender).await.map_err(|error| match error {
                LedgerError::Refused(error) => fail(error),
                LedgerError::Db(error) => error.into(),
            })?;
        let stored = report::recorded(&revision.document).map_err(|error| retry(&error))?;
        let delivered = cells.iter().next().is_some();
        let copy = match row.status {
            Status::Cancelled => messages::on_cancel(&stored),
            Status::Active if delivered => {
                let sides: Vec<Side> = revision.terms.sides_of(&row.ledger_id).collect();
                let complete = delivery::service::is_complete(&revision, &cells);
                report::report(&stored, &sides, &cells, report::Platforms::AsRecorded, complete)
                    .map_err(|error| retry(&error.to_string()))?
            }
            Status::Active | Status::Withdrawn => messages::as_it_stands(&stored),
        };
        let (id, to) = (&job.message_id, envelope.context.bap_uri.as_deref().unwrap_or_default());
        let mut draft = Draft::new(
            Action::OnStatus,
            &job.receiver,
            &row.network_id,
            &job.transaction_id,
            id,
            copy.to_message(),
        )
        .to(&job.sender, to);
        draft.schema_context = schema::contexts_of(&draft.message);
        let body = node.compose(&draft).map_err(|error| {
            tracing::warn!(%error, contract = contract_id, "a recorded contract cannot be sent");
            ProcessError::Fail(ErrorCode::SchSchemaValidationFailed)
        })?;
        Ok(Outgoing {
            sender: job.receiver.clone(),
            target: job.sender.clone(),
            face: Face::BapReceiver,
            action: Action::OnStatus,
            transaction_id: job.transaction_id.clone(),
            message_id: job.message_id.clone(),
            body,
            answers: Some(job.id),
            purpose: "ledger_copy",
            reference: Some(contract_id),
            deadline: None,
        })
    }

    async fn find(
        &self,
        ledger_id: &str,
        contract_id: &str,
        asker: &str,
    ) -> Result<(ContractRow, Revision, Cells), LedgerError> {
        let key = (ledger_id.to_owned(), contract_id.to_owned(), asker.to_owned());
        let found = self.db.read(move |tx| {
            let (ledger_id, contract_id, asker) = key.clone();
            Box::pin(async move {
                let (row, revision) = service::copy(tx, &ledger_id, &contract_id, &asker).await?;
                let cells = delivery::store::cells(tx, &ledger_id, &contract_id).await?;
                Ok((row, revision, cells))
            })
        });
        found.await
    }
}

impl Application for Ledgers {
    fn accepts(&self, face: Face, action: Action) -> bool {
        match face {
            Face::BapReceiver => {
                matches!(action, Action::OnConfirm | Action::OnUpdate | Action::OnCancel | Action::OnStatus)
            }
            Face::BppReceiver => action == Action::Status,
            _ => false,
        }
    }

    fn admit<'a>(&'a self, incoming: &'a Incoming) -> BoxFuture<'a, Result<Admission, Refusal>> {
        Box::pin(self.judge(incoming))
    }

    fn process<'a>(&'a self, job: &'a InboxJob) -> BoxFuture<'a, Result<(), ProcessError>> {
        Box::pin(self.answer(job))
    }

    fn concluded<'a>(
        &'a self,
        job: &'a OutboxJob,
        outcome: &'a Outcome,
    ) -> BoxFuture<'a, Result<(), ProcessError>> {
        // Nothing of the ledger depends on how an answer of its fared.
        let (ended, now) = (Arc::new((job.clone(), outcome.clone())), self.clocks.wire.now());
        Box::pin(async move {
            let stored = self.db.write(move |tx| {
                let ended = Arc::clone(&ended);
                Box::pin(async move { outbox::conclude(tx, &ended.0, &ended.1, now).await })
            });
            Ok(stored.await?)
        })
    }
}

/// The further member of the ACK.
fn acknowledged(receipt: Result<Receipt, LedgerError>) -> Result<Object, EffectError> {
    match receipt {
        Ok(receipt) => Ok([("ledger".to_owned(), receipt.to_json())].into_iter().collect()),
        Err(error) => Err(refused(error)),
    }
}

fn refused(error: LedgerError) -> EffectError {
    match error {
        LedgerError::Refused(error) => EffectError::Refused(error.into()),
        LedgerError::Db(error) => EffectError::Db(error),
    }
}

/// A callback that reports a failure is no contract to record.
fn no_failure(incoming: &Incoming) -> Result<(), WireError> {
    match incoming.envelope.reported_error()? {
        None => Ok(()),
        Some(_) => {
            Err(WireError::new(ErrorCode::BizInvalidStateTransition, "the message reports a failure")
                .at("error"))
        }
    }
}

/// A preview announces what would happen; a ledger records what did.
fn no_preview(context: &Context) -> Result<(), WireError> {
    if context.try_ {
        Err(WireError::context_invalid("try", "must not be set on a ledger leg"))
    } else {
        Ok(())
    }
}

fn expect_status(contract: &Contract, expected: Status) -> Result<(), WireError> {
    if contract.status.as_deref() == Some(expected.as_str()) {
        return Ok(());
    }
    let message = format!("the contract must be {} to be recorded so", expected.as_str());
    Err(WireError::new(ErrorCode::BizInvalidStateTransition, message).at("message/contract/status/code"))
}

fn fail(error: WireError) -> ProcessError {
    ProcessError::Fail(error.code)
}

fn retry(reason: &str) -> ProcessError {
    ProcessError::Retry(reason.to_owned())
}

fn unavailable(error: &DbError) -> Refusal {
    tracing::error!(%error, "the ledger's database failed");
    WireError::new(ErrorCode::NetOverloaded, "the ledger cannot answer now").into()
}
