//! Forgetting: what only asked or answered goes after two days, what was agreed stays, replays are still known.

use beckn_wire::action::Action;
use beckn_wire::json::Json;
use node::NodeConfig;
use std::sync::Arc;
use test_support::both_databases;
use tokio_util::sync::CancellationToken;
use units::Span;

use crate::http::{Answer, Peer};
use crate::world::{EFFECTS, Message, Mishap, NOW, SELLER, Setup, World, contract, transaction};

const TWO_DAYS: Span = Span::from_hours(48);
const SECOND: Span = Span::from_secs(1);

async fn receive(world: &World, action: Action, name: &str) {
    let message = Message::new(action, &transaction(name), &world.uuid());
    assert_eq!(world.receive(&message).await.status, 200);
}

/// A question of our buyer to our seller about a contract.
async fn ask(world: &World, action: Action, name: &str) {
    let id = "\"contract\":{\"id\":\"00000000-0000-4000-8000-00000000000c\",";
    let named = contract().to_string().replace("\"contract\":{", id);
    world.enqueue(world.ask(action, SELLER, name, Json::parse_text(&named).unwrap())).await;
    world.node.drain().await;
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn what_only_asked_or_answered_goes_after_two_days(db: db::Db) {
        let world = World::new(&db);
        ask(&world, Action::Select, "t1").await;
        assert_eq!(world.outbox().await, ["select delivered 1", "on_select delivered 1"]);
        assert_eq!(world.inbox().await, ["select done 1", "on_select done 1"]);
        // A read that failed, and a question that its peer refused.
        world.app.mishaps.lock().unwrap().push_back(Mishap::Fails);
        receive(&world, Action::OnSelect, "t2").await;
        world.node.drain().await;
        let peer = Peer::start(|_| Answer::nack(403, "POL_X")).await;
        world.peer(5, "peer.example", &peer.url);
        world.enqueue(world.select_to("peer.example", "t3")).await;
        world.node.drain().await;
        world.advance(TWO_DAYS);
        assert_eq!(world.node.tick_prune().await, Ok(0));
        world.advance(Span::from_minutes(10));
        assert_eq!(world.node.tick_prune().await, Ok(6));
        assert_eq!((world.inbox().await, world.outbox().await), (vec![], vec![]));
    }

    async fn what_was_agreed_stays(db: db::Db) {
        let world = World::new(&db);
        for action in [Action::OnInit, Action::OnConfirm, Action::OnUpdate, Action::OnCancel] {
            receive(&world, action, "t1").await;
        }
        ask(&world, Action::Init, "t2").await;
        let before = (world.inbox().await, world.outbox().await);
        assert_eq!((before.0.len(), before.1.len()), (6, 2));
        world.advance(Span::from_hours(24 * 400));
        assert_eq!(world.node.tick_prune().await, Ok(0));
        assert_eq!((world.inbox().await, world.outbox().await), before);
    }

    async fn a_status_that_was_asked_for_goes_and_one_that_was_pushed_stays(db: db::Db) {
        let world = World::new(&db);
        ask(&world, Action::Status, "t1").await;
        receive(&world, Action::OnStatus, "t2").await;
        world.node.drain().await;
        assert_eq!(world.outbox().await, ["status delivered 1", "on_status delivered 1"]);
        assert_eq!(world.inbox().await, ["status done 1", "on_status done 1", "on_status done 1"]);
        world.advance(TWO_DAYS);
        world.advance(SECOND);
        assert_eq!(world.node.tick_prune().await, Ok(3));
        assert_eq!(world.inbox().await, ["on_status done 1"]);
        // The question was what told the two apart, so it goes a day later.
        assert_eq!(world.outbox().await, ["status delivered 1"]);
        world.advance(Span::from_hours(24));
        assert_eq!(world.node.tick_prune().await, Ok(1));
        world.advance(Span::from_hours(24 * 400));
        assert_eq!(world.node.tick_prune().await, Ok(0));
        assert_eq!(world.inbox().await, ["on_status done 1"]);
    }

    async fn what_is_not_finished_stays_and_so_does_the_question_behind_it(db: db::Db) {
        let world = World::new(&db);
        let peer = Peer::start(|_| Answer::HangUp).await;
        let url = peer.url.clone();
        world.peer(3, crate::world::STRANGER, &url);
        let select = |world: &World| {
            Message::new(Action::Select, &world.uuid(), &world.uuid()).set("bapUri", url.as_str())
        };
        assert_eq!(world.receive(&select(&world)).await.status, 200);
        world.node.tick_inbox().await;
        world.node.tick_outbox().await;
        assert_eq!(world.receive(&select(&world)).await.status, 200);
        let rows = (vec!["select done 1".to_owned(), "select queued 0".to_owned()], vec!["on_select queued 1"]);
        world.advance(Span::from_hours(100));
        assert_eq!(world.node.tick_prune().await, Ok(0));
        assert_eq!(world.inbox().await, rows.0);
        assert_eq!(world.outbox().await, rows.1);
    }

    async fn a_replay_meets_its_duplicate_as_long_as_its_signature_lives(db: db::Db) {
        let day = 24 * 3600;
        let world = World::new(&db);
        let message =
            Message { created: 0, expires: day, ..Message::new(Action::Select, &world.uuid(), &world.uuid()) };
        let (path, headers, body) = message.sealed(NOW);
        assert_eq!(world.node.receive(&path, &headers, body.clone()).await.status, 200);
        world.node.tick_inbox().await;
        world.advance(Span::from_secs(day));
        assert_eq!(world.node.tick_prune().await, Ok(0));
        assert_eq!(world.node.receive(&path, &headers, body.clone()).await.status, 400);
        assert_eq!(world.effects().await.len(), 1);
        world.advance(SECOND);
        assert_eq!(world.node.receive(&path, &headers, body).await.status, 401);
    }

    async fn a_network_with_longer_lives_keeps_its_messages_longer(db: db::Db) {
        let change = |config: &mut NodeConfig| config.policy.life_max_secs = 40 * 3600;
        let world = World::with(&db, Setup { change, ..Setup::default() });
        receive(&world, Action::OnSelect, "t1").await;
        world.node.drain().await;
        world.advance(Span::from_hours(80));
        assert_eq!(world.node.tick_prune().await, Ok(0));
        world.advance(Span::from_hours(1));
        assert_eq!(world.node.tick_prune().await, Ok(1));
    }

    async fn a_node_at_work_forgets_by_itself_however_much_has_piled_up(db: db::Db) {
        let world = World::new(&db);
        for n in 0..130 {
            receive(&world, Action::OnSelect, &format!("t{n}")).await;
        }
        world.node.drain().await;
        world.advance(TWO_DAYS);
        world.advance(SECOND);
        let cancel = CancellationToken::new();
        let working = tokio::spawn(Arc::clone(&world.node).run(cancel.clone()));
        let mut left = world.inbox().await.len();
        for _ in 0..3_000 {
            if left == 0 {
                break;
            }
            node::pause(std::time::Duration::from_millis(20)).await;
            left = world.inbox().await.len();
        }
        cancel.cancel();
        working.await.unwrap();
        assert_eq!(left, 0);
    }
}
