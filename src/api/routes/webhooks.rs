//! Webhooks of machine users: where events are sent, what was sent, and what is to be sent again.

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use units::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::offers::EmptyBody;
use super::paging::{Asked as PageAsked, Page};
use super::{Answer, id};
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked, Unkept};
use crate::api::problem::Problem;
use crate::api::{Shared, State};
use crate::error::Code;
use crate::identity::grants::Grant;
use crate::webhooks::{self, Change, Delivery, New, Sender, Under, Webhook, WebhookError};

/// A webhook to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
pub struct NewWebhookBody {
    /// A public https address. It is called with POST.
    #[schema(example = "https://shop.example/hooks/wattmandi", max_length = 2000)]
    url: String,
    /// Of which events: kinds (`contract.active`), nouns (`contract.*`), or `*`. Absent or empty: all.
    #[serde(default)]
    #[schema(example = json!(["contract.*", "account.changed"]), max_items = 50)]
    kinds: Vec<String>,
    #[schema(max_length = 200)]
    description: Option<String>,
}

/// What is to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookChange)]
pub struct ChangeBody {
    #[schema(max_length = 2000)]
    url: Option<String>,
    #[schema(max_items = 50)]
    kinds: Option<Vec<String>>,
    #[schema(max_length = 200)]
    description: Option<String>,
    /// False to pause it; true to go on, also after it was disabled.
    active: Option<bool>,
}

/// From where events are sent again: an instant, or an event. Both absent: from the first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Replay)]
pub struct ReplayBody {
    /// Events of this time and later.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Events after the one with this number, as `after_event` of an earlier replay.
    #[schema(minimum = 0)]
    after_event: Option<i64>,
}

/// An address that is told of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookDocument {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    pub url: String,
    pub kinds: Vec<String>,
    pub description: Option<String>,
    /// `active`, `paused`, or `disabled` when it has failed for three days.
    #[schema(example = "active")]
    pub state: &'static str,
    /// Why it is disabled.
    pub reason: Option<String>,
    /// Since when no attempt has succeeded.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A webhook with its secret, which is shown in this answer only.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub struct SecretDocument {
    #[serde(flatten)]
    pub webhook: WebhookDocument,
    /// Base64 after the prefix: the key of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`.
    #[schema(example = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]
    pub secret: String,
}

/// One event for one webhook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct DeliveryDocument {
    /// The `webhook-id` that it is sent under, each time.
    pub id: String,
    /// The number of the event.
    pub event: i64,
    #[schema(example = "contract.active")]
    pub kind: String,
    /// `pending`, `delivered` or `failed`.
    #[schema(example = "delivered")]
    pub state: &'static str,
    pub attempts: i64,
    /// When it is sent next; null once it has ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// The receiver's last HTTP status.
    pub status: Option<i64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
}

/// What is sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replayed)]
pub struct ReplayedDocument {
    /// How many events.
    pub queued: usize,
    /// Give it as `after_event` to send what comes after; null when that was all.
    pub after_event: Option<i64>,
}

fn document(webhook: &Webhook) -> WebhookDocument {
    WebhookDocument {
        id: webhook.id,
        url: webhook.url.clone(),
        kinds: webhook.filters.clone(),
        description: webhook.description.clone(),
        state: webhook.state.as_str(),
        reason: webhook.reason.clone(),
        failing_since: webhook.failing_since,
        created_at: webhook.created_at,
        updated_at: webhook.updated_at,
    }
}

fn delivery(delivery: &Delivery) -> DeliveryDocument {
    let pending = delivery.state == webhooks::DeliveryState::Pending;
    DeliveryDocument {
        id: webhooks::message_id(delivery.webhook, delivery.event),
        event: delivery.event,
        kind: delivery.kind.clone(),
        state: delivery.state.as_str(),
        attempts: delivery.attempts,
        next_attempt_at: pending.then_some(delivery.due_at),
        status: delivery.status,
        error: delivery.error.clone(),
        created_at: delivery.created_at,
        ended_at: delivery.ended_at,
    }
}

fn sender(state: &Shared) -> Result<Sender, Problem> {
    state.webhooks.clone().ok_or_else(|| Problem::not_found("webhook"))
}

