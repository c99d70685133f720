//! The user's meters: claimed with a proof, shown, given up.

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use db::DbError;
use futures_util::FutureExt;
use serde::Deserialize;
use units::Span;
use utoipa::ToSchema;
use uuid::Uuid;

use super::offers::EmptyBody;
use super::paging::{Asked as PageAsked, Order, Page};
use super::profile::{self, MeterView};
use super::{Answer, id};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked};
use crate::api::problem::Problem;
use crate::config::MeterConfig;
use crate::error::Code;
use crate::metering;
use crate::metering::claim::{self, Claim, ClaimError, Further, With};
use crate::network::normalize_meter;
use crate::privacy::marks;
use crate::trust::TrustError;

/// A proof of a meter: a verified credential, or `discom`, `serial_number` and `key` as they stand on the customer's
/// papers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClaimMeter)]
pub struct ClaimBody {
    /// A verified credential of the user's that names the meter.
    #[schema(value_type = Option<String>, format = "uuid")]
    credential_id: Option<Uuid>,
    /// Which meter, when the credential names several.
    meter_id: Option<String>,
    #[schema(example = "TEST_DISCOM_NORTH")]
    discom: Option<String>,
    #[schema(example = "TEST_METER_SPARE_1")]
    serial_number: Option<String>,
    key: Option<String>,
    /// Latitude and longitude in degrees with two decimals at most, which is about a kilometer.
    #[schema(example = "28.61, 77.21")]
    place: Option<String>,
}

/// The user's meters, oldest first.
#[utoipa::path(get, path = "/users/me/meters", tag = "users",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<MeterView>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &[])?;
    let meters = state.read(move |tx| metering::of_user(tx, user.id).boxed()).await?;
    page.of_whole(&request, meters, Order::Rising, |meter| meter.id, |meter| profile::meter(meter.clone()))
}

/// Claims a meter with a proof. Five tries an hour.
#[utoipa::path(post, path = "/users/me/meters", tag = "users", request_body = ClaimBody,
    responses((status = 201, body = MeterView)))]
pub async fn create(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<ClaimBody>(&request, payload).await?;
    let claim = Claim { user_id: user.id, place: place(body.place.as_deref())?, with: with(body)? };
    let (p, verifier, under) = (state.participant.clone(), state.credentials.clone(), key.clone());
    let taken = inheriting(&state);
    // What takes the client's time is told with a header, which the code alone cannot carry.
    let work = async move {
        match claim::claim(&p, &verifier, &claim, under, &taken).await {
            Err(ClaimError::TooOften { wait }) => Ok(Err(too_often(wait))),
            Err(ClaimError::DiscomBusy { wait }) => Ok(Err(discom_busy(wait))),
            Ok(meter) => Ok(Ok(meter.meter_id)),
            Err(error) => Err(error),
        }
    };
    let mut limited: Option<Problem> = None;
    let answered = state
        .once(key, work, |done| match done {
            Ok(meter) => Answered { status: StatusCode::CREATED, body: meter.as_bytes().to_vec() },
            Err(problem) => {
                limited = Some(problem.clone());
                Answered { status: StatusCode::TOO_MANY_REQUESTS, body: Vec::new() }
            }
        })
        .await
        .map_err(|problem| match problem.at_field() {
            Some("discom") => profile::no_discom(&state),
            _ => problem,
        })?;
    if let Some(problem) = limited {
        return Err(problem);
    }
    let text = String::from_utf8(answered.body).map_err(|_| Problem::of(Code::Internal))?;
    let meter_key = normalize_meter(&text);
    let meters = state.read(move |tx| metering::of_user(tx, user.id).boxed()).await?;
    let meter = meters.into_iter().find(|meter| meter.meter_key == meter_key);
    let meter = meter.ok_or_else(|| Problem::not_found("meter"))?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/users/me/meters/{}", meter.id)))
        .json(profile::meter(meter)))
}

fn too_often(wait: Span) -> Problem {
    let detail = "There are five tries an hour to claim a meter.";
    Problem::new(Code::RateLimited, detail).with(header::RETRY_AFTER, seconds(wait))
}

