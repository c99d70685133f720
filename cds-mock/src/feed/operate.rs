//! What the operator of the service, or a subscriber for itself, does by hand: look at dead letters, and have them and
//! what followed pushed once more.
//!
//! Replaying moves the subscriber's place back. So everything since then comes again, in its order, and ends in the
//! present state, which single old messages would not.

use std::sync::Arc;

use beckn_wire::code::ErrorCode;
use beckn_wire::json::{Json, Object};
use db::{DbError, params};
use node::{Record, Refusal};
use units::Timestamp;
use uuid::Uuid;

use super::answer::{Query, refuse, unavailable};
use super::{Feed, store};

/// Most dead letters of one answer.
const LETTERS_MAX: i64 = 100;

/// A push that was given up.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub id: Uuid,
    /// The number of the publication.
    pub publication: i64,
    pub reason: String,
    pub enqueued_at: Timestamp,
    pub given_up_at: Option<Timestamp>,
}

impl DeadLetter {
    fn to_json(&self) -> Json {
        let mut object = Object::new();
        object.set("id", self.id.to_string());
        object.set("publication", self.publication);
        object.set("reason", self.reason.as_str());
        object.set("enqueuedAt", self.enqueued_at.to_rfc3339());
        if let Some(at) = self.given_up_at {
            object.set("givenUpAt", at.to_rfc3339());
        }
        Json::Object(object)
    }
}

impl Feed {
    /// The caller may act for this subscriber: it is itself, or the service's own operator, who has its key.
    fn may_act(&self, caller: &Record, subscriber: &str) -> Result<(), Refusal> {
        if caller.subscriber_id == subscriber || caller.subscriber_id == self.subscriber_id {
            return Ok(());
        }
        let why = "this is done by the subscriber itself, or with the key of the service";
        Err(refuse(403, ErrorCode::AutUnauthorizedAction, why, "subscriber"))
    }

    /// `GET /feed/dead-letters?subscriber=…`: the first hundred of them; the caller's own when none is named.
    ///
    /// # Errors
    /// 403 for another's.
    pub async fn dead_letters_told(&self, caller: &Record, query: &str) -> Result<Json, Refusal> {
        let query = Query::parse(query)?;
        let subscriber = query.get("subscriber").unwrap_or(&caller.subscriber_id).to_owned();
        self.may_act(caller, &subscriber)?;
        let letters = self.dead_letters(&subscriber).await.map_err(|error| unavailable(&error))?;
        Ok(Json::object([
            ("subscriber", Json::from(subscriber)),
            ("deadLetters", Json::array(letters.iter().map(DeadLetter::to_json))),
        ]))
    }

    /// The pushes to a subscriber that were given up, oldest publication first, at most a hundred.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn dead_letters(&self, subscriber: &str) -> Result<Vec<DeadLetter>, DbError> {
        let subscriber = subscriber.to_owned();
        let read = self.db.read(move |tx| {
            let subscriber = subscriber.clone();
            Box::pin(async move { tx.query(&store::DEAD_PUSHES, &params![subscriber, LETTERS_MAX]).await })
        });
        let letter = |row: &db::Row| {
            Ok(DeadLetter {
                id: row.get("id")?,
                publication: row.get("publication")?,
                reason: row.get::<Option<String>>("reason")?.unwrap_or_default(),
                enqueued_at: row.get("enqueued_at")?,
                given_up_at: row.get("finished_at")?,
            })
        };
        read.await?.iter().map(letter).collect()
    }

    /// `POST /feed/replay` with `{"subscriber", "from"?}`.
    ///
    /// # Errors
    /// 400 for what cannot be read, 403 for another subscriber.
    pub async fn replay_told(&self, caller: &Record, body: &[u8]) -> Result<Json, Refusal> {
        let bad = |path| refuse(400, ErrorCode::SchInvalidFormat, "cannot be read", path);
        let body = Json::parse(body).map_err(|_| bad(""))?;
        let subscriber = match body.get("subscriber") {
            Some(named) => named.as_str().ok_or_else(|| bad("subscriber"))?.to_owned(),
            None => caller.subscriber_id.clone(),
        };
        self.may_act(caller, &subscriber)?;
        let from = match body.get("from") {
            Some(from) => {
                let from = from.as_str().and_then(|text| Timestamp::parse_rfc3339(text).ok());
                Some(from.ok_or_else(|| bad("from"))?)
            }
            None => None,
        };
        let again = self.replay(&subscriber, from).await.map_err(|error| unavailable(&error))?;
        Ok(Json::object([("subscriber", Json::from(subscriber)), ("deadLetters", Json::from(again))]))
    }

    /// Pushes once more: from the oldest dead letter on, or from this instant if that is given. Dead letters that come
    /// again by it are dead no more; gives how many. One transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn replay(&self, subscriber: &str, from: Option<Timestamp>) -> Result<i64, DbError> {
        let subscriber: Arc<str> = subscriber.into();
        let again = self.db.write(move |tx| {
            let subscriber = Arc::clone(&subscriber);
            Box::pin(async move {
                let subscriber = &*subscriber;
                let dead = tx.query_one(&store::DEAD_FROM, &params![subscriber]).await?;
                let (oldest, count): (i64, i64) = (dead.get("seq")?, dead.get("n")?);
                let dated: i64 = match from {
                    Some(from) => tx.query_one(&store::FIRST_SINCE, &params![from]).await?.get("seq")?,
                    None => 0,
                };
                let first = [oldest, dated].into_iter().filter(|seq| *seq > 0).min();
                let Some(first) = first else { return Ok(0) };
                let place = first.saturating_sub(1);
                tx.execute(&store::LOWER_PLACE, &params![subscriber, place]).await?;
                if from.is_some() {
                    tx.execute(&store::LOWER_SINCE, &params![subscriber, place]).await?;
                }
                tx.execute(&store::CLEAR_DEAD, &params![subscriber]).await?;
                Ok::<_, DbError>(count)
            })
        });
        let again = again.await?;
        self.wake();
        Ok(again)
    }
}
