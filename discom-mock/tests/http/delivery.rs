//! The day after delivery: both ledgers, the platforms between them, and a clock that the test moves.

use beckn_wire::json::Json;
use discom_mock::config::{Config, Metering};
use discom_mock::metering::simulator::Simulator;
use discom_mock::metering::upload::CSV_HEADER;
use test_support::both_databases;
use test_support::database::TestDb;
use units::Timestamp;

use crate::harness::*;

/// On the day after the delivery of [`trade`], in India.
fn at(time: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2026-11-03T{time}:00+05:30")).unwrap()
}

/// Everything is uploaded.
fn uploaded(config: &mut Config) {
    config.metering = Metering { simulator: None, ..Metering::default() };
}

/// Meters that always deliver.
fn reliable(config: &mut Config) {
    let simulator = Simulator { seller_success: 1_000_000, ..Simulator::default() };
    config.metering = Metering { simulator: Some(simulator), ..Metering::default() };
}

fn text<'a>(json: &'a Json, path: &[&str]) -> &'a str {
    json.at(path).and_then(Json::as_str).unwrap_or_default()
}

/// The two platforms, listening.
struct Platforms {
    seller: Platform,
    buyer: Platform,
}

impl Platforms {
    async fn of(world: &World) -> Self {
        let platforms = Self { seller: Platform::start().await, buyer: Platform::start().await };
        world.register("seller-discom.example", &world.running.base_url);
        world.register(SELLER, &platforms.seller.url);
        world.register(BUYER, &platforms.buyer.url);
        platforms
    }

    fn stop(self) {
        self.seller.stop();
        self.buyer.stop();
    }
}

impl World {
    /// Records the trade with both ledgers.
    async fn trade(&self, trade: &Trade) {
        self.record(SELLER, SELLER_LEDGER, trade).await;
        self.record(BUYER, BUYER_LEDGER, trade).await;
    }

    async fn record(&self, platform: &str, ledger: &str, trade: &Trade) {
        let url = self.platform_url(platform);
        let members = [
            ("bapId", ledger.to_owned()),
            ("bapUri", format!("{}/bap/receiver", self.running.base_url)),
            ("bppId", platform.to_owned()),
            ("bppUri", format!("{url}/bpp/caller")),
        ];
        let body = self.body("on_confirm", &members, trade);
        self.send(platform, "/bap/receiver/on_confirm", &body).await.receipt();
    }

    /// `on_status` of a platform to its ledger, under its present address.
    async fn told(&self, platform: &str, ledger: &str, trade: &Trade, contract: Json) -> Answer {
        let url = self.platform_url(platform);
        let body = self.leg_with(platform, ledger, "on_status", trade, contract);
        let mut document = Json::parse(&body).unwrap();
        let context = document.as_object_mut().and_then(|o| o.get_mut("context")).unwrap();
        context.as_object_mut().unwrap().set("bppUri", format!("{url}/bpp/caller"));
        self.send(platform, "/bap/receiver/on_status", &document.to_bytes()).await
    }

    fn platform_url(&self, platform: &str) -> String {
        let record =
            futures_util::FutureExt::now_or_never(node::Registry::subscriber(&*self.registry, platform));
        record.unwrap().unwrap().url.clone()
    }

    async fn settle_at(&self, time: &str) {
        self.clock.set(at(time));
        self.running.settle().await.unwrap();
    }

    /// The cells of one row in a ledger, by column.
    async fn cells(&self, ledger: &str, trade: &Trade, row: &str) -> Vec<(String, String)> {
        let records = self.records(ledger).await;
        let record = records.iter().find(|record| text(record, &["contractId"]) == trade.id).unwrap();
        let cells = record.at(&["intervals", row, "cells"]).and_then(Json::as_object).unwrap();
        let cell = |(column, cell): (&str, &Json)| {
            let round = cell.get("round").and_then(Json::as_number).unwrap();
            (column.to_owned(), format!("{} {} {round}", text(cell, &["value"]), text(cell, &["provenance"])))
        };
        cells.iter().map(cell).collect()
    }

