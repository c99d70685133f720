//! The process is killed (`SIGKILL`) again and again while it trades with itself: afterwards every message
//! has had its effect once. The child is this test binary, started for one test of it.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use db::{Db, Options};
use test_support::both_databases;
use test_support::database::TestDb;
use tokio_util::sync::CancellationToken;

use crate::world::{EFFECTS, SELLER, World};

const TRADES: usize = 150;
const CHILD_URL: &str = "NODE_TEST_KILL_URL";

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn a_killed_process_loses_and_doubles_nothing(db: TestDb) {
        let world = World::new(db.db());
        for n in 0..TRADES {
            world.enqueue(world.select_to(SELLER, &format!("t{n}"))).await;
        }
        let mut kills = 0;
        let mut before = 0;
        for _ in 0..8 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["kill::child", "--exact", "--nocapture"])
                .env(CHILD_URL, db.url())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // As soon as it has got a little further it dies in the middle of the next.
            let mut delivered = before;
            for _ in 0..5000 {
                delivered = world.outbox().await.iter().filter(|row| row.contains("delivered")).count();
                if delivered > before {
                    break;
                }
                node::pause(Duration::from_millis(2)).await;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(delivered > before, "the child did nothing");
            if delivered == 2 * TRADES {
                break;
            }
            (before, kills) = (delivered, kills + 1);
        }
        assert!(kills >= 2, "the work was done before it could be interrupted");
        world.node.recover().await.unwrap();
        world.node.drain().await;
        let sent = world.outbox().await;
        assert_eq!(sent.len(), 2 * TRADES);
        assert!(sent.iter().all(|row| row.contains("delivered")), "{sent:?}");
        let mut effects = world.effects().await;
        assert_eq!(effects.len(), 2 * TRADES);
        effects.dedup();
        assert_eq!(effects.len(), 2 * TRADES, "an effect happened twice");
    }
}

/// The process that is killed; without its variable it has nothing to do.
#[test]
fn child() {
    let Ok(url) = std::env::var(CHILD_URL) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Db::connect(
            &url,
            &Options { vault: Some(test_support::database::vault()), ..Options::default() },
        )
        .await
        .unwrap();
        let world = World::seeded(&db, u64::from(std::process::id()));
        world.node.recover().await.unwrap();
        Arc::clone(&world.node).run(CancellationToken::new()).await;
    });
}
