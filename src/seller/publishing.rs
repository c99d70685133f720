//! The way of an offer into the catalog: every change is published, the newest state only, in order.
//!
//! A change marks its offer; a worker sends what is marked. A hundred sales in a second are one publication. What is
//! published is the stock that is left; a withdrawn offer is published as over, with nothing left.

use std::sync::Arc;

use beckn_wire::ack::Refusal;
use beckn_wire::code::WireError;
use beckn_wire::energy::{
    DiscomLedgerProvider, Offer as WireOffer, Path, Policy, PublishResults, Resource, SlotTerms,
    publish::{self, OfferTerms, Platform, Seller},
};
use beckn_wire::json::Json;
use db::DbError;
use energy_rules::PolicyUse;
use node::{Face, InboxJob, OutboxJob, Outcome, Outgoing, inbox, outbox};
use units::{Span, WattHours};
use uuid::Uuid;

use super::error::SellerError;
use super::step::Ends;
use super::terms::Asked;
use crate::events::fact::OfferVerdict;
use crate::events::{self, Fact};
use crate::identity::{self, User};
use crate::market::service as market;
use crate::market::{Offer, OfferState, Publication};
use crate::metering::{self, Meter};
use crate::network::{Action, Leg, Participant, PolicyRefusal};

/// Offers that are published in one round.
const BATCH: i64 = 50;

/// Sends every offer that has changed; gives how many.
///
/// # Errors
/// The database's.
pub async fn publish(p: &Participant) -> Result<usize, DbError> {
    let ids = p.db.read(|tx| Box::pin(async move { market::unpublished(tx, BATCH).await })).await?;
    let mut sent = 0_usize;
    for id in ids {
        match publish_one(p, id).await {
            Ok(true) => sent = sent.saturating_add(1),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, offer = %id, "an offer could not be published"),
        }
    }
    if sent > 0 {
        p.node.wake();
    }
    Ok(sent)
}

/// False when the offer changed while its publication was made: the next round sends it.
async fn publish_one(p: &Participant, id: Uuid) -> Result<bool, SellerError> {
    let read = p.db.read(move |tx| {
        Box::pin(async move {
            let offer = market::find(tx, id).await?;
            let meter = metering::find_by_key(tx, &offer.meter_key).await?;
            let user = identity::get(tx, offer.user_id).await?;
            Ok::<_, SellerError>((offer, meter, user))
        })
    });
    let (offer, meter, user) = read.await?;
    let meter = meter.ok_or(SellerError::MeterNotFound)?;
    let message_id = p.ids.uuid();
    let out = Arc::new(publication(p, &offer, &meter, &user, message_id)?);
    // What is taken back is told in any case.
    if offer.state != OfferState::Withdrawn {
        match p.check_policy(PolicyUse::Commitments, out.body.clone()).await {
            Ok(()) => {}
            Err(PolicyRefusal::Violated(error)) => return keep_back(p, &offer, message_id, error).await,
            // The next round asks again.
            Err(silent) => return Err(WireError::from(silent).into()),
        }
    }
    let (ids, now, revision) = (p.ids.clone(), p.now(), offer.revision);
    let stored = p.db.write(move |tx| {
        let (out, ids) = (Arc::clone(&out), ids.clone());
        Box::pin(async move {
            if !market::mark_sent(tx, id, revision, message_id).await? {
                return Ok(false);
            }
            outbox::enqueue(tx, &ids, &out, now).await?;
            Ok::<_, DbError>(true)
        })
    });
    Ok(stored.await?)
}

/// The contract policy does not admit the offer: it does not leave, and its seller is told why.
async fn keep_back(
    p: &Participant,
    offer: &Offer,
    message_id: Uuid,
    refusal: WireError,
) -> Result<bool, SellerError> {
    let (id, revision) = (offer.id, offer.revision);
    let marked =
        p.db.write(move |tx| Box::pin(async move { market::mark_sent(tx, id, revision, message_id).await }));
    if !marked.await? {
        return Ok(false);
    }
    let reason = format!("{}: {}", refusal.code, refusal.message);
    let transaction = offer.publish_transaction_id.to_string();
    let message = message_id.to_string();
    conclude(p, &message, &transaction, Publication::Rejected, Some(reason), Ends::Nothing).await?;
    Ok(false)
}

/// The offer and its resource as the catalog and a contract have them.
///
/// # Errors
/// The meter's DISCOM is not configured.
pub(super) fn entry(
    p: &Participant,
    offer: &Offer,
    meter: &Meter,
    display_name: &str,
) -> Result<(Resource, WireOffer), SellerError> {
    let settings = &p.settings;
    let discom = settings.discom(&meter.discom_code).ok_or(SellerError::DiscomUnknown)?;
    let provider = DiscomLedgerProvider::new(
        &discom.discom_id,
        &discom.discom_uri,
        &discom.ledger_id,
        &discom.ledger_uri,
    );
    let mut policy = Policy::new(&settings.policy.url);
    policy.query_path.clone_from(&settings.policy.query_path);
    let seller = Seller {
        platform: platform(p),
        meter_id: &meter.meter_id,
        display_name,
        discom_code: &meter.discom_code,
        discom: &provider,
        policy: &policy,
    };
    let withdrawn = offer.state == OfferState::Withdrawn;
    let slots: Vec<SlotTerms> = offer
        .slots
        .iter()
        .map(|slot| SlotTerms {
            slot: slot.slot,
            price: slot.price,
            available: if withdrawn { WattHours::ZERO } else { slot.available() },
        })
        .collect();
    let (offer_id, resource_id) = (offer.id.to_string(), format!("energy-{}", offer.id));
    let over = p.market_now().min(offer.valid_until);
    // A window has a length, also that of an offer that is taken back at once.
    let from = offer.valid_from.min(over.saturating_sub(Span::from_minutes(1)));
    let terms = OfferTerms {
        offer_id: &offer_id,
        resource_id: &resource_id,
        name: &offer.name,
        short_desc: None,
        resource_type: meter.resource_type.as_deref().unwrap_or("SOLAR"),
        valid_from: if withdrawn { from } else { offer.valid_from },
        valid_until: if withdrawn { over } else { offer.valid_until },
        slots: &slots,
    };
    let (resource, mut wire) = publish::offer(&seller, &terms)?;
    if let (Some(place), Some(provider)) = (meter.place, &mut wire.provider) {
        provider.rest.set("availableAt", Json::array([location(place)]));
    }
    Ok((resource, wire))
}

