//! Searching: `discover` to the catalog service, and the pages of `on_discover` that it sends.

use std::sync::Arc;

use beckn_wire::code::WireError;
use beckn_wire::energy::{Catalog, Catalogs, Path};
use beckn_wire::json::{Json, Object};
use node::{Face, InboxJob, Outgoing, ProcessError, inbox, outbox};
use units::{Span, Timestamp};
use uuid::Uuid;

use super::error::BuyerError;
use super::interests;
use super::model::{Accepted, DiscoverWish, SearchState};
use super::order::Offered;
use super::ranking::Place;
use super::step::{Callback, answer, replay, rounds, told};
use super::store::{self, Found};
use super::terms::failure;
use crate::contract::Failure;
use crate::events::fact::SearchAnswered;
use crate::events::{self, Fact, idempotency};
use crate::identity::User;
use crate::network::{Action, Leg, Participant, normalize_meter};

/// Every energy offer, in the dialect of the catalog services of wave 2.
const EVERY_OFFER: &str = "$.catalogs[*].offers[*] ? (@.offerAttributes.\"@type\" == \"EnergyTradeOffer\")";
/// How long a question that changes nothing may take until it is processed (ruling 3).
pub(super) const READ_TTL: Span = Span::from_secs(30);
/// A search that has so many offers takes no further page; what is left out is told in the log.
pub(super) const FOUND_MAX: i64 = 2_000;
/// Offers that one transaction stores, so that none is long.
const CHUNK: usize = 100;
const TEXT_MAX: usize = 200;
const FILTER_MAX: usize = 2_000;

/// Asks the catalog service for offers. The pages that it sends fill the search.
///
/// # Errors
/// A text or filter that is empty or too long; the database's.
pub async fn discover(
    p: &Participant,
    user: &User,
    wish: DiscoverWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    rounds!(discover_once(p, user, &wish, key.as_ref()).await)
}

async fn discover_once(
    p: &Participant,
    user: &User,
    wish: &DiscoverWish,
    key: Option<&idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let accepted = Accepted {
        transaction_id: p.ids.uuid().to_string(),
        message_id: p.ids.uuid().to_string(),
        state: SearchState::Sent.as_str().to_owned(),
    };
    let message = question(p, wish, (&accepted.transaction_id, &accepted.message_id))?;
    let plan = Arc::new((accepted.clone(), message, answer(key, &accepted)?));
    let (user_id, ids, now) = (user.id, p.ids.clone(), p.now());
    let stored = p.db.write(move |tx| {
        let (plan, ids) = (Arc::clone(&plan), ids.clone());
        Box::pin(async move {
            let (accepted, message, answer): &(Accepted, Outgoing, Option<(idempotency::Key, Vec<u8>)>) =
                &plan;
            if let Some((key, body)) = answer
                && !idempotency::remember(tx, key, 202, body, now).await?
            {
                return Err(BuyerError::Stale);
            }
            store::insert_search(tx, &accepted.transaction_id, user_id, &accepted.message_id, now).await?;
            outbox::enqueue(tx, &ids, message, now).await?;
            Ok(())
        })
    });
    stored.await?;
    p.node.wake();
    Ok(accepted)
}

/// `discover`, under ids of transaction and message.
///
/// # Errors
/// A text or filter that is empty or too long; it cannot be composed.
pub(super) fn question(
    p: &Participant,
    wish: &DiscoverWish,
    ids: (&str, &str),
) -> Result<Outgoing, BuyerError> {
    let service = (p.settings.catalog_service_id.as_str(), "");
    let mut leg = Leg::new(Action::Discover, service, Face::Base, ids.0, ids.1, intent(wish)?);
    leg.ttl = Some(READ_TTL);
    leg.deadline = Some(p.now().saturating_add(READ_TTL));
    Ok(p.compose(&leg)?)
}

fn intent(wish: &DiscoverWish) -> Result<Json, BuyerError> {
    let usable = |text: &str, max: usize| {
        !text.trim().is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control)
    };
    let mut intent = Object::new();
    if let Some(text) = &wish.text_search {
        if !usable(text, TEXT_MAX) {
            return Err(BuyerError::Field {
                field: "text",
                reason: "a text of 1 to 200 characters is expected",
            });
        }
        intent.set("textSearch", text.as_str());
    }
    let filter = wish.filter.as_deref().unwrap_or(EVERY_OFFER);
    if !usable(filter, FILTER_MAX) {
        return Err(BuyerError::Field {
            field: "filter",
            reason: "a JSONPath of 1 to 2000 characters is expected",
        });
    }
    let filters = [("type", Json::from("jsonpath")), ("expression", Json::from(filter))];
    intent.set("filters", Json::object(filters));
    Ok(Json::object([("intent", Json::from(intent))]))
}