/// The API token that asks, with which what it sets up ends. What somebody who has signed in sets up is the account's.
fn token_of(request: &HttpRequest) -> Result<Option<Uuid>, Problem> {
    Ok(match Caller::of(request)?.grant() {
        Grant::ApiToken(id) => Some(id),
        Grant::Session(_) | Grant::Configured(_) => None,
    })
}

fn webhook_id(request: &HttpRequest) -> Result<Uuid, Problem> {
    Uuid::parse_str(id(request, "webhook")?).map_err(|_| Problem::not_found("webhook"))
}

/// The user's webhooks, newest first.
#[utoipa::path(get, path = "/api/webhooks", tag = "webhooks",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<WebhookDocument>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &[])?;
    let (before, rows) = (page.before, page.rows());
    let read = state.read(move |tx| webhooks::of_user(tx, user.id, before, rows).boxed());
    Ok(page.answer(&request, read.await?, |webhook| webhook.id, document))
}

/// Adds a webhook. The answer shows its secret, and no other does. One that an API token makes, or changes, is called no
/// more once that token is revoked or too old, until somebody who has signed in changes it.
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", request_body = NewWebhookBody,
    responses((status = 201, body = SecretDocument, headers(("Location" = String, description = "The new webhook")))))]
pub async fn create(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<NewWebhookBody>(&request, payload).await?;
    let (p, sender) = (state.participant.clone(), sender(&state)?);
    let api_token = token_of(&request)?;
    let new = New { url: body.url, description: body.description, filters: body.kinds, api_token };
    let (under, own) = (Under { key: key.clone(), body: kept }, sender.clone());
    let work = async move { webhooks::create(&p, (own.client(), own.secrets()), user.id, new, under).await };
    let answer = |webhook: &Webhook| Answered { status: StatusCode::CREATED, body: kept(webhook) };
    let (status, webhook, body) = shown(&sender, &state.once(key, work, answer).await?)?;
    let mut response = HttpResponse::build(status);
    response.insert_header((header::LOCATION, format!("/api/webhooks/{webhook}")));
    response.extensions_mut().insert(Unkept);
    Ok(response.content_type(header::ContentType::json()).body(body))
}

/// One webhook.
#[utoipa::path(get, path = "/api/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook id")), responses((status = 200, body = WebhookDocument)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let id = webhook_id(&request)?;
    let db = state.participant.db.clone();
    let work = async move { db.read(move |tx| webhooks::find(tx, user.id, id).boxed()).await };
    Ok(HttpResponse::Ok().json(document(&state.run(work).await??)))
}

/// Changes address, kinds or description, pauses it or lets it go on.
#[utoipa::path(patch, path = "/api/webhooks/{id}", tag = "webhooks", request_body = ChangeBody,
    params(("id" = String, Path, description = "The webhook id")), responses((status = 200, body = WebhookDocument)))]
pub async fn change(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<ChangeBody>(&request, payload).await?;
    let (p, sender, id) = (state.participant.clone(), sender(&state)?, webhook_id(&request)?);
    let written = |webhook: &Webhook| serde_json::to_vec(&document(webhook)).unwrap_or_default();
    let under = Under { key: key.clone(), body: written };
    let change = Change {
        url: body.url,
        description: body.description,
        filters: body.kinds,
        active: body.active,
        api_token: token_of(&request)?,
    };
    let work = async move { webhooks::change(&p, sender.client(), (user.id, id), change, under).await };
    let answer = |webhook: &Webhook| Answered { status: StatusCode::OK, body: written(webhook) };
    let answered = state.once(key, work, answer).await?;
    Ok(HttpResponse::build(answered.status).content_type(header::ContentType::json()).body(answered.body))
}

/// Removes the webhook, and what was waiting for it.
#[utoipa::path(delete, path = "/api/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook id")),
    responses((status = 204, description = "It is gone")))]
