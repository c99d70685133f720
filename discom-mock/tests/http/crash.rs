//! `kill -9` between any two steps: a process that is killed and started again ends in the same state as one
//! that is not.
//!
//! The processes are this test program itself, told by its environment to play the ledgers from some step on.
//! It announces every step before it begins it; the parent kills it a moment later, each time another one.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use beckn_wire::json::Json;
use discom_mock::metering::upload::CSV_HEADER;
use serde_json::{Value, json};
use test_support::both_databases;
use test_support::database::TestDb;
use units::{Span, Timestamp};

use crate::harness::*;
use crate::rest::{DISCOM_A, DISCOM_B, actuals, call, record, with};

const DATABASE: &str = "DISCOM_CRASH_DATABASE";
const FROM: &str = "DISCOM_CRASH_FROM";
const PLAY: &str = "crash::play";

const TIMES: [&str; 5] = ["09:00", "09:50", "10:50", "11:50", "12:00"];
/// Recording, the steps of the day, a corrected reading, a DISCOM's own word.
const STEPS: usize = TIMES.len() + 3;

db::sql! {
    REPORTS = "SELECT COUNT(*) AS n FROM outbox WHERE purpose = 'allocation'";
    BUSY = "SELECT (SELECT COUNT(*) FROM outbox o LEFT JOIN peers p ON p.subscriber_id = o.target \
        WHERE o.target IN ($2, $3, $4, $5) AND (o.state = 'sending' \
        OR (o.state = 'queued' AND o.not_before <= $1 AND COALESCE(p.next_try_at, 0) <= $1))) \
        + (SELECT COUNT(*) FROM inbox WHERE state = 'working' OR (state = 'queued' AND not_before <= $1)) AS n";
    ASKS = "SELECT COUNT(*) AS n FROM outbox WHERE purpose = 'meter_request'";
}

/// Not a test of its own: the process that is killed.
#[tokio::test]
async fn play() {
    let (Ok(database), Ok(from)) = (std::env::var(DATABASE), std::env::var(FROM)) else { return };
    let from: usize = from.parse().unwrap();
    let world = world_at(&database, NOW, |_| {}).await;
    for discom in [DISCOM_A, DISCOM_B, SELLER_LEDGER, BUYER_LEDGER] {
        world.register(discom, &world.running.base_url);
    }
    for step in from..STEPS {
        println!("step {step}");
        take(&world, step).await;
    }
    println!("state {}", state(&world).await);
    world.running.stop().await;
}

async fn take(world: &World, step: usize) {
    let at = |time: &str| Timestamp::parse_rfc3339(&format!("2026-11-03T{time}:00+05:30")).unwrap();
    match step {
        0 => {
            for (transaction, quantity) in [("tx-1", 6), ("tx-2", 3)] {
                let changes = [
                    ("tradeTime", json!("2026-11-01T08:00:00Z")),
                    ("deliveryStartTime", json!("2026-11-02T07:30:00Z")),
                    ("deliveryEndTime", json!("2026-11-02T08:30:00Z")),
                    ("clientReference", json!("r-1")),
                ];
                let put = with(&record(transaction, json!(quantity)), &changes);
                call(world, BUYER, "put", &put).await.of("ledgerWriteResponse");
            }
            let mut told = trade(&world.ids, &["1"]);
            "5f0e4f8e-6f0c-4d8f-8f5c-0d8f3f8b1a01".clone_into(&mut told.id);
            "5f0e4f8e-6f0c-4d8f-8f5c-0d8f3f8b1a02".clone_into(&mut told.transaction);
            world.tell(SELLER, SELLER_LEDGER, "on_confirm", &told).await.receipt();
            return;
        }
        1..=5 => world.clock.set(at(TIMES[step - 1])),
        6 => {
            world.clock.set(at("12:10"));
            let quarter = |minute: &str| format!("TEST_METER_SELLER,2026-11-02T13:{minute}:00+05:30,0,2,\n");
            let body = format!("{CSV_HEADER}\n{}", ["00", "15", "30", "45"].map(quarter).concat());
            let sent = world.signed_as(DISCOM_B, "/discom/meters", "text/csv", body.as_bytes()).send().await;
            assert_eq!(sent.unwrap().status().as_u16(), 200);
        }
        _ => {
            world.clock.set(at("12:20"));
            let word = actuals("SELLER_DISCOM", "tx-1", json!(4));
            call(world, DISCOM_B, "record", &word).await.of("ledgerWriteResponse");
        }
    }
    // What one ledger writes is news for the other; who was outrun looks again a minute later.
    for _ in 0..4 {
        for _ in 0..3 {
            world.running.settle().await.unwrap();
            quiet(world).await;
        }
        world.clock.advance(Span::from_secs(61));
    }
}

