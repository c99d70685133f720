//! `select → quote → signed on_select` between two platforms over real HTTP on this machine, and the share of the CPU
//! time that is cryptography.
//!
//! `cargo bench --bench http`. A whole local network runs in this process, on SQLite files. Buyers of one platform ask a
//! seller of the other for a price, each again as soon as it has its answer; every message and every acknowledgement is
//! signed and verified, and stored durably before it is acknowledged. What was signed, verified and hashed is counted
//! in the databases afterwards, and priced by measuring each operation in the same run, on the same messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clock::{Clock, Clocks, ScaledClock, SystemClock};
use db::{Db, DbError};
use tokio::sync::Semaphore;
use units::{IstDate, Price, Span, WattHours};
use uuid::Uuid;

use wattmandi::buyer::{self, DiscoverWish, FoundOffer, SelectWish, SlotWish};
use wattmandi::cli::local::{LocalNetwork, LocalOptions, demo_key};
use wattmandi::events;
use wattmandi::identity::{self, User};
use wattmandi::market::NewSlot;
use wattmandi::network::Participant;
use wattmandi::seller::{self, ListWish};

/// Buyers that ask at the same time.
const BUYERS: usize = 32;
/// Questions of one round.
const QUESTIONS: usize = 640;
const ROUNDS: usize = 5;
/// How often the answers are looked for.
const LOOK: Duration = Duration::from_millis(5);
/// Clock ticks of `/proc/self/stat` in a second, the same on every Linux.
const TICKS: i64 = 100;
const CRYPTO_CALLS: i64 = 2_000;

db::sql! {
    ATTEMPTS = "SELECT COUNT(*) AS n, COALESCE(SUM(a.response_verified), 0) AS verified, \
        COALESCE(SUM(LENGTH(o.body)), 0) AS bytes, COALESCE(SUM(LENGTH(a.response_body)), 0) AS answers \
        FROM outbox_attempts a JOIN outbox o ON o.id = a.outbox_id";
    RECEIVED = "SELECT COUNT(*) AS n FROM inbox";
    A_SELECT = "SELECT body FROM inbox WHERE action = 'select' ORDER BY seq DESC LIMIT 1";
}

/// What the messages of a database cost in signatures.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    /// Messages sent, each signed once.
    sent: i64,
    /// Answers whose signature was verified.
    answers_verified: i64,
    /// Messages received, each verified, its answer signed.
    received: i64,
    /// Bytes of the messages sent, and of their answers.
    bytes: i64,
    answer_bytes: i64,
}

impl Counted {
    async fn of(network: &LocalNetwork) -> Self {
        let mut all = Self::default();
        for platform in &network.platforms {
            let one = Self::of_database(&platform.participant.db).await.expect("the counts");
            all.sent += one.sent;
            all.answers_verified += one.answers_verified;
            all.received += one.received;
            all.bytes += one.bytes;
            all.answer_bytes += one.answer_bytes;
        }
        all
    }

    async fn of_database(db: &Db) -> Result<Self, DbError> {
        let rows = db.read(|tx| {
            Box::pin(async move {
                Ok::<_, DbError>((tx.query_one(&ATTEMPTS, &[]).await?, tx.query_one(&RECEIVED, &[]).await?))
            })
        });
        let (sent, received) = rows.await?;
        Ok(Self {
            sent: sent.get("n")?,
            answers_verified: sent.get("verified")?,
            received: received.get("n")?,
            bytes: sent.get("bytes")?,
            answer_bytes: sent.get("answers")?,
        })
    }

    fn since(self, before: Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            answers_verified: self.answers_verified - before.answers_verified,
            received: self.received - before.received,
            bytes: self.bytes - before.bytes,
            answer_bytes: self.answer_bytes - before.answer_bytes,
        }
    }

    fn signatures(self) -> i64 {
        self.sent + self.received
    }

    fn verifications(self) -> i64 {
        self.received + self.answers_verified
    }
}

