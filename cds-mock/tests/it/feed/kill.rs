//! The program itself, killed in the middle of a fan-out and of a publication, on both databases: nothing that was
//! accepted is lost, and a catalog is the old one or the new one.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use beckn_wire::action::Action;
use beckn_wire::energy::feed::subscribe;
use beckn_wire::envelope::body as written;
use beckn_wire::json::Json;
use beckn_wire::signature::{Chain, sign};
use clock::{Clock as _, SystemClock};
use test_support::both_databases;
use test_support::database::TestDb;

use super::*;

/// The program, ended with the test.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    async fn start(arguments: &[String]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let child = Command::new(env!("CARGO_BIN_EXE_cds-mock"))
            .args(["--insecure-demo", "--listen", &listen])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let program = Self { child, url: format!("http://{listen}") };
        for _ in 0..600 {
            if reqwest::get(format!("{}/ready", program.url)).await.is_ok_and(|r| r.status() == 200) {
                return program;
            }
            node::pause(Duration::from_millis(50)).await;
        }
        panic!("the program does not start");
    }

    async fn post(&self, peer: &Peer, action: Action, bytes: Vec<u8>) -> u16 {
        let now = seconds();
        let authorization = sign(&peer.key, &peer.key_id, now, now + 300, &bytes, Chain::None);
        #[allow(clippy::disallowed_methods, reason = "a foreign client, which knows nothing of ours")]
        let request = reqwest::Client::new().post(format!("{}/{}", self.url, action.as_str()));
        let request =
            request.header("authorization", authorization).header("content-type", "application/json");
        request.body(bytes).send().await.unwrap().status().as_u16()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn seed(peers: &[&Peer]) -> Json {
    let entry = |peer: &&Peer| {
        let texts = [
            ("subscriber_id", peer.id.clone()),
            ("url", peer.url.clone()),
            ("type", "BPP".to_owned()),
            ("key_id", peer.key_id.key_id().to_owned()),
            ("signing_public_key", peer.key.public().to_base64()),
        ];
        let mut members: Vec<(&str, Json)> = texts.into_iter().map(|(k, v)| (k, Json::from(v))).collect();
        members.push(("network_memberships", Json::array([Json::from(NETWORK)])));
        Json::object(members)
    };
    Json::array(peers.iter().map(entry))
}

fn write(path: &std::path::Path, text: &[u8]) {
    let file = std::fs::OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path);
    file.unwrap().write_all(text).unwrap();
}

