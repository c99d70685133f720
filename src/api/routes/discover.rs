//! Looking for offers, and what was found.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use serde::{Deserialize, Serialize};
use units::{DeliverySlot, Price, Timestamp, WattHours};
use utoipa::ToSchema;

use super::paging::{Asked, Order, Page, row_of};
use super::trade::{Until, carried_out};
use super::{Answer, id};
use crate::api::State;
use crate::api::access::Caller;
use crate::api::problem::Problem;
use crate::api::view::masked;
use crate::buyer::{self, DiscoverWish, FoundOffer, FoundSlot, Place, ProviderTrust, Rank, RankWish};
use crate::identity::User;
use crate::network::Participant;

/// What is looked for; everything when neither is given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Discover)]
pub struct DiscoverBody {
    /// Words.
    #[schema(example = "rooftop solar")]
    text: Option<String>,
    /// A JSONPath over catalogs, in the network's dialect.
    filter: Option<String>,
}

/// A found offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundOfferView {
    /// The seller's platform.
    pub bpp_id: String,
    pub offer_id: String,
    pub name: Option<String>,
    /// Masked: the last four characters.
    #[schema(example = "••••0123")]
    pub seller_meter: String,
    /// Code of the seller's DISCOM.
    #[schema(example = "BRPL")]
    pub discom: String,
    #[schema(example = "SOLAR")]
    pub resource_type: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
    pub slots: Vec<FoundSlotView>,
    /// Why none of your meters may buy it; null when one may.
    pub obstacle: Option<ObstacleView>,
    pub rank: RankView,
    #[schema(value_type = String, format = DateTime)]
    pub found_at: Timestamp,
}

/// How an offer suits the filters of the query. Scores are from 0 to 1.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rank)]
pub struct RankView {
    /// The weighted sum of the three parts.
    #[schema(example = "0.5125")]
    pub score: String,
    pub price_part: String,
    pub trust_part: String,
    pub window_part: String,
    /// Of the hours that pass the filters.
    #[schema(value_type = String, example = "9")]
    pub usable_kwh: WattHours,
    #[schema(value_type = Option<String>, example = "6.5")]
    pub average_price_inr: Option<Price>,
    /// What the price was compared with: your limit, else the grid's tariff, else the dearest offer.
    #[schema(value_type = Option<String>, example = "8.5")]
    pub reference_price_inr: Option<Price>,
    pub trust: TrustView,
    /// From `lat` and `lon`, else from your meter; null when the catalog does not say where the seller is.
    #[schema(example = "3.4")]
    pub distance_km: Option<String>,
    pub local: Option<bool>,
    /// What the grid would have emitted.
    pub co2_avoided_g_per_kwh: Option<i64>,
    #[schema(value_type = Option<String>, example = "8.5")]
    pub grid_tariff_inr: Option<Price>,
    /// Against the grid; negative when it is dearer.
    #[schema(value_type = Option<String>, example = "2")]
    pub saving_inr_per_kwh: Option<Price>,
    /// Why it is not taken; empty when it can be.
    pub refused: Vec<ObstacleView>,
}

/// What was settled with a seller before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderTrust)]
pub struct TrustView {
    #[schema(example = "0.3")]
    pub score: String,
    /// The size of the sample.
    pub settled_contracts: i64,
    /// Nothing was settled: the score is what an unknown seller counts as.
    pub unknown: bool,
}

/// One hour of a found offer.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundSlotView {
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T05:30:00.000Z")]
    pub start: DeliverySlot,
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T06:30:00.000Z")]
    pub end: Timestamp,
    #[schema(example = "2026-11-22 11:00 IST")]
    pub label_ist: String,
    #[schema(value_type = String, example = "6.5")]
    pub price_inr: Price,
    /// When the catalog was read; the seller has the last word.
    #[schema(value_type = String, example = "5")]
    pub available_kwh: WattHours,
    /// `open`, `closed` or `not_open` for trade now.
    #[schema(example = "open")]
    pub state: &'static str,
}

/// Why an offer cannot be bought by this user.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObstacleView {
    #[schema(example = "trade.not_eligible")]
    pub code: &'static str,
    pub reason: String,
}

/// Looks for offers through the catalog service.
#[utoipa::path(post, path = "/api/discover", tag = "trade", request_body = DiscoverBody)]
pub async fn discover(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let asked = state.asked::<DiscoverBody>(&request, payload).await?;
    let work = |participant: Participant, user: User, body: DiscoverBody, key| async move {
        let wish = DiscoverWish { text_search: body.text, filter: body.filter };
        buyer::discover(&participant, &user, wish, key).await
    };
    carried_out(&state, asked, Until::Searched, work).await
}

