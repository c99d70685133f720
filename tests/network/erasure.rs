//! A seller leaves: whoever bought from her keeps the trade, the books stand, and after the dispute period nothing in
//! her platform's database says who she was.

use serde_json::{Value, json};
use units::{Paise, Span, Timestamp};
use wattmandi::cli::local::SPARES;
use wattmandi::config::TradeConfig;
use wattmandi::events::{answers, idempotency};
use wattmandi::identity::{self, Hasher};
use wattmandi::settlement;

use crate::client::{Api, Person, eventually, text};
use crate::scan::found;
use crate::world::*;

const PASSWORD: &str = "quiet roof at noon";
const EMAIL: &str = "gitanjali@example.com";

db::sql! {
    LOG = "DELETE FROM inbox WHERE action IN ('discover', 'on_discover', 'catalog/publish', 'catalog/on_publish')";
    LOG_ATTEMPTS = "DELETE FROM outbox_attempts WHERE outbox_id IN (SELECT id FROM outbox \
        WHERE action IN ('discover', 'catalog/publish'))";
    LOG_SENT = "DELETE FROM outbox WHERE action IN ('discover', 'catalog/publish')";
    STATE = "SELECT state FROM erasures";
    CUSTOMER = "SELECT customer_number FROM meters WHERE meter_id = $1";
}

/// What could not be settled yet is looked at again when the market's clock has moved on.
async fn settled(world: &World, person: &Person, transaction: &str) {
    eventually("the settlement", || async {
        world.market.advance(Span::from_minutes(1));
        let shown = person.get(&format!("/api/transactions/{transaction}")).await.ok();
        let state = shown["delivery"]["state"].as_str().unwrap_or_default().to_owned();
        if state == "settled" { Ok(()) } else { Err(shown["delivery"].to_string()) }
    })
    .await;
}

/// Gives somebody whom the operator entered a password, and signs her in.
async fn signed_in(world: &World, handle: &'static str) -> Person {
    let p = world.participant(0);
    let hash = Hasher::new(p.ids.clone()).hash(PASSWORD).await.unwrap();
    let now = p.now();
    let entered = p.db.write(move |tx| {
        let hash = hash.clone();
        Box::pin(async move {
            let user = identity::find_by_handle(tx, handle).await?.unwrap();
            identity::enter(tx, user.id, EMAIL, Some(hash), now).await
        })
    });
    entered.await.unwrap();
    let api = Api::new(world.base(0));
    let tokens =
        api.person("").post("/auth/login", &json!({"email": EMAIL, "password": PASSWORD})).await.ok();
    api.person(&text(&tokens, "access_token"))
}

