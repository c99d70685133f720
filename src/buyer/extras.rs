//! Questions about a contract: `status`, `track`, `rate`, `support`. They change nothing of it; what comes back of the
//! last three is kept beside it, and `on_status` is read where contracts are, whichever side is ours.

use std::sync::Arc;

use beckn_wire::energy::{Contract as WireContract, messages};
use beckn_wire::json::{Json, Object};
use node::{Face, InboxJob, Outgoing, ProcessError, inbox, outbox};
use units::Timestamp;
use uuid::Uuid;

use super::error::BuyerError;
use super::model::{Accepted, RateWish, StatusWish, SupportWish, TrackWish};
use super::offers::READ_TTL;
use super::step::{Callback, answer, load_own, replay, rounds, told};
use super::store::{self, Question};
use super::terms;
use crate::contract::{Contract, Failure, State};
use crate::events::fact::{Answered, Refused};
use crate::events::{self, Fact, idempotency};
use crate::identity::User;
use crate::network::{Action, Leg, Participant};

const COMMENT_MAX: usize = 500;
const RATING_MAX: i64 = 5;

/// Asks the seller how the contract stands; the answer is merged into it (ruling 15).
///
/// # Errors
/// The contract has no id yet.
pub async fn status(
    p: &Participant,
    user: &User,
    wish: StatusWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    let message = |_: &Contract, wire: &WireContract| Ok(messages::as_it_stands(wire).to_message());
    rounds!(ask(p, user, &wish.transaction_id, Action::Status, &message, key.as_ref()).await)
}

/// Asks where the delivery can be followed.
///
/// # Errors
/// The contract has no id yet.
pub async fn track(
    p: &Participant,
    user: &User,
    wish: TrackWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    let base = p.settings.base_url.trim_end_matches('/').to_owned();
    let message = move |contract: &Contract, wire: &WireContract| Ok(tracking(contract, wire, &base));
    rounds!(ask(p, user, &wish.transaction_id, Action::Track, &message, key.as_ref()).await)
}

/// Rates the seller of a contract that is over, cancelled or complete.
///
/// # Errors
/// Not 1 to 5; a comment that is too long; the contract is not over.
pub async fn rate(
    p: &Participant,
    user: &User,
    wish: RateWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    if !(1..=RATING_MAX).contains(&wish.value) {
        return Err(BuyerError::Field { field: "value", reason: "a rating is a whole number from 1 to 5" });
    }
    if wish.comment.as_ref().is_some_and(|text| text.chars().count() > COMMENT_MAX) {
        return Err(BuyerError::Field { field: "comment", reason: "at most 500 characters" });
    }
    let message = |contract: &Contract, wire: &WireContract| {
        let over = contract.state == State::Cancelled || wire.status.as_deref() == Some("COMPLETE");
        if over { Ok(rating(wire, &wish)) } else { Err(BuyerError::State(contract.state)) }
    };
    rounds!(ask(p, user, &wish.transaction_id, Action::Rate, &message, key.as_ref()).await)
}

/// Asks how the seller's platform can be reached about the contract.
///
/// # Errors
/// The contract has no id yet.
pub async fn support(
    p: &Participant,
    user: &User,
    wish: SupportWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    let message = |_: &Contract, wire: &WireContract| {
        let id = wire.id.as_deref().unwrap_or_default();
        Ok(Json::object([("support", Json::object([("orderId", Json::from(id))]))]))
    };
    rounds!(ask(p, user, &wish.transaction_id, Action::Support, &message, key.as_ref()).await)
}

/// The protocol wants an address and a status in the question too; the answer brings the seller's.
fn tracking(contract: &Contract, wire: &WireContract, base: &str) -> Json {
    let id = wire.id.as_deref().unwrap_or_default();
    let full = messages::as_it_stands(wire).to_json();
    let mut named = Object::new();
    for member in ["id", "commitments"] {
        if let Some(value) = full.get(member) {
            named.set(member, value.clone());
        }
    }
    let status = if contract.state == State::Cancelled { "INACTIVE" } else { "ACTIVE" };
    let tracking = [
        ("contract", Json::from(named)),
        ("status", Json::from(status)),
        ("url", Json::from(format!("{base}/track/{id}"))),
    ];
    Json::object([("tracking", Json::object(tracking))])
}

fn rating(wire: &WireContract, wish: &RateWish) -> Json {
    let mut target = Object::new();
    target.set("id", wire.id.as_deref().unwrap_or_default());
    if let Some(comment) = &wish.comment {
        target.set("descriptor", Json::object([("shortDesc", Json::from(comment.as_str()))]));
    }
    let range = [("value", wish.value), ("bestRating", RATING_MAX), ("worstRating", 1)];
    let range = Json::object(range.map(|(name, number)| (name, Json::from(number))));
    let input = Json::object([("target", Json::from(target)), ("range", range)]);
    Json::object([("ratingInputs", Json::array([input]))])
}

type Compose<'a> = dyn Fn(&Contract, &WireContract) -> Result<Json, BuyerError> + Send + Sync + 'a;

