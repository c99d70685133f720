//! Bringing a component's schema up to date, forward only.
//!
//! Each component (the server, a mock) has its own list, numbered upwards. Invariants: one
//! transaction per migration, in which it is both applied and recorded; what is applied is never edited (its
//! checksum is kept); a database that a newer program has touched is refused. On PostgreSQL an advisory lock
//! is tried for inside each transaction rather than waited for: a session that waits would hold back `CREATE
//! INDEX CONCURRENTLY`.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use units::Timestamp;

use crate::error::MigrationFault;
use crate::{Db, DbError, Dialect, Sql, Tx, params};

/// One step of a schema, in both dialects, with one meaning. Either text may hold several statements.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    pub version: u32,
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

const CREATE_SQLITE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (component TEXT NOT NULL, \
     version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL, \
     PRIMARY KEY (component, version)) STRICT";
const CREATE_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (component TEXT NOT NULL, \
     version BIGINT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, \
     PRIMARY KEY (component, version))";
const APPLIED: Sql = Sql::new(
    "db::APPLIED",
    "SELECT version, checksum FROM schema_migrations WHERE component = $1 ORDER BY version",
);
const RECORD: Sql = Sql::new(
    "db::RECORD",
    "INSERT INTO schema_migrations (component, version, name, checksum, applied_at) \
     VALUES ($1, $2, $3, $4, $5)",
);
/// One lock per schema: two schemas of one database do not hold each other up.
const TRY_LOCK: Sql = Sql::new(
    "db::TRY_LOCK",
    "SELECT pg_try_advisory_xact_lock(hashtextextended(current_schema(), $1)) AS locked",
);
const LOCK_SEED: i64 = 0x7761_7474;

const LOCK_PAUSE: Duration = Duration::from_millis(50);
const LOCK_TRIES: u32 = 1_200;

enum Step {
    Applied,
    UpToDate,
    Locked,
}

pub(crate) async fn run(
    db: &Db,
    component: &str,
    known: &[Migration],
    now: Timestamp,
) -> Result<usize, DbError> {
    let plan = Arc::new(Plan { component: component.to_owned(), known: known.to_vec(), now });
    plan.check_numbers()?;
    let (mut applied, mut tries) = (0, 0);
    loop {
        let this = Arc::clone(&plan);
        let step = db.write(move |tx| {
            let plan = Arc::clone(&this);
            Box::pin(async move { plan.step(tx).await })
        });
        match step.await? {
            Step::Applied => applied += 1,
            Step::UpToDate => return Ok(applied),
            Step::Locked if tries < LOCK_TRIES => {
                tries += 1;
                wait_for_lock().await;
            }
            Step::Locked => return Err(plan.fault(0, MigrationFault::Locked)),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the other process works in real time, whatever the clocks say"
)]
async fn wait_for_lock() {
    tokio::time::sleep(LOCK_PAUSE).await;
}

struct Plan {
    component: String,
    known: Vec<Migration>,
    now: Timestamp,
}

impl Plan {
    fn fault(&self, version: u32, fault: MigrationFault) -> DbError {
        DbError::Migration { component: self.component.clone(), version, fault }
    }

    fn check_numbers(&self) -> Result<(), DbError> {
        let mut last = 0;
        for migration in &self.known {
            if migration.version <= last {
                return Err(self.fault(migration.version, MigrationFault::Misnumbered));
            }
            last = migration.version;
        }
        Ok(())
    }

    /// Compares the record with the list, and applies the next migration that is missing.
    async fn step(&self, tx: &mut Tx) -> Result<Step, DbError> {
        let create = match tx.dialect() {
            Dialect::Sqlite => CREATE_SQLITE,
            Dialect::Postgres => {
                if !tx.query_one(&TRY_LOCK, &params![LOCK_SEED]).await?.get::<bool>("locked")? {
                    return Ok(Step::Locked);
                }
                CREATE_POSTGRES
            }
        };
        tx.batch(create).await?;
        let applied = self.check_applied(tx).await?;
        let Some(next) = self.known.get(applied) else { return Ok(Step::UpToDate) };
        let text = text(next, tx.dialect());
        tx.batch(text)
            .await
            .map_err(|fault| self.fault(next.version, MigrationFault::Failed(Box::new(fault))))?;
        let record = params![self.component.as_str(), next.version, next.name, checksum(text), self.now];
        tx.execute(&RECORD, &record).await?;
        tracing::info!(component = self.component, version = next.version, name = next.name, "migrated");
        Ok(Step::Applied)
    }

    /// How many are applied: the first so many of the list, unchanged.
    async fn check_applied(&self, tx: &mut Tx) -> Result<usize, DbError> {
        let rows = tx.query(&APPLIED, &params![self.component.as_str()]).await?;
        for (index, row) in rows.iter().enumerate() {
            let version: u32 = row.get("version")?;
            if self.known.last().is_none_or(|newest| version > newest.version) {
                return Err(self.fault(version, MigrationFault::Newer));
            }
            let Some(migration) = self.known.get(index).filter(|migration| migration.version == version)
            else {
                let missing = self.known.get(index).map_or(version, |migration| migration.version);
                return Err(self.fault(missing, MigrationFault::Gap));
            };
            if row.get::<String>("checksum")? != checksum(text(migration, tx.dialect())) {
                return Err(self.fault(version, MigrationFault::Changed));
            }
        }
        Ok(rows.len())
    }
}

const fn text(migration: &Migration, dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => migration.sqlite,
        Dialect::Postgres => migration.postgres,
    }
}

fn checksum(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