pub async fn remove(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, key, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (p, id) = (state.participant.clone(), webhook_id(&request)?);
    let under = Under { key: key.clone(), body: |_| Vec::new() };
    let work = async move { webhooks::remove(&p, (user.id, id), under).await };
    let none = |_: &Webhook| Answered { status: StatusCode::NO_CONTENT, body: Vec::new() };
    state.once(key, work, none).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives the webhook another secret, which this answer shows. For a day both sign, so that the receiver can change over.
#[utoipa::path(post, path = "/api/webhooks/{id}/rotate", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook id")), responses((status = 200, body = SecretDocument)))]
pub async fn rotate(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, key, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (p, sender, id) = (state.participant.clone(), sender(&state)?, webhook_id(&request)?);
    let (under, own) = (Under { key: key.clone(), body: kept }, sender.clone());
    let work = async move {
        webhooks::rotate(&p, own.secrets(), (user.id, id), under).await.map(|rotated| rotated.webhook)
    };
    let answer = |webhook: &Webhook| Answered { status: StatusCode::OK, body: kept(webhook) };
    let (status, _, body) = shown(&sender, &state.once(key, work, answer).await?)?;
    let mut response = HttpResponse::build(status);
    response.extensions_mut().insert(Unkept);
    Ok(response.content_type(header::ContentType::json()).body(body))
}

/// What was sent to the webhook and what is waiting, newest event first.
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = String, Path, description = "The webhook id"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<DeliveryDocument>)))]
pub async fn deliveries(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let (id, page) = (webhook_id(&request)?, PageAsked::read(&request, &[])?);
    // A page is continued at a UUID; a delivery has the number of its event.
    let before = page.before.map(|cursor| i64::try_from(cursor.as_u128()).unwrap_or(i64::MAX));
    let (db, rows) = (state.participant.db.clone(), page.rows());
    let work =
        async move { db.read(move |tx| webhooks::deliveries(tx, (user.id, id), before, rows).boxed()).await };
    let found = state.run(work).await??;
    let number = |delivery: &Delivery| Uuid::from_u128(u128::try_from(delivery.event).unwrap_or(0));
    Ok(page.answer(&request, found, number, delivery))
}

/// Sends events once more, those of the webhook's kinds: after a fault of the receiver, or what happened while it was
/// paused. They keep their `webhook-id`.
#[utoipa::path(post, path = "/api/webhooks/{id}/replay", tag = "webhooks", request_body = ReplayBody,
    params(("id" = String, Path, description = "The webhook id")),
    responses((status = 202, body = ReplayedDocument)))]
pub async fn replay(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<ReplayBody>(&request, payload).await?;
    if body.since.is_some() && body.after_event.is_some() {
        return Err(Problem::field("after_event", "Either since or after_event is given."));
    }
    if body.after_event.is_some_and(|event| event < 0) {
        return Err(Problem::field("after_event", "The number of an event is expected."));
    }
    let (p, id) = (state.participant.clone(), webhook_id(&request)?);
    let (after, since) = (body.after_event.unwrap_or(0), body.since);
    let under = key.clone();
    let work = async move {
        let (queued, after_event) = webhooks::replay(&p, (user.id, id), after, since).await?;
        let body = serde_json::to_vec(&ReplayedDocument { queued, after_event }).unwrap_or_default();
        webhooks::remember_replay(&p, under, body.clone()).await?;
        Ok::<_, WebhookError>(body)
    };
    let answer = |body: &Vec<u8>| Answered { status: StatusCode::ACCEPTED, body: body.clone() };
    let answered = state.once(key, work, answer).await?;
    Ok(HttpResponse::build(answered.status).content_type(header::ContentType::json()).body(answered.body))
}

/// What is kept of an answer with a secret: the document, and the generation that the secret is derived from.
fn kept(webhook: &Webhook) -> Vec<u8> {
    let kept = serde_json::json!({"webhook": document(webhook), "generation": webhook.generation});
    kept.to_string().into_bytes()
}

/// The answer with its secret, the same bytes each time it is asked for, and the webhook that it is about.
fn shown(sender: &Sender, answered: &Answered) -> Result<(StatusCode, Uuid, Vec<u8>), Problem> {
    let internal = || Problem::of(Code::Internal);
    let kept: Value = serde_json::from_slice(&answered.body).map_err(|_| internal())?;
    let id =
        kept["webhook"]["id"].as_str().and_then(|text| Uuid::parse_str(text).ok()).ok_or_else(internal)?;
    let generation = kept["generation"].as_i64().ok_or_else(internal)?;
    let mut body = kept["webhook"].clone();
    body["secret"] = sender.secrets().shown(id, generation).expose().into();
    Ok((answered.status, id, body.to_string().into_bytes()))
}
