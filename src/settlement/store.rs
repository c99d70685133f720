//! The SQL of accounts, journals, holds and rates. Amounts are computed in Rust, checked; the CHECKs guard them again.

pub mod trades;

use db::{DbError, FromValue, Row, Tx, sql};
use units::{Paise, Price, Timestamp};
use uuid::Uuid;

use super::model::{Account, AccountId, AccountKind, Draft, Entry, JournalKind, Line, Stamp};
use super::rates::{ANY, Rate, RateKind};

sql! {
    OPEN = "INSERT INTO money_accounts (id, kind, owner, user_id, balance, held, credit_limit, opened_at) \
        VALUES ($1, $2, $3, $4, 0, 0, $5, $6) ON CONFLICT (id) DO NOTHING";
    FIND = "SELECT kind, owner, balance, held, credit_limit FROM money_accounts WHERE id = $1";
    LOCK = "SELECT kind, owner, balance, held, credit_limit FROM money_accounts WHERE id = $1 {FOR UPDATE}";
    UPDATE = "UPDATE money_accounts SET balance = $2, held = $3, credit_limit = $4 WHERE id = $1";
    OF_KIND = "SELECT kind, owner, balance, held, credit_limit FROM money_accounts WHERE kind = $1 ORDER BY id";
    INSERT_JOURNAL = "INSERT INTO journals (id, kind, reference, contract, total_debit, total_credit, month, at, \
        recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (kind, reference) DO NOTHING";
    INSERT_LINE = "INSERT INTO journal_lines (journal, account, amount, held) VALUES ($1, $2, $3, $4)";
    // The user's two accounts as one, newest first.
    ENTRIES = "SELECT j.id, j.kind, j.reference, j.at, c.transaction_id, CAST(SUM(l.amount) AS BIGINT) AS amount, \
        CAST(SUM(l.held) AS BIGINT) AS held FROM journal_lines l JOIN journals j ON j.id = l.journal \
        LEFT JOIN contracts c ON c.id = j.contract WHERE l.account IN ($1, $2) AND l.journal < $3 \
        AND ($5 = '' OR j.kind = $5) GROUP BY j.id, j.kind, j.reference, j.at, c.transaction_id ORDER BY j.id DESC LIMIT $4";
    TRANSACTION = "SELECT transaction_id FROM contracts WHERE id = $1";
    MONTHS = "SELECT j.month, CAST(SUM(l.amount) AS BIGINT) AS amount FROM journal_lines l \
        JOIN journals j ON j.id = l.journal WHERE l.account IN ($1, $2) GROUP BY j.month ORDER BY j.month";
    MOVEMENTS = "SELECT j.id, j.kind, j.reference, j.at, c.transaction_id, CAST(SUM(l.amount) AS BIGINT) AS amount, \
        CAST(SUM(l.held) AS BIGINT) AS held FROM journal_lines l JOIN journals j ON j.id = l.journal \
        LEFT JOIN contracts c ON c.id = j.contract WHERE l.account IN ($1, $2) AND j.month = $3 AND l.amount <> 0 \
        GROUP BY j.id, j.kind, j.reference, j.at, c.transaction_id ORDER BY j.id LIMIT $4";
    TOTALS = "SELECT CAST(COALESCE(SUM(total_debit), 0) AS BIGINT) AS debit, \
        CAST(COALESCE(SUM(total_credit), 0) AS BIGINT) AS credit FROM journals";
    UNBALANCED = "SELECT COUNT(*) AS n FROM (SELECT l.journal FROM journal_lines l GROUP BY l.journal \
        HAVING SUM(l.amount) <> 0) AS odd";
    DRIFTED = "SELECT COUNT(*) AS n FROM money_accounts a LEFT JOIN (SELECT account, SUM(amount) AS amount, \
        SUM(held) AS held FROM journal_lines GROUP BY account) AS l ON l.account = a.id \
        WHERE a.balance <> COALESCE(l.amount, 0) OR a.held <> COALESCE(l.held, 0)";
    BELOW = "SELECT COUNT(*) AS n FROM money_accounts WHERE kind = 'user' AND balance + credit_limit - held < 0";
    LOCK_HOLD = "SELECT account, amount, state, steps FROM money_holds WHERE contract = $1 {FOR UPDATE}";
    FIND_HOLD = "SELECT account, amount, state, steps FROM money_holds WHERE contract = $1";
    OPEN_HOLD = "INSERT INTO money_holds (contract, account, amount, state, steps) VALUES ($1, $2, 0, 'open', 0) \
        ON CONFLICT (contract) DO NOTHING";
    UPDATE_HOLD = "UPDATE money_holds SET amount = $2, state = $3, steps = $4 WHERE contract = $1";
    INSERT_RATE = "INSERT INTO money_rates (network_id, discom, kind, valid_from, rate) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (network_id, discom, kind, valid_from) DO NOTHING";
    FIND_RATE = "SELECT rate FROM money_rates WHERE network_id = $1 AND discom = $2 AND kind = $3 AND valid_from = $4";
    RATES = "SELECT network_id, discom, kind, valid_from, rate FROM money_rates \
        WHERE network_id IN ($1, $3) AND discom IN ($2, $3)";
}

