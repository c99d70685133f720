//! Messages at rest: nothing of them can be read in the database, everything by the node, nothing without the key.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beckn_wire::action::Action;
use beckn_wire::json::Json;
use db::{DbError, Options, Vault, params};
use test_support::both_databases;
use test_support::database::TestDb;
use units::Span;

use crate::world::{EFFECTS, Message, SELLER, World, transaction};

db::sql! {
    RECEIVED = "SELECT id, body, reply_body, sealed FROM inbox ORDER BY seq";
    SENT = "SELECT id, body, sealed FROM outbox ORDER BY seq";
    ANSWERS = "SELECT response_body AS body, sealed FROM outbox_attempts ORDER BY at, number";
    KEYS = "SELECT transaction_id, wrapped FROM message_keys ORDER BY transaction_id";
    SWAP = "UPDATE outbox SET body = (SELECT body FROM inbox WHERE sealed = 1 LIMIT 1) WHERE id = $1";
    DIGESTS = "SELECT body_digest AS digest FROM inbox UNION ALL SELECT body_digest FROM outbox";
}

async fn rows(db: &db::Db, sql: &'static db::Sql) -> Vec<db::Row> {
    let read = db.read(move |tx| Box::pin(async move { tx.query(sql, &[]).await }));
    let rows: Result<Vec<db::Row>, DbError> = read.await;
    rows.unwrap()
}

async fn keys(db: &db::Db) -> Vec<String> {
    rows(db, &KEYS).await.iter().map(|row| row.get("transaction_id").unwrap()).collect()
}

/// Every stored column that holds bytes of a message.
async fn stored(db: &db::Db) -> Vec<(Vec<u8>, bool)> {
    let mut all = Vec::new();
    for (sql, column) in [(&RECEIVED, "body"), (&RECEIVED, "reply_body"), (&SENT, "body"), (&ANSWERS, "body")]
    {
        for row in rows(db, sql).await {
            let bytes: Option<Vec<u8>> = row.get(column).unwrap();
            all.push((bytes.unwrap_or_default(), row.get("sealed").unwrap()));
        }
    }
    all
}

fn shows(bytes: &[u8]) -> bool {
    [&b"context"[..], b"ACK", b"message"]
        .iter()
        .any(|word| bytes.windows(word.len()).any(|part| part == *word))
}

