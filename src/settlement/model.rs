//! Accounts, journals and their arithmetic. Pure: the same rules hold in memory and in the database.

use clock::Ids;
use db::DbError;
use units::{DeliverySlot, IstMonth, Paise, Price, Timestamp, WattHours};
use uuid::Uuid;

use crate::contract::State;
use crate::contract::model::text_enum;
use crate::error::{Code, Coded};
use crate::network::Participant;

text_enum! {
    /// What an account is for; see the table of the module.
    AccountKind {
        User = "user",
        Arrears = "arrears",
        Platform = "platform",
        Discom = "discom",
        Charge = "charge",
        Fee = "fee",
        Rounding = "rounding",
        Clearing = "clearing",
        Bank = "bank",
    }
}

text_enum! {
    /// What a journal is about; with its reference it is one event.
    JournalKind {
        /// Held for a contract or a withdrawal.
        Hold = "hold",
        /// Given back, without a trade.
        Release = "release",
        /// The DISCOMs' final result of a contract.
        Settlement = "settlement",
        /// A later result of the same contract.
        Correction = "correction",
        TopUp = "top_up",
        Withdrawal = "withdrawal",
        /// The clearing account of a peer platform, paid.
        Netting = "netting",
    }
}

text_enum! {
    /// How the DISCOM came to a final value. Only what was measured costs anybody a penalty (ruling 26).
    Quality {
        Measured = "measured",
        Estimated = "estimated",
        Outage = "outage",
        Curtailed = "curtailed",
    }
}

/// An account's name: what it is for, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountId {
    pub kind: AccountKind,
    pub owner: String,
}

impl AccountId {
    /// The account of that kind and owner.
    pub fn new(kind: AccountKind, owner: &str) -> Self {
        Self { kind, owner: owner.to_owned() }
    }

    pub fn user(user: Uuid) -> Self {
        Self { kind: AccountKind::User, owner: user.to_string() }
    }

    pub fn arrears(user: Uuid) -> Self {
        Self { kind: AccountKind::Arrears, owner: user.to_string() }
    }

    /// One of the platform's own.
    pub fn own(kind: AccountKind) -> Self {
        let owner = if kind == AccountKind::Platform { "attribution" } else { "platform" };
        Self::new(kind, owner)
    }

    /// Between two users of ours: what one of them pays is on its way to the other. Zero when both sides are settled.
    pub fn within() -> Self {
        Self::new(AccountKind::Platform, "within")
    }

    /// `user:0195…`, the key in the database; locks are taken in its order.
    pub fn key(&self) -> String {
        format!("{}:{}", self.kind.as_str(), self.owner)
    }
}

/// An account as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// Credit positive.
    pub balance: Paise,
    /// Set aside for trades and withdrawals under way; never negative.
    pub held: Paise,
    /// How far a user's account may be in debit; without meaning for the others.
    pub credit_limit: Paise,
}

impl Account {
    /// Empty.
    pub fn new(id: AccountId, credit_limit: Paise) -> Self {
        Self { id, balance: Paise::ZERO, held: Paise::ZERO, credit_limit }
    }

    /// What can still be spent: balance and credit less what is held.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn available(&self) -> Result<Paise, MoneyError> {
        sub(add(self.balance, self.credit_limit)?, self.held)
    }

    /// Books one line.
    ///
    /// # Errors
    /// [`MoneyError::CreditExceeded`] when a user's account would fall below its limit; more released than is held;
    /// out of range.
    pub fn apply(&mut self, amount: Paise, held: Paise) -> Result<(), MoneyError> {
        let mut after = self.clone();
        after.balance = add(self.balance, amount)?;
        after.held = add(self.held, held)?;
        if after.held < Paise::ZERO {
            return Err(MoneyError::OutOfRange);
        }
        if self.id.kind == AccountKind::User && after.available()? < Paise::ZERO {
            let needed = sub(held, amount)?;
            return Err(MoneyError::CreditExceeded { available: self.available()?, needed });
        }
        *self = after;
        Ok(())
    }
}

/// One line: money moved, and money set aside (which is no part of the double entry).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub account: AccountId,
    pub amount: Paise,
    pub held: Paise,
}

/// A journal that is not posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub kind: JournalKind,
    /// Unique among those of its kind.
    pub reference: String,
    /// Our contract id.
    pub contract: Option<Uuid>,
    lines: Vec<Line>,
}

impl Draft {
    pub fn new(kind: JournalKind, reference: String, contract: Option<Uuid>) -> Self {
        Self { kind, reference, contract, lines: Vec::new() }
    }

