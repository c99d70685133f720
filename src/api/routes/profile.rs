//! Who I am on this platform: my meters, what I say of roof and household, what of it is proven, and which counts.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use db::DbError;
use futures_util::FutureExt;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use units::WattHours;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Answer;
use super::meters::place;
use super::paging::only;
use crate::api::State;
use crate::api::access::Caller;
use crate::api::fresh::Tagged;
use crate::api::idempotency::Asked;
use crate::api::problem::Problem;
use crate::api::view::masked;
use crate::identity::User;
use crate::metering::profile::Declared;
use crate::metering::{self, Meter, profile};
use crate::trust::{Capacity, Use, service};

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
    /// Empty until it is said; without one nothing is offered.
    #[schema(example = "asha@upi")]
    pub payout_vpa: String,
    pub meters: Vec<MeterView>,
    pub energy: EnergyView,
    pub platform: Platform,
}

/// What the user says, what is proven, and what counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EnergyProfile)]
pub struct EnergyView {
    pub monthly_production_kwh: FactView,
    pub monthly_consumption_kwh: FactView,
    /// Over all verified meters.
    pub installed_capacity_kw: FactView,
    /// Over all verified meters.
    pub sanctioned_load_kw: FactView,
    pub discom: Option<String>,
    /// Masked.
    #[schema(example = "••••0123")]
    pub customer_number: Option<String>,
    #[schema(value_type = Option<String>, example = "10")]
    pub battery_capacity_kwh: Option<WattHours>,
    #[schema(example = 80)]
    pub battery_level_percent: Option<i64>,
    /// Latitude and longitude in degrees, about a kilometer.
    #[schema(example = "28.61, 77.21")]
    pub place: Option<String>,
}

/// A quantity, as it is said and as it is proven.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProfileFact)]
pub struct FactView {
    /// What the user says. A month's production or consumption counts up to 150 kWh for each kW of verified meters,
    /// anything else not at all.
    #[schema(example = "500")]
    pub declared: Option<String>,
    /// What a credential, the DISCOM or the operator proves.
    #[schema(example = "600")]
    pub verified: Option<String>,
    /// What limits are reckoned with; null when nothing is known.
    #[schema(example = "500")]
    pub counted: Option<String>,
    /// Which of the two that is: `declared`, `declared_capped` where the verified meters do not carry all of it,
    /// `verified`, or `none`.
    #[schema(example = "declared")]
    pub counts: &'static str,
}

/// What the user now says; what is absent stays, null takes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeProfile)]
pub struct ChangeBody {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "500")]
    monthly_production_kwh: Option<Option<WattHours>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "300")]
    monthly_consumption_kwh: Option<Option<WattHours>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "4.5")]
    installed_capacity_kw: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "5")]
    sanctioned_load_kw: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "TEST_DISCOM_NORTH")]
    discom: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    customer_number: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "10")]
    battery_capacity_kwh: Option<Option<WattHours>>,
    /// 0 to 100.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, example = 80)]
    battery_level_percent: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, example = "28.61, 77.21")]
    place: Option<Option<String>>,
}

/// Null is something else than absent.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// A meter of one's own.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeterView {
    /// On this platform.
    #[schema(value_type = String, format = "uuid")]
    pub id: Uuid,
    #[schema(example = "TEST_METER_SELLER_001")]
    pub meter_id: String,
    #[schema(example = "TEST_DISCOM_NORTH")]
    pub discom: String,
    /// Masked.
    #[schema(example = "••••0123")]
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
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    shown(&state, user, &request).await
}

/// The user of the token, with what is declared and what is verified.
#[utoipa::path(get, path = "/users/me/profile", tag = "users", responses((status = 200, body = Profile)))]
pub async fn show_mine(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    shown(&state, user, &request).await
}

/// Changes what the user says of roof and household. What is proven stays as it is.
#[utoipa::path(patch, path = "/users/me/profile", tag = "users", request_body = ChangeBody,
    responses((status = 200, body = Profile)))]
