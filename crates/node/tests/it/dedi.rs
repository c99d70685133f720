//! The registry over HTTP: cached for as long as allowed, asked once by many, closed when it fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use beckn_wire::signature::KeyId;
use clock::TestClock;
use futures_util::future::join_all;
use node::{DediConfig, DediRegistry, Registry, RegistryError};
use units::Span;

use crate::http::{Answer, Peer};
use crate::world::{NOW, demo_client, key};

struct Fixture {
    registry: DediRegistry,
    peer: Peer,
    clock: TestClock,
    /// What the registry says about the key now: members of `data` beside the details.
    data: Arc<Mutex<String>>,
    down: Arc<AtomicBool>,
}

async fn fixture() -> Fixture {
    let data = Arc::new(Mutex::new(String::from(r#""ttl":300"#)));
    let down = Arc::new(AtomicBool::new(false));
    let (says, fails) = (Arc::clone(&data), Arc::clone(&down));
    let public = key(3, "a.example").1.public().to_base64();
    let peer = Peer::start(move |request| {
        if fails.load(Ordering::SeqCst) {
            return Answer::json(500, "");
        }
        let known = "/lookup/a.example/subscribers.beckn.one";
        if request.path != known && request.path != format!("{known}/k3") {
            return Answer::json(404, "{}");
        }
        let data = says.lock().unwrap().clone();
        Answer::json(
            200,
            &format!(
                r#"{{"data":{{"record_id":"k3","details":{{"subscriber_id":"a.example",
                "url":"https://a.example","type":"BAP","signing_public_key":"{public}"}},"network_memberships":["n/1"],{data}}}}}"#
            ),
        )
    })
    .await;
    let clock = TestClock::at(NOW);
    let registry = DediRegistry::new(DediConfig::at(&peer.url), demo_client(), Arc::new(clock.clone()));
    Fixture { registry, peer, clock, data, down }
}

fn key_id(subscriber: &str, key: &str) -> KeyId {
    KeyId::new(subscriber, key).unwrap()
}

#[tokio::test]
async fn a_record_is_asked_for_once_by_many_and_kept_a_minute() {
    let f = fixture().await;
    let id = key_id("a.example", "k3");
    let answers = join_all((0..50).map(|_| f.registry.key(&id))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().url == "https://a.example"));
    assert_eq!(f.peer.requests().len(), 1);
    f.clock.advance(Span::from_secs(59));
    assert!(f.registry.key(&id).await.is_ok());
    assert_eq!(f.peer.requests().len(), 1);
    f.clock.advance(Span::from_secs(1));
    assert!(f.registry.key(&id).await.is_ok());
    assert_eq!(f.peer.requests().len(), 2);
    *f.data.lock().unwrap() = r#""ttl":5"#.to_owned();
    f.clock.advance(Span::from_secs(60));
    assert!(f.registry.key(&id).await.is_ok());
    f.clock.advance(Span::from_secs(5));
    assert!(f.registry.key(&id).await.is_ok());
    assert_eq!(f.peer.requests().len(), 4);
}

#[tokio::test]
async fn a_revocation_takes_effect_within_a_minute_and_nothing_is_served_stale() {
    let f = fixture().await;
    let id = key_id("a.example", "k3");
    assert!(f.registry.key(&id).await.is_ok());
    *f.data.lock().unwrap() = r#""is_revoked":true"#.to_owned();
    f.clock.advance(Span::from_secs(60));
    assert_eq!(f.registry.key(&id).await.unwrap_err(), RegistryError::Revoked);
    assert_eq!(f.registry.subscriber("a.example").await.unwrap_err(), RegistryError::Revoked);
    f.down.store(true, Ordering::SeqCst);
    f.clock.advance(Span::from_secs(60));
    assert_eq!(f.registry.key(&id).await.unwrap_err(), RegistryError::Unavailable);
}

