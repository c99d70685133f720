//! How far I am trusted, what that lets me trade, and why.

use actix_web::HttpRequest;
use futures_util::FutureExt;
use serde::Serialize;
use units::{DeliverySlot, IstMonth, Timestamp, WattHours};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use super::paging::{Asked, Page};
use crate::api::State;
use crate::api::access::Caller;
use crate::trust::service::{self, Limit, Month, Shown, Standing};
use crate::trust::{Capacity, Tier};

/// Score, tier, limits, and a page of the history, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trust)]
pub struct TrustView {
    /// 0 to 1, to six decimal places.
    #[schema(example = "0.35")]
    pub score: String,
    pub tier: TierView,
    /// The tier above; null at the top.
    pub next_tier: Option<TierView>,
    pub capacity: CapacityView,
    /// What may be listed in a month.
    pub selling: LimitView,
    /// What may be bought for a month.
    pub buying: LimitView,
    pub history: Page<ChangeView>,
}

/// A range of scores.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrustTier)]
pub struct TierView {
    /// `new`, `starter`, `bronze`, `silver`, `gold` or `platinum`.
    #[schema(example = "starter")]
    pub name: &'static str,
    /// Its lowest score.
    #[schema(example = "0.3")]
    pub from_score: String,
    /// How much of the capacity it lets one trade in a month.
    #[schema(example = 10)]
    pub percent: i64,
}

/// What roof and household are said to do in a month.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrustCapacity)]
pub struct CapacityView {
    #[schema(value_type = Option<String>, example = "500")]
    pub monthly_production_kwh: Option<WattHours>,
    /// An unverified production counts as 150 kWh for each installed kW at most.
    pub production_verified: bool,
    #[schema(value_type = Option<String>, example = "300")]
    pub monthly_consumption_kwh: Option<WattHours>,
}

/// One kind of trade.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrustLimit)]
pub struct LimitView {
    /// The capacity that counts; null while it is unknown.
    #[schema(value_type = Option<String>, example = "500")]
    pub capacity_kwh: Option<WattHours>,
    /// What may be traded in a month.
    #[schema(value_type = String, example = "50")]
    pub limit_kwh: WattHours,
    /// This month, and later ones of which something is used.
    pub months: Vec<MonthView>,
}

/// One month of India.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrustMonth)]
pub struct MonthView {
    #[schema(value_type = String, example = "2026-11")]
    pub month: IstMonth,
    #[schema(value_type = String, example = "20")]
    pub used_kwh: WattHours,
    #[schema(value_type = String, example = "30")]
    pub remaining_kwh: WattHours,
}

/// One row of the history; rows are never changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrustChange)]
pub struct ChangeView {
    /// 0 for the score that the account began with.
    pub number: i64,
    /// `opening`, `delivered`, `partial`, `failed`, `excused`, `cancelled`, `meter_data` or `correction`.
    #[schema(example = "delivered")]
    pub cause: &'static str,
    /// The trade, when it is about one.
    pub transaction_id: Option<String>,
    /// `seller` or `buyer`.
    pub side: Option<&'static str>,
    #[schema(value_type = Option<String>, example = "5")]
    pub expected_kwh: Option<WattHours>,
    #[schema(value_type = Option<String>, example = "5")]
    pub delivered_kwh: Option<WattHours>,
    #[schema(example = "0.3")]
    pub score_before: String,
    #[schema(example = "0.35")]
    pub score_after: String,
    #[schema(example = "0.3 + 0.05 = 0.35")]
    pub arithmetic: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

/// How far the user of the token is trusted, what may be traded by it, and why.
#[utoipa::path(get, path = "/users/me/trust", tag = "users",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = TrustView)))]
pub async fn show(state: State, caller: Caller, request: HttpRequest) -> Answer {
    let user = caller.user.id;
    let page = Asked::read(&request, &[])?;
    let before = page.before.map(number);
    let rows = page.rows();
    let trust = state.participant.settings.trust;
    let month = DeliverySlot::containing(state.participant.market_now()).ist_month();
    let (standing, history) = state
        .read(move |tx| {
            async move {
                let standing = service::standing(tx, &trust, user, month).await?;
                Ok((standing, service::history(tx, user, before, rows).await?))
            }
            .boxed()
        })
        .await?;
    let cursor = |row: &Shown| Uuid::from_u128(u128::from(row.change.seq.unsigned_abs()));
    let (history, mut response) = page.cut(&request, history, cursor, change);
    Ok(response.json(view(&standing, history)))
}

/// The number of a row in a cursor, which is opaque to clients.
fn number(cursor: Uuid) -> i64 {
    i64::try_from(cursor.as_u128()).unwrap_or(i64::MAX)
}

fn view(standing: &Standing, history: Page<ChangeView>) -> TrustView {
    let Capacity { production, verified, consumption, .. } = standing.capacity;
    TrustView {
        score: standing.score.to_string(),
        tier: tier(standing.tier()),
        next_tier: standing.tier().next().map(tier),
        capacity: CapacityView {
            monthly_production_kwh: production,
            production_verified: verified,
            monthly_consumption_kwh: consumption,
        },
        selling: limit(&standing.listing),
        buying: limit(&standing.purchase),
        history,
    }
}

fn tier(tier: Tier) -> TierView {
    TierView { name: tier.as_str(), from_score: tier.lowest().to_string(), percent: tier.percent() }
}

fn limit(limit: &Limit) -> LimitView {
    let month = |month: &Month| MonthView {
        month: month.month,
        used_kwh: month.used,
        remaining_kwh: month.remaining,
    };
    LimitView {
        capacity_kwh: limit.counted,
        limit_kwh: limit.limit,
        months: limit.months.iter().map(month).collect(),
    }
}

fn change(row: &Shown) -> ChangeView {
    let change = &row.change;
    ChangeView {
        number: change.seq,
        cause: change.cause.as_str(),
        transaction_id: row.transaction_id.clone(),
        side: change.trade.map(|trade| trade.side.as_str()),
        expected_kwh: change.expected,
        delivered_kwh: change.delivered,
        score_before: change.before.to_string(),
        score_after: change.after.to_string(),
        arithmetic: change.arithmetic.clone(),
        at: row.at,
    }
}
