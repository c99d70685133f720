//! `wattmandi demo`: a whole network on this machine, offline, that trades while you watch.
//!
//! Two rival platforms, a catalog service with its registry, two DISCOMs with ledgers, six people. The people list the
//! hours that are open for trading and buy from one another through the same functions as the client API; some change
//! their minds, some ask for too much. `--until-trades N` ends by itself and fails when any trade ended wrong.

mod settled;
mod summary;
mod trader;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clock::{Clock, Clocks, ScaledClock, SystemClock};
use db::DbError;
use units::{IstDate, Span, Timestamp};

use super::AnyError;
use super::local::{LocalNetwork, LocalOptions, SPARES};
use crate::config::{ConfigError, WebConfig};
use trader::Trader;

/// In one process every message is sent and received: one line is enough.
pub(super) const QUIETER: &str = "messages::in=warn,wattmandi::api=warn,actix_server=warn";

/// Options of the demo.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many seconds of the market pass in one real second.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=36_000))]
    pub clock_rate: u32,
    /// Where the market's clock starts, RFC 3339; today at 10:00 India Standard Time unless told otherwise.
    #[arg(long)]
    pub clock_start: Option<String>,
    /// Stop after so many contracts, with a summary; fail when any of them ended wrong.
    #[arg(long)]
    pub until_trades: Option<u32>,
    /// Trade until so many contracts stand, wait for the next morning, and stop when all are settled, with a summary;
    /// fail when anything does not reconcile. A clock rate of 3600 makes it a minute.
    #[arg(long, conflicts_with = "until_trades")]
    pub until_settled: Option<u32>,
    /// The pause between two trades, milliseconds.
    #[arg(long, default_value_t = 1_500)]
    pub pace_ms: u64,
    /// Do not trade by itself: only run the network.
    #[arg(long)]
    pub quiet: bool,
    /// Keep the databases in this folder; without it they are gone at the end.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// At the end write every message of both platforms, and the public keys, into this folder.
    #[arg(long)]
    pub export: Option<PathBuf>,
    /// Take any free ports instead of 4000, 4010, 4001, 4002.
    #[arg(long)]
    pub free_ports: bool,
    /// Database URLs of catalog, DISCOMs, alpha and beta instead of files, comma-separated.
    #[arg(long, value_delimiter = ',', num_args = 1..=4)]
    pub databases: Option<Vec<String>>,
    /// The seed of the people's choices.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Runs the demo until Ctrl-C, or until so many trades.
