//! The questions beside a trade: how it stands, where it can be followed, whom to call, what it was worth.

use serde_json::{Value, json};

use crate::client::eventually;
use crate::world::*;

/// The newest exchange of an action in a transaction.
fn exchange(transaction: &Value, action: &str) -> Value {
    let exchanges = transaction["exchanges"].as_array().unwrap();
    exchanges
        .iter()
        .find(|e| e["action"] == *action)
        .unwrap_or_else(|| panic!("no {action}: {transaction}"))
        .clone()
}

on_both_databases! {
    async fn a_contract_can_be_tracked_supported_and_in_the_end_rated(databases: Databases) {
        let world = World::start(databases).await;
        let (_, transaction) = farid_has_bought(&world).await;
        let farid = world.person("farid");
        let reference = json!({"transaction_id": transaction});
        let contract_id = farid.transaction(&transaction).await["contract_id"].as_str().unwrap().to_owned();

        let tracked = farid.post("/api/track", &reference).await;
        assert_eq!((tracked.status, tracked.header("preference-applied")), (200, Some("wait=30")));
        let answer = exchange(&tracked.json(), "track");
        let response = answer["response"].to_string();
        assert!(response.contains("/track/") && response.contains(&contract_id), "{answer}");
        // What the document masks at its top it does not tell further below; one's own stays.
        let document = tracked.json().to_string();
        assert!(document.contains("••••ASHA") && response.contains("TEST_METER_FARID"), "{document}");
        assert!(!document.to_uppercase().contains("TEST_METER_ASHA"), "{document}");

        let supported = farid.post("/api/support", &reference).await.ok();
        let answer = exchange(&supported, "support");
        assert!(answer["failure"].is_null() && answer["response"].is_object(), "{answer}");

        // A rating is for what is over.
        let rate = json!({"transaction_id": transaction, "value": 5, "comment": "as agreed"});
        let early = farid.post("/api/rate", &rate).await;
        if early.status < 400 {
            let answer = exchange(&early.json(), "rate");
            assert_eq!(answer["failure"]["code"], "BIZ_INVALID_STATE_TRANSITION", "{answer}");
        } else {
            assert_eq!(early.refusal(), (409, "trade.state_conflict".to_owned()));
        }
        let wrong = json!({"transaction_id": transaction, "value": 6});
        let refused = farid.post("/api/rate", &wrong).await.refusal();
        assert_eq!(refused, (422, "request.field_invalid".to_owned()));
        farid.post("/api/cancel", &reference).await.ok();
        farid.until(&transaction, &["cancelled"]).await;
        let rated = farid.post("/api/rate", &rate).await.ok();
        let answer = exchange(&rated, "rate");
        assert!(answer["failure"].is_null() && answer["response"].is_object(), "{answer}");
        world.close().await;
    }

    async fn status_is_asked_and_told(databases: Databases) {
        let world = World::start(databases).await;
        let (_, transaction) = farid_has_bought(&world).await;
        let (asha, farid) = (world.person("asha"), world.person("farid"));
        let asked = farid.post("/api/status", &json!({"transaction_id": transaction})).await.ok();
        assert_eq!(asked["state"], "standing");
        asha.post(&format!("/seller/orders/{transaction}/status"), &json!({})).await.ok();
        eventually("both answers", || async {
            let (_, beta) = world.books().await;
            let received = beta.received_in(&transaction);
            let count = received.into_iter().filter(|row| *row == ("on_status", ALPHA, "done")).count();
            if count == 2 { Ok(()) } else { Err(count.to_string()) }
        })
        .await;
        let (alpha, beta) = world.close().await;
        let received = alpha.received_in(&transaction);
        assert_eq!(received.into_iter().filter(|(action, ..)| *action == "status").count(), 1);
        let told = alpha.sent.iter().filter(|row| row.action == "on_status" && row.target == BETA);
        let answering: Vec<bool> = told.map(|row| row.answers.is_some()).collect();
        assert_eq!(answering, [true, false]);
        assert_eq!(beta.contract("buyer", &transaction).state, "standing");
    }
}
