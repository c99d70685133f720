//! Our own subscription with the catalog service: there while somebody waits for something, and not longer.
//!
//! The service may lose it: it lost its file, or ended it. So it is looked at every so often (wire time), and made anew
//! when it is gone; then a search brings what was published in between, and its pages are matched like pushes. The
//! search has one transaction, is asked again until it is answered, and its answer twice changes nothing.

use std::sync::Arc;

use beckn_wire::energy::feed::{
    SUBSCRIPTION_PATH, Subscription, read_subscriptions, subscribe as wanted, subscription_target,
};
use db::DbError;
use node::client::Method;
use node::{Face, outbox};
use units::{Span, Timestamp};

use super::store::{self, Subscribed};
use crate::buyer::model::DiscoverWish;
use crate::buyer::offers::{READ_TTL, question};
use crate::network::{Action, Leg, Participant};

/// Who has waited longer than this without a subscription may have missed something.
const MISSED: Span = Span::from_secs(10);

/// What is known before a round.
#[derive(Clone, Debug)]
struct Known {
    /// Since when somebody has waited.
    waiting: Option<Timestamp>,
    subscribed: Option<Subscribed>,
}

/// Subscribes when there are interests and no subscription, makes anew what the service forgot, and ends it when there
/// are no interests. Gives how much it did; a service that does not answer is asked again in a later round.
///
/// # Errors
/// The database's.
pub async fn subscribe(p: &Participant) -> Result<usize, DbError> {
    let service = p.settings.catalog_service_id.clone();
    let read = {
        let service = service.clone();
        p.db.read(move |tx| {
            let service = service.clone();
            Box::pin(async move {
                let subscribed = store::subscription(tx, &service).await?;
                Ok::<_, DbError>(Known { waiting: store::oldest_active(tx).await?, subscribed })
            })
        })
    };
    let now = p.now();
    match read.await? {
        Known { waiting: Some(since), subscribed: None } => {
            begin(p, service, now.since(since) > MISSED).await
        }
        Known { waiting: Some(_), subscribed: Some(known) } => {
            if now.since(known.checked_at) >= p.settings.subscription_interval {
                return look(p, service, known).await;
            }
            let open = known.caught_up_at.is_none()
                && known.catch_up_asked_at.is_none_or(|at| now.since(at) > READ_TTL);
            match known.catch_up_id.filter(|_| open) {
                Some(id) => catch_up(p, service, id).await,
                None => Ok(0),
            }
        }
        Known { waiting: None, subscribed: Some(known) } => end(p, service, known.id).await,
        Known { waiting: None, subscribed: None } => Ok(0),
    }
}

/// The subscriptions in an answer that is certainly the service's.
async fn ask(p: &Participant, service: &str, method: Method, path: &str, body: Vec<u8>) -> Option<Answer> {
    match p.node.ask(&p.settings.subscriber_id, service, method, path, body).await {
        Ok(asked) if asked.verified => {
            Some(Answer { status: asked.status, list: read_subscriptions(&asked.body).unwrap_or_default() })
        }
        Ok(asked) => {
            tracing::warn!(status = asked.status, "an answer about the subscription is not signed");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "the catalog service cannot be asked for the subscription now");
            None
        }
    }
}

struct Answer {
    status: u16,
    list: Vec<Subscription>,
}

