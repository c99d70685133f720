//! The operator's way out: what waits for a person is listed with its evidence, and one decision ends it, once.

use std::sync::Arc;

use beckn_wire::json::Json;
use db::{DbError, params};
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::{Value, json};
use units::{Paise, Span};
use uuid::Uuid;
use wattmandi::contract::delivery::{self, DeliveryState};
use wattmandi::contract::service::{self, Cell};
use wattmandi::contract::{Contract, Side, State};
use wattmandi::discom;
use wattmandi::settlement::{self, Overview, Stamp};
use wattmandi::trust::service as trust;

use crate::world::{ELEVEN, Reply, TEN, World, slot};

db::sql! {
    DOCUMENT = "UPDATE contracts SET document = $2 WHERE id = $1";
    REWRITE = "UPDATE delivery_decisions SET reason = 'another'";
    FORGET = "DELETE FROM delivery_decisions";
    JOURNALS = "SELECT COUNT(*) AS n FROM journals WHERE contract = $1 AND kind IN ('settlement', 'correction')";
    CHANGES = "SELECT cause FROM trust_changes WHERE contract = $1 ORDER BY round";
}

const WHOLE: [(&str, [&str; 3]); 2] = [(TEN, ["1.25", "1.25", "1.25"]), (ELEVEN, ["2", "2", "2"])];

/// A purchase that stands, 1.25 kWh and 2 kWh, for which 22 INR are held; its slots are over.
async fn purchase(world: &World, transaction: &str) -> Contract {
    let mut contract = world.contract(Side::Buyer, State::Standing, transaction).await;
    let text = format!(
        r#"{{"id":"{}","status":{{"code":"ACTIVE"}},"commitments":[{{"id":"c","status":{{"descriptor":{{"code":"ACTIVE"}}}},
        "resources":[],"offer":{{"id":"o","resourceIds":[]}},"commitmentAttributes":{{"@context":"x","@type":"TimeSeries",
        "intervalPeriod":{{"start":"{TEN}","duration":"PT1H"}},
        "payloadDescriptors":[{{"objectType":"EVENT_PAYLOAD_DESCRIPTOR","payloadType":"PRICE_PER_KWH","currency":"INR"}}],
        "intervals":[{{"id":0,"payloads":[]}},{{"id":1,"payloads":[]}}]}}}}],
        "contractAttributes":{{"@context":"x","@type":"DEGContract","roles":[
        {{"role":"sellerDiscom","participantId":"NORTH"}},{{"role":"buyerDiscom","participantId":"NORTH"}}]}}}}"#,
        contract.id
    );
    let document = Json::parse(text.as_bytes()).unwrap().to_bytes();
    let (p, now, user) = (world.participant.clone(), world.participant.now(), contract.user_id);
    contract.document.clone_from(&document);
    let stored = Arc::new((contract.clone(), document));
    let written = world.participant.db.write(move |tx| {
        let (p, stored) = (p.clone(), Arc::clone(&stored));
        async move {
            let (mut contract, document) = (stored.0.clone(), stored.1.clone());
            tx.execute(&DOCUMENT, &params![contract.id, document]).await?;
            // What opens the delivery is the change that makes a contract stand.
            service::save(tx, &mut contract, "test", None, now).await?;
            settlement::adjust(tx, contract.id, user, Paise::new(2_200), &Stamp::of(&p)).await.unwrap();
            Ok::<_, DbError>(contract)
        }
        .boxed()
    });
    written.await.unwrap()
}

/// Both DISCOMs are done, and wrote this: allocations of seller and buyer, and the final value.
async fn wrote(world: &World, contract: &Contract, values: &[(&str, [&str; 3])]) {
    let mut cells = Vec::new();
    for (start, [seller, buyer, last]) in values {
        for (column, value, writer) in [
            ("SELLER_DISCOM_ALLOC", *seller, "sellerDiscom"),
            ("SELLER_DISCOM_STATUS", "COMPLETED", "sellerDiscom"),
            ("BUYER_DISCOM_ALLOC", *buyer, "buyerDiscom"),
            ("BUYER_DISCOM_STATUS", "COMPLETED", "buyerDiscom"),
            ("FINAL_ALLOC", *last, "sellerDiscom"),
        ] {
            cells.push(Cell {
                slot_start: slot(start).start(),
                column: column.into(),
                round: 0,
                value: value.into(),
                writer: writer.into(),
                provenance: "direct".into(),
            });
        }
    }
    let (id, cells, now, market) =
        (contract.id, Arc::new(cells), world.participant.now(), world.participant.market_now());
    let written = world.participant.db.write(move |tx| {
        let cells = Arc::clone(&cells);
        async move {
            for cell in cells.iter() {
                service::write_cell(tx, id, cell.clone(), "m", now).await?;
            }
            delivery::told(tx, id, market).await
        }
        .boxed()
    });
    written.await.unwrap();
    world.clock.advance(Span::from_days(1));
    discom::check(&world.participant).await.unwrap();
}

