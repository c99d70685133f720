//! Transactions per second on SQLite at `synchronous=FULL`: grouped commits against one commit per
//! transaction.
//!
//! `cargo run --release -p db --example grouped_commits [WRITERS] [TRANSACTIONS]`
//!
//! The transaction is that of a trade: two balances read and changed, two ledger entries, one message to
//! send. The two ways take turns, so that a disk that is busy for a while slows both.

use std::error::Error;

use clock::{Clock, SystemClock};
use db::{Db, DbError, Migration, Options, Tx, params};

const ROUNDS: usize = 3;
const ACCOUNTS: i64 = 1_000;

const SCHEMA: &[Migration] = &[Migration {
    version: 1,
    name: "bench",
    sqlite: "CREATE TABLE accounts (id INTEGER PRIMARY KEY, paise INTEGER NOT NULL) STRICT;
             CREATE TABLE entries (id INTEGER PRIMARY KEY, account INTEGER NOT NULL,
                 paise INTEGER NOT NULL) STRICT;
             CREATE TABLE outbox (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;",
    postgres: "",
}];

db::sql! {
    OPEN = "INSERT INTO accounts (id, paise) VALUES ($1, 0)";
    LOCK = "SELECT paise FROM accounts WHERE id = $1 {FOR UPDATE}";
    SET = "UPDATE accounts SET paise = $2 WHERE id = $1";
    POST = "INSERT INTO entries (account, paise) VALUES ($1, $2)";
    SEND = "INSERT INTO outbox (body) VALUES ($1)";
}

async fn trade(tx: &mut Tx, from: i64, to: i64) -> Result<(), DbError> {
    for (account, change) in [(from, -1), (to, 1)] {
        let paise: i64 = tx.query_one(&LOCK, &params![account]).await?.get("paise")?;
        tx.execute(&SET, &params![account, paise.saturating_add(change)]).await?;
        tx.execute(&POST, &params![account, change]).await?;
    }
    tx.execute(&SEND, &params![vec![b'x'; 512]]).await.map(drop)
}

/// Transactions per second, and per commit, each in hundredths.
async fn measure(group_max: usize, writers: i64, transactions: i64) -> Result<(i64, i64), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("bench.db").display());
    let db = Db::connect(&url, &Options { group_max, ..Options::default() }).await?;
    db.migrate("bench", SCHEMA, SystemClock.now()).await?;
    db.write(|tx| {
        Box::pin(async move {
            for id in 0..ACCOUNTS {
                tx.execute(&OPEN, &params![id]).await?;
            }
            Ok::<_, DbError>(())
        })
    })
    .await?;
    let (before, begun) = (db.stats(), SystemClock.now());
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let db = db.clone();
            tokio::spawn(async move {
                for n in 0..transactions / writers {
                    let (from, to) = ((writer * 31 + n) % ACCOUNTS, (writer * 17 + n * 7 + 1) % ACCOUNTS);
                    db.write(move |tx| Box::pin(trade(tx, from, to))).await?;
                }
                Ok::<_, DbError>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let (after, took) = (db.stats(), SystemClock.now().since(begun).micros().max(1));
    db.close().await;
    let (done, commits) = (after.transactions - before.transactions, after.commits - before.commits);
    let done = i64::try_from(done)?;
    Ok((done * 100_000_000 / took, done * 100 / i64::try_from(commits)?.max(1)))
}

fn hundredths(number: i64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let writers: i64 = arguments.next().map_or(Ok(32), |text| text.parse())?;
    let transactions: i64 = arguments.next().map_or(Ok(8_000), |text| text.parse())?;
    println!("{writers} writers, {transactions} transactions, {ROUNDS} rounds, synchronous=FULL");
    for round in 1..=ROUNDS {
        let (single, _) = measure(1, writers, transactions).await?;
        let (grouped, size) = measure(Options::default().group_max, writers, transactions).await?;
        println!(
            "round {round}: one commit each {} tx/s; grouped {} tx/s, {} to a commit; {} times the rate",
            hundredths(single),
            hundredths(grouped),
            hundredths(size),
            hundredths(grouped * 100 / single.max(1)),
        );
    }
    Ok(())
}
