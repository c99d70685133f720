//! Who one is on this platform, and the keys by which others verify it.

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use db::Tx;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use units::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use super::auth::refused;
use super::paging::only;
use crate::api::State;
use crate::api::access::{Caller, Means};
use crate::api::idempotency::{Answered, Asked};
use crate::events::idempotency::{self, Key};
use crate::identity::keys::Jwk;
use crate::identity::profile::{self, Changes};
use crate::identity::{self, IdentityError, Login, User};

/// Oneself.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub handle: String,
    #[schema(example = "Asha Rao")]
    pub name: String,
    #[schema(example = "en")]
    pub language: String,
    /// `prosumer`, `consumer`, `producer`, `utility` or `admin`.
    #[schema(example = "prosumer")]
    pub role: &'static str,
    /// The DISCOM whose desk a utility is.
    pub discom: Option<String>,
    pub email: Option<String>,
    pub email_verified: bool,
    pub phone: Option<String>,
    /// Whether an address was checked: who has none of that looks around and does not trade.
    pub may_trade: bool,
    /// Whom a buyer pays.
    pub payout_name: String,
    /// Empty until it is said; without one nothing is offered.
    #[schema(example = "asha@upi")]
    pub payout_vpa: String,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Oneself, and how one has shown it with this request.
#[derive(Serialize, ToSchema)]
#[schema(as = Myself)]
pub struct MyselfView {
    #[serde(flatten)]
    pub me: MeView,
    /// `session` or `api_token`.
    #[schema(example = "session")]
    pub signed_in_by: &'static str,
    /// What an API token is confined to; null for a session.
    pub scopes: Option<Vec<&'static str>>,
}

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeMe)]
pub struct ChangeMeBody {
    name: Option<String>,
    /// A tag of BCP 47.
    #[schema(example = "hi")]
    language: Option<String>,
    payout_name: Option<String>,
    /// A virtual payment address of UPI.
    #[schema(example = "asha@upi")]
    payout_vpa: Option<String>,
}

/// The public keys of access tokens (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = JsonWebKeySet)]
pub struct KeySet {
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Jwk>,
}

/// Who I am.
#[utoipa::path(get, path = "/users/me", tag = "users", responses((status = 200, body = MyselfView)))]
pub async fn show(state: State, caller: Caller, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let id = caller.user.id;
    let login = state.read(move |tx| identity::login(tx, id).boxed()).await?;
    let (signed_in_by, scopes) = match &caller.by {
        Means::Session { .. } => ("session", None),
        Means::ApiToken { scopes, .. } => {
            ("api_token", Some(scopes.iter().map(|scope| scope.as_str()).collect()))
        }
    };
    Ok(HttpResponse::Ok().json(MyselfView { me: me(caller.user, login), signed_in_by, scopes }))
}

/// Changes name, language, or where buyers pay.
#[utoipa::path(patch, path = "/users/me", tag = "users", request_body = ChangeMeBody,
    responses((status = 200, body = MeView)))]
pub async fn change(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<ChangeMeBody>(&request, payload).await?;
    let ChangeMeBody { name, language, payout_name, payout_vpa } = body;
    let changes = Changes { name, language, payout_name, payout_vpa }.checked().map_err(refused)?;
    let (db, now, under) = (state.participant.db.clone(), state.participant.now(), key.clone());
    let work = async move {
        db.write(move |tx| {
            let (changes, under) = (changes.clone(), under.clone());
            async move {
                let user = profile::change(tx, user.id, &changes).await?;
                let login = identity::login(tx, user.id).await?;
                kept(tx, under.as_ref(), &me(user, login), now).await
            }
            .boxed()
        })
        .await
    };
    let answered = state.once(key, work, |body| Answered { status: StatusCode::OK, body: body.clone() });
    Ok(shown(answered.await?))
}

/// The public keys by which access tokens are verified. They change daily; one that is not here is not ours.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth", responses((status = 200, body = KeySet)))]
pub async fn keys(state: State) -> Answer {
    let accounts = state.accounts.clone();
    let keys = state.run(async move { accounts.public_keys().await }).await?.map_err(refused)?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=300")).json(KeySet { keys }))
}

/// Writes the answer of a small change, and remembers it under the key in the change's own transaction.
pub(super) async fn kept<T: Serialize>(
    tx: &mut Tx,
    key: Option<&Key>,
    answer: &T,
    now: Timestamp,
) -> Result<Vec<u8>, IdentityError> {
    let body = serde_json::to_vec(answer).map_err(|error| db::DbError::Other(error.to_string()))?;
    if let Some(key) = key
        && !idempotency::remember(tx, key, StatusCode::OK.as_u16(), &body, now).await?
    {
        // Another request under the key was faster: this one has no effect, and its answer is that of the other.
        return Err(IdentityError::Busy);
    }
    Ok(body)
}

pub(super) fn shown(answered: Answered) -> HttpResponse {
    HttpResponse::build(answered.status).content_type(header::ContentType::json()).body(answered.body)
}

fn me(user: User, login: Option<Login>) -> MeView {
    let (email, email_verified, phone) =
        login.map_or((None, false, None), |login| (login.email, login.email_verified, login.phone));
    MeView {
        id: user.id,
        handle: user.handle,
        name: user.display_name,
        language: user.language,
        role: user.role.as_str(),
        discom: user.discom_code,
        email,
        email_verified,
        phone,
        may_trade: user.verified,
        payout_name: user.payout_name,
        payout_vpa: user.payout_vpa,
        created_at: user.created_at,
    }
}
