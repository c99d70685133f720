//! The leg between a ledger and the meter head-end of its DISCOM: asked and answered by signed messages.

use beckn_wire::energy::meter_leg::{meter_report, meter_values};
use beckn_wire::energy::{Contract, Path};
use beckn_wire::json::Json;
use test_support::both_databases;
use test_support::database::TestDb;
use units::{Timestamp, WattHours};

use crate::harness::*;

const FAR: &str = "far-head-end.example";
const NEAR: &str = "seller-discom.example";

db::sql! {
    ASKS = "SELECT head_end, step, answered_at FROM ledger_asks ORDER BY ledger_id, step";
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2026-11-03T{time}:00+05:30")).unwrap()
}

async fn settle_at(world: &World, time: &str) {
    world.clock.set(at(time));
    world.running.settle().await.unwrap();
}

/// Who was asked at which step, and whether it answered.
async fn asks(world: &World) -> Vec<(String, String, bool)> {
    let read = world.running.db.read(|tx| {
        Box::pin(async move {
            let rows = tx.query(&ASKS, &[]).await?;
            let ask = |row: &db::Row| {
                let answered: Option<Timestamp> = row.get("answered_at")?;
                Ok::<_, db::DbError>((row.get("head_end")?, row.get("step")?, answered.is_some()))
            };
            rows.iter().map(ask).collect::<Result<Vec<_>, _>>()
        })
    });
    read.await.unwrap()
}

async fn cell(world: &World, trade: &Trade) -> String {
    let records = world.records(SELLER_LEDGER).await;
    let of = |record: &&Json| record.get("contractId").and_then(Json::as_str) == Some(trade.id.as_str());
    let record = records.iter().find(of).unwrap();
    let Some(cell) = record.at(&["intervals", "0", "cells", "SELLER_DISCOM_ALLOC"]) else {
        return String::new();
    };
    let round = cell.get("round").and_then(Json::as_number).unwrap();
    format!("{} {round}", cell.get("value").and_then(Json::as_str).unwrap())
}

fn contract(json: &Json) -> Contract {
    Contract::read(json, &Path::new("message/contract")).unwrap()
}

/// `on_status` of a head-end with these kWh, for what the ledger asked.
async fn tell(world: &World, signer: &str, trade: &Trade, asked: &Json, net: &str) -> Answer {
    let net = WattHours::from_kwh_text(net).unwrap();
    let report = meter_report(&contract(asked), |_, _| Some(net)).unwrap();
    let body = world.leg_with(signer, SELLER_LEDGER, "on_status", trade, report.to_json());
    let mut document = Json::parse(&body).unwrap();
    let record = node::Registry::subscriber(&*world.registry, signer).await.unwrap();
    let context = document.as_object_mut().and_then(|o| o.get_mut("context")).unwrap();
    context.as_object_mut().unwrap().set("bppUri", format!("{}/bpp/caller", record.url));
    world.send(signer, "/bap/receiver/on_status", &document.to_bytes()).await
}

