//! Where one is signed in, and the tokens of one's machines.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use units::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::{read, refused, session};
use super::offers::EmptyBody;
use super::paging::{Asked, Order, Page};
use super::{Answer, id};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::problem::Problem;
use crate::identity::sessions::Session;
use crate::identity::tokens::ApiToken;

/// How long a token is good unless told otherwise, days.
const DAYS: i64 = 90;

/// A device that is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// Whether this request comes from it.
    pub current: bool,
    /// `password`, `phone` or the name of another issuer.
    #[schema(example = "password")]
    pub signed_in_by: String,
    #[schema(example = "Firefox on the desk")]
    pub device: String,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last asked for a new access token.
    #[schema(value_type = String, format = DateTime)]
    pub used_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// A token for a machine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApiToken)]
pub struct NewTokenBody {
    #[schema(example = "battery controller")]
    name: String,
    /// `read`, `trade`, `money`, `account`, `admin`; each route says which it needs.
    scopes: Vec<String>,
    /// 1 to 365; 90 unless told otherwise.
    expires_in_days: Option<i64>,
}

/// A token, without what it opens.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiToken)]
pub struct TokenView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub name: String,
    pub scopes: Vec<&'static str>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// To the hour.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub used_at: Option<Timestamp>,
}

/// A new token. What it opens is shown here and never again.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedApiToken)]
pub struct CreatedTokenView {
    #[serde(flatten)]
    pub about: TokenView,
    #[schema(example = "wmt_…")]
    pub token: String,
}

/// The devices that are signed in, newest first; at most 50.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<SessionView>)))]
pub async fn sessions(state: State, caller: Caller, request: HttpRequest) -> Answer {
    let page = Asked::read(&request, &[])?;
    let (accounts, user, current) = (state.accounts.clone(), caller.user.id, session(&caller)?);
    let items = state.run(async move { accounts.sessions(user).await }).await??;
    let shown = |session: &Session| SessionView {
        current: session.id == current,
        id: session.id,
        signed_in_by: session.way.clone(),
        device: session.device.clone(),
        created_at: session.created_at,
        used_at: session.used_at,
        expires_at: session.expires_at,
    };
    page.of_whole(&request, items, Order::Falling, |session| session.id, shown)
}

/// Signs one device out.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth",
    params(("id" = String, Path, description = "The session id")),
    responses((status = 204, description = "Signed out")))]
pub async fn end_session(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let EmptyBody {} = read(&request, payload).await?;
    let session = uuid(&request, "session")?;
    let (accounts, user) = (state.accounts.clone(), caller.user.id);
    state.run(async move { accounts.end_session(user, session).await }).await?.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}

/// The API tokens that are good, newest first; at most 50.
#[utoipa::path(get, path = "/auth/tokens", tag = "auth",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<TokenView>)))]
pub async fn tokens(state: State, caller: Caller, request: HttpRequest) -> Answer {
    let page = Asked::read(&request, &[])?;
    let (accounts, user) = (state.accounts.clone(), caller.user.id);
    let items = state.run(async move { accounts.tokens(user).await }).await??;
    page.of_whole(&request, items, Order::Falling, |token| token.id, |found| token(found.clone()))
}

/// Makes an API token for a machine.
#[utoipa::path(post, path = "/auth/tokens", tag = "auth", request_body = NewTokenBody,
    responses((status = 201, body = CreatedTokenView)))]
pub async fn create_token(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let NewTokenBody { name, scopes, expires_in_days } = read(&request, payload).await?;
    let (accounts, user, days) = (state.accounts.clone(), caller.user.id, expires_in_days.unwrap_or(DAYS));
    let work = async move { accounts.create_token(user, &name, &scopes, days).await };
    let (about, secret) = state.run(work).await?.map_err(refused)?;
    Ok(HttpResponse::Created().json(CreatedTokenView { about: token(about), token: secret }))
}

/// Takes an API token back: it opens nothing from now on.
#[utoipa::path(delete, path = "/auth/tokens/{id}", tag = "auth",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "Revoked")))]
pub async fn revoke_token(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let EmptyBody {} = read(&request, payload).await?;
    let token = uuid(&request, "token")?;
    let (accounts, user) = (state.accounts.clone(), caller.user.id);
    state.run(async move { accounts.revoke_token(user, token).await }).await?.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn uuid(request: &HttpRequest, what: &str) -> Result<Uuid, Problem> {
    Uuid::parse_str(id(request, what)?).map_err(|_| Problem::not_found(what))
}

fn token(token: ApiToken) -> TokenView {
    TokenView {
        id: token.id,
        name: token.name,
        scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        used_at: token.used_at,
    }
}
