//! The desk of a DISCOM: its own meters on this platform, and the trades on them. Of the other side of a trade only a
//! masked meter is shown; of prices nothing.

use actix_web::HttpRequest;
use futures_util::FutureExt;
use serde::Serialize;
use units::{DeliverySlot, Timestamp, WattHours};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use super::paging::{Asked, Page};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::problem::Problem;
use crate::api::view::masked;
use crate::contract::{self, Contract, Side};
use crate::error::Code;
use crate::identity::User;
use crate::metering::{self, Meter};

/// A meter of the DISCOM.
#[derive(Serialize, ToSchema)]
#[schema(as = UtilityMeter)]
pub struct MeterView {
    pub meter_id: String,
    pub customer_number: String,
    pub resource_type: Option<String>,
    pub installed_capacity_w: Option<i64>,
    pub sanctioned_load_w: Option<i64>,
    pub verified: bool,
}

/// One side of a trade, on a meter of the DISCOM.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = UtilityTrade)]
pub struct TradeView {
    pub transaction_id: String,
    pub contract_id: Option<String>,
    /// Of the DISCOM's meter: `seller` or `buyer`.
    #[schema(example = "seller")]
    pub side: &'static str,
    #[schema(example = "standing")]
    pub state: &'static str,
    pub meter_id: String,
    pub customer_number: String,
    /// Masked.
    pub counterpart_meter: Option<String>,
    pub slots: Vec<TradedSlot>,
    #[schema(value_type = String, format = DateTime)]
    pub confirmed_at: Timestamp,
}

/// What was agreed for one hour.
#[derive(Clone, Serialize, ToSchema)]
pub struct TradedSlot {
    #[schema(value_type = String, format = DateTime)]
    pub start: DeliverySlot,
    #[schema(value_type = String, example = "3.5")]
    pub quantity_kwh: WattHours,
}

/// The meters of the DISCOM on this platform, newest first.
#[utoipa::path(get, path = "/utility/meters", tag = "utility",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<MeterView>)))]
pub async fn meters(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let (discom, page) = (discom(user)?, Asked::read(&request, &[])?);
    let (before, rows) = (page.before, page.rows());
    let read = state.read(move |tx| {
        let discom = discom.clone();
        async move { metering::of_discom(tx, &discom, before, rows).await }.boxed()
    });
    let shown = |meter: &Meter| MeterView {
        meter_id: meter.meter_id.clone(),
        customer_number: meter.customer_number.clone(),
        resource_type: meter.resource_type.clone(),
        installed_capacity_w: meter.installed_capacity_w,
        sanctioned_load_w: meter.sanctioned_load_w,
        verified: meter.verified,
    };
    Ok(page.answer(&request, read.await?, |meter| meter.id, shown))
}

/// The confirmed trades on the meters of the DISCOM, newest first. A trade inside the DISCOM has two sides.
#[utoipa::path(get, path = "/utility/trades", tag = "utility",
    params(("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<TradeView>)))]
pub async fn trades(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let (discom, page) = (discom(user)?, Asked::read(&request, &[])?);
    let (before, rows) = (page.before, page.rows());
    let read = state.read(move |tx| {
        let discom = discom.clone();
        async move {
            let mut found: Vec<(Uuid, TradeView)> = Vec::new();
            for contract in contract::service::of_discom(tx, &discom, before, rows).await? {
                let key = own_meter(&contract).unwrap_or_default().to_owned();
                let meter = metering::find_by_key(tx, &key).await?;
                if let Some((meter, at)) = meter.zip(contract.confirmed_at) {
                    found.push((contract.id, view(&contract, &meter, at)));
                }
            }
            Ok(found)
        }
        .boxed()
    });
    Ok(page.answer(&request, read.await?, |(id, _)| *id, |(_, trade)| trade.clone()))
}

/// The DISCOM of the desk; a table's constraint sees to it that there is one.
fn discom(user: User) -> Result<String, Problem> {
    user.discom_code.ok_or_else(|| Problem::of(Code::Internal))
}

fn own_meter(contract: &Contract) -> Option<&str> {
    match contract.side {
        Side::Seller => Some(&contract.seller_meter),
        Side::Buyer => contract.buyer_meter.as_deref(),
    }
}

fn view(contract: &Contract, meter: &Meter, confirmed_at: Timestamp) -> TradeView {
    let other = match contract.side {
        Side::Seller => contract.buyer_meter.as_deref(),
        Side::Buyer => Some(contract.seller_meter.as_str()),
    };
    let slot = |row: &contract::ContractSlot| TradedSlot { start: row.slot, quantity_kwh: row.requested };
    TradeView {
        transaction_id: contract.transaction_id.clone(),
        contract_id: contract.contract_id.clone(),
        side: contract.side.as_str(),
        state: contract.state.as_str(),
        meter_id: meter.meter_id.clone(),
        customer_number: meter.customer_number.clone(),
        counterpart_meter: other.map(masked),
        slots: contract.slots.iter().map(slot).collect(),
        confirmed_at,
    }
}
