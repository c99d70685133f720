//! What happens to stock: listed, changed, withdrawn, reserved, sold, released. Each function runs in the caller's
//! transaction, so that a use case commits once.

use db::{DbError, Tx};
use energy_rules::{OfferedSlot, RuleSet};
use units::{DeliverySlot, Timestamp, WattHours};
use uuid::Uuid;

use super::model::{MarketError, NewOffer, Offer, OfferSlot, OfferState, Publication, SLOTS_MAX, SlotChange};
use super::store;
use crate::contract::SlotQuantity;
use crate::metering::Meter;

/// What is taken from an offer, and how firmly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Held for a while, for a buyer who may confirm.
    Reservation,
    /// Sold.
    Sale,
}

/// Lists an offer of a verified meter.
///
/// # Errors
/// No or too many slots, a slot twice, past its gate, beyond the meter's capacity; the meter cannot deliver.
pub async fn list(
    tx: &mut Tx,
    meter: &Meter,
    wish: &NewOffer,
    rules: &RuleSet,
    now_market: Timestamp,
    now: Timestamp,
) -> Result<Offer, MarketError> {
    if !meter.verified {
        return Err(MarketError::MeterUnverified);
    }
    if meter.resource_type.is_none() {
        return Err(MarketError::MeterCannotDeliver);
    }
    let mut slots: Vec<OfferSlot> = wish.slots.iter().map(new_slot).collect();
    slots.sort_by_key(|slot| slot.slot);
    let twice = slots.windows(2).any(|pair| pair[0].slot == pair[1].slot);
    let (Some(first), false, true) = (slots.first(), twice, slots.len() <= SLOTS_MAX) else {
        return Err(MarketError::SlotsInvalid);
    };
    let valid_until = energy_rules::closes_at(first.slot, rules);
    let listed: Vec<OfferedSlot> = slots.iter().map(offered).collect();
    energy_rules::check_listing(&listed, rules, now_market)?;
    for slot in &slots {
        grow_listing(tx, meter, slot.slot, WattHours::ZERO, slot.published).await?;
    }
    let offer = Offer {
        id: wish.id,
        user_id: wish.user_id,
        meter_id: meter.id,
        meter_key: meter.meter_key.clone(),
        name: wish.name.clone(),
        state: OfferState::Live,
        publish_transaction_id: wish.publish_transaction_id,
        valid_from: now_market,
        valid_until,
        revision: 1,
        published_revision: 0,
        publication: Publication::Pending,
        publish_error: None,
        created_at: now,
        updated_at: now,
        slots,
    };
    store::insert(tx, &offer).await?;
    Ok(offer)
}

/// Changes prices and quantities of a live offer; never below what is sold and reserved (ruling 22). `clock` is the
/// market's now and the wire's.
///
/// # Errors
/// Not this user's offer, withdrawn, a slot that it does not have, below what is sold, beyond the capacity.
pub async fn change(
    tx: &mut Tx,
    meter: &Meter,
    offer_id: Uuid,
    name: Option<&str>,
    changes: &[SlotChange],
    rules: &RuleSet,
    clock: (Timestamp, Timestamp),
) -> Result<Offer, MarketError> {
    let (now_market, now) = clock;
    for slot in sorted(changes.iter().map(|change| change.slot)) {
        store::lock_meter_slot(tx, &meter.meter_key, slot, meter.slot_capacity()).await?;
    }
    let mut offer = live(tx, offer_id).await?;
    if offer.meter_id != meter.id {
        return Err(MarketError::OfferNotFound);
    }
    for change in changes {
        let slot = slot_of(&mut offer, change.slot)?;
        let before = slot.published;
        slot.price = change.price.unwrap_or(slot.price);
        slot.published = change.quantity.unwrap_or(slot.published);
        let bound = slot.sold.checked_add(slot.reserved).ok_or(MarketError::OutOfRange)?;
        if slot.published < bound {
            return Err(MarketError::BelowSold { slot: label(slot.slot), bound: bound.to_kwh_text() });
        }
        let slot = *slot;
        if slot.published > before || change.price.is_some() {
            energy_rules::check_listing(&[offered(&slot)], rules, now_market)?;
        }
        grow_listing(tx, meter, slot.slot, before, slot.published).await?;
        store::update_slot(tx, offer_id, &slot).await?;
    }
    if let Some(name) = name {
        store::rename(tx, offer_id, name).await?;
    }
    store::touch(tx, offer_id, OfferState::Live, now).await?;
    store::find(tx, offer_id).await?.ok_or(MarketError::OfferNotFound)
}

