//! `discom-mock`: runs DISCOMs with their ledgers until it is told to stop.

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use clap::Parser;
use clock::{Clocks, Ids};
use discom_mock::behavior::{Behavior, Setting};
use discom_mock::config::{Config, Discom, HOLD, Key, Metering};
use discom_mock::enrolled::Enrolled;
use discom_mock::ledger::meters::Meter;
use discom_mock::metering::simulator::Simulator;
use node::keys::KeyFile;
use node::{AllowList, ClientConfig, DediConfig, DediRegistry, GuardedClient};

/// DISCOMs with their ledgers for a peer-to-peer energy network.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen.
    #[arg(long, env = "DISCOM_LISTEN", default_value = "127.0.0.1:4002")]
    listen: SocketAddr,
    /// `sqlite:FILE` or `postgres://…`.
    #[arg(long, env = "DISCOM_DATABASE", hide_env_values = true, default_value = "sqlite:discom.db")]
    database: String,
    /// Address in the registry, when it is not that of --listen.
    #[arg(long, env = "DISCOM_BASE_URL")]
    base_url: Option<String>,
    /// CODE,DISCOM_ID,LEDGER_ID; may be given several times.
    #[arg(
        long = "discom",
        default_values = [
            "TEST_DISCOM_BUYER,buyer-discom.example,buyer-discom-ledger.example",
            "TEST_DISCOM_SELLER,seller-discom.example,seller-discom-ledger.example",
        ]
    )]
    discoms: Vec<Names>,
    /// Folder of the keys, one file per subscriber as `wattmandi keys generate` writes it; made when not
    /// there.
    #[arg(long, env = "DISCOM_KEY_DIR", default_value = "discom-keys")]
    key_dir: PathBuf,
    /// Base address of the registry of keys.
    #[arg(long, env = "DISCOM_REGISTRY", default_value = "http://127.0.0.1:4001/registry/dedi")]
    registry: String,
    /// Networks served; may be given several times.
    #[arg(
        long = "network",
        env = "DISCOM_NETWORKS",
        value_delimiter = ',',
        default_value = energy_rules::NETWORK_TEST
    )]
    networks: Vec<String>,
    /// METER_ID,CAPACITY_W,SANCTIONED_LOAD_W with `-` for no limit; may be given several times.
    #[arg(long = "meter")]
    meters: Vec<Limits>,
    /// CODE,METER_ID,KEY,CUSTOMER_NUMBER,RESOURCE_TYPE,CAPACITY_W,SANCTIONED_LOAD_W of a meter that a platform may ask
    /// for with that key, with `-` for none of the last three; may be given several times.
    #[arg(long = "enroll", env = "DISCOM_ENROLL", hide_env_values = true, value_delimiter = ';')]
    enrolled: Vec<OnRegister>,
    /// METER_ID whose readings are uploaded and never simulated; may be given several times.
    #[arg(long = "upload-only")]
    upload_only: Vec<String>,
    /// CODE,SUBSCRIBER_ID of a DISCOM whose meters are read elsewhere; may be given several times.
    #[arg(long = "head-end")]
    head_ends: Vec<HeadEnd>,
    /// Deliveries of sellers that succeed, 0 to 1.
    #[arg(long, env = "DISCOM_SUCCESS_RATE", default_value = "0.85", value_parser = success_rate)]
    success_rate: u64,
    /// Deliveries of which buyers draw all that they bought, 0 to 1.
    #[arg(long, env = "DISCOM_BUYER_SUCCESS_RATE", default_value = "1", value_parser = success_rate)]
    buyer_success_rate: u64,
    /// Hours in which the grid fails a meter that has something to deliver or to draw, 0 to 1.
    #[arg(long, env = "DISCOM_OUTAGE_RATE", default_value = "0", value_parser = success_rate)]
    outage_rate: u64,
    /// Seed of the simulated meters.
    #[arg(long, env = "DISCOM_SEED", default_value_t = 1)]
    seed: u64,
    /// Where the simulated sun shines, LATITUDE,LONGITUDE in degrees north and east with at most two places.
    #[arg(long, env = "DISCOM_PLACE", default_value = "28.60,77.20")]
    place: Place,
    /// LEDGER_ID=normal|refuse|timeout|lose-ack, then optionally :CODE, :TIMES and @ACTION, as in `refuse:2`.
    #[arg(long = "ledger-behavior")]
    behaviors: Vec<Fault>,
    /// Allows http and loopback addresses, shows the records to everyone, takes faults from callers on this
    /// machine.
    #[arg(long)]
    insecure_demo: bool,
    /// Prints what the registry has to know of every DISCOM and ledger, as a JSON array, and ends.
    #[arg(long)]
    print_registrations: bool,
}

