//! Every route, in one table per port; [`SERVED`] is compared with the OpenAPI document by a test.

pub mod account;
pub mod discover;
pub mod health;
pub mod interests;
pub mod offers;
pub mod ops;
pub mod orders;
pub mod paging;
pub mod plans;
pub mod profile;
pub mod statements;
pub mod trade;
pub mod transactions;
pub mod trust;
pub mod webhooks;

use actix_web::http::header;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource};

use super::problem::Problem;
use super::{State, network, page};
use crate::error::Code;

/// What a handler gives.
pub type Answer = Result<HttpResponse, Problem>;

/// Longest id in a path.
const ID_MAX: usize = 128;

/// A table of paths with their methods and handlers, the function that serves it, and the list of what it serves.
macro_rules! table {
    ($(#[$doc:meta])* $vis:vis $served:ident, $serve:ident:
        $($path:literal { $($method:ident $handler:path),+ })+) => {
        $(#[$doc])*
        $vis const $served: &[(&str, &str)] = &[$($((stringify!($method), $path),)+)+];

        fn $serve(config: &mut ServiceConfig) {
            $(
                let resource = web::resource($path)$(.route(web::$method().to($handler)))+;
                config.service(closed(resource, &[$(stringify!($method)),+]));
            )+
        }
    };
}

table! {
    /// Method and path of every documented route of the public port.
    pub SERVED, serve_documented:
    "/health" { get health::health }
    "/ready" { get health::ready }
    "/api/discover" { post discover::discover }
    "/api/select" { post trade::select }
    "/api/init" { post trade::init }
    "/api/confirm" { post trade::confirm }
    "/api/status" { post trade::status }
    "/api/cancel" { post trade::cancel }
    "/api/update" { post trade::update }
    "/api/track" { post trade::track }
    "/api/rate" { post trade::rate }
    "/api/support" { post trade::support }
    "/api/plans" { get plans::list, post plans::create }
    "/api/plans/{id}" { get plans::show }
    "/api/plans/{id}/confirm" { post plans::confirm }
    "/api/interests" { get interests::list, post interests::create }
    "/api/interests/{id}" { get interests::show, delete interests::close }
    "/api/transactions" { get transactions::list }
    "/api/transactions/{id}" { get transactions::show }
    "/api/transactions/{id}/offers" { get discover::offers }
    "/api/transactions/{id}/events" { get transactions::events }
    "/api/events" { get transactions::all_events }
    "/api/webhooks" { get webhooks::list, post webhooks::create }
    "/api/webhooks/{id}" { get webhooks::show, patch webhooks::change, delete webhooks::remove }
    "/api/webhooks/{id}/rotate" { post webhooks::rotate }
    "/api/webhooks/{id}/deliveries" { get webhooks::deliveries }
    "/api/webhooks/{id}/replay" { post webhooks::replay }
    "/users/me/trust" { get trust::show }
    "/seller/profile" { get profile::show }
    "/seller/offers" { get offers::list, post offers::create }
    "/seller/offers/{id}" { get offers::show, patch offers::change, delete offers::withdraw }
    "/seller/orders" { get orders::list }
    "/seller/orders/{id}" { get orders::show }
    "/seller/orders/{id}/cancel" { post orders::cancel }
    "/seller/orders/{id}/status" { post orders::push_status }
    "/users/me/account" { get account::show }
    "/users/me/account/journal" { get account::journal }
    "/users/me/account/top-ups" { post account::top_up }
    "/users/me/account/withdrawals" { post account::withdraw }
    "/users/me/statements" { get statements::list }
    "/users/me/statements/{month}" { get statements::show }
    "/bap/receiver/{action}" { post network::bap }
    "/bpp/receiver/{action}" { post network::bpp }
    "/bpp/receiver/catalog/on_publish" { post network::on_publish }
    "/callbacks/{action}" { post network::callbacks }
    "/discom/{action}" { post network::discom }
    "/catalog/push" { post network::push }
}

table! {
    /// Pages for people, and the document itself.
    pub PAGES, serve_pages:
    "/" { get page::notice }
    "/openapi.json" { get page::openapi }
    "/docs" { get page::to_docs }
    "/docs/errors" { get page::errors }
    "/docs/{file:.*}" { get page::docs }
}

table! {
    /// What the operator's port serves.
    pub OPERATED, serve_operated:
    "/health" { get health::health }
    "/ready" { get health::ready }
    "/metrics" { get ops::metrics }
    "/admin/outbox" { get ops::outbox }
    "/admin/inbox" { get ops::inbox }
    "/admin/peers" { get ops::peers }
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
fn closed(resource: Resource, methods: &'static [&'static str]) -> Resource {
    let allow = methods.join(", ").to_uppercase();
    resource.default_service(web::to(move |state: State, request: HttpRequest| {
        let problem = Problem::new(Code::MethodNotAllowed, format!("Only {allow} is offered here."));
        let problem = problem.with(header::ALLOW, allow.clone());
        async move { network::wrong_method(&state, &request).ok_or(problem) }
    }))
}

/// A registered address may have a path of its own before `/bap/receiver`; the node knows ours.
async fn elsewhere(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let doors = ["/bap/receiver/", "/bpp/receiver/", "/callbacks/", "/discom/"];
    if request.method() == "POST" && doors.iter().any(|door| request.path().contains(door)) {
        return network::receive(state, request, payload).await;
    }
    if let Some(refused) = network::wrong_method(&state, &request) {
        return Ok(refused);
    }
    super::respond::not_found().await
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
