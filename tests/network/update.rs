//! Less of a standing trade, previewed and committed; never more, and never after the gate.

use serde_json::{Value, json};
use units::{Paise, WattHours};

use crate::client::{slots, text};
use crate::world::*;

on_both_databases! {
    async fn less_is_possible_and_recorded(databases: Databases) {
        let world = World::start(databases).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let offer = ashas_offer(&world).await;
        let trade = farid.buy(&meter("farid"), &offer, &[(FIRST, "4"), (SECOND, "2")]).await;
        let transaction = text(&trade, "transaction_id");
        let update = |wanted: &[(&str, &str)]| json!({"transaction_id": transaction, "slots": slots(wanted)});
        for (wanted, code) in [
            (&[(FIRST, "4.5")][..], "trade.quantity_invalid"),
            (&[(FIRST, "0.5")], "trade.quantity_invalid"),
            (&[(FIRST, "4")], "trade.quantity_invalid"),
            (&[(FIRST, "0"), (SECOND, "0")], "trade.quantity_invalid"),
        ] {
            let refused = farid.post("/api/update", &update(wanted)).await.refusal();
            assert_eq!(refused, (422, code.to_owned()), "{wanted:?}");
        }
        let less = farid.post("/api/update", &update(&[(FIRST, "2.5")])).await;
        less.ok();
        let (alpha, beta) = world.settled().await;
        let now = farid.transaction(&transaction).await;
        assert_eq!((&now["state"], &now["totals"]["quantity_kwh"]), (&json!("standing"), &json!("4.5")));
        assert_eq!(now["contract_id"], trade["contract_id"]);
        assert_eq!(asha.stock(&offer.1).await, ["5", "0", "2.5"]);
        assert_eq!(alpha.contract("seller", &transaction).requested, WattHours::new(4_500));
        assert_eq!(beta.loads.values().copied().collect::<Vec<_>>(), [WattHours::new(4_500)]);
        for ledger in [NORTH_LEDGER, SOUTH_LEDGER] {
            let record = world.record(ledger, &transaction).await;
            assert_eq!((&record["status"], &record["revision"]), (&json!("ACTIVE"), &json!(2)), "{record}");
            assert_eq!(record["intervals"][0]["requested"], "2.5");
        }
        // What is to be paid is what the rest comes to, in the message and in the seller's copy.
        let owed = text(&now["totals"], "amount_inr");
        let amount = |body: &[u8]| {
            let message: Value = serde_json::from_slice(body).unwrap();
            let contract = message.get("message").map_or(&message, |message| &message["contract"]);
            let value = &contract["settlements"][0]["settlementAttributes"]["amount"]["value"];
            Paise::from_inr_text(&value.to_string()).unwrap().to_inr_text()
        };
        for body in [world.sent(1, &transaction, "update").await, world.document(0, &transaction).await] {
            assert_eq!(amount(&body), owed);
        }
        let sent = beta.sent_in(&transaction);
        assert_eq!(sent.iter().filter(|(action, ..)| *action == "update").count(), 2, "{sent:?}");

        // A slot may be given up whole.
        farid.post("/api/update", &update(&[(SECOND, "0")])).await.ok();
        world.settled().await;
        let now = farid.transaction(&transaction).await;
        assert_eq!((&now["state"], &now["totals"]["quantity_kwh"]), (&json!("standing"), &json!("2.5")));
        assert_eq!(text(&asha.offer(&offer.1).await["slots"][1], "sold_kwh"), "0");

        world.market.advance(TO_THE_GATE);
        let late = farid.post("/api/update", &update(&[(FIRST, "1")])).await.refusal();
        assert_eq!(late, (409, "trade.gate_closed".to_owned()));
        world.close().await;
    }
}
