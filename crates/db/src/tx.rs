//! A transaction, the same on both databases.
//!
//! Invariants: once a statement has failed, every further one gives [`DbError::Aborted`] and nothing is
//! committed, as PostgreSQL has it; so write `ON CONFLICT DO NOTHING` rather than catching a constraint
//! error. A read transaction neither writes nor locks.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use sqlx::Postgres;

use crate::{DbError, Dialect, Row, Sql, Value, Vault, postgres, sqlite};

/// What a transaction body returns.
pub type TxFuture<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// A transaction in progress. Only [`crate::Db::write`] and [`crate::Db::read`] make one, and only they end
/// it.
pub struct Tx {
    driver: Driver,
    read_only: bool,
    fault: Option<Fault>,
    vault: Option<Arc<Vault>>,
}

/// What has already gone wrong in the transaction, whatever the body made of the error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Statement,
    Serialization,
}

enum Driver {
    Sqlite(rusqlite::Connection),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement and gives the number of rows it changed.
    ///
    /// # Errors
    /// Constraint errors, and everything else that [`DbError`] names for a statement.
    pub async fn execute(&mut self, sql: &Sql, params: &[Value]) -> Result<u64, DbError> {
        self.admit(sql, params)?;
        let text = sql.render(self.dialect());
        let outcome = match &mut self.driver {
            Driver::Sqlite(connection) => sqlite::statement::execute(connection, &text, params),
            Driver::Postgres(transaction) => postgres::execute(transaction, text, params).await,
        };
        self.note(outcome)
    }

    /// Runs a statement and gives all its rows. Bound the number of them in the statement.
    ///
    /// # Errors
    /// As [`Tx::execute`].
    pub async fn query(&mut self, sql: &Sql, params: &[Value]) -> Result<Vec<Row>, DbError> {
        self.admit(sql, params)?;
        let text = sql.render(self.dialect());
        let outcome = match &mut self.driver {
            Driver::Sqlite(connection) => sqlite::statement::query(connection, &text, params),
            Driver::Postgres(transaction) => postgres::query(transaction, text, params).await,
        };
        self.note(outcome)
    }

    /// The row, if there is one.
    ///
    /// # Errors
    /// As [`Tx::execute`], and [`DbError::TooManyRows`].
    pub async fn query_opt(&mut self, sql: &Sql, params: &[Value]) -> Result<Option<Row>, DbError> {
        let mut rows = self.query(sql, params).await?;
        let row = rows.pop();
        if rows.is_empty() { Ok(row) } else { Err(DbError::TooManyRows { statement: sql.name() }) }
    }

    /// The one row.
    ///
    /// # Errors
    /// As [`Tx::query_opt`], and [`DbError::NotFound`].
    pub async fn query_one(&mut self, sql: &Sql, params: &[Value]) -> Result<Row, DbError> {
        self.query_opt(sql, params).await?.ok_or(DbError::NotFound { statement: sql.name() })
    }

    /// Which database this is. For what SQL cannot say once; a store should not need it.
    pub fn dialect(&self) -> Dialect {
        match self.driver {
            Driver::Sqlite(_) => Dialect::Sqlite,
            Driver::Postgres(_) => Dialect::Postgres,
        }
    }

