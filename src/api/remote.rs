//! From where a request comes: the address that limits count, and whether it came over TLS.
//!
//! A forwarding header is believed only from the proxies that the operator names, and only the one header that they
//! write; it is read from its end, because everything before what our own proxies added is the client's to invent.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};

use crate::config::{ProxyHeader, Subnet};

/// Proxies that one request may have come through.
const HOPS_MAX: usize = 16;

/// Whom to believe.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    pub trusted: Vec<Subnet>,
    pub header: ProxyHeader,
}

/// Who stands at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    pub address: IpAddr,
    /// The client's own connection is encrypted, as far as we know.
    pub https: bool,
}

impl Remote {
    /// The one who counts: for IPv6 the network of a household, of which everybody there has any address.
    pub fn counted(&self) -> String {
        match self.address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

impl Proxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|subnet| subnet.contains(address))
    }

    /// Who sent a request.
    pub fn remote(&self, request: &HttpRequest) -> Remote {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let peer = peer.to_canonical();
        let https = request.app_config().secure();
        if !self.trusts(peer) {
            return Remote { address: peer, https };
        }
        let hops = match self.header {
            ProxyHeader::XForwardedFor => chain(request.headers()),
            ProxyHeader::Forwarded => forwarded(request.headers()),
        };
        let mut address = peer;
        for hop in hops.iter().rev().take(HOPS_MAX) {
            let Some(told) = hop.address else { break };
            address = told;
            if !self.trusts(told) {
                break;
            }
        }
        let proto = hops.last().and_then(|hop| hop.https);
        Remote { address, https: proto.unwrap_or(https) }
    }
}

/// What one proxy says of whoever called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hop {
    address: Option<IpAddr>,
    https: Option<bool>,
}

/// The parts of all fields of a name, in order.
fn parts<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    let fields = headers.get_all(name).filter_map(|value| value.to_str().ok());
    fields.flat_map(|field| field.split(',')).map(str::trim)
}

/// `X-Forwarded-For: client, proxy`, and `X-Forwarded-Proto`, whose last word is our proxy's.
fn chain(headers: &HeaderMap) -> Vec<Hop> {
    let https = parts(headers, "x-forwarded-proto").last().map(|proto| proto.eq_ignore_ascii_case("https"));
    let mut hops: Vec<Hop> = parts(headers, "x-forwarded-for")
        .map(|text| Hop { address: node_address(text), https: None })
        .collect();
    match hops.last_mut() {
        Some(last) => last.https = https,
        None => hops.push(Hop { address: None, https }),
    }
    hops
}

/// `Forwarded: for=client;proto=https, for="[2001:db8::1]:4711"` (RFC 7239).
fn forwarded(headers: &HeaderMap) -> Vec<Hop> {
    let hop = |element: &str| {
        let value = |name: &str| {
            let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
            let mut named = pairs.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.trim().trim_matches('"'))
        };
        Hop {
            address: value("for").and_then(node_address),
            https: value("proto").map(|proto| proto.eq_ignore_ascii_case("https")),
        }
    };
    parts(headers, header::FORWARDED.as_str()).map(hop).collect()
}

/// An address, with a port or without; an obfuscated or unknown one is none.
fn node_address(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((literal, _)) => literal,
        None if text.matches(':').count() == 1 => text.split(':').next().unwrap_or_default(),
        None => text,
    };
    bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn caller(header: ProxyHeader, peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        let trusted = vec![Subnet::parse("10.0.0.0/8").unwrap(), Subnet::parse("::1").unwrap()];
        let mut request = TestRequest::default().peer_addr(format!("{peer}:9").parse().unwrap());
        for field in headers {
            request = request.append_header(*field);
        }
        let caller = Proxies { trusted, header }.remote(&request.to_http_request());
        (caller.address.to_string(), caller.https)
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let spoof =
            [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=1.2.3.4")];
        for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
            assert_eq!(caller(header, "9.9.9.9", &spoof), ("9.9.9.9".into(), false));
        }
    }

    #[test]
    fn the_last_address_that_is_no_proxy_of_ours_is_the_caller() {
        let with = |text, proto| {
            caller(
                ProxyHeader::XForwardedFor,
                "10.0.0.1",
                &[("X-Forwarded-For", text), ("X-Forwarded-Proto", proto)],
            )
        };
        assert_eq!(with("1.2.3.4", "https"), ("1.2.3.4".into(), true));
        assert_eq!(with("6.6.6.6, 1.2.3.4, 10.0.0.7", "http, https"), ("1.2.3.4".into(), true));
        assert_eq!(with("1.2.3.4:5678", "http"), ("1.2.3.4".into(), false));
        assert_eq!(with("2001:db8::1", "https").0, "2001:db8::1");
        assert_eq!(with("[2001:db8::1]:80", "https").0, "2001:db8::1");
        // What cannot be read hides whatever is before it.
        assert_eq!(with("1.2.3.4, unknown", "https").0, "10.0.0.1");
        // The other header is the client's own.
        let other = [("Forwarded", "for=1.2.3.4;proto=https")];
        assert_eq!(caller(ProxyHeader::XForwardedFor, "10.0.0.1", &other), ("10.0.0.1".into(), false));
    }

    #[test]
    fn the_standard_header_as_it_is_written() {
        let with = |text| caller(ProxyHeader::Forwarded, "10.0.0.1", &[("Forwarded", text)]);
        assert_eq!(with("for=1.2.3.4;proto=https;by=10.0.0.1"), ("1.2.3.4".into(), true));
        assert_eq!(with("for=6.6.6.6, For=\"[2001:db8::1]:47\";Proto=HTTPS"), ("2001:db8::1".into(), true));
        assert_eq!(with("for=_hidden"), ("10.0.0.1".into(), false));
        assert_eq!(caller(ProxyHeader::Forwarded, "[::1]", &[("Forwarded", "for=1.2.3.4")]).0, "1.2.3.4");
    }

    #[test]
    fn a_household_is_counted_as_one() {
        let counted = |text: &str| Remote { address: text.parse().unwrap(), https: false }.counted();
        assert_eq!(counted("2001:db8:1:2:3::4"), counted("2001:db8:1:2:ffff::1"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
        assert_ne!(counted("1.2.3.4"), counted("1.2.3.5"));
    }
}
