//! What is taken and what is refused; a refusal leaves no row and reaches no application.

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use bytes::Bytes;
use node::{Admission, Headers, Rate, Refusal};
use test_support::both_databases;
use units::Span;

use crate::world::{BUYER, EFFECTS, Message, NOW, STRANGER, Setup, World, contract, key, verdict};

fn select(world: &World) -> Message {
    Message::new(Action::Select, &world.uuid(), &world.uuid())
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn a_good_message_is_stored_before_it_is_acknowledged(db: db::Db) {
        let world = World::new(&db);
        let message = select(&world);
        let (path, headers, body) = message.sealed(NOW);
        let reply = world.node.receive(&path, &headers, body).await;
        assert_eq!(verdict(&reply, headers.get("authorization"), NOW), (200, "ACK".to_owned()));
        let id = message.context.get("messageId").unwrap();
        assert_eq!(Json::parse(&reply.body).unwrap().at(&["message", "messageId"]), Some(id));
        assert_eq!(world.inbox().await, ["select queued 0"]);
        world.node.tick_inbox().await;
        assert_eq!(world.inbox().await, ["select done 1"]);
        assert_eq!(world.effects().await.len(), 1);
    }

    async fn refusals_of_signature_and_key(db: db::Db) {
        let world = World::new(&db);
        let good = select(&world);
        let with = |change: &dyn Fn(&mut Message)| {
            let mut message = good.clone();
            change(&mut message);
            message
        };
        let (revoked, revoked_key) = world.peer(8, STRANGER, "https://stranger.example/beckn");
        world.registry.revoke(&revoked);
        let cases = [
            ("expired", with(&|m| (m.created, m.expires) = (-400, -1)), "AUT_SIGNATURE_INVALID"),
            ("from the future", with(&|m| (m.created, m.expires) = (61, 300)), "AUT_SIGNATURE_INVALID"),
            ("lives too long", with(&|m| m.expires = 86_500), "AUT_SIGNATURE_INVALID"),
            (
                "another key",
                with(&|m| m.signer = (key(3, STRANGER).0, key(9, STRANGER).1)),
                "AUT_SIGNATURE_INVALID",
            ),
            ("unknown key", with(&|m| m.signer = key(9, STRANGER)), "AUT_KEY_NOT_FOUND"),
            (
                "unknown subscriber",
                with(&|m| m.signer = key(9, "nobody.example")),
                "AUT_SUBSCRIBER_NOT_FOUND",
            ),
            (
                "revoked",
                with(&|m| m.signer = (revoked.clone(), revoked_key.clone())),
                "AUT_KEY_EXPIRED_OR_REVOKED",
            ),
            ("signed by a third", with(&|m| m.signer = key(1, BUYER)), "AUT_UNAUTHORIZED_ACTION"),
            (
                "chained to nothing",
                with(&|m| m.chain = Some((m.authorization(b"x", NOW), false))),
                "AUT_SIGNATURE_INVALID",
            ),
        ];
        for (name, message, code) in cases {
            let (path, headers, body) = message.sealed(NOW);
            let reply = world.node.receive(&path, &headers, body).await;
            let authorization = headers.get("authorization");
            assert_eq!(verdict(&reply, authorization, NOW), (401, code.to_owned()), "{name}");
            assert!(reply.header("www-authenticate").unwrap().starts_with("Signature realm="), "{name}");
        }
        let (path, headers, _) = good.sealed(NOW);
        let tampered = Bytes::from(String::from_utf8(good.body()).unwrap().replace("12.50", "99.50"));
        let reply = world.node.receive(&path, &headers, tampered).await;
        assert_eq!(verdict(&reply, headers.get("authorization"), NOW).1, "AUT_SIGNATURE_INVALID");
        assert_eq!((world.inbox().await.len(), *world.app.admitted.lock().unwrap()), (0, 0));
    }

    async fn an_unsigned_or_unreadable_head_is_refused_before_the_body(db: db::Db) {
        let world = World::new(&db);
        let (path, signed, body) = select(&world).sealed(NOW);
        let unsigned: Headers = [("content-type", "application/json")].into_iter().collect();
        for (headers, code) in [
            (unsigned.clone(), "AUT_SIGNATURE_MISSING"),
            ([("authorization", "Bearer x")].into_iter().collect(), "AUT_SIGNATURE_INVALID"),
            ([("authorization", "Signature keyId=\"a|b\"")].into_iter().collect(), "AUT_SIGNATURE_INVALID"),
        ] {
            let early = world.node.preflight(&path, &headers, Some(10), None).unwrap_err();
            let late = world.node.receive(&path, &headers, body.clone()).await;
            for reply in [early, late] {
                assert_eq!(verdict(&reply, None, NOW), (401, code.to_owned()));
            }
        }
        let mut twice = signed.clone();
        twice.push("authorization", signed.get("authorization").unwrap());
        assert_eq!(world.node.receive(&path, &twice, body.clone()).await.status, 401);
        let mut text = signed.clone();
        text = text.iter().map(|(n, v)| (n, if n == "content-type" { "text/plain" } else { v })).collect();
        assert_eq!(world.node.preflight(&path, &text, Some(1), None).unwrap_err().status, 415);
        for nowhere in ["/bpp/receiver/nothing", "/", "/bpp/receiver/rate", "/select"] {
            let reply = world.node.preflight(nowhere, &signed, None, None).unwrap_err();
            assert_eq!(
                verdict(&reply, signed.get("authorization"), NOW),
                (404, "NET_NOT_IMPLEMENTED".to_owned())
            );
            assert_eq!(world.node.receive(nowhere, &signed, body.clone()).await.status, 404);
        }
        let limit = world.node.preflight(&path, &signed, Some(1024 * 1024), None).unwrap();
        assert_eq!(limit, 1024 * 1024);
        assert_eq!(
            world.node.preflight(&path, &signed, Some(1024 * 1024 + 1), None).unwrap_err().status,
            413
        );
        assert_eq!(
            world.node.preflight("/callbacks/on_discover", &signed, Some(9 << 20), None),
            Ok(10 << 20)
        );
        let reply = world.node.receive(&path, &signed, Bytes::from(vec![b' '; 1024 * 1024 + 1])).await;
        assert_eq!(reply.status, 413);
        assert_eq!(world.inbox().await.len(), 0);
    }

    async fn refusals_of_the_context(db: db::Db) {
        let world = World::new(&db);
        let foreign = "https://elsewhere.example/bap/receiver";
        let cases = [
            (
                "action",
                Message { path: Some("/bpp/receiver/init".to_owned()), ..select(&world) },
                400,
                "CTX_ACTION_MISMATCH",
            ),
            ("version", select(&world).set("version", "1.1.0"), 400, "CTX_VERSION_UNSUPPORTED"),
            ("no message id", select(&world).without("messageId"), 400, "CTX_MISSING_FIELD"),
            (
                "ttl",
                select(&world).set("ttl", "PT30S").set("timestamp", "2026-10-01T00:00:00Z"),
                400,
                "CTX_TTL_EXPIRED",
            ),
            ("not served here", select(&world).set("bppId", "else.example"), 400, "CTX_INVALID_FIELD"),
            ("the sender's address", select(&world).set("bapUri", foreign), 400, "CTX_INVALID_BPP_URI"),
            (
                "our address",
                select(&world).set("bppUri", "https://seller.example:444"),
                400,
                "CTX_INVALID_BPP_URI",
            ),
            ("no way back", select(&world).without("bapUri"), 400, "CTX_CALLBACK_URL_MISSING"),
            ("no network", select(&world).without("networkId"), 403, "AUT_DOMAIN_NOT_ALLOWED"),
            (
                "another network",
                select(&world).set("networkId", "example.org/else"),
                403,
                "AUT_DOMAIN_NOT_ALLOWED",
            ),
        ];
        for (name, message, status, code) in cases {
            let (path, headers, body) = message.sealed(NOW);
            let reply = world.node.receive(&path, &headers, body).await;
            let found = verdict(&reply, headers.get("authorization"), NOW);
            assert_eq!(found, (status, code.to_owned()), "{name}");
        }
        // A member of no network of ours, though its key is good.
        let (key_id, signing_key) = key(6, STRANGER);
        world.registry.add(
            &key_id,
            signing_key.public(),
            "https://stranger.example/beckn",
            &["example.org/else"],
        );
        let outsider = Message { signer: (key_id, signing_key), ..select(&world) };
        assert_eq!(world.receive(&outsider).await.status, 403);
        assert_eq!((world.inbox().await.len(), *world.app.admitted.lock().unwrap()), (0, 0));
    }

    async fn refusals_of_the_body(db: db::Db) {
        let world = World::new(&db);
        let with = |from: &str, to: &str| {
            let text = contract().to_string().replace(from, to);
            Message { message: Json::parse_text(&text).unwrap(), ..select(&world) }
        };
        for (message, code, path) in [
            (
                with("DRAFT", "MAYBE"),
                "SCH_INVALID_ENUM",
                "message/contract/commitments/0/status/descriptor/code",
            ),
            (
                with(r#""offer":{"id":"o1","#, r#""offer":{"#),
                "SCH_REQUIRED_FIELD_MISSING",
                "message/contract/commitments/0/offer/id",
            ),
        ] {
            let reply = world.receive(&message).await;
            let body = Json::parse(&reply.body).unwrap();
            let error = body.at(&["message", "error"]).unwrap();
            assert_eq!((reply.status, error.get("code").unwrap().as_str().unwrap()), (400, code));
            assert_eq!(error.at(&["details", "path"]).unwrap().as_str(), Some(path));
        }
        for broken in ["", "{", "[]", "{\"context\":{},\"context\":{}}", "\u{1}"] {
            let message = select(&world);
            let authorization = message.authorization(broken.as_bytes(), NOW);
            let headers: Headers = [("authorization", authorization)].into_iter().collect();
            let reply =
                world.node.receive("/bpp/receiver/select", &headers, Bytes::from(broken.to_owned())).await;
            assert_eq!(
                (reply.status, verdict(&reply, headers.get("authorization"), NOW).1.as_str()),
                (400, "SCH_INVALID_JSON")
            );
        }
        assert_eq!((world.inbox().await.len(), *world.app.admitted.lock().unwrap()), (0, 0));
    }

    async fn the_application_refuses_or_promises_nothing(db: db::Db) {
        let world = World::new(&db);
        world.admits(|_| Err(WireError::new(ErrorCode::PolNpDormant, "asleep").into()));
        assert_eq!(world.receive(&select(&world)).await.status, 403);
        world.admits(|_| {
            Err(Refusal { error: WireError::new(ErrorCode::BizGenericError, "no"), status: Some(409) })
        });
        assert_eq!(world.receive(&select(&world)).await.status, 409);
        assert_eq!(world.inbox().await.len(), 0);
        world.admits(|_| {
            Ok(Admission::NoCallback(WireError::new(ErrorCode::PolEngagementRefused, "not today")))
        });
        let message = select(&world);
        let (path, headers, body) = message.sealed(NOW);
        let reply = world.node.receive(&path, &headers, body).await;
        let found = verdict(&reply, headers.get("authorization"), NOW);
        assert_eq!(found, (202, "POL_ENGAGEMENT_REFUSED".to_owned()));
        assert_eq!(world.inbox().await, ["select done 0"]);
        assert_eq!(world.node.tick_inbox().await, 0);
    }

    async fn a_peer_that_floods_is_limited_and_others_are_not(db: db::Db) {
        let change =
            |config: &mut node::NodeConfig| config.limits.per_peer = Rate { per_second: 1, burst: 2 };
        let world = World::with(&db, Setup { change, ..Setup::default() });
        for _ in 0..2 {
            assert_eq!(world.receive(&select(&world)).await.status, 200);
        }
        let reply = world.receive(&select(&world)).await;
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
        world.peer(5, "other.example", "https://other.example");
        let other = Message { signer: key(5, "other.example"), ..select(&world) }
            .set("bapId", "other.example")
            .set("bapUri", "https://other.example");
        assert_eq!(world.receive(&other).await.status, 200);
        world.advance(Span::from_secs(1));
        assert_eq!(world.receive(&select(&world)).await.status, 200);
        assert_eq!(world.inbox().await.len(), 4);
    }

    async fn an_address_that_floods_is_limited_before_its_body_is_read(db: db::Db) {
        let change =
            |config: &mut node::NodeConfig| config.limits.per_address = Rate { per_second: 1, burst: 1 };
        let world = World::with(&db, Setup { change, ..Setup::default() });
        let (path, headers, _) = select(&world).sealed(NOW);
        let from = |last| Some(std::net::IpAddr::from([192, 0, 2, last]));
        assert!(world.node.preflight(&path, &headers, None, from(1)).is_ok());
        assert_eq!(world.node.preflight(&path, &headers, None, from(1)).unwrap_err().status, 429);
        assert!(world.node.preflight(&path, &headers, None, from(2)).is_ok());
    }

    async fn a_key_is_found_before_a_body_is_read(db: db::Db) {
        let world = World::new(&db);
        let (path, headers, _) = select(&world).sealed(NOW);
        let from = Some(std::net::IpAddr::from([192, 0, 2, 1]));
        let room = world.node.reserve(&path, &headers, 64 << 20, from).await.unwrap();
        let (_, other, _) = select(&world).sealed(NOW);
        let full = world.node.reserve(&path, &other, 1, from).await.unwrap_err();
        assert_eq!(verdict(&full, other.get("authorization"), NOW), (503, "NET_OVERLOADED".to_owned()));
        drop(room);
        assert!(world.node.reserve(&path, &other, 1, from).await.is_ok());
        let (revoked, revoked_key) = world.peer(8, STRANGER, "https://stranger.example/beckn");
        world.registry.revoke(&revoked);
        for (signer, code) in [
            (key(9, "nobody.example"), "AUT_SUBSCRIBER_NOT_FOUND"),
            (key(9, STRANGER), "AUT_KEY_NOT_FOUND"),
            ((revoked, revoked_key), "AUT_KEY_EXPIRED_OR_REVOKED"),
        ] {
            let (path, headers, _) = Message { signer, ..select(&world) }.sealed(NOW);
            let refused = world.node.reserve(&path, &headers, 1, from).await.unwrap_err();
            assert_eq!(verdict(&refused, headers.get("authorization"), NOW), (401, code.to_owned()));
        }
    }

    async fn unknown_keys_are_counted_per_address_and_known_peers_are_not(db: db::Db) {
        let public = key(3, STRANGER).1.public().to_base64();
        let registry = crate::http::Peer::start(move |request| {
            if !request.path.starts_with(&format!("/lookup/{STRANGER}/")) {
                return crate::http::Answer::json(404, "{}");
            }
            let body = format!(
                r#"{{"data":{{"record_id":"k3","details":{{"subscriber_id":"{STRANGER}",
                "url":"https://{STRANGER}/beckn","signing_public_key":"{public}"}}}}}}"#
            );
            crate::http::Answer::json(200, &body)
        })
        .await;
        let clock = std::sync::Arc::new(clock::TestClock::at(NOW));
        let config = node::DediConfig::at(&registry.url);
        let dedi = node::DediRegistry::new(config, crate::world::demo_client(), clock);
        let change = |config: &mut node::NodeConfig| {
            config.limits.strangers_per_address = Rate { per_second: 1, burst: 5 };
        };
        let world = World::with(&db, Setup { change, registry: Some(std::sync::Arc::new(dedi)) });
        let from = |last| Some(std::net::IpAddr::from([192, 0, 2, last]));
        let (path, known, _) = select(&world).sealed(NOW);
        assert!(world.node.reserve(&path, &known, 1, from(1)).await.is_ok());
        let stranger = |n: u8| {
            let message = Message { signer: key(n, &format!("s{n}.example")), ..select(&world) };
            message.sealed(NOW).1
        };
        for n in 10..14 {
            assert_eq!(world.node.reserve(&path, &stranger(n), 1, from(1)).await.unwrap_err().status, 401);
        }
        let asked = registry.requests().len();
        let refused = world.node.reserve(&path, &stranger(20), 1, from(1)).await.unwrap_err();
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
        assert_eq!(registry.requests().len(), asked);
        // What was answered before costs nothing, who is known is not counted, and another address has its own count.
        assert_eq!(world.node.reserve(&path, &stranger(10), 1, from(1)).await.unwrap_err().status, 401);
        assert!(world.node.reserve(&path, &known, 1, from(1)).await.is_ok());
        assert_eq!(world.node.reserve(&path, &stranger(20), 1, from(2)).await.unwrap_err().status, 401);
    }

    async fn an_encoded_body_and_another_method_are_refused_by_a_signed_answer(db: db::Db) {
        let world = World::new(&db);
        let (path, signed, body) = select(&world).sealed(NOW);
        for encoding in ["gzip", "br, identity"] {
            let mut headers = signed.clone();
            headers.push("Content-Encoding", encoding);
            let early = world.node.preflight(&path, &headers, Some(1), None).unwrap_err();
            let late = world.node.receive(&path, &headers, body.clone()).await;
            for reply in [early, late] {
                let found = verdict(&reply, signed.get("authorization"), NOW);
                assert_eq!(found, (415, "SCH_INVALID_FORMAT".to_owned()));
            }
        }
        let mut plain = signed.clone();
        plain.push("content-encoding", "identity");
        assert!(world.node.preflight(&path, &plain, Some(1), None).is_ok());
        let reply = world.node.wrong_method(&path, &signed).unwrap();
        let found = verdict(&reply, signed.get("authorization"), NOW);
        assert_eq!(found, (405, "SCH_INVALID_FORMAT".to_owned()));
        assert_eq!(reply.header("allow"), Some("POST"));
        for nowhere in ["/", "/bpp/receiver/nothing", "/bpp/receiver/rate"] {
            assert!(world.node.wrong_method(nowhere, &signed).is_none(), "{nowhere}");
        }
        assert_eq!(world.inbox().await.len(), 0);
    }

    async fn a_peer_sends_what_belongs_to_its_registered_role(db: db::Db) {
        let world = World::new(&db);
        let registered = |kind: &str| {
            let (key_id, signing_key) = key(3, STRANGER);
            world.registry.put(node::Record {
                subscriber_id: STRANGER.to_owned(),
                key_id: key_id.key_id().to_owned(),
                public_key: signing_key.public(),
                url: format!("https://{STRANGER}/beckn"),
                kind: kind.to_owned(),
                network_memberships: vec![crate::world::NETWORK.to_owned()],
                ttl: Span::from_secs(60),
                valid_until: None,
                revoked: false,
                meta: Json::Null,
            });
        };
        for (kind, action, taken) in [
            ("BPP", Action::Select, true),
            ("BPP", Action::OnSelect, true),
            ("BAP", Action::Select, true),
            ("BAP", Action::OnSelect, false),
            ("CDS", Action::Select, false),
            ("DISCOM", Action::Init, false),
            ("DISCOM", Action::OnStatus, true),
        ] {
            registered(kind);
            let (path, headers, body) = Message::new(action, &world.uuid(), &world.uuid()).sealed(NOW);
            let reply = world.node.receive(&path, &headers, body).await;
            let expected = if taken { (200, "ACK") } else { (401, "AUT_UNAUTHORIZED_ACTION") };
            let found = verdict(&reply, headers.get("authorization"), NOW);
            assert_eq!(found, (expected.0, expected.1.to_owned()), "{kind} {action}");
        }
        assert_eq!(world.inbox().await.len(), 4);
    }

    async fn a_peer_is_one_in_whatever_case_it_writes_its_name(db: db::Db) {
        let change =
            |config: &mut node::NodeConfig| config.limits.per_peer = Rate { per_second: 1, burst: 2 };
        let world = World::with(&db, Setup { change, ..Setup::default() });
        let message = select(&world);
        assert_eq!(world.receive(&message).await.status, 200);
        let shouted = Message { signer: key(3, "STRANGER.Example"), ..message.clone() };
        let shouted = shouted.set("bapId", "Stranger.EXAMPLE").set("bppId", "SELLER.example");
        let (path, headers, body) = shouted.sealed(NOW);
        let reply = world.node.receive(&path, &headers, body).await;
        assert_eq!(verdict(&reply, headers.get("authorization"), NOW).1, "CTX_MESSAGE_ID_DUPLICATE");
        assert_eq!(world.receive(&shouted.set("messageId", world.uuid())).await.status, 429);
        assert_eq!(world.inbox().await.len(), 1);
    }

    async fn large_catalogs_are_taken_and_other_large_bodies_are_not(db: db::Db) {
        let world = World::new(&db);
        let name = "x".repeat(3 << 20);
        let catalog = |name: &str| {
            let text = format!(
                r#"{{"catalogs":[{{"id":"c","descriptor":{{"name":"{name}"}},"provider":{{"id":"p",
                "descriptor":{{"name":"p"}}}},"resources":[{{"id":"r"}}]}}]}}"#
            );
            Json::parse_text(&text).unwrap()
        };
        let large = Message {
            message: catalog(&name),
            ..Message::new(Action::OnDiscover, &world.uuid(), &world.uuid())
        };
        assert_eq!(world.receive(&large).await.status, 200);
        let mut wrong = large.clone().set("messageId", world.uuid());
        let text = catalog(&name).to_string().replace(r#""id":"r""#, r#""no":"r""#);
        wrong.message = Json::parse_text(&text).unwrap();
        assert_eq!(world.receive(&wrong).await.status, 400);
        let select = Message { message: catalog(&name), ..select(&world) };
        assert_eq!(world.receive(&select).await.status, 413);
        assert_eq!(world.inbox().await, ["on_discover queued 0"]);
    }

    async fn a_judgement_that_panics_stores_nothing(db: db::Db) {
        let world = World::new(&db);
        world.admits(|_| panic!("a test panics"));
        let reply = world.receive(&select(&world)).await;
        assert_eq!((reply.status, world.inbox().await.len()), (500, 0));
        world.admits(|_| Ok(Admission::Queue));
        assert_eq!(world.receive(&select(&world)).await.status, 200);
    }

    async fn nothing_is_taken_before_the_application_is_there(db: db::Db) {
        let world = World::new(&db);
        let bare = world.twin_without_application();
        let (path, headers, body) = select(&world).sealed(NOW);
        assert_eq!(bare.preflight(&path, &headers, None, None).unwrap_err().status, 503);
        assert_eq!(bare.receive(&path, &headers, body).await.status, 503);
        assert_eq!((bare.tick_inbox().await, bare.tick_outbox().await, world.inbox().await.len()), (0, 0, 0));
    }

    async fn a_message_without_a_receiver_is_for_the_first_identity(db: db::Db) {
        let world = World::new(&db);
        let mut discover =
            Message::new(Action::Discover, &world.uuid(), &world.uuid()).without("bppId").without("bppUri");
        discover.message = Json::parse_text(r#"{"intent":{"textSearch":"sun"}}"#).unwrap();
        assert_eq!(world.receive(&discover).await.status, 200);
        world.node.tick_inbox().await;
        assert_eq!(world.app.processed.lock().unwrap()[0].receiver, BUYER);
    }
}
