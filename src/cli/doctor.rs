//! `wattmandi doctor`: looks at everything that the configuration names and says what is wrong with it, in the order
//! in which a person would mend it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clock::{Clocks, SystemEntropy};
use db::{DbError, Vault};
use node::keys::KeyFile;
use node::{AllowList, ClientConfig, DediConfig, DediRegistry, GuardedClient, Registry, RegistryError};

use crate::api::Tls;
use crate::cache::Cache;
use crate::cli::platform::open_database;
use crate::config::Config;
use crate::secrets;

/// One line of the report. True when it is well.
fn report(what: &str, outcome: Result<String, String>) -> bool {
    match outcome {
        Ok(text) => {
            println!("ok     {what}: {text}");
            true
        }
        Err(text) => {
            println!("FAULT  {what}: {text}");
            false
        }
    }
}

/// The database, and the key that its messages are sealed with.
async fn storage(config: &Config, clocks: &Clocks) -> bool {
    let file = config.server.storage_key_file().filter(|file| file.exists());
    let vault = file.as_ref().map(|file| {
        let key = secrets::read(file).map_err(|error| error.to_string())?;
        Vault::new(&key, Arc::new(SystemEntropy)).map_err(|error| error.to_string())
    });
    let (vault, fault) = match vault.transpose() {
        Ok(vault) => (vault, None),
        Err(fault) => (None, Some(fault)),
    };
    let db = match open_database(config.server.database_url.expose(), clocks, vault).await {
        Ok(db) => db,
        Err(error) => return report("database", Err(error.to_string())),
    };
    let well = report("database", Ok(format!("{:?}, newest schema", db.dialect())));
    let key = match (fault, node::seal::check(&db).await, file) {
        (Some(fault), ..) => Err(fault),
        (None, Ok(()), Some(file)) => Ok(file.display().to_string()),
        (None, Ok(()), None) => Ok("the first start makes it".to_owned()),
        (None, Err(DbError::Sealed), Some(file)) => {
            Err(format!("the messages were sealed with another one than {}", file.display()))
        }
        (None, Err(DbError::Sealed), None) => {
            Err("its file is gone, and the messages are sealed with it: bring it back".to_owned())
        }
        (None, Err(error), _) => Err(error.to_string()),
    };
    db.close().await;
    report("storage key", key) && well
}

/// Checks configuration, key, database, registry and clock; fails when any of them is not as it must be.
pub(super) async fn run(path: &Path, environment: &BTreeMap<String, String>) -> ExitCode {
    let config = match Config::load(path, environment) {
        Ok(config) => config,
        Err(error) => {
            report("configuration", Err(error.to_string()));
            return ExitCode::FAILURE;
        }
    };
    let mut well = report("configuration", Ok(path.display().to_string()));
    let key = KeyFile::load(&config.server.key_file);
    let key_text = match &key {
        Ok(key) if key.key_id.subscriber_id() == config.network.subscriber_id => {
            Ok(key.key_id.key_id().to_owned())
        }
        Ok(_) => Err("the key signs for another subscriber id".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    well &= report("signing key", key_text);
    let clocks = Clocks::system();
    well &= storage(&config, &clocks).await;
    if let (Some(certificate), Some(key)) = (&config.web.tls_cert_file, &config.web.tls_key_file) {
        let loaded = Tls::load(certificate, key).map(|_| certificate.display().to_string());
        well &= report("TLS certificate", loaded.map_err(|error| error.to_string()));
    }
    if let Some(url) = &config.web.redis_url {
        let answers = match Cache::redis(url.expose(), &config.network.subscriber_id) {
            Ok(cache) => cache.answers().await == Some(true),
            Err(_) => false,
        };
        let text = "limits are shared".to_owned();
        well &= report("Redis", answers.then_some(text).ok_or_else(|| "does not answer".to_owned()));
    }
    let allow = if config.server.insecure_demo { AllowList::loopback_for_demo() } else { AllowList::none() };
    match GuardedClient::new(&ClientConfig { allow, ..ClientConfig::default() }) {
        Ok(client) => {
            let dedi = DediConfig::at(&config.network.registry_url);
            let registry = DediRegistry::new(dedi, client, Arc::clone(&clocks.wire));
            if let Ok(key) = &key {
                well &= report("our key in the registry", our_record(&registry, key, &config).await);
            }
            for discom in &config.network.discoms {
                let found = registry.subscriber(&discom.ledger_id).await;
                let text = found.map(|record| record.url.clone()).map_err(|error| unfound(error, &config));
                well &= report(&format!("ledger of {}", discom.code), text);
            }
            let cds = registry.subscriber(&config.network.catalog_service_id).await;
            let text = cds.map(|record| record.url.clone()).map_err(|error| unfound(error, &config));
            well &= report("catalog service", text);
        }
        Err(error) => well &= report("HTTP client", Err(error.to_string())),
    }
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the registry says, or that it says nothing, and where it was asked.
fn unfound(error: RegistryError, config: &Config) -> String {
    format!("{error} ({})", config.network.registry_url)
}

async fn our_record(registry: &DediRegistry, key: &KeyFile, config: &Config) -> Result<String, String> {
    let record = registry.key(&key.key_id).await.map_err(|error| unfound(error, config))?;
    if record.public_key.to_base64() != key.signing_key.public().to_base64() {
        return Err("the registry holds another public key under this id".into());
    }
    if record.url.trim_end_matches('/') != config.network.base_url.trim_end_matches('/') {
        return Err(format!(
            "the registry says {}, the configuration {}",
            record.url, config.network.base_url
        ));
    }
    if !record.network_memberships.contains(&config.network.network_id) {
        return Err(format!("not a member of {}", config.network.network_id));
    }
    Ok(record.url.clone())
}
