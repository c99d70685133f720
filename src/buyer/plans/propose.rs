//! Reads what a plan is made from, and makes it on a thread where it holds up nobody.

use std::sync::Arc;

use units::DeliverySlot;

use super::model::{Part, PartState, Plan, PlanState, PlanWish};
use super::proposal::{self, Chosen, Draft, Material, Secured};
use crate::buyer::error::BuyerError;
use crate::buyer::offers::FOUND_MAX;
use crate::buyer::{ranking, store, terms};
use crate::error::Code;
use crate::identity::User;
use crate::market;
use crate::metering;
use crate::network::{Participant, normalize_meter};

/// Makes a plan from what the search has found.
///
/// # Errors
/// The meter is not the user's or not verified; the database's.
pub(super) async fn choose(
    p: &Participant,
    user: &User,
    search_id: &str,
    wish: &PlanWish,
    secured: Secured,
) -> Result<Chosen, BuyerError> {
    let material = read(p, user, search_id, wish).await?;
    let wish = wish.clone();
    let chosen = tokio::task::spawn_blocking(move || proposal::choose(&material, &wish, &secured)).await;
    chosen.map_err(|_| BuyerError::Document)?
}

async fn read(
    p: &Participant,
    user: &User,
    search_id: &str,
    wish: &PlanWish,
) -> Result<Material, BuyerError> {
    let (search_id, user_id, key) = (search_id.to_owned(), user.id, normalize_meter(&wish.meter_id));
    let settings = Arc::clone(&p.settings);
    let now_market = p.market_now();
    let read = p.db.read(move |tx| {
        let (search_id, key, settings) = (search_id.clone(), key.clone(), Arc::clone(&settings));
        Box::pin(async move {
            let meter =
                metering::of_user(tx, user_id).await?.into_iter().find(|meter| meter.meter_key == key);
            let meter = meter.ok_or(BuyerError::MeterNotFound)?;
            if !meter.verified {
                return Err(BuyerError::MeterUnverified);
            }
            let found = store::found_of_search(tx, &search_id, FOUND_MAX).await?;
            let trust = ranking::history::of_providers(tx, &settings.choice).await?;
            let now = DeliverySlot::containing(now_market);
            let bought = market::service::bought(tx, &meter.meter_key, now).await?.into_iter().collect();
            Ok(Material { settings, found, trust, meter, bought, now_market })
        })
    });
    read.await
}

/// The parts of an answer, each with a transaction of its own.
pub(super) fn parts(p: &Participant, drafts: Vec<Draft>, round: i64) -> Vec<Part> {
    let part = |draft: Draft| Part {
        transaction_id: p.ids.uuid().to_string(),
        round,
        bpp_id: draft.bpp_id,
        offer_id: draft.offer_id,
        seller_meter: draft.seller_meter,
        state: PartState::Planned,
        slots: draft.slots,
        merits: draft.merits,
        failure: None,
    };
    drafts.into_iter().map(part).collect()
}

/// Puts the answer into a plan that had none: proposed, or failed when there is nothing in it.
pub(super) fn propose(p: &Participant, plan: &mut Plan, chosen: Chosen) -> Vec<Part> {
    let parts = parts(p, chosen.drafts, 0);
    plan.proposal = Some(chosen.proposal);
    plan.state = if parts.is_empty() { PlanState::Failed } else { PlanState::Proposed };
    plan.failure =
        parts.is_empty().then(|| terms::failure(Code::PlanEmpty.as_str(), "no offer fits the wish"));
    parts
}
