//! The program itself, killed in the middle of a fan-out, on both databases: nothing that was accepted is lost.

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
                assert!(subscribers[0].mail_within(Duration::from_secs(120)).await);
                heard[0].push(catalog_of_push(&subscribers[0].next().await));
                dedup(&mut heard[0]);
            }
            if target < 60 {
                program.take().unwrap().kill();
                program = Some(Program::start(&arguments).await);
            }
        }
        while heard[1].len() < wanted.len() {
            assert!(subscribers[1].mail_within(Duration::from_secs(120)).await);
            heard[1].push(catalog_of_push(&subscribers[1].next().await));
            dedup(&mut heard[1]);
        }
        // What was under way at a kill may come twice, and nothing comes out of turn.
        assert_eq!(heard, [wanted.clone(), wanted]);
        drop(program);
    }
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
