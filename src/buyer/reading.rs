//! What a user has asked for and found, to be shown.

use units::Timestamp;

use super::error::BuyerError;
use super::model::{Exchange, FoundOffer, FoundSlot, Search, SlotGate};
use super::offers::FOUND_MAX;
use super::order::{Offered, obstacle};
use super::step::load_own;
use super::store::{self, Found};
use crate::contract::{self, Side};
use crate::identity::User;
use crate::metering::{self, Meter};
use crate::network::{Participant, Settings};

/// Questions of one transaction that are shown, the newest first.
const EXCHANGES_MAX: i64 = 100;

/// A search of the user.
///
/// # Errors
/// There is none of that user.
pub async fn search(p: &Participant, user: &User, transaction_id: &str) -> Result<Search, BuyerError> {
    let (transaction_id, user_id) = (transaction_id.to_owned(), user.id);
    let found = p.db.read(move |tx| {
        let transaction_id = transaction_id.clone();
        Box::pin(async move { store::find_search(tx, &transaction_id).await })
    });
    let owned = found.await?.filter(|(owner, _)| *owner == user_id);
    owned.map(|(_, search)| search).ok_or(BuyerError::TransactionNotFound)
}

/// What a search has found so far, with how each slot stands now and why an offer cannot be bought by this user.
///
/// # Errors
/// There is no such search of that user.
pub async fn found_offers(
    p: &Participant,
    user: &User,
    transaction_id: &str,
) -> Result<Vec<FoundOffer>, BuyerError> {
    search(p, user, transaction_id).await?;
    let (transaction_id, user_id) = (transaction_id.to_owned(), user.id);
    let read = p.db.read(move |tx| {
        let transaction_id = transaction_id.clone();
        Box::pin(async move {
            let found = store::found_of_search(tx, &transaction_id, FOUND_MAX).await?;
            Ok::<_, db::DbError>((found, metering::of_user(tx, user_id).await?))
        })
    });
    let (found, meters) = read.await?;
    let now_market = p.market_now();
    Ok(found.iter().filter_map(|found| show(found, &meters, &p.settings, now_market)).collect())
}

fn show(found: &Found, meters: &[Meter], settings: &Settings, now_market: Timestamp) -> Option<FoundOffer> {
    let offered = Offered::read((&found.bpp_id, &found.bpp_uri), &found.offer, &found.resource).ok()?;
    let gate = |slot| match energy_rules::gate(slot, now_market, &settings.rules) {
        energy_rules::Gate::NotOpen => SlotGate::NotOpen,
        energy_rules::Gate::Open => SlotGate::Open,
        energy_rules::Gate::Closed => SlotGate::Closed,
    };
    let slots = offered
        .slots()
        .map(|row| FoundSlot {
            slot: row.slot,
            price: row.price,
            available: row.available,
            gate: gate(row.slot),
        })
        .collect();
    let resource_type = match &offered.resource.attributes {
        Some(beckn_wire::energy::ResourceAttributes::Energy(resource)) => resource.resource_type.clone(),
        _ => None,
    };
    Some(FoundOffer {
        bpp_id: found.bpp_id.clone(),
        name: offered.offer.name().map(str::to_owned),
        discom: offered.seller_discom.clone(),
        valid_until: offered.valid_until(),
        obstacle: obstacle(&offered, meters, settings),
        found_at: found.found_at,
        resource_type,
        slots,
        offer_id: offered.offer_id,
        seller_meter: offered.seller_meter,
    })
}

/// What was asked beside the trade of the user's contract, and what came back, newest first.
///
/// # Errors
/// There is no such contract of that user.
pub async fn exchanges(
    p: &Participant,
    user: &User,
    transaction_id: &str,
) -> Result<Vec<Exchange>, BuyerError> {
    let (transaction_id, user_id) = (transaction_id.to_owned(), user.id);
    let read = p.db.read(move |tx| {
        let transaction_id = transaction_id.clone();
        Box::pin(async move {
            let contract = contract::service::find(tx, Side::Buyer, &transaction_id).await?;
            if contract.is_none_or(|contract| contract.user_id != user_id) {
                return Err(BuyerError::TransactionNotFound);
            }
            Ok(store::exchanges(tx, &transaction_id, user_id, EXCHANGES_MAX).await?)
        })
    });
    read.await
}

/// Whether a cancellation or a change of the user's contract waits for the seller.
///
/// # Errors
/// There is no such contract of that user.
pub async fn change_under_way(
    p: &Participant,
    user: &User,
    transaction_id: &str,
) -> Result<bool, BuyerError> {
    Ok(load_own(p, user, transaction_id).await?.1.is_some())
}
