//! Before a body is read: what the head alone decides, whose key it names, and whether there is room.
//!
//! The order makes a stranger cheap: path and form cost nothing, a key that the registry was not asked for yet counts
//! against the address that names it, and only who has a live key may make us hold a body. Whoever is known is never
//! counted with the strangers.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::signature::{KeyId, SignatureHeader};
use tokio::sync::OwnedSemaphorePermit;

use super::answer::Desk;
use super::route::{Route, route};
use super::{Stop, checks, form, split, too_large};
use crate::application::{Application, Refusal};
use crate::node::Node;
use crate::reply::{Headers, Reply};

impl Node {
    /// Judges a request by its head alone, before its body is read: path, address, content type and encoding,
    /// announced length, form of the signature header. Gives the number of bytes that may be read.
    ///
    /// # Errors
    /// The signed answer: 401, 404, 413, 415, 429, 503.
    pub fn preflight(
        &self,
        path: &str,
        headers: &Headers,
        content_length: Option<u64>,
        remote: Option<IpAddr>,
    ) -> Result<usize, Reply> {
        let mut desk = Desk::new(self, headers);
        let judged = self.head(&mut desk, path, headers).and_then(|(route, _)| {
            if let Some(remote) = remote {
                self.address_limiter.take(neighborhood(remote), self.now()).map_err(Stop::Limited)?;
            }
            let max = self.body_max(&route);
            if content_length
                .is_some_and(|length| usize::try_from(length).map_or(true, |length| length > max))
            {
                return Err(too_large(max));
            }
            Ok(max)
        });
        judged.map_err(|stop| desk.stopped(stop))
    }

    /// The second step before the body: finds the key that the head names, and then room for a body of at most so many
    /// bytes, to be held while it is read and received. Without a live key nobody can make us hold anything.
    ///
    /// # Errors
    /// The signed answer: 401 without a live key, 429 for too many unknown keys from one address, 503 when there is no
    /// room, and those of [`Node::preflight`].
    pub async fn reserve(
        &self,
        path: &str,
        headers: &Headers,
        bytes: usize,
        remote: Option<IpAddr>,
    ) -> Result<OwnedSemaphorePermit, Reply> {
        let started = self.now();
        let mut desk = Desk::new(self, headers);
        let judged = self.admitted(&mut desk, path, headers, bytes, remote).await;
        judged.map_err(|stop| {
            let reply = desk.stopped(stop);
            desk.log(path, &reply, self.now().since(started));
            reply
        })
    }

    async fn admitted(
        &self,
        desk: &mut Desk,
        path: &str,
        headers: &Headers,
        bytes: usize,
        remote: Option<IpAddr>,
    ) -> Result<OwnedSemaphorePermit, Stop> {
        let (_, header) = self.head(desk, path, headers)?;
        self.place(&header, bytes, remote).await
    }

    /// The same step for a signed call that is no message of the network: a REST interface beside it.
    ///
    /// # Errors
    /// As [`Node::reserve`].
    pub async fn reserve_call(
        &self,
        headers: &Headers,
        bytes: usize,
        remote: Option<IpAddr>,
    ) -> Result<OwnedSemaphorePermit, Reply> {
        let desk = Desk::new(self, headers);
        let judged = async { self.place(&signature_of(headers)?, bytes, remote).await };
        judged.await.map_err(|stop| desk.stopped(stop))
    }

    async fn place(
        &self,
        header: &SignatureHeader,
        bytes: usize,
        remote: Option<IpAddr>,
    ) -> Result<OwnedSemaphorePermit, Stop> {
        self.count_stranger(header, remote)?;
        self.registry.key(&header.key_id).await.map_err(|error| error.wire())?;
        let kib = u32::try_from(bytes.div_ceil(1024).max(1)).unwrap_or(u32::MAX);
        Arc::clone(&self.body_room).try_acquire_many_owned(kib).map_err(|_| {
            let error = WireError::new(ErrorCode::NetOverloaded, "too many messages at once; try again");
            Stop::Refused(Refusal { error, status: Some(503) })
        })
    }

    /// Counts a key that the registry was not asked for yet against the address that names it.
    pub(super) fn count_stranger(
        &self,
        header: &SignatureHeader,
        remote: Option<IpAddr>,
    ) -> Result<(), Stop> {
        match remote {
            Some(remote) if !self.registry.remembers(&header.key_id) => {
                self.stranger_limiter.take(neighborhood(remote), self.now()).map_err(Stop::Limited)
            }
            _ => Ok(()),
        }
    }

    /// The signed answer to any other method than POST at an address of the network; `None` where nothing is served.
    pub fn wrong_method(&self, path: &str, headers: &Headers) -> Option<Reply> {
        let served = self.served(path)?;
        let mut desk = Desk::new(self, headers);
        if let Some(identity) = served.identity {
            desk.identity = identity;
        }
        let mut reply = desk.stopped(form("messages are sent by POST", 405));
        reply.headers.push(("allow".to_owned(), "POST".to_owned()));
        Some(reply)
    }

    fn served(&self, path: &str) -> Option<Route> {
        let app = self.app.get()?;
        route(split(path).0, &self.identities).filter(|route| app.accepts(route.face, route.action))
    }

    /// What the head alone decides; also the first steps of [`Node::receive`].
    pub(super) fn head(
        &self,
        desk: &mut Desk,
        path: &str,
        headers: &Headers,
    ) -> Result<(Route, SignatureHeader), Stop> {
        let at = route(split(path).0, &self.identities);
        if let Some(identity) = at.as_ref().and_then(|route| route.identity.as_ref()) {
            desk.identity = Arc::clone(identity);
        }
        let app = self.application()?;
        let route = at.filter(|route| app.accepts(route.face, route.action)).ok_or_else(|| Refusal {
            error: WireError::new(ErrorCode::NetNotImplemented, "this action is not served at this address"),
            status: Some(404),
        })?;
        desk.action = Some(route.action);
        if !checks::is_json(headers.get("content-type")) {
            return Err(form("the content type must be application/json", 415));
        }
        // The signature is over the bytes as sent: there is one form of them.
        if !headers.all("content-encoding").all(checks::is_plain) {
            return Err(form("the body must not be encoded", 415));
        }
        let header = signature_of(headers)?;
        Ok((route, header))
    }

    pub(super) fn application(&self) -> Result<&Arc<dyn Application>, Stop> {
        let missing = || WireError::new(ErrorCode::NetOverloaded, "not ready yet");
        self.app.get().ok_or_else(|| missing().into())
    }

    pub(super) fn body_max(&self, route: &Route) -> usize {
        if checks::carries_catalogs(route.action) {
            self.limits.catalog_body_max
        } else {
            self.limits.body_max
        }
    }
}

/// The one signature of a request; its subscriber in lower case, as the registry has it.
pub(super) fn signature_of(headers: &Headers) -> Result<SignatureHeader, Stop> {
    if headers.count("authorization") > 1 {
        let why = "there is more than one Authorization header";
        return Err(WireError::new(ErrorCode::AutSignatureInvalid, why).into());
    }
    let mut header =
        SignatureHeader::parse(headers.get("authorization").unwrap_or_default()).map_err(WireError::from)?;
    let subscriber = header.key_id.subscriber_id().to_ascii_lowercase();
    header.key_id = KeyId::new(subscriber, header.key_id.key_id()).map_err(WireError::from)?;
    Ok(header)
}

/// Whom an address is counted with: one IPv4 address, or the IPv6 network that one line of a provider gets.
pub(super) fn neighborhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_line_counts_as_one() {
        let of = |text: &str| neighborhood(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
