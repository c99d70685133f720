//! The registry: registration by proof, endorsement, rotation, revocation; and that our own client reads it.

use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::json::Json;
use beckn_wire::signature::{Chain, KeyId, SigningKey, sign};
use test_support::both_databases;
use test_support::database::TestDb;

use super::world::*;

struct Key {
    id: KeyId,
    key: SigningKey,
}

fn key(subscriber: &str, seed: u8) -> Key {
    let id = KeyId::new(subscriber, format!("key-{seed}")).unwrap();
    Key { id, key: SigningKey::from_seed(&[seed; 32]) }
}

fn signed(by: &Key, body: &[u8]) -> String {
    let now = seconds();
    sign(&by.key, &by.id, now - 1, now + 300, body, Chain::None)
}

fn text<const N: usize>(members: [(&str, &str); N]) -> Json {
    Json::object(members.map(|(name, value)| (name, Json::from(value))))
}

fn registration(of: &Key, url: &str, networks: &[&str]) -> Vec<u8> {
    let mut body = text([
        ("subscriber_id", of.id.subscriber_id()),
        ("url", url),
        ("type", "BPP"),
        ("key_id", of.id.key_id()),
        ("signing_public_key", &of.key.public().to_base64()),
    ]);
    let networks = Json::array(networks.iter().map(|n| Json::from(*n)));
    body.as_object_mut().unwrap().set("network_memberships", networks);
    body.to_bytes()
}

fn rotation(to: &Key) -> Vec<u8> {
    let public = to.key.public().to_base64();
    let id = &to.id;
    text([("subscriber_id", id.subscriber_id()), ("key_id", id.key_id()), ("signing_public_key", &public)])
        .to_bytes()
}

fn revocation(of: &Key) -> Vec<u8> {
    text([("subscriber_id", of.id.subscriber_id()), ("key_id", of.id.key_id()), ("action", "revoke")])
        .to_bytes()
}

impl World {
    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Vec<u8>,
        proof: Option<String>,
        endorsement: Option<String>,
    ) -> (u16, String) {
        let mut request =
            self.http.request(method, format!("{}/registry{path}", self.cds.base_url)).body(body);
        if let Some(proof) = proof {
            request = request.header("authorization", proof);
        }
        if let Some(endorsement) = endorsement {
            request = request.header("x-endorsement", endorsement);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let json = Json::parse(&response.bytes().await.unwrap()).unwrap();
        let word = json.get("code").or_else(|| json.get("status")).and_then(Json::as_str);
        (status, word.unwrap_or_default().to_owned())
    }

    /// A registration of that address, signed so many seconds ago.
    async fn move_to(&self, of: &Key, url: &str, ago: i64) -> (u16, String) {
        let body = registration(of, url, &[NETWORK]);
        let now = seconds();
        let proof = sign(&of.key, &of.id, now - ago, now + 300, &body, Chain::None);
        self.send(reqwest::Method::POST, "/subscribers", body, Some(proof), None).await
    }

    async fn url_of(&self, path: &str) -> String {
        let (_, record) = self.lookup(path).await;
        record.at(&["data", "details", "url"]).unwrap().as_str().unwrap().to_owned()
    }

    async fn register(&self, of: &Key, networks: &[&str], by: &Key, endorsed: Option<&Key>) -> (u16, String) {
        let body = registration(of, "http://127.0.0.1:9/beckn", networks);
        let (proof, endorsement) = (signed(by, &body), endorsed.map(|e| signed(e, &body)));
        self.send(reqwest::Method::POST, "/subscribers", body, Some(proof), endorsement).await
    }

    async fn rotate(&self, to: &Key, endorsed: Option<&Key>) -> (u16, String) {
        let body = rotation(to);
        let (proof, endorsement) = (signed(to, &body), endorsed.map(|e| signed(e, &body)));
        let path = format!("/subscribers/{}/keys", to.id.subscriber_id());
        self.send(reqwest::Method::POST, &path, body, Some(proof), endorsement).await
    }

    async fn revoke(&self, of: &Key, by: &Key) -> (u16, String) {
        let body = revocation(of);
        let proof = signed(by, &body);
        let path = format!("/subscribers/{}/keys/{}", of.id.subscriber_id(), of.id.key_id());
        self.send(reqwest::Method::DELETE, &path, body, Some(proof), None).await
    }

    async fn lookup(&self, path: &str) -> (u16, Json) {
        let response =
            self.http.get(format!("{}/lookup/{path}", self.cds.lookup_base())).send().await.unwrap();
        (response.status().as_u16(), Json::parse(&response.bytes().await.unwrap()).unwrap())
    }
}