    /// Adds to the line of that account.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn book(&mut self, account: &AccountId, amount: Paise, held: Paise) -> Result<(), MoneyError> {
        match self.lines.iter_mut().find(|line| line.account == *account) {
            Some(line) => {
                line.amount = add(line.amount, amount)?;
                line.held = add(line.held, held)?;
            }
            None => self.lines.push(Line { account: account.clone(), amount, held }),
        }
        Ok(())
    }

    /// The lines that say something, in the order of their accounts' keys.
    pub fn lines(&self) -> Vec<Line> {
        let says = |line: &&Line| line.amount != Paise::ZERO || line.held != Paise::ZERO;
        let mut lines: Vec<Line> = self.lines.iter().filter(says).cloned().collect();
        lines.sort_by_key(|line| line.account.key());
        lines
    }

    /// The sums of debits and of credits.
    ///
    /// # Errors
    /// [`MoneyError::Unbalanced`] when they differ.
    pub fn totals(&self) -> Result<(Paise, Paise), MoneyError> {
        let (mut debit, mut credit) = (Paise::ZERO, Paise::ZERO);
        for line in &self.lines {
            if line.amount < Paise::ZERO {
                debit = sub(debit, line.amount)?;
            } else {
                credit = add(credit, line.amount)?;
            }
        }
        if debit != credit {
            return Err(MoneyError::Unbalanced);
        }
        Ok((debit, credit))
    }

    /// Books an amount with a user: what the account cannot bear goes to the arrears, and what comes in pays those
    /// first. `user` and `arrears` are the accounts as they stand, `held` is moved with the amount.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn book_user(
        &mut self,
        user: &Account,
        arrears: &Account,
        amount: Paise,
        held: Paise,
    ) -> Result<(), MoneyError> {
        let room = sub(user.available()?, held)?.max(Paise::ZERO);
        let owed = neg(arrears.balance)?.max(Paise::ZERO);
        let to_arrears =
            if amount < Paise::ZERO { add(amount, room)?.min(Paise::ZERO) } else { amount.min(owed) };
        self.book(&user.id, sub(amount, to_arrears)?, held)?;
        self.book(&arrears.id, to_arrears, Paise::ZERO)
    }
}

/// Who writes, and when: for one transaction.
#[derive(Clone, Copy)]
pub struct Stamp<'a> {
    pub ids: &'a Ids,
    /// Our subscriber id.
    pub own_id: &'a str,
    /// Market time: months and clearing windows.
    pub market: Timestamp,
    /// Wire time: when it was written down.
    pub now: Timestamp,
    /// How far a user's account that is opened now may be in debit.
    pub credit_limit: Paise,
}

impl<'a> Stamp<'a> {
    /// Of this platform, now.
    pub fn of(p: &'a Participant) -> Self {
        Self {
            ids: &p.ids,
            own_id: &p.settings.subscriber_id,
            market: p.market_now(),
            now: p.now(),
            credit_limit: p.settings.credit_limit,
        }
    }

    /// The month in India, `202611`.
    pub(super) fn month(&self) -> i64 {
        month_number(IstMonth::of(self.market))
    }
}

/// `202611`.
pub(super) fn month_number(month: IstMonth) -> i64 {
    i64::from(month.year()).saturating_mul(100).saturating_add(i64::from(month.month()))
}

/// The month of [`month_number`].
pub(super) fn month_of(number: i64) -> Result<IstMonth, DbError> {
    let month = i32::try_from(number.div_euclid(100)).ok().zip(u8::try_from(number.rem_euclid(100)).ok());
    let month = month.and_then(|(year, month)| IstMonth::new(year, month).ok());
    month.ok_or_else(|| DbError::Other("a stored month cannot be read".into()))
}

/// Whether a journal is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// Posted now, under this id.
    New(Uuid),
    /// That event was posted before; nothing has changed.
    Already,
}

/// A user's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overview {
    pub balance: Paise,
    pub held: Paise,
    pub credit_limit: Paise,
    pub available: Paise,
    /// Owed beyond the limit; not negative.
    pub arrears: Paise,
}

/// One journal as it touches a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub kind: JournalKind,
    pub reference: String,
    pub transaction_id: Option<String>,
    pub amount: Paise,
    pub held: Paise,
    /// Market time.
    pub at: Timestamp,
}

/// The final result of one slot, from the DISCOMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledSlot {
    pub slot: DeliverySlot,
    pub price: Price,
    pub requested: WattHours,
    /// The seller's DISCOM's allocation of the first round.
    pub round1: Option<WattHours>,
    /// The buyer's DISCOM's allocation.
    pub round2: Option<WattHours>,
    pub settled: WattHours,
    pub quality: Quality,
}

/// Why money does not move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("{} INR are available, {} INR are needed", .available.to_inr_text(), .needed.to_inr_text())]
    CreditExceeded { available: Paise, needed: Paise },
    #[error("an amount is more than zero INR and at most {}", .most.to_inr_text())]
    Amount { most: Paise },
    #[error("{} INR can be withdrawn", .most.to_inr_text())]
    Withdrawal { most: Paise },
    #[error("the idempotency key was used for another request")]
    IdempotencyMismatch,
    #[error("there is no such contract")]
    ContractUnknown,
    #[error("a contract that is {} is not settled", .0.as_str())]
    NotSettled(State),
    #[error("the final result does not fit the contract: {0}")]
    Result(&'static str),
    #[error("another final result has that revision already")]
    RevisionTaken,
    #[error("debits and credits differ")]
    Unbalanced,
    #[error("a sum is out of range")]
    OutOfRange,
    #[error("too many changes at once")]
    Stale,
    #[error("the database cannot be used now")]
    Database(DbError),
}

