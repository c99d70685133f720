//! The four programs of a network, with their keys, configurations and people.

use std::path::{Path, PathBuf};

use clock::{Clock, SystemClock};
use db::{Db, Options};
use serde_json::{Value, json};
use units::{DeliverySlot, Span};

use crate::audit::{self, Book};
use crate::client::{Api, Person, eventually};
use crate::databases::Databases;
use crate::issued::issuer;
use crate::process::{Process, command, free_port, mock, wattmandi};

pub const ALPHA: &str = "alpha.example";
pub const BETA: &str = "beta.example";
/// Ledgers of the seller's DISCOM and of the buyers'.
pub const NORTH: &str = "north.ledger.example";
pub const SOUTH: &str = "south.ledger.example";
/// Code, DISCOM and ledger.
const DISCOMS: [(&str, &str, &str); 2] = [
    ("TEST_DISCOM_NORTH", "north.discom.example", NORTH),
    ("TEST_DISCOM_SOUTH", "south.discom.example", SOUTH),
];
pub const SELLER_METER: &str = "TEST_METER_SELLER";
const NETWORK_ID: &str = energy_rules::NETWORK_TEST;

/// One trading platform.
pub struct Platform {
    pub process: Process,
    pub api: Api,
    /// The operator's port.
    pub ops: Api,
    database: String,
}

/// The network at work. The seller trades on alpha, the buyers on beta.
pub struct Network {
    pub alpha: Platform,
    pub beta: Platform,
    pub discoms: Api,
    /// A slot that is open for trading, RFC 3339.
    pub slot: String,
    pub mocks: [Process; 2],
}

impl Platform {
    /// Waits until it and what it needs are there.
    pub async fn ready(&self) {
        ready(&self.api).await;
    }

    /// Its database, beside it.
    pub async fn database(&self) -> Db {
        Db::connect(&self.database, &Options { pool_max: 2, ..Options::default() }).await.unwrap()
    }

    /// What its database says now.
    pub async fn book(&self) -> Book {
        let db = self.database().await;
        let book = audit::read(&db).await;
        db.close().await;
        book
    }
}

async fn ready(api: &Api) {
    eventually(&format!("{}/ready", api.base), || async {
        let reply = api.get("/ready").await.map_err(|error| error.to_string())?;
        if reply.status == 200 { Ok(()) } else { Err(String::from_utf8_lossy(&reply.body).into_owned()) }
    })
    .await;
}

/// Where a program listens.
fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn arguments(list: &[&str]) -> Vec<String> {
    list.iter().map(|argument| (*argument).to_owned()).collect()
}

/// The standard output of a command that must succeed.
pub fn output(program: &Path, list: &[&str]) -> String {
    let output = command(program, &arguments(list)).output().unwrap();
    assert!(output.status.success(), "{list:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Makes a key as an operator does: its file, its id and its public half.
pub fn generate_key(folder: &Path, subscriber: &str) -> (PathBuf, String, String) {
    let file = folder.join(format!("{subscriber}.key.json"));
    let printed =
        output(&wattmandi(), &["keys", "generate", "--subscriber-id", subscriber, "--out", path(&file)]);
    let field = |name: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {printed}")).trim().to_owned()
    };
    (file, field("key id"), field("public key"))
}

pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn registration(subscriber: &str, url: &str, key_id: &str, public_key: &str) -> Value {
    json!({
        "subscriber_id": subscriber, "url": url, "type": "BPP", "key_id": key_id,
        "signing_public_key": public_key, "network_memberships": [NETWORK_ID],
    })
}

/// What an operator writes down for one platform.
pub struct Setup<'s> {
    pub subscriber: &'s str,
    pub ports: [u16; 2],
    pub registry: &'s str,
    pub discoms: &'s str,
    pub database: &'s str,
    pub key_file: &'s Path,
    pub users: &'s str,
}

