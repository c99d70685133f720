//! `catalog/push`, and the pages of a search for what was missed: which interests do the offers fit? What fits is kept,
//! and what of it is new or has changed is told.

use std::sync::Arc;

use beckn_wire::code::{ErrorCode, WireError};
use node::{Admission, InboxJob, Incoming, ProcessError, Refusal, inbox};

use super::service::Interest;
use super::store;
use crate::buyer::error::BuyerError;
use crate::buyer::offers::{Entry, FOUND_MAX, read_page};
use crate::buyer::ranking::{self, Candidate};
use crate::buyer::reading::offered;
use crate::buyer::store as found_store;
use crate::events::fact::{InterestMatched, OfferName};
use crate::events::{self, Fact};
use crate::metering;
use crate::network::{Action, Participant, normalize_meter};

/// Interests that are matched in one go.
const BATCH: i64 = 100;

/// Judges a push: it comes from the catalog service of this platform.
///
/// # Errors
/// The NACK that the sender gets.
pub(in crate::buyer) fn admit(p: &Participant, incoming: &Incoming) -> Result<Admission, Refusal> {
    if incoming.sender.subscriber_id != p.settings.catalog_service_id {
        let message = "pushes are taken from the catalog service of this platform";
        return Err(WireError::new(ErrorCode::AutUnauthorizedAction, message).into());
    }
    Ok(Admission::Queue)
}

/// Matches a push, or a page of a search for what was missed, against every active interest. Each interest is one
/// transaction, which can be done again; the last one ends the message.
///
/// # Errors
/// A passing trouble; a message that cannot be read.
pub(in crate::buyer) async fn pushed(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    let now = p.now();
    let read = {
        let job = job.clone();
        tokio::task::spawn_blocking(move || read_page(&job, now)).await
    };
    let (failure, entries) =
        read.map_err(|_| ProcessError::Retry("a push could not be read".to_owned()))??;
    if let Some(failure) = &failure {
        tracing::warn!(code = failure.code, "a push cannot be used");
    }
    let mut after = String::new();
    while !entries.is_empty() {
        let from = after.clone();
        let batch = p.db.read(move |tx| {
            let from = from.clone();
            Box::pin(async move { store::active(tx, &from, BATCH).await })
        });
        let batch = batch.await?;
        let Some(last) = batch.last() else { break };
        after = last.id.to_string();
        for interest in batch {
            keep(p, interest, &entries).await?;
        }
    }
    let (job, readable) = (Arc::new(job.clone()), failure.is_none());
    p.db.write(move |tx| {
        let job = Arc::clone(&job);
        Box::pin(async move {
            if readable && job.action == Action::OnDiscover {
                store::caught_up(tx, &job.transaction_id, now).await?;
            }
            inbox::complete(tx, &job, now).await
        })
    })
    .await?;
    Ok(())
}

/// Whether that transaction is a search for what was missed.
///
/// # Errors
/// The database's.
pub(in crate::buyer) async fn is_catch_up(
    p: &Participant,
    transaction_id: &str,
) -> Result<bool, db::DbError> {
    let id = transaction_id.to_owned();
    p.db.read(move |tx| {
        let id = id.clone();
        Box::pin(async move { store::is_catch_up(tx, &id).await })
    })
    .await
}

/// Keeps what fits one interest, and tells its user.
async fn keep(p: &Participant, interest: Interest, entries: &[Entry]) -> Result<(), BuyerError> {
    let fitting: Vec<Entry> = fitting(p, &interest, entries).await?;
    if fitting.is_empty() {
        return Ok(());
    }
    let (stored, now) = (Arc::new((interest, fitting)), p.now());
    let written = p.db.write(move |tx| {
        let stored = Arc::clone(&stored);
        Box::pin(async move {
            let (interest, entries) = &*stored;
            // It was closed meanwhile, or is gone with its account and its search.
            if store::find(tx, interest.id).await?.is_none_or(|found| !found.active) {
                return Ok::<_, db::DbError>(());
            }
            if found_store::count_found(tx, &interest.search_id).await? >= FOUND_MAX {
                return Ok(());
            }
            let mut news = Vec::new();
            for entry in entries {
                let mut found = entry.found.clone();
                found.transaction_id.clone_from(&interest.search_id);
                // What comes again as it is known is no news: a push is repeated, a search brings everything.
                if !found_store::is_found(tx, &found, &entry.offer_id).await? {
                    found_store::upsert_found(tx, &found, (&entry.offer_id, &entry.meter_key)).await?;
                    news.push(entry);
                }
            }
            if news.is_empty() {
                return Ok(());
            }
            store::set_fresh(tx, interest.id, true, now).await?;
            let id = interest.id.to_string();
            let offers = news
                .iter()
                .map(|entry| OfferName {
                    bpp_id: entry.found.bpp_id.clone(),
                    offer_id: entry.offer_id.clone(),
                })
                .collect();
            let search_id = interest.search_id.clone();
            let fact = Fact::InterestMatched(InterestMatched { interest_id: id.clone(), search_id, offers });
            events::tell(tx, interest.user_id, &id, &fact, now).await
        })
    });
    Ok(written.await?)
}

/// The offers that pass the interest's filters.
async fn fitting(p: &Participant, interest: &Interest, entries: &[Entry]) -> Result<Vec<Entry>, BuyerError> {
    let (user_id, key) = (interest.user_id, normalize_meter(&interest.wish.meter_id));
    let choice = p.settings.choice.clone();
    let read = p.db.read(move |tx| {
        let choice = choice.clone();
        Box::pin(async move {
            let trust = ranking::history::of_providers(tx, &choice).await?;
            Ok::<_, db::DbError>((metering::of_user(tx, user_id).await?, trust))
        })
    });
    let (mut meters, trust) = read.await?;
    meters.retain(|meter| meter.meter_key == key);
    let wish = interest.wish.rank_wish();
    let scene = ranking::Scene {
        settings: &p.settings,
        meters: &meters,
        now_market: p.market_now(),
        wish: &wish,
        trust: &trust,
    };
    let known: Vec<_> =
        entries.iter().filter_map(|entry| offered(&entry.found).map(|offered| (entry, offered))).collect();
    let candidates: Vec<Candidate<'_>> =
        known.iter().map(|(entry, offered)| Candidate { offered, place: entry.found.place }).collect();
    let ranks = ranking::rank(&scene, &candidates);
    let fits = known.iter().zip(ranks).filter(|(_, (rank, _))| rank.refused.is_empty());
    Ok(fits.map(|((entry, _), _)| (*entry).clone()).collect())
}
