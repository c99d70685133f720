//! `catalog/subscription`: create, change, list, look, end (Beckn 2.0; facts, beckn-wire b.1).
//!
//! Whose subscription it is, the signature says. The answer is the HTTP response; nothing is called back.
//!
//! All subscribers are served by one policy of delivery, which every answer states in the form of the wish for another. A
//! wish that it exceeds in patience or retries is met by more than was asked for; one for smaller messages is refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::feed::Subscription;
use beckn_wire::json::{Json, Object};
use db::{DbError, params};
use futures_util::FutureExt as _;
use node::address::uri_matches;
use node::{Admission, Effect, EffectError, Incoming, Record, Refusal};
use units::Timestamp;
use uuid::Uuid;

use super::answer::{Query, refuse, unavailable, uuid};
use super::store::{self, Stored};
use super::{Feed, lines};

/// Most active subscriptions of one subscriber, and most that are remembered of those that ended.
pub(super) const SUBSCRIPTIONS_MAX: i64 = 50;
const NETWORKS_MAX: usize = 16;
const TYPES_MAX: usize = 64;
const TEXT_MAX: usize = 512;
/// The largest push: a part of a catalog, its directives, and the envelope.
const PAYLOAD_MAX: i64 = 640 * 1024;
/// How pushes are delivered: so long for an answer, and how often again (the outbox's table, whose waits grow about
/// threefold, for five days).
const TIMEOUT_SECONDS: i64 = 10;
const RETRIES: [(&str, i64); 4] =
    [("maxRetries", 1_440), ("initialDelaySeconds", 1), ("maxDelaySeconds", 300), ("backoffMultiplier", 3)];
const ACTION: &str = "catalog/on_subscription";
const PLACE: &str = "message/subscription";

db::sql! {
    FORGET_ENDED = "DELETE FROM subscriptions WHERE subscriber = $1 AND status = 'INACTIVE' AND id NOT IN
        (SELECT s.id FROM subscriptions s WHERE s.subscriber = $1 AND s.status = 'INACTIVE'
            ORDER BY s.updated_at DESC, s.id LIMIT $2)";
}

/// What is subscribed to.
#[derive(Clone, Debug)]
struct Wish {
    networks: BTreeSet<String>,
    types: BTreeSet<String>,
}

/// What the transaction needs.
struct Plan {
    /// The subscription to change, in place of a new one.
    changes: Option<Uuid>,
    new_id: Uuid,
    transaction_id: Uuid,
    subscriber: String,
    wish: Wish,
    now: Timestamp,
    /// The answer, without its subscription.
    answer: Object,
}

impl Feed {
    /// Judges `POST catalog/subscription`; the change happens in the transaction that stores the message.
    ///
    /// # Errors
    /// 400 for what cannot be read, 403 for a network of which the subscriber is no member.
    pub fn subscribe(&self, incoming: &Incoming) -> Result<Admission, Refusal> {
        let changes = Query::parse(&incoming.query)?.id("subscriptionId")?;
        let wish = self.wish(incoming)?;
        let node = self.node().ok_or_else(|| refuse(503, ErrorCode::NetOverloaded, "not ready", ""))?;
        let context = &incoming.envelope.context;
        let subscriber = incoming.sender.subscriber_id.clone();
        let plan = Plan {
            changes,
            new_id: node.ids().uuid(),
            transaction_id: node.ids().uuid(),
            answer: self.answer(ACTION, Some(context), &subscriber, Json::Null)?,
            subscriber,
            wish,
            now: self.clocks.wire.now(),
        };
        let plan = Arc::new(plan);
        let effect: Effect = Arc::new(move |tx| {
            let plan = Arc::clone(&plan);
            async move { plan.run(tx).await }.boxed()
        });
        Ok(Admission::Answer(effect))
    }