    /// What seals bytes at rest, where the database was opened with it.
    pub fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.as_ref()
    }

    /// Runs several statements without parameters: a migration.
    pub(crate) async fn batch(&mut self, text: &'static str) -> Result<(), DbError> {
        let outcome = match &mut self.driver {
            Driver::Sqlite(connection) => sqlite::statement::batch(connection, text),
            Driver::Postgres(transaction) => postgres::batch(transaction, text).await,
        };
        self.note(outcome)
    }

    pub(crate) fn on_sqlite(
        connection: rusqlite::Connection,
        read_only: bool,
        vault: Option<Arc<Vault>>,
    ) -> Self {
        Self { driver: Driver::Sqlite(connection), read_only, fault: None, vault }
    }

    pub(crate) fn on_postgres(
        transaction: sqlx::Transaction<'static, Postgres>,
        read_only: bool,
        vault: Option<Arc<Vault>>,
    ) -> Self {
        Self { driver: Driver::Postgres(transaction), read_only, fault: None, vault }
    }

    /// The connection, to begin and end transactions on it.
    pub(crate) fn sqlite(&self) -> Option<&rusqlite::Connection> {
        match &self.driver {
            Driver::Sqlite(connection) => Some(connection),
            Driver::Postgres(_) => None,
        }
    }

    pub(crate) fn into_postgres(self) -> Option<sqlx::Transaction<'static, Postgres>> {
        match self.driver {
            Driver::Sqlite(_) => None,
            Driver::Postgres(transaction) => Some(transaction),
        }
    }

    /// Forgets the faults of the body before, when the connection begins anew.
    pub(crate) fn renew(&mut self) {
        self.fault = None;
    }

    /// Says that this transaction has met another one in a way that only its body sees, such as an insert that found
    /// the row of a faster one. It takes no more statements; `write` tries its body again, as after a conflict that the
    /// database itself reports.
    pub fn met(&mut self) -> DbError {
        self.fault = Some(Fault::Serialization);
        DbError::Serialization
    }

    pub(crate) fn met_another(&self) -> bool {
        self.fault == Some(Fault::Serialization)
    }

    /// Refuses what either database would refuse, in the same way on both, before it is asked.
    fn admit(&self, sql: &Sql, params: &[Value]) -> Result<(), DbError> {
        let statement = sql.name();
        if self.fault.is_some() {
            return Err(DbError::Aborted);
        }
        if params.len() != sql.parameters() {
            return Err(DbError::Parameters { statement, expected: sql.parameters(), given: params.len() });
        }
        if params.iter().any(|value| matches!(value, Value::Text(Some(text)) if text.contains('\0'))) {
            return Err(DbError::NulInText { statement });
        }
        if self.read_only && sql.locks() {
            return Err(DbError::ReadOnly);
        }
        Ok(())
    }

    fn note<T>(&mut self, outcome: Result<T, DbError>) -> Result<T, DbError> {
        match &outcome {
            Ok(_) => {}
            // The rows arrived, but hold a type that this crate does not read: the transaction is whole.
            Err(DbError::Column { .. }) => {}
            Err(DbError::Serialization) => self.fault = Some(Fault::Serialization),
            Err(_) => self.fault = Some(Fault::Statement),
        }
        outcome
    }

    /// A body that swallowed the error of a statement has not succeeded.
    fn judge<T, E: From<DbError>>(&self, result: Result<T, E>) -> Result<T, E> {
        if result.is_ok() && self.fault.is_some() { Err(DbError::Aborted.into()) } else { result }
    }
}

/// Runs a body whose statements never suspend, so that one poll must finish it.
pub(crate) fn run_at_once<T, E, F>(body: &F, tx: &mut Tx) -> Result<T, E>
where
    F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>>,
    E: From<DbError>,
{
    let mut context = Context::from_waker(Waker::noop());
    let polled =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| body(tx).as_mut().poll(&mut context)));
    let result = match polled {
        Ok(Poll::Ready(result)) => result,
        Ok(Poll::Pending) => Err(DbError::Suspended.into()),
        Err(_) => Err(DbError::Panicked.into()),
    };
    tx.judge(result)
}

/// Runs a body on a connection whose statements suspend.
pub(crate) async fn run_awaiting<T, E, F>(body: &F, tx: &mut Tx) -> Result<T, E>
where
    F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>> + Sync,
    E: From<DbError>,
{
    let finished = std::panic::AssertUnwindSafe(async { body(tx).await }).catch_unwind().await;
    let result = finished.unwrap_or_else(|_| Err(DbError::Panicked.into()));
    tx.judge(result)
}