both_databases! {
    async fn a_head_end_of_the_same_process_is_asked_and_answers_by_message(db: TestDb) {
        let world = world(&db).await;
        for own in [SELLER_LEDGER, BUYER_LEDGER, NEAR, "buyer-discom.example"] {
            world.register(own, &world.running.base_url);
        }
        let trade = trade(&world.ids, &["2.5"]);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        settle_at(&world, "08:59").await;
        assert_eq!(asks(&world).await, []);
        settle_at(&world, "09:00").await;
        for _ in 0..200 {
            world.running.node.drain().await;
            if asks(&world).await == [(NEAR.to_owned(), "METER_DATA".to_owned(), true)] {
                break;
            }
            node::pause(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(asks(&world).await, [(NEAR.to_owned(), "METER_DATA".to_owned(), true)]);
        // Asked once a day, and no reading is changed by the answer.
        settle_at(&world, "09:50").await;
        settle_at(&world, "10:50").await;
        assert_eq!(asks(&world).await.len(), 1);
        assert!(cell(&world, &trade).await.ends_with(" 1"));
        world.running.stop().await;
    }

    async fn a_head_end_of_elsewhere_is_all_that_a_ledger_knows(db: TestDb) {
        let world = world_with(&db, NOW, |config| {
            config.metering.head_ends.insert("TEST_DISCOM_SELLER".to_owned(), FAR.to_owned());
        })
        .await;
        let far = Platform::start().await;
        world.register(FAR, &far.url);
        world.register(NEAR, &world.running.base_url);
        let trade = trade(&world.ids, &["2.5"]);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        settle_at(&world, "09:50").await;
        let (path, asked) = far.first().await;
        assert_eq!(path, "/bpp/receiver/status");
        let text = |path: &[&str]| asked.at(path).and_then(Json::as_str).unwrap();
        assert_eq!((text(&["context", "bapId"]), text(&["context", "bppId"])), (SELLER_LEDGER, FAR));
        let asked = asked.at(&["message", "contract"]).unwrap().clone();
        let wanted = meter_values(&contract(&asked)).unwrap();
        assert_eq!((wanted.len(), wanted[0].net), (1, None));
        assert_eq!(wanted[0].meter_id, "TEST_METER_SELLER");
        assert_eq!(cell(&world, &trade).await, "", "nothing is simulated for it");

        // Others may not tell: a platform, and a head-end that is not this DISCOM's.
        for signer in [MALLORY, NEAR] {
            let refused = tell(&world, signer, &trade, &asked, "-2").await;
            assert_eq!(refused.code(), "AUT_UNAUTHORIZED_ACTION", "{signer}");
        }
        assert_eq!(tell(&world, FAR, &trade, &asked, "-2").await.status, 200);
        world.running.settle().await.unwrap();
        assert_eq!(cell(&world, &trade).await, "2 1");
        // What is told again changes nothing, a correction is the next round.
        for (net, expected) in [("-2", "2 1"), ("-1.501", "1.501 2")] {
            assert_eq!(tell(&world, FAR, &trade, &asked, net).await.status, 200);
            world.running.settle().await.unwrap();
            assert_eq!(cell(&world, &trade).await, expected);
        }
        // Of a meter without a contract nothing is kept.
        let foreign = asked.to_string().replace("TEST_METER_SELLER", "TEST_METER_OTHER");
        let foreign = Json::parse_text(&foreign).unwrap();
        assert_eq!(tell(&world, FAR, &trade, &foreign, "-9").await.status, 200);
        assert_eq!(world.running.settle().await.unwrap(), 0);
        far.stop();
        world.running.stop().await;
    }

    async fn only_its_ledger_may_ask_a_head_end(db: TestDb) {
        let world = world_with(&db, NOW, |config| {
            config.metering.head_ends.insert("TEST_DISCOM_SELLER".to_owned(), FAR.to_owned());
        })
        .await;
        let far = Platform::start().await;
        world.register(FAR, &far.url);
        let trade = trade(&world.ids, &["2.5"]);
        world.tell(SELLER, SELLER_LEDGER, "on_confirm", &trade).await.receipt();
        settle_at(&world, "09:00").await;
        let asked = far.first().await.1.at(&["message", "contract"]).unwrap().clone();
        let members = [
            ("bapId", MALLORY.to_owned()),
            ("bapUri", format!("{}/bap/receiver", platform_url(MALLORY))),
            ("bppId", NEAR.to_owned()),
            ("bppUri", format!("{}/bpp/receiver", world.running.base_url)),
        ];
        let mut document = Json::parse(&world.body("status", &members, &trade)).unwrap();
        document.as_object_mut().unwrap().set("message", Json::object([("contract", asked)]));
        let refused = world.send(MALLORY, "/bpp/receiver/status", &document.to_bytes()).await;
        assert_eq!(refused.code(), "AUT_UNAUTHORIZED_ACTION");
        far.stop();
        world.running.stop().await;
    }

    async fn the_official_report_is_taken_vector(db: TestDb) {
        let Some(vectors) = test_support::vectors::dir() else { return };
        let file = vectors.join("energy/lts-wave2/platforms/buyerdiscom-on-status.json");
        let mut official = Json::parse(&std::fs::read(file).unwrap()).unwrap();
        let text = |json: &Json, name: &str| {
            json.at(&["context", name]).and_then(Json::as_str).unwrap().to_owned()
        };
        let told_at = Timestamp::parse_rfc3339(&text(&official, "timestamp")).unwrap();
        let (ledger, head_end) = (text(&official, "bapId"), text(&official, "bppId"));
        let world = world_with(&db, told_at, |config| {
            let buyer = config.discoms.iter_mut().find(|d| d.code == "TEST_DISCOM_BUYER").unwrap();
            buyer.ledger_id.clone_from(&ledger);
            config.metering.head_ends.insert("TEST_DISCOM_BUYER".to_owned(), head_end.clone());
        })
        .await;
        world.register(&head_end, &platform_url(&head_end));
        let base = world.running.base_url.clone();
        let context = official.as_object_mut().and_then(|o| o.get_mut("context")).unwrap();
        let context = context.as_object_mut().unwrap();
        context.set("bapUri", format!("{base}/bap/receiver"));
        context.set("bppUri", format!("{}/bpp/caller", platform_url(&head_end)));
        let answer = world.send(&head_end, "/bap/receiver/on_status", &official.to_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        println!("vectors: 1 passed, 0 skipped");
        world.running.stop().await;
    }
}
