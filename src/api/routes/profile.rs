//! Who I am on this platform, with my meters.

use actix_web::HttpResponse;
use futures_util::FutureExt;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use crate::api::State;
use crate::api::access::Caller;
use crate::metering::{self, Meter};

/// A user, the meters and the platform.
#[derive(Debug, Serialize, ToSchema)]
pub struct Profile {
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    #[schema(example = "asha")]
    pub handle: String,
    pub display_name: String,
    /// Whom a buyer pays.
    pub payout_name: String,
    #[schema(example = "asha@upi")]
    pub payout_vpa: String,
    pub meters: Vec<MeterView>,
    pub platform: Platform,
}

/// A meter of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeterView {
    #[schema(example = "TEST_METER_SELLER_001")]
    pub meter_id: String,
    #[schema(example = "TPDDL")]
    pub discom: String,
    pub customer_number: String,
    /// `SOLAR`, `BATTERY`, …; null for a meter that only draws.
    pub resource_type: Option<String>,
    pub installed_capacity_w: Option<i64>,
    pub sanctioned_load_w: Option<i64>,
    /// Only a verified meter trades.
    pub verified: bool,
}

/// This platform.
#[derive(Debug, Serialize, ToSchema)]
pub struct Platform {
    pub subscriber_id: String,
    pub network_id: String,
    /// Now on the clock of the market, which the demo runs fast.
    #[schema(value_type = String, format = DateTime)]
    pub market_time: units::Timestamp,
    #[schema(example = "2026-11-21 10:00 IST")]
    pub market_time_ist: String,
}

/// The user of the token.
#[utoipa::path(get, path = "/seller/profile", tag = "seller", responses((status = 200, body = Profile)))]
pub async fn show(state: State, Caller { user, .. }: Caller) -> Answer {
    let id = user.id;
    let meters = state.read(move |tx| metering::of_user(tx, id).boxed()).await?;
    let now = state.participant.market_now();
    let settings = &state.participant.settings;
    Ok(HttpResponse::Ok().json(Profile {
        id,
        handle: user.handle,
        display_name: user.display_name,
        payout_name: user.payout_name,
        payout_vpa: user.payout_vpa,
        meters: meters.into_iter().map(meter).collect(),
        platform: Platform {
            subscriber_id: settings.subscriber_id.clone(),
            network_id: settings.network_id.clone(),
            market_time: now,
            market_time_ist: units::ist_label(now),
        },
    }))
}

fn meter(meter: Meter) -> MeterView {
    MeterView {
        meter_id: meter.meter_id,
        discom: meter.discom_code,
        customer_number: meter.customer_number,
        resource_type: meter.resource_type,
        installed_capacity_w: meter.installed_capacity_w,
        sanctioned_load_w: meter.sanctioned_load_w,
        verified: meter.verified,
    }
}
