//! The official wave-2 `on_confirm`, told to both ledgers.

use beckn_wire::json::Json;
use clock::{Clock as _, TestClock};
use test_support::both_databases;
use test_support::database::TestDb;
use units::Timestamp;

use crate::harness::*;

const PLATFORMS: [(&str, &str); 2] = [
    ("sellerapp.example.com", "seller-discom-ledger.example.com"),
    ("buyerapp.example.com", "buyer-discom-ledger.example.com"),
];

both_databases! {
    async fn the_official_on_confirm_is_recorded_vector(db: TestDb) {
        let Some(vectors) = test_support::vectors::dir() else { return };
        let file = vectors.join("energy/lts-wave2/platforms/on-confirm-response.json");
        let Ok(official) = std::fs::read(&file) else {
            assert!(std::env::var("CI").is_err(), "no {}", file.display());
            eprintln!("skipped: no {}", file.display());
            return;
        };
        let official = Json::parse(&official).unwrap();
        let text = |path: &[&str]| official.at(path).and_then(Json::as_str).unwrap().to_owned();
        let told_at = Timestamp::parse_rfc3339(&text(&["context", "timestamp"])).unwrap();
        let world = world_with(&db, told_at, |config| {
            for (discom, (_, ledger)) in config.discoms.iter_mut().zip(PLATFORMS) {
                discom.ledger_id = ledger.to_owned();
            }
            config.meters = Vec::new();
        })
        .await;
        let clock: &TestClock = &world.clock;
        assert_eq!(clock.now(), told_at);
        for (platform, ledger) in PLATFORMS {
            world.register(platform, &platform_url(platform));
            let mut document = official.clone();
            let context = document.as_object_mut().and_then(|o| o.get_mut("context")).unwrap();
            let context = context.as_object_mut().unwrap();
            // The leg to a ledger is the same message under another context.
            context.set("bapId", ledger);
            context.set("bapUri", format!("{}/bap/receiver", world.running.base_url));
            context.set("bppId", platform);
            context.set("bppUri", format!("{}/bpp/caller", platform_url(platform)));
            let answer = world.send(platform, "/bap/receiver/on_confirm", &document.to_bytes()).await;
            let receipt = answer.receipt();
            let transaction = text(&["context", "transactionId"]);
            let expected = format!("{transaction}_{}", text(&["message", "contract", "id"]));
            assert_eq!(receipt.get("recordId").and_then(Json::as_str), Some(expected.as_str()));
            let records = world.records(ledger).await;
            let rows = records[0].get("intervals").and_then(Json::as_array).unwrap();
            let rows: Vec<(&str, &str, &str)> = rows
                .iter()
                .map(|row| {
                    let text = |name| row.get(name).and_then(Json::as_str).unwrap();
                    (text("deliveryStart"), text("price"), text("requested"))
                })
                .collect();
            assert_eq!(
                rows,
                [("2026-04-26T04:30:00.000Z", "12.5", "20.5"), ("2026-04-26T05:30:00.000Z", "14.5", "15.5")]
            );
        }
        println!("vectors: {} passed, 0 skipped", PLATFORMS.len());
        world.running.stop().await;
    }
}
