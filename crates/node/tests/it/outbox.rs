//! Sending: outcomes, retries, deadlines, order, and the crash between sending and storing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use beckn_wire::ack::AckVerdict;
use beckn_wire::action::Action;
use beckn_wire::signature::{SignatureHeader, VerifyPolicy, sign_response, verify};
use clock::{Clock, SystemClock};
use db::DbError;
use node::{Outcome, Outgoing};
use test_support::both_databases;
use tokio_util::sync::CancellationToken;
use units::{Span, Timestamp};

use crate::http::{Answer, Peer};
use crate::world::{BUYER, EFFECTS, PATIENCE, SELLER, World, key};

const PEER: &str = "peer.example";

fn counting(
    answers: impl Fn(usize) -> Answer + Send + Sync + 'static,
) -> impl Fn(&crate::http::Request) -> Answer {
    let count = AtomicUsize::new(0);
    move |_| answers(count.fetch_add(1, Ordering::SeqCst))
}

/// How many generations of requests a slow machine has seen time out, and be followed by others, the present one
/// included.
fn given_up_since(began: Timestamp) -> usize {
    let waited = SystemClock.now().micros() - began.micros();
    1 + usize::try_from(waited).unwrap() / usize::try_from(PATIENCE.as_micros()).unwrap()
}

fn only(world: &World) -> Outcome {
    let outcomes = world.outcomes();
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    outcomes[0].1.clone()
}

