//! Becoming a user, signing in, going on, and out again.
//!
//! Nothing here takes an idempotency key: what these routes answer opens an account, and is stored nowhere. A refresh
//! token may live in a cookie that no script reads and no other site has sent along; then only a page of this very
//! origin can use it.

pub mod pages;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use super::offers::EmptyBody;
use crate::api::access::{Caller, Means};
use crate::api::limits::names::Purpose;
use crate::api::problem::Problem;
use crate::api::{Shared, State, json};
use crate::error::Code;
use crate::identity::{IdentityError, PhoneSignIn, Registration, SignedIn, admin, codes, contact};
use crate::notify::Message;
use crate::webhooks;

/// The cookie of the web app.
const COOKIE: &str = "wattmandi_refresh";
/// What a browser says of where a request comes from.
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Of what a program calls itself.
const DEVICE_MAX: usize = 100;

/// A wish for an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Register)]
pub struct RegisterBody {
    #[schema(example = "asha@example.com")]
    email: String,
    /// 8 to 128 characters, none of the commonest.
    #[schema(example = "quiet roof at noon")]
    password: String,
    #[schema(example = "Asha Rao")]
    name: String,
    #[schema(example = "en")]
    language: Option<String>,
}

/// A message is on its way, if there is anybody whom it is for.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageSent)]
pub struct SentView {
    /// `email` or `phone`.
    #[schema(example = "email")]
    pub sent_by: &'static str,
    /// How long what it brings is good.
    #[schema(example = 172_800)]
    pub expires_in: i64,
}

/// What the link of a new account brought, and the password that was chosen for it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Verification)]
pub struct VerifyBody {
    token: String,
    password: String,
}

/// E-mail address and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn)]
pub struct LoginBody {
    #[schema(example = "asha@example.com")]
    email: String,
    password: String,
    /// What the list of devices calls it; the name of the program unless told otherwise.
    device: Option<String>,
    /// Put the refresh token into a cookie for web pages of this origin instead of the answer.
    #[serde(default)]
    cookie: bool,
}

/// A number that a code is to be sent to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PhoneNumber)]
pub struct PhoneBody {
    #[schema(example = "+919810012345")]
    phone: String,
}

/// The code that was sent; a new number is a new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PhoneSignIn)]
pub struct PhoneCodeBody {
    #[schema(example = "+919810012345")]
    phone: String,
    #[schema(example = "482913")]
    code: String,
    /// For a new account.
    name: Option<String>,
    /// For a new account.
    language: Option<String>,
    device: Option<String>,
    #[serde(default)]
    cookie: bool,
}

/// The refresh token; nothing where it is in the cookie.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Refresh)]
pub struct RefreshBody {
    refresh_token: Option<String>,
}

/// An address that a link is to be sent to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmailAddress)]
pub struct EmailBody {
    #[schema(example = "asha@example.com")]
    email: String,
}

/// A new password, by a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ResetPassword)]
pub struct ResetBody {
    pub(super) token: String,
    pub(super) password: String,
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangePassword)]
pub struct PasswordBody {
    current_password: String,
    new_password: String,
}

/// What a signed-in user goes on with.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub struct TokensView {
    /// For `Authorization: Bearer`; a JWT whose keys are at `/.well-known/jwks.json`.
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Good once, for `POST /auth/refresh`; absent where it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Seconds.
    #[schema(example = 604_800)]
    pub refresh_expires_in: i64,
    #[schema(value_type = String, format = "uuid")]
    pub session_id: Uuid,
    #[schema(value_type = String, format = "uuid")]
    pub user_id: Uuid,
    #[schema(example = "prosumer")]
    pub role: &'static str,
}

/// Asks for an account. The answer is the same whether or not the address has one; the mailbox is told which.
#[utoipa::path(post, path = "/auth/register", tag = "auth", request_body = RegisterBody,
    responses((status = 202, description = "A message is on its way", body = SentView)))]
pub async fn register(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let RegisterBody { email, password, name, language } = read(&request, payload).await?;
    let wish = Registration::new(&email, password, &name, language.as_deref()).map_err(refused)?;
    state.count_name(&request, Purpose::Register, wish.email()).await?;
    // Beyond it nothing is done at all: a link that was sent before stays good.
    if state.may_send(Purpose::Register, wish.email()).await? {
        let accounts = state.accounts.clone();
        let message = state.run(async move { accounts.register(wish).await }).await?.map_err(refused)?;
        state.deliver(message);
    }
    Ok(sent("email", 172_800))
}