    async fn cell(&self, ledger: &str, trade: &Trade, column: &str) -> String {
        let cells = self.cells(ledger, trade, "0").await;
        cells.into_iter().find(|(name, _)| name == column).map(|(_, cell)| cell).unwrap_or_default()
    }

    async fn upload(&self, signer: &str, lines: &str) -> Answer {
        let body = format!("{CSV_HEADER}\n{lines}");
        let request = self.signed_as(signer, "/discom/meters", "text/csv", body.as_bytes());
        read(request.send().await.unwrap()).await
    }

    async fn steps(&self, ledger: &str) -> Vec<(String, String)> {
        let answer = self.get(&format!("/ledgers/{ledger}/steps")).await;
        let steps = answer.body.get("steps").and_then(Json::as_array).unwrap().to_vec();
        steps
            .iter()
            .map(|step| (text(step, &["step"]).to_owned(), text(step, &["state"]).to_owned()))
            .collect()
    }

    /// Why the only open line is open.
    async fn reasons(&self, ledger: &str) -> Vec<String> {
        let exceptions = self.list(ledger, "exceptions").await;
        assert_eq!(exceptions.len(), 1);
        let reasons = exceptions[0].get("reasons").and_then(Json::as_array).unwrap();
        reasons.iter().map(|reason| reason.as_str().unwrap().to_owned()).collect()
    }

    async fn list(&self, ledger: &str, what: &str) -> Vec<Json> {
        let answer = self.get(&format!("/ledgers/{ledger}/{what}")).await;
        answer.body.get(what).and_then(Json::as_array).unwrap().to_vec()
    }
}

/// The contract of a message that a platform received.
fn contract(message: &(String, Json)) -> Json {
    assert_eq!(message.0, "/bap/receiver/on_status");
    message.1.at(&["message", "contract"]).unwrap().clone()
}

/// A cell of the first row of a contract on the wire.
fn wire(contract: &Json, column: &str) -> String {
    let rows = contract.at(&["commitments", "0", "commitmentAttributes", "intervals"]).unwrap();
    let payloads = rows.at(&["0", "payloads"]).and_then(Json::as_array).unwrap();
    let cell =
        payloads.iter().find(|payload| text(payload, &["type"]) == column).expect("the column is there");
    match cell.get("values").and_then(Json::as_array).unwrap() {
        [] => String::new(),
        [Json::Number(value) | Json::String(value)] => value.clone(),
        other => panic!("{other:?}"),
    }
}

/// One hour of a meter in quarters, kWh.
fn hour(meter: &str, import: &str, export: &str, quality: &str) -> String {
    let quarter =
        |minute: &str| format!("{meter},2026-11-02T13:{minute}:00+05:30,{import},{export},{quality}\n");
    ["00", "15", "30", "45"].map(quarter).concat()
}

const ROUNDS: [&str; 5] = ["09:00", "09:50", "10:50", "11:50", "12:00"];

/// Lets the day run, with the platforms relaying; `between` may replace the world before each step.
async fn run_day(
    mut world: World,
    db: &TestDb,
    trade: &Trade,
    platforms: &Platforms,
    restart: bool,
) -> World {
    for time in ROUNDS {
        if restart {
            let registry = world.registry.clone();
            let (clock, now) = (world.clock.clone(), clock::Clock::now(&world.clock));
            world.running.stop().await;
            world = world_with(db, now, |config| {
                reliable(config);
                config.registry = registry.clone();
            })
            .await;
            world.registry = registry;
            world.register(SELLER, &platforms.seller.url);
            world.register(BUYER, &platforms.buyer.url);
            clock.set(now);
        }
        world.settle_at(time).await;
        if time == "09:50" {
            let told = contract(&platforms.seller.first().await);
            assert_eq!(world.told(BUYER, BUYER_LEDGER, trade, told).await.status, 200);
        }
        if time == "10:50" {
            let told = contract(&platforms.buyer.first().await);
            assert_eq!(world.told(SELLER, SELLER_LEDGER, trade, told).await.status, 200);
        }
    }
    let settled = contract(&platforms.seller.nth(1).await);
    assert_eq!(text(&settled, &["status", "code"]), "COMPLETE");
    assert_eq!(world.told(BUYER, BUYER_LEDGER, trade, settled).await.status, 200);
    world.running.settle().await.unwrap();
    world
}

