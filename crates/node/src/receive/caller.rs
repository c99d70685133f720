//! Requests that are no messages: a look or a deletion by `GET` and `DELETE`, signed over their body, which is mostly
//! empty (Beckn section c.3). They have no context, so the signer alone says who asks.

use std::net::IpAddr;
use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use beckn_wire::signature::SignatureHeader;

use super::Stop;
use super::answer::Desk;
use super::route::Route;
use crate::address::Face;
use crate::application::Refusal;
use crate::node::Node;
use crate::registry::Record;
use crate::reply::{Headers, Reply};

/// Who asks, proven; every answer to it is signed and chained to what was asked.
pub struct Caller {
    pub record: Arc<Record>,
    desk: Desk,
}

impl Caller {
    /// The signed answer with this body.
    pub fn reply(&self, status: u16, body: &Json) -> Reply {
        self.desk.reply(status, body.to_bytes(), &[])
    }

    /// The signed NACK, which names no message because there was none.
    pub fn refuse(&self, refusal: Refusal) -> Reply {
        self.desk.stopped(Stop::Refused(refusal))
    }
}

impl Node {
    /// Finds out who signed a request without an envelope. Nothing is stored: it must change nothing that may not be
    /// done twice.
    ///
    /// # Errors
    /// The signed answer: 401, 403 for a subscriber of none of our networks, 429.
    pub async fn caller(
        &self,
        headers: &Headers,
        body: &[u8],
        remote: Option<IpAddr>,
    ) -> Result<Caller, Reply> {
        let mut desk = Desk::new(self, headers);
        match self.identify(headers, body, remote).await {
            Ok(record) => {
                desk.sender = Some(record.subscriber_id.clone());
                Ok(Caller { record, desk })
            }
            Err(stop) => Err(desk.stopped(stop)),
        }
    }

    async fn identify(
        &self,
        headers: &Headers,
        body: &[u8],
        remote: Option<IpAddr>,
    ) -> Result<Arc<Record>, Stop> {
        if let Some(remote) = remote {
            self.address_limiter.take(remote, self.now()).map_err(Stop::Limited)?;
        }
        if headers.count("authorization") > 1 {
            let why = "there is more than one Authorization header";
            return Err(WireError::new(ErrorCode::AutSignatureInvalid, why).into());
        }
        let header = SignatureHeader::parse(headers.get("authorization").unwrap_or_default())
            .map_err(WireError::from)?;
        // No callback, so nothing that it could be chained to.
        let route = Route { face: Face::Base, action: Action::CatalogSubscription, identity: None };
        let (_, record) = self.authenticate(&header, &route, body).await?;
        if !record.network_memberships.iter().any(|network| self.networks.contains(network)) {
            let why = "the signer is of no network that is served here";
            return Err(WireError::new(ErrorCode::AutDomainNotAllowed, why).into());
        }
        if self.identity(&record.subscriber_id).is_none() {
            self.peer_limiter.take(record.subscriber_id.clone(), self.now()).map_err(Stop::Limited)?;
        }
        Ok(record)
    }
}