async fn decide(world: &World, id: Uuid, decision: &str) -> Reply {
    let body = json!({"decision": decision, "reason": "the meter was read by hand", "by": "ravi"});
    Reply::of(world.to_operators("POST", &format!("/admin/exceptions/{id}/resolve")).json(&body)).await
}

async fn list(world: &World) -> Vec<Value> {
    world.operator("/admin/exceptions").await.is(200).as_array().unwrap().clone()
}

async fn money(world: &World) -> Overview {
    let user = world.asha.id;
    let read = world
        .participant
        .db
        .read(move |tx| async move { settlement::overview(tx, user, Paise::ZERO).await }.boxed());
    read.await.unwrap()
}

/// Journals of the contract, the causes of its changes of trust, and its delivery.
async fn effects(world: &World, id: Uuid) -> (i64, Vec<String>, DeliveryState) {
    let config = world.participant.settings.trust;
    let user = world.asha.id;
    let read = world.participant.db.read(move |tx| {
        async move {
            let journals = tx.query_one(&JOURNALS, &params![id]).await?.get("n")?;
            let causes = tx.query(&CHANGES, &params![id]).await?;
            let causes = causes.iter().map(|row| row.get("cause")).collect::<Result<Vec<String>, _>>()?;
            trust::rebuild(tx, &config, user).await.unwrap();
            let audit = settlement::audit(tx).await?;
            assert!(audit.holds(), "{audit:?}");
            Ok::<_, DbError>((journals, causes, delivery::find(tx, id).await?.unwrap().state))
        }
        .boxed()
    });
    read.await.unwrap()
}

