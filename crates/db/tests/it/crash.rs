//! An acknowledged commit outlives `kill -9`.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use db::{Db, Options};
use test_support::both_databases;
use test_support::database::TestDb;

use crate::*;

const URL: &str = "WATTMANDI_DB_CRASH_URL";
const ACKNOWLEDGED: usize = 300;

/// The process that is killed: writes without end, and prints each name once its commit is acknowledged.
#[test]
#[ignore = "run by the tests below, as a process of its own"]
fn writer() {
    let Ok(url) = std::env::var(URL) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::connect(&url, &Options { pool_max: 8, ..Options::default() }).await.unwrap();
        let writers = (0..8).map(|writer| {
            let db = db.clone();
            tokio::spawn(async move {
                for n in 0_u64.. {
                    let name = format!("{writer}-{n}");
                    insert(&db, &name, 1).await.unwrap();
                    writeln!(std::io::stdout(), "\nacknowledged {name}").unwrap();
                }
            })
        });
        futures_util::future::join_all(writers).await;
    });
}

both_databases! {
    migrations = [("test", ACCOUNTS)];

    async fn killed_in_the_middle_of_writing(test: TestDb) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::writer", "--ignored", "--nocapture"])
            .env(URL, test.url())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut acknowledged = BTreeSet::new();
        let mut names = output.lines().map_while(Result::ok);
        let name = |line: String| line.strip_prefix("acknowledged ").map(str::to_owned);
        let mut names = names.by_ref().filter_map(name);
        acknowledged.extend(names.by_ref().take(ACKNOWLEDGED));
        child.kill().unwrap();
        // What it still said before it died counts as well; the last line may be cut short.
        let mut rest: Vec<String> = names.collect();
        rest.pop();
        acknowledged.extend(rest);
        child.wait().unwrap();
        assert!(acknowledged.len() >= ACKNOWLEDGED, "{} acknowledged", acknowledged.len());

        let after = test.reconnect(&Options::default()).await;
        let rows: Result<Vec<db::Row>, DbError> =
            after.read(|tx| Box::pin(async move { tx.query(&LIST_ACCOUNTS, &[]).await })).await;
        let stored: BTreeSet<String> = rows.unwrap().iter().map(|row| row.get("id").unwrap()).collect();
        let lost: Vec<&String> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "acknowledged but lost: {lost:?}");
        // Each writer had one transaction on its way, and no more.
        assert!(stored.len() <= acknowledged.len() + 8 + 1, "{} stored", stored.len());
        assert_eq!(insert(&after, "afterwards", 1).await, Ok(1));
        after.close().await;
    }
}