/// Withdraws what is neither sold nor reserved; the rest of the offer stands until it is delivered (ruling 22).
///
/// # Errors
/// Not this meter's offer; already withdrawn.
pub async fn withdraw(
    tx: &mut Tx,
    meter: &Meter,
    offer_id: Uuid,
    now: Timestamp,
) -> Result<Offer, MarketError> {
    let found = find(tx, offer_id).await?;
    for slot in sorted(found.slots.iter().map(|slot| slot.slot)) {
        store::lock_meter_slot(tx, &meter.meter_key, slot, meter.slot_capacity()).await?;
    }
    let mut offer = live(tx, offer_id).await?;
    if offer.meter_id != meter.id {
        return Err(MarketError::OfferNotFound);
    }
    for slot in &mut offer.slots {
        let before = slot.published;
        slot.published = slot.sold.checked_add(slot.reserved).ok_or(MarketError::OutOfRange)?;
        grow_listing(tx, meter, slot.slot, before, slot.published).await?;
        store::update_slot(tx, offer_id, slot).await?;
    }
    store::touch(tx, offer_id, OfferState::Withdrawn, now).await?;
    store::find(tx, offer_id).await?.ok_or(MarketError::OfferNotFound)
}

/// Takes stock, all slots or none: this is the one place where the last kilowatt-hour is given away.
///
/// # Errors
/// No such offer or slot, withdrawn, another price than the published one, not enough left.
pub async fn take(
    tx: &mut Tx,
    offer_id: Uuid,
    wanted: &[SlotQuantity],
    hold: Hold,
    now: Timestamp,
) -> Result<(), MarketError> {
    let mut offer = live(tx, offer_id).await?;
    for want in wanted {
        let slot = slot_of(&mut offer, want.slot)?;
        if slot.price != want.price {
            return Err(MarketError::PriceMismatch {
                slot: label(want.slot),
                published: slot.price.to_inr_text(),
            });
        }
        let available = slot.available();
        if want.quantity > available {
            return Err(MarketError::QuantityUnavailable {
                slot: label(want.slot),
                available: available.to_kwh_text(),
                requested: want.quantity.to_kwh_text(),
            });
        }
        let target = if hold == Hold::Sale { &mut slot.sold } else { &mut slot.reserved };
        *target = target.checked_add(want.quantity).ok_or(MarketError::OutOfRange)?;
        let slot = *slot;
        store::update_slot(tx, offer_id, &slot).await?;
    }
    store::touch(tx, offer_id, OfferState::Live, now).await?;
    Ok(())
}

/// Turns a reservation into a sale. The stock is already held, so a withdrawn offer does not hinder it.
///
/// # Errors
/// No such offer or slot; less is reserved than is to be sold, which the caller's own records exclude.
pub async fn sell_reserved(
    tx: &mut Tx,
    offer_id: Uuid,
    held: &[SlotQuantity],
    now: Timestamp,
) -> Result<(), MarketError> {
    move_held(tx, offer_id, held, now, |slot, quantity| {
        slot.reserved = slot.reserved.checked_sub(quantity)?;
        slot.sold = slot.sold.checked_add(quantity)?;
        Some(())
    })
    .await
}

