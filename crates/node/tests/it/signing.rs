//! Chains between requests and callbacks (Beckn section c.6, ruling 7), and keys that change.

use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::signature::{Covered, KeyId, SignatureHeader};
use futures_util::future::BoxFuture;
use node::{CallbackSigning, Headers, Record, Registry, RegistryError, StaticRegistry};
use test_support::both_databases;
use units::Span;

use crate::http::{Answer, Peer};
use crate::world::{EFFECTS, Message, NETWORK, NOW, STRANGER, Setup, World, key, verdict};

async fn pin(db: &db::Db, peer: &'static str, signing: CallbackSigning) {
    db.write(move |tx| Box::pin(async move { node::peers::pin(tx, peer, signing).await })).await.unwrap();
}

/// Our buyer sends a `select` to the stranger, whose receiver is `peer`; gives transaction, message and
/// header.
async fn sent(world: &World, peer: &Peer) -> (String, String, String) {
    world.peer(3, STRANGER, &peer.url);
    let message = world.select_to(STRANGER, &world.uuid());
    world.enqueue(message.clone()).await;
    world.node.tick_outbox().await;
    let header = peer.requests()[0].headers.get("authorization").unwrap().to_owned();
    (message.transaction_id, message.message_id, header)
}

fn callback(peer: &Peer, (transaction, message, header): &(String, String, String), whole: bool) -> Message {
    let mut callback = Message::new(Action::OnSelect, transaction, message).set("bppUri", peer.url.as_str());
    callback.chain = Some((header.clone(), whole));
    callback
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn a_callback_chained_to_our_request_is_accepted_even_before_its_ack_is_stored(db: db::Db) {
        let world = World::new(&db);
        *world.app.conclusions_that_die.lock().unwrap() = 3;
        let peer = Peer::start(|_| Answer::ack()).await;
        let request = sent(&world, &peer).await;
        assert_eq!(world.outbox().await, ["select sending 1"]);
        let reply = world.receive(&callback(&peer, &request, false)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(world.inbox().await, ["on_select queued 0"]);
    }

    async fn a_chain_to_another_request_is_refused(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::ack()).await;
        let mut request = sent(&world, &peer).await;
        request.2 = Message::new(Action::Select, "t", "m").authorization(b"other", NOW);
        assert_eq!(world.receive(&callback(&peer, &request, false)).await.status, 401);
        let unknown = (request.0.clone(), world.uuid(), request.2.clone());
        assert_eq!(world.receive(&callback(&peer, &unknown, false)).await.status, 401);
        assert_eq!(world.inbox().await.len(), 0);
    }

    async fn the_whole_header_is_accepted_from_peers_marked_so_only(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::ack()).await;
        let request = sent(&world, &peer).await;
        let message = callback(&peer, &request, true);
        assert_eq!(world.receive(&message).await.status, 401);
        pin(&db, STRANGER, CallbackSigning::OnixFullHeader).await;
        assert_eq!(world.receive(&message).await.status, 200);
    }

    async fn callbacks_are_chained_as_the_peer_wants_and_plain_after_a_401(db: db::Db) {
        let change = |config: &mut node::NodeConfig| config.callback_signing = CallbackSigning::Chained;
        let world = World::with(&db, Setup { change, ..Setup::default() });
        let peer = Peer::start(|request| {
            let header = SignatureHeader::parse(request.headers.get("authorization").unwrap()).unwrap();
            if header.headers == Covered::Four {
                Answer::nack(401, "AUT_SIGNATURE_INVALID")
            } else {
                Answer::ack()
            }
        })
        .await;
        world.peer(3, STRANGER, &peer.url);
        for _ in 0..2 {
            let select =
                Message::new(Action::Select, &world.uuid(), &world.uuid()).set("bapUri", peer.url.as_str());
            assert_eq!(world.receive(&select).await.status, 200);
            world.node.drain().await;
        }
        let covered: Vec<Covered> = peer
            .requests()
            .iter()
            .map(|request| {
                SignatureHeader::parse(request.headers.get("authorization").unwrap()).unwrap().headers
            })
            .collect();
        assert_eq!(covered, [Covered::Four, Covered::Three, Covered::Three]);
        assert_eq!(world.outbox().await, ["on_select delivered 2", "on_select delivered 1"]);
    }

    async fn a_pinned_mode_is_not_unlearnt(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::nack(401, "AUT_SIGNATURE_INVALID")).await;
        world.peer(3, STRANGER, &peer.url);
        pin(&db, STRANGER, CallbackSigning::Chained).await;
        let select =
            Message::new(Action::Select, &world.uuid(), &world.uuid()).set("bapUri", peer.url.as_str());
        world.receive(&select).await;
        for _ in 0..6 {
            world.node.drain().await;
            world.advance(Span::from_secs(20));
        }
        let covered = |request: &crate::http::Request| {
            SignatureHeader::parse(request.headers.get("authorization").unwrap()).unwrap().headers
        };
        assert!(peer.requests().iter().all(|request| covered(request) == Covered::Four));
        assert_eq!(world.outbox().await, ["on_select dead 4"]);
    }

    async fn a_key_that_was_rotated_is_fetched_anew_once(db: db::Db) {
        let registry = Arc::new(Stale { old: StaticRegistry::new(), new: StaticRegistry::new() });
        let (key_id, new) = (key(3, STRANGER).0, key(9, STRANGER).1);
        let url = "https://stranger.example/beckn";
        registry.old.add(&key_id, key(3, STRANGER).1.public(), url, &[NETWORK]);
        registry.new.add(&key_id, new.public(), url, &[NETWORK]);
        let world = World::with(&db, Setup { registry: Some(registry), ..Setup::default() });
        let mut message = Message::new(Action::Select, &world.uuid(), &world.uuid());
        message.signer = (key_id.clone(), key(8, STRANGER).1);
        assert_eq!(world.receive(&message).await.status, 401);
        message.signer = (key_id, new);
        let (path, headers, body) = message.sealed(NOW);
        let reply = world.node.receive(&path, &headers, body).await;
        assert_eq!(verdict(&reply, headers.get("authorization"), NOW).0, 200);
    }

    async fn a_registry_that_is_down_means_401_and_nothing_else(db: db::Db) {
        let world = World::with(&db, Setup { registry: Some(Arc::new(Down)), ..Setup::default() });
        let message = Message::new(Action::Select, &world.uuid(), &world.uuid());
        let (path, headers, body) = message.sealed(NOW);
        let reply = world.node.receive(&path, &headers, body).await;
        assert_eq!(verdict(&reply, headers.get("authorization"), NOW), (401, "AUT_KEY_NOT_FOUND".to_owned()));
        assert_eq!(world.inbox().await.len(), 0);
        let none = Headers::new();
        assert_eq!(world.node.preflight(&path, &none, None, None).unwrap_err().status, 401);
    }
}

/// A cache that has not yet heard of a rotation.
struct Stale {
    old: StaticRegistry,
    new: StaticRegistry,
}

impl Registry for Stale {
    fn key<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        self.old.key(key_id)
    }

    fn refresh<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        self.new.key(key_id)
    }

    fn subscriber<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        self.new.subscriber(id)
    }
}

struct Down;

impl Registry for Down {
    fn key<'a>(&'a self, _: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        Box::pin(std::future::ready(Err(RegistryError::Unavailable)))
    }

    fn refresh<'a>(&'a self, key_id: &'a KeyId) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        self.key(key_id)
    }

    fn subscriber<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Arc<Record>, RegistryError>> {
        Box::pin(std::future::ready(Err(RegistryError::Unavailable)))
    }
}
