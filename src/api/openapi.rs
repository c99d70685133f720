//! The OpenAPI document, made from the handlers and their types, from the table of errors and that of events, with
//! examples that a run has recorded (`scripts/examples.sh`).

mod answers;
mod events;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi as Document, Ref, RefOr, Required};
use utoipa::{Modify, OpenApi, ToSchema};

use super::access::Access;
use super::idempotency::KEY_MAX;
use super::network;
use super::problem::ProblemBody;
use super::routes::transactions::TransactionDocument;
use super::routes::{
    SERVED, account, admin, auth, consents, credentials, devices, discover, health, interests, me,
    meter_documents, meters, offers, oidc, orders, plans, privacy, profile, statements, streams, trade,
    transactions, trust, utility, ways, webhooks,
};
use crate::identity::{Role, Scope};

/// A request that is stored and on its way to the network; the outcome follows.
#[derive(Debug, ToSchema)]
#[schema(as = Accepted)]
pub struct AcceptedSchema {
    pub transaction_id: String,
    pub message_id: String,
    /// Where the contract, or the search, stands now.
    #[schema(example = "draft")]
    pub state: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wattmandi client API",
        description = "Sell and buy solar hours on the open peer-to-peer energy trading network. \
            The network is asynchronous: a request that goes to it answers 202, and its outcome comes by the events, \
            by GET, or in the same response with `Prefer: wait=N`. Energy is in kWh and money in INR, as decimal \
            strings; instants are RFC 3339. Every failure is a problem document (RFC 9457) with a stable code.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "auth", description = "Becoming a user, signing in, devices and tokens"),
        (name = "trade", description = "The buyer's steps"),
        (name = "plans", description = "Energy from several sellers, bought as one intent"),
        (name = "transactions", description = "How trades stand, and their events"),
        (name = "seller", description = "Offers and orders"),
        (name = "webhooks", description = "Events sent to one's own programs, by Standard Webhooks"),
        (name = "users", description = "One's own standing"),
        (name = "account", description = "Money and statements"),
        (name = "utility", description = "The desk of a DISCOM"),
        (name = "admin", description = "The accounts of this platform"),
        (name = "operation", description = "Is it alive, is it ready"),
        (name = "network", description = "What platforms of the network call; signed, as Beckn 2.0 says"),
    ),
    paths(
        health::health, health::ready,
        discover::discover, trade::select, trade::init, trade::confirm, trade::status, trade::cancel, trade::update,
        trade::track, trade::rate, trade::support,
        plans::list, plans::create, plans::show, plans::confirm, plans::cancel,
        interests::list, interests::create, interests::show, interests::close,
        transactions::list, transactions::show, discover::offers, transactions::events, transactions::all_events,
        streams::ticket, streams::socket,
        profile::show_mine, profile::change, meters::list, meters::create, meters::release,
        credentials::list, credentials::upload, credentials::show, credentials::remove,
        meter_documents::list, meter_documents::upload, meter_documents::show, meter_documents::remove,
        auth::register, auth::pages::verify_email, auth::verify_email, auth::resend, auth::login, auth::refresh,
        auth::logout, auth::logout_all, auth::phone_code, auth::phone_verify, auth::change_password, auth::forgot,
        auth::pages::reset, auth::reset, devices::sessions, devices::end_session, devices::tokens,
        devices::create_token, devices::revoke_token, me::keys, me::show, me::change, privacy::export, privacy::erase,
        ways::show, ways::ask, ways::confirm, ways::unlink,
        admin::list, admin::show, admin::change, utility::meters, utility::trades,
        trust::show, profile::show, offers::list, offers::create, offers::show, offers::change, offers::withdraw,
        orders::list, orders::show, orders::cancel, orders::push_status,
        account::show, account::journal, account::top_up, account::withdraw, statements::list, statements::show,
        oidc::list, oidc::start, oidc::callback, consents::list, consents::give,
        webhooks::list, webhooks::create, webhooks::show, webhooks::change, webhooks::remove, webhooks::rotate,
        webhooks::deliveries, webhooks::replay,
        network::bap, network::bpp, network::on_publish, network::callbacks, network::discom, network::push,
    ),
    components(schemas(ProblemBody, AcceptedSchema, TransactionDocument)),
    modifiers(&Everywhere),
)]
struct Api;

/// What holds for every operation.
struct Everywhere;