/// A place as catalogs have it: GeoJSON, longitude first. Hundredths of a degree, so that nobody's roof is told.
fn location((latitude, longitude): (i64, i64)) -> Json {
    let degrees = |hundredths: i64| Json::Number(units::format_scaled(hundredths, 2));
    let point = Json::object([
        ("type", Json::from("Point")),
        ("coordinates", Json::array([degrees(longitude), degrees(latitude)])),
    ]);
    Json::object([("geo", point)])
}

fn platform(p: &Participant) -> Platform<'_> {
    let url = p.settings.base_url.trim_end_matches('/');
    Platform { id: &p.settings.subscriber_id, url, name: &p.settings.subscriber_id }
}

/// `catalog/publish` with this one offer and its resource.
fn publication(
    p: &Participant,
    offer: &Offer,
    meter: &Meter,
    user: &User,
    message_id: Uuid,
) -> Result<Outgoing, SellerError> {
    let settings = &p.settings;
    let entry = entry(p, offer, meter, &user.display_name)?;
    let catalog_id = format!("catalog-{}", settings.subscriber_id);
    let catalog = publish::catalog(&catalog_id, &platform(p), &p.bpp_uri(), [entry]);
    let message = publish::publish(catalog, std::slice::from_ref(&settings.network_id)).to_json();
    let leg = Leg::new(
        Action::CatalogPublish,
        (&settings.catalog_service_id, ""),
        Face::Base,
        &offer.publish_transaction_id.to_string(),
        &message_id.to_string(),
        message,
    );
    Ok(p.compose(&leg)?)
}

/// The catalog's verdict.
///
/// # Errors
/// Our own trouble; the message is worked off again.
pub(super) async fn on_publish(p: &Participant, job: &InboxJob) -> Result<(), SellerError> {
    let asked = Asked::read(job)?;
    let results = PublishResults::read(&asked.message, &Path::new("message"))?;
    let refused: Vec<String> = results
        .results
        .iter()
        .filter(|result| result.status != "ACCEPTED")
        .flat_map(|result| result.errors.iter().filter_map(Refusal::read))
        .map(|refusal| format!("{}: {}", refusal.code, refusal.message))
        .collect();
    let accepted = results.results.iter().all(|result| result.status == "ACCEPTED");
    let verdict = if accepted { Publication::Accepted } else { Publication::Rejected };
    let reason = (!accepted).then(|| refused.join("; "));
    conclude(p, &job.message_id, &job.transaction_id, verdict, reason, Ends::from(job)).await
}

/// Our publication was taken, or not.
///
/// # Errors
/// Our own trouble; the message is sent again.
pub(super) async fn sent(p: &Participant, job: &OutboxJob, outcome: &Outcome) -> Result<(), SellerError> {
    let ends = Ends::outbox(job, outcome);
    match outcome {
        Outcome::Delivered { .. } => super::step::end_alone(p, ends).await,
        other => {
            let (id, transaction) = (job.message_id.clone(), job.transaction_id.clone());
            conclude(p, &id, &transaction, Publication::Rejected, Some(other.summary()), ends).await
        }
    }
}

async fn conclude(
    p: &Participant,
    message_id: &str,
    transaction_id: &str,
    verdict: Publication,
    reason: Option<String>,
    ends: Ends,
) -> Result<(), SellerError> {
    let work = Arc::new((message_id.to_owned(), transaction_id.to_owned(), reason, ends));
    let now = p.now();
    let stored = p.db.write(move |tx| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let (message_id, transaction_id, reason, ends) = &*work;
            let owner = market::published_by(tx, message_id).await?;
            market::mark_verdict(tx, message_id, verdict, reason.as_deref()).await?;
            if let Some((offer, user)) = owner {
                let data = OfferVerdict { offer_id: offer, reason: reason.clone() };
                let fact = match verdict {
                    Publication::Accepted => Fact::OfferAccepted(data),
                    _ => Fact::OfferRejected(data),
                };
                events::tell(tx, user, transaction_id, &fact, now).await?;
            }
            match ends {
                Ends::Nothing => Ok(()),
                Ends::Inbox(job) => inbox::complete(tx, job, now).await,
                Ends::Outbox(job, outcome) => outbox::conclude(tx, job, outcome, now).await,
            }
        })
    });
    Ok(stored.await?)
}