pub async fn change(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, .. } = state.asked::<ChangeBody>(&request, payload).await?;
    let change = Change::of(&state, body)?;
    let (db, now, id) = (state.participant.db.clone(), state.participant.now(), user.id);
    let rules = state.participant.settings.trust;
    let work = async move {
        db.write(move |tx| {
            let change = change.clone();
            async move {
                let said = change.over(profile::get(tx, id).await?);
                profile::put(tx, id, &said, now).await?;
                if change.production.is_some() || change.consumption.is_some() {
                    service::claim(tx, &rules, id, change.production, change.consumption, now).await?;
                }
                Ok::<_, DbError>(())
            }
            .boxed()
        })
        .await
    };
    state.run(work).await??;
    Ok(HttpResponse::Ok().json(read(&state, user).await?))
}

/// A change whose fields were checked.
#[derive(Clone)]
struct Change {
    production: Option<Option<WattHours>>,
    consumption: Option<Option<WattHours>>,
    installed: Option<Option<i64>>,
    load: Option<Option<i64>>,
    discom: Option<Option<String>>,
    customer: Option<Option<String>>,
    battery: Option<Option<WattHours>>,
    level: Option<Option<i64>>,
    place: Option<Option<(i64, i64)>>,
}

/// The most that a household is believed to say: 10 MW for a month.
const ENERGY_MAX: WattHours = WattHours::new(7_440_000_000);
const POWER_MAX: i64 = 10_000_000;

/// A code that names no DISCOM of this platform, and those that do: no route lists them.
pub fn no_discom(state: &State) -> Problem {
    let known: Vec<_> =
        state.participant.settings.discoms.iter().map(|discom| discom.code.as_str()).collect();
    Problem::field("discom", format!("This platform has no such DISCOM; it has {}.", known.join(", ")))
}

impl Change {
    fn of(state: &State, body: ChangeBody) -> Result<Self, Problem> {
        let energy = |name: &str, value: Option<Option<WattHours>>| match value.flatten() {
            Some(energy) if !(WattHours::ZERO..=ENERGY_MAX).contains(&energy) => {
                let most = ENERGY_MAX.to_kwh_text();
                Err(Problem::field(name, format!("A number of kWh from 0 to {most} is expected.")))
            }
            _ => Ok(value),
        };
        let power = |name: &str, value: Option<Option<String>>| {
            let watts = |text: String| {
                let watts = units::parse_scaled(text.trim(), 3).ok().filter(|w| (0..=POWER_MAX).contains(w));
                watts.ok_or_else(|| {
                    Problem::field(
                        name,
                        "A number of kW from 0 to 10000 is expected, with three decimals at most.",
                    )
                })
            };
            value.map(|value| value.map(watts).transpose()).transpose()
        };
        if let Some(Some(code)) = &body.discom
            && state.participant.settings.discom(code).is_none()
        {
            return Err(no_discom(state));
        }
        if let Some(Some(number)) = &body.customer_number
            && !(1..=64).contains(&number.trim().len())
        {
            return Err(Problem::field("customer_number", "It has 1 to 64 characters."));
        }
        if let Some(Some(level)) = body.battery_level_percent
            && !(0..=100).contains(&level)
        {
            return Err(Problem::field("battery_level_percent", "It is 0 to 100."));
        }
        Ok(Self {
            production: energy("monthly_production_kwh", body.monthly_production_kwh)?,
            consumption: energy("monthly_consumption_kwh", body.monthly_consumption_kwh)?,
            installed: power("installed_capacity_kw", body.installed_capacity_kw)?,
            load: power("sanctioned_load_kw", body.sanctioned_load_kw)?,
            discom: body.discom,
            customer: body.customer_number.map(|number| number.map(|number| number.trim().to_owned())),
            battery: energy("battery_capacity_kwh", body.battery_capacity_kwh)?,
            level: body.battery_level_percent,
            place: body.place.map(|text| place(text.as_deref())).transpose()?,
        })
    }

    fn over(&self, said: Declared) -> Declared {
        Declared {
            installed_capacity_w: self.installed.unwrap_or(said.installed_capacity_w),
            sanctioned_load_w: self.load.unwrap_or(said.sanctioned_load_w),
            discom: self.discom.clone().unwrap_or(said.discom),
            customer_number: self.customer.clone().unwrap_or(said.customer_number),
            battery_capacity: self.battery.unwrap_or(said.battery_capacity),
            battery_level: self.level.unwrap_or(said.battery_level),
            place: self.place.unwrap_or(said.place),
        }
    }
}