/// `missed` when something may have been published that nobody told us of.
async fn begin(p: &Participant, service: String, missed: bool) -> Result<usize, DbError> {
    let message = wanted(std::slice::from_ref(&p.settings.network_id), &[]);
    let ids = [p.ids.uuid().to_string(), p.ids.uuid().to_string()];
    let mut leg =
        Leg::new(Action::CatalogSubscription, (&service, ""), Face::Base, &ids[0], &ids[1], message);
    leg.ttl = Some(READ_TTL);
    let body = match p.compose(&leg) {
        Ok(message) => message.body,
        Err(error) => {
            tracing::error!(%error, "a subscription cannot be asked for");
            return Ok(0);
        }
    };
    let Some(asked) = ask(p, &service, Method::POST, SUBSCRIPTION_PATH, body).await else { return Ok(0) };
    let granted = match asked.status {
        200 => asked.list.into_iter().next(),
        // We have one already, and did not know it: its grant was lost, or our own store was.
        409 => ours(p, &service).await,
        _ => None,
    };
    let Some(subscription) = granted else {
        tracing::warn!(status = asked.status, "a subscription was not granted");
        return Ok(0);
    };
    let (now, catch_up) = (p.now(), missed.then(|| p.ids.uuid().to_string()));
    p.db.write(move |tx| {
        let (service, id, catch_up) = (service.clone(), subscription.id.clone(), catch_up.clone());
        Box::pin(async move { store::subscribed(tx, &service, &id, catch_up.as_deref(), now).await })
    })
    .await?;
    Ok(1)
}

/// The subscription to everything in our network that the service has of us.
async fn ours(p: &Participant, service: &str) -> Option<Subscription> {
    let path = format!("{SUBSCRIPTION_PATH}?status=ACTIVE&limit=100");
    let listed = ask(p, service, Method::GET, &path, Vec::new()).await?;
    listed.list.into_iter().find(|one| {
        one.active && one.schema_types.is_empty() && one.networks == [p.settings.network_id.as_str()]
    })
}

/// Is it still there? A service that cannot say it is asked again after the interval.
async fn look(p: &Participant, service: String, known: Subscribed) -> Result<usize, DbError> {
    let target = subscription_target(&known.id);
    let answer = ask(p, &service, Method::GET, &target, Vec::new()).await;
    let gone = answer.is_some_and(|answer| match answer.status {
        200 => !answer.list.iter().any(|one| one.id == known.id && one.active),
        403 | 404 => true,
        _ => false,
    });
    if gone {
        tracing::warn!(service, "the catalog service has forgotten the subscription");
        return begin(p, service, true).await;
    }
    let now = p.now();
    p.db.write(move |tx| {
        let (service, id) = (service.clone(), known.id.clone());
        Box::pin(async move { store::checked(tx, &service, &id, now).await })
    })
    .await?;
    Ok(0)
}

/// Searches for what was published while nobody told us.
async fn catch_up(p: &Participant, service: String, id: String) -> Result<usize, DbError> {
    let message = match question(p, &DiscoverWish::default(), (&id, &p.ids.uuid().to_string())) {
        Ok(message) => message,
        Err(error) => {
            tracing::error!(?error, "what was missed cannot be searched for");
            return Ok(0);
        }
    };
    let (plan, ids, now) = (Arc::new((service, id, message)), p.ids.clone(), p.now());
    let asked = p.db.write(move |tx| {
        let (plan, ids) = (Arc::clone(&plan), ids.clone());
        Box::pin(async move {
            let (service, id, message) = &*plan;
            if !store::catch_up_asked(tx, service, id, now).await? {
                return Ok::<_, DbError>(0);
            }
            outbox::enqueue(tx, &ids, message, now).await?;
            Ok(1)
        })
    });
    let asked = asked.await?;
    p.node.wake();
    Ok(asked)
}

async fn end(p: &Participant, service: String, id: String) -> Result<usize, DbError> {
    let me = &p.settings.subscriber_id;
    let target = subscription_target(&id);
    match p.node.ask(me, &service, Method::DELETE, &target, Vec::new()).await {
        // One that is not known there needs no end.
        Ok(asked) if asked.status < 300 || asked.status == 404 => {}
        Ok(asked) => {
            tracing::warn!(status = asked.status, "a subscription was not ended");
            return Ok(0);
        }
        Err(error) => {
            tracing::warn!(%error, "a subscription cannot be ended now");
            return Ok(0);
        }
    }
    p.db.write(move |tx| {
        let service = service.clone();
        Box::pin(async move { store::unsubscribed(tx, &service).await })
    })
    .await?;
    Ok(1)
}