impl Modify for Everywhere {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description =
            Some("An access token (POST /auth/login), or an API token (POST /auth/tokens)".to_owned());
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                let verb = verb(&method);
                operation.operation_id = Some(name(verb, path));
                let served = SERVED.iter().find(|route| route.method == verb && route.path == path);
                let Some(access) = served.map(|route| route.access) else { continue };
                admitted(access, operation);
                if method == HttpMethod::Get {
                    read(path, operation);
                } else if access.who.roles().is_some() {
                    write(path, &method, operation);
                }
            }
        }
    }
}

fn operations(item: &mut utoipa::openapi::PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let slots = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    slots
        .into_iter()
        .filter_map(|(method, slot)| slot.as_mut().map(|operation| (method, operation)))
        .collect()
}

fn verb(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Post => "post",
        HttpMethod::Patch => "patch",
        HttpMethod::Delete => "delete",
        _ => "get",
    }
}

/// Who may call, as the table of routes states it: as `security`, as the extension `x-access`, and in words.
fn admitted(access: Access, operation: &mut Operation) {
    let roles: Option<Vec<_>> =
        access.who.roles().map(|roles| roles.iter().map(|role| role.as_str()).collect());
    let scope = access.scope.map(Scope::as_str);
    let scopes: Vec<_> = access.scopes().map(Scope::as_str).collect();
    let needed = match scopes.as_slice() {
        [one, other] => format!("an API token needs the scopes `{one}` and `{other}`."),
        _ => format!("an API token needs the scope `{}`.", scope.unwrap_or_default()),
    };
    let words = match (&roles, access.scope) {
        (None, _) => None,
        (Some(_), Some(Scope::Session)) => {
            Some("Needs somebody who has signed in; no API token does it.".into())
        }
        (Some(roles), _) if roles.len() == Role::ALL.len() => Some(format!("For every account; {needed}")),
        (Some(roles), _) => Some(format!("For accounts with the role {}; {needed}", roles.join(", "))),
    };
    if let Some(words) = words {
        let said = operation.description.take().map(|text| format!("{text}\n\n")).unwrap_or_default();
        operation.description = Some(format!("{said}{words}"));
    }
    operation.security = Some(vec![match scopes.as_slice() {
        [] => SecurityRequirement::default(),
        scopes => SecurityRequirement::new("token", scopes.iter().copied()),
    }]);
    // One member only: the order of several would not be the same each time.
    let stated = json!({"who": access.who.as_str(), "roles": roles, "scope": scope, "counted_as": access.class.as_str()});
    operation.extensions.get_or_insert_default().insert("x-access".to_owned(), stated);
}

/// `post_seller_orders_id_cancel`: handlers of several paths share a name, operations may not.
fn name(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Reads without a tag: streams, and what nobody may keep, because a link or a token is in it.
const UNTAGGED: &[&str] = &[
    "/api/events",
    "/api/events/ws",
    "/api/transactions/{id}/events",
    "/users/me/export",
    "/auth/verify-email",
    "/auth/password/reset",
    "/auth/oidc/{provider}/start",
    "/auth/oidc/{provider}/callback",
];

/// Writes below `/api/` whose answer is whole at once: there is nothing that `Prefer: wait` could wait for.
const UNAWAITED: &[&str] = &["/api/events/", "/api/interests", "/api/webhooks"];

/// The headers of reads: nearly everything has a tag, and a list says where it goes on.
fn read(path: &str, operation: &mut Operation) {
    if UNTAGGED.contains(&path) {
        return;
    }
    let parameters = operation.parameters.get_or_insert_default();
    let paged = parameters.iter().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.name == "cursor",
        RefOr::Ref(_) => false,
    });
    parameters
        .push(header("If-None-Match", "The ETag of the answer that you have: 304 when it is still the same"));
    let same = ResponseBuilder::new().description("The client has it already").build();
    let responses = responses_mut(operation);
    if let Some(RefOr::T(found)) = responses.get_mut("200") {
        found.headers.insert("ETag".into(), RefOr::T(text_header("For `If-None-Match`")));
        if paged {
            let next = "`<…>; rel=\"next\"` (RFC 8288), where there is a next page";
            found.headers.insert("Link".into(), RefOr::T(text_header(next)));
        }
    }
    responses.insert("304".into(), RefOr::T(same));
}

fn text_header(description: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build();
    HeaderBuilder::new().schema(Some(text)).description(Some(description)).build()
}

