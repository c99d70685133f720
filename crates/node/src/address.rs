//! Addresses of participants (rulings 2 and 14): built from the registry record, never taken from a message.
//!
//! A registry record names a base; receivers and callers hang below it by fixed suffixes. A path is only an
//! address: which role a participant plays is decided by the contract, not by the suffix.

use std::net::IpAddr;

use beckn_wire::action::Action;
use reqwest::Url;

use crate::client::is_public;

/// The door below a participant's base address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Face {
    /// The base itself: catalog and discovery services.
    Base,
    /// `/bap/receiver`: what the network sends to a consumer's side.
    BapReceiver,
    /// `/bpp/receiver`: what the network sends to a provider's side.
    BppReceiver,
    /// `/bap/caller`: never called by the network; named in some messages as the sender's own address.
    BapCaller,
    /// `/bpp/caller`: as [`Face::BapCaller`], on the provider's side.
    BppCaller,
}

impl Face {
    /// Every face that has a suffix.
    pub const SUFFIXED: [Self; 4] = [Self::BapReceiver, Self::BppReceiver, Self::BapCaller, Self::BppCaller];

    /// What stands between the base and the action; empty for [`Face::Base`].
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Base => "",
            Self::BapReceiver => "/bap/receiver",
            Self::BppReceiver => "/bpp/receiver",
            Self::BapCaller => "/bap/caller",
            Self::BppCaller => "/bpp/caller",
        }
    }

    /// The name under which the outbox stores it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::BapReceiver => "bap_receiver",
            Self::BppReceiver => "bpp_receiver",
            Self::BapCaller => "bap_caller",
            Self::BppCaller => "bpp_caller",
        }
    }

    /// The face of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Base].into_iter().chain(Self::SUFFIXED).find(|face| face.as_str() == name)
    }
}

/// A text that is no usable http or https address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https address without user, query and fragment")]
pub struct AddressError;

/// The URL of one action of a participant whose registry record names `record_url`.
///
/// # Errors
/// The record's URL is unusable.
pub fn address(record_url: &str, face: Face, action: Action) -> Result<String, AddressError> {
    let mut url = base(record_url)?;
    let path = format!("{}{}/{}", url.path().trim_end_matches('/'), face.suffix(), action.as_str());
    url.set_path(&path);
    Ok(url.into())
}

/// The URI that a participant of this base writes into `bapUri` or `bppUri`.
///
/// # Errors
/// The base is unusable.
pub fn own_uri(base_url: &str, face: Face) -> Result<String, AddressError> {
    let mut url = base(base_url)?;
    let path = format!("{}{}", url.path().trim_end_matches('/'), face.suffix());
    url.set_path(&path);
    let text: String = url.into();
    Ok(text.trim_end_matches('/').to_owned())
}

/// Whether a URI in a message belongs to the participant of this registry record, and which face it names.
///
/// Scheme, host and port must be equal, and the path the base or the base and one of the four suffixes
/// (ruling 2).
pub fn uri_matches(record_url: &str, uri_in_message: &str) -> Option<Face> {
    let base = base(record_url).ok()?;
    let uri = plain(uri_in_message).ok()?;
    let same_origin = base.scheme() == uri.scheme()
        && base.host_str() == uri.host_str()
        && base.port_or_known_default() == uri.port_or_known_default();
    if !same_origin {
        return None;
    }
    let rest = uri.path().trim_end_matches('/').strip_prefix(base.path().trim_end_matches('/'))?;
    if rest.is_empty() {
        return Some(Face::Base);
    }
    Face::SUFFIXED.into_iter().find(|face| face.suffix() == rest)
}

