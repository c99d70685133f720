//! By what the user signs in, and further ways to do so: an address that is proven by the code that was sent to it, and
//! the issuers that vouch for the user. Only for who has signed in; no API token opens an account for somebody else.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use units::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use super::auth::{SentView, read, refused, sent, session};
use super::devices::uuid;
use super::offers::EmptyBody;
use super::paging::only;
use crate::api::State;
use crate::api::access::Caller;
use crate::api::limits::names::Purpose;
use crate::api::problem::Problem;
use crate::identity::addresses::{Address, AddressKind, Linked};
use crate::identity::{self, codes, contact};

/// By what the user signs in.
#[derive(Serialize, ToSchema)]
#[schema(as = Logins)]
pub struct LoginsView {
    #[schema(example = "asha@example.com")]
    pub email: Option<String>,
    pub email_verified: bool,
    #[schema(example = "+919810012345")]
    pub phone: Option<String>,
    /// Whether there is one; without one `POST /auth/password/forgot` leads to one, once there is an e-mail address.
    pub password: bool,
    /// The issuers that vouch for the user, oldest first.
    pub issuers: Vec<LinkedView>,
}

/// An issuer that vouches for the user.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkedIssuer)]
pub struct LinkedView {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    #[schema(example = "https://accounts.google.com")]
    pub issuer: String,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the user last signed in by it.
    #[schema(value_type = String, format = DateTime)]
    pub used_at: Timestamp,
}

/// An address to be added: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAddress)]
pub struct AddressBody {
    #[schema(example = "asha@example.com")]
    email: Option<String>,
    #[schema(example = "+919810012345")]
    phone: Option<String>,
}

/// The code that was sent to the address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddressProof)]
pub struct ProofBody {
    /// `email` or `phone`.
    #[schema(example = "phone")]
    address: String,
    #[schema(example = "482913")]
    code: String,
}

/// By what I sign in.
#[utoipa::path(get, path = "/users/me/logins", tag = "users", responses((status = 200, body = LoginsView)))]
pub async fn show(state: State, caller: Caller, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let (accounts, user) = (state.accounts.clone(), caller.user.id);
    let login = state.read(move |tx| identity::login(tx, user).boxed()).await?;
    let issuers = state.run(async move { accounts.linked(user).await }).await??;
    let (email, email_verified, phone, password) = login.map_or((None, false, None, false), |login| {
        (login.email, login.email_verified, login.phone, login.password_hash.is_some())
    });
    let issuers = issuers.into_iter().map(linked).collect();
    Ok(HttpResponse::Ok().json(LoginsView { email, email_verified, phone, password, issuers }))
}

/// Sends a code to an address that is to be added to an account which has none of its kind. The answer is the same for
/// an address of another account.
#[utoipa::path(post, path = "/users/me/logins", tag = "users", request_body = AddressBody,
    responses((status = 202, description = "A message is on its way", body = SentView)))]
pub async fn ask(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let AddressBody { email, phone } = read(&request, payload).await?;
    let address = match (email, phone) {
        (Some(email), None) => Address::Email(contact::email(&email).map_err(refused)?),
        (None, Some(phone)) => Address::Phone(contact::phone(&phone).map_err(refused)?),
        _ => return Err(Problem::field("email", "Either email or phone is given.")),
    };
    let (accounts, user, kind) = (state.accounts.clone(), caller.user.id, address.kind());
    state.count_name(&request, Purpose::Address, &user.to_string()).await?;
    if state.may_send(Purpose::Address, address.as_str()).await? {
        let asked = state.run(async move { accounts.ask_address(user, address).await }).await?;
        state.deliver(asked.map_err(refused)?);
    }
    Ok(sent(kind.as_str(), codes::CODE_LIFE.as_secs()))
}

/// Adds the address that the code was sent to: whoever has it signs in by it from now on. Five wrong ones, or five
/// minutes, and a new code is needed.
#[utoipa::path(post, path = "/users/me/logins/confirm", tag = "users", request_body = ProofBody,
    responses((status = 204, description = "The address is added")))]
pub async fn confirm(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let ProofBody { address, code } = read(&request, payload).await?;
    let kind = AddressKind::parse(&address)
        .ok_or_else(|| Problem::field("address", "An address is email or phone."))?;
    let (accounts, user) = (state.accounts.clone(), caller.user.id);
    let added = state.run(async move { accounts.add_address(user, kind, &code).await }).await?;
    added.map_err(refused)?.into_iter().for_each(|message| state.deliver(message));
    Ok(HttpResponse::NoContent().finish())
}

/// Takes an issuer's word for me no more, also where it vouches for my address, and signs the other devices out that have
/// come by an issuer. The last way in stays.
#[utoipa::path(delete, path = "/users/me/logins/{id}", tag = "users",
    params(("id" = String, Path, description = "The issuer's id in the list")),
    responses((status = 204, description = "It is gone")))]
pub async fn unlink(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let EmptyBody {} = read(&request, payload).await?;
    let (id, session) = (uuid(&request, "issuer")?, session(&caller)?);
    let (accounts, user) = (state.accounts.clone(), caller.user.id);
    state.run(async move { accounts.unlink(user, session, id).await }).await?.map_err(refused)?;
    Ok(HttpResponse::NoContent().finish())
}

fn linked(one: Linked) -> LinkedView {
    LinkedView { id: one.id, issuer: one.issuer, created_at: one.created_at, used_at: one.used_at }
}
