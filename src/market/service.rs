//! What happens to stock: listed, changed, withdrawn, reserved, sold, released. Each function runs in the caller's
//! transaction, so that a use case commits once.

use db::{DbError, Tx};
use energy_rules::{OfferedSlot, RuleSet};
use units::{DeliverySlot, Timestamp, WattHours};
use uuid::Uuid;

use super::model::{
    Bounds, MarketError, NewOffer, Offer, OfferSlot, OfferState, Publication, SLOTS_MAX, SlotChange,
};
use super::store;
use crate::contract::SlotQuantity;
use crate::events::fact::{OfferStock, SlotStock};
use crate::events::{self, Fact};
use crate::identity;
use crate::metering::{self, Meter};
use crate::trust::Use;
use crate::trust::quota::{self, Shift};

/// What is taken from an offer, and how firmly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Held for a while, for a buyer who may confirm.
    Reservation,
    /// Sold.
    Sale,
}

/// Lists an offer of a verified meter, within the month's quota of its user. Of the meter that is given only its id
/// counts: it is read again here.
///
/// # Errors
/// Not the user's meter, or not verified; a locked account; no or too many slots, a slot twice, past its gate, beyond the
/// meter's capacity or the user's quota; the meter cannot deliver.
pub async fn list(
    tx: &mut Tx,
    meter: &Meter,
    wish: &NewOffer,
    bounds: Bounds<'_>,
    now_market: Timestamp,
    now: Timestamp,
) -> Result<Offer, MarketError> {
    let rules = bounds.rules;
    let meter = &as_it_stands(tx, wish.user_id, &meter.meter_key).await?;
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
    let grown: Vec<Shift> = slots.iter().map(|slot| (slot.slot, WattHours::ZERO, slot.published)).collect();
    quota::shift(tx, bounds.trust, wish.user_id, Use::Listing, &grown).await?;
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

/// The user's meter now. An erasure of the account, its lock, and giving the meter up come before this transaction, or
/// wait for its end and then find what it has put on sale.
async fn as_it_stands(tx: &mut Tx, user: Uuid, meter_key: &str) -> Result<Meter, MarketError> {
    let open = identity::hold_open(tx, user).await?;
    let meter = metering::own(tx, user, meter_key).await?.ok_or(MarketError::MeterNotFound)?;
    if open { Ok(meter) } else { Err(MarketError::AccountLocked) }
}

/// Changes prices and quantities of a live offer; never below what is sold and reserved (ruling 22). `clock` is the
/// market's now and the wire's. Of the meter that is given only its id and its user count, as in [`list`].
///
/// # Errors
/// As [`list`] of the meter, which has to be verified only for more to be sold; not this user's offer, withdrawn, a slot
/// that it does not have, below what is sold, beyond the capacity or the quota.
pub async fn change(
    tx: &mut Tx,
    meter: &Meter,
    offer_id: Uuid,
    name: Option<&str>,
    changes: &[SlotChange],
    bounds: Bounds<'_>,
    clock: (Timestamp, Timestamp),
) -> Result<Offer, MarketError> {
    let (now_market, now) = clock;
    let meter = &as_it_stands(tx, meter.user_id, &meter.meter_key).await?;
    let touched = sorted(changes.iter().map(|change| change.slot));
    quota::lock(tx, meter.user_id, Use::Listing, touched.iter().copied()).await?;
    for slot in touched {
        store::lock_meter_slot(tx, &meter.meter_key, slot, meter.slot_capacity()).await?;
    }
    let mut offer = live(tx, offer_id).await?;
    if offer.meter_id != meter.id || offer.user_id != meter.user_id {
        return Err(MarketError::OfferNotFound);
    }
    let mut shifts: Vec<Shift> = Vec::new();
    for change in changes {
        let slot = slot_of(&mut offer, change.slot)?;
        let (before, used) = (slot.published, slot.quota);
        slot.price = change.price.unwrap_or(slot.price);
        slot.published = change.quantity.unwrap_or(slot.published);
        let bound = slot.sold.checked_add(slot.reserved).ok_or(MarketError::OutOfRange)?;
        if slot.published < bound {
            return Err(MarketError::BelowSold { slot: label(slot.slot), bound: bound.to_kwh_text() });
        }
        if slot.published > before && !meter.verified {
            return Err(MarketError::MeterUnverified);
        }
        if slot.published > before || change.price.is_some() {
            energy_rules::check_listing(&[offered(slot)], bounds.rules, now_market)?;
        }
        let grown = slot.published.checked_sub(before).filter(|grown| *grown > WattHours::ZERO);
        let with_growth = used.checked_add(grown.unwrap_or_default()).ok_or(MarketError::OutOfRange)?;
        slot.quota = with_growth.min(slot.due());
        shifts.push((slot.slot, used, slot.quota));
        let slot = *slot;
        grow_listing(tx, meter, slot.slot, before, slot.published).await?;
        store::update_slot(tx, offer_id, &slot).await?;
    }
    quota::shift(tx, bounds.trust, offer.user_id, Use::Listing, &shifts).await?;
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
    let touched = sorted(found.slots.iter().map(|slot| slot.slot));
    quota::lock(tx, found.user_id, Use::Listing, touched.iter().copied()).await?;
    for slot in touched {
        store::lock_meter_slot(tx, &meter.meter_key, slot, meter.slot_capacity()).await?;
    }
    let mut offer = live(tx, offer_id).await?;
    if offer.meter_id != meter.id {
        return Err(MarketError::OfferNotFound);
    }
    let mut freed = Vec::new();
    for slot in &mut offer.slots {
        let before = slot.published;
        slot.published = slot.sold.checked_add(slot.reserved).ok_or(MarketError::OutOfRange)?;
        freed.extend(give_back(slot));
        grow_listing(tx, meter, slot.slot, before, slot.published).await?;
        store::update_slot(tx, offer_id, slot).await?;
    }
    quota::release(tx, offer.user_id, Use::Listing, &freed).await?;
    store::touch(tx, offer_id, OfferState::Withdrawn, now).await?;
    store::find(tx, offer_id).await?.ok_or(MarketError::OfferNotFound)
}

/// Offers of which a slot can no longer be traded and still uses quota for what was not sold: user and offer, by user.
///
/// # Errors
/// The database's.
pub async fn over(
    tx: &mut Tx,
    rules: &RuleSet,
    now_market: Timestamp,
    limit: i64,
) -> Result<Vec<(Uuid, Uuid)>, DbError> {
    store::over(tx, last_closed(rules, now_market).start(), limit).await
}

/// Gives back to the quota what these offers of one user did not sell in the slots whose gates have closed. Stock and
/// catalog stay as they are: nothing can be bought there any more. Gives how many slots lapsed.
///
/// # Errors
/// The database's.
pub async fn lapse(
    tx: &mut Tx,
    user: Uuid,
    offers: &[Uuid],
    rules: &RuleSet,
    now_market: Timestamp,
) -> Result<usize, MarketError> {
    let closed = last_closed(rules, now_market);
    let mut slots = Vec::new();
    for id in offers {
        slots.extend(find(tx, *id).await?.slots.iter().map(|slot| slot.slot).filter(|slot| *slot <= closed));
    }
    quota::lock(tx, user, Use::Listing, slots).await?;
    let (mut freed, mut count) = (Vec::new(), 0_usize);
    for id in offers {
        let mut offer = store::lock(tx, *id).await?.ok_or(MarketError::OfferNotFound)?;
        for slot in offer.slots.iter_mut().filter(|slot| !slot.lapsed && slot.slot <= closed) {
            slot.lapsed = true;
            freed.extend(give_back(slot));
            store::update_slot(tx, *id, slot).await?;
            count = count.saturating_add(1);
        }
    }
    quota::release(tx, user, Use::Listing, &freed).await?;
    Ok(count)
}

/// The latest slot whose gate is closed; gates close in the order of their slots.
fn last_closed(rules: &RuleSet, now_market: Timestamp) -> DeliverySlot {
    let mut slot = DeliverySlot::containing(now_market);
    while energy_rules::closes_at(slot, rules) > now_market {
        slot = slot.previous();
    }
    while energy_rules::closes_at(slot.next(), rules) <= now_market {
        slot = slot.next();
    }
    slot
}

/// Lets go of what a slot uses of the quota beyond what it has to.
fn give_back(slot: &mut OfferSlot) -> Option<(DeliverySlot, WattHours)> {
    let due = slot.due();
    let freed = slot.quota.checked_sub(due).filter(|freed| *freed > WattHours::ZERO)?;
    slot.quota = due;
    Some((slot.slot, freed))
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
    tell(tx, &offer, if hold == Hold::Sale { "sold" } else { "reserved" }, wanted, now).await
}

/// Tells the seller how the touched slots stand.
async fn tell(
    tx: &mut Tx,
    offer: &Offer,
    cause: &'static str,
    touched: &[SlotQuantity],
    now: Timestamp,
) -> Result<(), MarketError> {
    let slots = offer.slots.iter().filter(|slot| touched.iter().any(|part| part.slot == slot.slot));
    let slots = slots.map(|slot| SlotStock {
        start: slot.slot,
        published_kwh: slot.published,
        reserved_kwh: slot.reserved,
        sold_kwh: slot.sold,
    });
    let fact = Fact::OfferStock(OfferStock { offer_id: offer.id, cause, slots: slots.collect() });
    Ok(events::tell(tx, offer.user_id, &offer.publish_transaction_id.to_string(), &fact, now).await?)
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
    move_held(tx, offer_id, held, "sold", now, |slot, quantity| {
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
    move_held(tx, offer_id, held, "released", now, move |slot, quantity| {
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

/// The user's offers, of one state where it is given, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    state: Option<OfferState>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Offer>, DbError> {
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    store::of_user(tx, user, state, &before, limit).await
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
    cause: &'static str,
    now: Timestamp,
    apply: F,
) -> Result<(), MarketError>
where
    F: Fn(&mut OfferSlot, WattHours) -> Option<()> + Send,
{
    // What comes back to a withdrawn offer is withdrawn with it, and what comes back after the gate is not on sale: both
    // go back to the quota. Its row and the meter's come first; should the offer be withdrawn between this look and its
    // lock, they come second, and if that meets a transaction that locks them in order, one of the two is run again.
    let peek = find(tx, offer_id).await?;
    let touched = || sorted(held.iter().map(|part| part.slot));
    let returns = |offer: &Offer| {
        let lapsed = |part: &SlotQuantity| offer.slots.iter().any(|s| s.slot == part.slot && s.lapsed);
        offer.state == OfferState::Withdrawn || held.iter().any(lapsed)
    };
    if returns(&peek) {
        quota::lock(tx, peek.user_id, Use::Listing, touched()).await?;
        for slot in touched() {
            store::lock_meter_slot(tx, &peek.meter_key, slot, None).await?;
        }
    }
    let mut offer = store::lock(tx, offer_id).await?.ok_or(MarketError::OfferNotFound)?;
    let (state, meter_key, user) = (offer.state, offer.meter_key.clone(), offer.user_id);
    let mut freed = Vec::new();
    for part in held {
        let slot = slot_of(&mut offer, part.slot)?;
        apply(slot, part.quantity)
            .filter(|()| slot.sold >= WattHours::ZERO && slot.reserved >= WattHours::ZERO)
            .ok_or(MarketError::OutOfRange)?;
        if state == OfferState::Withdrawn {
            let before = slot.published;
            slot.published = slot.sold.checked_add(slot.reserved).ok_or(MarketError::OutOfRange)?;
            let listed = store::lock_meter_slot(tx, &meter_key, slot.slot, None).await?.used;
            let rest = before.checked_sub(slot.published).and_then(|freed| listed.checked_sub(freed));
            store::update_meter_slot(tx, &meter_key, slot.slot, rest.ok_or(MarketError::OutOfRange)?).await?;
        }
        freed.extend(give_back(slot));
        let slot = *slot;
        store::update_slot(tx, offer_id, &slot).await?;
    }
    quota::release(tx, user, Use::Listing, &freed).await?;
    store::touch(tx, offer_id, state, now).await?;
    tell(tx, &offer, cause, held, now).await
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
        quota: wish.quantity,
        lapsed: false,
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