/// The price of each operation, nanoseconds.
struct Prices {
    sign: i64,
    verify: i64,
    /// BLAKE2b of 1 KiB.
    digest: i64,
}

impl Prices {
    fn measure(message: &[u8]) -> Self {
        use beckn_wire::signature::{Digest, signing_string};
        let key = demo_key("bench.example");
        let text = signing_string(1, 2, &Digest::of(message), None);
        let signature = key.sign_bytes(text.as_bytes());
        let public = key.public();
        let digest = nanos(|| {
            black_box(Digest::of(black_box(message)));
        });
        Self {
            sign: nanos(|| {
                black_box(key.sign_bytes(black_box(text.as_bytes())));
            }),
            verify: nanos(|| assert!(public.verifies_base64(black_box(text.as_bytes()), &signature))),
            digest: digest * 1024 / i64::try_from(message.len()).expect("a short message").max(1),
        }
    }

    /// Microseconds for all that was counted. The receiver hashes each body twice (signature, envelope), its sender
    /// once; an answer is hashed once by each.
    fn of(&self, counted: Counted) -> i64 {
        let hashed = counted.bytes * 3 + counted.answer_bytes * 2;
        let nanos = counted.signatures() * self.sign
            + counted.verifications() * self.verify
            + hashed * self.digest / 1024;
        nanos / 1_000
    }
}

/// The least of several runs: what the operation itself takes.
fn nanos(mut work: impl FnMut()) -> i64 {
    let runs = (0..7).map(|_| {
        let begun = SystemClock.now();
        for _ in 0..CRYPTO_CALLS {
            work();
        }
        SystemClock.now().since(begun).micros() * 1_000 / CRYPTO_CALLS
    });
    runs.min().expect("some runs")
}

/// CPU time of this process so far, microseconds.
fn cpu() -> i64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name stands in parentheses and may contain anything; user and system time are the 14th and 15th field.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |at: usize| fields.get(at).and_then(|text| text.parse::<i64>().ok()).expect("a number of ticks");
    (ticks(11) + ticks(12)) * 1_000_000 / TICKS
}

fn clocks() -> Clocks {
    let wire: Arc<dyn Clock> = Arc::new(SystemClock);
    let origin = IstDate::of(wire.now()).first_slot().start().saturating_add(Span::from_hours(10));
    Clocks { market: Arc::new(ScaledClock::starting_at(origin, 1, Arc::clone(&wire))), wire }
}

async fn user(p: &Participant, handle: &str) -> User {
    let token = format!("demo-token-of-{handle}");
    let read = p.db.read(move |tx| {
        let token = token.clone();
        Box::pin(async move { identity::find_by_token(tx, &token).await })
    });
    read.await.expect("reads").expect("a user of the demo")
}

/// One hour of Asha's, found by Farid on the other platform.
async fn offer(seller: &Participant, buyer: &Participant, asker: &User) -> FoundOffer {
    let asha = user(seller, "asha").await;
    let slots: Vec<_> =
        energy_rules::open_slots(seller.market_now(), &seller.settings.rules).skip(1).take(2).collect();
    let slots = slots
        .into_iter()
        .map(|slot| NewSlot { slot, price: Price::new(62_500), quantity: WattHours::new(9_000) })
        .collect();
    let wish = ListWish { meter_id: "TEST_METER_ASHA".to_owned(), name: None, slots };
    let listed = seller::list_offer(seller, &asha, wish, None).await.expect("lists").id.to_string();
    for _ in 0..100 {
        let asked = buyer::discover(buyer, asker, DiscoverWish::default(), None).await.expect("discovers");
        for _ in 0..40 {
            node::pause(LOOK * 5).await;
            let found = buyer::found_offers(buyer, asker, &asked.transaction_id, &buyer::RankWish::default())
                .await
                .expect("reads");
            if let Some(offer) = found.into_iter().find(|offer| offer.offer_id == listed) {
                return offer;
            }
        }
    }
    panic!("the offer did not come into the catalog");
}

