//! Which network addresses may be called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::ClientError;

/// Hosts that may be called although they are private or speak plain http.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    loopback: bool,
    entries: Vec<(String, Option<u16>)>,
}

impl AllowList {
    /// Nothing but the public internet, by https.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every port of this machine, by its loopback addresses and `localhost`: for tests and the demo only.
    pub fn loopback_for_demo() -> Self {
        Self { loopback: true, entries: Vec::new() }
    }

    /// The place of an address that the operator chose, and no other: it may be private. Plain http is for this machine,
    /// unless `unprotected`.
    ///
    /// # Errors
    /// [`ClientError::BadUrl`]; [`ClientError::Forbidden`] for plain http to another machine.
    pub fn chosen(url: &str, unprotected: bool) -> Result<Self, ClientError> {
        let url = Url::parse(url).map_err(|_| ClientError::BadUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ClientError::BadUrl)?;
        let port = url.port_or_known_default().ok_or(ClientError::BadUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ClientError::BadUrl);
        }
        match url.scheme() {
            "https" => {}
            "http" if unprotected || Self::loopback_for_demo().permits(host, port) => {}
            "http" => return Err(ClientError::Forbidden),
            _ => return Err(ClientError::BadUrl),
        }
        Self::none().with(&format!("{host}:{port}")).map_err(|_| ClientError::BadUrl)
    }

    /// Adds `host:port`, or `host:*` for every port. IPv6 literals stand in brackets.
    ///
    /// # Errors
    /// Gives the entry back when it has another form.
    pub fn with(mut self, entry: &str) -> Result<Self, String> {
        let (host, port) = entry.rsplit_once(':').ok_or_else(|| entry.to_owned())?;
        let port = match port {
            "*" => None,
            number => Some(number.parse().map_err(|_| entry.to_owned())?),
        };
        if host.is_empty() || host.contains('/') {
            return Err(entry.to_owned());
        }
        self.entries.push((host.to_ascii_lowercase(), port));
        Ok(self)
    }

    /// Whether this host (as in a URL, so in lower case) and port are on the list.
    pub fn permits(&self, host: &str, port: u16) -> bool {
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let own_machine = host == "localhost" || literal.is_ok_and(|ip| ip.is_loopback());
        (self.loopback && own_machine)
            || self.entries.iter().any(|(name, at)| name == host && at.is_none_or(|at| at == port))
    }
}

/// Whether an address belongs to the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local() // and with it the metadata services of the clouds
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Mapped, compatible and translated forms are judged by the IPv4 address inside.
        [0, 0, 0, 0, 0, 0xffff, high, low] => embedded(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        // All other unicast that is assigned to the public lies in 2000::/3.
        [first, ..] if first & 0xe000 != 0x2000 => false,
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        _ => true,
    }
}

/// Every address of a name was private.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
pub(super) struct NoPublicAddress;

/// Resolves names by the system and keeps the public addresses only.
pub(super) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> = found.iter().copied().filter(|addr| is_public(addr.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(NoPublicAddress.into());
            }
            let addrs: Addrs = Box::new(public.into_iter());
            Ok(addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "203.0.113.9",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in
            ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "2001:4860::8888"]
        {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn the_allow_list_names_host_and_port() {
        let list = AllowList::none().with("Peer.Local:4000").unwrap().with("[fd00::1]:*").unwrap();
        assert!(list.permits("peer.local", 4000) && !list.permits("peer.local", 4001));
        assert!(list.permits("[fd00::1]", 1));
        assert!(!list.permits("localhost", 4000) && !list.permits("127.0.0.1", 4000));
        let demo = AllowList::loopback_for_demo();
        assert!(demo.permits("127.9.9.9", 1) && demo.permits("[::1]", 2) && demo.permits("localhost", 3));
        assert!(!demo.permits("10.0.0.1", 1) && !demo.permits("localhost.example", 1));
        let chosen = |url: &str, unprotected| AllowList::chosen(url, unprotected);
        assert!(chosen("https://model.example/v1", false).unwrap().permits("model.example", 443));
        assert!(chosen("http://127.0.0.1:8080", false).unwrap().permits("127.0.0.1", 8080));
        assert_eq!(chosen("http://model.example", false), Err(ClientError::Forbidden));
        assert!(chosen("http://model.example", true).unwrap().permits("model.example", 80));
        for bad in ["model", "ftp://h/", "https://u:p@h/"] {
            assert_eq!(chosen(bad, true), Err(ClientError::BadUrl), "{bad}");
        }
        for bad in ["", "host", "host:port", ":80", "http://h:1"] {
            assert!(AllowList::none().with(bad).is_err(), "{bad}");
        }
    }
}
