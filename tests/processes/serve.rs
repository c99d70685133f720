//! `wattmandi serve` as an operator meets it: how fast it starts, how it stops, and what it refuses to start
//! with.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clock::{Clock, Ids, SystemClock};
use node::keys::KeyFile;
use units::Span;
use wattmandi::cli::local::demo_key;
use wattmandi::network::KeyId;

use crate::client::within;
use crate::network::{ALPHA, Network, Setup, generate_key, path, user};
use crate::process::{Process, wattmandi};

const READY_WITHIN: Span = Span::from_secs(1);
const IDLE_KIB_MAX: u64 = 60 * 1024;

/// Resident memory of a process in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

on_both_databases! {
    async fn it_is_soon_ready_small_and_stops_cleanly(databases: Databases) {
        let mut network = Network::start(&databases, 1).await;
        let platform = &mut network.alpha;
        assert_eq!(platform.process.interrupt().await.code(), Some(0), "{}", platform.process.log());
        assert!(platform.api.get("/health").await.is_err(), "it still listens");
        let started = SystemClock.now();
        platform.process.spawn();
        platform.ready().await;
        let (took, memory) = (SystemClock.now().since(started), resident(platform.process.pid()));
        println!("serve: ready after {} ms, {memory} KiB resident", took.as_millis());
        if !cfg!(debug_assertions) {
            assert!(took < READY_WITHIN, "ready after {} ms", took.as_millis());
            assert!(memory < IDLE_KIB_MAX, "{memory} KiB resident");
        }
        assert_eq!(platform.process.interrupt().await.code(), Some(0), "{}", platform.process.log());
        let log = platform.process.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// A configuration that would do on the internet, to be spoilt.
pub fn config(folder: &Path) -> String {
    let (key_file, ..) = generate_key(folder, ALPHA);
    let setup = Setup {
        subscriber: ALPHA,
        ports: [0, 0],
        registry: "https://registry.example/dedi",
        discoms: "https://discoms.example",
        database: &format!("sqlite:{}", folder.join("alpha.db").display()),
        key_file: &key_file,
        users: &user("asha", "TEST_METER_ASHA", "TEST_DISCOM_NORTH", None),
    };
    setup.toml().replace("base_url = \"http://127.0.0.1:0\"", "base_url = \"https://alpha.example\"")
}

/// What `serve` says when it does not start.
async fn refusal(folder: &Path, config: &str) -> String {
    let file = folder.join("refused.toml");
    std::fs::write(&file, config).unwrap();
    let arguments = ["serve", "--config", path(&file)].map(str::to_owned);
    let name = format!("serve-{}", Ids::system().uuid());
    let process = std::cell::RefCell::new(Process::start(&name, &wattmandi(), &arguments, folder));
    let ended = within(Span::from_secs(20), "a refusal", || async {
        process.borrow_mut().ended().ok_or_else(|| format!("it runs with {config}"))
    })
    .await;
    let log = process.borrow().log();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("wattmandi: ") && !log.contains("panicked"), "{log}");
    log
}

#[tokio::test]
async fn what_is_for_demos_needs_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let good = config(folder);
    let demo = KeyFile { key_id: KeyId::new(ALPHA, "key-1").unwrap(), signing_key: demo_key(ALPHA) };
    demo.save(&folder.join("demo.key.json")).unwrap();
    let key = format!("{ALPHA}.key.json");
    for (from, to, place) in [
        ("base_url = \"https:", "base_url = \"http:", "network.base_url"),
        ("registry_url = \"https:", "registry_url = \"http:", "network.registry_url"),
        ("discom_uri = \"https:", "discom_uri = \"http:", "network.discoms[0].discom_uri"),
        ("ledger_uri = \"https:", "ledger_uri = \"http:", "network.discoms[0].ledger_uri"),
        (
            "catalog_service_id",
            "allowed_hosts = [\"127.0.0.1:1\"]\ncatalog_service_id",
            "network.allowed_hosts",
        ),
        ("token = \"an-api-token", "token = \"demo-token", "users[0].token"),
        (key.as_str(), "demo.key.json", "server.key_file"),
    ] {
        assert!(good.contains(from), "{from}");
        let said = refusal(folder, &good.replacen(from, to, 1)).await;
        assert!(said.contains(place), "{place} is not named: {said}");
    }
}

#[tokio::test]
async fn a_fault_in_the_configuration_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let good = config(folder);
    generate_key(folder, "somebody.else.example");
    let open = folder.join("open.key.json");
    std::fs::copy(folder.join(format!("{ALPHA}.key.json")), &open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let key = format!("{ALPHA}.key.json");
    for (from, to, place) in [
        ("[server]", "[server]\nlisten_on = 1", "line 2: unknown field `listen_on`"),
        ("[network]", "[network]\nnetwork = 1", "unknown field `network`"),
        (
            "code = \"TEST_DISCOM_NORTH\"",
            "code = \"TEST_DISCOM_NORTH\"\ncolour = 1",
            "unknown field `colour`",
        ),
        ("[server]", "[serfer]\n[server]", "line 1: unknown field `serfer`"),
        ("listen = \"127.0.0.1:0\"", "listen = \"here\"", "line 2: invalid socket address"),
        ("ops_listen = \"127.0.0.1:0\"", "ops_listen = \"0.0.0.0:0\"", "server.ops_listen"),
        ("database_url = \"sqlite:", "database_url = \"mysql:", "server.database_url"),
        (
            "TEST_METER_ASHA\"\ndiscom = \"TEST_DISCOM_NORTH\"",
            "TEST_METER_ASHA\"\ndiscom = \"TEST_DISCOM_WEST\"",
            "users[0].meters",
        ),
        (key.as_str(), "somebody.else.example.key.json", "server.key_file"),
        (key.as_str(), "no.key.json", "no.key.json"),
        (key.as_str(), "open.key.json", "open.key.json"),
    ] {
        assert!(good.contains(from), "{from}");
        let said = refusal(folder, &good.replacen(from, to, 1)).await;
        assert!(said.contains(place), "{place} is not named: {said}");
    }
}