/// Shows by the link's token that the e-mail address is the user's, and by the password that the account is. Takes the
/// form of its page as well.
#[utoipa::path(post, path = "/auth/verify-email", tag = "auth",
    request_body(content((VerifyBody = "application/json"), (VerifyBody = "application/x-www-form-urlencoded"))),
    responses((status = 204, description = "The address is verified"),
        (status = 200, description = "The same, as a page", body = String, content_type = "text/html")))]
pub async fn verify_email(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let (VerifyBody { token, password }, form) = pages::read_either(&request, payload).await?;
    state.count_name(&request, Purpose::Verify, &token).await?;
    let accounts = state.accounts.clone();
    let verified = state.run(async move { accounts.verify_email(&token, &password).await }).await?;
    pages::outcome(form, verified.map_err(refused), "Your e-mail address is verified.")
}

/// Sends another link to an address that is not verified.
#[utoipa::path(post, path = "/auth/verify-email/resend", tag = "auth",
    responses((status = 202, description = "A message is on its way", body = SentView)))]
pub async fn resend(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let EmptyBody {} = read(&request, payload).await?;
    let (accounts, user) = (state.accounts.clone(), caller.user.id);
    let known = accounts.clone();
    let email = state.run(async move { known.unverified_email(user).await }).await??;
    let Some(email) = email else { return Ok(sent("email", 172_800)) };
    state.count_name(&request, Purpose::Resend, &user.to_string()).await?;
    if state.may_send(Purpose::Resend, &email).await? {
        let message = state.run(async move { accounts.send_verification(user).await }).await??;
        message.into_iter().for_each(|message| state.deliver(message));
    }
    Ok(sent("email", 172_800))
}

/// Signs in with e-mail address and password.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = LoginBody,
    responses((status = 200, body = TokensView)))]
pub async fn login(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let LoginBody { email, password, device, cookie } = read(&request, payload).await?;
    let email = contact::email(&email).map_err(refused)?;
    state.count_name(&request, Purpose::Login, &email).await?;
    let (accounts, device) = (state.accounts.clone(), device_of(device, &request));
    let work = async move { accounts.sign_in(&email, &password, &device).await };
    let signed_in = state.run(work).await?.map_err(refused)?;
    Ok(tokens(&state, StatusCode::OK, signed_in, cookie))
}

/// Gives new tokens for a refresh token, which is good once: where it comes again, the session ends.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = RefreshBody,
    responses((status = 200, body = TokensView)))]
pub async fn refresh(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let RefreshBody { refresh_token } = read(&request, payload).await?;
    let (token, cookie) = match refresh_token {
        Some(token) => (token, false),
        None => (cookie_of(&request)?, true),
    };
    let accounts = state.accounts.clone();
    let signed_in = state.run(async move { accounts.refresh(&token).await }).await?.map_err(refused)?;
    Ok(tokens(&state, StatusCode::OK, signed_in, cookie))
}

/// Signs this device out: its tokens open nothing from now on.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses((status = 204, description = "Signed out")))]
pub async fn logout(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let EmptyBody {} = read(&request, payload).await?;
    let (accounts, user, session) = (state.accounts.clone(), caller.user.id, session(&caller)?);
    state.run(async move { accounts.end_session(user, session).await }).await?.map_err(refused)?;
    Ok(signed_out(&state))
}

/// Signs every device out.
#[utoipa::path(post, path = "/auth/logout-all", tag = "auth",
    responses((status = 204, description = "Signed out everywhere")))]
pub async fn logout_all(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let EmptyBody {} = read(&request, payload).await?;
    let (accounts, user) = (state.accounts.clone(), caller.user.id);
    state.run(async move { accounts.end_all_sessions(user).await }).await??;
    Ok(signed_out(&state))
}

/// Sends a code of six digits to a mobile number, which need not have an account.
#[utoipa::path(post, path = "/auth/phone/code", tag = "auth", request_body = PhoneBody,
    responses((status = 202, description = "A message is on its way", body = SentView)))]
