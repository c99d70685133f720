//! A seller's offers: listed, read, changed, withdrawn. Publication in the catalog follows by itself.

use actix_web::http::header::ContentType;
use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::FutureExt;
use serde::Deserialize;
use units::{DeliverySlot, Price, WattHours};
use utoipa::ToSchema;
use uuid::Uuid;

use super::paging::{Asked as PageAsked, Page, only};
use super::{Answer, id};
use crate::api::access::Caller;
use crate::api::idempotency::{Answered, Asked};
use crate::api::problem::Problem;
use crate::api::slots::{Wished, placed};
use crate::api::view::{self, OfferDocument};
use crate::api::{Shared, State};
use crate::error::Code;
use crate::events::idempotency::{self, Key, Known};
use crate::identity::User;
use crate::market::{self, NewSlot, Offer, OfferState, SlotChange};
use crate::metering;
use crate::seller::{self, ChangeWish, ListWish};

/// One hour to be sold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOfferSlot)]
pub struct NewSlotBody {
    /// On the hour of India Standard Time.
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T05:30:00Z")]
    start: DeliverySlot,
    #[schema(value_type = String, example = "5.00")]
    quantity_kwh: WattHours,
    /// INR per kWh, at most four decimals.
    #[schema(value_type = String, example = "6.50")]
    price_inr: Price,
}

/// Hours of one meter to be sold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOffer)]
pub struct NewOfferBody {
    meter_id: String,
    name: Option<String>,
    /// 1 to 24, each once.
    slots: Vec<NewSlotBody>,
}

/// What changes in one hour; what is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfferSlotChange)]
pub struct SlotChangeBody {
    #[schema(value_type = String, format = DateTime, example = "2026-11-22T05:30:00Z")]
    start: DeliverySlot,
    /// Never below what is sold and reserved.
    #[schema(value_type = Option<String>, example = "4.00")]
    quantity_kwh: Option<WattHours>,
    #[schema(value_type = Option<String>, example = "6.75")]
    price_inr: Option<Price>,
}

impl NewSlotBody {
    fn wished(&self) -> Wished {
        Wished { start: self.start, quantity: Some(self.quantity_kwh), price: Some(self.price_inr) }
    }
}

impl SlotChangeBody {
    fn wished(&self) -> Wished {
        Wished { start: self.start, quantity: self.quantity_kwh, price: self.price_inr }
    }
}

/// What changes in an offer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfferChange)]
pub struct ChangeBody {
    name: Option<String>,
    #[serde(default)]
    slots: Vec<SlotChangeBody>,
}

/// No members.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Empty)]
pub struct EmptyBody {}

/// The user's offers, newest first.
#[utoipa::path(get, path = "/seller/offers", tag = "seller",
    params(("state" = Option<String>, Query, description = "`live` or `withdrawn`"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Page<OfferDocument>)))]
pub async fn list(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    let page = PageAsked::read(&request, &["state"])?;
    let wanted = page.one_of("state", &["live", "withdrawn"])?.map(OfferState::parse);
    let (id, before, rows) = (user.id, page.before, page.rows());
    let (offers, meters) = state
        .read(move |tx| {
            async move {
                let offers = market::service::of_user(tx, id, wanted, before, rows).await?;
                Ok((offers, metering::of_user(tx, id).await?))
            }
            .boxed()
        })
        .await?;
    let (rules, now) = (&state.participant.settings.rules, state.participant.market_now());
    Ok(page.answer(&request, offers, |offer| offer.id, |offer| view::offer(offer, &meters, rules, now)))
}

/// One offer, with the stock of each slot and how far its publication is.
#[utoipa::path(get, path = "/seller/offers/{id}", tag = "seller",
    params(("id" = String, Path, description = "The offer id")), responses((status = 200, body = OfferDocument)))]
pub async fn show(state: State, Caller { user, .. }: Caller, request: HttpRequest) -> Answer {
    only(&request, &[])?;
    let document = document(&state, &user, offer_id(&request)?).await?;
    Ok(HttpResponse::Ok().json(document))
}

/// Lists hours of one of the user's meters.
#[utoipa::path(post, path = "/seller/offers", tag = "seller", request_body = NewOfferBody,
    responses((status = 201, body = OfferDocument, headers(("Location" = String, description = "The new offer")))))]
pub async fn create(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<NewOfferBody>(&request, payload).await?;
    let (participant, seller) = (state.participant.clone(), user.clone());
    let slots = body.slots.iter().map(|slot| NewSlot {
        slot: slot.start,
        price: slot.price_inr,
        quantity: slot.quantity_kwh,
    });
    let wished: Vec<_> = body.slots.iter().map(NewSlotBody::wished).collect();
    let wish = ListWish { slots: slots.collect(), meter_id: body.meter_id, name: body.name };
    let under = key.clone();
    let work = async move { seller::list_offer(&participant, &seller, wish, under).await };
    let answered = state.once(key.clone(), work, |offer| about(StatusCode::CREATED, offer)).await;
    let answered = answered.map_err(|problem| placed(problem, &wished, &state.participant.settings.rules))?;
    shown(&state, &user, key, answered).await
}