/// The names of one DISCOM.
#[derive(Clone)]
struct Names {
    code: String,
    discom_id: String,
    ledger_id: String,
}

impl FromStr for Names {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let [code, discom_id, ledger_id] = three(text).ok_or("CODE,DISCOM_ID,LEDGER_ID wanted")?;
        Ok(Self { code: code.to_owned(), discom_id: discom_id.to_owned(), ledger_id: ledger_id.to_owned() })
    }
}

#[derive(Clone)]
struct Limits(Meter);

impl FromStr for Limits {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "METER_ID,CAPACITY_W,SANCTIONED_LOAD_W wanted, with - for no limit";
        let watts = |text: &str| match text {
            "-" => Ok(None),
            number => number.parse::<u32>().map(|watts| Some(i64::from(watts))).map_err(|_| WANTED),
        };
        let [id, capacity, load] = three(text).ok_or(WANTED)?;
        Ok(Self(Meter { id: id.to_owned(), capacity_w: watts(capacity)?, sanctioned_load_w: watts(load)? }))
    }
}

/// The DISCOM's code and its head-end.
#[derive(Clone)]
struct HeadEnd(String, String);

impl FromStr for HeadEnd {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(',').map(|(code, id)| (code.trim(), id.trim()));
        let parts = parts.filter(|(code, id)| !code.is_empty() && !id.is_empty());
        let (code, id) = parts.ok_or("CODE,SUBSCRIBER_ID wanted")?;
        Ok(Self(code.to_owned(), id.to_owned()))
    }
}

#[derive(Clone)]
struct OnRegister(Enrolled);

impl FromStr for OnRegister {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str =
            "CODE,METER_ID,KEY,CUSTOMER_NUMBER,RESOURCE_TYPE,CAPACITY_W,SANCTIONED_LOAD_W wanted";
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let [discom, meter, key, customer, resource, capacity, load] = <[&str; 7]>::try_from(parts)
            .ok()
            .filter(|p| p.iter().all(|part| !part.is_empty()))
            .ok_or(WANTED)?;
        let watts = |text: &str| match text {
            "-" => Ok(None),
            number => number.parse::<u32>().map(|watts| Some(i64::from(watts))).map_err(|_| WANTED),
        };
        Ok(Self(Enrolled {
            discom: discom.to_owned(),
            meter: meter.to_owned(),
            key: key.to_owned(),
            customer_number: customer.to_owned(),
            resource_type: Some(resource).filter(|text| *text != "-").map(str::to_owned),
            capacity_w: watts(capacity)?,
            sanctioned_load_w: watts(load)?,
        }))
    }
}

/// Hundredths of a degree.
#[derive(Clone, Copy)]
struct Place(i64, i64);

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "LATITUDE,LONGITUDE wanted, in degrees with at most two places";
        let (latitude, longitude) = text.split_once(',').ok_or(WANTED)?;
        let degrees = |text: &str, most: i64| {
            units::parse_scaled(text.trim(), 2).ok().filter(|n| (-most..=most).contains(n)).ok_or(WANTED)
        };
        Ok(Self(degrees(latitude, 9_000)?, degrees(longitude, 18_000)?))
    }
}

fn success_rate(text: &str) -> Result<u64, String> {
    discom_mock::metering::simulator::rate(text).map_err(|error| error.to_string())
}

#[derive(Clone)]
struct Fault(String, Option<Behavior>);

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (ledger, behavior) = text.split_once('=').ok_or("LEDGER_ID=BEHAVIOR wanted")?;
        let Setting(behavior) =
            behavior.parse().map_err(|error: discom_mock::behavior::BehaviorError| error.to_string())?;
        Ok(Self(ledger.to_owned(), behavior))
    }
}

