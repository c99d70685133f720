//! Every route with who may call it, in one table per port; [`SERVED`] is compared with the OpenAPI document by a test.

pub mod account;
pub mod admin;
pub mod auth;
pub mod consents;
pub mod credentials;
pub mod devices;
pub mod discover;
pub mod exceptions;
pub mod health;
pub mod interests;
pub mod me;
pub mod meter_documents;
pub mod meters;
pub mod offers;
pub mod oidc;
pub mod ops;
pub mod orders;
pub mod paging;
pub mod plans;
pub mod privacy;
pub mod profile;
pub mod statements;
pub mod streams;
pub mod trade;
pub mod transactions;
pub mod trust;
pub mod utility;
pub mod ways;
pub mod webhooks;

use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};

use super::access::{Access, access, guarded};
use super::problem::Problem;
use super::{State, network, page};
use crate::error::Code;

/// Where the network's messages come in, below whatever path.
const DOORS: &[&str] = &["/bap/receiver/", "/bpp/receiver/", "/callbacks/", "/discom/"];

/// What a handler gives.
pub type Answer = Result<HttpResponse, Problem>;

/// What goes on until somebody hangs up: there is no answer to tell the head of.
const STREAMS: &[&str] = &["/api/events", "/api/events/ws", "/api/transactions/{id}/events"];

/// Longest id in a path.
const ID_MAX: usize = 128;

/// One method of one path.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    /// In lower case.
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
}

