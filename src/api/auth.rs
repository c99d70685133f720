//! Who is asking: `Authorization: Bearer TOKEN` (RFC 6750).
//!
//! The token is looked up by its hash, so the time of the comparison tells nothing of it.

use actix_web::HttpRequest;
use actix_web::http::header;
use futures_util::FutureExt;

use super::Shared;
use super::access::{Caller, Means};
use super::problem::{Problem, challenge};
use crate::error::Code;
use crate::identity::{self, Scope};

/// Longer ones are not looked up.
const TOKEN_MAX: usize = 512;

impl Shared {
    /// Who calls, by the token that the request carries.
    ///
    /// # Errors
    /// 401 without a valid token.
    pub async fn caller(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        let token = token(request)?.to_owned();
        let found = self
            .read(move |tx| {
                let token = token.clone();
                async move { identity::find_by_token(tx, &token).await }.boxed()
            })
            .await?;
        let user = found.ok_or_else(invalid)?;
        // What the operator has configured may do all that a token can.
        Ok(Caller { user, by: Means::ApiToken { id: None, scopes: Scope::GRANTED.to_vec() } })
    }
}

fn token(request: &HttpRequest) -> Result<&str, Problem> {
    let mut fields = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = fields.next() else {
        return Err(challenge(Problem::new(Code::TokenMissing, "The request has no API token."), None));
    };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(invalid)?;
    let token = token.trim();
    let plausible =
        (1..=TOKEN_MAX).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    if !scheme.eq_ignore_ascii_case("bearer") || !plausible || fields.next().is_some() {
        return Err(invalid());
    }
    Ok(token)
}

fn invalid() -> Problem {
    challenge(Problem::new(Code::TokenInvalid, "The API token is not known here."), Some("invalid_token"))
}
