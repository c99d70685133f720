//! One step of a contract, stored in one transaction: stock, contract, messages that leave, the end of the message that
//! caused it, and the answer to the client.
//!
//! Stock follows from the contract before and after: what a contract holds changes nowhere else, so that `holds` and
//! `offer_slots` cannot drift apart. The offer's row is locked before the contract's, by every step.

use std::sync::Arc;

use clock::Ids;
use db::{DbError, Tx};
use node::{InboxJob, OutboxJob, Outcome, Outgoing, inbox, outbox};
use units::{Timestamp, WattHours};
use uuid::Uuid;

use super::error::SellerError;
use crate::config::TrustConfig;
use crate::contract::{self, Contract, Holds, Side, SlotQuantity};
use crate::events::idempotency;
use crate::market::service::{self as market, Hold};
use crate::network::Participant;
use crate::trust::{self, Trade};

/// How often a decision is made anew when another change came first.
pub(super) const ROUNDS: usize = 8;

/// Runs a decision until no other change comes in between.
macro_rules! rounds {
    ($once:expr) => {{
        let mut last = Err($crate::seller::error::SellerError::Stale);
        for _ in 0..$crate::seller::step::ROUNDS {
            last = $once;
            if !last.as_ref().is_err_and($crate::seller::error::SellerError::is_stale) {
                break;
            }
        }
        last
    }};
}
pub(super) use rounds;

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

    async fn run(&self, tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Inbox(job) => inbox::complete(tx, job, now).await,
            Self::Outbox(job, outcome) => outbox::conclude(tx, job, outcome, now).await,
        }
    }
}

/// How many reservations may be open, when this step opens one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    pub(super) per_meter: i64,
    pub(super) per_peer: i64,
}

/// A step that is decided and not stored.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// As it was read; none for a new contract.
    pub(super) before: Option<Contract>,
    pub(super) after: Contract,
    /// An action of the network, a worker's name.
    pub(super) cause: &'static str,
    pub(super) message_id: Option<String>,
    pub(super) caps: Option<Caps>,
    /// Our user calls off what was confirmed, which costs trust (ruling 17).
    pub(super) breach: bool,
    pub(super) out: Vec<Outgoing>,
    pub(super) ends: Ends,
    /// The client's key and the answer that it gets, now and again.
    pub(super) answer: Option<(idempotency::Key, Vec<u8>)>,
}

impl Step {
    pub(super) fn new(before: Option<&Contract>, after: Contract, cause: &'static str) -> Self {
        Self {
            before: before.cloned(),
            after,
            cause,
            message_id: None,
            caps: None,
            breach: false,
            out: Vec::new(),
            ends: Ends::Nothing,
            answer: None,
        }
    }

    /// The step that a message causes, and ends.
    pub(super) fn by(before: Option<&Contract>, after: Contract, job: &InboxJob) -> Self {
        let mut step = Self::new(before, after, job.action.as_str());
        step.message_id = Some(job.message_id.clone());
        step.ends = job.into();
        step
    }

    /// Stores it.
    ///
    /// # Errors
    /// [`SellerError::Stale`] when another change came first; too little stock; too many reservations; the database's.
    pub(super) async fn commit(self, p: &Participant) -> Result<(), SellerError> {
        let (step, ids, now) = (Arc::new(self), p.ids.clone(), p.now());
        let config = p.settings.trust;
        let stored = p.db.write(move |tx| {
            let (step, ids) = (Arc::clone(&step), ids.clone());
            Box::pin(async move { step.run(tx, &ids, &config, now).await })
        });
        stored.await?;
        p.node.wake();
        Ok(())
    }

    async fn run(
        &self,
        tx: &mut Tx,
        ids: &Ids,
        config: &TrustConfig,
        now: Timestamp,
    ) -> Result<(), SellerError> {
        if let Some((key, body)) = &self.answer
            && !idempotency::remember(tx, key, 202, body, now).await?
        {
            return Err(SellerError::Stale);
        }
        if let Err(error) = self.move_stock(tx, now).await {
            // Whoever changed the contract first has moved its stock.
            let stale = !matches!(error, SellerError::Database(_)) && self.is_stale(tx).await?;
            return Err(if stale { SellerError::Stale } else { error });
        }
        self.check_caps(tx).await?;
        let mut contract = self.after.clone();
        let message_id = self.message_id.as_deref();
        if self.before.is_some() {
            contract::service::save(tx, &mut contract, self.cause, message_id, now).await?;
        } else if !contract::service::create(tx, &contract, self.cause, message_id, now).await? {
            return Err(SellerError::Stale);
        }
        if self.breach {
            let trade = Trade { contract: contract.id, side: trust::Side::Seller };
            trust::service::apply_cancellation(tx, config, contract.user_id, trade, now).await?;
        }
        for message in &self.out {
            outbox::enqueue(tx, ids, message, now).await?;
        }
        self.ends.run(tx, now).await?;
        Ok(())
    }