    fn wish(&self, incoming: &Incoming) -> Result<Wish, Refusal> {
        let wish = incoming.document.at(&["message", "subscription"]);
        let wish = wish.ok_or_else(|| WireError::required(PLACE))?;
        let list = |name: &str, most: usize| {
            let path = format!("{PLACE}/{name}");
            let items = wish.get(name).and_then(Json::as_array).unwrap_or_default();
            let texts: BTreeSet<String> =
                items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect();
            let fits = |text: &String| {
                !text.is_empty() && text.len() <= TEXT_MAX && !text.chars().any(char::is_control)
            };
            match items.len() <= most && texts.iter().all(fits) {
                true => Ok(texts),
                false => {
                    Err(WireError::format(path, format!("at most {most} texts of at most {TEXT_MAX} bytes")))
                }
            }
        };
        let (mut networks, mut types) = (list("networkIds", NETWORKS_MAX)?, list("schemaTypes", TYPES_MAX)?);
        if networks.is_empty() && types.is_empty() {
            return Err(WireError::new(ErrorCode::SchSchemaValidationFailed, "needs a network or a type")
                .at(PLACE)
                .into());
        }
        // The older text's sentinel for all types.
        if types.contains("*") {
            types.clear();
        }
        if let Some(url) = wish.get("callbackUrl").and_then(Json::as_str)
            && uri_matches(&incoming.sender.url, url).is_none()
        {
            let why = "pushes go to the address in the registry, and this is another";
            return Err(WireError::new(ErrorCode::CtxCallbackUrlMissing, why)
                .at(format!("{PLACE}/callbackUrl"))
                .into());
        }
        let most = wish.at(&["deliveryPolicy", "maxPayloadBytes"]).and_then(Json::as_number);
        if most.and_then(|text| text.parse::<i64>().ok()).is_some_and(|most| most < PAYLOAD_MAX) {
            let why = format!("a push has up to {PAYLOAD_MAX} bytes; who takes less pulls");
            let path = format!("{PLACE}/deliveryPolicy/maxPayloadBytes");
            return Err(WireError::new(ErrorCode::PolNpCapacityExceeded, why).at(path).into());
        }
        let common = self.common(&incoming.sender);
        if !networks.is_subset(&common) {
            let why = "a subscriber sees only networks of which it is a member";
            return Err(WireError::new(ErrorCode::AutDomainNotAllowed, why)
                .at(format!("{PLACE}/networkIds"))
                .into());
        }
        if networks.is_empty() {
            networks = common;
        }
        Ok(Wish { networks, types })
    }

    /// The caller's subscriptions: one, or a page of them.
    ///
    /// # Errors
    /// 400 for a query that cannot be read, 403 for another's subscription, 404 for none.
    pub async fn subscriptions(
        &self,
        caller: &Record,
        id: Option<&str>,
        query: &str,
    ) -> Result<Json, Refusal> {
        let query = Query::parse(query)?;
        let id = match id {
            Some(id) => Some(uuid(id)?),
            None => query.id("subscriptionId")?,
        };
        if let Some(asked) = query.get("subscriberId")
            && asked != caller.subscriber_id
            && uri_matches(&caller.url, asked).is_none()
        {
            return Err(not_theirs());
        }
        let status = query.get("status").unwrap_or_default().to_owned();
        if !matches!(status.as_str(), "" | "ACTIVE" | "INACTIVE") {
            return Err(refuse(400, ErrorCode::SchInvalidEnum, "status is ACTIVE or INACTIVE", "status"));
        }
        let page = query.page()?;
        let (limit, offset) = (i64::from(page.limit), i64::from(page.offset));
        let subscriber = caller.subscriber_id.clone();
        if let Some(id) = id {
            let found = self.find(id, &subscriber).await?;
            return self.told(&subscriber, &[found], None);
        }
        let owner = subscriber.clone();
        let read = self.db.read(move |tx| {
            let (owner, status) = (owner.clone(), status.clone());
            Box::pin(async move {
                let count = tx.query_one(&store::COUNT_SUBSCRIPTIONS, &params![&owner, &status]).await?;
                let key = params![&owner, &status, limit, offset];
                let rows = tx.query(&store::LIST_SUBSCRIPTIONS, &key).await?;
                let rows = rows.iter().map(store::subscription).collect::<Result<Vec<_>, _>>()?;
                Ok::<_, DbError>((count.get::<i64>("n")?, rows))
            })
        });
        let (total, rows) = read.await.map_err(|error| unavailable(&error))?;
        let total = usize::try_from(total).unwrap_or_default();
        self.told(&subscriber, &rows, Some(page.told(total, rows.len())))
    }

    /// A subscription of this subscriber.
    pub(super) async fn find(&self, id: Uuid, subscriber: &str) -> Result<Stored, Refusal> {
        let found = self.db.read(move |tx| Box::pin(async move { store::find(tx, id).await })).await;
        theirs(found.map_err(|error| unavailable(&error))?, subscriber)
    }

    /// Ends a subscription; ending it again changes nothing.
    ///
    /// # Errors
    /// As [`Feed::subscriptions`].
    pub async fn unsubscribe(&self, caller: &Record, id: Option<&str>, query: &str) -> Result<Json, Refusal> {
        let id = match id {
            Some(id) => Some(uuid(id)?),
            None => Query::parse(query)?.id("subscriptionId")?,
        };
        let Some(id) = id else {
            return Err(refuse(400, ErrorCode::SchRequiredFieldMissing, "which one?", "subscriptionId"));
        };
        let (subscriber, now) = (caller.subscriber_id.clone(), self.clocks.wire.now());
        let ended: Result<Stored, EffectError> = self
            .db
            .write(move |tx| {
                let subscriber = subscriber.clone();
                Box::pin(async move {
                    theirs(store::find(tx, id).await?, &subscriber)?;
                    tx.execute(&store::END_SUBSCRIPTION, &params![id, now]).await?;
                    Ok(theirs(store::find(tx, id).await?, &subscriber)?)
                })
            })
            .await;
        match ended {
            Ok(ended) => self.told(&caller.subscriber_id, &[ended], None),
            Err(EffectError::Refused(refusal)) => Err(refusal),
            Err(EffectError::Db(error)) => Err(unavailable(&error)),
        }
    }

