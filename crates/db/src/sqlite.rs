//! SQLite: one writer thread that groups commits, and readers that run on the caller's thread.
//!
//! Invariants: a file, never memory; WAL with `synchronous=FULL`, so an acknowledged commit survives a power
//! cut; the only connection that can write belongs to the writer thread; readers are opened read-only.

pub(crate) mod constraint;
pub(crate) mod statement;
pub(crate) mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use crate::stats::Gauge;
use crate::tx::{TxFuture, run_at_once};
use crate::{DbError, Options, Sql, Tx, Vault};
use statement::control;
use writer::{Message, WriteJob};

/// Statements kept prepared on each connection.
const STATEMENTS_KEPT: usize = 256;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct Sqlite {
    writer: mpsc::Sender<Message>,
    readers: Readers,
}

impl Sqlite {
    /// Opens the file, creating it when absent, and starts the writer thread.
    pub(crate) async fn open(path: PathBuf, options: &Options, gauge: Arc<Gauge>) -> Result<Self, DbError> {
        let file = path.clone();
        // Opening waits for other processes, up to the busy timeout.
        let opened = tokio::task::spawn_blocking(move || open_writer(&file)).await;
        let connection = opened.map_err(|fault| DbError::Other(fault.to_string()))??;
        let (sender, receiver) = mpsc::channel(options.queue_max.max(1));
        let tx = Tx::on_sqlite(connection, false, options.vault.clone());
        writer::spawn(tx, receiver, options.group_max.max(1), gauge)?;
        Ok(Self { writer: sender, readers: Readers::new(path, options) })
    }

    pub(crate) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Message::Job(Box::new(WriteJob::new(body, reply)));
        if self.writer.send(job).await.is_err() {
            return Err(DbError::Closed.into());
        }
        answer.await.unwrap_or_else(|_| Err(DbError::Closed.into()))
    }

    /// Runs on the thread of the caller: a point read costs microseconds, a hop to another thread more.
    pub(crate) fn read<T, E, F>(&self, body: &F) -> Result<T, E>
    where
        F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>>,
        E: From<DbError>,
    {
        let mut tx = self.readers.take()?;
        begin(&tx, "BEGIN")?;
        let result = run_at_once(body, &mut tx);
        if begin(&tx, "ROLLBACK").is_ok() {
            tx.renew();
            self.readers.put_back(tx);
        }
        result
    }

    /// Prepares the statement without running it.
    pub(crate) fn prepare(&self, sql: &Sql) -> Result<Vec<String>, DbError> {
        let tx = self.readers.take()?;
        let columns = tx.sqlite().map(|connection| statement::columns(connection, sql)).transpose();
        self.readers.put_back(tx);
        columns.map(Option::unwrap_or_default)
    }

    /// Waits for the writes already accepted, refuses later ones, and closes the file.
    pub(crate) async fn close(&self) {
        self.readers.close();
        let (done, closed) = oneshot::channel();
        if self.writer.send(Message::Close(done)).await.is_ok() {
            // An error means that the thread has ended, which is what is waited for.
            let _ = closed.await;
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.writer.is_closed()
    }
}

fn begin(tx: &Tx, verb: &'static str) -> Result<(), DbError> {
    tx.sqlite().map_or(Ok(()), |connection| control(connection, verb))
}

/// The path in a `sqlite:` URL.
pub(crate) fn path(rest: &str) -> Result<PathBuf, DbError> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.is_empty() || path.contains(":memory:") || path.contains('?') {
        return Err(DbError::Url("sqlite: takes the path of a file, without parameters"));
    }
    Ok(PathBuf::from(path))
}

fn open_writer(path: &Path) -> Result<Connection, DbError> {
    create_private(path)?;
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).map_err(statement::unmapped)?;
    if mode != "wal" {
        return Err(DbError::Unavailable(format!("journal mode {mode} where wal is needed")));
    }
    // The log shrinks again after a burst of writes under a long read. What a savepoint may have to take back is kept
    // in memory: a body of some 64 KiB would else write it to a file in a folder that is not ours.
    let pragmas = "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY;";
    connection.execute_batch(pragmas).map_err(statement::unmapped)?;
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection, DbError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch("PRAGMA query_only=ON;").map_err(statement::unmapped)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, DbError> {
    let set_up = || {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // "name" is an identifier and never text, as on PostgreSQL.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        // Plans do not look at parameters; else every `LIMIT $1` would be prepared anew for each value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch("PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;")?;
        Ok(connection)
    };
    set_up().map_err(statement::unmapped)
}

/// The file holds people's data: nobody else on the machine may read it. SQLite gives its companions the same
/// mode.
fn create_private(path: &Path) -> Result<(), DbError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|fault| DbError::Unavailable(fault.to_string()))
}

/// Idle read-only connections. A read never suspends, so no more are in use than there are threads.
struct Readers {
    path: PathBuf,
    idle_max: usize,
    idle: Mutex<Vec<Tx>>,
    closed: AtomicBool,
    vault: Option<Arc<Vault>>,
}

impl Readers {
    fn new(path: PathBuf, options: &Options) -> Self {
        Self {
            path,
            idle_max: options.readers_max,
            idle: Mutex::new(Vec::new()),
            closed: AtomicBool::new(false),
            vault: options.vault.clone(),
        }
    }

    fn take(&self) -> Result<Tx, DbError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(DbError::Closed);
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            Some(tx) => Ok(tx),
            None => Ok(Tx::on_sqlite(open_reader(&self.path)?, true, self.vault.clone())),
        }
    }

    fn put_back(&self, tx: Tx) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.idle_max && !self.closed.load(Ordering::SeqCst) {
            idle.push(tx);
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