    async fn is_stale(&self, tx: &mut Tx) -> Result<bool, SellerError> {
        let Some(before) = &self.before else { return Ok(false) };
        let now = contract::service::by_id(tx, before.id).await?;
        Ok(now.is_none_or(|now| now.revision != before.revision))
    }

    async fn check_caps(&self, tx: &mut Tx) -> Result<(), SellerError> {
        let Some(caps) = self.caps else { return Ok(()) };
        let peer = contract::service::open_of_peer(tx, &self.after.peer_id).await?;
        let meter = match &self.after.buyer_meter {
            Some(meter) => contract::service::open_of_meter(tx, meter).await?,
            None => 0,
        };
        if peer >= caps.per_peer || meter >= caps.per_meter {
            return Err(SellerError::TooManyOpen);
        }
        Ok(())
    }

    /// Moves the stock of the offer from what the contract held to what it holds.
    async fn move_stock(&self, tx: &mut Tx, now: Timestamp) -> Result<(), SellerError> {
        let held = |contract: &Contract| (contract.holds, contract.quantities());
        let before = self.before.as_ref().map_or((Holds::Nothing, Vec::new()), held);
        let after = held(&self.after);
        let Ok(offer) = Uuid::parse_str(&self.after.offer_id) else {
            return if after.0 == Holds::Nothing { Ok(()) } else { Err(SellerError::OfferNotFound) };
        };
        match (hold_of(before.0), hold_of(after.0)) {
            (None, None) => {}
            (None, Some(hold)) => market::take(tx, offer, &after.1, hold, now).await?,
            (Some(hold), None) => market::release(tx, offer, &before.1, hold, now).await?,
            _ if before == after => {}
            (Some(Hold::Reservation), Some(Hold::Sale)) if before.1 == after.1 => {
                market::sell_reserved(tx, offer, &before.1, now).await?;
            }
            (Some(Hold::Sale), Some(Hold::Sale)) => {
                market::release(tx, offer, &less(&before.1, &after.1)?, Hold::Sale, now).await?;
            }
            (Some(old), Some(new)) => {
                market::release(tx, offer, &before.1, old, now).await?;
                market::take(tx, offer, &after.1, new, now).await?;
            }
        }
        Ok(())
    }
}

fn hold_of(holds: Holds) -> Option<Hold> {
    match holds {
        Holds::Nothing => None,
        Holds::Reservation => Some(Hold::Reservation),
        Holds::Sale => Some(Hold::Sale),
    }
}

/// What is given back when a sale shrinks; a sale never grows.
fn less(before: &[SlotQuantity], after: &[SlotQuantity]) -> Result<Vec<SlotQuantity>, SellerError> {
    let kept = |part: &SlotQuantity| {
        after.iter().find(|other| other.slot == part.slot).map_or(WattHours::ZERO, |other| other.quantity)
    };
    let known = |part: &SlotQuantity| before.iter().any(|other| other.slot == part.slot);
    if !after.iter().all(known) {
        return Err(SellerError::Document);
    }
    let mut freed = Vec::new();
    for part in before {
        let quantity = part.quantity.checked_sub(kept(part)).filter(|rest| *rest >= WattHours::ZERO);
        let quantity = quantity.ok_or(SellerError::Document)?;
        if quantity > WattHours::ZERO {
            freed.push(SlotQuantity { quantity, ..*part });
        }
    }
    Ok(freed)
}

/// Our side of that transaction as a seller.
///
/// # Errors
/// The database's.
pub(super) async fn load(p: &Participant, transaction_id: &str) -> Result<Option<Contract>, DbError> {
    let transaction_id = transaction_id.to_owned();
    let read = p.db.read(move |tx| {
        let transaction_id = transaction_id.clone();
        Box::pin(async move { contract::service::find(tx, Side::Seller, &transaction_id).await })
    });
    read.await
}

/// The contract of our own id.
///
/// # Errors
/// The database's.
pub(super) async fn load_by_id(p: &Participant, id: Uuid) -> Result<Option<Contract>, DbError> {
    p.db.read(move |tx| Box::pin(async move { contract::service::by_id(tx, id).await })).await
}

/// Ends a message of the network that changes nothing (any more), with these messages leaving.
///
/// # Errors
/// The database's.
pub(super) async fn end_with(p: &Participant, ends: Ends, out: Vec<Outgoing>) -> Result<(), SellerError> {
    let (work, ids, now) = (Arc::new((ends, out)), p.ids.clone(), p.now());
    let ended = p.db.write(move |tx| {
        let (work, ids) = (Arc::clone(&work), ids.clone());
        Box::pin(async move {
            for message in &work.1 {
                outbox::enqueue(tx, &ids, message, now).await?;
            }
            work.0.run(tx, now).await
        })
    });
    ended.await?;
    p.node.wake();
    Ok(())
}

/// As [`end_with`], without a message.
///
/// # Errors
/// The database's.
pub(super) async fn end_alone(p: &Participant, ends: Ends) -> Result<(), SellerError> {
    end_with(p, ends, Vec::new()).await
}
