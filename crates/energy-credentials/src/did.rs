//! Where an issuer's keys come from: `did:key` holds its key itself, `did:web` names a document, any other issuer's
//! keys are the operator's data.

use std::collections::BTreeMap;

use beckn_wire::json::Json;

use crate::key::VerificationKey;
use crate::trust::Issuer;

/// Most methods of a document that are looked at.
const METHODS_MAX: usize = 64;

/// Documents of `did:web` issuers as they were fetched, by DID; none where the fetch failed.
pub type KeyDocuments = BTreeMap<String, Option<Json>>;

/// Why no key was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// It says so itself: there is no such key, or not for this purpose.
    Refused(&'static str),
    /// Nobody could be asked.
    Unknown(&'static str),
}

/// Where the document of a `did:web` is; none for any other id, and for a name that would change the address.
pub fn web_document_url(did: &str) -> Option<String> {
    let mut parts = did.strip_prefix("did:web:")?.split(':');
    let host = parts.next().filter(|host| !host.is_empty())?.replace("%3A", ":").replace("%3a", ":");
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let (name, port) = host.split_once(':').map_or((host.as_str(), None), |(name, port)| (name, Some(port)));
    let path: Vec<&str> = parts.collect();
    let sound = plain(name)
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && path.iter().all(|part| plain(part) && !part.bytes().all(|byte| byte == b'.'));
    let folder = if path.is_empty() { ".well-known".to_owned() } else { path.join("/") };
    sound.then(|| format!("https://{host}/{folder}/did.json"))
}

/// The key that a method of the issuer names. `method` is a DID URL, or only its fragment, or none when the issuer has
/// one key for this purpose.
pub fn key_of(
    issuer: &str,
    method: Option<&str>,
    trusted: Option<&Issuer>,
    documents: &KeyDocuments,
) -> Result<Vec<VerificationKey>, NoKey> {
    let fragment = match method.map(|method| method.split_once('#').unwrap_or((method, ""))) {
        None => None,
        Some(("", fragment)) => Some(fragment),
        Some((owner, fragment)) if owner == issuer => Some(fragment).filter(|fragment| !fragment.is_empty()),
        // A key id without a DID is the issuer's own name for a key.
        Some((name, "")) if !name.contains(':') => Some(name),
        Some(_) => return Err(NoKey::Refused("it is signed with a key of somebody else than the issuer")),
    };
    if let Some(multibase) = issuer.strip_prefix("did:key:") {
        if fragment.is_some_and(|fragment| fragment != multibase) {
            return Err(NoKey::Refused("the issuer has no such key"));
        }
        let key = VerificationKey::from_multibase(multibase);
        return key.map(|key| vec![key]).map_err(|_| NoKey::Refused("the issuer's key cannot be used"));
    }
    // Keys that the operator wrote down stand before what is fetched.
    if let Some(trusted) = trusted.filter(|trusted| !trusted.keys.is_empty()) {
        let keys: Vec<_> = trusted
            .keys
            .iter()
            .filter(|(name, _)| fragment.is_none_or(|fragment| name.is_empty() || name == fragment))
            .map(|(_, key)| key.clone())
            .collect();
        return if keys.is_empty() { Err(NoKey::Refused("the issuer has no such key")) } else { Ok(keys) };
    }
    if !issuer.starts_with("did:web:") {
        return Err(NoKey::Unknown("no key of this issuer is known here"));
    }
    match documents.get(issuer) {
        Some(Some(document)) => from_document(issuer, fragment, document),
        Some(None) => Err(NoKey::Unknown("the issuer's keys cannot be fetched")),
        None => Err(NoKey::Unknown("the issuer's keys were not fetched")),
    }
}

/// The keys of a document with that name, or all, that are for assertions.
fn from_document(did: &str, fragment: Option<&str>, document: &Json) -> Result<Vec<VerificationKey>, NoKey> {
    if document.get("id").and_then(Json::as_str) != Some(did) {
        return Err(NoKey::Refused("the fetched document is another issuer's"));
    }
    let list =
        |name: &str| document.get(name).and_then(Json::as_array).unwrap_or_default().iter().take(METHODS_MAX);
    let named = |id: &str, fragment: &str| id == format!("{did}#{fragment}") || id == format!("#{fragment}");
    let matches = |id: &str| match fragment {
        Some(fragment) => named(id, fragment),
        None => id.starts_with(&format!("{did}#")) || id.starts_with('#'),
    };
    let id_of =
        |value: &Json| value.as_str().or_else(|| value.get("id").and_then(Json::as_str)).map(str::to_owned);
    let mut keys = Vec::new();
    for entry in list("assertionMethod") {
        let Some(id) = id_of(entry).filter(|id| matches(id)) else { continue };
        let name = id.rsplit('#').next().unwrap_or_default().to_owned();
        let method = match entry {
            Json::Object(_) => Some(entry),
            _ => list("verificationMethod").find(|method| id_of(method).is_some_and(|id| named(&id, &name))),
        };
        let foreign = |method: &Json| {
            method.get("controller").and_then(Json::as_str).is_some_and(|controller| controller != did)
        };
        let live = |method: &Json| method.get("revoked").is_none() && !foreign(method);
        if let Some(key) =
            method.filter(|method| live(method)).and_then(|m| VerificationKey::from_method(m).ok())
        {
            keys.push(key);
        }
    }
    if keys.is_empty() { Err(NoKey::Refused("the issuer has no such key for assertions")) } else { Ok(keys) }
}
