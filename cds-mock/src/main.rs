//! `cds-mock`: runs the catalog service and registry until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use cds_mock::registry::{Registration, RegistrationBody};
use cds_mock::{Config, SUBSCRIBER_ID, start};
use clap::Parser;
use clock::{Clocks, Ids};
use node::AllowList;
use node::keys::KeyFile;

/// Catalog discovery service and registry of keys for a peer-to-peer energy network.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen.
    #[arg(long, env = "CDS_LISTEN", default_value = "127.0.0.1:4001")]
    listen: SocketAddr,
    /// `sqlite:FILE` or `postgres://…`.
    #[arg(long, env = "CDS_DATABASE", hide_env_values = true, default_value = "sqlite:cds.db")]
    database: String,
    /// Address in the registry, when it is not that of --listen.
    #[arg(long, env = "CDS_BASE_URL")]
    base_url: Option<String>,
    /// The service's own key, as `wattmandi keys generate` writes it; made when it is not there.
    #[arg(long, env = "CDS_KEY_FILE", default_value = "cds.key.json")]
    key_file: PathBuf,
    /// Networks served; may be given several times.
    #[arg(long = "network", env = "CDS_NETWORKS", value_delimiter = ',')]
    networks: Vec<String>,
    /// Allows http and loopback addresses.
    #[arg(long)]
    insecure_demo: bool,
    /// JSON array of subscribers to seed, each as in `POST /registry/subscribers`.
    #[arg(long)]
    seed: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let ids = Ids::system();
    if !arguments.key_file.exists() {
        KeyFile::generate(SUBSCRIBER_ID, &ids)?.save(&arguments.key_file)?;
    }
    let key = KeyFile::load(&arguments.key_file)?;
    let mut config =
        Config::new(arguments.listen, arguments.database, key.key_id.key_id(), key.signing_key.clone());
    config.subscriber_id = key.key_id.subscriber_id().to_owned();
    config.base_url = arguments.base_url;
    if !arguments.networks.is_empty() {
        // Only test networks may be joined by registering; membership of others is the operator's to give.
        config.open_networks.retain(|network| arguments.networks.contains(network));
        config.networks = arguments.networks;
    }
    config.insecure_demo = arguments.insecure_demo;
    if config.insecure_demo {
        config.allow = AllowList::loopback_for_demo();
    }
    if let Some(path) = arguments.seed {
        let seeds: Vec<RegistrationBody> = serde_json::from_slice(&std::fs::read(path)?)?;
        config.registrations = seeds.into_iter().map(Registration::try_from).collect::<Result<_, _>>()?;
    }
    let running = start(config, Clocks::system(), ids).await?;
    stop_signal().await?;
    tracing::info!("stopping");
    running.stop().await;
    Ok(())
}

async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}