impl From<DbError> for MoneyError {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

impl Coded for MoneyError {
    fn code(&self) -> Code {
        match self {
            Self::CreditExceeded { .. } => Code::CreditExceeded,
            Self::Amount { .. } => Code::FieldInvalid,
            Self::Withdrawal { .. } => Code::WithdrawalExceeded,
            Self::IdempotencyMismatch => Code::IdempotencyMismatch,
            Self::ContractUnknown => Code::NotFound,
            Self::NotSettled(_) | Self::Result(_) | Self::RevisionTaken | Self::Stale => Code::StateConflict,
            Self::Unbalanced | Self::OutOfRange | Self::Database(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        matches!(self, Self::Amount { .. } | Self::Withdrawal { .. }).then(|| "amount_inr".to_owned())
    }
}

pub(super) fn add(one: Paise, other: Paise) -> Result<Paise, MoneyError> {
    one.checked_add(other).ok_or(MoneyError::OutOfRange)
}

pub(super) fn sub(one: Paise, other: Paise) -> Result<Paise, MoneyError> {
    one.checked_sub(other).ok_or(MoneyError::OutOfRange)
}

pub(super) fn neg(one: Paise) -> Result<Paise, MoneyError> {
    one.checked_neg().ok_or(MoneyError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(balance: i64, held: i64, limit: i64) -> Account {
        let id = AccountId::user(Uuid::from_u128(1));
        Account { id, balance: Paise::new(balance), held: Paise::new(held), credit_limit: Paise::new(limit) }
    }

    #[test]
    fn an_account_ends_at_its_limit() {
        let mut account = user(-40, 50, 100);
        assert_eq!(account.available(), Ok(Paise::new(10)));
        let before = account.clone();
        let refused = account.apply(Paise::new(-11), Paise::ZERO);
        let (available, needed) = (Paise::new(10), Paise::new(11));
        assert_eq!(refused, Err(MoneyError::CreditExceeded { available, needed }));
        assert_eq!(account.apply(Paise::ZERO, Paise::new(-51)), Err(MoneyError::OutOfRange));
        assert_eq!(account, before);
        assert_eq!(account.apply(Paise::new(-60), Paise::new(-50)), Ok(()));
        assert_eq!(account.available(), Ok(Paise::ZERO));
    }

    #[test]
    fn a_journal_must_balance() {
        let mut draft = Draft::new(JournalKind::TopUp, "r".into(), None);
        let bank = AccountId::own(AccountKind::Bank);
        draft.book(&bank, Paise::new(-7), Paise::ZERO).unwrap();
        assert_eq!(draft.totals(), Err(MoneyError::Unbalanced));
        draft.book(&user(0, 0, 0).id, Paise::new(7), Paise::ZERO).unwrap();
        assert_eq!(draft.totals(), Ok((Paise::new(7), Paise::new(7))));
        draft.book(&bank, Paise::new(7), Paise::ZERO).unwrap();
        assert_eq!(draft.lines().len(), 1, "a line of nothing is none");
    }

    #[test]
    fn arrears_take_what_the_limit_does_not_and_are_paid_first() {
        let mut arrears = Account::new(AccountId::arrears(Uuid::from_u128(1)), Paise::ZERO);
        let book = |user: &Account, arrears: &Account, amount: i64, held: i64| {
            let mut draft = Draft::new(JournalKind::Settlement, "r".into(), None);
            draft.book_user(user, arrears, Paise::new(amount), Paise::new(held)).unwrap();
            let of = |id: &AccountId| {
                draft.lines().iter().find(|line| line.account == *id).map_or(0, |line| line.amount.get())
            };
            (of(&user.id), of(&arrears.id))
        };
        // 100 of credit, 30 of them held for this very trade.
        assert_eq!(book(&user(0, 30, 100), &arrears, -90, -30), (-90, 0));
        assert_eq!(book(&user(0, 30, 100), &arrears, -120, -30), (-100, -20));
        assert_eq!(book(&user(0, 30, 100), &arrears, -120, 0), (-70, -50));
        arrears.balance = Paise::new(-20);
        assert_eq!(book(&user(0, 0, 100), &arrears, 15, 0), (0, 15));
        assert_eq!(book(&user(0, 0, 100), &arrears, 50, 0), (30, 20));
    }

    #[test]
    fn months_are_numbers_that_sort() {
        let november = IstMonth::new(2026, 11).unwrap();
        assert_eq!(month_number(november), 202_611);
        assert_eq!(month_of(202_611), Ok(november));
        assert!(month_of(202_613).is_err());
    }
}
