//! The feed over real HTTP: subscriptions, pushes, pulls, searches. Whatever the service sends is judged by the
//! specification's own files, where they are there.

use std::sync::OnceLock;

use beckn_wire::action::Action;
use beckn_wire::context::Context;
use beckn_wire::energy::feed::{Subscription, read_subscriptions, subscribe};
use beckn_wire::envelope::body;
use beckn_wire::json::Json;
use beckn_wire::validate::Text;
use clock::TestClock;
use units::Span;

use super::world::*;

mod kill;
#[allow(dead_code, reason = "the oracle of the wire's own tests has more than is needed here")]
#[path = "../../../crates/beckn-wire/tests/payload_vectors/oracle.rs"]
mod oracle;
mod pull;
mod push;
mod search;
mod subscription;

/// A message of a consumer's side to the service.
pub fn from_bap(peer: &Peer, action: Action, made: units::Timestamp, message: Json) -> (Context, Vec<u8>) {
    let mut context = context(action, NETWORK, made);
    context.bap_id = Some(peer.id.clone());
    context.bap_uri = Some(peer.url.clone());
    let bytes = body(&context, message);
    (context, bytes)
}

pub fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

pub fn code(answer: &Json) -> &str {
    answer.at(&["message", "error", "code"]).and_then(Json::as_str).unwrap_or_default()
}

impl World {
    pub async fn try_subscribe(&self, peer: &Peer, target: &str, message: Json) -> (u16, Json) {
        let (_, bytes) = from_bap(peer, Action::CatalogSubscription, self.wire.now(), message);
        let (status, answer) = self.signed(peer, "POST", target, bytes).await;
        if status == 200 {
            judge_answer("/catalog/subscription", &answer);
        }
        (status, answer)
    }

    /// A new subscription.
    pub async fn subscribe(&self, peer: &Peer, networks: &[&str], types: &[&str]) -> Subscription {
        let message = subscribe(&texts(networks), &texts(types));
        let (status, answer) = self.try_subscribe(peer, "catalog/subscription", message).await;
        assert_eq!(status, 200, "{answer}");
        read_subscriptions(&answer).unwrap().remove(0)
    }

    /// The next push to a peer.
    pub async fn pushed(&self, peer: &Peer) -> Json {
        let push = self.delivery(peer, "/catalog/push").await;
        judge_message(&push);
        assert_eq!(push.at(&["context", "bapId"]).and_then(Json::as_str), Some(peer.id.as_str()));
        push
    }

    /// The id of the catalog in the next push to a peer.
    pub async fn pushed_id(&self, peer: &Peer) -> String {
        catalog_id(&self.pushed(peer).await).to_owned()
    }
}

pub fn catalog_id(push: &Json) -> &str {
    push.at(&["message", "catalogs", "0", "id"]).and_then(Json::as_str).unwrap()
}

fn oracles() -> Option<&'static [oracle::Oracle; 2]> {
    static ORACLES: OnceLock<Option<[oracle::Oracle; 2]>> = OnceLock::new();
    let load = || {
        let folder = test_support::vectors::dir()?;
        Some([Text::Main, Text::Tag].map(|text| oracle::Oracle::load(&folder, text)))
    };
    ORACLES.get_or_init(load).as_ref()
}

fn value(json: &Json) -> serde_json::Value {
    serde_json::from_slice(&json.to_bytes()).unwrap()
}

/// A message must be valid in every text that knows its action.
pub fn judge_message(message: &Json) {
    let action = message.at(&["context", "action"]).and_then(Json::as_str).unwrap().to_owned();
    let Some(oracles) = oracles() else { return };
    let knowing: Vec<_> = oracles.iter().filter(|oracle| oracle.bodies.contains_key(&action)).collect();
    assert!(!knowing.is_empty(), "{action}");
    for oracle in knowing {
        assert!(oracle.is_valid(&value(message)), "{:?}: {message}", oracle.text);
    }
}

/// The answer to a POST must be what every text that knows the address says.
pub fn judge_answer(path: &str, answer: &Json) {
    let Some(oracles) = oracles() else { return };
    let knowing: Vec<_> = oracles.iter().filter(|oracle| oracle.answers.contains_key(path)).collect();
    assert!(!knowing.is_empty(), "{path}");
    for oracle in knowing {
        let validator = oracle::compile(&oracle.components, &oracle.answers[path]);
        assert!(validator.is_valid(&value(answer)), "{:?}: {answer}", oracle.text);
    }
}

/// The service itself, as its operator speaks for it.
pub fn service(world: &World) -> Peer {
    Peer::of_service(world)
}

/// Lets time pass when nothing is under way: a clock that jumps takes leases and signatures away from what is.
pub async fn pass(world: &World, clock: &TestClock, by: Span) {
    const BUSY: db::Sql = db::Sql::new(
        "test::busy",
        "SELECT (SELECT COUNT(*) FROM outbox WHERE state = 'sending')
            + (SELECT COUNT(*) FROM inbox WHERE state IN ('queued', 'working')) AS n",
    );
    let mut quiet = 0;
    for _ in 0..6_000 {
        let row = world.cds.db.read(|tx| Box::pin(async move { tx.query_one(&BUSY, &[]).await })).await;
        quiet = if row.unwrap().get::<i64>("n").unwrap() == 0 { quiet + 1 } else { 0 };
        if quiet == 3 {
            clock.advance(by);
            world.cds.node.wake();
            return;
        }
        node::pause(std::time::Duration::from_millis(10)).await;
    }
    panic!("always something under way");
}

/// Lets time pass until this many pushes have come, and gives their catalogs' ids.
pub async fn collect(world: &World, clock: &TestClock, peer: &Peer, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        if peer.mail_within(std::time::Duration::from_millis(200)).await {
            ids.push(world.pushed_id(peer).await);
        } else {
            pass(world, clock, Span::from_secs(100)).await;
        }
    }
    ids
}

/// Lets time pass until something has happened that nobody announces.
pub async fn eventually(world: &World, clock: &TestClock, what: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if what().await {
            return;
        }
        pass(world, clock, Span::from_secs(100)).await;
    }
    panic!("it did not happen");
}
