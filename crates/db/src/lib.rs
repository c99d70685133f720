//! One SQL text, two databases: SQLite with grouped commits, PostgreSQL.
//!
//! The only crate that knows a driver. There is one way in:
//!
//! ```
//! # use db::{Db, DbError, params};
//! # use units::Paise;
//! db::sql! {
//!     BALANCE = "SELECT paise FROM accounts WHERE id = $1 {FOR UPDATE}";
//!     SET_BALANCE = "UPDATE accounts SET paise = $2 WHERE id = $1";
//! }
//!
//! # #[derive(Debug, thiserror::Error)]
//! # enum LedgerError {
//! #     #[error("out of range")]
//! #     OutOfRange,
//! #     #[error(transparent)]
//! #     Db(#[from] DbError),
//! # }
//! async fn credit(db: &Db, id: String, amount: Paise) -> Result<(), LedgerError> {
//!     db.write(move |tx| {
//!         let id = id.clone();
//!         Box::pin(async move {
//!             let balance: Paise = tx.query_one(&BALANCE, &params![&id]).await?.get("paise")?;
//!             let balance = balance.checked_add(amount).ok_or(LedgerError::OutOfRange)?;
//!             tx.execute(&SET_BALANCE, &params![&id, balance]).await?;
//!             Ok(())
//!         })
//!     })
//!     .await
//! }
//! ```
//!
//! Invariants: nothing but the database is awaited inside a body; SQLite refuses a body that does
//! ([`DbError::Suspended`]), so that every test finds it. A body may run more than once: it has no effect but
//! through its transaction. No float goes in or comes out. Money, energy and instants are 64-bit integers on
//! both databases.

mod error;
mod migrate;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod stats;
mod tx;
mod value;
mod vault;

use std::collections::BTreeSet;
use std::sync::Arc;

use clock::{Clock, Entropy, SystemClock, SystemEntropy};
use units::Timestamp;

pub use crate::error::{DbError, MigrationFault};
pub use crate::migrate::Migration;
pub use crate::row::{Cell, FromValue, Mismatch, Row};
pub use crate::sql::{Dialect, Sql};
pub use crate::stats::Stats;
pub use crate::tx::{Tx, TxFuture};
pub use crate::value::{Nullable, Value};
pub use crate::vault::{DataKey, Vault};

use crate::postgres::{Mode, Postgres};
use crate::sqlite::Sqlite;
use crate::stats::Gauge;

/// How a database is used.
#[derive(Clone)]
pub struct Options {
    /// SQLite: the most transactions in one commit; 1 gives each its own.
    pub group_max: usize,
    /// SQLite: how many writes may wait; more make their callers wait for a place.
    pub queue_max: usize,
    /// SQLite: read connections kept open.
    pub readers_max: usize,
    /// PostgreSQL: the most connections.
    pub pool_max: u32,
    /// Measures how long bodies take.
    pub clock: Arc<dyn Clock>,
    /// Spreads the retries of transactions that met.
    pub entropy: Arc<dyn Entropy>,
    /// Seals what stores seal; without it they store it as it is.
    pub vault: Option<Arc<Vault>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            group_max: 64,
            queue_max: 1_024,
            readers_max: 8,
            pool_max: 16,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            vault: None,
        }
    }
}

/// A handle on a database; cheap to clone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    driver: Driver,
    gauge: Arc<Gauge>,
    vault: Option<Arc<Vault>>,
}

enum Driver {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Db {
    /// Connects to `sqlite:PATH` (a file, made when absent) or `postgres://…`.
    ///
    /// # Errors
    /// [`DbError::Url`] for any other scheme, so that a slip of the pen makes no empty database;
    /// [`DbError::Unavailable`] when it cannot be opened or reached.
    pub async fn connect(url: &str, options: &Options) -> Result<Self, DbError> {
        let gauge = Arc::new(Gauge::new(Arc::clone(&options.clock)));
        let driver = match url.split_once(':') {
            Some(("sqlite", rest)) => {
                Driver::Sqlite(Sqlite::open(sqlite::path(rest)?, options, Arc::clone(&gauge)).await?)
            }
            Some(("postgres" | "postgresql", _)) => {
                Driver::Postgres(Postgres::connect(url, options, Arc::clone(&gauge)).await?)
            }
            _ => return Err(DbError::Url("neither sqlite:PATH nor postgres://…")),
        };
        Ok(Self(Arc::new(Inner { driver, gauge, vault: options.vault.clone() })))
    }

