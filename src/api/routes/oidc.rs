//! Signing in at an issuer elsewhere: the list of them, the way there, and the way back.
//!
//! A browser is redirected and gets the cookie of the web app; a program that asks for JSON alone gets the address, and
//! in the end the tokens. Neither the code nor the state of a sign-in reaches a log.

use actix_web::http::{StatusCode, header};
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use oidc::Callback;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::auth::{self, TokensView};
use super::paging::{Asked, Order, Page, row_of};
use crate::api::problem::Problem;
use crate::api::{Shared, State};
use crate::error::Coded;
use crate::identity::IdentityError;
use crate::identity::external::{ATTEMPT_LIFE, ExternalError};

/// Binds a sign-in to the browser that began it.
const COOKIE: &str = "wattmandi_sign_in";

/// One issuer.
#[derive(Serialize, ToSchema)]
#[schema(as = Issuer)]
pub struct IssuerView {
    #[schema(example = "google")]
    pub name: String,
    /// For people.
    #[schema(example = "Google")]
    pub title: String,
    /// Where a browser goes to sign in there.
    #[schema(example = "/auth/oidc/google/start")]
    pub start: String,
}

/// The way to the issuer.
#[derive(Serialize, ToSchema)]
#[schema(as = SignInStarted)]
pub struct StartedView {
    #[schema(example = "https://accounts.google.com/o/oauth2/v2/auth?response_type=code")]
    pub url: String,
}

/// What the issuer adds to our address. It may add more, which says nothing to us.
#[derive(Default, Deserialize)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// The issuers at which one may sign in.
#[utoipa::path(get, path = "/auth/oidc", tag = "auth",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<IssuerView>)))]
pub async fn list(state: State, request: HttpRequest) -> Answer {
    let page = Asked::read(&request, &[])?;
    let shown = |(name, title): &(&str, &str)| IssuerView {
        name: (*name).to_owned(),
        title: (*title).to_owned(),
        start: format!("/auth/oidc/{name}/start"),
    };
    page.of_whole(&request, state.issuers.list().collect(), Order::Ranked, |(name, _)| row_of(&[name]), shown)
}

/// Sends the browser to the issuer. It has ten minutes to come back, with the cookie that it gets here.
#[utoipa::path(get, path = "/auth/oidc/{provider}/start", tag = "auth",
    params(("provider" = String, Path)),
    responses((status = 303, description = "To the issuer"),
        (status = 200, description = "The same for `Accept: application/json`: where to go", body = StartedView)))]
pub async fn start(state: State, request: HttpRequest) -> Answer {
    let (issuers, p, name) = (state.issuers.clone(), state.participant.clone(), provider(&request));
    let begun = state.run(async move { issuers.begin(&p, &name).await }).await??;
    let cookie = cookie(&state, &begun.browser, ATTEMPT_LIFE.as_secs());
    if wants_json(&request) {
        let answer = HttpResponse::Ok()
            .insert_header((header::SET_COOKIE, cookie))
            .insert_header((header::CACHE_CONTROL, "private, no-store"))
            .json(StartedView { url: begun.url });
        return Ok(answer);
    }
    Ok(to(&begun.url).insert_header((header::SET_COOKIE, cookie)).finish())
}

/// Where the issuer sends the browser back to. Whoever it vouches for is signed in; who comes for the first time gets
/// an account, or the one whose verified e-mail address the issuer has verified as well.
#[utoipa::path(get, path = "/auth/oidc/{provider}/callback", tag = "auth",
    params(("provider" = String, Path), ("code" = Option<String>, Query), ("state" = Option<String>, Query),
        ("iss" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 303, description = "Signed in by the cookie, or not: then with `sign_in_error=CODE`"),
        (status = 200, description = "Signed in, for `Accept: application/json`", body = TokensView),
        (status = 201, description = "The same with a new account", body = TokensView)))]
pub async fn callback(state: State, request: HttpRequest) -> Answer {
    let json = wants_json(&request);
    let used = cookie(&state, "", 0);
    let mut answer = match finish(&state, &request).await {
        Ok((signed_in, created)) if json => {
            let status = if created { StatusCode::CREATED } else { StatusCode::OK };
            auth::tokens(&state, status, signed_in, false)
        }
        Ok((signed_in, _)) => {
            let refresh = auth::cookie(&state, &signed_in.refresh_token, signed_in.refresh_expires_in);
            to(state.issuers.return_path()).append_header((header::SET_COOKIE, refresh)).finish()
        }
        Err(problem) if json => return Err(problem.with(header::SET_COOKIE, used)),
        Err(problem) => {
            let path = state.issuers.return_path();
            let join = if path.contains('?') { '&' } else { '?' };
            to(&format!("{path}{join}sign_in_error={}", problem.code())).finish()
        }
    };
    if let Ok(used) = header::HeaderValue::from_str(&used) {
        answer.headers_mut().append(header::SET_COOKIE, used);
    }
    Ok(answer)
}

async fn finish(state: &Shared, request: &HttpRequest) -> Result<(crate::identity::SignedIn, bool), Problem> {
    // One that says a thing twice says nothing.
    let back = Query::<Back>::from_query(request.query_string()).map(Query::into_inner).unwrap_or_default();
    let callback = Callback { code: back.code, state: back.state, iss: back.iss, error: back.error };
    let browser = auth::cookie_named(request, COOKIE).unwrap_or_default();
    let (issuers, p, name) = (state.issuers.clone(), state.participant.clone(), provider(request));
    let (accounts, device) = (state.accounts.clone(), auth::device_of(None, request));
    let work = async move {
        let person = issuers.finish(&p, &name, &browser, &callback).await.map_err(told::<ExternalError>)?;
        accounts.sign_in_elsewhere(&person, &device).await.map_err(told::<IdentityError>)
    };
    state.run(work).await?
}

fn told<E: Coded>(error: E) -> Problem {
    Problem::from(error)
}

fn provider(request: &HttpRequest) -> String {
    request.match_info().get("provider").unwrap_or_default().to_owned()
}

/// A program says so; a browser also takes HTML.
fn wants_json(request: &HttpRequest) -> bool {
    let accept =
        request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("application/json") && !accept.contains("text/html")
}

fn to(place: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::SeeOther();
    response.insert_header((header::LOCATION, place));
    response
}

/// No script reads it. The way back begins at another site: hence not `Strict`.
fn cookie(state: &Shared, value: &str, seconds: i64) -> String {
    let secure = if state.participant.settings.base_url.starts_with("https://") { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/auth/oidc; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}