/// The time of the market passes while nothing else changes: it is left out of what is tagged.
async fn shown(state: &State, user: User, request: &HttpRequest) -> Answer {
    only(request, &[])?;
    let profile = read(state, user).await?;
    let mut still = serde_json::to_value(&profile).unwrap_or_default();
    if let Some(platform) = still.get_mut("platform").and_then(Value::as_object_mut) {
        platform.retain(|name, _| !name.starts_with("market_time"));
    }
    let mut response = HttpResponse::Ok();
    response.extensions_mut().insert(Tagged(still.to_string().into_bytes()));
    Ok(response.json(profile))
}

async fn read(state: &State, user: User) -> Result<Profile, Problem> {
    let id = user.id;
    let read = state.read(move |tx| {
        async move {
            let meters = metering::of_user(tx, id).await?;
            Ok((meters, profile::get(tx, id).await?, service::capacity(tx, id).await?))
        }
        .boxed()
    });
    let (meters, said, capacity) = read.await?;
    let now = state.participant.market_now();
    let settings = &state.participant.settings;
    Ok(Profile {
        id,
        handle: user.handle,
        display_name: user.display_name,
        payout_name: user.payout_name,
        payout_vpa: user.payout_vpa,
        energy: energy(&said, &capacity, &meters),
        meters: meters.into_iter().map(meter).collect(),
        platform: Platform {
            subscriber_id: settings.subscriber_id.clone(),
            network_id: settings.network_id.clone(),
            market_time: now,
            market_time_ist: units::ist_label(now),
        },
    })
}

fn energy(said: &Declared, capacity: &Capacity, meters: &[Meter]) -> EnergyView {
    let kilo = |units: i64| units::format_scaled(units, 3);
    let kwh = |energy: Option<WattHours>| energy.map(|energy| kilo(energy.get()));
    let month = |said: Option<WattHours>, proven: bool, kind: Use| {
        let counted = capacity.counted(kind);
        FactView {
            declared: kwh(said),
            verified: kwh(said.filter(|_| proven)),
            counted: kwh(counted),
            counts: match counted {
                None => "none",
                Some(_) if proven => "verified",
                Some(counted) if said == Some(counted) => "declared",
                Some(_) => "declared_capped",
            },
        }
    };
    // Only what a verified meter shows counts, whatever is said.
    let power = |said: Option<i64>, of: fn(&Meter) -> Option<i64>| {
        let proven = meters.iter().filter(|meter| meter.verified).filter_map(of);
        let proven =
            proven.fold(None, |sum: Option<i64>, watts| Some(sum.unwrap_or(0).saturating_add(watts)));
        FactView {
            declared: said.map(kilo),
            verified: proven.map(kilo),
            counted: proven.map(kilo),
            counts: if proven.is_some() { "verified" } else { "none" },
        }
    };
    EnergyView {
        monthly_production_kwh: month(capacity.production, capacity.verified, Use::Listing),
        monthly_consumption_kwh: month(capacity.consumption, !capacity.consumption_claimed, Use::Purchase),
        installed_capacity_kw: power(said.installed_capacity_w, |meter| meter.installed_capacity_w),
        sanctioned_load_kw: power(said.sanctioned_load_w, |meter| meter.sanctioned_load_w),
        discom: said.discom.clone(),
        customer_number: said.customer_number.as_deref().map(masked),
        battery_capacity_kwh: said.battery_capacity,
        battery_level_percent: said.battery_level,
        place: said.place.map(|(latitude, longitude)| {
            format!("{}, {}", units::format_scaled(latitude, 2), units::format_scaled(longitude, 2))
        }),
    }
}

/// A meter of the user's.
pub fn meter(meter: Meter) -> MeterView {
    MeterView {
        id: meter.id,
        meter_id: meter.meter_id,
        discom: meter.discom_code,
        customer_number: masked(&meter.customer_number),
        resource_type: meter.resource_type,
        installed_capacity_w: meter.installed_capacity_w,
        sanctioned_load_w: meter.sanctioned_load_w,
        verified: meter.verified,
    }
}
