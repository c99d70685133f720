//! `Prefer: wait=N` (RFC 7240): the answer of the network in the same response, if it comes in time.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

use super::Shared;
use super::problem::Problem;

/// The longest that a client may wait, seconds.
const WAIT_MAX: u64 = 30;

pub static PREFER: HeaderName = HeaderName::from_static("prefer");
pub static PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// How long the client wishes to wait, at most [`WAIT_MAX`]. A preference that cannot be read is none (RFC 7240).
pub fn wished(request: &HttpRequest) -> Option<u64> {
    let fields = request.headers().get_all(&PREFER).filter_map(|value| value.to_str().ok());
    fields
        .flat_map(|field| field.split(','))
        .filter_map(|preference| preference.split(';').next()?.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, value)| value.trim().trim_matches('"').parse::<u64>().ok())
        .filter(|seconds| *seconds > 0)
        .map(|seconds| seconds.min(WAIT_MAX))
}

impl Shared {
    /// Looks until there is an outcome, but no longer than `seconds`; none then, and when the server stops.
    ///
    /// # Errors
    /// Those of `look`.
    pub async fn outcome<T>(
        &self,
        seconds: u64,
        look: impl AsyncFn() -> Result<Option<T>, Problem>,
    ) -> Result<Option<T>, Problem> {
        let looking = async {
            let mut waiting = self.news.subscribe();
            loop {
                if let Some(outcome) = look().await? {
                    return Ok(Some(outcome));
                }
                waiting.news().await;
            }
        };
        tokio::select! {
            outcome = tokio::time::timeout(Duration::from_secs(seconds), looking) => outcome.unwrap_or(Ok(None)),
            () = self.stopping.cancelled() => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn preferences_as_they_are_written() {
        for (text, wait) in [
            ("wait=10", Some(10)),
            ("respond-async, wait=5", Some(5)),
            ("WAIT = \"7\"; x=1", Some(7)),
            ("wait=600", Some(30)),
            ("wait=0", None),
            ("wait=-1", None),
            ("wait", None),
            ("return=minimal", None),
            ("wait=99999999999999999999999", None),
        ] {
            let request = TestRequest::default().insert_header(("Prefer", text)).to_http_request();
            assert_eq!(wished(&request), wait, "{text}");
        }
        assert_eq!(wished(&TestRequest::default().to_http_request()), None);
    }
}