/// What a search of the user has found so far, ranked: what can be taken comes first, the best in front.
#[utoipa::path(get, path = "/api/transactions/{id}/offers", tag = "transactions",
    params(("id" = String, Path, description = "The transaction id of the search"),
        ("max_price_inr" = Option<String>, Query, description = "Per kWh"),
        ("from" = Option<String>, Query, description = "Hours that start at or after this"),
        ("to" = Option<String>, Query, description = "Hours that end at or before this"),
        ("quantity_kwh" = Option<String>, Query, description = "The offer has so much in the window"),
        ("min_trust" = Option<String>, Query, description = "0 to 1; never below this platform's floor"),
        ("proven" = Option<bool>, Query, description = "Only sellers with a settled history"),
        ("lat" = Option<String>, Query, description = "Where you are, degrees, cut to hundredths"),
        ("lon" = Option<String>, Query, description = "Beside lat"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<FoundOfferView>)))]
pub async fn offers(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = Asked::read(&request, &FILTERS)?;
    let wish = wish(&page)?;
    let (participant, search) = (state.participant.clone(), id(&request, "search")?.to_owned());
    let found = state.run(async move { buyer::found_offers(&participant, &user, &search, &wish).await });
    let row = |offer: &FoundOffer| row_of(&[&offer.bpp_id, &offer.offer_id]);
    page.of_whole(&request, found.await??, Order::Ranked, row, |offer| shown(offer.clone()))
}

/// What the offers of a search are filtered and ranked by.
const FILTERS: [&str; 8] =
    ["max_price_inr", "from", "to", "quantity_kwh", "min_trust", "proven", "lat", "lon"];

/// The filters of the query.
fn wish(query: &Asked) -> Result<RankWish, Problem> {
    let instant = |name: &str| {
        let read = |text| {
            Timestamp::parse_rfc3339(text)
                .map_err(|_| Problem::field(name, "An instant in RFC 3339 is expected."))
        };
        query.other(name).map(read).transpose()
    };
    let decimal = |name: &str, places| {
        let read = |text: &str| {
            let number = units::parse_scaled(text, places).ok().filter(|number| *number >= 0);
            number.ok_or_else(|| {
                Problem::field(name, format!("A decimal number is expected, at most {places} places."))
            })
        };
        query.other(name).map(read).transpose()
    };
    let proven = match query.other("proven") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::field("proven", "true or false is expected.")),
    };
    let near = match (query.other("lat"), query.other("lon")) {
        (None, None) => None,
        (lat, lon) => Some(lat.zip(lon).and_then(|(lat, lon)| Place::read(lat, lon)).ok_or_else(|| {
            Problem::field("lat", "Degrees of latitude and longitude are expected, both or none.")
        })?),
    };
    Ok(RankWish {
        price_limit: decimal("max_price_inr", 4)?.map(Price::new),
        from: instant("from")?,
        to: instant("to")?,
        quantity: decimal("quantity_kwh", 3)?.map(WattHours::new),
        min_trust: decimal("min_trust", 6)?,
        proven,
        near,
    })
}

fn shown(offer: FoundOffer) -> FoundOfferView {
    FoundOfferView {
        bpp_id: offer.bpp_id,
        offer_id: offer.offer_id,
        name: offer.name,
        seller_meter: masked(&offer.seller_meter),
        discom: offer.discom,
        resource_type: offer.resource_type,
        valid_until: offer.valid_until,
        slots: offer.slots.into_iter().map(slot).collect(),
        obstacle: offer
            .obstacle
            .map(|obstacle| ObstacleView { code: obstacle.code.as_str(), reason: obstacle.reason }),
        rank: ranked(&offer.rank),
        found_at: offer.found_at,
    }
}

fn ranked(rank: &Rank) -> RankView {
    let text = |millionths| units::format_scaled(millionths, 6);
    let merits = &rank.merits;
    let grid = merits.tariff.zip(rank.average).and_then(|(tariff, average)| tariff.checked_sub(average));
    RankView {
        score: text(rank.score),
        price_part: text(rank.price),
        trust_part: text(rank.trust),
        window_part: text(rank.window),
        usable_kwh: rank.usable,
        average_price_inr: rank.average,
        reference_price_inr: rank.reference,
        trust: trust(rank.provider),
        distance_km: merits.distance_m.map(kilometers),
        local: merits.local,
        co2_avoided_g_per_kwh: merits.co2_grams_per_kwh,
        grid_tariff_inr: merits.tariff,
        saving_inr_per_kwh: grid,
        refused: rank
            .refused
            .iter()
            .map(|refused| ObstacleView { code: refused.code.as_str(), reason: refused.reason.clone() })
            .collect(),
    }
}

pub(super) fn trust(provider: ProviderTrust) -> TrustView {
    TrustView {
        score: units::format_scaled(provider.score_millionths, 6),
        settled_contracts: provider.settled,
        unknown: provider.unknown,
    }
}

/// With one decimal: places are no finer.
pub(super) fn kilometers(meters: i64) -> String {
    units::format_scaled(meters / 100, 1)
}

fn slot(slot: FoundSlot) -> FoundSlotView {
    FoundSlotView {
        start: slot.slot,
        end: slot.slot.end(),
        label_ist: units::ist_label(slot.slot.start()),
        price_inr: slot.price,
        available_kwh: slot.available,
        state: slot.gate.as_str(),
    }
}