pub async fn phone_code(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let PhoneBody { phone } = read(&request, payload).await?;
    let phone = contact::phone(&phone).map_err(refused)?;
    state.count_name(&request, Purpose::Code, &phone).await?;
    let accounts = state.accounts.clone();
    let message = state.run(async move { accounts.send_code(&phone).await }).await??;
    message.into_iter().for_each(|message| state.deliver(message));
    Ok(sent("phone", codes::CODE_LIFE.as_secs()))
}

/// Signs in with the code. Five wrong ones, or five minutes, and a new one is needed.
#[utoipa::path(post, path = "/auth/phone/verify", tag = "auth", request_body = PhoneCodeBody,
    responses((status = 200, body = TokensView), (status = 201, description = "A new account", body = TokensView)))]
pub async fn phone_verify(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let PhoneCodeBody { phone, code, name, language, device, cookie } = read(&request, payload).await?;
    let device = device_of(device, &request);
    let phone = contact::phone(&phone).map_err(refused)?;
    state.count_name(&request, Purpose::CodeTry, &phone).await?;
    let (accounts, wish) = (state.accounts.clone(), PhoneSignIn { phone, code, name, language, device });
    let signed = state.run(async move { accounts.sign_in_by_phone(wish).await }).await?;
    let (signed_in, created) = signed.map_err(refused)?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok(tokens(&state, status, signed_in, cookie))
}

/// Sends a link to choose a new password, if the address has an account.
#[utoipa::path(post, path = "/auth/password/forgot", tag = "auth", request_body = EmailBody,
    responses((status = 202, description = "A message is on its way", body = SentView)))]
pub async fn forgot(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let EmailBody { email } = read(&request, payload).await?;
    let email = contact::email(&email).map_err(refused)?;
    state.count_name(&request, Purpose::Forgot, &email).await?;
    if !state.may_send(Purpose::Forgot, &email).await? {
        return Ok(sent("email", 3_600));
    }
    // The answer does not wait: how long it took would tell whether there is an account.
    let (work, runtime) = (state.clone(), state.runtime.clone());
    runtime.spawn(async move {
        match work.accounts.forgot_password(email).await {
            Ok(message) => message.into_iter().for_each(|message| work.deliver(message)),
            Err(error) => tracing::error!(%error, "no link to a new password was made"),
        }
    });
    Ok(sent("email", 3_600))
}

/// Chooses a new password by the link's token; every device is signed out. Takes the form of its page as well.
#[utoipa::path(post, path = "/auth/password/reset", tag = "auth",
    request_body(content((ResetBody = "application/json"), (ResetBody = "application/x-www-form-urlencoded"))),
    responses((status = 204, description = "The password is changed"),
        (status = 200, description = "The same, as a page", body = String, content_type = "text/html")))]
pub async fn reset(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let (ResetBody { token, password }, form) = pages::read_either(&request, payload).await?;
    let accounts = state.accounts.clone();
    let reset = state.run(async move { accounts.reset_password(&token, &password).await }).await?;
    let done = match reset {
        Ok(notice) => {
            state.deliver(naming_webhooks(&state, notice).await);
            Ok(())
        }
        Err(error) => Err(refused(error)),
    };
    pages::outcome(form, done, "Your password is changed. Sign in with the new one.")
}

/// Chooses another password; every other device is signed out.
#[utoipa::path(post, path = "/auth/password", tag = "auth", request_body = PasswordBody,
    responses((status = 204, description = "The password is changed")))]
pub async fn change_password(state: State, caller: Caller, request: HttpRequest, payload: Payload) -> Answer {
    let PasswordBody { current_password, new_password } = read(&request, payload).await?;
    let (accounts, user, session) = (state.accounts.clone(), caller.user.id, session(&caller)?);
    state.count_name(&request, Purpose::Login, &user.to_string()).await?;
    let work = async move { accounts.change_password(user, session, &current_password, &new_password).await };
    let notice = state.run(work).await?.map_err(refused)?;
    state.deliver(naming_webhooks(&state, notice).await);
    Ok(HttpResponse::NoContent().finish())
}

