//! All of one's own data: given out whole, and nobody else's.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use serde_json::{Value, json};
use test_support::both_databases;
use wattmandi::contract::{Side, State};
use wattmandi::privacy::sections::{LEFT_OUT, SECTIONS};

use crate::people::{EMAIL, PASSWORD, instance, register, sign_in};
use crate::world::{ASHA, BILAL, Reply, US, World};

const EXPORT: &str = "/users/me/export";

db::sql! {
    SQLITE_TABLES = "SELECT m.name AS table_name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
        WHERE m.type = 'table' AND c.name = 'user_id' ORDER BY m.name";
    POSTGRES_TABLES = "SELECT CAST(table_name AS TEXT) AS table_name FROM information_schema.columns \
        WHERE table_schema = current_schema() AND column_name = 'user_id' ORDER BY table_name";
    MANY = "INSERT INTO events (user_id, transaction_id, kind, payload, at) VALUES ($1, 'many', 'test.many', '{}', $2)";
}

async fn tables_with_a_user(db: &db::Db) -> BTreeSet<String> {
    let sqlite = db.dialect() == db::Dialect::Sqlite;
    let read = db.read(move |tx| {
        let sql = if sqlite { &SQLITE_TABLES } else { &POSTGRES_TABLES };
        async move { tx.query(sql, &[]).await }.boxed()
    });
    read.await.unwrap().iter().map(|row| row.get("table_name").unwrap()).collect()
}

both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn no_table_of_users_is_forgotten(db: db::Db) {
        let stored = tables_with_a_user(&db).await;
        assert!(stored.len() > 20, "{stored:?}");
        let out: BTreeMap<_, _> = LEFT_OUT.iter().copied().collect();
        assert!(out.values().all(|reason| !reason.is_empty()));
        for section in SECTIONS {
            for table in section.tables {
                assert!(section.sql.text().contains(&format!(" {table} ")), "{} does not read {table}", section.name);
                assert!(!out.contains_key(table), "{table} is exported and left out");
            }
        }
        let given: BTreeSet<_> = SECTIONS.iter().flat_map(|section| section.tables).copied().collect();
        for table in &stored {
            let known = given.contains(table.as_str()) || out.contains_key(table.as_str());
            assert!(known, "{table} has a user in it, and is neither exported nor left out for a reason");
        }
        for table in out.keys() {
            assert!(stored.contains(*table), "{table} is left out and does not exist");
        }
        let statements: Vec<_> = SECTIONS.iter().map(|section| section.sql).collect();
        db.check_statements(&statements).await.unwrap();
    }

    async fn everything_of_ones_own_and_nothing_of_others(db: db::Db) {
        let world = World::start(db).await;
        world.offer().await;
        world.contract_with(US, Side::Seller, State::Active, "sold").await;
        world.post(ASHA, "/api/discover", &json!({})).await.is(202);
        let consent = json!({"purpose": "terms", "version": "1", "granted": true});
        world.post(ASHA, "/users/me/consents", &consent).await.is(201);
        let hook = json!({"url": "https://asha.example/hook", "events": ["*"]});
        world.post(ASHA, "/api/webhooks", &hook).await;
        let (asha, now) = (world.asha.id, world.participant.now());
        let many = world.participant.db.write(move |tx| async move {
            for _ in 0..450 {
                tx.execute(&MANY, &db::params![asha, now]).await?;
            }
            Ok::<_, db::DbError>(())
        }.boxed());
        many.await.unwrap();
        // A machine's token does not do.
        world.get(ASHA, EXPORT).await.problem(403, "auth.scope_missing");
        world.get("", EXPORT).await.problem(401, "auth.token_invalid");
        let accounts = instance(&world);
        let signed_in = accounts.open_session(world.asha.clone(), "test", "a laptop").await.ok().unwrap();
        let reply = world.get(&signed_in.access_token, EXPORT).await;
        let export = reply.is(200);
        assert!(reply.header("content-disposition").contains("attachment"));
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!((&export["format"], &export["user_id"]), (&json!("wattmandi.export.1"), &json!(world.asha.id)));
        let members: BTreeSet<_> = export.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(SECTIONS.iter().all(|section| members.contains(section.name)), "{members:?}");
        let first = |section: &str| export[section][0].clone();
        assert_eq!(first("account")["handle"], "asha");
        assert_eq!(first("meters")["meter_id"], "TEST_METER_000111");
        assert_eq!(first("offers")["name"], "Roof");
        assert_eq!(first("offer_slots")["published_kwh"], "5");
        assert_eq!(first("offer_slots")["price_inr"], "6.5");
        assert_eq!(first("trades")["own_meter"], wattmandi::network::normalize_meter("TEST_METER_000111"));
        assert_eq!(first("trade_slots")["requested_kwh"], "1.25");
        assert_eq!((&first("consents")["purpose"], &first("consents")["granted"]), (&json!("terms"), &json!(true)));
        assert_eq!(first("sessions")["device"], "a laptop");
        assert!(first("account")["created_at"].as_str().unwrap().ends_with('Z'));
        let told = export["events"].as_array().unwrap();
        assert!(told.iter().filter(|event| event["kind"] == "test.many").count() == 450, "pages follow one another");
        // The other side of the trade is not hers, nor is any secret.
        let text = reply.text();
        for foreign in ["999333", "token_hash", "password_hash", "secret_check", &signed_in.refresh_token, ASHA] {
            assert!(!text.contains(foreign), "{foreign}");
        }
        assert!(!text.contains(&wattmandi::identity::token_hash(ASHA)));
        // Somebody else gets his own.
        register(&world).await;
        let (gita, _) = sign_in(&world).await;
        let other = world.get(&gita, EXPORT).await;
        let export = other.is(200);
        assert_eq!(export["contacts"][0]["email"], EMAIL);
        assert!(!other.text().contains(PASSWORD) && !other.text().contains("argon2id"));
        for foreign in ["asha", "TEST_METER_000111", "Roof", "sold"] {
            assert!(!other.text().contains(foreign), "{foreign}");
        }
        for section in ["trades", "offers", "meters", "webhooks", "consents"] {
            assert_eq!(export[section], json!([]), "{section}");
        }
        Reply::of(world.request(&gita, "GET", "/users/me/export?user=x")).await.problem(422, "request.field_invalid");
        assert_eq!(world.get(BILAL, "/users/me").await.is(200)["signed_in_by"], Value::from("api_token"));
        world.running.stop().await;
    }
}