/// Waits until every message between ledgers and head-ends has come, or is stuck with a process that is dead; those to
/// the platforms, which are not there, nobody waits for.
async fn quiet(world: &World) {
    for _ in 0..100 {
        let now = clock::Clock::now(&world.clock);
        let busy = world.running.db.read(move |tx| {
            Box::pin(async move {
                let here = db::params![now, SELLER_LEDGER, BUYER_LEDGER, DISCOM_A, DISCOM_B];
                tx.query_one(&BUSY, &here).await?.get::<i64>("n")
            })
        });
        let busy: Result<i64, db::DbError> = busy.await;
        if busy.unwrap() == 0 {
            return;
        }
        node::pause(Duration::from_millis(10)).await;
    }
}

/// All that the ledgers hold, without the instants at which it was written and the number of its rounds.
async fn state(world: &World) -> Value {
    let mut state = json!({});
    for ledger in [SELLER_LEDGER, BUYER_LEDGER] {
        let pages = [
            ("records", "records"),
            ("steps", "steps"),
            ("exceptions", "exceptions"),
            ("evidence", "evidence"),
        ];
        for (page, name) in pages {
            let body = world.get(&format!("/ledgers/{ledger}/{page}")).await.body;
            let text = body.get(name).unwrap_or(&Json::Null).to_string();
            state[format!("{ledger} {name}")] = timeless(serde_json::from_str(&text).unwrap());
        }
    }
    for reader in [BUYER, SELLER] {
        let found = call(world, reader, "get", &json!({ "sort": "tradeTime", "sortOrder": "asc" })).await;
        state[reader] = timeless(found.of("ledgerGetResponse"));
    }
    let counted = world.running.db.read(|tx| {
        Box::pin(async move {
            let reports: i64 = tx.query_one(&REPORTS, &[]).await?.get("n")?;
            let asks: i64 = tx.query_one(&ASKS, &[]).await?.get("n")?;
            Ok::<_, db::DbError>([reports, asks])
        })
    });
    state["sent"] = json!(counted.await.unwrap());
    state
}

fn timeless(mut json: Value) -> Value {
    match &mut json {
        Value::Object(members) => {
            // How many rounds it takes hangs on whose word comes first, also where nothing is killed.
            for name in ["writtenTime", "updatedTime", "takenAt", "updatedAt", "toldAt", "rowDigest", "round"]
            {
                members.remove(name);
            }
            members.values_mut().for_each(|value| *value = timeless(value.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = timeless(item.take())),
        _ => {}
    }
    json
}

/// A process that is killed at the latest when nobody looks at it any more.
struct Life(Child);

impl Drop for Life {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(database: &str, from: usize) -> Life {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", PLAY, "--nocapture", "--test-threads=1"]);
    command.env(DATABASE, database).env(FROM, from.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    Life(command.spawn().unwrap())
}

/// Plays the day; `kills` are the moments after the announcement of a step at which the process dies.
fn day(database: &str, kills: &[(usize, Duration)]) -> Value {
    let (mut from, mut kills) = (0, kills.iter());
    'life: loop {
        let mut child = start(database, from);
        let mut next = kills.next();
        let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
        for line in lines.map(Result::unwrap) {
            // The name of the test stands before its first line.
            let line = line.rsplit_once("... ").map_or(line.as_str(), |(_, rest)| rest).to_owned();
            if let Some(state) = line.strip_prefix("state ") {
                return serde_json::from_str(state).unwrap();
            }
            let Some(step) = line.strip_prefix("step ") else { continue };
            from = step.trim().parse().unwrap();
            if let Some((_, moment)) = next.take_if(|(step, _)| *step == from) {
                std::thread::sleep(*moment);
                continue 'life;
            }
        }
        panic!("the process ended at step {from}");
    }
}

both_databases! {
    async fn a_killed_process_ends_in_the_same_state_as_one_that_is_not(db: TestDb) {
        let folder = tempfile::tempdir().unwrap();
        let undisturbed = format!("sqlite:{}", folder.path().join("undisturbed.db").display());
        let database = db.url().to_owned();
        let played = tokio::task::spawn_blocking(move || {
            let expected = day(&undisturbed, &[]);
            let moments = [0, 3, 9, 20, 45].map(Duration::from_millis);
            let twice = |step| [0, 1].map(|n| (step, moments[(step * 2 + n) % moments.len()]));
            let kills: Vec<(usize, Duration)> = (0..STEPS).flat_map(twice).collect();
            (expected, day(&database, &kills))
        });
        let (expected, seen) = played.await.unwrap();
        assert_eq!(expected["sent"][1], 2, "each ledger asked its head-end: {}", expected["sent"]);
        assert_eq!(expected[format!("{SELLER_LEDGER} exceptions")].as_array().unwrap().len(), 1);
        assert_eq!(seen, expected);
    }
}
