//! Revocation by DeDi: a record at the credential's address means that it is revoked, 404 and 410 that it is not, and
//! anything else says nothing, which is not enough.

use beckn_wire::json::Json;

use crate::presented::Presented;
use crate::verify::Verdict;

/// What was found at the address of [`Presented::status_url`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The HTTP status of the answer.
    Answered(u16),
    /// No answer.
    Unreachable,
    /// Nobody asked.
    NotAsked,
}

impl Status {
    /// What the answer says of a revocation, and why: only 404 and 410 say that there is none.
    pub fn revocation(self) -> (Verdict, String) {
        let (verdict, reason) = match self {
            Self::Answered(200) => (Verdict::Failed, "the registry lists it as revoked"),
            Self::Answered(404 | 410) => (Verdict::Passed, "the registry does not list it as revoked"),
            Self::Answered(_) => (Verdict::Unknown, "the registry gave no usable answer"),
            Self::Unreachable => (Verdict::Unknown, "the registry cannot be reached"),
            Self::NotAsked => (Verdict::Unknown, "the registry was not asked"),
        };
        (verdict, reason.to_owned())
    }
}

/// Where to look. Some credentials name the registry instead of their own record in it.
pub(crate) fn lookup_url(presented: &Presented) -> Option<String> {
    let address = entry(presented)?.get("id").and_then(Json::as_str)?;
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return None;
    }
    match address.split_once("/dedi/query/") {
        None => Some(address.to_owned()),
        Some((host, registry)) => {
            let id = presented.id()?.trim_start_matches("urn:uuid:");
            let encoded: String = id.bytes().map(escaped).collect();
            Some(format!("{host}/dedi/lookup/{}/{encoded}", registry.trim_end_matches('/')))
        }
    }
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// The entry; of several none is known which alone would do.
fn entry(presented: &Presented) -> Option<&Json> {
    match presented.document.get("credentialStatus") {
        Some(Json::Array(several)) if several.len() == 1 => several.first(),
        entry => entry,
    }
}

pub(crate) fn check(presented: &Presented, found: Status) -> (Verdict, String) {
    let Some(entry) = entry(presented).filter(|entry| **entry != Json::Null) else {
        return (Verdict::Passed, "it names no registry of revocations".to_owned());
    };
    let kind = entry.get("type").and_then(Json::as_str).unwrap_or_default();
    if !["dedi", "dediregistry"].contains(&kind.to_ascii_lowercase().as_str()) {
        return (Verdict::Unknown, "its status is of a kind that is not known here".to_owned());
    }
    if lookup_url(presented).is_none() {
        return (Verdict::Unknown, "its status names no address that can be asked".to_owned());
    }
    found.revocation()
}