fn answer(status: u16, word: &str) -> (u16, String) {
    (status, word.to_owned())
}

both_databases! {
    async fn a_key_registers_by_its_own_signature(db: TestDb) {
        let world = World::new(&db).await;
        let (first, other) = (key("new.example", 21), key("new.example", 22));
        // Not signed, signed by another key, signed over something else, a network that is not open.
        let body = registration(&first, "http://127.0.0.1:9/beckn", &[NETWORK]);
        let post = reqwest::Method::POST;
        let unsigned = world.send(post.clone(), "/subscribers", body.clone(), None, None).await;
        assert_eq!(unsigned, answer(401, "PROOF_MISSING"));
        let mut stolen = key("new.example", 21);
        stolen.key = other.key.clone();
        assert_eq!(world.register(&first, &[NETWORK], &stolen, None).await, answer(401, "PROOF_INVALID"));
        let elsewhere = signed(&first, b"something else");
        let wrong = world.send(post.clone(), "/subscribers", body, Some(elsewhere), None).await;
        assert_eq!(wrong, answer(401, "PROOF_INVALID"));
        let closed = world.register(&first, &[energy_rules::NETWORK_PRODUCTION], &first, None).await;
        assert_eq!(closed, answer(403, "MEMBERSHIP_NOT_OPEN"));
        for bad in [&b"{}"[..], b"[]", b"{\"subscriber_id\":1}", b"\xff"] {
            let refused = world.send(post.clone(), "/subscribers", bad.to_vec(), None, None).await;
            assert_eq!(refused, answer(400, "INVALID_BODY"));
        }
        let user = registration(&first, "http://user@127.0.0.1/", &[]);
        let proof = signed(&first, &user);
        let refused = world.send(post, "/subscribers", user, Some(proof), None).await;
        assert_eq!(refused, answer(400, "INVALID_FIELD"));
        assert_eq!(world.lookup("new.example/subscribers.beckn.one").await.0, 404);

        assert_eq!(world.register(&first, &[NETWORK], &first, None).await, answer(201, "REGISTERED"));
        assert_eq!(world.register(&first, &[NETWORK], &first, None).await, answer(200, "UNCHANGED"));
        // Nobody else may come under that name.
        let refused = world.register(&other, &[NETWORK], &other, None).await;
        assert_eq!(refused, answer(403, "ENDORSEMENT_MISSING"));
        let (status, record) = world.lookup("new.example/subscribers.beckn.one/key-21").await;
        let of = |path: &[&str]| record.at(path).unwrap().as_str().unwrap().to_owned();
        assert_eq!(status, 200);
        assert_eq!(of(&["data", "details", "signing_public_key"]), first.key.public().to_base64());
        assert_eq!(of(&["data", "details", "url"]), "http://127.0.0.1:9/beckn");
        assert_eq!(of(&["data", "record_id"]), "key-21");
        assert_eq!(of(&["data", "network_memberships", "0"]), NETWORK);
        assert_eq!(record.at(&["data", "is_revoked"]), Some(&Json::Bool(false)));
        assert_eq!(world.lookup("new.example/subscribers.beckn.one/key-22").await.0, 404);
        assert_eq!(world.lookup("new.example/elsewhere/key-21").await.0, 404);
    }

    async fn an_old_registration_sent_again_changes_nothing_back(db: TestDb) {
        let world = World::new(&db).await;
        let own = key("new.example", 21);
        let page = "new.example/subscribers.beckn.one";
        let (first, second) = ("http://127.0.0.1:9/first", "http://127.0.0.1:9/second");
        let body = registration(&own, first, &[NETWORK]);
        let now = seconds();
        let proof = sign(&own.key, &own.id, now - 20, now + 300, &body, Chain::None);
        let old = || world.send(reqwest::Method::POST, "/subscribers", body.clone(), Some(proof.clone()), None);
        assert_eq!(old().await, answer(201, "REGISTERED"));
        assert_eq!(old().await, answer(200, "UNCHANGED"));
        assert_eq!(world.move_to(&own, second, 10).await, answer(200, "UNCHANGED"));
        assert_eq!(world.url_of(page).await, second);
        // Word for word the first request, whose signature still lives; and another one that was signed before.
        assert_eq!(old().await, answer(409, "OUTDATED"));
        assert_eq!(world.move_to(&own, "http://127.0.0.1:9/third", 15).await, answer(409, "OUTDATED"));
        assert_eq!(world.url_of(page).await, second);
        // Going back on purpose is a new request.
        assert_eq!(world.move_to(&own, first, 5).await, answer(200, "UNCHANGED"));
        assert_eq!(world.url_of(page).await, first);
    }

    async fn a_name_is_one_subscribers_in_whatever_case(db: TestDb) {
        let world = World::new(&db).await;
        let (first, other) = (key("New.Example", 21), key("NEW.example", 22));
        assert_eq!(world.register(&first, &[NETWORK], &first, None).await, answer(201, "REGISTERED"));
        let claimed = world.register(&other, &[NETWORK], &other, None).await;
        assert_eq!(claimed, answer(403, "ENDORSEMENT_MISSING"));
        assert_eq!(world.rotate(&other, Some(&first)).await, answer(201, "REGISTERED"));
        for path in ["new.example/subscribers.beckn.one/key-21", "NEW.EXAMPLE/subscribers.beckn.one/key-22"] {
            let (status, record) = world.lookup(path).await;
            let id = record.at(&["data", "details", "subscriber_id"]).unwrap();
            assert_eq!((status, id.as_str()), (200, Some("new.example")), "{path}");
        }
        assert_eq!(world.revoke(&first, &other).await, answer(200, "REVOKED"));
        let (_, record) = world.lookup("new.example/subscribers.beckn.one/key-21").await;
        assert_eq!(record.at(&["data", "is_revoked"]), Some(&Json::Bool(true)));
    }

    async fn a_key_ends_with_its_time_and_a_record_says_how_long_it_may_be_kept(db: TestDb) {
        let world = World::new(&db).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let (_, record) = world.lookup("bap.example/subscribers.beckn.one/key-2").await;
        assert_eq!(record.at(&["data", "ttl"]).unwrap().as_number(), Some("60"));
        assert_eq!(world.offers(&buyer).await, Vec::<String>::new());
        let late = Peer::new("late.example", 3).await;
        let mut over = late.registration(&[NETWORK]);
        over.valid_until = Some(at("2026-01-01T00:00:00Z"));
        world.cds.register(over).await.unwrap();
        let (_, record) = world.lookup("late.example/subscribers.beckn.one/key-3").await;
        let until = record.at(&["data", "valid_until"]).unwrap().as_str().unwrap().to_owned();
        assert_eq!(at(&until), at("2026-01-01T00:00:00Z"));
        let (_, bytes) = discover_message(&late, NETWORK, everything());
        let (status, refused) = world.post(&late, Action::Discover, bytes).await;
        let code = refused.at(&["message", "error", "code"]).and_then(Json::as_str);
        assert_eq!((status, code), (401, Some("AUT_KEY_EXPIRED_OR_REVOKED")));
        // Nobody registers a key that is over.
        let own = key("new.example", 21);
        let mut body = Json::parse(&registration(&own, "http://127.0.0.1:9/x", &[NETWORK])).unwrap();
        body.as_object_mut().unwrap().set("valid_until", "2026-01-01T00:00:00Z");
        let (body, post) = (body.to_bytes(), reqwest::Method::POST);
        let proof = signed(&own, &body);
        let refused = world.send(post, "/subscribers", body, Some(proof), None).await;
        assert_eq!(refused, answer(400, "INVALID_FIELD"));
    }

    async fn the_operator_gives_membership_and_takes_it_away(db: TestDb) {
        let world = World::new(&db).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        assert_eq!(world.offers(&buyer).await, Vec::<String>::new());
        for (networks, status) in [(&[OTHER_NETWORK][..], 403), (&[NETWORK, OTHER_NETWORK], 200)] {
            world.cds.register(buyer.registration(networks)).await.unwrap();
            let (_, record) = world.lookup("bap.example/subscribers.beckn.one").await;
            let listed = record.at(&["data", "network_memberships"]).and_then(Json::as_array).unwrap();
            assert_eq!(listed.iter().filter_map(Json::as_str).collect::<Vec<_>>(), networks);
            let (_, bytes) = discover_message(&buyer, NETWORK, everything());
            let (found, answer) = world.post(&buyer, Action::Discover, bytes).await;
            assert_eq!(found, status, "{answer:?}");
        }
    }

    async fn a_consumers_platform_publishes_nothing(db: TestDb) {
        let world = World::new(&db).await;
        let peer = world.peer("bap.example", 2, &[NETWORK]).await;
        let mut registration = peer.registration(&[NETWORK]);
        registration.kind = "BAP".to_owned();
        world.cds.register(registration).await.unwrap();
        assert_eq!(world.offers(&peer).await, Vec::<String>::new());
        let catalog = merge(catalog_of(&peer, "cat", vec![terms(&peer, "a", 3_000)]), &[]);
        let mut context = context(Action::CatalogPublish, NETWORK, clock::Clock::now(&clock::SystemClock));
        context.bpp_id = Some(peer.id.clone());
        context.bpp_uri = Some(format!("{}/bpp/receiver", peer.url));
        let bytes = beckn_wire::envelope::body(&context, catalog);
        let (status, refused) = world.post(&peer, Action::CatalogPublish, bytes).await;
        let code = refused.at(&["message", "error", "code"]).and_then(Json::as_str);
        assert_eq!((status, code), (401, Some("AUT_UNAUTHORIZED_ACTION")));
    }

    async fn of_many_who_claim_a_name_at_once_one_gets_it(db: TestDb) {
        let world = World::new(&db).await;
        let keys: Vec<Key> = (50..58).map(|seed| key("new.example", seed)).collect();
        let claims = keys.iter().map(|key| world.register(key, &[NETWORK], key, None));
        let answers = futures_util::future::join_all(claims).await;
        let won = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(won, 1, "{answers:?}");
        let (_, live) = world.lookup("new.example/subscribers.beckn.one").await;
        let winner = &keys[answers.iter().position(|(status, _)| *status == 201).unwrap()];
        assert_eq!(live.at(&["data", "record_id"]).unwrap().as_str(), Some(winner.id.key_id()));
        for key in &keys {
            let path = format!("new.example/subscribers.beckn.one/{}", key.id.key_id());
            let known = world.lookup(&path).await.0;
            assert_eq!(known, if key.id == winner.id { 200 } else { 404 });
        }
    }

    async fn keys_rotate_and_are_revoked_for_good(db: TestDb) {
        let world = World::new(&db).await;
        let (first, second, third) = (key("new.example", 21), key("new.example", 22), key("new.example", 23));
        let foreign = key("other.example", 31);
        world.register(&first, &[NETWORK], &first, None).await;
        world.register(&foreign, &[NETWORK], &foreign, None).await;
        assert_eq!(world.rotate(&second, None).await, answer(403, "ENDORSEMENT_MISSING"));
        assert_eq!(world.rotate(&second, Some(&second)).await, answer(403, "ENDORSEMENT_INVALID"));
        assert_eq!(world.rotate(&second, Some(&foreign)).await, answer(403, "ENDORSEMENT_INVALID"));
        assert_eq!(world.rotate(&second, Some(&first)).await, answer(201, "REGISTERED"));
        assert_eq!(world.rotate(&key("nobody.example", 40), None).await, answer(404, "NOT_FOUND"));

        assert_eq!(world.revoke(&first, &foreign).await, answer(403, "ENDORSEMENT_INVALID"));
        assert_eq!(world.revoke(&third, &second).await, answer(404, "NOT_FOUND"));
        assert_eq!(world.revoke(&first, &second).await, answer(200, "REVOKED"));
        let (status, record) = world.lookup("new.example/subscribers.beckn.one/key-21").await;
        assert_eq!((status, record.at(&["data", "is_revoked"])), (200, Some(&Json::Bool(true))));
        let (_, live) = world.lookup("new.example/subscribers.beckn.one").await;
        assert_eq!(live.at(&["data", "record_id"]).unwrap().as_str(), Some("key-22"));
        // A revoked key neither comes back nor speaks for others.
        let again = world.register(&first, &[NETWORK], &first, Some(&second)).await;
        assert_eq!(again, answer(409, "KEY_ID_TAKEN"));
        assert_eq!(world.rotate(&third, Some(&first)).await, answer(403, "ENDORSEMENT_INVALID"));
        // Without a live key the name is closed.
        assert_eq!(world.revoke(&second, &second).await, answer(200, "REVOKED"));
        assert_eq!(world.rotate(&third, Some(&second)).await, answer(403, "NO_LIVE_KEY"));
        let (_, dead) = world.lookup("new.example/subscribers.beckn.one").await;
        assert_eq!(dead.at(&["data", "is_revoked"]), Some(&Json::Bool(true)));
        // Seeding at a restart brings nothing back.
        let world = world.restart().await;
        let (_, record) = world.lookup("new.example/subscribers.beckn.one/key-21").await;
        assert_eq!(record.at(&["data", "is_revoked"]), Some(&Json::Bool(true)));
    }

    async fn a_revoked_key_is_not_believed(db: TestDb) {
        let world = World::new(&db).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        assert_eq!(world.offers(&buyer).await, Vec::<String>::new());
        let own = Key { id: buyer.key_id.clone(), key: buyer.key.clone() };
        assert_eq!(world.revoke(&own, &own).await, answer(200, "REVOKED"));
        let (_, bytes) = discover_message(&buyer, NETWORK, everything());
        let (status, refused) = world.post(&buyer, Action::Discover, bytes).await;
        let code = refused.at(&["message", "error", "code"]).and_then(Json::as_str);
        assert_eq!((status, code), (401, Some("AUT_KEY_EXPIRED_OR_REVOKED")));
    }

    async fn our_registry_client_reads_it(db: TestDb) {
        use node::{AllowList, ClientConfig, DediConfig, DediRegistry, GuardedClient, Registry, RegistryError};
        let world = World::new(&db).await;
        let buyer = world.peer("bap.example", 2, &[NETWORK]).await;
        let client = ClientConfig { allow: AllowList::loopback_for_demo(), ..ClientConfig::default() };
        let client = GuardedClient::new(&client).unwrap();
        let config = DediConfig::at(&world.cds.lookup_base());
        let registry = DediRegistry::new(config, client, Arc::new(clock::SystemClock));
        let record = registry.key(&buyer.key_id).await.unwrap();
        assert_eq!(record.url, buyer.url);
        assert_eq!(record.network_memberships, [NETWORK]);
        assert_eq!(registry.subscriber("bap.example").await.unwrap().key_id, "key-2");
        let unknown = KeyId::new("nobody.example", "k").unwrap();
        assert_eq!(registry.key(&unknown).await.unwrap_err(), RegistryError::SubscriberNotFound);
    }

    async fn the_operator_sees_that_it_lives(db: TestDb) {
        let world = World::new(&db).await;
        for (path, status) in [("/", 200), ("/health", 200), ("/ready", 200), ("/nothing", 404)] {
            let response = world.http.get(format!("{}{path}", world.cds.base_url)).send().await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{path}");
        }
        let large = world.send(reqwest::Method::POST, "/subscribers", vec![b'x'; 20_000], None, None).await;
        assert_eq!(large, answer(413, "BODY_TOO_LARGE"));
    }
}