/// A table of paths with their methods, handlers and callers, the function that serves it, and the list of what it
/// serves. A route without a statement of who may call it does not compile; [`super::access`] has the forms.
macro_rules! table {
    ($(#[$doc:meta])* $vis:vis $served:ident, $serve:ident:
        $($path:literal { $($method:ident $handler:path [$($access:tt)+]),+ })+) => {
        $(#[$doc])*
        $vis const $served: &[Served] = &[$($(Served {
            method: stringify!($method),
            path: $path,
            access: access!($($access)+),
        },)+)+];

        fn $serve(config: &mut ServiceConfig) {
            $(
                let resource = web::resource($path)
                    $(.route(guarded(web::$method().to($handler), access!($($access)+))))+;
                config.service(closed(resource, $path, &[$(stringify!($method)),+]));
            )+
        }
    };
}

table! {
    /// Every documented route of the public port.
    pub SERVED, serve_documented:
    "/health" { get health::health [Public] }
    "/ready" { get health::ready [Public] }
    "/api/discover" { post discover::discover [Buyer: Trade] }
    "/api/select" { post trade::select [Buyer: Trade] }
    "/api/init" { post trade::init [Buyer: Trade] }
    "/api/confirm" { post trade::confirm [Buyer: Trade] }
    "/api/status" { post trade::status [Buyer: Trade] }
    "/api/cancel" { post trade::cancel [Buyer: Trade] }
    "/api/update" { post trade::update [Buyer: Trade] }
    "/api/track" { post trade::track [Buyer: Trade] }
    "/api/rate" { post trade::rate [Buyer: Trade] }
    "/api/support" { post trade::support [Buyer: Trade] }
    "/api/plans" { get plans::list [Buyer: Read], post plans::create [Buyer: Trade] }
    "/api/plans/{id}" { get plans::show [Buyer: Read] }
    "/api/plans/{id}/confirm" { post plans::confirm [Buyer: Trade] }
    "/api/plans/{id}/cancel" { post plans::cancel [Buyer: Trade] }
    "/api/interests" { get interests::list [Buyer: Read], post interests::create [Buyer: Trade] }
    "/api/interests/{id}" { get interests::show [Buyer: Read], delete interests::close [Buyer: Trade] }
    "/api/transactions" { get transactions::list [Trader: Read] }
    "/api/transactions/{id}" { get transactions::show [Trader: Read] }
    "/api/transactions/{id}/offers" { get discover::offers [Trader: Read] }
    "/api/transactions/{id}/events" { get transactions::events [Trader: Read] }
    "/api/events" { get transactions::all_events [Trader: Read] }
    "/api/events/tickets" { post streams::ticket [Trader: Read] }
    "/api/events/ws" { get streams::socket [Trader: Read] }
    "/users/me/profile" {
        get profile::show_mine [Trader: Read],
        patch profile::change [Trader: Account]
    }
    "/users/me/meters" { get meters::list [Trader: Read], post meters::create [Trader: Account] }
    "/users/me/meters/{id}" { delete meters::release [Trader: Account] }
    "/users/me/credentials" { get credentials::list [Trader: Read], post credentials::upload [Trader: Account] }
    "/users/me/credentials/{id}" {
        get credentials::show [Trader: Read],
        delete credentials::remove [Trader: Account]
    }
    "/users/me/meter-documents" {
        get meter_documents::list [Trader: Read],
        post meter_documents::upload [Trader: Account]
    }
    "/users/me/meter-documents/{id}" {
        get meter_documents::show [Trader: Read],
        delete meter_documents::remove [Trader: Account]
    }
    "/auth/register" { post auth::register [Public, SignIn] }
    "/auth/verify-email" {
        get auth::pages::verify_email [Public],
        post auth::verify_email [Public, SignIn]
    }
    "/auth/verify-email/resend" { post auth::resend [SignedIn: Session] }
    "/auth/login" { post auth::login [Public, SignIn] }
    "/auth/refresh" { post auth::refresh [Public, Refresh] }
    "/auth/logout" { post auth::logout [SignedIn: Session] }
    "/auth/logout-all" { post auth::logout_all [SignedIn: Session] }
    "/auth/phone/code" { post auth::phone_code [Public, SignIn] }
    "/auth/phone/verify" { post auth::phone_verify [Public, SignIn] }
    "/auth/password" { post auth::change_password [SignedIn: Session] }
    "/auth/password/forgot" { post auth::forgot [Public, SignIn] }
    "/auth/password/reset" {
        get auth::pages::reset [Public],
        post auth::reset [Public, SignIn]
    }
    "/auth/oidc" { get oidc::list [Public] }
    "/auth/oidc/{provider}/start" { get oidc::start [Public, SignIn] }
    "/auth/oidc/{provider}/callback" { get oidc::callback [Public] }
    "/auth/sessions" { get devices::sessions [SignedIn: Session, Read] }
    "/auth/sessions/{id}" { delete devices::end_session [SignedIn: Session] }
    "/auth/tokens" {
        get devices::tokens [SignedIn: Session, Read],
        post devices::create_token [SignedIn: Session]
    }
    "/auth/tokens/{id}" { delete devices::revoke_token [SignedIn: Session] }
    "/.well-known/jwks.json" { get me::keys [Public] }
    "/users/me" {
        get me::show [SignedIn: Read],
        patch me::change [SignedIn: Account],
        delete privacy::erase [SignedIn: Session]
    }
    "/users/me/export" { get privacy::export [SignedIn: Session] }
    "/users/me/logins" { get ways::show [SignedIn: Session, Read], post ways::ask [SignedIn: Session] }
    "/users/me/logins/confirm" { post ways::confirm [SignedIn: Session] }
    "/users/me/logins/{id}" { delete ways::unlink [SignedIn: Session] }
    "/admin/users" { get admin::list [Admin: Admin, Read] }
    "/admin/users/{id}" { get admin::show [Admin: Admin, Read], patch admin::change [Admin: Admin] }
    "/utility/meters" { get utility::meters [Utility: Read] }
    "/utility/trades" { get utility::trades [Utility: Read] }
    "/api/webhooks" { get webhooks::list [SignedIn: Read], post webhooks::create [SignedIn: Account + Read] }
    "/api/webhooks/{id}" {
        get webhooks::show [SignedIn: Read],
        patch webhooks::change [SignedIn: Account + Read],
        delete webhooks::remove [SignedIn: Account]
    }
    "/api/webhooks/{id}/rotate" { post webhooks::rotate [SignedIn: Account] }
    "/api/webhooks/{id}/deliveries" { get webhooks::deliveries [SignedIn: Read] }
    "/api/webhooks/{id}/replay" { post webhooks::replay [SignedIn: Account + Read] }
    "/users/me/trust" { get trust::show [Trader: Read] }
    "/seller/profile" { get profile::show [Trader: Read] }
    "/seller/offers" { get offers::list [Seller: Read], post offers::create [Seller: Trade] }
    "/seller/offers/{id}" {
        get offers::show [Seller: Read],
        patch offers::change [Seller: Trade],
        delete offers::withdraw [Seller: Trade]
    }
    "/seller/orders" { get orders::list [Seller: Read] }
    "/seller/orders/{id}" { get orders::show [Seller: Read] }
    "/seller/orders/{id}/cancel" { post orders::cancel [Seller: Trade] }
    "/seller/orders/{id}/status" { post orders::push_status [Seller: Trade] }
    "/users/me/account" { get account::show [Trader: Read] }
    "/users/me/account/journal" { get account::journal [Trader: Read] }
    "/users/me/account/top-ups" { post account::top_up [Trader: Money] }
    "/users/me/account/withdrawals" { post account::withdraw [Trader: Money] }
    "/users/me/statements" { get statements::list [Trader: Read] }
    "/users/me/statements/{month}" { get statements::show [Trader: Read] }
    "/users/me/consents" { get consents::list [SignedIn: Read], post consents::give [SignedIn: Account] }
    "/bap/receiver/{action}" { post network::bap [Network] }
    "/bpp/receiver/{action}" { post network::bpp [Network] }
    "/bpp/receiver/catalog/on_publish" { post network::on_publish [Network] }
    "/callbacks/{action}" { post network::callbacks [Network] }
    "/discom/{action}" { post network::discom [Network] }
    "/catalog/push" { post network::push [Network] }
}

table! {
    /// Pages for people, and the document itself.
    pub PAGES, serve_pages:
    "/" { get page::notice [Public] }
    "/openapi.json" { get page::openapi [Public] }
    "/docs" { get page::to_docs [Public] }
    "/docs/errors" { get page::errors [Public] }
    "/docs/{file:.*}" { get page::docs [Public] }
}

table! {
    /// What the operator's port serves.
    pub OPERATED, serve_operated:
    "/health" { get health::health [Operator] }
    "/ready" { get health::ready [Operator] }
    "/metrics" { get ops::metrics [Operator] }
    "/admin/outbox" { get ops::outbox [Operator] }
    "/admin/inbox" { get ops::inbox [Operator] }
    "/admin/peers" { get ops::peers [Operator] }
    "/admin/messages" { get ops::messages [Operator] }
    "/admin/exceptions" { get exceptions::list [Operator] }
    "/admin/exceptions/{id}/resolve" { post exceptions::resolve [Operator] }
}

/// The public port.
pub fn public(config: &mut ServiceConfig) {
    serve_documented(config);
    serve_pages(config);
    config.default_service(web::to(elsewhere));
}

/// The operator's port.
pub fn operators(config: &mut ServiceConfig) {
    serve_operated(config);
}

/// Any other method gets 405 with the list of those that are served.
fn closed(resource: Resource, path: &str, methods: &'static [&'static str]) -> Resource {
    let mut allow = methods.join(", ").to_uppercase();
    if methods.contains(&"get") && !STREAMS.contains(&path) {
        allow.push_str(", HEAD");
    }
    resource.default_service(web::to(move |state: State, request: HttpRequest| {
        let problem = Problem::new(Code::MethodNotAllowed, format!("What is offered here: {allow}."));
        let problem = problem.with(header::ALLOW, allow.clone());
        async move { network::wrong_method(&state, &request).ok_or(problem) }
    }))
}

/// A registered address may have a path of its own before `/bap/receiver`; the node knows ours.
async fn elsewhere(state: State, request: HttpRequest, payload: Payload) -> Answer {
    if request.method() == "POST" && DOORS.iter().any(|door| request.path().contains(door)) {
        return network::receive(state, request, payload).await;
    }
    if let Some(refused) = network::wrong_method(&state, &request) {
        return Ok(refused);
    }
    super::respond::not_found().await
}

/// Who may call what a request of the public port is about; `None` where nothing is served.
pub fn access_of(request: &ServiceRequest) -> Option<Access> {
    let (path, method) = (request.match_pattern()?, request.method().as_str());
    let served = SERVED.iter().find(|route| route.path == path && route.method.eq_ignore_ascii_case(method));
    served.map(|route| route.access)
}

/// Whether HEAD is answered as GET (RFC 9110, 9.3.2): wherever GET is served, and is no stream.
pub fn answers_head(request: &ServiceRequest) -> bool {
    let Some(path) = request.match_pattern() else { return false };
    let mut served = SERVED.iter().chain(PAGES).chain(OPERATED);
    !STREAMS.contains(&path.as_str()) && served.any(|route| route.method == "get" && route.path == path)
}

/// Whether [`elsewhere`] gives a request to the node.
pub fn is_door(request: &ServiceRequest) -> bool {
    request.method() == "POST"
        && request.match_pattern().is_none()
        && DOORS.iter().any(|door| request.path().contains(door))
}

/// The `{id}` of the path; one that no transaction and no offer can have is not found.
fn id<'r>(request: &'r HttpRequest, what: &str) -> Result<&'r str, Problem> {
    let id = request.match_info().get("id").unwrap_or_default();
    if (1..=ID_MAX).contains(&id.len()) && !id.chars().any(char::is_control) {
        Ok(id)
    } else {
        Err(Problem::not_found(what))
    }
}