on_both_databases! {
    async fn who_leaves_is_forgotten_and_the_books_stand(databases: Databases) {
        let trade = TradeConfig { discom_check_interval_ms: 100, ..TradeConfig::default() };
        let world = World::with(databases, trade).await;
        let (gita, farid, bilal) = (world.stranger(0, "gitanjali").await, world.person("farid"), world.person("bilal"));
        let spare = &SPARES[0];
        let claim = json!({"discom": spare.discom, "serial_number": spare.meter, "key": spare.key, "place": "28.61, 77.21"});
        gita.post("/users/me/meters", &claim).await.ok();
        let db = world.participant(0).db.clone();
        let customer = db.read(|tx| Box::pin(async move {
            tx.query_one(&CUSTOMER, &[spare_meter().into()]).await?.get::<String>("customer_number")
        }));
        let customer: Result<String, db::DbError> = customer.await;
        let customer = customer.unwrap();
        let offer = (ALPHA.to_owned(), gita.list(spare.meter, &[(FIRST, "5", "6.5")]).await);
        let far = text(&farid.buy(&meter("farid"), &offer, &[(FIRST, "2")]).await, "transaction_id");
        let near = text(&bilal.buy(&meter("bilal"), &offer, &[(FIRST, "1")]).await, "transaction_id");
        let session = signed_in(&world, "gitanjali").await;
        let body = json!({"password": PASSWORD});
        let refused = session.delete_with("/users/me", &body).await;
        assert_eq!(refused.refusal(), (409, "account.not_settled".into()));

        let noon = Timestamp::parse_rfc3339("2026-11-22T12:05:00+05:30").unwrap();
        world.market.set(noon);
        settled(&world, &farid, &far).await;
        settled(&world, &bilal, &near).await;
        settled(&world, &gita, &near).await;
        settled(&world, &gita, &far).await;
        // What others are given of a trade with her says nothing of her, nor what she is given of them.
        let export = session.get("/users/me/export").await;
        let shown = String::from_utf8(export.body.clone()).unwrap();
        assert_eq!(export.ok()["trades"].as_array().unwrap().len(), 2);
        for foreign in ["bilal", "farid", &meter("bilal"), &meter("farid")] {
            assert!(!shown.to_lowercase().contains(&foreign.to_lowercase()), "{foreign}");
        }
        let account = session.get("/users/me/account").await.ok();
        let balance = Paise::from_inr_text(account["balance_inr"].as_str().unwrap()).unwrap();
        if balance > Paise::ZERO {
            session.post("/users/me/account/withdrawals", &json!({"amount_inr": account["balance_inr"]})).await.ok();
        }
        eventually("the end of the account", || async {
            let reply = session.delete_with("/users/me", &body).await;
            if reply.status == 200 { Ok(()) } else { Err(String::from_utf8_lossy(&reply.body).into_owned()) }
        })
        .await;
        assert_eq!(found(&db, &[EMAIL]).await, Default::default());
        let table = |place: &String| place.split('.').next().unwrap().to_owned();
        for place in found(&db, &["gitanjali", &customer]).await {
            // The evidence, and what others were answered within two days.
            let kept = ["inbox", "outbox", "outbox_attempts", "contracts", "answers", "idempotency_keys"];
            assert!(kept.contains(&table(&place).as_str()), "{place}");
        }
        eventually("the withdrawal in the catalog", || async {
            let (alpha, _) = world.books().await;
            alpha.unfinished().map_or(Ok(()), Err)
        })
        .await;

        world.market.advance(Span::from_days(91));
        eventually("the end of the evidence", || async {
            let states = db.read(|tx| Box::pin(async move { tx.query(&STATE, &[]).await }));
            let states: Result<Vec<db::Row>, db::DbError> = states.await;
            let state: String = states.unwrap()[0].get("state").unwrap();
            if state == "done" { Ok(()) } else { Err(state) }
        })
        .await;
        // The bounded log, and answers of two days, are forgotten by the clock that no test moves.
        let later = world.participant(0).now().saturating_add(Span::from_days(3));
        let forgotten = db.write(move |tx| Box::pin(async move {
            tx.execute(&LOG, &[]).await?;
            tx.execute(&LOG_ATTEMPTS, &[]).await?;
            tx.execute(&LOG_SENT, &[]).await?;
            answers::prune(tx, later).await?;
            idempotency::prune(tx, later).await
        }));
        let forgotten: Result<u64, db::DbError> = forgotten.await;
        forgotten.unwrap();
        let key = wattmandi::network::normalize_meter(spare.meter);
        assert_eq!(found(&db, &[EMAIL, "gitanjali", &customer, spare.meter, &key]).await, Default::default());
        let audit = db.read(|tx| Box::pin(async move { settlement::audit(tx).await }));
        let audit: Result<settlement::Audit, db::DbError> = audit.await;
        assert!(audit.unwrap().holds());
        // The buyers have their trades still, and the meter is free for who can prove it.
        assert_eq!(bilal.get(&format!("/api/transactions/{near}")).await.ok()["delivery"]["state"], "settled");
        assert_eq!(farid.get(&format!("/api/transactions/{far}")).await.ok()["delivery"]["state"], "settled");
        let hari = world.stranger(0, "hari").await;
        let claimed: Value = hari.post("/users/me/meters", &claim).await.ok();
        assert_eq!(claimed["verified"], true);
        world.stop().await;
    }
}

fn spare_meter() -> &'static str {
    SPARES[0].meter
}
