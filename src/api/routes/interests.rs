//! Standing interests: what a user waits for, and what may be bought for it.

use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use units::{Paise, Price, Timestamp, WattHours};
use utoipa::ToSchema;
use uuid::Uuid;

use super::offers::EmptyBody;
use super::paging::{Asked as PageAsked, Page, only};
use super::plans::{PlaceBody, TotalBody, place, share};
use super::{Answer, id};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked};
use crate::api::problem::Problem;
use crate::buyer::{self, Interest, InterestAccepted, InterestWish, PlanWanted, PlanWish};
use crate::error::Code;

/// What is waited for. The total and `max_total_inr` are the limits of all that is bought for it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInterest)]
pub struct NewInterestBody {
    meter_id: String,
    total: TotalBody,
    /// Per kWh; needed to buy.
    #[schema(value_type = Option<String>, example = "6")]
    max_price_inr: Option<Price>,
    /// In all; needed to buy.
    #[schema(value_type = Option<String>, example = "100")]
    max_total_inr: Option<Paise>,
    max_sellers: Option<usize>,
    /// 0 to 1.
    #[schema(example = "0.5")]
    min_trust: Option<String>,
    /// Only sellers with a settled history.
    #[serde(default)]
    proven: bool,
    near: Option<PlaceBody>,
    /// Buy by itself what fits, within the limits.
    #[serde(default)]
    buy: bool,
}

/// A standing interest.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Interest)]
pub struct InterestDocument {
    #[schema(value_type = String, format = "uuid")]
    pub interest_id: Uuid,
    /// `active` or `closed`.
    #[schema(example = "active")]
    pub state: &'static str,
    /// The offers that fit, as those of a search: `/api/transactions/{search_id}/offers`.
    pub search_id: String,
    pub meter_id: String,
    pub buys: bool,
    #[schema(value_type = String)]
    pub limit_kwh: WattHours,
    #[schema(value_type = Option<String>)]
    pub max_price_inr: Option<Price>,
    #[schema(value_type = Option<String>)]
    pub max_total_inr: Option<Paise>,
    /// Bought, or held for the plan under way.
    #[schema(value_type = String)]
    pub used_kwh: WattHours,
    #[schema(value_type = String)]
    pub used_inr: Paise,
    /// The plan under way.
    #[schema(value_type = Option<String>)]
    pub plan_id: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Begins to wait for offers: each that fits is told as `interest.matched`.
#[utoipa::path(post, path = "/api/interests", tag = "plans", request_body = NewInterestBody,
    responses((status = 201, body = InterestDocument)))]
pub async fn create(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<NewInterestBody>(&request, payload).await?;
    let wish = InterestWish {
        buys: body.buy,
        wish: PlanWish {
            search_id: None,
            meter_id: body.meter_id,
            wanted: PlanWanted::Total {
                energy: body.total.quantity_kwh,
                from: body.total.from,
                to: body.total.to,
            },
            price_limit: body.max_price_inr,
            cost_limit: body.max_total_inr,
            sellers_max: body.max_sellers,
            min_trust: share(body.min_trust)?,
            proven: body.proven,
            whole: false,
            near: place(body.near)?,
        },
    };
    let (participant, buyer, under) = (state.participant.clone(), user.clone(), key.clone());
    let work = async move { buyer::create_interest(&participant, &buyer, wish, under).await };
    let answered = state
        .once(key, work, |accepted| Answered {
            status: StatusCode::CREATED,
            body: serde_json::to_vec(accepted).unwrap_or_default(),
        })
        .await?;
    let accepted: InterestAccepted =
        serde_json::from_slice(&answered.body).map_err(|_| Problem::of(Code::Internal))?;
    let (participant, interest) = (state.participant.clone(), accepted.interest_id);
    let read = state.run(async move { buyer::read_interest(&participant, &user, interest).await }).await??;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/interests/{interest}")))
        .json(shown(&read)))
}

/// The user's interests, newest first.
#[utoipa::path(get, path = "/api/interests", tag = "plans",
    params(("state" = Option<String>, Query, description = "`active` or `closed`"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<InterestDocument>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &["state"])?;
    let wanted = page.one_of("state", &["active", "closed"])?;
    let (participant, before, rows) = (state.participant.clone(), page.before, page.rows());
    let found = state
        .run(async move { buyer::list_interests(&participant, &user, wanted, before, rows).await })
        .await??;
    Ok(page.answer(&request, found, |interest| interest.id, shown))
}

/// One interest, and what was bought for it.
#[utoipa::path(get, path = "/api/interests/{id}", tag = "plans",
    params(("id" = String, Path, description = "The interest id")),
    responses((status = 200, body = InterestDocument)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let (participant, interest) = (state.participant.clone(), interest_id(&request)?);
    let read = state.run(async move { buyer::read_interest(&participant, &user, interest).await }).await??;
    Ok(HttpResponse::Ok().json(shown(&read)))
}

/// Ends an interest. A plan under way goes on to its end.
#[utoipa::path(delete, path = "/api/interests/{id}", tag = "plans",
    params(("id" = String, Path, description = "The interest id")),
    responses((status = 200, body = InterestDocument)))]
pub async fn close(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (participant, interest) = (state.participant.clone(), interest_id(&request)?);
    let closed = state.run(async move { buyer::close_interest(&participant, &user, interest).await });
    Ok(HttpResponse::Ok().json(shown(&closed.await??)))
}

fn interest_id(request: &HttpRequest) -> Result<Uuid, Problem> {
    Uuid::parse_str(id(request, "interest")?).map_err(|_| Problem::not_found("interest"))
}

fn shown(interest: &Interest) -> InterestDocument {
    InterestDocument {
        interest_id: interest.id,
        state: if interest.active { "active" } else { "closed" },
        search_id: interest.search_id.clone(),
        meter_id: interest.wish.meter_id.clone(),
        buys: interest.buys,
        limit_kwh: interest.limit,
        max_price_inr: interest.wish.price_limit,
        max_total_inr: interest.wish.cost_limit,
        used_kwh: interest.used,
        used_inr: interest.used_amount,
        plan_id: interest.plan_id,
        created_at: interest.created_at,
    }
}