/// A callback that nobody asked for: nothing to be chained to.
fn as_callback(world: &World, message: Outgoing) -> Outgoing {
    let draft = node::Draft::new(
        Action::OnStatus,
        BUYER,
        crate::world::NETWORK,
        &message.transaction_id,
        &message.message_id,
        crate::world::contract(),
    );
    let body = world.node.compose(&draft.to(PEER, "https://peer.example")).unwrap();
    Outgoing { action: Action::OnStatus, face: node::Face::BapReceiver, body, ..message }
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn our_own_two_sides_trade_without_a_socket(db: db::Db) {
        let world = World::new(&db);
        let message = world.select_to(SELLER, &world.uuid());
        let id = message.message_id.clone();
        world.enqueue(message).await;
        world.node.drain().await;
        assert_eq!(world.outbox().await, ["select delivered 1", "on_select delivered 1"]);
        assert_eq!(world.inbox().await, ["select done 1", "on_select done 1"]);
        assert_eq!(world.effects().await, [format!("on_select {id}"), format!("select {id}")]);
        let outcomes = world.outcomes();
        assert!(
            outcomes.iter().all(|(_, o)| matches!(o, Outcome::Delivered { duplicate: false, .. })),
            "{outcomes:?}"
        );
    }

    async fn a_delivered_message_is_signed_at_sending_and_its_answer_verified(db: db::Db) {
        let world = World::new(&db);
        let (peer_key, peer_signs) = key(5, PEER);
        let now = world.clock.now().seconds();
        let peer = Peer::start(move |request| {
            let body = br#"{"message":{"status":"ACK","messageId":"m","ledger":{"recordId":"r1"}}}"#.to_vec();
            let sent = request.headers.get("authorization");
            let signature = sign_response(&peer_signs, &peer_key, now, now + 60, &body, sent);
            Answer::Reply { status: 200, headers: vec![("Signature".to_owned(), signature)], body }
        })
        .await;
        world.peer(5, PEER, &peer.url);
        let message = world.select_to(PEER, "t1");
        world.enqueue(message.clone()).await;
        assert_eq!(world.node.tick_outbox().await, 1);
        let Outcome::Delivered { ack: AckVerdict::Ack { ledger: Some(ledger), .. }, duplicate: false } =
            only(&world)
        else {
            panic!("no ledger record")
        };
        assert_eq!(ledger.get("recordId").unwrap().as_str(), Some("r1"));
        let requests = peer.requests();
        assert_eq!((requests.len(), requests[0].path.as_str()), (1, "/bpp/receiver/select"));
        assert_eq!(requests[0].body, message.body);
        let header = SignatureHeader::parse(requests[0].headers.get("authorization").unwrap()).unwrap();
        assert_eq!((header.created, header.expires - header.created), (now - 1, 300));
        let public = key(1, BUYER).1.public();
        assert!(verify(&header, &message.body, &public, now, &VerifyPolicy::spec(), None).is_ok());
        assert_eq!(attempts(&db).await, ["1 200 verified"]);
    }

    async fn a_host_that_answers_nobody_holds_up_its_own_peers_only(db: db::Db) {
        let world = World::new(&db);
        let tarpit = Peer::start(|_| Answer::Silence(Duration::from_secs(30))).await;
        let good = Peer::start(|_| Answer::ack()).await;
        for n in 0..80 {
            let name = format!("slow{n}.example");
            world.peer(50, &name, &tarpit.url);
            world.enqueue(world.select_to(&name, &format!("t{n}"))).await;
        }
        world.peer(5, PEER, &good.url);
        world.enqueue(world.select_to(PEER, "last")).await;
        let cancel = CancellationToken::new();
        let working = tokio::spawn(Arc::clone(&world.node).run(cancel.clone()));
        let began = SystemClock.now();
        for _ in 0..6_000 {
            if !good.requests().is_empty() {
                break;
            }
            node::pause(Duration::from_millis(5)).await;
        }
        let held = tarpit.connections();
        cancel.cancel();
        assert_eq!(good.requests().len(), 1);
        let held_at_once = held.div_ceil(given_up_since(began));
        assert!((1..=16).contains(&held_at_once), "{held} places were held by one host");
        working.await.unwrap();
    }

    async fn a_crash_after_sending_sends_again_and_the_peer_knows_it(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(counting(|n| match n {
            0 => Answer::ack(),
            _ => Answer::nack(400, "CTX_MESSAGE_ID_DUPLICATE"),
        }))
        .await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(world.select_to(PEER, "t1")).await;
        *world.app.conclusions_that_die.lock().unwrap() = 3;
        assert_eq!(world.node.tick_outbox().await, 1);
        assert_eq!(
            (world.outbox().await, world.node.tick_outbox().await),
            (vec!["select sending 1".to_owned()], 0)
        );
        world.advance(Span::from_secs(30));
        assert_eq!(world.node.tick_outbox().await, 1);
        assert!(matches!(only(&world), Outcome::Delivered { duplicate: true, .. }));
        assert_eq!(world.outbox().await, ["select delivered 2"]);
        let requests = peer.requests();
        assert_eq!(requests[0].body, requests[1].body);
        assert_ne!(requests[0].headers.get("authorization"), requests[1].headers.get("authorization"));
    }

    async fn a_process_that_has_its_database_for_itself_need_not_wait_for_leases(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::ack()).await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(world.select_to(PEER, "t1")).await;
        *world.app.conclusions_that_die.lock().unwrap() = 3;
        world.app.mishaps.lock().unwrap().push_back(crate::world::Mishap::Dies);
        let status = crate::world::Message::new(Action::OnStatus, &world.uuid(), &world.uuid());
        assert_eq!(world.receive(&status).await.status, 200);
        assert_eq!((world.node.tick_outbox().await, world.node.tick_inbox().await), (1, 1));
        assert_eq!((world.node.tick_outbox().await, world.node.tick_inbox().await), (0, 0));
        assert_eq!(world.node.recover().await, Ok(2));
        world.node.drain().await;
        assert_eq!(world.outbox().await, ["select delivered 2"]);
        assert_eq!(
            (world.inbox().await, world.effects().await.len()),
            (vec!["on_status done 2".to_owned()], 1)
        );
        assert_eq!(world.node.recover().await, Ok(0));
    }

    async fn a_row_of_an_identity_that_is_gone_ends(db: db::Db) {
        let world = World::new(&db);
        let message = world.select_to(PEER, "t1");
        world.enqueue(Outgoing { sender: "gone.example".to_owned(), ..message }).await;
        world.node.drain().await;
        assert!(matches!(only(&world), Outcome::Dead { .. }));
    }

    async fn a_conclusion_counts_once(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::ack()).await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(world.select_to(PEER, "t1")).await;
        world.node.tick_outbox().await;
        let job = concluded_job(&db).await;
        let outcome = node::outbox::conclude_alone(&db, &job, &Outcome::Expired, world.clock.now()).await;
        assert!(matches!(outcome, Err(DbError::NotFound { .. })));
        assert_eq!(world.outbox().await, ["select delivered 1"]);
    }

    async fn a_refused_request_ends(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::nack(400, "BIZ_QUANTITY_UNAVAILABLE")).await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(world.select_to(PEER, "t1")).await;
        world.node.drain().await;
        assert!(matches!(only(&world), Outcome::Refused { code, .. } if code == "BIZ_QUANTITY_UNAVAILABLE"));
        assert_eq!((world.outbox().await, peer.requests().len()), (vec!["select refused 1".to_owned()], 1));
    }

    async fn a_refused_callback_is_sent_three_more_times(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::nack(200, "X")).await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(as_callback(&world, world.select_to(PEER, "t1"))).await;
        for _ in 0..5 {
            world.node.drain().await;
            world.advance(Span::from_secs(10));
        }
        assert!(matches!(only(&world), Outcome::Dead { .. }));
        assert_eq!((world.outbox().await, peer.requests().len()), (vec!["on_status dead 4".to_owned()], 4));
    }

    async fn failures_are_retried_by_the_table_until_it_works(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(counting(|n| match n {
            0 => Answer::HangUp,
            1 => Answer::json(503, "busy"),
            2 => Answer::Reply {
                status: 429,
                headers: vec![("Retry-After".to_owned(), "9".to_owned())],
                body: Vec::new(),
            },
            3 => Answer::Reply {
                status: 302,
                headers: vec![("Location".to_owned(), "http://127.0.0.1:1/".to_owned())],
                body: Vec::new(),
            },
            _ => Answer::ack(),
        }))
        .await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(world.select_to(PEER, "t1")).await;
        for (sent, pause) in [(1, 1200), (2, 2400), (3, 9000), (4, 18_000)] {
            assert_eq!(world.node.tick_outbox().await, 1, "attempt {sent}");
            assert_eq!(world.node.tick_outbox().await, 0);
            world.advance(Span::from_millis(pause / 3));
            assert_eq!(world.node.tick_outbox().await, 0, "too early after attempt {sent}");
            world.advance(Span::from_millis(pause - pause / 3));
        }
        world.node.drain().await;
        assert_eq!((world.outbox().await, peer.requests().len()), (vec!["select delivered 5".to_owned()], 5));
        // The peer is in good standing again: the next message is not held back.
        world.enqueue(world.select_to(PEER, "t2")).await;
        assert_eq!(world.node.tick_outbox().await, 1);
    }

    async fn past_its_deadline_a_message_is_not_sent_and_its_owner_is_told(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::json(500, "")).await;
        world.peer(5, PEER, &peer.url);
        let deadline = Some(world.clock.now().saturating_add(Span::from_secs(10)));
        world.enqueue(Outgoing { deadline, ..world.select_to(PEER, "t1") }).await;
        for _ in 0..20 {
            world.node.drain().await;
            world.advance(Span::from_secs(1));
        }
        assert_eq!(only(&world), Outcome::Expired);
        let sent = peer.requests().len();
        assert!((2..=5).contains(&sent), "{sent}");
        assert!(world.outbox().await[0].starts_with("select expired"));
    }

    async fn order_is_kept_per_transaction_and_target(db: db::Db) {
        let world = World::new(&db);
        let peer =
            Peer::start(counting(|n| if n == 0 { Answer::json(500, "") } else { Answer::ack() })).await;
        let other = Peer::start(|_| Answer::ack()).await;
        world.peer(5, PEER, &peer.url);
        world.peer(6, "other.example", &other.url);
        let messages = [
            world.select_to(PEER, "t1"),
            world.select_to(PEER, "t1"),
            world.select_to("other.example", "t1"),
        ];
        for message in &messages {
            world.enqueue(message.clone()).await;
        }
        assert_eq!(world.node.tick_outbox().await, 2);
        assert_eq!((peer.requests().len(), other.requests().len()), (1, 1));
        world.advance(Span::from_secs(3));
        world.node.drain().await;
        let bodies: Vec<_> = peer.requests().into_iter().map(|request| request.body).collect();
        assert_eq!(bodies, [&messages[0].body[..], &messages[0].body, &messages[1].body]);
    }

    async fn a_dead_peer_delays_nobody_else(db: db::Db) {
        let world = World::new(&db);
        let dead = Peer::start(|_| Answer::Silence(Duration::from_secs(30))).await;
        let alive = Peer::start(|_| Answer::ack()).await;
        world.peer(5, "dead.example", &dead.url);
        world.peer(6, PEER, &alive.url);
        for n in 0..100 {
            world.enqueue(world.select_to("dead.example", &format!("d{n}"))).await;
        }
        for n in 0..20 {
            world.enqueue(world.select_to(PEER, &format!("a{n}"))).await;
        }
        let cancel = CancellationToken::new();
        let running = tokio::spawn(Arc::clone(&world.node).run(cancel.clone()));
        world.node.wake();
        let began = SystemClock.now();
        for _ in 0..3_000 {
            if alive.requests().len() == 20 {
                break;
            }
            node::pause(Duration::from_millis(10)).await;
        }
        assert_eq!(alive.requests().len(), 20);
        // Eight at most wait for the silent one, not a hundred.
        let waiting = dead.requests().len().div_ceil(given_up_since(began));
        assert!((1..=8).contains(&waiting), "{}", dead.requests().len());
        cancel.cancel();
        tokio::time::timeout(Duration::from_secs(30), running).await.unwrap().unwrap();
    }

    async fn a_failing_peer_is_left_alone_and_then_probed_by_one_message(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(counting(|n| if n < 2 { Answer::json(502, "") } else { Answer::ack() })).await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(world.select_to(PEER, "t1")).await;
        assert_eq!(world.node.tick_outbox().await, 1);
        for name in ["t2", "t3", "t4"] {
            world.enqueue(world.select_to(PEER, name)).await;
        }
        assert_eq!(world.node.tick_outbox().await, 0);
        let troubled =
            db.read(|tx| Box::pin(async move { node::overview::peers(tx, 9).await })).await.unwrap();
        assert_eq!((troubled[0].subscriber_id.as_str(), troubled[0].fail_count), (PEER, 1));
        world.advance(Span::from_millis(1200));
        assert_eq!((world.node.tick_outbox().await, peer.requests().len()), (1, 2));
        assert_eq!(world.node.tick_outbox().await, 0);
        world.advance(Span::from_millis(2400));
        assert_eq!((world.node.tick_outbox().await, peer.requests().len()), (1, 3));
        // It is in good standing again, and the others follow together.
        assert_eq!(world.node.tick_outbox().await, 3);
        assert_eq!(world.outcomes().len(), 4);
    }

    async fn the_overview_counts_the_queues_and_names_what_ended_badly(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::nack(400, "BIZ_OFFER_NOT_FOUND")).await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(world.select_to(PEER, "t1")).await;
        world.node.drain().await;
        world.enqueue(world.select_to(PEER, "t2")).await;
        let queue = db.read(|tx| Box::pin(async move { node::overview::outbox(tx, 9).await })).await.unwrap();
        assert_eq!(queue.counts, [("queued".to_owned(), 1), ("refused".to_owned(), 1)]);
        assert_eq!(queue.oldest_unfinished, Some(world.clock.now()));
        assert_eq!(queue.ended_badly[0].reason.as_deref(), Some("refused: BIZ_OFFER_NOT_FOUND no"));
        let inbox = db.read(|tx| Box::pin(async move { node::overview::inbox(tx, 9).await })).await.unwrap();
        assert_eq!((inbox.counts.len(), inbox.oldest_unfinished), (0, None));
    }

    async fn an_unknown_or_revoked_target_is_not_called(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::ack()).await;
        let (key_id, _) = world.peer(5, PEER, &peer.url);
        world.registry.revoke(&key_id);
        world.enqueue(world.select_to(PEER, "t1")).await;
        world.enqueue(world.select_to("nobody.example", "t2")).await;
        world.node.drain().await;
        assert_eq!((world.outbox().await, peer.connections()), (vec!["select queued 1".to_owned(); 2], 0));
    }

    async fn a_huge_answer_is_cut_and_a_silent_peer_left(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(counting(|n| match n {
            0 => Answer::Silence(Duration::from_secs(30)),
            _ => Answer::Endless(64 << 20),
        }))
        .await;
        world.peer(5, PEER, &peer.url);
        world.enqueue(world.select_to(PEER, "t1")).await;
        let limit = Duration::from_secs(10);
        assert_eq!(tokio::time::timeout(limit, world.node.tick_outbox()).await, Ok(1));
        world.advance(Span::from_secs(2));
        assert_eq!(tokio::time::timeout(limit, world.node.tick_outbox()).await, Ok(1));
        assert!(matches!(only(&world), Outcome::Delivered { ack: AckVerdict::Ack { .. }, .. }));
        assert_eq!(attempts(&db).await, ["1 - no answer in time", "2 200 unverified"]);
    }

    async fn two_processes_on_one_database_send_each_message_once(db: test_support::database::TestDb) {
        let one = World::new(db.db());
        let other_db = db.reconnect(&db::Options::default()).await;
        let two = World::new(&other_db);
        let peer = Peer::start(|_| Answer::ack()).await;
        one.peer(5, PEER, &peer.url);
        two.peer(5, PEER, &peer.url);
        for n in 0..40 {
            one.enqueue(one.select_to(PEER, &format!("t{n}"))).await;
        }
        for _ in 0..20 {
            tokio::join!(one.node.tick_outbox(), two.node.tick_outbox());
        }
        assert_eq!(peer.requests().len(), 40);
        assert_eq!(one.outcomes().len() + two.outcomes().len(), 40);
        other_db.close().await;
    }
}

