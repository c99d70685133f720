//! `wattmandi serve` as an operator meets it: how fast it starts, how it stops, and what it refuses to start
//! with.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::{Clock, Ids, SystemClock};
use node::keys::KeyFile;
use units::Span;
use wattmandi::cli::local::demo_key;
use wattmandi::network::KeyId;

use crate::client::within;
use crate::network::{ALPHA, Network, Setup, generate_key, path, user};
use crate::process::{Process, command, wattmandi};

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

/// `wattmandi messages export` of alpha's messages: whether it went well, and what it said.
fn export(databases: &crate::databases::Databases, folder: &str, key: Option<&Path>) -> (bool, String) {
    let url = databases.url("alpha");
    let mut list = vec!["messages", "export", folder, "--database-url", &url];
    list.extend(key.into_iter().flat_map(|key| ["--storage-key-file", path(key)]));
    let list: Vec<String> = list.into_iter().map(str::to_owned).collect();
    let output = command(&wattmandi(), &list).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

on_both_databases! {
    async fn without_its_storage_key_nothing_is_read_and_nothing_starts(databases: Databases) {
        let mut network = Network::start(&databases, 1).await;
        network.list().await;
        network.settle().await;
        assert_eq!(network.alpha.process.interrupt().await.code(), Some(0));
        // Beside the file, or beside the signing keys.
        let sqlite = databases.url("alpha").starts_with("sqlite:");
        let name = if sqlite { "alpha.db.key".to_owned() } else { format!("{ALPHA}.key.storage.key") };
        let key = databases.folder().join(name);
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let folder = databases.folder().join("messages");
        let (well, said) = export(&databases, path(&folder), Some(&key));
        assert!(well && said.contains(" messages in "), "{said}");
        let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        let body = STANDARD.decode(file["body"].as_str().unwrap()).unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(&body).unwrap()["context"].is_object());
        assert_eq!(export(&databases, path(&folder), None).0, sqlite, "beside an SQLite file it is found");

        let away = key.with_extension("away");
        std::fs::rename(&key, &away).unwrap();
        let (well, said) = export(&databases, path(&folder), None);
        assert!(!well && said.contains("--storage-key-file"), "{said}");
        std::fs::write(&key, "0a".repeat(32)).unwrap();
        let (well, said) = export(&databases, path(&folder), Some(&key));
        assert!(!well && said.contains("sealed with another key"), "{said}");
        let process = &mut network.alpha.process;
        process.spawn();
        let process = std::cell::RefCell::new(process);
        let ended = within(Span::from_secs(60), "a refusal", || async {
            process.borrow_mut().ended().ok_or_else(|| "it runs with another key".to_owned())
        })
        .await;
        let log = process.borrow().log();
        assert_eq!(ended.code(), Some(1), "{log}");
        assert!(log.contains("sealed with another storage key") && log.contains(path(&key)), "{log}");

        std::fs::rename(&away, &key).unwrap();
        network.alpha.process.kill();
        network.alpha.process.spawn();
        network.alpha.ready().await;
        network.close().await;
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
