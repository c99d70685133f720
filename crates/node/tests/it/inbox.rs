//! Working messages off: leases, retries, order, and the crash between taking and committing.

use beckn_wire::action::Action;
use node::ProcessError;
use std::sync::Arc;
use test_support::both_databases;
use units::Span;

use crate::world::{EFFECTS, Message, Mishap, NOW, World, transaction};

async fn receive(world: &World, action: Action, name: &str) {
    let message = Message::new(action, &transaction(name), &world.uuid());
    assert_eq!(world.receive(&message).await.status, 200);
}

fn happens(world: &World, mishaps: &[Mishap]) {
    world.app.mishaps.lock().unwrap().extend(mishaps);
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn work_lost_in_a_crash_is_done_when_its_lease_has_run_out(db: db::Db) {
        let world = World::new(&db);
        receive(&world, Action::OnStatus, "t1").await;
        happens(&world, &[Mishap::Dies]);
        assert_eq!(world.node.tick_inbox().await, 1);
        assert_eq!(
            (world.inbox().await, world.node.tick_inbox().await),
            (vec!["on_status working 1".to_owned()], 0)
        );
        world.advance(Span::from_secs(29));
        assert_eq!(world.node.tick_inbox().await, 0);
        world.advance(Span::from_secs(1));
        assert_eq!(world.node.tick_inbox().await, 1);
        assert_eq!(world.inbox().await, ["on_status done 2"]);
        assert_eq!(world.effects().await.len(), 1);
        // The first worker comes back to life and finds that it has lost the message.
        let late = Arc::new(world.app.processed.lock().unwrap()[0].clone());
        let outcome: Result<(), ProcessError> = db
            .write(move |tx| {
                let late = Arc::clone(&late);
                Box::pin(async move {
                    tx.execute(&crate::world::ADD_EFFECT, &db::params!["late"]).await?;
                    Ok(node::inbox::complete(tx, &late, NOW).await?)
                })
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(world.effects().await.len(), 1);
    }

    async fn a_slow_worker_whose_lease_was_taken_over_loses(db: db::Db) {
        let world = World::new(&db);
        receive(&world, Action::OnStatus, "t1").await;
        happens(&world, &[Mishap::Dies, Mishap::Dies]);
        world.node.tick_inbox().await;
        world.advance(Span::from_secs(31));
        world.node.tick_inbox().await;
        let jobs = world.app.processed.lock().unwrap().clone();
        for (job, wins) in [(jobs[0].clone(), false), (jobs[1].clone(), true)] {
            let job = Arc::new(job);
            let outcome: Result<(), db::DbError> = db
                .write(move |tx| {
                    let job = Arc::clone(&job);
                    Box::pin(async move { node::inbox::complete(tx, &job, NOW).await })
                })
                .await;
            assert_eq!(outcome.is_ok(), wins);
        }
    }

    async fn panics_and_passing_troubles_are_tried_again_with_growing_pauses(db: db::Db) {
        let world = World::new(&db);
        receive(&world, Action::OnStatus, "t1").await;
        happens(&world, &[Mishap::Panics, Mishap::Retries]);
        assert_eq!(world.node.tick_inbox().await, 1);
        assert_eq!(
            (world.inbox().await, world.node.tick_inbox().await),
            (vec!["on_status queued 1".to_owned()], 0)
        );
        world.advance(Span::from_millis(1200));
        assert_eq!(world.node.tick_inbox().await, 1);
        world.advance(Span::from_millis(1200));
        assert_eq!(world.node.tick_inbox().await, 0);
        world.advance(Span::from_millis(1200));
        assert_eq!(world.node.tick_inbox().await, 1);
        assert_eq!(
            (world.inbox().await, world.effects().await.len()),
            (vec!["on_status done 3".to_owned()], 1)
        );
    }

    async fn a_hopeless_message_ends_and_what_waited_behind_it_goes_on(db: db::Db) {
        let world = World::new(&db);
        receive(&world, Action::OnStatus, "t1").await;
        receive(&world, Action::OnStatus, "t1").await;
        happens(&world, &[Mishap::Dies; 10]);
        for _ in 0..10 {
            assert_eq!(world.node.tick_inbox().await, 1);
            world.advance(Span::from_secs(31));
        }
        assert_eq!(world.node.tick_inbox().await, 0);
        assert_eq!(world.inbox().await, ["on_status failed 11 NET_INTERNAL_ERROR", "on_status queued 0"]);
        assert_eq!(world.node.tick_inbox().await, 1);
        assert_eq!(world.effects().await.len(), 1);
        receive(&world, Action::OnStatus, "t2").await;
        happens(&world, &[Mishap::Fails]);
        world.node.tick_inbox().await;
        assert_eq!(world.inbox().await[2], "on_status failed 1 BIZ_GENERIC_ERROR");
    }

    async fn order_is_kept_within_a_transaction_and_not_across(db: db::Db) {
        let world = World::new(&db);
        for (action, transaction) in [
            (Action::OnInit, "t1"),
            (Action::OnConfirm, "t1"),
            (Action::OnStatus, "t1"),
            (Action::OnInit, "t2"),
        ] {
            receive(&world, action, transaction).await;
        }
        happens(&world, &[Mishap::Retries]);
        assert_eq!(world.node.tick_inbox().await, 2);
        assert_eq!(world.node.tick_inbox().await, 0);
        world.advance(Span::from_secs(2));
        world.node.drain().await;
        let done: Vec<String> = world
            .app
            .processed
            .lock()
            .unwrap()
            .iter()
            .filter(|job| job.transaction_id == transaction("t1"))
            .map(|job| job.action.to_string())
            .collect();
        assert_eq!(done, ["on_init", "on_init", "on_confirm", "on_status"]);
        assert_eq!(world.effects().await.len(), 4);
    }

    async fn two_processes_on_one_database_work_each_message_off_once(db: test_support::database::TestDb) {
        let one = World::new(db.db());
        let other_db = db.reconnect(&db::Options::default()).await;
        let two = World::new(&other_db);
        for n in 0..40 {
            receive(&one, Action::OnStatus, &format!("t{n}")).await;
        }
        let (mut first, mut second) = (0, 0);
        loop {
            let (a, b) = tokio::join!(one.node.tick_inbox(), two.node.tick_inbox());
            (first, second) = (first + a, second + b);
            if a + b == 0 {
                break;
            }
        }
        assert_eq!((first + second, one.effects().await.len()), (40, 40));
        other_db.close().await;
    }
}