/// Gives stock back: it can be bought again, unless the offer is withdrawn.
///
/// # Errors
/// As [`sell_reserved`].
pub async fn release(
    tx: &mut Tx,
    offer_id: Uuid,
    held: &[SlotQuantity],
    hold: Hold,
    now: Timestamp,
) -> Result<(), MarketError> {
    move_held(tx, offer_id, held, now, move |slot, quantity| {
        let held = if hold == Hold::Sale { &mut slot.sold } else { &mut slot.reserved };
        *held = held.checked_sub(quantity)?;
        Some(())
    })
    .await
}

/// Counts a purchase against the sanctioned load of the buyer's own meter, all slots or none.
///
/// # Errors
/// More than the connection may draw in one hour.
pub async fn buy(tx: &mut Tx, meter: &Meter, wanted: &[SlotQuantity]) -> Result<(), MarketError> {
    for want in wanted {
        let used = store::lock_load_slot(tx, &meter.meter_key, want.slot, meter.slot_load()).await?;
        let bought = used.used.checked_add(want.quantity).ok_or(MarketError::OutOfRange)?;
        if let Some(load) = used.limit.filter(|load| bought > *load) {
            return Err(MarketError::LoadExceeded {
                slot: label(want.slot),
                load: load.to_kwh_text(),
                bought: used.used.to_kwh_text(),
            });
        }
        store::update_load_slot(tx, &meter.meter_key, want.slot, bought).await?;
    }
    Ok(())
}

/// Takes a purchase off the buyer's load again.
///
/// # Errors
/// The database's.
pub async fn unbuy(tx: &mut Tx, meter_key: &str, bought: &[SlotQuantity]) -> Result<(), MarketError> {
    for part in bought {
        let used = store::lock_load_slot(tx, meter_key, part.slot, None).await?;
        let rest = used.used.checked_sub(part.quantity).unwrap_or(WattHours::ZERO);
        store::update_load_slot(tx, meter_key, part.slot, rest).await?;
    }
    Ok(())
}

/// What the meter has asked to buy by slot, over all its contracts, from a slot on.
///
/// # Errors
/// The database's.
pub async fn bought(
    tx: &mut Tx,
    meter_key: &str,
    from: DeliverySlot,
) -> Result<Vec<(DeliverySlot, WattHours)>, DbError> {
    store::bought(tx, meter_key, from).await
}

/// The offer of that id.
///
/// # Errors
/// There is none.
pub async fn find(tx: &mut Tx, offer_id: Uuid) -> Result<Offer, MarketError> {
    store::find(tx, offer_id).await?.ok_or(MarketError::OfferNotFound)
}

/// The user's offers, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Offer>, DbError> {
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    store::of_user(tx, user, &before, limit).await
}

/// Offers whose newest revision is not yet sent to the catalog, oldest first.
///
/// # Errors
/// The database's.
pub async fn unpublished(tx: &mut Tx, limit: i64) -> Result<Vec<Uuid>, DbError> {
    store::unpublished(tx, limit).await
}

/// Notes that a revision goes out under this message id. False when the offer has changed meanwhile.
///
/// # Errors
/// The database's.
pub async fn mark_sent(tx: &mut Tx, offer: Uuid, revision: i64, message: Uuid) -> Result<bool, DbError> {
    store::mark_sent(tx, offer, revision, message).await
}

/// Notes the catalog's verdict on the revision that went out under this message id; a verdict on an older one is
/// without effect. False when there is none.
///
/// # Errors
/// The database's.
pub async fn mark_verdict(
    tx: &mut Tx,
    message_id: &str,
    verdict: Publication,
    error: Option<&str>,
) -> Result<bool, DbError> {
    store::mark_verdict(tx, message_id, verdict, error).await
}

/// The offer whose newest publication went out under this message id, and its user.
///
/// # Errors
/// The database's.
pub async fn published_by(tx: &mut Tx, message_id: &str) -> Result<Option<(Uuid, Uuid)>, DbError> {
    store::published_by(tx, message_id).await
}