/// Gives a place back for every quote that has come.
async fn answers(p: Participant, asker: Uuid, places: Arc<Semaphore>, mut seq: i64) {
    let mut quoted = 0;
    while quoted < QUESTIONS {
        node::pause(LOOK).await;
        let read =
            p.db.read(move |tx| Box::pin(async move { events::after(tx, asker, None, seq, 1_000).await }));
        for event in read.await.expect("reads") {
            seq = event.seq;
            assert_ne!(event.kind, "contract.rejected", "{}", event.payload);
            if event.kind == "contract.quoted" {
                quoted += 1;
                places.add_permits(1);
            }
        }
    }
}

/// Microseconds that it takes until every question has its answer.
async fn round(p: &Participant, asker: &User, offer: &FoundOffer) -> i64 {
    let seq = p.db.read(|tx| Box::pin(async move { events::last_seq(tx).await })).await.expect("reads");
    let places = Arc::new(Semaphore::new(BUYERS));
    let begun = SystemClock.now();
    let watcher = tokio::spawn(answers(p.clone(), asker.id, Arc::clone(&places), seq));
    for _ in 0..QUESTIONS {
        places.acquire().await.expect("a place").forget();
        let wish = SelectWish {
            transaction_id: None,
            bpp_id: offer.bpp_id.clone(),
            offer_id: offer.offer_id.clone(),
            slots: vec![SlotWish { slot: offer.slots[0].slot, quantity: WattHours::new(1_000) }],
        };
        let (p, asker) = (p.clone(), asker.clone());
        tokio::spawn(async move { buyer::select(&p, &asker, wish, None).await.expect("asks") });
    }
    watcher.await.expect("the watcher ends well");
    SystemClock.now().since(begun).micros()
}

async fn run(folder: &Path) {
    let network =
        LocalNetwork::start(LocalOptions::in_folder(folder, clocks())).await.expect("the network starts");
    let [alpha, beta] = network.platforms.as_slice() else { panic!("two platforms") };
    let (seller, buyer) = (&alpha.participant, &beta.participant);
    let farid = user(buyer, "farid").await;
    let offer = offer(seller, buyer, &farid).await;
    round(buyer, &farid, &offer).await;
    let mut rounds = Vec::new();
    let (counted, spent) = (Counted::of(&network).await, cpu());
    for _ in 0..ROUNDS {
        rounds.push(round(buyer, &farid, &offer).await);
    }
    let (spent, counted) = (cpu() - spent, Counted::of(&network).await.since(counted));
    let body: Vec<u8> = seller
        .db
        .read(|tx| Box::pin(async move { tx.query_one(&A_SELECT, &[]).await?.get("body") }))
        .await
        .map_err(|error: DbError| error)
        .expect("a select was received");
    network.stop().await;
    let prices = Prices::measure(&body);
    report(&mut rounds, &prices, counted, spent, body.len());
}

fn report(rounds: &mut [i64], prices: &Prices, counted: Counted, spent: i64, size: usize) {
    rounds.sort_unstable();
    let (median, questions) = (rounds[rounds.len() / 2].max(1), i64::try_from(QUESTIONS).expect("few"));
    let crypto = prices.of(counted);
    let messages = counted.sent.max(1);
    println!(
        "select, on_select    {BUYERS} at once, {QUESTIONS} a round, {ROUNDS} rounds; a select has {size} bytes"
    );
    println!(
        "messages             {} a second, each acknowledged by a signed answer",
        questions * 2 * 1_000_000 / median
    );
    println!("sent, received       {} {}", counted.sent, counted.received);
    println!("signatures made      {}, verified {}", counted.signatures(), counted.verifications());
    println!(
        "one of each          sign {} ns, verify {} ns, digest of 1 KiB {} ns",
        prices.sign, prices.verify, prices.digest
    );
    println!("CPU time a message   {} µs, of it cryptography {} µs", spent / messages, crypto / messages);
    println!("share of it          {} % is cryptography", crypto * 100 / spent.max(1));
}

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(run(folder.path()));
}