#[tokio::test]
async fn a_record_is_not_kept_past_its_own_end() {
    let f = fixture().await;
    let id = key_id("a.example", "k3");
    let until = NOW.saturating_add(Span::from_secs(10)).to_rfc3339();
    *f.data.lock().unwrap() = format!(r#""valid_until":"{until}""#);
    assert!(f.registry.key(&id).await.is_ok());
    f.clock.advance(Span::from_secs(10));
    assert_eq!(f.registry.key(&id).await.unwrap_err(), RegistryError::Expired);
}

#[tokio::test]
async fn a_refresh_goes_past_the_cache_once_in_half_a_minute() {
    let f = fixture().await;
    let id = key_id("a.example", "k3");
    assert!(f.registry.key(&id).await.is_ok());
    for _ in 0..5 {
        assert!(f.registry.refresh(&id).await.is_ok());
    }
    assert_eq!(f.peer.requests().len(), 2);
    f.clock.advance(Span::from_secs(30));
    assert!(f.registry.refresh(&id).await.is_ok());
    assert_eq!(f.peer.requests().len(), 3);
}

#[tokio::test]
async fn what_is_not_there_is_remembered_for_half_a_minute() {
    let f = fixture().await;
    for _ in 0..5 {
        let unknown = key_id("a.example", "k4");
        assert_eq!(f.registry.key(&unknown).await.unwrap_err(), RegistryError::KeyNotFound);
        let nobody = key_id("b.example", "k3");
        assert_eq!(f.registry.key(&nobody).await.unwrap_err(), RegistryError::SubscriberNotFound);
    }
    assert_eq!(f.peer.requests().len(), 4);
    f.clock.advance(Span::from_secs(30));
    assert!(f.registry.key(&key_id("a.example", "k4")).await.is_err());
    assert_eq!(f.peer.requests().len(), 6);
    assert!(f.registry.subscriber("..").await.is_err());
    assert_eq!(f.peer.requests().len(), 6);
}

#[tokio::test]
async fn a_huge_answer_is_no_answer() {
    let peer = Peer::start(|_| Answer::Endless(64 << 20)).await;
    let clock = TestClock::at(NOW);
    let registry = DediRegistry::new(DediConfig::at(&peer.url), demo_client(), Arc::new(clock));
    let asked = registry.key(&KeyId::new("a.example", "k").unwrap()).await;
    assert_eq!(asked.unwrap_err(), RegistryError::Unavailable);
}

#[tokio::test]
async fn memory_is_bounded_while_strangers_ask() {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let peer = Peer::start(move |_| {
        seen.fetch_add(1, Ordering::SeqCst);
        Answer::json(404, "")
    })
    .await;
    let config = DediConfig { capacity: 10, ..DediConfig::at(&peer.url) };
    let registry = DediRegistry::new(config, demo_client(), Arc::new(TestClock::at(NOW)));
    for n in 0..100 {
        assert!(registry.subscriber(&format!("s{n}.example")).await.is_err());
        assert!(registry.remembered() <= 10);
    }
    assert_eq!(count.load(Ordering::SeqCst), 100);
    let silent = Peer::start(|_| Answer::Silence(Duration::from_secs(20))).await;
    let registry =
        DediRegistry::new(DediConfig::at(&silent.url), demo_client(), Arc::new(TestClock::at(NOW)));
    let asked = tokio::time::timeout(Duration::from_secs(5), registry.subscriber("s.example")).await.unwrap();
    assert_eq!(asked.unwrap_err(), RegistryError::Unavailable);
}

#[tokio::test]
async fn however_many_unknown_keys_come_a_known_peer_is_looked_up() {
    let public = key(3, "a.example").1.public().to_base64();
    let peer = Peer::start(move |request| {
        if !request.path.contains("/a.example/") {
            return Answer::Silence(Duration::from_secs(30));
        }
        Answer::json(
            200,
            &format!(
                r#"{{"data":{{"record_id":"k3","details":{{"subscriber_id":"a.example","url":"https://a.example",
                "signing_public_key":"{public}"}}}}}}"#
            ),
        )
    })
    .await;
    let clock = TestClock::at(NOW);
    let registry =
        Arc::new(DediRegistry::new(DediConfig::at(&peer.url), demo_client(), Arc::new(clock.clone())));
    let known = key_id("a.example", "k3");
    assert!(!registry.remembers(&known));
    assert!(registry.key(&known).await.is_ok());
    clock.advance(Span::from_secs(60));
    assert!(registry.remembers(&known));
    let ask = |n: usize| {
        let registry = Arc::clone(&registry);
        tokio::spawn(async move { registry.key(&key_id(&format!("s{n}.example"), "k")).await.unwrap_err() })
    };
    let mut strangers: Vec<_> = (0..400).map(ask).collect();
    // The registry is asked for sixteen of them at once, and so many wait that the rest is told so at once.
    let mut told = 0;
    for _ in 0..20_000 {
        told = strangers.iter().filter(|stranger| stranger.is_finished()).count();
        if told > 0 && peer.connections() > 16 {
            break;
        }
        node::pause(Duration::from_millis(1)).await;
    }
    assert_eq!(told, 400 - 256);
    let (mut waiting, mut refused) = (Vec::new(), Vec::new());
    for stranger in strangers.drain(..) {
        if stranger.is_finished() { refused.push(stranger) } else { waiting.push(stranger) }
    }
    for stranger in refused {
        assert_eq!(stranger.await.unwrap(), RegistryError::Unavailable);
    }
    let record = tokio::select! {
        record = registry.key(&known) => record,
        _ = futures_util::future::select_all(&mut waiting) => panic!("a stranger was served first"),
    };
    assert_eq!(record.unwrap().subscriber_id, "a.example");
    waiting.iter().for_each(|stranger| stranger.abort());
}

#[tokio::test]
async fn strangers_are_forgotten_before_a_known_peer() {
    let f = fixture().await;
    let config = DediConfig { capacity: 10, ..DediConfig::at(&f.peer.url) };
    let registry = DediRegistry::new(config, demo_client(), Arc::new(f.clock.clone()));
    *f.data.lock().unwrap() = r#""ttl":5"#.to_owned();
    let known = key_id("a.example", "k3");
    assert!(registry.key(&known).await.is_ok());
    for n in 0..100 {
        // Their answers are believed longer than that of the known peer.
        assert!(registry.key(&key_id(&format!("s{n}.example"), "k")).await.is_err());
    }
    assert!(registry.remembers(&known) && registry.remembered() <= 10);
    assert!(registry.remembers(&key_id("s99.example", "k")));
}

#[tokio::test]
async fn a_subscriber_is_one_in_whatever_case() {
    let f = fixture().await;
    let record = f.registry.key(&key_id("A.Example", "k3")).await.unwrap();
    assert_eq!(record.subscriber_id, "a.example");
    assert!(f.registry.key(&key_id("a.EXAMPLE", "k3")).await.is_ok());
    assert_eq!(f.peer.requests().len(), 1);
    assert!(f.registry.subscriber("A.example").await.is_ok());
    assert!(f.registry.key(&key_id("a.example", "K3")).await.is_err());
}
