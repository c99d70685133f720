//! What the user has agreed to, and what was taken back.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use units::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use super::paging::{Asked as PageAsked, Page};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked};
use crate::api::problem::Problem;
use crate::identity::consents::{self, Consent};

/// One word of the user; the newest of a purpose counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentDocument {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    /// `terms`, `privacy`, `meter_data`, `bill_reading` or `marketing`.
    #[schema(example = "privacy")]
    pub purpose: &'static str,
    /// Of the text that was shown.
    #[schema(example = "2026-11")]
    pub version: String,
    /// False where the consent is taken back.
    pub granted: bool,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// What the user says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GiveConsent)]
pub struct ConsentBody {
    /// `terms`, `privacy`, `meter_data`, `bill_reading` or `marketing`.
    #[schema(example = "privacy")]
    purpose: String,
    #[schema(example = "2026-11", max_length = 32)]
    version: String,
    granted: bool,
}

/// What the user has agreed to and taken back, newest first.
#[utoipa::path(get, path = "/users/me/consents", tag = "users",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<ConsentDocument>)))]
pub async fn list(state: State, request: HttpRequest, caller: Caller) -> Answer {
    let page = PageAsked::read(&request, &[])?;
    let (user, before, rows) = (caller.user.id, page.before, page.rows());
    let read = state.read(move |tx| consents::of_user(tx, user, before, rows).boxed());
    Ok(page.answer(&request, read.await?, |consent| consent.id, document))
}

/// Agrees, or takes it back: a new entry each time.
#[utoipa::path(post, path = "/users/me/consents", tag = "users", request_body = ConsentBody,
    responses((status = 201, body = ConsentDocument)))]
pub async fn give(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<ConsentBody>(&request, payload).await?;
    let p = state.participant.clone();
    let consent = Consent::new(&p, &body.purpose, &body.version, body.granted).map_err(Problem::from)?;
    let shown =
        serde_json::to_vec(&document(&consent)).map_err(|_| Problem::of(crate::error::Code::Internal))?;
    let remembered = key.clone().map(|key| (key, shown.clone()));
    let work = async move { consents::record(&p, user.id, consent, remembered).await };
    let answer = move |_: &Consent| Answered { status: StatusCode::CREATED, body: shown };
    let answered = state.once(key, work, answer).await?;
    Ok(HttpResponse::build(answered.status).content_type("application/json").body(answered.body))
}

fn document(consent: &Consent) -> ConsentDocument {
    ConsentDocument {
        id: consent.id,
        purpose: consent.purpose.as_str(),
        version: consent.version.clone(),
        granted: consent.granted,
        at: consent.at,
    }
}
