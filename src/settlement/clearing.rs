//! Clearing with peer platforms: what each side's trades came to, netted per pair every 72 hours (ruling 28).

use db::{DbError, Tx};
use units::{Paise, Span, Timestamp};

use super::ledger::{lock, post};
use super::model::{Account, AccountId, AccountKind, Draft, JournalKind, MoneyError, Posted, Stamp, neg};
use super::payments::{Payment, PaymentKind};
use super::store::{self, trades};

/// How often a pair of platforms settles, market time.
pub const NETTED_EVERY: Span = Span::from_hours(72);

/// Which 72 hours an instant is in.
fn window(at: Timestamp) -> i64 {
    at.micros().div_euclid(NETTED_EVERY.micros())
}

/// The clearing accounts with a balance that were not netted in this window.
async fn due(tx: &mut Tx, market: Timestamp) -> Result<Vec<Account>, DbError> {
    let mut due = Vec::new();
    for account in store::accounts_of(tx, AccountKind::Clearing).await? {
        let last = trades::last_netting(tx, &account.id.owner).await?;
        let waits = last.is_none_or(|last| window(last) < window(market));
        if waits && account.balance != Paise::ZERO {
            due.push(account);
        }
    }
    Ok(due)
}

/// Whether [`net_clearing`] would find something.
///
/// # Errors
/// The database's.
pub async fn clearing_due(tx: &mut Tx, market: Timestamp) -> Result<bool, DbError> {
    Ok(!due(tx, market).await?.is_empty())
}

/// Nets every clearing account that is due, in the caller's transaction: one journal and one payment for each, under a
/// reference of peer and window, so that several instances net a window once. Gives the payments: a positive amount is
/// paid to the peer, a negative one comes from it.
///
/// # Errors
/// Out of range; the database's.
pub async fn net_clearing(tx: &mut Tx, stamp: &Stamp<'_>) -> Result<Vec<Payment>, MoneyError> {
    let mut payments = Vec::new();
    for account in due(tx, stamp.market).await? {
        let peer_id = account.id.owner.as_str();
        let account = lock(tx, &account.id, stamp).await?;
        if account.balance == Paise::ZERO {
            continue;
        }
        let reference = format!("NET/{peer_id}/{}", window(stamp.market));
        let mut draft = Draft::new(JournalKind::Netting, reference.clone(), None);
        draft.book(&account.id, neg(account.balance)?, Paise::ZERO)?;
        draft.book(&AccountId::own(AccountKind::Bank), account.balance, Paise::ZERO)?;
        if post(tx, &draft, stamp).await? == Posted::Already {
            continue;
        }
        let (id, at) = (stamp.ids.uuid(), stamp.market);
        let payment = Payment::paid(id, PaymentKind::Netting, None, account.balance, reference, at);
        let parties = trades::Parties { peer_id: Some(peer_id), contract: None };
        trades::insert_payment(tx, &payment, parties, stamp.now).await?;
        payments.push(payment);
    }
    Ok(payments)
}