test_support::both_databases! {
    migrations = [("node", node::MIGRATIONS), ("wattmandi", wattmandi::MIGRATIONS)];

    async fn what_waits_for_a_person_is_listed_with_its_evidence(db: db::Db) {
        let world = World::start(db).await;
        assert_eq!(list(&world).await, Vec::<Value>::new());
        let contract = purchase(&world, "t-1").await;
        let since = world.participant.now().saturating_add(Span::from_days(1));
        wrote(&world, &contract, &[(TEN, ["1.25", "1.25", "1.25"]), (ELEVEN, ["1.5", "2", "1.6"])]).await;
        let all = list(&world).await;
        assert_eq!(all.len(), 1, "{all:?}");
        let case = &all[0];
        assert_eq!((&case["id"], &case["transaction_id"]), (&json!(contract.id), &json!("t-1")));
        assert_eq!((&case["side"], &case["settlement"]), (&json!("buyer"), &json!(0)));
        let cell = format!("FINAL_ALLOC@{}", slot(ELEVEN).start());
        assert_eq!(case["cells"], json!([cell]), "{case}");
        assert!(case["reason"].as_str().unwrap().contains("above an allocation"), "{case}");
        assert_eq!(case["since"], json!(since));
        let written = case["evidence"]["written"].as_array().unwrap();
        assert_eq!(written.len(), 10);
        assert!(written.iter().any(|each| each["cell"] == json!(cell) && each["value"] == "1.6"), "{case}");
        assert!(case["evidence"]["digest"].is_string(), "{case}");
        // Looked at again, it waits since the same time.
        wrote(&world, &contract, &[(ELEVEN, ["1.5", "2", "1.7"])]).await;
        assert_eq!(list(&world).await[0]["since"], json!(since));
        world.running.stop().await;
    }

    async fn an_accepted_final_value_settles_once(db: db::Db) {
        let world = World::start(db).await;
        let contract = purchase(&world, "t-1").await;
        wrote(&world, &contract, &[(TEN, ["1.25", "1.25", "1.25"]), (ELEVEN, ["1.5", "2", "1.6"])]).await;
        assert_eq!(effects(&world, contract.id).await, (0, vec![], DeliveryState::Exception));
        let decided = join_all((0..8).map(|_| decide(&world, contract.id, "accept"))).await;
        let (done, refused): (Vec<Reply>, Vec<Reply>) = decided.into_iter().partition(|reply| reply.status == 200);
        assert_eq!(done.len(), 1, "{:?}", done.iter().map(Reply::text).collect::<Vec<_>>());
        assert_eq!(done[0].json(), json!({"id": contract.id, "state": "settled", "settlement": 1}));
        for reply in refused {
            reply.problem(409, "trade.state_conflict");
        }
        // 1.25 kWh at 6.50 and 1.6 kWh at 6 INR.
        let after = money(&world).await;
        assert_eq!((after.balance, after.held), (Paise::new(-(813 + 960)), Paise::ZERO));
        // The buyer drew whatever there was.
        assert_eq!(effects(&world, contract.id).await, (1, vec!["delivered".into()], DeliveryState::Settled));
        assert_eq!(list(&world).await, Vec::<Value>::new());
        // A correction opens it again, and shows what was decided.
        wrote(&world, &contract, &[(ELEVEN, ["1.5", "2", "1.7"])]).await;
        let case = list(&world).await.remove(0);
        let before = &case["decisions"][0];
        let said = ["decision", "reason", "by"].map(|name| before[name].as_str().unwrap().to_owned());
        assert_eq!(said, ["accept", "the meter was read by hand", "ravi"]);
        assert_eq!((&before["settlement"], &case["settlement"]), (&json!(1), &json!(1)));
        // What was settled may stand.
        decide(&world, contract.id, "keep").await.is(200);
        assert_eq!(effects(&world, contract.id).await, (1, vec!["delivered".into()], DeliveryState::Settled));
        assert_eq!(money(&world).await.balance, after.balance);
        for sql in [&REWRITE, &FORGET] {
            let db = world.participant.db.clone();
            let forged: Result<u64, DbError> =
                db.write(move |tx| async move { tx.execute(sql, &[]).await }.boxed()).await;
            assert!(forged.is_err(), "a decision is never changed");
        }
        world.running.stop().await;
    }

    async fn a_closed_case_gives_everything_back_and_stays_closed(db: db::Db) {
        let world = World::start(db).await;
        // Nothing is settled: what was held is given back.
        let unsettled = purchase(&world, "t-1").await;
        wrote(&world, &unsettled, &[(TEN, ["1.25", "1.25", "1.25"]), (ELEVEN, ["2", "2", "2.5"])]).await;
        let refused = decide(&world, unsettled.id, "accept").await.problem(409, "trade.state_conflict");
        assert!(refused["detail"].as_str().unwrap().contains("above the request"), "{refused}");
        decide(&world, unsettled.id, "keep").await.problem(409, "trade.state_conflict");
        assert_eq!(money(&world).await.held, Paise::new(2_200));
        let closed = decide(&world, unsettled.id, "close").await.is(200);
        assert_eq!((&closed["state"], &closed["settlement"]), (&json!("void"), &json!(0)));
        assert_eq!((money(&world).await.held, money(&world).await.balance), (Paise::ZERO, Paise::ZERO));
        wrote(&world, &unsettled, &WHOLE).await;
        assert_eq!(effects(&world, unsettled.id).await, (0, vec![], DeliveryState::Void), "closed is closed");
        decide(&world, unsettled.id, "accept").await.problem(409, "trade.state_conflict");
        // What was settled is booked back, once, and trust with it.
        let settled = purchase(&world, "t-2").await;
        wrote(&world, &settled, &[(TEN, ["1.25", "1", "1"]), (ELEVEN, ["2", "2", "2"])]).await;
        assert_eq!(effects(&world, settled.id).await, (1, vec!["partial".into()], DeliveryState::Settled));
        assert_eq!(money(&world).await.balance, Paise::new(-(650 + 1_200)));
        wrote(&world, &settled, &[(ELEVEN, ["2", "2", "2.0005"])]).await;
        let decided = join_all((0..4).map(|_| decide(&world, settled.id, "close"))).await;
        assert_eq!(decided.iter().filter(|reply| reply.status == 200).count(), 1);
        let effect = effects(&world, settled.id).await;
        assert_eq!(effect, (2, vec!["partial".into(), "correction".into()], DeliveryState::Void));
        assert_eq!((money(&world).await.balance, money(&world).await.held), (Paise::ZERO, Paise::ZERO));
        world.running.stop().await;
    }

    async fn a_decision_is_complete_and_comes_from_this_machine(db: db::Db) {
        let world = World::start(db).await;
        let contract = purchase(&world, "t-1").await;
        let path = format!("/admin/exceptions/{}/resolve", contract.id);
        decide(&world, contract.id, "accept").await.problem(409, "trade.state_conflict");
        decide(&world, Uuid::from_u128(7), "close").await.problem(404, "resource.not_found");
        let post = |body: Value| Reply::of(world.to_operators("POST", &path).json(&body));
        for (body, field) in [
            (json!({"decision": "guess", "reason": "r", "by": "b"}), "decision"),
            (json!({"decision": "close", "reason": " ", "by": "b"}), "reason"),
            (json!({"decision": "close", "reason": "r", "by": ""}), "by"),
            (json!({"decision": "close", "reason": "r"}), "by"),
        ] {
            assert_eq!(post(body).await.problem(422, "request.field_invalid")["field"], field);
        }
        let form = world.to_operators("POST", &path).header("content-type", "text/plain").body("{}");
        Reply::of(form).await.problem(415, "request.unsupported_media_type");
        Reply::of(world.plain("POST", &path)).await.problem(404, "resource.not_found");
        world.running.stop().await;
    }
}
