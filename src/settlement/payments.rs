//! Money that users bring and take: top-ups and withdrawals through a [`Payments`] port, with a simulated bank behind it.
//!
//! A payment is stored before the bank is asked, and asked for under its id, so that a payment that a crash left
//! pending is asked for again and the bank does not pay twice. What a user withdraws is held meanwhile.

use std::sync::Arc;

use db::{DbError, Tx};
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use units::{Paise, Span, Timestamp};
use uuid::Uuid;

use super::ledger::{lock_user, post};
use super::model::{AccountId, AccountKind, Draft, JournalKind, MoneyError, Posted, Stamp, neg, sub};
use super::store::trades;
use crate::contract::model::text_enum;
use crate::events::idempotency;
use crate::network::Participant;

/// Most that one payment may move: one million INR.
const MOST: Paise = Paise::new(100_000_000);
/// A payment without an end is taken up again after this time, wire time.
const RETAKEN_AFTER: Span = Span::from_minutes(1);
const BATCH: i64 = 100;
/// How often a payment is begun anew when the same request came first.
const ROUNDS: usize = 3;

text_enum! {
    /// What a payment is.
    PaymentKind {
        TopUp = "top_up",
        Withdrawal = "withdrawal",
        /// A buyer's payment of a trade, by account.
        Trade = "trade",
        Netting = "netting",
    }
}

text_enum! {
    /// How far it is.
    PaymentState {
        Pending = "pending",
        Paid = "paid",
        Refused = "refused",
    }
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    pub id: Uuid,
    pub kind: PaymentKind,
    /// None between platforms.
    pub user_id: Option<Uuid>,
    pub amount: Paise,
    pub state: PaymentState,
    /// The bank's, or our own where no bank is in between; none while it is pending.
    pub reference: Option<String>,
    /// Market time.
    pub at: Timestamp,
}

impl Payment {
    pub(super) fn paid(
        id: Uuid,
        kind: PaymentKind,
        user_id: Option<Uuid>,
        amount: Paise,
        reference: String,
        at: Timestamp,
    ) -> Self {
        Self { id, kind, user_id, amount, state: PaymentState::Paid, reference: Some(reference), at }
    }
}

/// What the bank is asked for. The same id is the same order, however often it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: Uuid,
    pub user_id: Uuid,
    pub amount: Paise,
    /// From the user to us, or from us to the user.
    pub incoming: bool,
}

/// The bank says no; the reason is for our log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

/// A bank, a payment gateway.
pub trait Payments: Send + Sync {
    /// Carries an order out, once for each id: its reference, or a refusal. An error is a passing trouble: whether the
    /// order was carried out is unknown, and it will be asked for again.
    fn carry_out(&self, order: Order) -> BoxFuture<'_, Result<Result<String, Refused>, DbError>>;
}

/// A bank that has all the money in the world, and moves at most one lakh at a time, as UPI does.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimulatedBank;

impl SimulatedBank {
    const AT_ONCE: Paise = Paise::new(10_000_000);
}

impl Payments for SimulatedBank {
    fn carry_out(&self, order: Order) -> BoxFuture<'_, Result<Result<String, Refused>, DbError>> {
        let outcome = if order.amount > Self::AT_ONCE {
            Err(Refused("more than one payment may move".into()))
        } else {
            let digest = Sha256::digest(order.id.as_bytes());
            let digits: String = digest.iter().take(12).map(|byte| char::from(b'0' + byte % 10)).collect();
            Ok(format!("UPI{digits}"))
        };
        Box::pin(std::future::ready(Ok(outcome)))
    }
}

/// Adds money from the user's bank.
///
/// # Errors
/// No usable amount; the key belongs to another request; the database's.
pub async fn top_up(
    p: &Participant,
    bank: &dyn Payments,
    user: Uuid,
    amount: Paise,
    key: Option<idempotency::Key>,
) -> Result<Payment, MoneyError> {
    pay(p, bank, user, PaymentKind::TopUp, amount, key).await
}

/// Pays out to the user's bank what the account has beyond what is held; never on credit.
///
/// # Errors
/// No usable amount, or more than can be withdrawn; the key belongs to another request; the database's.
pub async fn withdraw(
    p: &Participant,
    bank: &dyn Payments,
    user: Uuid,
    amount: Paise,
    key: Option<idempotency::Key>,
) -> Result<Payment, MoneyError> {
    pay(p, bank, user, PaymentKind::Withdrawal, amount, key).await
}

async fn pay(
    p: &Participant,
    bank: &dyn Payments,
    user: Uuid,
    kind: PaymentKind,
    amount: Paise,
    key: Option<idempotency::Key>,
) -> Result<Payment, MoneyError> {
    if amount <= Paise::ZERO || amount > MOST {
        return Err(MoneyError::Amount { most: MOST });
    }
    let payment = Payment {
        id: p.ids.uuid(),
        kind,
        user_id: Some(user),
        amount,
        state: PaymentState::Pending,
        reference: None,
        at: p.market_now(),
    };
    let mut begun = Err(MoneyError::Stale);
    // The same request on another connection may have been faster: then its payment is found.
    for _ in 0..ROUNDS {
        let (under, payment, key) = (p.clone(), payment.clone(), key.clone());
        let attempt = p.db.write(move |tx| {
            let (p, payment, key) = (under.clone(), payment.clone(), key.clone());
            Box::pin(async move { begin(tx, &payment, user, key.as_ref(), &Stamp::of(&p)).await })
        });
        begun = attempt.await;
        if begun != Err(MoneyError::Stale) {
            break;
        }
    }
    finish(p, bank, begun?).await
}

