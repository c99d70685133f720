//! Looking for offers, and what was found.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use units::{DeliverySlot, Price, Timestamp, WattHours};
use utoipa::ToSchema;

use super::trade::{Until, carried_out};
use super::{Answer, id};
use crate::api::State;
use crate::api::limits::Class;
use crate::api::view::masked;
use crate::buyer::{self, DiscoverWish, FoundOffer, FoundSlot};
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

/// The offers that a search has found so far.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundOffers {
    pub items: Vec<FoundOfferView>,
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
    #[schema(value_type = String, format = DateTime)]
    pub found_at: Timestamp,
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

/// What a search of the user has found so far.
#[utoipa::path(get, path = "/api/transactions/{id}/offers", tag = "transactions",
    params(("id" = String, Path, description = "The transaction id of the search")),
    responses((status = 200, body = FoundOffers)))]
pub async fn offers(state: State, request: HttpRequest) -> Answer {
    let user = state.user(&request, Class::Read).await?;
    let (participant, search) = (state.participant.clone(), id(&request, "search")?.to_owned());
    let found = state.run(async move { buyer::found_offers(&participant, &user, &search).await }).await??;
    Ok(HttpResponse::Ok().json(FoundOffers { items: found.into_iter().map(shown).collect() }))
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
        found_at: offer.found_at,
    }
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