impl Setup<'_> {
    /// The configuration file.
    pub fn toml(&self) -> String {
        let Setup { subscriber, ports, registry, discoms, database, key_file, users } = self;
        let mut text = format!(
            "[server]\nlisten = \"127.0.0.1:{}\"\nops_listen = \"127.0.0.1:{}\"\n\
             database_url = \"{database}\"\nkey_file = \"{}\"\n\n\
             [network]\nsubscriber_id = \"{subscriber}\"\nbase_url = \"{}\"\n\
             registry_url = \"{registry}\"\ncatalog_service_id = \"{}\"\npolicy_prefixes = [\"{registry}\"]\n\n\
             [network.policy]\nurl = \"{registry}/lookup/{}\"\nquery_path = \"data.deg.contracts.p2p_trading\"\n",
            ports[0],
            ports[1],
            key_file.display(),
            url(ports[0]),
            cds_mock::SUBSCRIBER_ID,
            cds_mock::policy::RECORD.join("/"),
        );
        for (code, discom, ledger) in DISCOMS {
            text.push_str(&format!(
                "\n[[network.discoms]]\ncode = \"{code}\"\ndiscom_id = \"{discom}\"\n\
                 discom_uri = \"{discoms}\"\nledger_id = \"{ledger}\"\nledger_uri = \"{discoms}\"\n"
            ));
        }
        // All people of a test sign in from one address.
        format!("{text}\n[web.limits]\nsign_in = 1000\n{}{users}", issuer())
    }
}

/// A user with one meter, as the configuration names it.
pub fn user(handle: &str, meter: &str, discom: &str, solar_w: Option<i64>) -> String {
    let solar = solar_w.map(|w| format!("resource_type = \"SOLAR\"\ninstalled_capacity_w = {w}\n"));
    format!(
        "\n[[users]]\nhandle = \"{handle}\"\nname = \"{handle}\"\ntoken = \"{}\"\n\
         payout_vpa = \"{handle}@upi\"\nmonthly_production_kwh = \"1000\"\nproduction_verified = true\n\
         monthly_consumption_kwh = \"1000\"\n\n[[users.meters]]\n\
         id = \"{meter}\"\ndiscom = \"{discom}\"\ncustomer_number = \"CUSTOMER-{handle}\"\n\
         sanctioned_load_w = 5000\n{}",
        token(handle),
        solar.unwrap_or_default(),
    )
}

pub fn token(handle: &str) -> String {
    format!("an-api-token-of-{handle}")
}

impl Network {
    /// Starts all of it, with so many buyers.
    pub async fn start(databases: &Databases, buyers: usize) -> Self {
        Self::logging(None, databases, buyers).await
    }

    /// The same, with logs of a level.
    pub async fn logging(level: Option<&'static str>, databases: &Databases, buyers: usize) -> Self {
        let folder = databases.folder();
        let ports: [u16; 6] = std::array::from_fn(|_| free_port());
        let (catalog_url, discoms_url) = (url(ports[0]), url(ports[1]));
        let registry = format!("{catalog_url}/registry/dedi");
        let discom_arguments = discom_arguments(folder, ports[1], &databases.url("discoms"), &registry);
        let keys = [ALPHA, BETA].map(|subscriber| generate_key(folder, subscriber));
        write_seeds(
            folder,
            &discom_arguments,
            &[(ALPHA, url(ports[2]), &keys[0]), (BETA, url(ports[4]), &keys[1])],
        );

        let catalog_arguments = arguments(&[
            "--listen",
            &format!("127.0.0.1:{}", ports[0]),
            "--database",
            &databases.url("catalog"),
            "--key-file",
            path(&folder.join("catalog.key.json")),
            "--insecure-demo",
            "--seed",
            path(&folder.join("seeds.json")),
        ]);
        let catalog = Process::logging(level, "catalog", &mock("cds-mock"), &catalog_arguments, folder);
        ready(&Api::new(catalog_url)).await;
        let ledgers = Process::logging(level, "discoms", &mock("discom-mock"), &discom_arguments, folder);
        let discoms = Api::new(&discoms_url);
        ready(&discoms).await;

        let users: String =
            (0..buyers).map(|n| user(&buyer_handle(n), &buyer_meter(n), DISCOMS[1].0, None)).collect();
        let platform = |name: &str, subscriber, ports, key_file: &Path, users: &str| {
            let database = databases.url(name);
            let setup = Setup {
                subscriber,
                ports,
                registry: &registry,
                discoms: &discoms_url,
                database: &database,
                key_file,
                users,
            };
            let config = folder.join(name).with_extension("toml");
            std::fs::write(&config, setup.toml()).unwrap();
            let arguments = arguments(&["serve", "--config", path(&config), "--insecure-demo"]);
            let process = Process::logging(level, name, &wattmandi(), &arguments, folder);
            Platform { process, api: Api::new(url(ports[0])), ops: Api::new(url(ports[1])), database }
        };
        let seller = user("seller", SELLER_METER, DISCOMS[0].0, Some(20_000));
        let network = Self {
            alpha: platform("alpha", ALPHA, [ports[2], ports[3]], &keys[0].0, &seller),
            beta: platform("beta", BETA, [ports[4], ports[5]], &keys[1].0, &users),
            discoms,
            slot: DeliverySlot::containing(SystemClock.now().saturating_add(Span::from_hours(12)))
                .start()
                .to_rfc3339(),
            mocks: [catalog, ledgers],
        };
        network.alpha.ready().await;
        network.beta.ready().await;
        network
    }

