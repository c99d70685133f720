//! Is the process alive, and can it do its work?

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::Answer;
use crate::api::{Shared, State};

/// So long a dependency may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Alive.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// Ready, or why not.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ready {
    /// `ready` or `not_ready`.
    #[schema(example = "ready")]
    pub status: &'static str,
    /// `database`, `registry` and `key`, each with `ok` or the reason.
    pub checks: BTreeMap<&'static str, String>,
}

/// The process runs. Asks nobody.
#[utoipa::path(get, path = "/health", tag = "operation", responses((status = 200, body = Health)))]
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

/// Each dependency, with the reason when it fails.
#[utoipa::path(get, path = "/ready", tag = "operation",
    responses((status = 200, body = Ready), (status = 503, description = "Not ready", body = Ready)))]
pub async fn ready(state: State) -> Answer {
    let (database, (registry, key)) = futures_util::join!(database(&state), registry(&state));
    let checks = [("database", database), ("registry", registry), ("key", key)];
    let fine = checks.iter().all(|(_, check)| check.is_ok());
    let checks = checks
        .into_iter()
        .map(|(name, check)| (name, check.err().map_or_else(|| "ok".to_owned(), str::to_owned)));
    let body = Ready { status: if fine { "ready" } else { "not_ready" }, checks: checks.collect() };
    Ok(if fine { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) })
}

type Check = Result<(), &'static str>;

async fn database(state: &Shared) -> Check {
    let db = state.participant.db.clone();
    let ping = tokio::time::timeout(PATIENCE, state.run(async move { db.ping().await })).await;
    match ping {
        Ok(Ok(Ok(()))) => Ok(()),
        Ok(_) => Err("does not answer"),
        Err(_) => Err("does not answer in time"),
    }
}

/// Whether the registry answers for us, and whether it knows the key that we sign with.
async fn registry(state: &Shared) -> (Check, Check) {
    const UNKNOWN: &str = "cannot be checked without the registry";
    let Some(identity) = state.participant.node.identity(&state.participant.settings.subscriber_id).cloned()
    else {
        return (Err("we have no identity"), Err("we have no identity"));
    };
    let registry = Arc::clone(&state.registry);
    let asked = state.run(async move {
        if let Err(error) = registry.subscriber(&identity.subscriber_id).await {
            let passing = error.passing();
            return (Err(if passing { "does not answer" } else { "does not know us" }), Err(UNKNOWN));
        }
        let key = match registry.key(&identity.key_id).await {
            Ok(record) if record.public_key == identity.signing_key.public() => Ok(()),
            Ok(_) => Err("the registry has another key under its id"),
            Err(_) => Err("the registry has no live key of its id"),
        };
        (Ok(()), key)
    });
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(checks)) => checks,
        Ok(Err(_)) => (Err("cannot be asked"), Err(UNKNOWN)),
        Err(_) => (Err("does not answer in time"), Err(UNKNOWN)),
    }
}
