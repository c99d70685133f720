//! The pages that links in e-mails lead to. Opening one changes nothing, because mail filters open links as well: its
//! button does.

use actix_web::http::header;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::de::DeserializeOwned;

use super::super::Answer;
use crate::api::json;
use crate::api::page::{escaped, html};
use crate::api::problem::Problem;

/// A form that goes to this origin, and nothing else.
const CSP: &str = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const FORM: &str = "application/x-www-form-urlencoded";
const TOKEN_MAX: usize = 128;

/// The page of the link that verifies an address.
#[utoipa::path(get, path = "/auth/verify-email", tag = "auth", params(("token" = Option<String>, Query)),
    responses((status = 200, description = "A page with a button", body = String, content_type = "text/html")))]
pub async fn verify_email(request: HttpRequest) -> Answer {
    let token = token(&request)?;
    page(&format!(
        "<h1>Is this your e-mail address?</h1>\n<form method=\"post\" action=\"/auth/verify-email\">\n\
         <input type=\"hidden\" name=\"token\" value=\"{token}\">\n\
         <label>The password that you chose <input type=\"password\" name=\"password\" maxlength=\"128\" required \
         autocomplete=\"current-password\"></label>\n<button>Yes, it is mine</button>\n</form>\n"
    ))
}

/// The page of the link that leads to a new password.
#[utoipa::path(get, path = "/auth/password/reset", tag = "auth", params(("token" = Option<String>, Query)),
    responses((status = 200, description = "A page with a form", body = String, content_type = "text/html")))]
pub async fn reset(request: HttpRequest) -> Answer {
    let token = token(&request)?;
    page(&format!(
        "<h1>Choose a new password</h1>\n<form method=\"post\" action=\"/auth/password/reset\">\n\
         <input type=\"hidden\" name=\"token\" value=\"{token}\">\n\
         <label>New password <input type=\"password\" name=\"password\" minlength=\"8\" maxlength=\"128\" required \
         autocomplete=\"new-password\"></label>\n<button>Change it</button>\n</form>\n"
    ))
}

/// A body in JSON, or from the form of a page; true beside it for the latter.
pub(super) async fn read_either<B: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<(B, bool), Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(FORM) {
        return Ok((super::read(request, payload).await?, false));
    }
    let body = json::collect_whole(payload).await?;
    let text = std::str::from_utf8(&body).unwrap_or_default();
    match web::Query::<B>::from_query(text) {
        Ok(read) => Ok((read.into_inner(), true)),
        Err(_) => Err(Problem::field("form", "The form cannot be read.")),
    }
}

/// What came of it: nothing for a program, a page for a person.
pub(super) fn outcome(form: bool, done: Result<(), Problem>, text: &str) -> Answer {
    match (form, done) {
        (false, Ok(())) => Ok(HttpResponse::NoContent().finish()),
        (true, Ok(())) => page(&format!("<h1>{}</h1>\n", escaped(text))),
        (_, Err(problem)) => Err(problem),
    }
}

fn token(request: &HttpRequest) -> Result<String, Problem> {
    #[derive(serde::Deserialize)]
    struct Link {
        token: Option<String>,
    }
    let query = web::Query::<Link>::from_query(request.query_string()).ok();
    let token = query.and_then(|query| query.into_inner().token).unwrap_or_default();
    if token.len() <= TOKEN_MAX { Ok(escaped(&token)) } else { Err(Problem::not_found("link")) }
}

fn page(body: &str) -> Answer {
    let mut response = html("Wattmandi", body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(CSP));
    // It holds what the link brought.
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-store"));
    Ok(response)
}