    pub fn seller(&self) -> Person {
        self.alpha.api.person(&token("seller"))
    }

    pub fn buyer(&self, n: usize) -> Person {
        self.beta.api.person(&token(&buyer_handle(n)))
    }

    /// Lists 10 kWh of one hour at 5 INR: the seller's platform and the offer.
    pub async fn list(&self) -> (String, String) {
        let offer = self.seller().list(SELLER_METER, &[(self.slot.as_str(), "10", "5")]).await;
        (ALPHA.to_owned(), offer)
    }

    /// The records of a ledger: of one transaction, or all.
    pub async fn records(&self, ledger: &str, transaction: Option<&str>) -> Vec<Value> {
        let query = transaction.map(|id| format!("?transaction_id={id}")).unwrap_or_default();
        let document = self.discoms.document(&format!("/ledgers/{ledger}/records{query}")).await;
        document["records"].as_array().unwrap().clone()
    }

    /// Puts a ledger under a fault, or with `normal` under none.
    pub async fn ledger_behaves(&self, ledger: &str, behavior: &str) {
        let path = format!("/admin/ledgers/{ledger}/behavior");
        self.discoms.put(&path, &json!({"behavior": behavior})).await.ok();
    }

    /// Waits until nothing is under way on either platform.
    pub async fn settle(&self) {
        for platform in [&self.alpha, &self.beta] {
            let db = Db::connect(&platform.database, &Options { pool_max: 2, ..Options::default() })
                .await
                .unwrap();
            eventually("an end of all work", || async {
                audit::read(&db).await.unfinished().map_or(Ok(()), Err)
            })
            .await;
            db.close().await;
        }
    }

    /// Lets everything come to its end, stops both platforms, and checks each and both together: seller,
    /// buyer.
    pub async fn close(mut self) -> (Book, Book) {
        self.settle().await;
        for platform in [&mut self.alpha, &mut self.beta] {
            assert_eq!(platform.process.interrupt().await.code(), Some(0), "{}", platform.process.log());
        }
        let (seller, buyer) = (self.alpha.book().await, self.beta.book().await);
        for book in [&seller, &buyer] {
            book.check_queues();
            book.check_stock();
        }
        audit::check_agreement((ALPHA, &seller), (BETA, &buyer));
        (seller, buyer)
    }
}

fn buyer_handle(n: usize) -> String {
    format!("buyer-{n:03}")
}

pub fn buyer_meter(n: usize) -> String {
    format!("TEST_METER_BUYER_{n:03}")
}

fn discom_arguments(folder: &Path, port: u16, database: &str, registry: &str) -> Vec<String> {
    let mut list = arguments(&[
        "--listen",
        &format!("127.0.0.1:{port}"),
        "--database",
        database,
        "--registry",
        registry,
        "--key-dir",
        path(&folder.join("discom-keys")),
        "--insecure-demo",
    ]);
    for (code, discom, ledger) in DISCOMS {
        list.extend(["--discom".to_owned(), format!("{code},{discom},{ledger}")]);
    }
    list
}

/// What the registry knows from the start: the DISCOMs, their ledgers and the two platforms.
fn write_seeds(folder: &Path, discoms: &[String], platforms: &[(&str, String, &(PathBuf, String, String))]) {
    let mut list: Vec<&str> = discoms.iter().map(String::as_str).collect();
    list.push("--print-registrations");
    let printed: Value = serde_json::from_str(&output(&mock("discom-mock"), &list)).unwrap();
    let mut seeds = printed.as_array().unwrap().clone();
    assert_eq!(seeds.len(), 4);
    for (subscriber, url, (_, key_id, public_key)) in platforms {
        seeds.push(registration(subscriber, url, key_id, public_key));
    }
    std::fs::write(folder.join("seeds.json"), Value::from(seeds).to_string()).unwrap();
}