fn three(text: &str) -> Option<[&str; 3]> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    <[&str; 3]>::try_from(parts).ok().filter(|parts| parts.iter().all(|part| !part.is_empty()))
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let (clocks, ids) = (Clocks::system(), Ids::system());
    let allow_list = if arguments.insecure_demo { AllowList::loopback_for_demo() } else { AllowList::none() };
    let client = GuardedClient::new(&ClientConfig { allow: allow_list.clone(), ..ClientConfig::default() })?;
    let registry = DediRegistry::new(DediConfig::at(&arguments.registry), client, Arc::clone(&clocks.wire));
    let config = Config {
        listen: arguments.listen,
        database_url: arguments.database,
        base_url: arguments.base_url,
        discoms: discoms(&arguments.discoms, &arguments.key_dir, &ids)?,
        networks: arguments.networks,
        registry: Arc::new(registry),
        allow_list,
        meters: arguments.meters.into_iter().map(|limits| limits.0).collect(),
        enrolled: arguments.enrolled.into_iter().map(|entry| entry.0).collect(),
        metering: Metering {
            simulator: Some(Simulator {
                seed: arguments.seed,
                latitude: arguments.place.0,
                longitude: arguments.place.1,
                seller_success: arguments.success_rate,
                buyer_success: arguments.buyer_success_rate,
                outage_rate: arguments.outage_rate,
            }),
            upload_only: arguments.upload_only,
            head_ends: arguments.head_ends.into_iter().map(|HeadEnd(code, id)| (code, id)).collect(),
        },
        behavior: arguments
            .behaviors
            .into_iter()
            .filter_map(|Fault(ledger, fault)| Some((ledger, fault?)))
            .collect(),
        hold: HOLD,
        insecure_demo: arguments.insecure_demo,
    };
    if arguments.print_registrations {
        println!("{}", registrations(&config));
        return Ok(());
    }
    let running = discom_mock::start(config, clocks, ids).await?;
    stop_signal().await?;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

fn discoms(names: &[Names], folder: &Path, ids: &Ids) -> Result<Vec<Discom>, Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let discom = |names: &Names| {
        Ok(Discom {
            code: names.code.clone(),
            discom_id: names.discom_id.clone(),
            ledger_id: names.ledger_id.clone(),
            discom_key: key(&names.discom_id, folder, ids)?,
            ledger_key: key(&names.ledger_id, folder, ids)?,
        })
    };
    names.iter().map(discom).collect()
}

/// The key of a subscriber, made when there is none.
fn key(subscriber_id: &str, folder: &Path, ids: &Ids) -> Result<Key, Box<dyn Error>> {
    if subscriber_id.contains(['/', '\\']) || subscriber_id.starts_with('.') {
        return Err(format!("{subscriber_id} is no subscriber id").into());
    }
    let path = folder.join(format!("{subscriber_id}.key.json"));
    if !path.exists() {
        KeyFile::generate(subscriber_id, ids)?.save(&path)?;
    }
    let file = KeyFile::load(&path)?;
    if file.key_id.subscriber_id() != subscriber_id {
        return Err(format!("{} is the key of {}", path.display(), file.key_id.subscriber_id()).into());
    }
    Ok(Key { id: file.key_id.key_id().to_owned(), signing_key: file.signing_key })
}

/// The bodies of a registration at the registry, each subscriber once.
fn registrations(config: &Config) -> serde_json::Value {
    let url = config.base_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let mut bodies = std::collections::BTreeMap::new();
    for discom in &config.discoms {
        for (id, key) in [(&discom.discom_id, &discom.discom_key), (&discom.ledger_id, &discom.ledger_key)] {
            let body = serde_json::json!({
                "subscriber_id": id,
                "url": url,
                "type": "BPP",
                "key_id": key.id,
                "signing_public_key": key.signing_key.public().to_base64(),
                "network_memberships": config.networks,
            });
            bodies.insert(id.clone(), body);
        }
    }
    bodies.into_values().collect()
}

async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}
