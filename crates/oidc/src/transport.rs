//! The way to the issuer: the guarded client, behind the interface that `openidconnect` wants.

use bytes::Bytes;
use node::client::ClientError;
use node::{GuardedClient, Method};
use openidconnect::{HttpRequest, HttpResponse, http};

/// Longer answers are not read, bytes. Discovery documents and key sets have a few thousand.
const ANSWER_MAX: usize = 256 * 1024;

/// Why there is no answer of the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the answer is too long")]
    TooLong,
    /// A proxy in between may say it in a page for people, which nobody should try to read as a refusal.
    #[error("the server fails with {0}")]
    Failing(u16),
    #[error("no HTTP message")]
    Malformed,
}

pub(crate) async fn send(
    client: GuardedClient,
    request: HttpRequest,
) -> Result<HttpResponse, TransportError> {
    let (head, body) = request.into_parts();
    let method =
        Method::from_bytes(head.method.as_str().as_bytes()).map_err(|_| TransportError::Malformed)?;
    let headers: Vec<(&str, &str)> = head
        .headers
        .iter()
        .filter_map(|(name, value)| value.to_str().ok().map(|value| (name.as_str(), value)))
        .collect();
    let url = head.uri.to_string();
    let answer = client.send(method, &url, &headers, Bytes::from(body), ANSWER_MAX).await?;
    if answer.truncated {
        return Err(TransportError::TooLong);
    }
    if answer.status >= 500 {
        return Err(TransportError::Failing(answer.status));
    }
    let mut response = http::Response::builder().status(answer.status);
    if let Some(kind) = answer.headers.get("content-type") {
        response = response.header(http::header::CONTENT_TYPE, kind);
    }
    response.body(answer.body.to_vec()).map_err(|_| TransportError::Malformed)
}