both_databases! {
    async fn a_kill_in_the_middle_of_a_fan_out_loses_nothing(db: TestDb) {
        let folder = tempfile::tempdir().unwrap();
        let seller = Peer::new("bpp.example", 1).await;
        let subscribers = [Peer::new("one.example", 2).await, Peer::new("two.example", 3).await];
        let seeds = folder.path().join("seed.json");
        write(&seeds, &seed(&[&seller, &subscribers[0], &subscribers[1]]).to_bytes());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let arguments = [
            "--database".to_owned(),
            db.url().to_owned(),
            "--key-file".to_owned(),
            path("key.json"),
            "--seed".to_owned(),
            seeds.display().to_string(),
        ];
        let program = Program::start(&arguments).await;
        for peer in &subscribers {
            let message = subscribe(&texts(&[NETWORK]), &[]);
            let (_, bytes) = from_bap(peer, Action::CatalogSubscription, SystemClock.now(), message);
            assert_eq!(program.post(peer, Action::CatalogSubscription, bytes).await, 200);
        }
        let wanted: Vec<String> = (0..60).map(|n| format!("cat-{n:02}")).collect();
        let catalogs = wanted.iter().map(|id| catalog_of(&seller, id, vec![terms(&seller, id, 3_000)]).to_json());
        let message = Json::object([("catalogs", Json::array(catalogs))]);
        let mut context = context(Action::CatalogPublish, NETWORK, SystemClock.now());
        context.bpp_id = Some(seller.id.clone());
        context.bpp_uri = Some(format!("{}/bpp/receiver", seller.url));
        assert_eq!(program.post(&seller, Action::CatalogPublish, written(&context, message)).await, 200);

        // Killed again and again, as soon as somebody has heard something new.
        let mut heard = [Vec::new(), Vec::new()];
        let mut program = Some(program);
        // On a shared database what was under way comes back when its lease has run out, after half a minute.
        let targets: &[usize] = if db.is_postgres() { &[12, 60] } else { &[3, 12, 25, 60] };
        for &target in targets {
            while heard[0].len() < target {
                assert!(subscribers[0].mail_within(Duration::from_secs(400)).await);
                heard[0].push(catalog_of_push(&subscribers[0].next().await));
                dedup(&mut heard[0]);
            }
            if target < 60 {
                program.take().unwrap().kill();
                program = Some(Program::start(&arguments).await);
            }
        }
        while heard[1].len() < wanted.len() {
            assert!(subscribers[1].mail_within(Duration::from_secs(400)).await);
            heard[1].push(catalog_of_push(&subscribers[1].next().await));
            dedup(&mut heard[1]);
        }
        // What was under way at a kill may come twice, and nothing comes out of turn.
        assert_eq!(heard, [wanted.clone(), wanted]);
        drop(program);
    }

    async fn a_kill_in_the_middle_of_a_publication_leaves_a_whole_catalog(db: TestDb) {
        let folder = tempfile::tempdir().unwrap();
        let (seller, buyer) = (Peer::new("bpp.example", 1).await, Peer::new("bap.example", 2).await);
        let seeds = folder.path().join("seed.json");
        write(&seeds, &seed(&[&seller, &buyer]).to_bytes());
        let arguments = [
            "--database".to_owned(),
            db.url().to_owned(),
            "--key-file".to_owned(),
            folder.path().join("key.json").display().to_string(),
            "--seed".to_owned(),
            seeds.display().to_string(),
        ];
        let mut program = Program::start(&arguments).await;
        let publish = |number: usize| {
            let mut context = context(Action::CatalogPublish, NETWORK, SystemClock.now());
            context.bpp_id = Some(seller.id.clone());
            context.bpp_uri = Some(format!("{}/bpp/receiver", seller.url));
            written(&context, soon(&edition(&seller, number, MANY)))
        };
        let first = publish(1);
        assert!(first.len() < 10 * 1024 * 1024, "{} bytes", first.len());
        println!("{MANY} offers in {} bytes", first.len());
        assert_eq!(program.post(&seller, Action::CatalogPublish, first).await, 200);
        assert_eq!(told(&seller).await, 0, "offers that were refused");

        // Killed after ever longer work on the second edition, in milliseconds; the start takes it up again.
        assert_eq!(program.post(&seller, Action::CatalogPublish, publish(2)).await, 200);
        // On a shared database the work comes back when its lease has run out, after half a minute.
        let waits: &[u64] = if db.is_postgres() { &[300, 45_000] } else { &[0, 400, 1_000, 2_000, 4_000, 8_000] };
        let mut seen = Vec::new();
        for &wait in waits {
            node::pause(Duration::from_millis(wait)).await;
            program.kill();
            program = Program::start(&arguments).await;
            let rows = editions(&db).await;
            assert!(rows == [MANY, 0] || rows == [0, MANY], "{rows:?}");
            seen.push(usize::from(rows[0] == 0) + 1);
        }
        assert_eq!(told(&seller).await, 0);
        assert_eq!(editions(&db).await, [0, MANY]);
        println!("editions after each kill: {seen:?}");
        assert!(seen.is_sorted(), "{seen:?}");

        let (context, bytes) = discover_message(&buyer, NETWORK, everything());
        assert_eq!(program.post(&buyer, Action::Discover, bytes).await, 200);
        let mut offers = Vec::new();
        while offers.len() < MANY {
            assert!(buyer.mail_within(Duration::from_secs(400)).await);
            let page = Json::parse(&buyer.next().await.2).unwrap();
            assert_eq!(page.at(&["context", "messageId"]).unwrap().as_str(), Some(context.message_id.as_str()));
            for catalog in page.at(&["message", "catalogs"]).unwrap().as_array().unwrap() {
                offers.extend(catalog.get("offers").unwrap().as_array().unwrap().iter().cloned());
            }
        }
        assert_eq!(edition_of(&offers, MANY), Some(2));
    }
}

/// So many offers as one message of 10 MiB holds, and a few less.
const MANY: usize = 3_500;

/// How many offers of the first and of the second edition are stored.
async fn editions(db: &TestDb) -> [usize; 2] {
    const ROWS: db::Sql = db::Sql::new(
        "test::editions",
        "SELECT COUNT(DISTINCT source) AS sources, MIN(offer_id) AS first, COUNT(*) AS n FROM catalog_offers",
    );
    let read =
        db::Db::connect(db.url(), &db::Options { pool_max: 1, ..db::Options::default() }).await.unwrap();
    let row = read.read(|tx| Box::pin(async move { tx.query_one(&ROWS, &[]).await })).await.unwrap();
    read.close().await;
    let count = usize::try_from(row.get::<i64>("n").unwrap()).unwrap();
    let first: String = row.get("first").unwrap();
    assert_eq!(row.get::<i64>("sources").unwrap(), 1, "offers of two editions");
    if first == "offer-00000" { [count, 0] } else { [0, count] }
}

/// The program's clock is the real one, so its hours are those of the day after tomorrow.
fn soon(message: &Json) -> Json {
    let day = |hours: i64| {
        let at = SystemClock.now().saturating_add(Span::from_hours(hours)).to_rfc3339();
        at[..10].to_owned()
    };
    let text = message.to_string().replace("2026-11-22", &day(48)).replace("2026-11-21", &day(-48));
    Json::parse(text.as_bytes()).unwrap()
}

/// How many faults the next `on_publish` names.
async fn told(seller: &Peer) -> usize {
    assert!(seller.mail_within(Duration::from_secs(240)).await, "no on_publish");
    let answer = Json::parse(&seller.next().await.2).unwrap();
    let result = answer.at(&["message", "results", "0"]).unwrap();
    assert_eq!(result.get("status").and_then(Json::as_str), Some("ACCEPTED"), "{result}");
    result.get("errors").and_then(Json::as_array).map_or(0, <[Json]>::len)
}

fn catalog_of_push(delivery: &(String, String, Vec<u8>)) -> String {
    assert_eq!(delivery.0, "/catalog/push");
    catalog_id(&Json::parse(&delivery.2).unwrap()).to_owned()
}

/// The last one is dropped when it is the repetition of the one before.
fn dedup(heard: &mut Vec<String>) {
    if let [.., before, last] = &heard[..]
        && before == last
    {
        heard.pop();
    }
}
