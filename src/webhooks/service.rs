//! What users do with their webhooks. Each function is one transaction, and a webhook of somebody else is not found.

use db::{DbError, Tx};
use futures_util::FutureExt;
use node::GuardedClient;
use units::Timestamp;
use uuid::Uuid;

use super::model::{
    self, Change, Delivery, KEPT, KEPT_FOR, New, PER_USER, REPLAY_MAX, Rotated, State, WAITING_MAX, Webhook,
    WebhookError,
};
use super::secret::Secrets;
use super::store;
use crate::events::fact::WebhookDisabled;
use crate::events::{self, Fact, idempotency};
use crate::network::Participant;

/// Rows that one transaction of a replay, or of forgetting, writes.
const BATCH: i64 = 100;

/// The key of a request, and what its answer is made of: remembered in the transaction of the effect.
#[derive(Clone)]
pub struct Under {
    pub key: Option<idempotency::Key>,
    pub body: fn(&Webhook) -> Vec<u8>,
}

impl Under {
    async fn remember(
        &self,
        tx: &mut Tx,
        status: u16,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<(), WebhookError> {
        let Some(key) = &self.key else { return Ok(()) };
        let body = (self.body)(webhook);
        if idempotency::remember(tx, key, status, &body, now).await? {
            Ok(())
        } else {
            Err(WebhookError::Stale)
        }
    }
}

fn callable(client: &GuardedClient, url: &str) -> Result<(), WebhookError> {
    model::check_url(url)?;
    client.check(url).map_err(|_| model::forbidden_url())
}

/// Adds a webhook; its secret is for this answer only.
///
/// # Errors
/// An address that is none or may not be called, an unknown kind, too many; the database's.
pub async fn create(
    p: &Participant,
    (client, secrets): (&GuardedClient, &Secrets),
    user: Uuid,
    new: New,
    under: Under,
) -> Result<Webhook, WebhookError> {
    callable(client, &new.url)?;
    model::check_description(new.description.as_deref())?;
    let (id, now) = (p.ids.uuid(), p.now());
    let webhook = Webhook {
        id,
        user_id: user,
        url: new.url,
        description: new.description,
        filters: model::normal(new.filters)?,
        state: State::Active,
        reason: None,
        generation: 1,
        rotated_at: None,
        api_token: new.api_token,
        secret_check: secrets.check(id, 1),
        failures: 0,
        failing_since: None,
        retry_at: now,
        created_at: now,
        updated_at: now,
    };
    let written = p.db.write(move |tx| {
        let (webhook, under) = (webhook.clone(), under.clone());
        async move {
            store::lock_user(tx, user).await?;
            if store::count(tx, user).await? >= PER_USER {
                return Err(WebhookError::TooMany);
            }
            store::insert(tx, &webhook).await?;
            under.remember(tx, 201, &webhook, now).await?;
            Ok(webhook)
        }
        .boxed()
    });
    written.await
}

/// A webhook of the user.
///
/// # Errors
/// There is none of that id; the database's.
pub async fn find(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<Webhook, WebhookError> {
    let found = store::find(tx, id).await?;
    found.filter(|webhook| webhook.user_id == user).ok_or(WebhookError::NotFound)
}

/// The user's webhooks, newest first, those before `before`.
///
/// # Errors
/// The database's.
pub async fn of_user(
    tx: &mut Tx,
    user: Uuid,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Webhook>, DbError> {
    let before = before.map_or_else(|| "~".to_owned(), |id| id.to_string());
    store::of_user(tx, user, &before, limit).await
}

/// How many webhooks of the user are called.
///
/// # Errors
/// The database's.
pub async fn active(tx: &mut Tx, user: Uuid, now: Timestamp) -> Result<i64, DbError> {
    store::count_active(tx, user, now).await
}

/// Changes a webhook. Another address, or `active`, begins anew: what waits is sent at once. It hangs on the API token
/// that changes it from now on, or on none: what a token has changed does not outlive it.
///
/// # Errors
/// As [`create`]; there is none of that id.
pub async fn change(
    p: &Participant,
    client: &GuardedClient,
    (user, id): (Uuid, Uuid),
    change: Change,
    under: Under,
) -> Result<Webhook, WebhookError> {
    if let Some(url) = &change.url {
        callable(client, url)?;
    }
    model::check_description(change.description.as_deref())?;
    let filters = change.filters.clone().map(model::normal).transpose()?;
    let now = p.now();
    let written = p.db.write(move |tx| {
        let (change, filters, under) = (change.clone(), filters.clone(), under.clone());
        async move {
            let mut webhook = lock(tx, user, id).await?;
            let afresh = change.url.is_some() || change.active == Some(true);
            webhook.url = change.url.unwrap_or(webhook.url);
            webhook.description = change.description.or(webhook.description);
            webhook.api_token = change.api_token;
            match change.active {
                Some(true) => (webhook.state, webhook.reason) = (State::Active, None),
                Some(false) => (webhook.state, webhook.reason) = (State::Paused, None),
                None => {}
            }
            if afresh {
                (webhook.failures, webhook.failing_since, webhook.retry_at) = (0, None, now);
            }
            webhook.updated_at = now;
            store::update(tx, &webhook).await?;
            if let Some(filters) = filters {
                webhook.filters = filters;
                store::replace_filters(tx, &webhook).await?;
            }
            under.remember(tx, 200, &webhook, now).await?;
            Ok(webhook)
        }
        .boxed()
    });
    written.await
}

async fn lock(tx: &mut Tx, user: Uuid, id: Uuid) -> Result<Webhook, WebhookError> {
    let found = store::lock(tx, id).await?;
    found.filter(|webhook| webhook.user_id == user).ok_or(WebhookError::NotFound)
}

/// Removes a webhook and what was waiting for it.
///
/// # Errors
/// There is none of that id; the database's.
pub async fn remove(
    p: &Participant,
    (user, id): (Uuid, Uuid),
    under: Under,
) -> Result<Webhook, WebhookError> {
    let now = p.now();
    let written = p.db.write(move |tx| {
        let under = under.clone();
        async move {
            let webhook = lock(tx, user, id).await?;
            store::delete(tx, id).await?;
            under.remember(tx, 204, &webhook, now).await?;
            Ok(webhook)
        }
        .boxed()
    });
    written.await
}

/// Gives the webhook another secret; the one before signs beside it for a day.
///
/// # Errors
/// There is none of that id; the database's.
pub async fn rotate(
    p: &Participant,
    secrets: &Secrets,
    (user, id): (Uuid, Uuid),
    under: Under,
) -> Result<Rotated, WebhookError> {
    let (secrets, now) = (secrets.clone(), p.now());
    let written = p.db.write(move |tx| {
        let (secrets, under) = (secrets.clone(), under.clone());
        async move {
            let mut webhook = lock(tx, user, id).await?;
            webhook.generation = webhook.generation.saturating_add(1);
            webhook.rotated_at = Some(now);
            webhook.secret_check = secrets.check(id, webhook.generation);
            webhook.updated_at = now;
            store::update(tx, &webhook).await?;
            under.remember(tx, 200, &webhook, now).await?;
            Ok(Rotated::of(webhook))
        }
        .boxed()
    });
    written.await
}

/// The newest deliveries of a webhook, those of events before `before`.
///
/// # Errors
/// There is none of that id; the database's.
pub async fn deliveries(
    tx: &mut Tx,
    (user, id): (Uuid, Uuid),
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Delivery>, WebhookError> {
    find(tx, user, id).await?;
    Ok(store::deliveries(tx, id, before.unwrap_or(i64::MAX), limit).await?)
}

/// Sends the user's events after `event`, or since an instant, once more: those of the webhook's kinds, at most
/// [`REPLAY_MAX`]. Gives how many, and the last event that was looked at when there are more.
///
/// # Errors
/// There is none of that id; the database's.
pub async fn replay(
    p: &Participant,
    (user, id): (Uuid, Uuid),
    after: i64,
    since: Option<Timestamp>,
) -> Result<(usize, Option<i64>), WebhookError> {
    let webhook = p.db.read(move |tx| async move { find(tx, user, id).await }.boxed()).await?;
    let first = match since {
        Some(at) => {
            p.db.read(move |tx| async move { events::first_since(tx, user, at).await }.boxed())
                .await
                .map_err(WebhookError::from)?
        }
        None => Some(after.saturating_add(1)),
    };
    let Some(first) = first else { return Ok((0, None)) };
    let (mut place, mut queued) = (first.saturating_sub(1), 0_usize);
    loop {
        let read =
            p.db.read(move |tx| async move { events::after(tx, user, None, place, BATCH).await }.boxed());
        let page: Result<Vec<events::Event>, DbError> = read.await;
        let page = page?;
        let Some(last) = page.last() else { return Ok((queued, None)) };
        let wanted: Vec<i64> = page
            .iter()
            .filter(|event| webhook.filters.iter().any(|filter| model::matches(filter, &event.kind)))
            .map(|event| event.seq)
            .collect();
        queued = queued.saturating_add(wanted.len());
        place = last.seq;
        let now = p.now();
        let written = p.db.write(move |tx| {
            let wanted = wanted.clone();
            async move {
                // It may have been removed meanwhile.
                lock(tx, user, id).await?;
                for event in wanted {
                    store::again(tx, id, event, now).await?;
                }
                Ok::<_, WebhookError>(())
            }
            .boxed()
        });
        written.await?;
        if queued >= REPLAY_MAX {
            return Ok((queued, Some(place)));
        }
    }
}

/// Remembers the answer to a replay, which is many transactions: a repeated request sends nothing again.
///
/// # Errors
/// The same request was faster on another connection; the database's.
pub async fn remember_replay(
    p: &Participant,
    key: Option<idempotency::Key>,
    body: Vec<u8>,
) -> Result<(), WebhookError> {
    let Some(key) = key else { return Ok(()) };
    let now = p.now();
    let written = p.db.write(move |tx| {
        let (key, body) = (key.clone(), body.clone());
        async move { idempotency::remember(tx, &key, 202, &body, now).await }.boxed()
    });
    let first: Result<bool, DbError> = written.await;
    if first? { Ok(()) } else { Err(WebhookError::Stale) }
}

/// Forgets old deliveries, and disables a webhook for which too much is waiting. Gives how much there was to do.
///
/// # Errors
/// The database's.
pub async fn prune(p: &Participant) -> Result<usize, DbError> {
    let (mut after, mut done, now) = (Uuid::nil(), 0_usize, p.now());
    loop {
        let ids = p.db.read(move |tx| async move { store::ids(tx, after, BATCH).await }.boxed()).await?;
        let Some(last) = ids.last() else { return Ok(done) };
        after = *last;
        for id in ids {
            let pruned = p.db.write(move |tx| async move { prune_one(tx, id, now).await }.boxed());
            done = done.saturating_add(usize::try_from(pruned.await?).unwrap_or(usize::MAX));
        }
    }
}

async fn prune_one(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<u64, DbError> {
    let gone = store::forget(tx, id, now.saturating_sub(KEPT_FOR), KEPT).await?;
    if store::token_over(tx, id, now).await?
        && let Some(mut webhook) = store::lock(tx, id).await?
        && webhook.state == State::Active
    {
        disable(tx, &mut webhook, "the API token that it hangs on is not good any more".to_owned(), now)
            .await?;
        return Ok(gone);
    }
    if store::waiting(tx, id).await? > WAITING_MAX
        && let Some(mut webhook) = store::lock(tx, id).await?
        && webhook.state == State::Active
    {
        disable(tx, &mut webhook, format!("more than {WAITING_MAX} events were waiting"), now).await?;
    }
    Ok(gone)
}

/// Calls a webhook no more, and tells its user.
pub(super) async fn disable(
    tx: &mut Tx,
    webhook: &mut Webhook,
    reason: String,
    now: Timestamp,
) -> Result<(), DbError> {
    webhook.state = State::Disabled;
    webhook.reason = Some(reason.clone());
    webhook.updated_at = now;
    store::update(tx, webhook).await?;
    let data = WebhookDisabled { webhook_id: webhook.id, url: webhook.url.clone(), reason };
    let about = webhook.id.to_string();
    events::tell(tx, webhook.user_id, &about, &Fact::WebhookDisabled(data), now).await
}