fn account(row: &Row) -> Result<Account, DbError> {
    let id = AccountId { kind: AccountKind::parse(&row.get::<String>("kind")?)?, owner: row.get("owner")? };
    Ok(Account {
        id,
        balance: row.get("balance")?,
        held: row.get("held")?,
        credit_limit: row.get("credit_limit")?,
    })
}

pub(super) async fn find_account(tx: &mut Tx, id: &AccountId) -> Result<Option<Account>, DbError> {
    tx.query_opt(&FIND, &[id.key().into()]).await?.as_ref().map(account).transpose()
}

/// The account under a row lock, opened empty when there is none yet.
pub(super) async fn lock_account(
    tx: &mut Tx,
    id: &AccountId,
    credit_limit: Paise,
    now: Timestamp,
) -> Result<Account, DbError> {
    if let Some(row) = tx.query_opt(&LOCK, &[id.key().into()]).await? {
        return account(&row);
    }
    let people = matches!(id.kind, AccountKind::User | AccountKind::Arrears);
    let limit = if id.kind == AccountKind::User { credit_limit } else { Paise::ZERO };
    let params = [
        id.key().into(),
        id.kind.as_str().into(),
        id.owner.as_str().into(),
        people.then(|| id.owner.clone()).into(),
        limit.into(),
        now.into(),
    ];
    tx.execute(&OPEN, &params).await?;
    account(&tx.query_one(&LOCK, &[id.key().into()]).await?)
}

pub(super) async fn update_account(tx: &mut Tx, account: &Account) -> Result<(), DbError> {
    let params =
        [account.id.key().into(), account.balance.into(), account.held.into(), account.credit_limit.into()];
    tx.execute(&UPDATE, &params).await?;
    Ok(())
}

pub(super) async fn accounts_of(tx: &mut Tx, kind: AccountKind) -> Result<Vec<Account>, DbError> {
    tx.query(&OF_KIND, &[kind.as_str().into()]).await?.iter().map(account).collect()
}

/// False when there is a journal of that kind and reference.
pub(super) async fn insert_journal(
    tx: &mut Tx,
    id: Uuid,
    draft: &Draft,
    (debit, credit): (Paise, Paise),
    stamp: &Stamp<'_>,
) -> Result<bool, DbError> {
    let params = [
        id.into(),
        draft.kind.as_str().into(),
        draft.reference.as_str().into(),
        draft.contract.into(),
        debit.into(),
        credit.into(),
        stamp.month().into(),
        stamp.market.into(),
        stamp.now.into(),
    ];
    Ok(tx.execute(&INSERT_JOURNAL, &params).await? == 1)
}

pub(super) async fn insert_line(tx: &mut Tx, journal: Uuid, line: &Line) -> Result<(), DbError> {
    let params = [journal.into(), line.account.key().into(), line.amount.into(), line.held.into()];
    tx.execute(&INSERT_LINE, &params).await?;
    Ok(())
}

/// The transaction of a contract.
pub(super) async fn transaction_of(tx: &mut Tx, contract: Uuid) -> Result<Option<String>, DbError> {
    let row = tx.query_opt(&TRANSACTION, &[contract.into()]).await?;
    row.map(|row| row.get("transaction_id")).transpose()
}

fn entry(row: &Row) -> Result<Entry, DbError> {
    Ok(Entry {
        id: row.get("id")?,
        kind: JournalKind::parse(&row.get::<String>("kind")?)?,
        reference: row.get("reference")?,
        transaction_id: row.get("transaction_id")?,
        amount: row.get("amount")?,
        held: row.get("held")?,
        at: row.get("at")?,
    })
}

fn accounts_of_user(user: Uuid) -> (String, String) {
    (AccountId::user(user).key(), AccountId::arrears(user).key())
}

pub(super) async fn entries(
    tx: &mut Tx,
    user: Uuid,
    kind: &str,
    before: &str,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let (own, arrears) = accounts_of_user(user);
    let params = [own.into(), arrears.into(), before.into(), limit.into(), kind.into()];
    tx.query(&ENTRIES, &params).await?.iter().map(entry).collect()
}

