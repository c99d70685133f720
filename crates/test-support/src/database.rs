//! A fresh database for each test: an SQLite file, or a schema of the PostgreSQL at
//! `WATTMANDI_TEST_POSTGRES`.
//!
//! [`crate::both_databases!`] writes each test twice, so that the counts per database can be read off the
//! test names. Without the variable the PostgreSQL half prints that it is skipped; with `CI=true` it fails
//! instead (ruling 34).

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use db::{Db, Migration, Options, Sql, Vault};
use units::Timestamp;

/// The environment variable with the URL of a PostgreSQL where schemas may be made and dropped.
pub const POSTGRES_URL: &str = "WATTMANDI_TEST_POSTGRES";

/// Migrations by component, in the order in which to apply them.
pub type Migrations<'m> = &'m [(&'m str, &'m [Migration])];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// The database of one test; cheap to clone.
#[derive(Clone)]
pub struct TestDb {
    db: Db,
    url: Arc<str>,
}

impl TestDb {
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// A URL by which another handle, or another process, reaches the same database.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn is_postgres(&self) -> bool {
        self.db.dialect() == db::Dialect::Postgres
    }

    /// Another handle on the same database, with its own connections.
    ///
    /// # Panics
    /// When it cannot be reached.
    pub async fn reconnect(&self, options: &Options) -> Db {
        let options = Options { vault: Some(vault()), ..options.clone() };
        Db::connect(&self.url, &options).await.expect("connect again")
    }

    /// # Panics
    /// When a migration fails.
    pub async fn migrate(&self, component: &str, migrations: &[Migration]) {
        self.db
            .migrate(component, migrations, Timestamp::from_seconds(1_793_520_000))
            .await
            .expect("migrate");
    }
}

/// What the body of a test may take: [`Db`] or [`TestDb`].
pub trait FromTestDb {
    fn from_test_db(test: &TestDb) -> Self;
}

impl FromTestDb for TestDb {
    fn from_test_db(test: &TestDb) -> Self {
        test.clone()
    }
}

impl FromTestDb for Db {
    fn from_test_db(test: &TestDb) -> Self {
        test.db.clone()
    }
}

/// What seals the bytes at rest in every test.
///
/// # Panics
/// When there is no such cipher.
pub fn vault() -> Arc<Vault> {
    Arc::new(Vault::new(&[7; 32], Arc::new(clock::SystemEntropy)).expect("a vault"))
}

/// Runs one behavior on a fresh database, and removes that afterwards, also when the test fails.
///
/// # Panics
/// When the test does, and when the database cannot be prepared.
pub fn run<P, F>(backend: Backend, migrations: Migrations<'_>, test: impl FnOnce(P) -> F)
where
    P: FromTestDb,
    F: Future<Output = ()>,
{
    match backend {
        Backend::Sqlite => {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let url = format!("sqlite:{}", folder.path().join("test.db").display());
            on_runtime(run_at(&url, migrations, test));
        }
        Backend::Postgres => {
            let Ok(server) = std::env::var(POSTGRES_URL) else {
                assert!(!crate::is_ci(), "{POSTGRES_URL} is not set");
                eprintln!("skipped: {POSTGRES_URL} is not set");
                return;
            };
            let schema = format!("test_{}", clock::Ids::system().uuid().simple());
            on_runtime(administer(&server, format!("CREATE SCHEMA {schema}")));
            let join = if server.contains('?') { '&' } else { '?' };
            let url = format!("{server}{join}options[search_path]={schema}");
            let tested = || on_runtime(run_at(&url, migrations, test));
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(tested));
            on_runtime(administer(&server, format!("DROP SCHEMA {schema} CASCADE")));
            if let Err(panic) = outcome {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Ends with everything that was spawned, so that no connection of a failed test holds a lock on its schema.
fn on_runtime(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("start tokio").block_on(work);
}

async fn run_at<P, F>(url: &str, migrations: Migrations<'_>, test: impl FnOnce(P) -> F)
where
    P: FromTestDb,
    F: Future<Output = ()>,
{
    // Tests run side by side, and a PostgreSQL has 100 connections unless told otherwise.
    let options = Options { pool_max: 8, vault: Some(vault()), ..Options::default() };
    let db = Db::connect(url, &options).await.expect("connect");
    let handle = TestDb { db, url: url.into() };
    for (component, migrations) in migrations {
        handle.migrate(component, migrations).await;
    }
    test(P::from_test_db(&handle)).await;
    handle.db.close().await;
}

/// One statement outside of any schema. Statements are constants, so the text of this one is leaked.
async fn administer(server: &str, text: String) {
    let sql = Sql::new("test-support::administer", Box::leak(text.into_boxed_str()));
    let db =
        Db::connect(server, &Options { pool_max: 1, ..Options::default() }).await.expect("reach PostgreSQL");
    db.write(move |tx| Box::pin(async move { tx.execute(&sql, &[]).await }))
        .await
        .expect("prepare the schema");
    db.close().await;
}

/// Writes each function as two tests, `name::sqlite` and `name::postgres`, each with a fresh database.
///
/// The parameter is a [`Db`] or a [`TestDb`]. Migrations come first:
///
/// ```
/// use test_support::both_databases;
///
/// const STEPS: &[db::Migration] = &[];
///
/// both_databases! {
///     migrations = [("example", STEPS)];
///
///     async fn an_empty_database_answers(db: db::Db) {
///         db.ping().await.unwrap();
///     }
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! both_databases {
    ( migrations = [ $( ($component:expr, $steps:expr) ),* $(,)? ]; $($tests:tt)* ) => {
        $crate::both_databases!(@each ( $( ($component, $steps) ),* ) $($tests)*);
    };
    ( @each $migrations:tt ) => {};
    ( @each $migrations:tt
        $(#[$meta:meta])* async fn $name:ident($db:ident: $type:ty) $body:block $($rest:tt)*
    ) => {
        #[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
        mod $name {
            #[allow(unused_imports, reason = "a body may need nothing from its module")]
            use super::*;

            async fn body($db: $type) $body

            $(#[$meta])*
            #[test]
            fn sqlite() {
                let migrations = $crate::both_databases!(@list $migrations);
                $crate::database::run($crate::database::Backend::Sqlite, migrations, body);
            }

            $(#[$meta])*
            #[test]
            fn postgres() {
                let migrations = $crate::both_databases!(@list $migrations);
                $crate::database::run($crate::database::Backend::Postgres, migrations, body);
            }
        }
        $crate::both_databases!(@each $migrations $($rest)*);
    };
    ( @list ( $( ($component:expr, $steps:expr) ),* ) ) => {
        &[ $( ($component, $steps) ),* ] as $crate::database::Migrations<'_>
    };
    ( $(#[$meta:meta])* async fn $($tests:tt)* ) => {
        $crate::both_databases!(@each () $(#[$meta])* async fn $($tests)*);
    };
}
