//! The accounts of this platform, for its administrators.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use units::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::refused;
use super::me::{kept, shown};
use super::paging::{Asked as PageAsked, Page, only};
use super::profile::no_discom;
use super::{Answer, id};
use crate::api::State;
use crate::api::idempotency::{Answered, Asked};
use crate::api::problem::Problem;
use crate::identity::admin::{self, Listed};
use crate::identity::{IdentityError, Role};

/// An account, as an administrator sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub handle: String,
    pub name: String,
    #[schema(example = "prosumer")]
    pub role: &'static str,
    pub discom: Option<String>,
    pub email: Option<String>,
    pub email_verified: bool,
    pub phone: Option<String>,
    pub may_trade: bool,
    pub locked: bool,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// What is to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeUser)]
pub struct ChangeUserBody {
    /// `prosumer`, `consumer`, `producer`, `utility` or `admin`.
    #[schema(example = "consumer")]
    role: Option<String>,
    /// With the role `utility`: the DISCOM whose desk it is.
    #[schema(example = "TEST_DISCOM_NORTH")]
    discom: Option<String>,
    /// A locked account opens nothing; its sessions end.
    locked: Option<bool>,
}

/// Every account, newest first.
#[utoipa::path(get, path = "/admin/users", tag = "admin",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<UserView>)))]
pub async fn list(state: State, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &[])?;
    let (before, rows) = (page.before, page.rows());
    let users = state.read(move |tx| admin::list(tx, before, rows).boxed()).await?;
    Ok(page.answer(&request, users, |row| row.user.id, view))
}

/// One account.
#[utoipa::path(get, path = "/admin/users/{id}", tag = "admin",
    params(("id" = String, Path, description = "The user id")), responses((status = 200, body = UserView)))]
pub async fn show(state: State, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let (db, user) = (state.participant.db.clone(), user_id(&request)?);
    let found = async move { db.read(move |tx| admin::find(tx, user).boxed()).await };
    let found = state.run(found).await?.map_err(refused)?;
    Ok(HttpResponse::Ok().json(view(&found)))
}

/// Gives an account another role, locks or unlocks it; at once.
#[utoipa::path(patch, path = "/admin/users/{id}", tag = "admin", request_body = ChangeUserBody,
    params(("id" = String, Path, description = "The user id")), responses((status = 200, body = UserView)))]
pub async fn change(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user: admin, body, key, .. } = state.asked::<ChangeUserBody>(&request, payload).await?;
    let id = user_id(&request)?;
    if id == admin.id {
        return Err(refused(IdentityError::OwnAccount));
    }
    let role = body.role.as_deref().map(|text| Role::parse(text).ok_or(IdentityError::RoleUnknown));
    let role = role.transpose().map_err(refused)?;
    let known = |code: &String| state.participant.settings.discom(code).is_some();
    if !body.discom.as_ref().is_none_or(known) {
        return Err(no_discom(&state));
    }
    if role.is_none() && body.discom.is_some() {
        return Err(Problem::field("discom", "It is given beside the role utility."));
    }
    let (db, now, under) = (state.participant.db.clone(), state.participant.now(), key.clone());
    let (discom, locked) = (body.discom, body.locked);
    let work = async move {
        db.write(move |tx| {
            let (discom, under) = (discom.clone(), under.clone());
            async move {
                if let Some(role) = role {
                    admin::set_role(tx, id, role, discom.as_deref(), now).await?;
                }
                if let Some(locked) = locked {
                    admin::set_lock(tx, id, locked, now).await?;
                }
                let found = admin::find(tx, id).await?;
                kept(tx, under.as_ref(), &view(&found), now).await
            }
            .boxed()
        })
        .await
    };
    let answered = state.once(key, work, |body| Answered { status: StatusCode::OK, body: body.clone() });
    Ok(shown(answered.await?))
}

fn user_id(request: &HttpRequest) -> Result<Uuid, Problem> {
    Uuid::parse_str(id(request, "user")?).map_err(|_| Problem::not_found("user"))
}

fn view(listed: &Listed) -> UserView {
    let user = listed.user.clone();
    UserView {
        id: user.id,
        handle: user.handle,
        name: user.display_name,
        role: user.role.as_str(),
        discom: user.discom_code,
        email: listed.email.clone(),
        email_verified: listed.email_verified,
        phone: listed.phone.clone(),
        may_trade: user.verified,
        locked: user.locked,
        created_at: user.created_at,
    }
}