/// Changes price, quantity or name; never below what is sold and reserved.
#[utoipa::path(patch, path = "/seller/offers/{id}", tag = "seller", request_body = ChangeBody,
    params(("id" = String, Path, description = "The offer id")), responses((status = 200, body = OfferDocument)))]
pub async fn change(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, body, key, .. } = state.asked::<ChangeBody>(&request, payload).await?;
    let (participant, seller, offer) = (state.participant.clone(), user.clone(), offer_id(&request)?);
    let slots = body.slots.iter().map(|slot| SlotChange {
        slot: slot.start,
        price: slot.price_inr,
        quantity: slot.quantity_kwh,
    });
    let wished: Vec<_> = body.slots.iter().map(SlotChangeBody::wished).collect();
    let wish = ChangeWish { slots: slots.collect(), name: body.name };
    let under = key.clone();
    let work = async move { seller::change_offer(&participant, &seller, offer, wish, under).await };
    let answered = state.once(key.clone(), work, |offer| about(StatusCode::OK, offer)).await;
    let answered = answered.map_err(|problem| placed(problem, &wished, &state.participant.settings.rules))?;
    shown(&state, &user, key, answered).await
}

/// Takes back what is neither sold nor reserved.
#[utoipa::path(delete, path = "/seller/offers/{id}", tag = "seller",
    params(("id" = String, Path, description = "The offer id")), responses((status = 200, body = OfferDocument)))]
pub async fn withdraw(state: State, request: HttpRequest, payload: Payload) -> Answer {
    let Asked { user, key, .. } = state.asked::<EmptyBody>(&request, payload).await?;
    let (participant, seller, offer) = (state.participant.clone(), user.clone(), offer_id(&request)?);
    let under = key.clone();
    let work = async move { seller::withdraw_offer(&participant, &seller, offer, under).await };
    let answered = state.once(key.clone(), work, |offer| about(StatusCode::OK, offer)).await?;
    shown(&state, &user, key, answered).await
}

fn offer_id(request: &HttpRequest) -> Result<Uuid, Problem> {
    Uuid::parse_str(id(request, "offer")?).map_err(|_| Problem::not_found("offer"))
}

/// What is remembered under a key: which offer it was about. The client is shown the offer as it stands.
fn about(status: StatusCode, offer: &Offer) -> Answered {
    Answered { status, body: offer.id.to_string().into_bytes() }
}

/// The answer to a change of an offer: the same bytes whenever it is asked for under the same key.
async fn shown(state: &Shared, user: &User, key: Option<Key>, answered: Answered) -> Answer {
    let changed = std::str::from_utf8(&answered.body).ok().and_then(|text| Uuid::parse_str(text).ok());
    let body = match changed {
        // The first answer, or one that never left: it is written now, and kept.
        Some(id) => {
            let fresh = serde_json::to_vec(&document(state, user, id).await?)
                .map_err(|_| Problem::of(Code::Internal))?;
            keep(state, key, answered.body, fresh).await?
        }
        None => answered.body,
    };
    let mut response = HttpResponse::build(answered.status);
    if answered.status == StatusCode::CREATED {
        let id = serde_json::from_slice::<Named>(&body).map_err(|_| Problem::of(Code::Internal))?.id;
        response.insert_header((header::LOCATION, format!("/seller/offers/{id}")));
    }
    Ok(response.content_type(ContentType::json()).body(body))
}

#[derive(serde::Deserialize)]
struct Named {
    id: Uuid,
}

/// Keeps the answer under the key; when another request was faster, its answer is the one.
async fn keep(
    state: &Shared,
    key: Option<Key>,
    remembered: Vec<u8>,
    fresh: Vec<u8>,
) -> Result<Vec<u8>, Problem> {
    let Some(key) = key else { return Ok(fresh) };
    let (db, work) = (state.participant.db.clone(), (key, remembered, fresh));
    let kept = state
        .run(async move {
            db.write(move |tx| {
                let (key, remembered, fresh) = work.clone();
                async move {
                    if idempotency::complete(tx, &key, &remembered, &fresh).await? {
                        return Ok(fresh);
                    }
                    match idempotency::find(tx, &key).await? {
                        Known::Answered { body, .. } => Ok(body),
                        _ => Ok::<_, db::DbError>(fresh),
                    }
                }
                .boxed()
            })
            .await
        })
        .await?;
    kept.map_err(|_| Problem::of(Code::Internal))
}

async fn document(state: &Shared, user: &User, offer: Uuid) -> Result<OfferDocument, Problem> {
    let (participant, seller) = (state.participant.clone(), user.clone());
    let offer = state.run(async move { seller::offer(&participant, &seller, offer).await }).await??;
    let id = user.id;
    let meters = state.read(move |tx| metering::of_user(tx, id).boxed()).await?;
    let (rules, now) = (&state.participant.settings.rules, state.participant.market_now());
    Ok(view::offer(&offer, &meters, rules, now))
}
