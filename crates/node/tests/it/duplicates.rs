//! The same message again, and another one under its id (ruling 4), also at the same time.

use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::{Json, Object};
use db::params;
use futures_util::future::join_all;
use node::{Admission, Effect, EffectError, Refusal};
use test_support::both_databases;

use crate::world::{ADD_EFFECT, EFFECTS, Message, NOW, World, verdict};

/// Notes an effect and answers with a ledger record.
fn ledger(what: &str, refused: bool) -> Admission {
    let what = what.to_owned();
    let effect: Effect = Arc::new(move |tx| {
        let what = what.clone();
        Box::pin(async move {
            tx.execute(&ADD_EFFECT, &params![&what]).await?;
            if refused {
                let error = WireError::new(ErrorCode::BizInvalidStateTransition, "no");
                return Err(EffectError::Refused(Refusal { error, status: Some(409) }));
            }
            let mut extra = Object::new();
            extra.set("ledger", Json::object([("recordId", Json::from(what.as_str()))]));
            Ok(extra)
        })
    });
    Admission::Effect(effect)
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn a_request_comes_once_whatever_its_body(db: db::Db) {
        let world = World::new(&db);
        let message = Message::new(Action::Select, &world.uuid(), &world.uuid());
        assert_eq!(world.receive(&message).await.status, 200);
        let changed = message.clone().set("ttl", "PT30S");
        for again in [message, changed] {
            let (path, headers, body) = again.sealed(NOW);
            let reply = world.node.receive(&path, &headers, body).await;
            let found = verdict(&reply, headers.get("authorization"), NOW);
            assert_eq!(found, (400, "CTX_MESSAGE_ID_DUPLICATE".to_owned()));
        }
        world.node.drain().await;
        assert_eq!(world.effects().await.len(), 1);
    }

    async fn a_callback_comes_once_in_each_form(db: db::Db) {
        let world = World::new(&db);
        let message = Message::new(Action::OnStatus, &world.uuid(), &world.uuid());
        let next = message.clone().set("timestamp", "2026-11-01T08:00:01Z");
        let other_path = Message { path: Some("/callbacks/on_status".to_owned()), ..message.clone() };
        for callback in [&message, &message, &other_path, &next, &next] {
            let (path, headers, body) = callback.sealed(NOW);
            let reply = world.node.receive(&path, &headers, body).await;
            assert_eq!(verdict(&reply, headers.get("authorization"), NOW), (200, "ACK".to_owned()));
        }
        world.node.drain().await;
        assert_eq!(world.effects().await.len(), 2);
        assert_eq!(world.inbox().await, ["on_status done 1", "on_status done 1"]);
    }

    async fn an_effect_is_stored_with_its_message_and_its_answer_is_repeated(db: db::Db) {
        let world = World::new(&db);
        world.admits(|incoming| Ok(ledger(&incoming.inbox_id.to_string(), false)));
        let message = Message::new(Action::OnConfirm, &world.uuid(), &world.uuid());
        let first = world.receive(&message).await;
        let again = world.receive(&message).await;
        let record =
            Json::parse(&first.body).unwrap().at(&["message", "ledger", "recordId"]).cloned().unwrap();
        assert_eq!(world.effects().await, [record.as_str().unwrap()]);
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(
            (world.inbox().await, world.node.tick_inbox().await),
            (vec!["on_confirm done 0".to_owned()], 0)
        );
    }

    async fn a_refused_effect_leaves_nothing(db: db::Db) {
        let world = World::new(&db);
        world.admits(|_| Ok(ledger("x", true)));
        let message = Message::new(Action::OnConfirm, &world.uuid(), &world.uuid());
        let reply = world.receive(&message).await;
        assert_eq!(reply.status, 409);
        assert_eq!((world.effects().await.len(), world.inbox().await.len()), (0, 0));
        world.admits(|_| Ok(ledger("x", false)));
        assert_eq!(world.receive(&message).await.status, 200);
        assert_eq!(world.effects().await, ["x"]);
    }

    async fn copies_that_arrive_together_have_one_effect(db: db::Db) {
        let world = Arc::new(World::new(&db));
        world.admits(|_| Ok(ledger("one", false)));
        for action in [Action::Init, Action::OnConfirm] {
            let message = Message::new(action, &world.uuid(), &world.uuid());
            let copies = (0..16).map(|_| {
                let (world, message) = (Arc::clone(&world), message.clone());
                tokio::spawn(async move { world.receive(&message).await.status })
            });
            let statuses: Vec<u16> = join_all(copies).await.into_iter().map(Result::unwrap).collect();
            let taken = statuses.iter().filter(|status| **status == 200).count();
            assert_eq!(taken, if action.is_callback() { 16 } else { 1 }, "{action}: {statuses:?}");
            assert!(statuses.iter().all(|status| [200, 400].contains(status)), "{statuses:?}");
        }
        assert_eq!(world.effects().await, ["one", "one"]);
    }

    async fn different_requests_under_one_id_that_arrive_together_are_one(db: db::Db) {
        let world = Arc::new(World::new(&db));
        world.admits(|_| Ok(ledger("one", false)));
        let message = Message::new(Action::Init, &world.uuid(), &world.uuid());
        let forms = (0..8).map(|n| {
            let (world, message) = (Arc::clone(&world), message.clone().set("ttl", format!("PT{}S", 60 + n)));
            tokio::spawn(async move { world.receive(&message).await.status })
        });
        let mut statuses: Vec<u16> = join_all(forms).await.into_iter().map(Result::unwrap).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
        assert_eq!(world.effects().await, ["one"]);
    }
}
