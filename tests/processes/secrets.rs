//! Nothing that is private stands in a log or in an error: every program logs what it can while people trade, fail and
//! guess, and then all of it is searched.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::client::{Person, Reply};
use crate::databases::Databases;
use crate::network::{Network, SELLER_METER, buyer_meter, token};

/// What stands in a bill that somebody hands in.
const STRANGE_METER: &str = "88413377029";
const STRANGE_CUSTOMER: &str = "60099471283";

/// What nobody but its owner, or the operator's own files, may show: a name for it, and its text.
fn private(databases: &Databases) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (handle, meter) in [("seller", SELLER_METER.to_owned()), ("buyer-000", buyer_meter(0))] {
        found.insert(format!("the token of {handle}"), token(handle));
        found.insert(format!("the meter of {handle}"), meter);
        found.insert(format!("the customer number of {handle}"), format!("CUSTOMER-{handle}"));
    }
    // Whatever a key file holds beside its id and its public half.
    for entry in walk(databases.folder()) {
        let name = entry.to_string_lossy().into_owned();
        if !name.ends_with(".json") || !name.contains("key") {
            continue;
        }
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&entry).unwrap()).unwrap();
        for (place, text) in texts(&file) {
            if ["private", "secret", "seed"].iter().any(|word| place.contains(word)) && text.len() >= 32 {
                found.insert(format!("{name} {place}"), text);
            }
        }
    }
    found
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { files.extend(walk(&entry.path())) } else { files.push(entry.path()) }
    }
    files
}

/// Every text of a document, with its path.
fn texts(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::String(text) => vec![(String::new(), text.clone())],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| {
                texts(value).into_iter().map(move |(path, text)| (format!("{name}.{path}"), text))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Requests that fail, each with what its owner would rather not see again.
async fn failures(network: &Network, trade: &str) -> Vec<Reply> {
    let (seller, buyer) = (network.seller(), network.buyer(0));
    let guess = |token: String| Person { token, ..buyer.clone() };
    let slot = |kwh: &str| json!([{"start": network.slot, "quantity_kwh": kwh, "price_inr": "5"}]);
    let own = buyer_meter(0);
    vec![
        // Another's token with something behind it, another's meter, one's own in a wrong place.
        guess(format!("{}x", token("seller"))).get("/seller/offers").await,
        buyer.post("/seller/offers", &json!({"meter_id": SELLER_METER, "slots": slot("1")})).await,
        buyer.post("/seller/offers", &json!({"meter_id": own, "slots": slot("1")})).await,
        seller.post("/seller/offers", &json!({"meter_id": SELLER_METER, "slots": slot("100000")})).await,
        seller.post("/seller/offers", &json!({"meter_id": SELLER_METER, "slots": [], "token": 1})).await,
        buyer.post("/api/init", &json!({"transaction_id": trade, "meter_id": SELLER_METER})).await,
        buyer.post("/api/init", &json!({"transaction_id": trade, "meter_id": own})).await,
        buyer.post("/api/confirm", &json!({"transaction_id": trade})).await,
        buyer.post("/api/plans", &json!({"meter_id": SELLER_METER})).await,
        buyer.post("/users/me/account/withdrawals", &json!({"amount_inr": "1000000"})).await,
        buyer.get(&format!("/seller/orders/{own}")).await,
        buyer.get(&format!("/api/events/ws?ticket={}", token("seller"))).await,
    ]
}

on_both_databases! {
    async fn nothing_private_stands_in_logs_or_errors(databases: Databases) {
        let mut network = Network::logging(Some("debug"), &databases, 1).await;
        let offer = network.list().await;
        let buyer = network.buyer(0);
        let trade = buyer.buy(&buyer_meter(0), &offer, &[(network.slot.as_str(), "2")]).await;
        let trade = trade["transaction_id"].as_str().unwrap().to_owned();
        let bill = |meter: &str, customer: &str| {
            test_support::pdf::document(&[&[&format!("Meter No: {meter}"), &format!("Consumer No: {customer}")]])
        };
        let documents = "/users/me/meter-documents";
        let read = buyer.hand_in(documents, bill(&buyer_meter(0), "CUSTOMER-buyer-000")).await.ok();
        assert_eq!(read["meter_number"]["value"], buyer_meter(0));
        buyer.hand_in(documents, bill(SELLER_METER, "CUSTOMER-seller")).await.ok();
        let read = buyer.hand_in(documents, bill(STRANGE_METER, STRANGE_CUSTOMER)).await.ok();
        assert_eq!(read["consumer_number"]["value"], STRANGE_CUSTOMER);
        let ticket = buyer.post("/api/events/tickets", &json!({})).await.ok();
        let mut errors: Vec<String> = Vec::new();
        for reply in failures(&network, &trade).await {
            assert!(reply.status >= 400, "{}", reply.json());
            errors.push(String::from_utf8_lossy(&reply.body).into_owned());
            errors.push(format!("{:?}", reply.headers));
        }
        buyer.post("/api/cancel", &json!({"transaction_id": trade})).await.ok();
        network.settle().await;
        for platform in [&mut network.alpha, &mut network.beta] {
            assert_eq!(platform.process.interrupt().await.code(), Some(0), "{}", platform.process.log());
        }
        let mut private = private(&databases);
        assert!(private.keys().any(|name| name.contains("key")), "{:?}", private.keys());
        private.insert("a meter of nobody's".to_owned(), STRANGE_METER.to_owned());
        private.insert("a customer number of nobody's".to_owned(), STRANGE_CUSTOMER.to_owned());
        private.insert("a ticket".to_owned(), ticket["ticket"].as_str().unwrap().to_owned());
        let logs = [
            ("alpha", network.alpha.process.log()),
            ("beta", network.beta.process.log()),
            ("catalog", network.mocks[0].log()),
            ("discoms", network.mocks[1].log()),
            ("errors", errors.join("\n")),
        ];
        let mut faults = Vec::new();
        for (place, text) in &logs {
            assert!(text.len() > 1_000, "{place} says nothing: {text}");
            for (what, secret) in &private {
                let secret = secret.to_lowercase();
                for line in text.lines().filter(|line| line.to_lowercase().contains(&secret)).take(3) {
                    faults.push(format!("{what} in {place}: {}", line.chars().take(400).collect::<String>()));
                }
            }
        }
        assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    }
}