async fn ask(
    p: &Participant,
    user: &User,
    transaction_id: &str,
    action: Action,
    compose: &Compose<'_>,
    key: Option<&idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let (contract, _) = load_own(p, user, transaction_id).await?;
    let mut wire = match contract.document.as_slice() {
        [] => return Err(BuyerError::NotConfirmed),
        _ => terms::document(&contract)?,
    };
    if wire.id.is_none() {
        wire.id.clone_from(&contract.contract_id);
    }
    if wire.id.is_none() {
        return Err(BuyerError::NotConfirmed);
    }
    let message = compose(&contract, &wire)?;
    let accepted = Accepted {
        transaction_id: contract.transaction_id.clone(),
        message_id: p.ids.uuid().to_string(),
        state: contract.state.as_str().to_owned(),
    };
    let request = message.to_string();
    let peer = (contract.peer_id.as_str(), contract.peer_uri.as_str());
    let ids = (accepted.transaction_id.as_str(), accepted.message_id.as_str());
    let mut leg = Leg::new(action, peer, Face::BppReceiver, ids.0, ids.1, message);
    leg.ttl = Some(READ_TTL);
    leg.deadline = Some(p.now().saturating_add(READ_TTL));
    leg.reference = Some(contract.id.to_string());
    let question = (action != Action::Status).then(|| Question {
        message_id: accepted.message_id.clone(),
        transaction_id: contract.transaction_id.clone(),
        user_id: user.id,
        action: action.as_str(),
        request,
    });
    store_question(p, p.compose(&leg)?, question, answer(key, &accepted)?).await?;
    Ok(accepted)
}

async fn store_question(
    p: &Participant,
    message: Outgoing,
    question: Option<Question>,
    answer: Option<(idempotency::Key, Vec<u8>)>,
) -> Result<(), BuyerError> {
    let (plan, ids, now) = (Arc::new((message, question, answer)), p.ids.clone(), p.now());
    let stored = p.db.write(move |tx| {
        let (plan, ids) = (Arc::clone(&plan), ids.clone());
        Box::pin(async move {
            let (message, question, answer) = &*plan;
            if let Some((key, body)) = answer
                && !idempotency::remember(tx, key, 202, body, now).await?
            {
                return Err(BuyerError::Stale);
            }
            if let Some(question) = question {
                store::insert_exchange(tx, question, now).await?;
            }
            outbox::enqueue(tx, &ids, message, now).await?;
            Ok(())
        })
    });
    stored.await?;
    p.node.wake();
    Ok(())
}

/// What came back to a question.
///
/// # Errors
/// A passing trouble; a message that cannot be read.
pub(super) async fn answered(p: &Participant, job: &InboxJob) -> Result<(), ProcessError> {
    let callback = Callback::read(job)?;
    let response = callback.failure.is_none().then(|| callback.message.to_string());
    let (plan, now) = (Arc::new((job.clone(), response, callback.failure)), p.now());
    p.db.write(move |tx| {
        let plan = Arc::clone(&plan);
        Box::pin(async move {
            let (job, response, failure) = &*plan;
            if let Some((user_id, _)) = store::find_exchange(tx, &job.message_id).await? {
                let asked = job.action.request().unwrap_or(job.action);
                tell(tx, (user_id, &job.transaction_id, &job.message_id), asked, failure.as_ref(), now)
                    .await?;
                store::answer_exchange(tx, &job.message_id, response.as_deref(), failure.as_ref(), now)
                    .await?;
            }
            inbox::complete(tx, job, now).await
        })
    })
    .await?;
    Ok(())
}

/// A question was not taken: its message was refused or not delivered.
pub(super) async fn failed(
    tx: &mut db::Tx,
    message_id: &str,
    action: Action,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), db::DbError> {
    let Some((user_id, transaction_id)) = store::find_exchange(tx, message_id).await? else { return Ok(()) };
    tell(tx, (user_id, &transaction_id, message_id), action, Some(failure), now).await?;
    store::answer_exchange(tx, message_id, None, Some(failure), now).await
}

async fn tell(
    tx: &mut db::Tx,
    (user_id, transaction_id, message_id): (Uuid, &str, &str),
    asked: Action,
    failure: Option<&Failure>,
    now: Timestamp,
) -> Result<(), db::DbError> {
    let message_id = message_id.to_owned();
    let fact = match failure {
        Some(failure) => {
            let data = Refused { message_id: Some(message_id), ..told(transaction_id, failure) };
            match asked {
                Action::Track => Fact::TrackRefused(data),
                Action::Rate => Fact::RateRefused(data),
                _ => Fact::SupportRefused(data),
            }
        }
        None => {
            let data = Answered { transaction_id: transaction_id.to_owned(), message_id };
            match asked {
                Action::Track => Fact::TrackAnswered(data),
                Action::Rate => Fact::RateAnswered(data),
                _ => Fact::SupportAnswered(data),
            }
        }
    };
    events::tell(tx, user_id, transaction_id, &fact, now).await
}

#[cfg(test)]
mod tests {
    use super::super::order::tests::init_of_two_slots;
    use super::*;

    #[test]
    fn a_rating_names_the_contract_and_its_range() {
        let mut wire = init_of_two_slots();
        wire.id = Some("c".into());
        let wish = RateWish { transaction_id: "t".into(), value: 4, comment: Some("on time".into()) };
        assert_eq!(
            rating(&wire, &wish).to_string(),
            r#"{"ratingInputs":[{"target":{"id":"c","descriptor":{"shortDesc":"on time"}},"range":{"value":4,"bestRating":5,"worstRating":1}}]}"#
        );
    }
}
