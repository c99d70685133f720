//! What a user has asked for and found, to be shown.

use std::cmp::Reverse;

use energy_rules::OfferedSlot;

use super::error::BuyerError;
use super::model::{Exchange, FoundOffer, FoundSlot, Search, SlotGate};
use super::offers::FOUND_MAX;
use super::order::{Offered, obstacle};
use super::ranking::{self, Candidate, Rank, RankWish};
use super::step::load_own;
use super::store::{self, Found};
use crate::contract::{self, Side};
use crate::identity::User;
use crate::metering;
use crate::network::Participant;

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

/// What a search has found so far, with how each slot stands now and how each offer suits the wish: what can be taken
/// comes first, the best in front.
///
/// # Errors
/// There is no such search of that user.
pub async fn found_offers(
    p: &Participant,
    user: &User,
    transaction_id: &str,
    wish: &RankWish,
) -> Result<Vec<FoundOffer>, BuyerError> {
    search(p, user, transaction_id).await?;
    let (transaction_id, user_id) = (transaction_id.to_owned(), user.id);
    let choice = p.settings.choice.clone();
    let read = p.db.read(move |tx| {
        let (transaction_id, choice) = (transaction_id.clone(), choice.clone());
        Box::pin(async move {
            let found = store::found_of_search(tx, &transaction_id, FOUND_MAX).await?;
            let trust = ranking::history::of_providers(tx, &choice).await?;
            Ok::<_, db::DbError>((found, metering::of_user(tx, user_id).await?, trust))
        })
    });
    let (found, meters, trust) = read.await?;
    let offers: Vec<(&Found, Offered)> =
        found.iter().filter_map(|found| offered(found).map(|offered| (found, offered))).collect();
    let scene = ranking::Scene {
        settings: &p.settings,
        meters: &meters,
        now_market: p.market_now(),
        wish,
        trust: &trust,
    };
    let candidates: Vec<Candidate<'_>> =
        offers.iter().map(|(found, offered)| Candidate { offered, place: found.place }).collect();
    let ranks = ranking::rank(&scene, &candidates).into_iter().map(|(rank, _)| rank);
    let mut shown: Vec<FoundOffer> =
        offers.iter().zip(ranks).map(|((found, offered), rank)| show(&scene, found, offered, rank)).collect();
    shown.sort_by_key(|offer| (!offer.rank.refused.is_empty(), Reverse(offer.rank.score)));
    Ok(shown)
}

/// A found offer, read; none when it cannot be bought by anybody.
pub(super) fn offered(found: &Found) -> Option<Offered> {
    Offered::read((&found.bpp_id, &found.bpp_uri), &found.offer, &found.resource).ok()
}

fn show(scene: &ranking::Scene<'_>, found: &Found, offered: &Offered, rank: Rank) -> FoundOffer {
    let gate = |slot| match energy_rules::gate(slot, scene.now_market, &scene.settings.rules) {
        energy_rules::Gate::NotOpen => SlotGate::NotOpen,
        energy_rules::Gate::Open => SlotGate::Open,
        energy_rules::Gate::Closed => SlotGate::Closed,
    };
    let slot = |row: OfferedSlot| FoundSlot {
        slot: row.slot,
        price: row.price,
        available: row.available,
        gate: gate(row.slot),
    };
    FoundOffer {
        bpp_id: found.bpp_id.clone(),
        offer_id: offered.offer_id.clone(),
        name: offered.offer.name().map(str::to_owned),
        seller_meter: offered.seller_meter.clone(),
        discom: offered.seller_discom.clone(),
        resource_type: ranking::resource_type(offered).map(str::to_owned),
        valid_until: offered.valid_until(),
        slots: offered.slots().map(slot).collect(),
        obstacle: obstacle(offered, scene.meters, scene.settings),
        rank,
        found_at: found.found_at,
    }
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