/// The host that a URL leads to, as far as one operator can fill it with peers: of this machine the port belongs to it,
/// because every program on it is another host there.
///
/// # Errors
/// The URL is unusable.
pub(crate) fn host_of(url: &str) -> Result<String, AddressError> {
    let url = plain(url)?;
    let host = url.host_str().ok_or(AddressError)?;
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let own_machine = host == "localhost" || literal.is_ok_and(|ip| ip.is_loopback());
    Ok(match url.port_or_known_default().filter(|_| own_machine) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// Whether an address is one of the public internet by https: no name of the own machine or network, no address that
/// is not public. What a name leads to shows at the call, where private addresses are dropped.
pub fn is_public_https(url: &str) -> bool {
    let Ok(url) = plain(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    let local = ["localhost", "local", "internal", "localdomain"]
        .iter()
        .any(|name| host == *name || host.strip_suffix(name).is_some_and(|before| before.ends_with('.')));
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    url.scheme() == "https" && !local && literal.map_or(true, is_public)
}

/// The path of a base address without a slash at its end: empty when the base is a bare origin.
///
/// # Errors
/// The base is unusable.
pub(crate) fn base_path(record_url: &str) -> Result<String, AddressError> {
    Ok(base(record_url)?.path().trim_end_matches('/').to_owned())
}

/// Some registries hold `…/bpp/receiver` as the address of a participant: the base is what stands before it.
fn base(record_url: &str) -> Result<Url, AddressError> {
    let mut url = plain(record_url)?;
    let path = url.path().trim_end_matches('/').to_owned();
    let stripped = Face::SUFFIXED.into_iter().find_map(|face| path.strip_suffix(face.suffix()));
    url.set_path(stripped.unwrap_or(&path));
    Ok(url)
}

fn plain(text: &str) -> Result<Url, AddressError> {
    if text.len() > 2048 {
        return Err(AddressError);
    }
    let url = Url::parse(text).map_err(|_| AddressError)?;
    let usable = matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if usable { Ok(url) } else { Err(AddressError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_with_exactly_one_slash() {
        for base in [
            "https://b.example",
            "https://b.example/",
            "https://b.example/bpp/receiver",
            "https://b.example/bap/caller/",
        ] {
            let url = address(base, Face::BppReceiver, Action::Select).unwrap();
            assert_eq!(url, "https://b.example/bpp/receiver/select");
        }
        let url = address("http://127.0.0.1:4001/beckn/", Face::Base, Action::CatalogPublish).unwrap();
        assert_eq!(url, "http://127.0.0.1:4001/beckn/catalog/publish");
        assert_eq!(
            own_uri("https://b.example/x/", Face::BapReceiver).unwrap(),
            "https://b.example/x/bap/receiver"
        );
        assert_eq!(own_uri("https://b.example/", Face::Base).unwrap(), "https://b.example");
    }

    #[test]
    fn a_uri_matches_its_base_and_the_four_suffixes_only() {
        let record = "https://B.example:443/beckn";
        assert_eq!(uri_matches(record, "https://b.example/beckn"), Some(Face::Base));
        assert_eq!(uri_matches(record, "https://b.example/beckn/bap/receiver/"), Some(Face::BapReceiver));
        assert_eq!(uri_matches(record, "https://b.example/beckn/bpp/caller"), Some(Face::BppCaller));
        for foreign in [
            "http://b.example/beckn",
            "https://c.example/beckn",
            "https://b.example:8443/beckn",
            "https://b.example/becknx",
            "https://b.example/beckn/bap/receiver/select",
            "https://b.example/beckn/../beckn/x",
            "https://user@b.example/beckn",
            "https://b.example/beckn?x=1",
            "ftp://b.example/beckn",
            "",
        ] {
            assert_eq!(uri_matches(record, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn public_https_addresses() {
        for url in [
            "https://b.example",
            "https://b.example:8443/x",
            "https://8.8.8.8/x",
            "https://[2606:4700::1111]",
        ] {
            assert!(is_public_https(url), "{url}");
        }
        for url in [
            "http://b.example",
            "https://127.0.0.1",
            "https://[::1]:4000",
            "https://[::ffff:10.0.0.1]",
            "https://localhost:4000",
            "https://localhost.",
            "https://a.localhost",
            "https://printer.local/x",
            "https://metadata.google.internal",
            "https://10.1.2.3/x",
            "https://169.254.169.254",
            "https://2130706433",
            "https://0x7f.1",
            "https://u:p@b.example",
            "b.example",
        ] {
            assert!(!is_public_https(url), "{url}");
        }
    }

    #[test]
    fn peers_of_one_host_count_together() {
        let of = |url: &str| host_of(url).unwrap();
        assert_eq!(of("https://B.example:8443/x"), of("https://b.example/y"));
        assert_ne!(of("https://a.example"), of("https://b.example"));
        assert_eq!(of("http://127.0.0.1:4000/x"), "127.0.0.1:4000");
    }

    #[test]
    fn face_names_read_back() {
        for face in [Face::Base].into_iter().chain(Face::SUFFIXED) {
            assert_eq!(Face::parse(face.as_str()), Some(face));
        }
        assert_eq!(Face::parse("x"), None);
    }
}
