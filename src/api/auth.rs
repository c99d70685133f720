//! Who is asking: `Authorization: Bearer TOKEN` (RFC 6750).
//!
//! A token is looked up by its hash, or its signature is verified: the time of a comparison tells nothing of it.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::Shared;
use super::access::{Caller, Means};
use super::problem::{Problem, challenge};
use crate::error::Code;
use crate::identity::grants::Grant;
use crate::identity::{Identified, Scope};

/// Longer ones are not looked up.
const TOKEN_MAX: usize = 2_048;

impl Shared {
    /// Who calls, by the token that the request carries.
    ///
    /// # Errors
    /// 401 without a valid token, 403 for a locked account.
    pub async fn caller(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        let (token, accounts) = (token(request)?.to_owned(), self.accounts.clone());
        let configured = Grant::configured(&token);
        let (user, by) = match self.run(async move { accounts.identify(&token).await }).await?? {
            Identified::Session { user, id } => (user, Means::Session { id }),
            Identified::ApiToken { user, id, scopes } => {
                (user, Means::ApiToken { grant: Grant::ApiToken(id), scopes })
            }
            // What the operator has configured may do all that a token can.
            Identified::Configured(user) => {
                (user, Means::ApiToken { grant: configured, scopes: Scope::GRANTED.to_vec() })
            }
            Identified::Expired => {
                return Err(challenge(Problem::of(Code::TokenExpired), Some("invalid_token")));
            }
            Identified::Unknown => return Err(invalid()),
        };
        if user.locked {
            return Err(Problem::of(Code::AccountLocked));
        }
        Ok(Caller { user, by })
    }
}

fn token(request: &HttpRequest) -> Result<&str, Problem> {
    let mut fields = request.headers().get_all(header::AUTHORIZATION);
    let Some(value) = fields.next() else {
        return Err(challenge(Problem::new(Code::TokenMissing, "The request has no token."), None));
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
    challenge(
        Problem::new(Code::TokenInvalid, "The token is not one of this platform, or not good any more."),
        Some("invalid_token"),
    )
}
