//! PostgreSQL through sqlx: a pool, prepared statements by text, retry of transactions that met one another.
//!
//! Invariants: writes are READ COMMITTED, with the row locks that the statements ask for; reads are one
//! read-only snapshot (REPEATABLE READ); a body that does not end well is rolled back.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clock::Ids;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgPool, PgPoolOptions, PgRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Executor, Postgres as Driver, Row as _, TypeInfo, ValueRef,
};

use crate::row::{Cell, Row, column_error};
use crate::stats::Gauge;
use crate::tx::{TxFuture, run_awaiting};
use crate::{DbError, Dialect, Options, Sql, Tx, Value, Vault};

/// Attempts after the first.
const RETRIES_MAX: u32 = 5;
const BACKOFF_MICROS: u64 = 2_000;
const STATEMENTS_KEPT: usize = 256;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) struct Postgres {
    pool: PgPool,
    pool_max: u32,
    ids: Ids,
    gauge: Arc<Gauge>,
    vault: Option<Arc<Vault>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Read,
}

impl Mode {
    const fn begin(self) -> &'static str {
        match self {
            Self::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
            Self::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }
}

impl Postgres {
    pub(crate) async fn connect(url: &str, options: &Options, gauge: Arc<Gauge>) -> Result<Self, DbError> {
        let connect = PgConnectOptions::from_str(url)
            .map_err(|_| DbError::Url("postgres: not a URL that can be read"))?
            .statement_cache_capacity(STATEMENTS_KEPT)
            .disable_statement_logging();
        let pool_max = options.pool_max.max(1);
        let pool = PgPoolOptions::new()
            .max_connections(pool_max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .connect_with(connect)
            .await
            .map_err(mapped)?;
        let ids = Ids::new(Arc::clone(&options.clock), Arc::clone(&options.entropy));
        Ok(Self { pool, pool_max, ids, gauge, vault: options.vault.clone() })
    }

    pub(crate) async fn run<T, E, F>(&self, mode: Mode, body: &F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>> + Sync,
        E: From<DbError>,
    {
        let mut retries = 0;
        loop {
            let Attempt { result, met_another } = self.attempt(mode, body).await;
            if !met_another || result.is_ok() || retries == RETRIES_MAX {
                return result;
            }
            self.back_off(retries).await;
            retries += 1;
        }
    }

    async fn attempt<T, E, F>(&self, mode: Mode, body: &F) -> Attempt<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>> + Sync,
        E: From<DbError>,
    {
        let mut tx = match self.begin(mode).await {
            Ok(transaction) => Tx::on_postgres(transaction, mode == Mode::Read, self.vault.clone()),
            Err(fault) => return Attempt::ended(Err(fault.into())),
        };
        let begun = self.gauge.begin();
        let result = run_awaiting(body, &mut tx).await;
        if mode == Mode::Write {
            self.gauge.end(begun);
        }
        let met_another = tx.met_another();
        let Some(transaction) = tx.into_postgres() else { return Attempt::ended(result) };
        if result.is_err() {
            // A connection that cannot roll back is broken, and the server rolls back when it goes.
            let _ = transaction.rollback().await;
            return Attempt { result, met_another };
        }
        match transaction.commit().await.map_err(mapped) {
            Ok(()) => {
                if mode == Mode::Write {
                    self.gauge.committed();
                }
                Attempt::ended(result)
            }
            Err(fault) => Attempt { met_another: fault == DbError::Serialization, result: Err(fault.into()) },
        }
    }

    /// Two that met would meet again if they waited equally long.
    #[expect(clippy::disallowed_methods, reason = "contention passes in real time, whatever the clocks say")]
    async fn back_off(&self, retries: u32) {
        let ceiling = BACKOFF_MICROS << retries;
        tokio::time::sleep(Duration::from_micros(ceiling / 2 + self.ids.below(ceiling))).await;
    }

    /// Idle connections are not tested, so after a restart of the server each of them may fail here once.
    async fn begin(&self, mode: Mode) -> Result<sqlx::Transaction<'static, Driver>, DbError> {
        let mut left = self.pool_max;
        loop {
            match self.pool.begin_with(mode.begin()).await {
                Ok(transaction) => return Ok(transaction),
                Err(fault) if left > 0 && is_broken(&fault) => left -= 1,
                Err(fault) => return Err(mapped(fault)),
            }
        }
    }

    /// Prepares the statement without running it, and gives the columns of its result.
    pub(crate) async fn prepare(&self, sql: &Sql) -> Result<Vec<String>, DbError> {
        let mut connection = self.pool.acquire().await.map_err(mapped)?;
        let text = sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(sql.render(Dialect::Postgres)));
        let statement = connection.prepare(text).await.map_err(mapped)?;
        Ok(sqlx::Statement::columns(&statement).iter().map(|column| column.name().to_owned()).collect())
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

struct Attempt<T, E> {
    result: Result<T, E>,
    met_another: bool,
}

impl<T, E> Attempt<T, E> {
    fn ended(result: Result<T, E>) -> Self {
        Self { result, met_another: false }
    }
}

type PgQuery = sqlx::query::Query<'static, Driver, sqlx::postgres::PgArguments>;

/// Nulls are bound with the type of their variant: an untyped one has no type on PostgreSQL.
fn bound(text: Cow<'static, str>, params: &[Value]) -> PgQuery {
    let query = sqlx::query(AssertSqlSafe(text));
    params.iter().fold(query, |query, value| match value {
        Value::I64(value) => query.bind(*value),
        Value::Text(value) => query.bind(value.as_deref()),
        Value::Bytes(value) => query.bind(value.as_deref()),
    })
}

type Transaction = sqlx::Transaction<'static, Driver>;

pub(crate) async fn execute(
    tx: &mut Transaction,
    text: Cow<'static, str>,
    params: &[Value],
) -> Result<u64, DbError> {
    let done = bound(text, params).execute(&mut **tx).await.map_err(mapped)?;
    Ok(done.rows_affected())
}

pub(crate) async fn query(
    tx: &mut Transaction,
    text: Cow<'static, str>,
    params: &[Value],
) -> Result<Vec<Row>, DbError> {
    let rows = bound(text, params).fetch_all(&mut **tx).await.map_err(mapped)?;
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let columns: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
    rows.iter().map(|row| Ok(Row::new(Arc::clone(&columns), cells(row, &columns)?))).collect()
}

/// Several statements without parameters.
pub(crate) async fn batch(tx: &mut Transaction, text: &'static str) -> Result<(), DbError> {
    sqlx::raw_sql(text).execute(&mut **tx).await.map(drop).map_err(mapped)
}

fn cells(row: &PgRow, columns: &[String]) -> Result<Vec<Cell>, DbError> {
    let read = |(index, name): (usize, &String)| cell(row, index, name);
    columns.iter().enumerate().map(read).collect()
}

fn cell(row: &PgRow, index: usize, name: &str) -> Result<Cell, DbError> {
    let unreadable = |fault: sqlx::Error| column_error(name, fault.to_string());
    let raw = row.try_get_raw(index).map_err(unreadable)?;
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    let kind = raw.type_info();
    match kind.name() {
        "INT8" => row.try_get(index).map(Cell::I64).map_err(unreadable),
        "INT4" => row.try_get::<i32, _>(index).map(|value| Cell::I64(value.into())).map_err(unreadable),
        "INT2" => row.try_get::<i16, _>(index).map(|value| Cell::I64(value.into())).map_err(unreadable),
        // A comparison in a result; SQLite gives 0 or 1.
        "BOOL" => row.try_get::<bool, _>(index).map(|value| Cell::I64(value.into())).map_err(unreadable),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" => row.try_get(index).map(Cell::Text).map_err(unreadable),
        "BYTEA" => row.try_get(index).map(Cell::Bytes).map_err(unreadable),
        "NUMERIC" => Err(column_error(name, "is NUMERIC; cast it to BIGINT")),
        other => Err(column_error(name, format!("type {other} is not read"))),
    }
}

/// The connection is of no use, and nothing was begun on it.
fn is_broken(fault: &sqlx::Error) -> bool {
    match fault {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        // The server closed the session: administrator, crash, or starting up.
        sqlx::Error::Database(fault) => fault.code().is_some_and(|code| code == "57P01" || code == "57P02"),
        _ => false,
    }
}

fn mapped(fault: sqlx::Error) -> DbError {
    match &fault {
        sqlx::Error::Database(database) => match database.try_downcast_ref::<PgDatabaseError>() {
            Some(database) => mapped_by_code(database),
            None => DbError::Other(fault.to_string()),
        },
        sqlx::Error::PoolClosed => DbError::Closed,
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => DbError::Unavailable(fault.to_string()),
        _ => DbError::Other(fault.to_string()),
    }
}

fn mapped_by_code(fault: &PgDatabaseError) -> DbError {
    let constraint = || fault.constraint().unwrap_or_default().to_owned();
    match fault.code() {
        "23505" => DbError::Unique { constraint: constraint() },
        "23514" => DbError::Check { constraint: constraint() },
        "23503" => DbError::ForeignKey,
        "23502" => {
            let (table, column) = (fault.table().unwrap_or_default(), fault.column().unwrap_or_default());
            DbError::NotNull { column: format!("{table}.{column}") }
        }
        "40001" | "40P01" => DbError::Serialization,
        "25006" => DbError::ReadOnly,
        "25P02" => DbError::Aborted,
        // Out of connections, disk or memory; shutting down; starting up.
        code if code.starts_with("53") || code.starts_with("57P") => {
            DbError::Unavailable(fault.message().to_owned())
        }
        code => DbError::Other(format!("{code}: {}", fault.message())),
    }
}