///
/// # Errors
/// A part of the network does not start.
pub(super) async fn run(options: Options) -> Result<ExitCode, AnyError> {
    let scratch = Scratch::new(options.data.clone())?;
    let clocks = clocks(&options)?;
    let mut local = LocalOptions::in_folder(&scratch.folder, clocks.clone());
    // Whoever watches a market that runs fast wants to see its next morning in time.
    local.trade.discom_check_interval_ms = 500;
    local.web = web(&super::environment())?;
    match options.databases.as_deref() {
        None => {}
        Some([a, b, c, d]) => local.databases = [a.clone(), b.clone(), c.clone(), d.clone()],
        Some(_) => return Err("--databases takes four URLs: catalog, DISCOMs, alpha, beta".into()),
    }
    if !options.free_ports {
        local.ports = [4001, 4002, 4000, 4010, 4900, 4910];
    }
    let network = LocalNetwork::start(local).await?;
    greet(&network, &clocks);
    let failed = if options.quiet { quiet().await } else { trade(&network, &options).await? };
    if let Some(folder) = &options.export {
        summary::export(&network, folder).await?;
    }
    network.stop().await;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The `[web]` settings of the environment, as `serve` reads them; but the demo's addresses are http.
fn web(environment: &BTreeMap<String, String>) -> Result<WebConfig, ConfigError> {
    let web = WebConfig::of_environment(environment)?;
    Ok(WebConfig { tls_cert_file: None, tls_key_file: None, ..web })
}

/// What the platforms of a network tell differently, as the demo asks at its end; nothing while they agree.
///
/// # Errors
/// A database cannot be read.
pub async fn faults(network: &LocalNetwork) -> Result<Vec<String>, AnyError> {
    Ok(summary::of(network, trader::Tally::default()).await?.into_faults())
}

async fn quiet() -> bool {
    super::stop_signal().await;
    false
}

/// Trades until it is time to stop; true when a trade ended wrong.
async fn trade(network: &LocalNetwork, options: &Options) -> Result<bool, AnyError> {
    let mut trader = Trader::new(network, options.seed);
    let mut ticks = tokio::time::interval(Duration::from_millis(options.pace_ms.max(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stop = super::stop_signal();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = &mut stop => break,
            () = trader.round() => {}
        }
        if options.until_trades.is_some_and(|wanted| trader.contracts() >= wanted) {
            break;
        }
        if options.until_settled.is_some_and(|wanted| trader.standing() >= wanted) {
            break;
        }
        if trader.gave_up() {
            tracing::error!("no trade came about in a long time");
            break;
        }
    }
    trader.settle_down().await;
    let summary = summary::of(network, trader.tally()).await?;
    println!("{summary}");
    let Some(wanted) = options.until_settled else {
        let short = options.until_trades.is_some_and(|wanted| trader.contracts() < wanted);
        return Ok(options.until_trades.is_some() && (summary.is_wrong() || short));
    };
    tokio::select! {
        () = &mut stop => {}
        waited = next_morning(network, options.clock_rate) => waited?,
    }
    let settled = settled::of(network).await?;
    println!("{settled}");
    let short = settled.contracts() < usize::try_from(wanted).unwrap_or(usize::MAX);
    Ok(summary.is_wrong() || !settled.faults.is_empty() || short)
}

/// Waits until nothing is awaited any more, at most three days of the market and a minute.
async fn next_morning(network: &LocalNetwork, rate: u32) -> Result<(), DbError> {
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    let days = Duration::from_secs(3 * 24 * 3600).checked_div(rate).unwrap_or_default();
    let late = days.saturating_add(Duration::from_secs(60)).as_millis().div_euclid(200);
    for _ in 0..late {
        ticks.tick().await;
        let progress = settled::progress(network).await?;
        if progress.open == 0 {
            break;
        }
    }
    Ok(())
}

fn clocks(options: &Options) -> Result<Clocks, AnyError> {
    let wire: Arc<dyn Clock> = Arc::new(SystemClock);
    let origin = match &options.clock_start {
        Some(text) => Timestamp::parse_rfc3339(text)?,
        None => IstDate::of(wire.now()).first_slot().start().saturating_add(Span::from_hours(10)),
    };
    let market = ScaledClock::starting_at(origin, options.clock_rate, Arc::clone(&wire));
    Ok(Clocks { wire, market: Arc::new(market) })
}

fn greet(network: &LocalNetwork, clocks: &Clocks) {
    let [alpha, beta] = network.platforms.as_slice() else { return };
    println!("A whole energy network runs on this machine; Ctrl-C stops it.\n");
    println!("  platform alpha      http://{}      API page: /docs", alpha.address);
    println!("  platform beta       http://{}", beta.address);
    println!("  catalog, registry   {}", network.catalog.base_url);
    println!("  DISCOMs, ledgers    {}", network.discoms.base_url);
    if let (Some(a), Some(b)) = (alpha.ops_address, beta.ops_address) {
        println!("  operator            http://{a}/metrics   http://{b}/metrics");
        println!("  what nobody sends   http://{a}/admin/messages   http://{b}/admin/messages");
        println!("                      (the codes and links that people would get by mail and SMS)");
        println!("  what needs you      http://{a}/admin/exceptions   http://{b}/admin/exceptions");
    }
    println!("\n  people of alpha     asha, bilal, chitra      of beta: dev, esha, farid");
    println!("  an API token        demo-token-of-NAME");
    println!("  signing in          NAME@wattmandi.example      demo-password-of-NAME");
    println!(
        "\n  meters that are nobody's yet: claim one by POST /users/me/meters with discom, serial_number and key"
    );
    for spare in &SPARES {
        println!("  {:<6} {:<18} {:<24} {}", spare.platform, spare.discom, spare.meter, spare.key);
    }
    println!("\n  market clock        {}\n", units::ist_label(clocks.market.now()));
}

/// Where the databases of a run are: the caller's folder, or one of our own that is removed at the end.
struct Scratch {
    folder: PathBuf,
    remove: bool,
}

impl Scratch {
    fn new(kept: Option<PathBuf>) -> std::io::Result<Self> {
        let remove = kept.is_none();
        let folder = kept
            .unwrap_or_else(|| std::env::temp_dir().join(format!("wattmandi-demo-{}", std::process::id())));
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, remove })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.remove && std::fs::remove_dir_all(&self.folder).is_err() {
            tracing::warn!(folder = %self.folder.display(), "the demo's files could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_counts_as_the_environment_says_and_stays_on_http() {
        let pairs = [
            ("WATTMANDI_LIMIT_READ", "9"),
            ("WATTMANDI_TLS_CERT_FILE", "a"),
            ("WATTMANDI_TLS_KEY_FILE", "b"),
        ];
        let environment = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let read = web(&environment(&pairs)).unwrap();
        assert_eq!((read.limits.read, read.limits.trade, read.tls_cert_file), (9, 100, None));
        let error = web(&environment(&[("WATTMANDI_LIMIT_READ", "0")])).unwrap_err().to_string();
        assert!(error.starts_with("web.limits.read"), "{error}");
    }
}