    /// What seals bytes at rest, where this database was opened with it. A transaction gives the same.
    pub fn vault(&self) -> Option<&Arc<Vault>> {
        self.0.vault.as_ref()
    }

    pub fn dialect(&self) -> Dialect {
        match self.0.driver {
            Driver::Sqlite(_) => Dialect::Sqlite,
            Driver::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs the body in a transaction, and commits it when the body gives `Ok`; the commit is durable when
    /// this returns. SQLite runs bodies one after another; PostgreSQL at READ COMMITTED, so lock what you
    /// read in order to write it (`{FOR UPDATE}`). On a serialization failure or deadlock the body is run
    /// again, up to 5 times.
    ///
    /// When the returned future is dropped, the transaction may or may not happen, but never by half.
    ///
    /// # Errors
    /// The body's own, after which nothing has changed, and those of [`DbError`] about transactions: in
    /// particular [`DbError::Aborted`] when the body gave `Ok` although one of its statements had failed.
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.0.driver {
            Driver::Sqlite(sqlite) => sqlite.write(body).await,
            Driver::Postgres(postgres) => postgres.run(Mode::Write, &body).await,
        }
    }

    /// Runs the body on one snapshot that it cannot change. SQLite runs it on the calling thread: keep it
    /// short.
    ///
    /// # Errors
    /// The body's own, and [`DbError::ReadOnly`] for a statement that writes or locks.
    pub async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        match &self.0.driver {
            Driver::Sqlite(sqlite) => sqlite.read(&body),
            Driver::Postgres(postgres) => postgres.run(Mode::Read, &body).await,
        }
    }

    /// Applies the component's migrations that are missing, one transaction each, and gives their number.
    ///
    /// # Errors
    /// [`DbError::Migration`]: what was applied before the failing one stays applied.
    pub async fn migrate(
        &self,
        component: &str,
        migrations: &[Migration],
        now: Timestamp,
    ) -> Result<usize, DbError> {
        migrate::run(self, component, migrations, now).await
    }

    /// Prepares each statement on this database: its syntax, tables, columns and parameters.
    ///
    /// # Errors
    /// One line for each statement that cannot be prepared, whose result has two columns of one name, or that
    /// would end the transaction.
    pub async fn check_statements(&self, statements: &[&Sql]) -> Result<(), Vec<String>> {
        let mut faults = Vec::new();
        for sql in statements {
            if ends_transaction(sql.text()) {
                faults.push(format!("{}: transactions are begun and ended by db alone", sql.name()));
                continue;
            }
            let prepared = match &self.0.driver {
                Driver::Sqlite(sqlite) => sqlite.prepare(sql),
                Driver::Postgres(postgres) => postgres.prepare(sql).await,
            };
            match prepared {
                Err(fault) => faults.push(format!("{}: {fault}", sql.name())),
                Ok(columns) => {
                    let mut seen = BTreeSet::new();
                    let twice = columns.iter().filter(|column| !seen.insert(column.as_str()));
                    faults.extend(twice.map(|column| format!("{}: two columns {column}", sql.name())));
                }
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] or [`DbError::Closed`].
    pub async fn ping(&self) -> Result<(), DbError> {
        const PING: Sql = Sql::new("db::PING", "SELECT 1 AS one");
        if let Driver::Sqlite(sqlite) = &self.0.driver
            && sqlite.is_closed()
        {
            return Err(DbError::Closed);
        }
        self.read(|tx| Box::pin(async move { tx.query_one(&PING, &[]).await.map(drop) })).await
    }

    /// Finishes the writes already accepted, refuses later ones with [`DbError::Closed`], and lets go of the
    /// database.
    pub async fn close(&self) {
        match &self.0.driver {
            Driver::Sqlite(sqlite) => sqlite.close().await,
            Driver::Postgres(postgres) => postgres.close().await,
        }
    }

    pub fn stats(&self) -> Stats {
        self.0.gauge.read()
    }
}

fn ends_transaction(text: &str) -> bool {
    let verb = text.split_whitespace().next().unwrap_or_default().trim_end_matches(';').to_ascii_uppercase();
    matches!(
        verb.as_str(),
        "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE"
    )
}
