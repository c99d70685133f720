//! `wattmandi credential FILE`: judges one credential as the server does, and says why, check by check.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use clock::{Clock, SystemClock};
use energy_credentials::{Binding, Role, Verdict, names};
use pdf_text::Apart;
use serde_json::json;
use units::{DeliverySlot, Timestamp};

use super::{AnyError, environment, platform};
use crate::config::Config;
use crate::credentials::{Judged, Judgment, StoredCheck, Verifier};
use crate::metering::present;

/// What is judged, and what for.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// JSON, a JWT, or a PDF that carries one of them.
    file: PathBuf,
    #[arg(long, env = "WATTMANDI_CONFIG", default_value = "wattmandi.toml")]
    config: PathBuf,
    /// Judge as of this instant (RFC 3339), not as of now.
    #[arg(long)]
    at: Option<String>,
    /// The delivery slot, by its start (RFC 3339), that it has to cover.
    #[arg(long)]
    slot: Option<String>,
    /// The meter that it has to be for.
    #[arg(long)]
    meter: Option<String>,
    /// The customer number that it has to be for.
    #[arg(long)]
    customer: Option<String>,
    /// The code of the DISCOM that it has to be for.
    #[arg(long)]
    discom: Option<String>,
    /// What it has to be good for.
    #[arg(long)]
    role: Option<For>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    Seller,
    Buyer,
}

/// The bytes of a credential: the file's, or out of the PDF that it is, which begins somewhere in its first kilobyte;
/// beside that why a PDF carries none.
async fn carried(mut file: Vec<u8>) -> Result<Result<Vec<u8>, String>, AnyError> {
    let head = file.get(..file.len().min(1_024)).unwrap_or_default();
    let Some(start) = head.windows(5).position(|bytes| bytes == b"%PDF-") else { return Ok(Ok(file)) };
    let pdf = file.split_off(start);
    let reader = Apart::new(std::env::current_exe()?, &["pdf-text"]);
    Ok(present::out_of_pdf(&reader, pdf).await.map_err(|fault| fault.to_string()))
}

/// What cannot be read is judged, too: it has not the form of a credential.
fn unreadable(reason: &str) -> ExitCode {
    let check = json!({"name": names::FORMAT, "verdict": Verdict::Failed.as_str(), "reason": reason});
    println!("{:#}", json!({"verified": false, "checks": [check]}));
    ExitCode::FAILURE
}

/// Prints the judgment as JSON; fails when the credential is not verified.
///
/// # Errors
/// The file or the configuration cannot be read.
pub(super) async fn run(options: Options) -> Result<ExitCode, AnyError> {
    let config = Config::load(&options.config, &environment())?;
    let verifier =
        Verifier::new(&config.credentials, platform::make_client(&config, &config.network.allowed_hosts)?)?;
    let now = match &options.at {
        Some(text) => Timestamp::parse_rfc3339(text)?,
        None => SystemClock.now(),
    };
    let slot = options.slot.as_deref().map(Timestamp::parse_rfc3339).transpose()?;
    let slot = slot.map(DeliverySlot::starting_at).transpose()?;
    let bytes = match carried(std::fs::read(&options.file)?).await? {
        Ok(bytes) => bytes,
        Err(reason) => return Ok(unreadable(&reason)),
    };
    let binding = Binding {
        meter: options.meter,
        customer: options.customer,
        discom: options.discom,
        role: options.role.map(|role| match role {
            For::Seller => Role::Seller,
            For::Buyer => Role::Buyer,
        }),
    };
    let Judgment { presented, report } = match verifier.judge(bytes, binding, slot, now).await {
        Ok(judgment) => judgment,
        Err(fault) => return Ok(unreadable(&fault.to_string())),
    };
    let checks: Vec<StoredCheck> = report.checks.iter().map(StoredCheck::from).collect();
    let shown = json!({
        "verified": report.verified(),
        "kind": presented.kind().map(|kind| kind.as_str()),
        "issuer": presented.issuer(),
        "discom": report.discom,
        "checks": checks,
        "claims": report.claims.as_ref().map(Judged::from),
    });
    println!("{shown:#}");
    Ok(if report.verified() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
