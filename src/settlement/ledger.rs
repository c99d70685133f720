//! Posting journals, and reading what they made of the accounts.

use db::{DbError, Tx};
use units::{Paise, Timestamp};
use uuid::Uuid;

use super::model::{
    Account, AccountId, AccountKind, Draft, Entry, MoneyError, Overview, Posted, Stamp, neg, sub,
};
use super::store;
use crate::events::fact::AccountChanged;
use crate::events::{self, Fact};

/// Posts a journal in the caller's transaction, unless that event was posted before.
///
/// # Errors
/// It does not balance; a user's account would fall below its limit; the database's. The caller rolls back.
pub async fn post(tx: &mut Tx, draft: &Draft, stamp: &Stamp<'_>) -> Result<Posted, MoneyError> {
    let totals = draft.totals()?;
    let id = stamp.ids.uuid();
    if !store::insert_journal(tx, id, draft, totals, stamp).await? {
        return Ok(Posted::Already);
    }
    for line in draft.lines() {
        let mut account = lock(tx, &line.account, stamp).await?;
        account.apply(line.amount, line.held)?;
        store::update_account(tx, &account).await?;
        store::insert_line(tx, id, &line).await?;
        if account.id.kind == AccountKind::User {
            tell(tx, id, draft, &account, line.amount, stamp).await?;
        }
    }
    Ok(Posted::New(id))
}

/// Under what the events of money stand in the place of a transaction, where no trade is their cause.
pub const EVENTS: &str = "account";

/// Tells a user what the booking left on the account.
async fn tell(
    tx: &mut Tx,
    journal_id: Uuid,
    draft: &Draft,
    account: &Account,
    amount_inr: Paise,
    stamp: &Stamp<'_>,
) -> Result<(), MoneyError> {
    let Ok(user) = Uuid::parse_str(&account.id.owner) else { return Ok(()) };
    let transaction_id = match draft.contract {
        Some(contract) => store::transaction_of(tx, contract).await?,
        None => None,
    };
    let about = transaction_id.clone().unwrap_or_else(|| EVENTS.to_owned());
    let fact = Fact::AccountChanged(AccountChanged {
        journal_id,
        cause: draft.kind.as_str(),
        transaction_id,
        amount_inr,
        balance_inr: account.balance,
        held_inr: account.held,
    });
    Ok(events::tell(tx, user, &about, &fact, stamp.now).await?)
}

/// The account under a row lock, opened when there is none yet.
pub(super) async fn lock(tx: &mut Tx, id: &AccountId, stamp: &Stamp<'_>) -> Result<Account, MoneyError> {
    Ok(store::lock_account(tx, id, stamp.credit_limit, stamp.now).await?)
}

/// The user's account and arrears under row locks, in the order of locking.
pub(super) async fn lock_user(
    tx: &mut Tx,
    user: Uuid,
    stamp: &Stamp<'_>,
) -> Result<(Account, Account), MoneyError> {
    let arrears = lock(tx, &AccountId::arrears(user), stamp).await?;
    Ok((lock(tx, &AccountId::user(user), stamp).await?, arrears))
}

/// Opens a user's account, or changes its limit: not below what the user has already used of it.
///
/// # Errors
/// Out of range; the database's.
pub async fn open_user(
    tx: &mut Tx,
    user: Uuid,
    credit_limit: Paise,
    now: Timestamp,
) -> Result<Paise, MoneyError> {
    let mut account = store::lock_account(tx, &AccountId::user(user), credit_limit, now).await?;
    let used = sub(account.held, account.balance)?;
    account.credit_limit = credit_limit.max(used);
    store::update_account(tx, &account).await?;
    Ok(account.credit_limit)
}

/// What is on a user's accounts, under their locks; where that is nothing, they are closed: no credit, so nothing is
/// held or bought on them any more.
///
/// # Errors
/// Out of range; the database's.
pub async fn close_user(tx: &mut Tx, user: Uuid, stamp: &Stamp<'_>) -> Result<Overview, MoneyError> {
    let (mut account, arrears) = lock_user(tx, user, stamp).await?;
    let empty = [account.balance, account.held, arrears.balance].iter().all(|amount| *amount == Paise::ZERO);
    if empty {
        account.credit_limit = Paise::ZERO;
        store::update_account(tx, &account).await?;
    }
    Ok(Overview {
        balance: account.balance,
        held: account.held,
        credit_limit: account.credit_limit,
        available: account.available()?,
        arrears: neg(arrears.balance)?,
    })
}

/// A user's money; what an account opened now would have, when there is none yet.
///
/// # Errors
/// Out of range; the database's.
pub async fn overview(tx: &mut Tx, user: Uuid, credit_limit: Paise) -> Result<Overview, MoneyError> {
    let id = AccountId::user(user);
    let account = store::find_account(tx, &id).await?.unwrap_or_else(|| Account::new(id, credit_limit));
    let arrears = store::find_account(tx, &AccountId::arrears(user)).await?;
    Ok(Overview {
        balance: account.balance,
        held: account.held,
        credit_limit: account.credit_limit,
        available: account.available()?,
        arrears: neg(arrears.map_or(Paise::ZERO, |arrears| arrears.balance))?,
    })
}

/// The user's journals, of one kind where it is given, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn entries(
    tx: &mut Tx,
    user: Uuid,
    kind: Option<&'static str>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    store::entries(tx, user, kind.unwrap_or_default(), &before, limit).await
}

/// Whether the books are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    pub debits: Paise,
    pub credits: Paise,
    /// Journals whose lines do not sum to zero.
    pub unbalanced: i64,
    /// Accounts whose balance or hold is not the sum of their lines.
    pub drifted: i64,
    /// Users' accounts below their limit.
    pub below_limit: i64,
}

impl Audit {
    /// Nothing is wrong.
    pub fn holds(&self) -> bool {
        self.debits == self.credits && (self.unbalanced, self.drifted, self.below_limit) == (0, 0, 0)
    }
}

/// Rebuilds every balance from the journals and compares. Reads all of them: for tests, the demo and the operator.
///
/// # Errors
/// The database's.
pub async fn audit(tx: &mut Tx) -> Result<Audit, DbError> {
    let (debits, credits, unbalanced, drifted, below_limit) = store::audit(tx).await?;
    Ok(Audit { debits, credits, unbalanced, drifted, below_limit })
}