both_databases! {
    async fn a_day_is_settled_step_by_step(db: TestDb) {
        let world = world_with(&db, NOW, reliable).await;
        let platforms = Platforms::of(&world).await;
        let trade = trade(&world.ids, &["2.5"]);
        world.trade(&trade).await;
        world.settle_at("08:59").await;
        assert_eq!(world.cells(SELLER_LEDGER, &trade, "0").await, []);
        world.settle_at("09:49").await;
        assert_eq!(world.cells(SELLER_LEDGER, &trade, "0").await, []);

        world.settle_at("09:50").await;
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "SELLER_DISCOM_ALLOC").await, "2.5 OWN 1");
        let told = contract(&platforms.seller.first().await);
        assert_eq!(wire(&told, "SELLER_DISCOM_ALLOC"), "2.5");
        assert_eq!(wire(&told, "SELLER_DISCOM_STATUS"), "PENDING");
        // What others write is there and empty.
        for column in
            ["PRICE_PER_KWH", "REQUESTED_QTY", "BUYER_DISCOM_ALLOC", "BUYER_DISCOM_STATUS", "FINAL_ALLOC"]
        {
            assert_eq!(wire(&told, column), "", "{column}");
        }
        assert_eq!(world.told(BUYER, BUYER_LEDGER, &trade, told).await.status, 200);
        assert_eq!(world.cell(BUYER_LEDGER, &trade, "SELLER_DISCOM_ALLOC").await, "2.5 RELAYED 1");

        world.settle_at("10:50").await;
        let told = contract(&platforms.buyer.first().await);
        assert_eq!(wire(&told, "BUYER_DISCOM_ALLOC"), "2.5");
        assert_eq!(wire(&told, "BUYER_DISCOM_STATUS"), "COMPLETED");
        assert_eq!(wire(&told, "SELLER_DISCOM_ALLOC"), "");
        assert_eq!(world.told(SELLER, SELLER_LEDGER, &trade, told).await.status, 200);
        world.settle_at("11:49").await;
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "FINAL_ALLOC").await, "");

        world.settle_at("11:50").await;
        let told = contract(&platforms.seller.nth(1).await);
        assert_eq!(wire(&told, "FINAL_ALLOC"), "2.5");
        assert_eq!(wire(&told, "SELLER_DISCOM_STATUS"), "COMPLETED");
        assert_eq!(text(&told, &["status", "code"]), "COMPLETE");
        assert_eq!(world.told(BUYER, BUYER_LEDGER, &trade, told).await.status, 200);
        world.settle_at("12:00").await;
        for ledger in [SELLER_LEDGER, BUYER_LEDGER] {
            assert!(world.cell(ledger, &trade, "FINAL_ALLOC").await.starts_with("2.5 "), "{ledger}");
            let steps = world.steps(ledger).await;
            assert_eq!(steps.len(), 7);
            assert!(steps.iter().all(|(_, state)| state == "DONE"), "{ledger}: {steps:?}");
            assert_eq!(world.list(ledger, "exceptions").await, []);
            assert_eq!(world.list(ledger, "evidence").await, []);
        }
        // Nothing is told twice.
        assert_eq!(world.running.settle().await.unwrap(), 0);
        assert_eq!((platforms.seller.count(), platforms.buyer.count()), (2, 1));
        platforms.stop();
        world.running.stop().await;
    }

    async fn a_restart_between_any_two_steps_changes_nothing(db: TestDb) {
        let world = world_with(&db, NOW, reliable).await;
        let platforms = Platforms::of(&world).await;
        let first = trade(&world.ids, &["2.5"]);
        world.trade(&first).await;
        let world = run_day(world, &db, &first, &platforms, true).await;
        let cells =
            [world.cells(SELLER_LEDGER, &first, "0").await, world.cells(BUYER_LEDGER, &first, "0").await];
        let own = |column: &str, value: &str| (column.to_owned(), format!("{value} OWN 1"));
        let relayed = |column: &str, value: &str| (column.to_owned(), format!("{value} RELAYED 1"));
        assert_eq!(
            cells[1],
            [
                own("BUYER_DISCOM_ALLOC", "2.5"),
                own("BUYER_DISCOM_STATUS", "COMPLETED"),
                relayed("FINAL_ALLOC", "2.5"),
                relayed("SELLER_DISCOM_ALLOC", "2.5"),
                ("SELLER_DISCOM_STATUS".to_owned(), "COMPLETED RELAYED 2".to_owned()),
            ]
        );
        assert_eq!(cells[0][0], relayed("BUYER_DISCOM_ALLOC", "2.5"));
        assert_eq!(cells[0][2], own("FINAL_ALLOC", "2.5"));
        assert_eq!((platforms.seller.count(), platforms.buyer.count()), (2, 1));
        platforms.stop();
        world.running.stop().await;
    }

    async fn workers_side_by_side_write_and_tell_once(db: TestDb) {
        let world = world_with(&db, NOW, reliable).await;
        let platforms = Platforms::of(&world).await;
        let trades: Vec<Trade> = (0..4).map(|_| trade(&world.ids, &["2"])).collect();
        for trade in &trades {
            world.record(SELLER, SELLER_LEDGER, trade).await;
        }
        world.clock.set(at("09:50"));
        let written = futures_util::future::join_all((0..6).map(|_| world.running.settle())).await;
        assert!(written.into_iter().all(|outcome| outcome.is_ok()));
        // One that was outrun looks again a minute later, and finds everything done.
        world.settle_at("09:52").await;
        platforms.seller.nth(3).await;
        for trade in &trades {
            assert_eq!(world.cell(SELLER_LEDGER, trade, "SELLER_DISCOM_ALLOC").await, "2 OWN 1");
        }
        assert_eq!(world.running.settle().await.unwrap(), 0);
        assert_eq!(platforms.seller.count(), 4);
        platforms.stop();
        world.running.stop().await;
    }

    async fn missed_steps_are_caught_up_at_once(db: TestDb) {
        let world = world_with(&db, NOW, reliable).await;
        let platforms = Platforms::of(&world).await;
        let trade = trade(&world.ids, &["2.5"]);
        world.trade(&trade).await;
        // Nobody was there all morning.
        world.settle_at("15:00").await;
        let steps = world.steps(SELLER_LEDGER).await;
        let state = |name: &str| steps.iter().find(|(step, _)| step == name).unwrap().1.clone();
        assert_eq!(
            (state("ROUND_1"), state("SELLER_READS"), state("FINAL")),
            ("LATE".into(), "EXCEPTION".into(), "EXCEPTION".into())
        );
        assert_eq!(world.reasons(SELLER_LEDGER).await, ["BUYER_ALLOCATION_MISSING"]);
        let told = contract(&platforms.seller.first().await);
        world.told(BUYER, BUYER_LEDGER, &trade, told).await;
        world.running.settle().await.unwrap();
        let told = contract(&platforms.buyer.first().await);
        world.told(SELLER, SELLER_LEDGER, &trade, told).await;
        world.running.settle().await.unwrap();
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "FINAL_ALLOC").await, "2.5 OWN 1");
        let steps = world.steps(SELLER_LEDGER).await;
        assert!(steps.iter().all(|(_, state)| state != "EXCEPTION"), "{steps:?}");
        assert_eq!(world.list(SELLER_LEDGER, "exceptions").await, []);
        platforms.stop();
        world.running.stop().await;
    }

    async fn late_and_corrected_readings_are_new_rounds(db: TestDb) {
        let world = world_with(&db, NOW, uploaded).await;
        let platforms = Platforms::of(&world).await;
        let trade = trade(&world.ids, &["4"]);
        world.trade(&trade).await;
        let hours = hour("TEST_METER_BUYER", "2", "0", "");
        assert_eq!(world.upload("seller-discom.example", &hours).await.status, 200);
        world.settle_at("09:50").await;
        // Half of the seller's hour is there: that is no hour.
        let half: String =
            hour("TEST_METER_SELLER", "0", "0.5", "").lines().take(2).map(|l| format!("{l}\n")).collect();
        world.upload("seller-discom.example", &half).await;
        world.running.settle().await.unwrap();
        assert_eq!(world.cells(SELLER_LEDGER, &trade, "0").await, []);
        assert_eq!(
            world.reasons(SELLER_LEDGER).await,
            ["BUYER_ALLOCATION_MISSING", "SELLER_METER_DATA_MISSING"]
        );

        let answer =
            world.upload("seller-discom.example", &hour("TEST_METER_SELLER", "0", "0.5", "ESTIMATED")).await;
        assert_eq!(answer.body.get("newBlocks").and_then(Json::as_number), Some("4"));
        world.running.settle().await.unwrap();
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "SELLER_DISCOM_ALLOC").await, "2 OWN 1");
        world.told(BUYER, BUYER_LEDGER, &trade, contract(&platforms.seller.first().await)).await;
        world.settle_at("10:50").await;
        assert_eq!(world.cell(BUYER_LEDGER, &trade, "BUYER_DISCOM_ALLOC").await, "2 OWN 1");
        world.told(SELLER, SELLER_LEDGER, &trade, contract(&platforms.buyer.first().await)).await;
        world.settle_at("12:00").await;
        // An estimate settles nothing.
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "FINAL_ALLOC").await, "");
        assert_eq!(world.reasons(SELLER_LEDGER).await, ["SELLER_METER_DATA_ESTIMATED"]);
        // The measured hour is less: the seller's allocation changes, and the final follows.
        world.upload("seller-discom.example", &hour("TEST_METER_SELLER", "0", "0.4", "MEASURED")).await;
        world.running.settle().await.unwrap();
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "SELLER_DISCOM_ALLOC").await, "1.6 OWN 2");
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "FINAL_ALLOC").await, "1.6 OWN 1");
        world.told(BUYER, BUYER_LEDGER, &trade, contract(&platforms.seller.nth(1).await)).await;
        world.running.settle().await.unwrap();
        assert_eq!(world.cell(BUYER_LEDGER, &trade, "BUYER_DISCOM_ALLOC").await, "1.6 OWN 2");
        // The same upload again is nothing new.
        let again =
            world.upload("seller-discom.example", &hour("TEST_METER_SELLER", "0", "0.4", "MEASURED")).await;
        assert_eq!(again.body.get("newBlocks").and_then(Json::as_number), Some("0"));
        platforms.stop();
        world.running.stop().await;
    }

    async fn readings_come_from_a_discom_only(db: TestDb) {
        let world = world_with(&db, NOW, uploaded).await;
        let body = hour("TEST_METER_SELLER", "0", "0.5", "");
        assert_eq!(world.upload(MALLORY, &body).await.status, 403);
        assert_eq!(world.upload("unknown.example", &body).await.status, 401);
        world.register("seller-discom.example", &world.running.base_url);
        assert_eq!(world.upload("seller-discom.example", "nonsense").await.status, 400);
        world.running.stop().await;
    }

    async fn outside_of_a_demo_the_days_are_shown_to_their_discoms_only(db: TestDb) {
        let world = world_with(&db, NOW, |config| config.insecure_demo = false).await;
        world.register("seller-discom.example", &world.running.base_url);
        let path = format!("/ledgers/{SELLER_LEDGER}/exceptions");
        assert_eq!(world.get(&path).await.status, 404);
        for (signer, status) in [("seller-discom.example", 200), (MALLORY, 404)] {
            let signed = world.signed(signer, &path, b"").build().unwrap();
            let header = signed.headers().get("Authorization").unwrap().clone();
            let answer =
                world.http.get(world.url(&path)).header("Authorization", header).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{signer}");
        }
        world.running.stop().await;
    }

    async fn one_panel_sold_on_two_platforms_is_shared_and_never_oversold(db: TestDb) {
        let world = world_with(&db, NOW, uploaded).await;
        let platforms = Platforms::of(&world).await;
        let first = trade(&world.ids, &["6"]);
        let second = Trade {
            seller: MALLORY.to_owned(),
            buyer_meter: "TEST_METER_THIRD".to_owned(),
            ..trade(&world.ids, &["4"])
        };
        let third = Trade { seller: MALLORY.to_owned(), ..trade(&world.ids, &["1"]) };
        world.record(SELLER, SELLER_LEDGER, &first).await;
        world.record(MALLORY, SELLER_LEDGER, &second).await;
        let refused = world.tell(MALLORY, SELLER_LEDGER, "on_confirm", &third).await;
        assert_eq!(refused.code(), "POL_ELIGIBILITY_NOT_MET");
        let other = Platform::start().await;
        world.register(MALLORY, &other.url);
        world.upload("seller-discom.example", &hour("TEST_METER_SELLER", "0", "1.25", "")).await;
        world.settle_at("09:50").await;
        assert_eq!(world.cell(SELLER_LEDGER, &first, "SELLER_DISCOM_ALLOC").await, "3 OWN 1");
        assert_eq!(world.cell(SELLER_LEDGER, &second, "SELLER_DISCOM_ALLOC").await, "2 OWN 1");
        assert_eq!(wire(&contract(&platforms.seller.first().await), "SELLER_DISCOM_ALLOC"), "3");
        assert_eq!(wire(&contract(&other.first().await), "SELLER_DISCOM_ALLOC"), "2");
        // One of them is withdrawn after all: the other one gets what it leaves.
        let withdrawn = second.cancelled();
        let members = [
            ("bapId", SELLER_LEDGER.to_owned()),
            ("bapUri", format!("{}/bap/receiver", world.running.base_url)),
            ("bppId", MALLORY.to_owned()),
            ("bppUri", format!("{}/bpp/caller", other.url)),
        ];
        let body = world.body("on_cancel", &members, &withdrawn);
        world.send(MALLORY, "/bap/receiver/on_cancel", &body).await.receipt();
        world.running.settle().await.unwrap();
        assert_eq!(world.cell(SELLER_LEDGER, &first, "SELLER_DISCOM_ALLOC").await, "5 OWN 2");
        other.stop();
        platforms.stop();
        world.running.stop().await;
    }

    async fn what_a_platform_may_not_write_is_kept_as_evidence(db: TestDb) {
        let world = world_with(&db, NOW, reliable).await;
        let platforms = Platforms::of(&world).await;
        let trade = trade(&world.ids, &["2.5"]);
        world.trade(&trade).await;
        world.settle_at("09:50").await;
        let told = contract(&platforms.seller.first().await);
        let forged = |from: &str, to: &str| Json::parse_text(&told.to_string().replace(from, to)).unwrap();
        // The seller's platform to the seller's ledger: its own column; the buyer's quantity beyond the
        // request, too fine, below zero.
        let own = forged("\"values\":[2.5]", "\"values\":[2.4]");
        assert_eq!(world.told(SELLER, SELLER_LEDGER, &trade, own).await.status, 200);
        let empty = r#""type":"BUYER_DISCOM_ALLOC","values":[]"#;
        assert!(told.to_string().contains(empty), "{told}");
        for value in ["2.6", "0.0001", "-1"] {
            let filled = format!(r#""type":"BUYER_DISCOM_ALLOC","values":[{value}]"#);
            assert_eq!(world.told(SELLER, SELLER_LEDGER, &trade, forged(empty, &filled)).await.status, 200);
        }
        let evidence = world.list(SELLER_LEDGER, "evidence").await;
        let mut seen: Vec<(&str, &str)> =
            evidence.iter().map(|e| (text(e, &["column"]), text(e, &["value"]))).collect();
        seen.sort_unstable();
        assert_eq!(
            seen,
            [
                ("BUYER_DISCOM_ALLOC", "-1"),
                ("BUYER_DISCOM_ALLOC", "0.0001"),
                ("BUYER_DISCOM_ALLOC", "2.6"),
                ("SELLER_DISCOM_ALLOC", "2.4"),
            ]
        );
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "SELLER_DISCOM_ALLOC").await, "2.5 OWN 1");
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "BUYER_DISCOM_ALLOC").await, "");
        // A stranger, and the platform of the other side, are refused outright.
        for platform in [MALLORY, BUYER] {
            let answer = world.told(platform, SELLER_LEDGER, &trade, told.clone()).await;
            assert_eq!(answer.code(), "AUT_UNAUTHORIZED_ACTION", "{platform}");
        }
        platforms.stop();
        world.running.stop().await;
    }

    async fn a_shared_ledger_settles_alone_and_tells_both(db: TestDb) {
        let world = world_with(&db, NOW, |config| {
            reliable(config);
            for discom in &mut config.discoms {
                discom.ledger_id = SELLER_LEDGER.to_owned();
                discom.ledger_key = key(SELLER_LEDGER);
            }
        })
        .await;
        let platforms = Platforms::of(&world).await;
        let trade = Trade { buyer_ledger: SELLER_LEDGER.to_owned(), ..trade(&world.ids, &["2.5"]) };
        world.record(SELLER, SELLER_LEDGER, &trade).await;
        world.record(BUYER, SELLER_LEDGER, &trade).await;
        for time in ROUNDS {
            world.settle_at(time).await;
        }
        assert_eq!(world.cell(SELLER_LEDGER, &trade, "FINAL_ALLOC").await, "2.5 OWN 1");
        for platform in [&platforms.seller, &platforms.buyer] {
            let told = contract(&platform.nth(2).await);
            assert_eq!(wire(&told, "FINAL_ALLOC"), "2.5");
            assert_eq!(wire(&told, "BUYER_DISCOM_STATUS"), "COMPLETED");
        }
        platforms.stop();
        world.running.stop().await;
    }

    async fn status_tells_the_present_cells_at_any_time(db: TestDb) {
        let world = world_with(&db, NOW, reliable).await;
        let platforms = Platforms::of(&world).await;
        let trade = trade(&world.ids, &["2.5"]);
        world.trade(&trade).await;
        world.settle_at("09:50").await;
        platforms.seller.first().await;
        let members = [
            ("bapId", SELLER.to_owned()),
            ("bapUri", format!("{}/bap/receiver", platforms.seller.url)),
            ("bppId", SELLER_LEDGER.to_owned()),
            ("bppUri", format!("{}/bpp/receiver", world.running.base_url)),
        ];
        let body = world.body("status", &members, &trade);
        assert_eq!(world.send(SELLER, "/bpp/receiver/status", &body).await.status, 200);
        let told = contract(&platforms.seller.nth(1).await);
        assert_eq!(
            (wire(&told, "SELLER_DISCOM_ALLOC"), wire(&told, "REQUESTED_QTY")),
            ("2.5".into(), "2.5".into())
        );
        assert_eq!(wire(&told, "BUYER_DISCOM_ALLOC"), "");
        platforms.stop();
        world.running.stop().await;
    }
}
