//! Offers as their seller sees them: listed, changed, withdrawn, read. What changes is published by a worker.

use std::sync::Arc;

use db::Tx;
use units::Timestamp;
use uuid::Uuid;

use super::error::SellerError;
use super::model::{ChangeWish, ListWish};
use crate::events::fact::OfferChanged;
use crate::events::{self, Fact, idempotency};
use crate::identity::User;
use crate::market::service as market;
use crate::market::{Bounds, NewOffer, Offer};
use crate::metering::{self, Meter};
use crate::network::{Participant, normalize_meter};

/// Longest name of an offer.
const NAME_MAX: usize = 100;

/// The client's answer beside the key under which it is remembered.
pub(super) fn answer<A: serde::Serialize>(
    key: Option<idempotency::Key>,
    answer: &A,
) -> Result<Option<(idempotency::Key, Vec<u8>)>, SellerError> {
    let Some(key) = key else { return Ok(None) };
    let body = serde_json::to_vec(answer).map_err(|_| SellerError::Document)?;
    Ok(Some((key, body)))
}

/// Lists hours of one of the user's meters. `remembered` is what the client will be answered under its key. What is read
/// here before the transaction may have changed when it begins: [`market::list`] reads the meter again.
///
/// # Errors
/// Not the user's meter; no address at which buyers pay; what [`market::list`] refuses.
pub async fn list_offer(
    p: &Participant,
    user: &User,
    wish: ListWish,
    key: Option<idempotency::Key>,
) -> Result<Offer, SellerError> {
    check_name(wish.name.as_deref())?;
    let meter = own_meter(p, user, &wish.meter_id).await?;
    if p.settings.discom(&meter.discom_code).is_none() {
        return Err(SellerError::DiscomUnknown);
    }
    // A contract names whom the buyer pays, and nobody makes an address up.
    if user.payout_vpa.is_empty() {
        return Err(SellerError::PayoutMissing);
    }
    let new = NewOffer {
        id: p.ids.uuid(),
        publish_transaction_id: p.ids.uuid(),
        user_id: user.id,
        name: wish.name.unwrap_or_else(|| format!("Energy of {}", user.display_name)),
        slots: wish.slots,
    };
    let (work, settings) = (Arc::new((new, meter, key)), Arc::clone(&p.settings));
    let (now_market, now) = (p.market_now(), p.now());
    let offer = p.db.write(move |tx| {
        let (work, settings) = (Arc::clone(&work), Arc::clone(&settings));
        Box::pin(async move {
            let (new, meter, key) = &*work;
            let bounds = Bounds { rules: &settings.rules, trust: &settings.trust };
            let offer = market::list(tx, meter, new, bounds, now_market, now).await?;
            settle(tx, &offer, Fact::OfferListed, key.as_ref(), 201, now).await?;
            Ok::<_, SellerError>(offer)
        })
    });
    offer.await
}

/// Changes prices, quantities or the name of an offer of the user.
///
/// # Errors
/// Not the user's offer; what [`market::change`] refuses.
pub async fn change_offer(
    p: &Participant,
    user: &User,
    offer_id: Uuid,
    wish: ChangeWish,
    key: Option<idempotency::Key>,
) -> Result<Offer, SellerError> {
    check_name(wish.name.as_deref())?;
    let meter = meter_of_offer(p, user, offer_id).await?;
    let (work, settings) = (Arc::new((wish, meter, key)), Arc::clone(&p.settings));
    let clock = (p.market_now(), p.now());
    let offer = p.db.write(move |tx| {
        let (work, settings) = (Arc::clone(&work), Arc::clone(&settings));
        Box::pin(async move {
            let (wish, meter, key) = &*work;
            let (name, slots) = (wish.name.as_deref(), &wish.slots);
            let bounds = Bounds { rules: &settings.rules, trust: &settings.trust };
            let offer = market::change(tx, meter, offer_id, name, slots, bounds, clock).await?;
            settle(tx, &offer, Fact::OfferChanged, key.as_ref(), 200, clock.1).await?;
            Ok::<_, SellerError>(offer)
        })
    });
    offer.await
}

/// Takes back what is neither sold nor reserved.
///
/// # Errors
/// Not the user's offer; withdrawn already.
pub async fn withdraw_offer(
    p: &Participant,
    user: &User,
    offer_id: Uuid,
    key: Option<idempotency::Key>,
) -> Result<Offer, SellerError> {
    let meter = meter_of_offer(p, user, offer_id).await?;
    let (work, now) = (Arc::new((meter, key)), p.now());
    let offer = p.db.write(move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let (meter, key) = &*work;
            let offer = market::withdraw(tx, meter, offer_id, now).await?;
            settle(tx, &offer, Fact::OfferWithdrawn, key.as_ref(), 200, now).await?;
            Ok::<_, SellerError>(offer)
        })
    });
    offer.await
}

/// Tells the user, and remembers under the key which offer the request was about: an offer is shown as it stands.
async fn settle(
    tx: &mut Tx,
    offer: &Offer,
    fact: fn(OfferChanged) -> Fact,
    key: Option<&idempotency::Key>,
    status: u16,
    now: Timestamp,
) -> Result<(), SellerError> {
    if let Some(key) = key
        && !idempotency::remember(tx, key, status, offer.id.to_string().as_bytes(), now).await?
    {
        return Err(SellerError::Stale);
    }
    let fact = fact(OfferChanged { offer_id: offer.id, revision: offer.revision });
    let transaction = offer.publish_transaction_id.to_string();
    events::tell(tx, offer.user_id, &transaction, &fact, now).await?;
    Ok(())
}

/// An offer of the user.
///
/// # Errors
/// There is none of that id.
pub async fn offer(p: &Participant, user: &User, offer_id: Uuid) -> Result<Offer, SellerError> {
    let found = p.db.read(move |tx| Box::pin(async move { market::find(tx, offer_id).await })).await;
    match found {
        Ok(offer) if offer.user_id == user.id => Ok(offer),
        Ok(_) | Err(crate::market::MarketError::OfferNotFound) => Err(SellerError::OfferNotFound),
        Err(error) => Err(error.into()),
    }
}

/// The user's offers, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn offers(
    p: &Participant,
    user: &User,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Offer>, SellerError> {
    let user_id = user.id;
    let read =
        p.db.read(move |tx| Box::pin(async move { market::of_user(tx, user_id, None, before, limit).await }));
    Ok(read.await?)
}

fn check_name(name: Option<&str>) -> Result<(), SellerError> {
    match name {
        Some(name) if name.trim().is_empty() || name.chars().count() > NAME_MAX => {
            Err(SellerError::Field { field: "name", reason: "a name has 1 to 100 characters" })
        }
        _ => Ok(()),
    }
}

async fn own_meter(p: &Participant, user: &User, meter_id: &str) -> Result<Meter, SellerError> {
    let (key, user_id) = (normalize_meter(meter_id), user.id);
    let read = p.db.read(move |tx| {
        let key = key.clone();
        Box::pin(async move { metering::own(tx, user_id, &key).await })
    });
    let found: Option<Meter> = read.await?;
    found.ok_or(SellerError::MeterNotFound)
}

async fn meter_of_offer(p: &Participant, user: &User, offer_id: Uuid) -> Result<Meter, SellerError> {
    let key = offer(p, user, offer_id).await?.meter_key;
    let read = p.db.read(move |tx| {
        let key = key.clone();
        Box::pin(async move { metering::find_by_key(tx, &key).await })
    });
    read.await?.ok_or(SellerError::MeterNotFound)
}
