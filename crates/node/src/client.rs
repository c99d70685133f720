//! The only HTTP client: it never calls a private address, follows no redirect, and reads no more than it was
//! told.
//!
//! Addresses come from the registry, and a registry record is written by a stranger. Names are resolved here,
//! and private, loopback, link-local and other special addresses are dropped before a connection is made
//! (ruling 12; `guard`). An allow-list opens single hosts and ports, for tests and the demo.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
pub use reqwest::Method;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::reply::Headers;

mod guard;

pub use guard::{AllowList, is_public};

/// How patient the client is, and whom it may call beyond the public internet.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub connect_timeout: Duration,
    /// From the first byte out to the last byte in.
    pub total_timeout: Duration,
    pub allow: AllowList,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            total_timeout: Duration::from_secs(10),
            allow: AllowList::none(),
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    #[error("the address is not a usable http or https URL")]
    BadUrl,
    #[error("the address may not be called")]
    Forbidden,
    #[error("no connection")]
    Unreachable,
    #[error("no answer in time")]
    Timeout,
    #[error("the connection broke")]
    Broken,
    #[error("the client cannot be built")]
    Setup,
}

/// What came back. A redirect comes back as it is.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Headers,
    /// At most the number of bytes that the caller allowed.
    pub body: Bytes,
    /// Whether the body went on beyond that.
    pub truncated: bool,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct GuardedClient {
    allow: Arc<AllowList>,
    /// Resolves to public addresses only.
    guarded: reqwest::Client,
    /// For hosts on the allow-list.
    open: reqwest::Client,
}

impl GuardedClient {
    /// # Errors
    /// [`ClientError::Setup`] when the TLS library cannot be initialised.
    pub fn new(config: &ClientConfig) -> Result<Self, ClientError> {
        let guarded = build(|| builder(config).dns_resolver(Arc::new(guard::PublicResolver)))?;
        let open = build(|| builder(config))?;
        Ok(Self { allow: Arc::new(config.allow.clone()), guarded, open })
    }

    /// Whether a URL may be called, as far as it says itself; what its name leads to shows at the call.
    ///
    /// # Errors
    /// [`ClientError::BadUrl`], [`ClientError::Forbidden`].
    pub fn check(&self, url: &str) -> Result<(), ClientError> {
        self.choose(url).map(|_| ())
    }

    /// # Errors
    /// See [`ClientError`].
    pub async fn get(&self, url: &str, cap: usize) -> Result<Answer, ClientError> {
        let (client, url) = self.choose(url)?;
        read(client.get(url), cap).await
    }

    /// Posts a JSON body.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        cap: usize,
    ) -> Result<Answer, ClientError> {
        self.send(Method::POST, url, headers, body, cap).await
    }

    /// Sends a JSON body, or none.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        cap: usize,
    ) -> Result<Answer, ClientError> {
        let (client, url) = self.choose(url)?;
        let mut fields = HeaderMap::new();
        fields.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| ClientError::BadUrl)?;
            fields.insert(name, HeaderValue::from_str(value).map_err(|_| ClientError::BadUrl)?);
        }
        read(client.request(method, url).headers(fields).body(body), cap).await
    }

    /// Decides before any connection: https, a public literal or a name, or a place on the allow-list.
    fn choose(&self, text: &str) -> Result<(&reqwest::Client, Url), ClientError> {
        let url = Url::parse(text).map_err(|_| ClientError::BadUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ClientError::BadUrl)?;
        let port = url.port_or_known_default().ok_or(ClientError::BadUrl)?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some()
        {
            return Err(ClientError::BadUrl);
        }
        if self.allow.permits(host, port) {
            return Ok((&self.open, url));
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        if url.scheme() != "https" || literal.is_some_and(|ip| !is_public(ip)) {
            return Err(ClientError::Forbidden);
        }
        Ok((&self.guarded, url))
    }
}

fn builder(config: &ClientConfig) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        // A proxy from the environment would resolve names for us, past the guard.
        .no_proxy()
        .referer(false)
        .connect_timeout(config.connect_timeout)
        .timeout(config.total_timeout)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("wattmandi/", env!("CARGO_PKG_VERSION")))
}

/// A machine without any installed root certificate can still trade on its own loopback: there every https
/// call fails at its handshake instead.
fn build(make: impl Fn() -> reqwest::ClientBuilder) -> Result<reqwest::Client, ClientError> {
    make().build().or_else(|_| make().tls_certs_only([]).build()).map_err(|error| {
        tracing::error!(%error, "the HTTP client cannot be built");
        ClientError::Setup
    })
}

async fn read(request: reqwest::RequestBuilder, cap: usize) -> Result<Answer, ClientError> {
    let mut response = request.send().await.map_err(|error| classify(&error))?;
    let status = response.status().as_u16();
    let headers = response
        .headers()
        .iter()
        .filter_map(|(name, value)| value.to_str().ok().map(|value| (name.as_str(), value)))
        .collect();
    let mut body = BytesMut::new();
    let mut truncated = false;
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        let room = cap.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            truncated = true;
            break;
        }
    }
    Ok(Answer { status, headers, body: body.freeze(), truncated })
}

fn classify(error: &reqwest::Error) -> ClientError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause.downcast_ref::<guard::NoPublicAddress>().is_some() {
            return ClientError::Forbidden;
        }
        source = cause.source();
    }
    if error.is_timeout() {
        ClientError::Timeout
    } else if error.is_connect() {
        ClientError::Unreachable
    } else {
        ClientError::Broken
    }
}