async fn move_held<F>(
    tx: &mut Tx,
    offer_id: Uuid,
    held: &[SlotQuantity],
    now: Timestamp,
    apply: F,
) -> Result<(), MarketError>
where
    F: Fn(&mut OfferSlot, WattHours) -> Option<()> + Send,
{
    let mut offer = store::lock(tx, offer_id).await?.ok_or(MarketError::OfferNotFound)?;
    let (state, meter_key) = (offer.state, offer.meter_key.clone());
    for part in held {
        let slot = slot_of(&mut offer, part.slot)?;
        apply(slot, part.quantity)
            .filter(|()| slot.sold >= WattHours::ZERO && slot.reserved >= WattHours::ZERO)
            .ok_or(MarketError::OutOfRange)?;
        if state == OfferState::Withdrawn {
            // What comes back to a withdrawn offer is withdrawn with it. The meter's row is locked after the offer
            // here; should that ever meet a listing that locks them the other way, one of the two is run again.
            let before = slot.published;
            slot.published = slot.sold.checked_add(slot.reserved).ok_or(MarketError::OutOfRange)?;
            let listed = store::lock_meter_slot(tx, &meter_key, slot.slot, None).await?.used;
            let rest = before.checked_sub(slot.published).and_then(|freed| listed.checked_sub(freed));
            store::update_meter_slot(tx, &meter_key, slot.slot, rest.ok_or(MarketError::OutOfRange)?).await?;
        }
        let slot = *slot;
        store::update_slot(tx, offer_id, &slot).await?;
    }
    store::touch(tx, offer_id, state, now).await?;
    Ok(())
}

/// Moves what the meter has listed for a slot from `before` to `after` of this offer, within its capacity.
async fn grow_listing(
    tx: &mut Tx,
    meter: &Meter,
    slot: DeliverySlot,
    before: WattHours,
    after: WattHours,
) -> Result<(), MarketError> {
    let used = store::lock_meter_slot(tx, &meter.meter_key, slot, meter.slot_capacity()).await?;
    let others = used.used.checked_sub(before).ok_or(MarketError::OutOfRange)?;
    let listed = others.checked_add(after).ok_or(MarketError::OutOfRange)?;
    if let Some(capacity) = used.limit.filter(|capacity| listed > *capacity && after > before) {
        return Err(MarketError::CapacityExceeded {
            slot: label(slot),
            capacity: capacity.to_kwh_text(),
            listed: others.to_kwh_text(),
        });
    }
    store::update_meter_slot(tx, &meter.meter_key, slot, listed).await?;
    Ok(())
}

async fn live(tx: &mut Tx, offer_id: Uuid) -> Result<Offer, MarketError> {
    let offer = store::lock(tx, offer_id).await?.ok_or(MarketError::OfferNotFound)?;
    if offer.state == OfferState::Withdrawn {
        return Err(MarketError::OfferWithdrawn);
    }
    Ok(offer)
}

fn slot_of(offer: &mut Offer, slot: DeliverySlot) -> Result<&mut OfferSlot, MarketError> {
    offer.slots.iter_mut().find(|s| s.slot == slot).ok_or_else(|| MarketError::SlotNotFound(label(slot)))
}

/// A slot as a rule of listing sees it: all that is published, sold or not.
fn offered(slot: &OfferSlot) -> OfferedSlot {
    OfferedSlot { slot: slot.slot, price: slot.price, available: slot.published }
}

fn new_slot(wish: &super::NewSlot) -> OfferSlot {
    OfferSlot {
        slot: wish.slot,
        price: wish.price,
        published: wish.quantity,
        reserved: WattHours::ZERO,
        sold: WattHours::ZERO,
    }
}

fn sorted(slots: impl Iterator<Item = DeliverySlot>) -> Vec<DeliverySlot> {
    let mut slots: Vec<_> = slots.collect();
    slots.sort();
    slots.dedup();
    slots
}

fn label(slot: DeliverySlot) -> String {
    units::ist_label(slot.start())
}