db::sql! {
    ATTEMPTS = "SELECT number, status, error, response_verified FROM outbox_attempts ORDER BY number";
    ANY_JOB = "SELECT id, target, transaction_id FROM outbox LIMIT 1";
}

async fn attempts(db: &db::Db) -> Vec<String> {
    let rows = db.read(|tx| Box::pin(async move { tx.query(&ATTEMPTS, &[]).await })).await.unwrap();
    rows.iter()
        .map(|row| {
            let number: i64 = row.get("number").unwrap();
            let status =
                row.get::<Option<i64>>("status").unwrap().map_or("-".to_owned(), |status| status.to_string());
            let verified = if row.get("response_verified").unwrap() { "verified" } else { "unverified" };
            let what: Option<String> = row.get("error").unwrap();
            format!("{number} {status} {}", what.unwrap_or_else(|| verified.to_owned()))
        })
        .collect()
}

/// The job as a worker held it that has lost its lease.
async fn concluded_job(db: &db::Db) -> node::OutboxJob {
    node::outbox::load(db, first_id(db).await).await.unwrap()
}

async fn first_id(db: &db::Db) -> uuid::Uuid {
    let row = db.read(|tx| Box::pin(async move { tx.query_one(&ANY_JOB, &[]).await })).await.unwrap();
    row.get("id").unwrap()
}
