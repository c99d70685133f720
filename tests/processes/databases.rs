//! The databases of one network: SQLite files in a folder of the test, or one schema each of the PostgreSQL
//! at `WATTMANDI_TEST_POSTGRES`. Both are gone when the test has ended.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use clock::Ids;
use db::{Db, Options, Sql};
use tempfile::TempDir;
pub use test_support::database::Backend;
use test_support::database::POSTGRES_URL;

/// Whose databases there are.
pub const NAMES: [&str; 4] = ["catalog", "discoms", "alpha", "beta"];

/// A network opens up to 64 connections, and a PostgreSQL has 100 unless told otherwise.
static ONE_NETWORK_ON_POSTGRES: Mutex<()> = Mutex::new(());

/// What a test gets.
pub struct Databases {
    folder: TempDir,
    /// Server and prefix of the schemas.
    postgres: Option<(String, String)>,
}

impl Databases {
    /// A folder of the test, for whatever it writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of one of [`NAMES`].
    pub fn url(&self, name: &str) -> String {
        assert!(NAMES.contains(&name), "{name}");
        match &self.postgres {
            None => format!("sqlite:{}", self.folder().join(name).with_extension("db").display()),
            Some((server, prefix)) => {
                let join = if server.contains('?') { '&' } else { '?' };
                format!("{server}{join}options[search_path]={prefix}_{name}")
            }
        }
    }

    /// Empties one of [`NAMES`], as a service that has lost its file; nobody may use it meanwhile.
    pub async fn empty(&self, name: &str) {
        match &self.postgres {
            None => {
                for file in ["db", "db-wal", "db-shm"] {
                    // Not each of them is always there.
                    let _ = std::fs::remove_file(self.folder().join(name).with_extension(file));
                }
            }
            Some((server, prefix)) => {
                statement(server, format!("DROP SCHEMA {prefix}_{name} CASCADE")).await;
                statement(server, format!("CREATE SCHEMA {prefix}_{name}")).await;
            }
        }
    }

    pub fn urls(&self) -> [String; 4] {
        NAMES.map(|name| self.url(name))
    }
}

/// Runs a test on fresh databases; without a PostgreSQL its half is skipped, with `CI=true` it fails (ruling
/// 34).
pub fn run<F: Future<Output = ()>>(backend: Backend, test: impl FnOnce(Databases) -> F) {
    let folder = tempfile::tempdir().unwrap();
    if backend == Backend::Sqlite {
        return on_runtime(test(Databases { folder, postgres: None }));
    }
    let Ok(server) = std::env::var(POSTGRES_URL) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{POSTGRES_URL} is not set");
        return eprintln!("skipped: {POSTGRES_URL} is not set");
    };
    let _alone = ONE_NETWORK_ON_POSTGRES.lock().unwrap_or_else(PoisonError::into_inner);
    let prefix = format!("test_{}", Ids::system().uuid().simple());
    let administer = |verb: &str, end: &str| {
        for name in NAMES {
            on_runtime(statement(&server, format!("{verb} SCHEMA {prefix}_{name}{end}")));
        }
    };
    administer("CREATE", "");
    let databases = Databases { folder, postgres: Some((server.clone(), prefix.clone())) };
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| on_runtime(test(databases))));
    administer("DROP", " CASCADE");
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Ends with everything that was spawned on it.
fn on_runtime(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.unwrap().block_on(work);
}

/// Statements are constants, so the text of this one is leaked.
async fn statement(server: &str, text: String) {
    let sql = Sql::new("tests::schema", Box::leak(text.into_boxed_str()));
    let db = Db::connect(server, &Options { pool_max: 1, ..Options::default() }).await.unwrap();
    db.write(move |tx| Box::pin(async move { tx.execute(&sql, &[]).await })).await.unwrap();
    db.close().await;
}

/// Writes each function as two tests, `name::sqlite` and `name::postgres`, each with fresh [`Databases`].
macro_rules! on_both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($databases:ident: Databases) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "a body may need nothing from its module")]
            use super::*;

            async fn body($databases: crate::databases::Databases) $body

            $(#[$meta])*
            #[test]
            fn sqlite() {
                crate::databases::run(crate::databases::Backend::Sqlite, body);
            }

            $(#[$meta])*
            #[test]
            fn postgres() {
                crate::databases::run(crate::databases::Backend::Postgres, body);
            }
        }
    )*};
}
