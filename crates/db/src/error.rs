//! What can go wrong between the domain and its database.
//!
//! Invariants: one variant means the same on both databases; constraint names are those PostgreSQL gives,
//! also on SQLite. The texts of `Unavailable` and `Other` come from a driver and are for the log, never for a
//! client.

/// An error of the database or of its use. Cheap to clone: a failed commit is told to every member of its
/// group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// A unique constraint or index refused the row. `constraint` is the index name, or the name PostgreSQL
    /// would give an unnamed one (`table_pkey`, `table_column_key`). A row that two constraints refuse is
    /// reported under either.
    #[error("unique constraint {constraint} refused the row")]
    Unique { constraint: String },
    /// A CHECK refused the row. Name every CHECK: SQLite reports the expression of an unnamed one.
    #[error("check constraint {constraint} refused the row")]
    Check { constraint: String },
    #[error("a foreign key refused the change")]
    ForeignKey,
    /// `column` is `table.column`.
    #[error("{column} may not be null")]
    NotNull { column: String },
    /// `query_one` found no row.
    #[error("{statement} found no row")]
    NotFound { statement: &'static str },
    /// `query_one` or `query_opt` found more than one row.
    #[error("{statement} found more than one row")]
    TooManyRows { statement: &'static str },
    /// The transaction met a concurrent one, and was tried as often as allowed.
    #[error("the transaction met concurrent ones too often")]
    Serialization,
    /// A statement failed earlier in this transaction, so nothing more can be done in it.
    #[error("an earlier statement of this transaction failed")]
    Aborted,
    /// The body awaited something other than its transaction.
    #[error("something other than the database was awaited inside a transaction")]
    Suspended,
    /// The body panicked; its changes are undone.
    #[error("a transaction body panicked")]
    Panicked,
    /// A read transaction tried to write or to lock.
    #[error("a read transaction cannot write")]
    ReadOnly,
    #[error("the database is closed")]
    Closed,
    /// The database could not be reached, or another process held it too long. After a lost connection during
    /// a commit the outcome is unknown.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A column is absent or does not hold what was asked of it.
    #[error("column {column}: {reason}")]
    Column { column: String, reason: String },
    #[error("{statement} takes {expected} parameters, {given} given")]
    Parameters { statement: &'static str, expected: usize, given: usize },
    /// PostgreSQL cannot store U+0000 in text, so neither database is asked to.
    #[error("a text parameter of {statement} contains U+0000")]
    NulInText { statement: &'static str },
    /// What was stored sealed does not open: another key, another place, or damage.
    #[error("what is stored does not open with this key")]
    Sealed,
    #[error("database URL: {0}")]
    Url(&'static str),
    #[error("migration {version} of {component}: {fault}")]
    Migration { component: String, version: u32, fault: MigrationFault },
    #[error("database: {0}")]
    Other(String),
}

/// Why a component's schema cannot be brought up to date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationFault {
    #[error("the numbers of the program's list must grow, from 1")]
    Misnumbered,
    #[error("its text differs from the one that was applied")]
    Changed,
    #[error("a later one is applied, but not this one")]
    Gap,
    #[error("applied by a newer program")]
    Newer,
    #[error("another process has been migrating for too long")]
    Locked,
    #[error("failed: {0}")]
    Failed(Box<DbError>),
}