/// The headers of writes.
fn write(path: &str, method: &HttpMethod, operation: &mut Operation) {
    // What is answered below /auth opens an account, and is kept under no key; of an account that is gone nothing is.
    if path.starts_with("/auth/") || (path == "/users/me" && *method == HttpMethod::Delete) {
        return;
    }
    let parameters = operation.parameters.get_or_insert_default();
    let tickets = path.ends_with("/tickets");
    let repeated = if tickets {
        "No ticket is kept: the same key gives another one"
    } else {
        "The same key gives the same answer, and no second effect"
    };
    let text = ObjectBuilder::new().schema_type(SchemaType::Type(Type::String));
    let text = text.min_length(Some(1)).max_length(Some(KEY_MAX)).build();
    let about = format!("{repeated}; at most {KEY_MAX} printable ASCII characters");
    parameters.push(header_of("Idempotency-Key", &about, text));
    if path.starts_with("/api/") && !UNAWAITED.iter().any(|start| path.starts_with(start)) {
        parameters.push(header(
            "Prefer",
            "wait=N: answer with the outcome if it comes within N seconds, at most 30",
        ));
        let responses = responses_mut(operation);
        // Plans say it themselves.
        if responses.keys().any(|status| ["200", "201", "202"].contains(&status.as_str())) {
            return;
        }
        let accepted = ResponseBuilder::new().description("Stored and on its way").content(
            "application/json",
            ContentBuilder::new().schema(Some(Ref::from_schema_name("Accepted"))).build(),
        );
        responses_mut(operation).insert("202".into(), RefOr::T(accepted.build()));
        let outcome = ResponseBuilder::new()
            .description("The outcome, with Prefer: wait")
            .header("Preference-Applied", text_header("The wait that was granted"))
            .content(
                "application/json",
                ContentBuilder::new().schema(Some(Ref::from_schema_name("TransactionDocument"))).build(),
            );
        responses_mut(operation).insert("200".into(), RefOr::T(outcome.build()));
    }
}

fn responses_mut(operation: &mut Operation) -> &mut std::collections::BTreeMap<String, RefOr<Response>> {
    &mut operation.responses.responses
}

fn header(name: &str, description: &str) -> RefOr<Parameter> {
    header_of(name, description, ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).build())
}

fn header_of(name: &str, description: &str, schema: Object) -> RefOr<Parameter> {
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema));
    RefOr::T(header.build())
}

/// The document as `/openapi.json` serves it and `wattmandi openapi` prints it: the same bytes each time.
pub fn document() -> String {
    let mut document = serde_json::to_value(Api::openapi()).unwrap_or_default();
    answers::add(&mut document);
    events::add(&mut document);
    answers::describe(&mut document);
    illustrate(&mut document);
    decimals(&mut document["components"]["schemas"]);
    serde_json::to_string_pretty(&sorted(document)).unwrap_or_default()
}

/// What a run has recorded: requests and answers by operation, problems by code, events by kind.
fn examples() -> &'static Value {
    static RECORDED: LazyLock<Value> =
        LazyLock::new(|| serde_json::from_str(include_str!("../../docs/examples.json")).unwrap_or_default());
    &RECORDED
}

/// Puts the recorded examples where they belong.
fn illustrate(document: &mut Value) {
    let recorded = &examples()["operations"];
    for item in document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let Some(found) = operation["operationId"].as_str().and_then(|id| recorded.get(id)) else {
                continue;
            };
            if let (Some(request), Some(body)) = (found.get("request"), operation.get_mut("requestBody")) {
                example(body, request);
            }
            for (status, answer) in found["responses"].as_object().into_iter().flatten() {
                if let Some(response) = operation["responses"].get_mut(status) {
                    example(response, answer);
                }
            }
        }
    }
}

/// What was recorded is JSON: it illustrates no other form of the same answer.
fn example(place: &mut Value, example: &Value) {
    for (kind, content) in place["content"].as_object_mut().into_iter().flatten() {
        if kind.ends_with("json") || example.is_string() {
            content["example"] = example.clone();
        }
    }
}

/// Energy and money are decimal strings: says so of every member that is named like one.
fn decimals(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    for (name, member) in members {
        let text = member["type"] == "string" || member["type"] == serde_json::json!(["string", "null"]);
        if text && ["_kwh", "_inr"].iter().any(|unit| name.ends_with(unit)) && member.get("pattern").is_none()
        {
            member["pattern"] = r"^-?[0-9]+(\.[0-9]+)?$".into();
        }
        decimals(member);
    }
}

/// With the members of all objects in the order of their names, whatever order they were made in.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<String, Value> = members.into_iter().collect();
            Value::Object(members.into_iter().map(|(name, member)| (name, sorted(member))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