/// The notice of another password, with how many webhooks go on: they are the account's and outlive its sessions, so
/// whoever was not its owner may have left one. The password is changed by now: what cannot be read is not said.
async fn naming_webhooks(state: &Shared, mut notice: Message) -> Message {
    let (owner, now) = (notice.to.address().to_owned(), state.participant.now());
    let read = state.read(move |tx| {
        let owner = owner.clone();
        async move {
            match admin::named(tx, &owner).await {
                Ok(user) => webhooks::active(tx, user.id, now).await,
                Err(IdentityError::Db(error)) => Err(error),
                Err(_) => Ok(0),
            }
        }
        .boxed()
    });
    if let Ok(count @ 1..) = read.await {
        notice.body.push_str(&format!(
            "Events of your account are still sent to {count} of your webhooks: look at GET /api/webhooks, and delete \
             what is not yours.\n"
        ));
    }
    notice
}

/// The body of a route that has no idempotency key.
pub(super) async fn read<B: DeserializeOwned>(request: &HttpRequest, payload: Payload) -> Result<B, Problem> {
    json::parse(&json::body(request, payload).await?)
}

/// A failure with the header that says when to come again.
pub(super) fn refused(error: IdentityError) -> Problem {
    let busy = matches!(error, IdentityError::Busy);
    let problem = Problem::from(error);
    if busy { problem.with(header::RETRY_AFTER, "1") } else { problem }
}

/// The session of a caller whom the route let in because of it.
pub(super) fn session(caller: &Caller) -> Result<Uuid, Problem> {
    match caller.by {
        Means::Session { id } => Ok(id),
        Means::ApiToken { .. } => Err(Problem::of(Code::ScopeMissing)),
    }
}

pub(super) fn sent(sent_by: &'static str, expires_in: i64) -> HttpResponse {
    HttpResponse::Accepted().json(SentView { sent_by, expires_in })
}

pub(super) fn device_of(given: Option<String>, request: &HttpRequest) -> String {
    given.unwrap_or_else(|| {
        let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        agent.unwrap_or_default().chars().filter(|c| !c.is_control()).take(DEVICE_MAX).collect()
    })
}

pub(super) fn tokens(
    state: &Shared,
    status: StatusCode,
    signed_in: SignedIn,
    in_cookie: bool,
) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, "private, no-store"));
    let refresh_token = if in_cookie {
        let cookie = cookie(state, &signed_in.refresh_token, signed_in.refresh_expires_in);
        response.insert_header((header::SET_COOKIE, cookie));
        None
    } else {
        Some(signed_in.refresh_token)
    };
    response.json(TokensView {
        access_token: signed_in.access_token,
        token_type: "Bearer",
        expires_in: signed_in.expires_in,
        refresh_token,
        refresh_expires_in: signed_in.refresh_expires_in,
        session_id: signed_in.session,
        user_id: signed_in.user.id,
        role: signed_in.user.role.as_str(),
    })
}

fn signed_out(state: &Shared) -> HttpResponse {
    HttpResponse::NoContent().insert_header((header::SET_COOKIE, cookie(state, "", 0))).finish()
}

/// No script reads it, no other site has it sent along, and only these routes get it.
pub(super) fn cookie(state: &Shared, value: &str, seconds: i64) -> String {
    let secure = if state.participant.settings.base_url.starts_with("https://") { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/auth; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// What the request carries of that name.
pub(super) fn cookie_named(request: &HttpRequest, name: &str) -> Option<String> {
    let fields = request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut cookies =
        fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    cookies.find(|(given, _)| *given == name).map(|(_, value)| value.to_owned())
}

/// The refresh token of the cookie, where a page of this origin sends it.
fn cookie_of(request: &HttpRequest) -> Result<String, Problem> {
    let token = cookie_named(request, COOKIE).ok_or_else(|| refused(IdentityError::RefreshInvalid))?;
    let headers = request.headers();
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(&header::HOST).unwrap_or_default();
    let own_origin = text(&header::ORIGIN)
        .is_none_or(|origin| origin.split_once("://").is_some_and(|(_, authority)| authority == host));
    let own_site = text(&SEC_FETCH_SITE).is_none_or(|site| site == "same-origin");
    if own_origin && own_site {
        Ok(token)
    } else {
        Err(Problem::new(Code::Forbidden, "The cookie is for pages of this origin only."))
    }
}