/// The owner of a meter is told why the right key is not even looked at, and of the other way.
fn discom_busy(wait: Span) -> Problem {
    let detail =
        "The DISCOM takes no more tries for this meter now; the tries of other accounts for it count too.";
    Problem::new(Code::RateLimited, detail).with(header::RETRY_AFTER, seconds(wait)).advise(
        "Wait as long as Retry-After says, or prove the meter by a credential: POST /users/me/credentials.",
    )
}

fn seconds(wait: Span) -> String {
    wait.as_secs().saturating_add(1).to_string()
}

/// Trust that was lost with a meter stays with it when its account is erased or gives it up.
fn inheriting(state: &State) -> Further {
    let (accounts, settings) = (state.accounts.clone(), Arc::clone(&state.participant.settings));
    Arc::new(move |tx, user, meter, now| {
        let (accounts, settings) = (accounts.clone(), Arc::clone(&settings));
        async move {
            match marks::inherit(tx, (&accounts, &settings.trust), user, &meter, now).await {
                Ok(()) => Ok(()),
                Err(TrustError::Database(error)) => Err(error),
                Err(error) => Err(DbError::Other(error.to_string())),
            }
        }
        .boxed()
    })
}

/// Bad trust stays with a meter that is given up.
fn leaving(state: &State) -> Further {
    let (accounts, settings) = (state.accounts.clone(), Arc::clone(&state.participant.settings));
    Arc::new(move |tx, user, meter, now| {
        let (accounts, settings) = (accounts.clone(), Arc::clone(&settings));
        async move { marks::keep(tx, (&accounts, &settings.trust), user, &meter, now).await }.boxed()
    })
}

/// Gives a meter up, when no offer and no trade of the user's is open any more.
#[utoipa::path(delete, path = "/users/me/meters/{id}", tag = "users",
    params(("id" = String, Path, description = "The meter's id on this platform, or its own")),
    responses((status = 204, description = "It is nobody's now")))]
pub async fn release(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let named = id(&request, "meter")?.to_owned();
    let meters = state.read(move |tx| metering::of_user(tx, user.id).boxed()).await?;
    let is_it = |meter: &&metering::Meter| meter.id.to_string() == named || meter.meter_id == named;
    let meter = meters.iter().find(is_it).ok_or_else(|| Problem::not_found("meter"))?;
    let (db, meter, now) = (state.participant.db.clone(), meter.meter_id.clone(), state.participant.now());
    let further = leaving(&state);
    let work = async move {
        db.write(move |tx| {
            let (meter, further) = (meter.clone(), Arc::clone(&further));
            async move { claim::release(tx, user.id, &meter, &further, now).await }.boxed()
        })
        .await
    };
    state.run(work).await??;
    Ok(HttpResponse::NoContent().finish())
}

fn with(body: ClaimBody) -> Result<With, Problem> {
    match (body.credential_id, body.discom, body.serial_number, body.key) {
        (Some(id), None, None, None) => Ok(With::Credential { id, meter_id: body.meter_id }),
        (None, Some(discom), Some(serial_number), Some(key)) => {
            for (name, text) in [("serial_number", &serial_number), ("key", &key)] {
                if !(1..=128).contains(&text.trim().len()) {
                    return Err(Problem::field(name, "It has 1 to 128 characters."));
                }
            }
            Ok(With::Key { discom, serial_number, key })
        }
        (None, None, ..) => {
            Err(Problem::field("discom", "Give credential_id, or discom, serial_number and key."))
        }
        (None, _, None, _) => Err(Problem::field("serial_number", "It is missing.")),
        (None, _, _, None) => Err(Problem::field("key", "It is missing.")),
        _ => Err(Problem::field("credential_id", "Give credential_id, or discom, serial_number and key.")),
    }
}

/// A coarse place of a request.
pub fn place(text: Option<&str>) -> Result<Option<(i64, i64)>, Problem> {
    let Some(text) = text else { return Ok(None) };
    match MeterConfig::read_place(text) {
        Some(place) => Ok(Some(place)),
        None => Err(Problem::field("place", "Two numbers of degrees with two decimals at most.")),
    }
}