/// Stores a payment before the bank is asked; the one that the key was used for before, when there is one.
async fn begin(
    tx: &mut Tx,
    payment: &Payment,
    user: Uuid,
    key: Option<&idempotency::Key>,
    stamp: &Stamp<'_>,
) -> Result<Payment, MoneyError> {
    if let Some(key) = key {
        match idempotency::find(tx, key).await? {
            idempotency::Known::No => {}
            idempotency::Known::OtherRequest => return Err(MoneyError::IdempotencyMismatch),
            idempotency::Known::Answered { body, .. } => {
                let id = std::str::from_utf8(&body).ok().and_then(|text| Uuid::parse_str(text).ok());
                return Ok(trades::find_payment(tx, id.ok_or(MoneyError::IdempotencyMismatch)?).await?);
            }
        }
        let body = payment.id.to_string();
        if !idempotency::remember(tx, key, 201, body.as_bytes(), stamp.now).await? {
            return Err(MoneyError::Stale);
        }
    }
    if payment.kind == PaymentKind::Withdrawal {
        let (account, arrears) = lock_user(tx, user, stamp).await?;
        let free = sub(account.balance, account.held)?.max(Paise::ZERO);
        if payment.amount > free || arrears.balance < Paise::ZERO {
            return Err(MoneyError::Withdrawal { most: free });
        }
        let mut draft = Draft::new(JournalKind::Hold, payment.id.to_string(), None);
        draft.book(&account.id, Paise::ZERO, payment.amount)?;
        post(tx, &draft, stamp).await?;
    }
    trades::insert_payment(tx, payment, trades::Parties::default(), stamp.now).await?;
    Ok(payment.clone())
}

/// Asks the bank, and books what it says; a payment that has its end already is given as it is.
async fn finish(p: &Participant, bank: &dyn Payments, payment: Payment) -> Result<Payment, MoneyError> {
    let Some(user_id) = payment.user_id.filter(|_| payment.state == PaymentState::Pending) else {
        return Ok(payment);
    };
    let incoming = payment.kind == PaymentKind::TopUp;
    let order = Order { id: payment.id, user_id, amount: payment.amount, incoming };
    let said = match bank.carry_out(order).await {
        Ok(said) => Arc::new(said),
        // It is on its way: the job asks again.
        Err(error) => {
            tracing::warn!(%error, payment = %payment.id, "the bank does not answer");
            return Ok(payment);
        }
    };
    if let Err(Refused(reason)) = &*said {
        tracing::info!(reason, payment = %payment.id, "the bank refuses");
    }
    let (p2, id) = (p.clone(), payment.id);
    p.db.write(move |tx| {
        let (p, said) = (p2.clone(), Arc::clone(&said));
        Box::pin(async move { book(tx, id, said.as_ref().as_ref().ok(), &Stamp::of(&p)).await })
    })
    .await
}

/// Books the end of a payment, once.
async fn book(
    tx: &mut Tx,
    id: Uuid,
    reference: Option<&String>,
    stamp: &Stamp<'_>,
) -> Result<Payment, MoneyError> {
    let mut payment = trades::lock_payment(tx, id).await?;
    let Some(user) = payment.user_id.filter(|_| payment.state == PaymentState::Pending) else {
        return Ok(payment);
    };
    let withdrawal = payment.kind == PaymentKind::Withdrawal;
    let kind = match (withdrawal, reference) {
        (true, Some(_)) => Some(JournalKind::Withdrawal),
        (true, None) => Some(JournalKind::Release),
        (false, Some(_)) => Some(JournalKind::TopUp),
        (false, None) => None,
    };
    if let Some(kind) = kind {
        let mut draft = Draft::new(kind, id.to_string(), None);
        let (account, arrears) = lock_user(tx, user, stamp).await?;
        let held = if withdrawal { neg(payment.amount)? } else { Paise::ZERO };
        let moved = match kind {
            JournalKind::Release => Paise::ZERO,
            JournalKind::Withdrawal => neg(payment.amount)?,
            _ => payment.amount,
        };
        draft.book(&AccountId::own(AccountKind::Bank), neg(moved)?, Paise::ZERO)?;
        draft.book_user(&account, &arrears, moved, held)?;
        if post(tx, &draft, stamp).await? == Posted::Already {
            return Err(MoneyError::Stale);
        }
    }
    payment.state = if reference.is_some() { PaymentState::Paid } else { PaymentState::Refused };
    payment.reference = reference.cloned();
    trades::end_payment(tx, &payment).await?;
    Ok(payment)
}

/// One round over the payments that a crash or a silent bank left without an end: gives how many have one now.
///
/// # Errors
/// The database's.
pub async fn finish_payments(p: &Participant, bank: &dyn Payments) -> Result<usize, MoneyError> {
    let before = p.now().saturating_sub(RETAKEN_AFTER);
    let due = p.db.read(move |tx| Box::pin(async move { trades::pending(tx, before, BATCH).await }));
    let due: Result<Vec<Payment>, DbError> = due.await;
    let mut count: usize = 0;
    for payment in due? {
        let ended = finish(p, bank, payment).await?;
        count = count.saturating_add(usize::from(ended.state != PaymentState::Pending));
    }
    Ok(count)
}

/// The payments of a contract, with their references, oldest first.
///
/// # Errors
/// The database's.
pub async fn of_contract(tx: &mut Tx, contract: Uuid) -> Result<Vec<Payment>, DbError> {
    trades::payments_of_contract(tx, contract).await
}