/// One page of offers, or the catalog service's refusal. Several transactions when the page is long: an offer that is
/// stored twice is stored once, and the last transaction ends the message.
pub(super) async fn answered(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    if interests::is_catch_up(p, &job.transaction_id).await? {
        return interests::pushed(p, job).await;
    }
    let (transaction_id, now) = (job.transaction_id.clone(), p.now());
    let (failure, found) = {
        // A page can be large; reading it holds up nobody else.
        let job = job.clone();
        let read = tokio::task::spawn_blocking(move || read_page(&job, now)).await;
        read.map_err(|_| ProcessError::Retry("a page of offers could not be read".to_owned()))??
    };
    let full = {
        let transaction_id = transaction_id.clone();
        let count = p.db.read(move |tx| {
            let transaction_id = transaction_id.clone();
            Box::pin(async move { store::count_found(tx, &transaction_id).await })
        });
        count.await? >= FOUND_MAX
    };
    let max = if full { 0 } else { usize::try_from(FOUND_MAX).unwrap_or(usize::MAX) };
    if found.len() > max {
        tracing::warn!(found = found.len(), kept = max, "a search found more offers than it keeps");
    }
    let kept: Vec<Entry> = found.into_iter().take(max).collect();
    for chunk in kept.chunks(CHUNK) {
        let (chunk, id): (Arc<[Entry]>, _) = (chunk.into(), transaction_id.clone());
        let stored = p.db.write(move |tx| {
            let (chunk, id) = (Arc::clone(&chunk), id.clone());
            Box::pin(async move {
                // Whose account was erased wants no answer any more.
                if store::find_search(tx, &id).await?.is_none() {
                    return Ok::<_, db::DbError>(());
                }
                for entry in chunk.iter() {
                    store::upsert_found(tx, &entry.found, (&entry.offer_id, &entry.meter_key)).await?;
                }
                Ok(())
            })
        });
        stored.await?;
    }
    let plan = Arc::new((job.clone(), failure, kept.len()));
    p.db.write(move |tx| {
        let plan = Arc::clone(&plan);
        Box::pin(async move {
            let (job, failure, count) = &*plan;
            if let Some((user_id, _)) = store::find_search(tx, &job.transaction_id).await? {
                match failure {
                    Some(failure) => {
                        fail(tx, &job.transaction_id, user_id, failure, now).await?;
                    }
                    None => {
                        store::answer_search(tx, &job.transaction_id, now).await?;
                        let transaction_id = job.transaction_id.clone();
                        let fact = Fact::SearchAnswered(SearchAnswered { transaction_id, offers: *count });
                        events::tell(tx, user_id, &job.transaction_id, &fact, now).await?;
                    }
                }
            }
            inbox::complete(tx, job, now).await
        })
    })
    .await?;
    Ok(())
}

/// Gives a search up and tells its user. False when it was answered or given up before.
pub(super) async fn fail(
    tx: &mut db::Tx,
    transaction_id: &str,
    user_id: Uuid,
    failure: &Failure,
    now: Timestamp,
) -> Result<bool, db::DbError> {
    if !store::fail_search(tx, transaction_id, failure, now).await? {
        return Ok(false);
    }
    let fact = Fact::SearchFailed(told(transaction_id, failure));
    events::tell(tx, user_id, transaction_id, &fact, now).await?;
    Ok(true)
}

/// An offer to be kept.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) found: Found,
    pub(super) offer_id: String,
    pub(super) meter_key: String,
}

/// The failure that a page reports, or its offers.
pub(super) fn read_page(
    job: &InboxJob,
    now: Timestamp,
) -> Result<(Option<Failure>, Vec<Entry>), ProcessError> {
    let callback = Callback::read(job)?;
    if callback.failure.is_some() {
        return Ok((callback.failure, Vec::new()));
    }
    Ok(match page(&callback.message, &job.transaction_id, now) {
        Ok(entries) => (None, entries),
        Err(error) => (Some(failure(error.code.as_str(), error.message)), Vec::new()),
    })
}

