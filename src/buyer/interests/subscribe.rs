//! Our own subscription with the catalog service: there while somebody waits for something, and not longer.

use beckn_wire::energy::feed::{
    SUBSCRIPTION_PATH, read_subscriptions, subscribe as wanted, subscription_target,
};
use db::DbError;
use node::Face;
use node::client::Method;

use super::store;
use crate::buyer::offers::READ_TTL;
use crate::network::{Action, Leg, Participant};

/// Subscribes when there are interests and no subscription, and ends it when there are none. Gives how much it did; a
/// service that does not answer is asked again in the next round.
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
                let known = store::subscription(tx, &service).await?;
                Ok::<_, DbError>((store::count_active(tx).await? > 0, known))
            })
        })
    };
    match read.await? {
        (true, None) => begin(p, service).await,
        (false, Some(id)) => end(p, service, id).await,
        _ => Ok(0),
    }
}

async fn begin(p: &Participant, service: String) -> Result<usize, DbError> {
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
    let me = &p.settings.subscriber_id;
    let asked = match p.node.ask(me, &service, Method::POST, SUBSCRIPTION_PATH, body).await {
        Ok(asked) => asked,
        Err(error) => {
            tracing::warn!(%error, "the catalog service takes no subscription now");
            return Ok(0);
        }
    };
    let subscription = read_subscriptions(&asked.body).ok().and_then(|all| all.into_iter().next());
    let Some(subscription) = subscription.filter(|_| asked.verified && asked.status == 200) else {
        tracing::warn!(status = asked.status, verified = asked.verified, "a subscription was not granted");
        return Ok(0);
    };
    let now = p.now();
    p.db.write(move |tx| {
        let (service, id) = (service.clone(), subscription.id.clone());
        Box::pin(async move { store::subscribed(tx, &service, &id, now).await })
    })
    .await?;
    Ok(1)
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
