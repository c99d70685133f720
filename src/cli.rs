//! The commands: `serve`, `demo`, `migrate`, `keys`, `users`, `openapi`, `bill`, `credential`, `doctor`, `messages`.

mod bill;
mod credential;
pub mod demo;
mod doctor;
pub mod local;
pub mod platform;
mod users;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use clock::{Clocks, Ids, SystemEntropy};
use db::{DbError, Vault};
use node::Identity;
use node::keys::KeyFile;

use crate::cli::platform::{Place, StartError};
use crate::config::{Config, ConfigError, beside_database};
use crate::secrets;
use crate::telemetry::{self, LogFormat};

#[derive(Debug, Parser)]
#[command(name = "wattmandi", version, about, max_term_width = 100)]
struct Arguments {
    /// What to log, as `info` or `wattmandi=debug,node=info`.
    #[arg(long, env = "RUST_LOG", default_value = "info", global = true)]
    log: String,
    /// One JSON object a line instead of text.
    #[arg(long, env = "WATTMANDI_LOG_JSON", global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a participant: buyer's and seller's platform, client API, workers.
    Serve {
        /// The configuration file.
        #[arg(long, env = "WATTMANDI_CONFIG", default_value = "wattmandi.toml")]
        config: PathBuf,
        /// Allow http, loopback peers, demo keys and demo tokens. Never on the internet.
        #[arg(long)]
        insecure_demo: bool,
    },
    /// Run a whole network on this machine and watch it trade.
    Demo(demo::Options),
    /// Bring the database to the newest schema.
    Migrate {
        #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = "sqlite:wattmandi.db")]
        database_url: String,
    },
    /// Make and replace the signing key.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// The accounts in the database: add, list, give a role, lock, unlock.
    Users {
        #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = "sqlite:wattmandi.db")]
        database_url: String,
        #[command(subcommand)]
        command: users::UsersCommand,
    },
    /// Print the OpenAPI document of the client API.
    Openapi,
    /// Read one electricity bill by rules, offline, and print each value with its line.
    Bill(bill::Options),
    /// Judge one energy credential as the server does, and say why, check by check.
    Credential(credential::Options),
    /// Read one PDF from stdin: what `serve` starts for each document of a user, and nobody else has a use for.
    #[command(hide = true)]
    PdfText { limits: String },
    /// Check the configuration and everything that it names.
    Doctor {
        #[arg(long, env = "WATTMANDI_CONFIG", default_value = "wattmandi.toml")]
        config: PathBuf,
    },
    /// The messages of the network that this participant sent and received.
    Messages {
        #[command(subcommand)]
        command: MessagesCommand,
    },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a key and write it to a file that only you can read.
    Generate {
        /// The subscriber id that it signs for.
        #[arg(long)]
        subscriber_id: String,
        #[arg(long, default_value = "wattmandi-key.json")]
        out: PathBuf,
    },
    /// Replace the key by a new one that the old one endorses; the old one is kept beside it.
    Rotate {
        #[arg(long, default_value = "wattmandi-key.json")]
        key_file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum MessagesCommand {
    /// Write every message with its headers into a folder, one file each.
    Export {
        folder: PathBuf,
        #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = "sqlite:wattmandi.db")]
        database_url: String,
        /// What they were sealed with; beside an SQLite file it is found.
        #[arg(long, env = "WATTMANDI_STORAGE_KEY_FILE")]
        storage_key_file: Option<PathBuf>,
    },
}

/// Parses the arguments and runs the command.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::PdfText { limits } = &arguments.command {
        return pdf_text::child(limits);
    }
    let format = if arguments.log_json { LogFormat::Json } else { LogFormat::Text };
    let filter = match &arguments.command {
        Command::Demo(_) => format!("{},{}", arguments.log, demo::QUIETER),
        _ => arguments.log.clone(),
    };
    telemetry::log(format, &filter);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("wattmandi: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(execute(arguments.command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("wattmandi: {error}");
            ExitCode::FAILURE
        }
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

async fn execute(command: Command) -> Result<ExitCode, AnyError> {
    match command {
        Command::Serve { config, insecure_demo } => serve(&config, insecure_demo).await?,
        Command::Demo(options) => return demo::run(options).await,
        Command::Migrate { database_url } => {
            platform::open_database(&database_url, &Clocks::system(), None).await?.close().await;
            println!("the database is at the newest schema");
        }
        Command::Keys { command } => keys(command)?,
        Command::Bill(options) => return bill::run(options).await,
        Command::Credential(options) => return credential::run(options).await,
        // Ran before there was a runtime.
        Command::PdfText { .. } => {}
        Command::Users { database_url, command } => users::run(command, &database_url).await?,
        Command::Openapi => println!("{}", crate::api::openapi::document()),
        Command::Doctor { config } => return Ok(doctor::run(&config, &environment()).await),
        Command::Messages { command: MessagesCommand::Export { folder, database_url, storage_key_file } } => {
            let count = export(&folder, &database_url, storage_key_file).await?;
            println!("{count} messages in {}", folder.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes every message of a participant; the key is needed where they were sealed.
async fn export(folder: &Path, url: &str, storage_key_file: Option<PathBuf>) -> Result<u64, AnyError> {
    let file = storage_key_file.or_else(|| beside_database(url).filter(|file| file.exists()));
    let vault = match &file {
        Some(file) => Some(Vault::new(&secrets::read(file)?, Arc::new(SystemEntropy))?),
        None => None,
    };
    let db = platform::open_database(url, &Clocks::system(), vault).await?;
    match node::export::export(&db, folder).await {
        Err(node::export::ExportError::Db(DbError::Sealed)) => Err(match file {
            Some(file) => format!("the messages were sealed with another key than {}", file.display()).into(),
            None => "the messages are sealed: say where their key is by --storage-key-file".into(),
        }),
        outcome => Ok(outcome?),
    }
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars().collect()
}

async fn serve(path: &Path, insecure_demo: bool) -> Result<(), AnyError> {
    let mut environment = environment();
    if insecure_demo {
        environment.insert("WATTMANDI_INSECURE_DEMO".into(), "1".into());
    }
    let config = Config::load(path, &environment)?;
    let key = KeyFile::load(&config.server.key_file).map_err(StartError::Key)?;
    check_key(&key, &config)?;
    let identity = Identity {
        subscriber_id: config.network.subscriber_id.clone(),
        key_id: key.key_id,
        signing_key: key.signing_key,
        base_url: config.network.base_url.clone(),
    };
    let listen = |address| TcpListener::bind(address).map_err(|e| StartError::Listen(address, e));
    let place = Place {
        identity,
        listen: listen(config.server.listen)?,
        ops: Some(listen(config.server.ops_listen)?),
    };
    let platform = platform::start(&config, place, Clocks::system(), Ids::system()).await?;
    tracing::info!(address = %platform.address, subscriber = config.network.subscriber_id, "wattmandi is ready");
    stop_signal().await;
    tracing::info!("stopping: what is under way is finished first");
    platform.stop().await;
    Ok(())
}

/// We sign with our own key, and with one that anyone can compute only in a demo (ruling 12).
fn check_key(key: &KeyFile, config: &Config) -> Result<(), ConfigError> {
    let subscriber_id = &config.network.subscriber_id;
    let refuse = |reason: &str| Err(ConfigError::invalid("server.key_file", reason));
    if key.key_id.subscriber_id() != subscriber_id {
        return refuse("the key signs for another subscriber id");
    }
    let demo = local::demo_key(subscriber_id).public() == key.signing_key.public();
    if demo && !config.server.insecure_demo {
        return refuse("a demo key needs --insecure-demo");
    }
    Ok(())
}

/// Until Ctrl-C or a termination signal.
pub(crate) async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => {
            // Without a handler Ctrl-C still ends us.
            let _ = interrupt.await;
            return;
        }
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}

fn keys(command: KeysCommand) -> Result<(), AnyError> {
    let ids = Ids::system();
    match command {
        KeysCommand::Generate { subscriber_id, out } => {
            let key = KeyFile::generate(&subscriber_id, &ids)?;
            key.save(&out)?;
            println!("key file        {}", out.display());
            print_public(&key);
        }
        KeysCommand::Rotate { key_file } => {
            let rotation = KeyFile::rotate(&key_file, &ids)?;
            println!("old key         {} in {}", rotation.old.key_id.key_id(), rotation.old_path.display());
            print_public(&rotation.new);
            println!(
                "Publish the new record, restart, and revoke the old key once its messages have expired."
            );
        }
    }
    Ok(())
}

fn print_public(key: &KeyFile) {
    println!("subscriber id   {}", key.key_id.subscriber_id());
    println!("key id          {}", key.key_id.key_id());
    println!("public key      {}", key.signing_key.public().to_base64());
}