async fn exported(db: &db::Db) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    node::export::export(db, folder.path()).await.unwrap();
    let mut bodies = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let file = Json::parse(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        for name in ["body", "responseBody"] {
            bodies.push(STANDARD.decode(file.get(name).unwrap().as_str().unwrap()).unwrap());
        }
    }
    bodies
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("test", EFFECTS)];

    async fn what_is_stored_shows_nothing_and_the_evidence_everything(db: db::Db) {
        let world = World::new(&db);
        world.enqueue(world.select_to(SELLER, "t1")).await;
        world.enqueue(world.select_to(SELLER, "t2")).await;
        world.node.drain().await;
        assert_eq!(world.outbox().await.iter().filter(|row| row.contains("delivered")).count(), 4);
        let stored = stored(&db).await;
        assert_eq!(stored.len(), 16);
        assert!(stored.iter().all(|(bytes, sealed)| *sealed && bytes.len() > 28 && !shows(bytes)));
        assert_eq!(keys(&db).await, [transaction("t1"), transaction("t2")]);
        let exported = exported(&db).await;
        assert_eq!(exported.len(), 16);
        assert!(exported.iter().all(|bytes| shows(bytes)));
    }

    async fn a_repeated_message_gets_the_sealed_answer_again(db: db::Db) {
        let world = World::new(&db);
        let message = Message::new(Action::OnSelect, &transaction("t1"), &world.uuid());
        let (first, again) = (world.receive(&message).await, world.receive(&message).await);
        assert_eq!((first.status, first.body.clone()), (again.status, again.body));
        assert_eq!(rows(&db, &RECEIVED).await.len(), 1);
        assert!(shows(&first.body));
    }

    async fn what_was_stored_open_stays_readable(test: TestDb) {
        let options = Options { vault: None, ..Options::default() };
        let open = db::Db::connect(test.url(), &options).await.unwrap();
        let world = World::new(&open);
        world.enqueue(world.select_to(SELLER, "t1")).await;
        assert!(stored(&open).await.iter().all(|(bytes, sealed)| !sealed && shows(bytes)));
        assert_eq!(node::seal::check(&open).await, Ok(()));
        open.close().await;
        let world = World::seeded(test.db(), 8);
        world.node.drain().await;
        assert_eq!(world.outbox().await, ["select delivered 1", "on_select delivered 1"]);
        let sealed: Vec<bool> = stored(test.db()).await.iter().map(|(_, sealed)| *sealed).collect();
        assert!(sealed.contains(&true) && sealed.contains(&false));
        assert!(exported(test.db()).await.iter().all(|bytes| shows(bytes)));
    }

    async fn another_key_or_none_reads_nothing_and_begins_nothing(test: TestDb) {
        let world = World::new(test.db());
        assert_eq!(node::seal::check(test.db()).await, Ok(()));
        world.enqueue(world.select_to(SELLER, "t1")).await;
        let id: uuid::Uuid = rows(test.db(), &SENT).await[0].get("id").unwrap();
        let other = Vault::new(&[8; 32], Arc::new(clock::SystemEntropy)).unwrap();
        for vault in [None, Some(Arc::new(other))] {
            let options = Options { vault, ..Options::default() };
            let db = db::Db::connect(test.url(), &options).await.unwrap();
            assert_eq!(node::seal::check(&db).await, Err(DbError::Sealed));
            assert_eq!(node::outbox::load(&db, id).await.map(drop), Err(DbError::Sealed));
            db.close().await;
        }
        assert_eq!(node::seal::check(test.db()).await, Ok(()));
        assert!(shows(&node::outbox::load(test.db(), id).await.unwrap().body));
        // Nor do bytes that were moved to another row.
        world.node.drain().await;
        let moved = test.db().write(move |tx| Box::pin(async move { tx.execute(&SWAP, &params![id]).await }));
        let moved: Result<u64, DbError> = moved.await;
        assert_eq!(moved, Ok(1));
        assert_eq!(node::outbox::load(test.db(), id).await.map(drop), Err(DbError::Sealed));
    }

    async fn first_messages_at_once_share_one_key(db: db::Db) {
        let world = Arc::new(World::new(&db));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let world = Arc::clone(&world);
                tokio::spawn(async move { world.enqueue(world.select_to(SELLER, "t1")).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(keys(&db).await, [transaction("t1")]);
        let sent = rows(&db, &SENT).await;
        assert_eq!(sent.len(), 8);
        for row in sent {
            assert!(shows(&node::outbox::load(&db, row.get("id").unwrap()).await.unwrap().body));
        }
    }

    async fn the_key_goes_with_the_bytes_and_the_digests_stay(db: db::Db) {
        let world = World::new(&db);
        for name in ["t1", "t2"] {
            world.enqueue(world.select_to(SELLER, name)).await;
        }
        assert_eq!(node::erase::forget_bytes(&db, &transaction("t1")).await, Ok(false), "it is still to be sent");
        assert_eq!(keys(&db).await.len(), 2);
        world.node.drain().await;
        for _ in 0..2 {
            assert_eq!(node::erase::forget_bytes(&db, &transaction("t1")).await, Ok(true));
        }
        assert_eq!(keys(&db).await, [transaction("t2")]);
        assert_eq!(exported(&db).await.len(), 8);
        assert_eq!(stored(&db).await.iter().filter(|(bytes, sealed)| bytes.is_empty() && !sealed).count(), 8);
        let digests = rows(&db, &DIGESTS).await;
        let mut digests: Vec<String> =
            digests.iter().filter_map(|row| row.get::<Option<String>>("digest").unwrap()).collect();
        digests.sort();
        // Of both messages as they were sent, and as they were received.
        assert_eq!(digests.len(), 6);
        assert_eq!(digests.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
    }

    async fn the_key_goes_with_the_last_message_that_is_pruned(db: db::Db) {
        let world = World::new(&db);
        world.enqueue(world.select_to(SELLER, "t1")).await;
        world.node.drain().await;
        let agreed = Message::new(Action::OnInit, &transaction("t2"), &world.uuid());
        assert_eq!(world.receive(&agreed).await.status, 200);
        let asked = Message::new(Action::OnSelect, &transaction("t2"), &world.uuid());
        assert_eq!(world.receive(&asked).await.status, 200);
        world.node.drain().await;
        assert_eq!(keys(&db).await, [transaction("t1"), transaction("t2")]);
        world.advance(Span::from_hours(49));
        assert_eq!(world.node.tick_prune().await, Ok(5));
        assert_eq!(keys(&db).await, [transaction("t2")], "what was agreed can still be read");
        assert_eq!(exported(&db).await.len(), 2);
    }
}