    fn told(&self, caller: &str, list: &[Stored], page: Option<Json>) -> Result<Json, Refusal> {
        let mut message = Object::new();
        message.set("subscriptions", Json::array(list.iter().map(on_wire)));
        if let Some(page) = page {
            message.set("pagination", page);
        }
        self.answer(ACTION, None, caller, Json::Object(message)).map(Json::Object)
    }
}

fn not_theirs() -> Refusal {
    refuse(
        403,
        ErrorCode::AutUnauthorizedAction,
        "this is not a subscription of the signer",
        "subscriptionId",
    )
}

fn theirs(found: Option<Stored>, subscriber: &str) -> Result<Stored, Refusal> {
    match found {
        None => {
            Err(refuse(404, ErrorCode::BizItemNotFound, "there is no such subscription", "subscriptionId"))
        }
        Some(found) if found.subscriber != subscriber => Err(not_theirs()),
        Some(found) => Ok(found),
    }
}

/// How pushes are delivered, whatever was wished for.
fn policy() -> Json {
    Json::object([
        ("timeoutSeconds", Json::from(TIMEOUT_SECONDS)),
        ("maxPayloadBytes", Json::from(PAYLOAD_MAX)),
        ("retryPolicy", Json::object(RETRIES.map(|(name, count)| (name, Json::from(count))))),
    ])
}

fn on_wire(stored: &Stored) -> Json {
    let mut rest = Object::new();
    rest.set("deliveryPolicy", policy());
    Subscription {
        id: stored.id.to_string(),
        networks: stored.networks.iter().cloned().collect(),
        schema_types: stored.types.iter().cloned().collect(),
        active: stored.active,
        created_at: Some(stored.created_at),
        updated_at: Some(stored.updated_at),
        rest,
    }
    .to_json()
}

impl Plan {
    async fn run(&self, tx: &mut db::Tx) -> Result<Object, EffectError> {
        let (networks, types) = (lines(&self.wish.networks), lines(&self.wish.types));
        let known = match self.changes {
            Some(id) => Some(theirs(store::find(tx, id).await?, &self.subscriber)?),
            None => None,
        };
        let twin = tx.query_opt(&store::TWIN, &params![&self.subscriber, &networks, &types]).await?;
        let twin: Option<Uuid> = twin.map(|row| row.get("id")).transpose()?;
        if let Some(twin) = twin.filter(|twin| Some(*twin) != self.changes) {
            let why = format!("the same is subscribed to already, as {twin}");
            return Err(refuse(409, ErrorCode::BizInvalidStateTransition, &why, PLACE).into());
        }
        let active = tx.query_one(&store::COUNT_SUBSCRIPTIONS, &params![&self.subscriber, "ACTIVE"]).await?;
        let adds = known.as_ref().is_none_or(|known| !known.active);
        if adds && active.get::<i64>("n")? >= SUBSCRIPTIONS_MAX {
            let why = "too many subscriptions";
            return Err(refuse(403, ErrorCode::PolNpCapacityExceeded, why, PLACE).into());
        }
        let (last, _) = store::counter(tx).await?;
        tx.execute(&store::PUT_SUBSCRIBER, &params![&self.subscriber, self.transaction_id, last]).await?;
        tx.execute(&store::SKIP_IDLE, &params![&self.subscriber, last]).await?;
        let id = match known {
            Some(known) => {
                let since = if known.active { known.since } else { last };
                let fields = params![known.id, &networks, &types, since, self.now];
                tx.execute(&store::CHANGE_SUBSCRIPTION, &fields).await?;
                known.id
            }
            None => {
                let fields = params![self.new_id, &self.subscriber, &networks, &types, last, self.now];
                tx.execute(&store::INSERT_SUBSCRIPTION, &fields).await?;
                self.new_id
            }
        };
        tx.execute(&FORGET_ENDED, &params![&self.subscriber, SUBSCRIPTIONS_MAX]).await?;
        let stored = theirs(store::find(tx, id).await?, &self.subscriber)?;
        let mut answer = self.answer.clone();
        answer.set("message", Json::object([("subscriptions", Json::array([on_wire(&stored)]))]));
        Ok(answer)
    }
}