/// The offers of a page that can be bought; the others are left out.
fn page(message: &Json, transaction_id: &str, now: Timestamp) -> Result<Vec<Entry>, WireError> {
    let catalogs = Catalogs::read(message, &Path::new("message"))?;
    let active = catalogs.catalogs.iter().filter(|catalog| catalog.is_active());
    Ok(active.flat_map(|catalog| entries(catalog, transaction_id, now)).collect())
}

fn entries(catalog: &Catalog, transaction_id: &str, now: Timestamp) -> Vec<Entry> {
    let Some(bpp_id) = catalog.bpp_id.as_deref().filter(|id| !id.is_empty()) else { return Vec::new() };
    let bpp_uri = catalog.bpp_uri.as_deref().unwrap_or_default();
    let mut entries = Vec::new();
    for offer in &catalog.offers {
        let Some(resource) = offer.resource_ids.iter().find_map(|id| catalog.resource(id)) else { continue };
        let offered = match Offered::new((bpp_id, bpp_uri), offer.clone(), resource.clone()) {
            Ok(offered) => offered,
            Err(reason) => {
                tracing::debug!(reason, "an offer of a catalog cannot be bought");
                continue;
            }
        };
        let provider = offered.offer.provider.as_ref().or(catalog.provider.as_ref());
        let stated =
            [offered.resource.rest.get("availableAt"), provider.and_then(|p| p.rest.get("availableAt"))];
        let place = stated.into_iter().find_map(Place::of_locations);
        entries.push(Entry {
            found: Found {
                transaction_id: transaction_id.to_owned(),
                bpp_id: offered.bpp_id,
                bpp_uri: offered.bpp_uri,
                resource: offered.resource.to_json().to_bytes(),
                offer: offered.offer.to_json().to_bytes(),
                found_at: now,
                place,
            },
            offer_id: offered.offer_id,
            meter_key: normalize_meter(&offered.seller_meter),
        });
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::{catalog, offer_of_two_slots};
    use super::*;

    #[test]
    fn an_intent_is_the_official_filter_unless_told_otherwise() {
        let message = intent(&DiscoverWish::default()).unwrap();
        let expression = message.at(&["intent", "filters", "expression"]).and_then(Json::as_str);
        assert_eq!(expression, Some(EVERY_OFFER));
        assert!(message.at(&["intent", "textSearch"]).is_none());
        let wish = DiscoverWish { text_search: Some("roof".into()), filter: Some("$.x".into()) };
        let message = intent(&wish).unwrap();
        assert_eq!(message.at(&["intent", "textSearch"]).and_then(Json::as_str), Some("roof"));
        for bad in ["", "  ", "a\u{0}b", &"x".repeat(201)] {
            let wish = DiscoverWish { text_search: Some(bad.into()), filter: None };
            assert!(matches!(intent(&wish), Err(BuyerError::Field { field: "text", .. })), "{bad:?}");
        }
        let wish = DiscoverWish { text_search: None, filter: Some(" ".into()) };
        assert!(matches!(intent(&wish), Err(BuyerError::Field { field: "filter", .. })));
    }

    #[test]
    fn a_page_gives_what_can_be_bought() {
        let message = |catalogs: &[Json]| Json::object([("catalogs", Json::array(catalogs.to_vec()))]);
        let now = Timestamp::from_seconds(1);
        let good = catalog(vec![offer_of_two_slots()]);
        let entries = page(&message(&[good.to_json()]), "t", now).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!(
            (entries[0].offer_id.as_str(), entries[0].meter_key.as_str()),
            ("offer-1", "test_meter_seller")
        );
        let again = Offered::read(("b", "u"), &entries[0].found.offer, &entries[0].found.resource).unwrap();
        assert_eq!(again.lines.len(), 2);

        let mut unpriced = offer_of_two_slots();
        let table = unpriced.attributes.as_mut().unwrap().commitment_attributes.as_mut().unwrap();
        table.clear(1, &beckn_wire::energy::Column::PricePerKwh).unwrap();
        let mut anonymous = catalog(vec![offer_of_two_slots()]);
        anonymous.bpp_id = None;
        let mut idle = catalog(vec![offer_of_two_slots()]);
        idle.rest.set("isActive", false);
        for useless in [catalog(vec![unpriced]), anonymous, idle] {
            assert!(page(&message(&[useless.to_json()]), "t", now).unwrap().is_empty());
        }
        assert!(page(&Json::Null, "t", now).is_err());
    }
}