/// The journals of one month that moved the user's money, oldest first.
pub(super) async fn movements(
    tx: &mut Tx,
    user: Uuid,
    month: i64,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let (own, arrears) = accounts_of_user(user);
    let params = [own.into(), arrears.into(), month.into(), limit.into()];
    tx.query(&MOVEMENTS, &params).await?.iter().map(entry).collect()
}

/// Each month with a journal, and what it moved.
pub(super) async fn months(tx: &mut Tx, user: Uuid) -> Result<Vec<(i64, Paise)>, DbError> {
    let (own, arrears) = accounts_of_user(user);
    let read = |row: &Row| Ok((row.get("month")?, row.get("amount")?));
    tx.query(&MONTHS, &[own.into(), arrears.into()]).await?.iter().map(read).collect()
}

async fn number<T: FromValue>(tx: &mut Tx, sql: &db::Sql, column: &str) -> Result<T, DbError> {
    tx.query_one(sql, &[]).await?.get(column)
}

/// Debits, credits, journals that do not balance, accounts that differ from their lines, accounts below their limit.
pub(super) async fn audit(tx: &mut Tx) -> Result<(Paise, Paise, i64, i64, i64), DbError> {
    let totals = tx.query_one(&TOTALS, &[]).await?;
    Ok((
        totals.get("debit")?,
        totals.get("credit")?,
        number(tx, &UNBALANCED, "n").await?,
        number(tx, &DRIFTED, "n").await?,
        number(tx, &BELOW, "n").await?,
    ))
}

/// What is held for a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HoldRow {
    pub(super) amount: Paise,
    /// Settled: nothing is held any more, ever.
    pub(super) captured: bool,
    pub(super) steps: i64,
}

fn hold(row: &Row) -> Result<HoldRow, DbError> {
    Ok(HoldRow {
        amount: row.get("amount")?,
        captured: row.get::<String>("state")? == "captured",
        steps: row.get("steps")?,
    })
}

pub(super) async fn find_hold(tx: &mut Tx, contract: Uuid) -> Result<Option<HoldRow>, DbError> {
    tx.query_opt(&FIND_HOLD, &[contract.into()]).await?.as_ref().map(hold).transpose()
}

/// Under a row lock; the account's is taken before.
pub(super) async fn lock_hold(tx: &mut Tx, contract: Uuid) -> Result<Option<HoldRow>, DbError> {
    tx.query_opt(&LOCK_HOLD, &[contract.into()]).await?.as_ref().map(hold).transpose()
}

/// As [`lock_hold`], opened when there is none. The account must be there.
pub(super) async fn open_hold(tx: &mut Tx, contract: Uuid, account: &AccountId) -> Result<HoldRow, DbError> {
    tx.execute(&OPEN_HOLD, &[contract.into(), account.key().into()]).await?;
    let hold = lock_hold(tx, contract).await?;
    hold.ok_or(DbError::NotFound { statement: "settlement::LOCK_HOLD" })
}

pub(super) async fn update_hold(tx: &mut Tx, contract: Uuid, hold: &HoldRow) -> Result<(), DbError> {
    let state = if hold.captured { "captured" } else { "open" };
    tx.execute(&UPDATE_HOLD, &[contract.into(), hold.amount.into(), state.into(), hold.steps.into()]).await?;
    Ok(())
}

/// Adds a rate; gives the one that now stands for its date.
pub(super) async fn insert_rate(tx: &mut Tx, rate: &Rate) -> Result<Price, DbError> {
    let [network, discom, kind, from] = [
        rate.network_id.as_str().into(),
        rate.discom.as_str().into(),
        rate.kind.as_str().into(),
        rate.from.into(),
    ];
    let key = [network, discom, kind, from];
    let mut row = key.to_vec();
    row.push(rate.rate.into());
    tx.execute(&INSERT_RATE, &row).await?;
    tx.query_one(&FIND_RATE, &key).await?.get("rate")
}

/// The rates that may apply in that network and DISCOM.
pub(super) async fn rates(tx: &mut Tx, network_id: &str, discom: &str) -> Result<Vec<Rate>, DbError> {
    let read = |row: &Row| {
        Ok(Rate {
            network_id: row.get("network_id")?,
            discom: row.get("discom")?,
            kind: RateKind::parse(&row.get::<String>("kind")?)?,
            from: row.get("valid_from")?,
            rate: row.get("rate")?,
        })
    };
    tx.query(&RATES, &[network_id.into(), discom.into(), ANY.into()]).await?.iter().map(read).collect()
}
