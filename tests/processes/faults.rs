//! Ledgers that refuse, do not answer, or lose their answer (ruling 16): what is recorded, who gets the
//! stock, and what people are told.

use serde_json::Value;
use units::WattHours;

use crate::audit::Book;
use crate::client::text;
use crate::network::{NORTH, Network, SOUTH, buyer_meter};

/// One buyer who has confirmed 2 kWh of the seller's 10: the offer and the transaction.
async fn confirmed(network: &Network) -> (String, String) {
    let (buyer, offer) = (network.buyer(0), network.list().await);
    let search = buyer.discover().await;
    buyer.init(&search, &buyer_meter(0), &offer, &[(network.slot.as_str(), "2")]).await.ok();
    buyer.until(&search, &["offered"]).await;
    assert_eq!(network.seller().stock(&offer.1).await, ["10", "2", "0"]);
    buyer.confirm(&search).await.ok();
    (offer.1, search)
}

/// Status and revision of the one record of a ledger.
async fn record(network: &Network, ledger: &str, transaction: &str) -> (String, Value) {
    let records = network.records(ledger, Some(transaction)).await;
    assert_eq!(records.len(), 1, "{records:?}");
    (text(&records[0], "status"), records[0]["revision"].clone())
}

/// How often the leg to a side's own ledger was sent, as its purpose names it.
fn attempts(book: &Book, purpose: &str) -> Vec<(String, i64)> {
    let legs = book.sent.iter().filter(|row| row.purpose == purpose);
    legs.map(|row| (row.state.clone(), row.attempts)).collect()
}

fn delivered(attempts: i64) -> Vec<(String, i64)> {
    vec![("delivered".to_owned(), attempts)]
}

on_both_databases! {
    async fn the_sellers_ledger_refuses(databases: Databases) {
        let network = Network::start(&databases, 1).await;
        network.ledger_behaves(NORTH, "refuse").await;
        let (offer, transaction) = confirmed(&network).await;
        let told = network.buyer(0).until(&transaction, &["rejected"]).await;
        assert_eq!(told["failure"]["code"], "BIZ_FULFILLMENT_UNAVAILABLE");
        let message = text(&told["failure"], "message");
        assert!(message.contains("POL_ENGAGEMENT_REFUSED"), "{message}");
        assert_eq!(network.seller().stock(&offer).await, ["10", "0", "0"]);
        network.settle().await;
        assert_eq!(record(&network, NORTH, &transaction).await, ("WITHDRAWN".to_owned(), 0.into()));
        assert!(network.records(SOUTH, Some(&transaction)).await.is_empty());
        let (seller, buyer) = network.close().await;
        let (sold, bought) = (seller.contract("seller", &transaction), buyer.contract("buyer", &transaction));
        assert_eq!([&sold.state, &sold.holds, &sold.ledger], ["rejected", "nothing", "withdrawn"]);
        assert_eq!([&bought.state, &bought.holds, &bought.ledger], ["rejected", "nothing", "none"]);
        assert_eq!(buyer.path("buyer", &transaction), ["draft", "offered", "confirming", "rejected"]);
    }

    async fn the_sellers_ledger_answers_too_late_once(databases: Databases) {
        let network = Network::start(&databases, 1).await;
        network.ledger_behaves(NORTH, "timeout:1").await;
        let (offer, transaction) = confirmed(&network).await;
        network.buyer(0).until(&transaction, &["standing"]).await;
        assert_eq!(network.seller().stock(&offer).await, ["10", "0", "2"]);
        network.settle().await;
        for ledger in [NORTH, SOUTH] {
            assert_eq!(record(&network, ledger, &transaction).await, ("ACTIVE".to_owned(), 1.into()));
        }
        let (seller, buyer) = network.close().await;
        assert_eq!(attempts(&seller, "ledger.on_confirm"), delivered(2));
        assert_eq!(attempts(&buyer, "ledger.on_confirm"), delivered(1));
    }

    async fn both_ledgers_lose_an_ack(databases: Databases) {
        let network = Network::start(&databases, 1).await;
        for ledger in [NORTH, SOUTH] {
            network.ledger_behaves(ledger, "lose-ack:1").await;
        }
        let (offer, transaction) = confirmed(&network).await;
        network.buyer(0).until(&transaction, &["standing"]).await;
        network.settle().await;
        // Sent twice, recorded once.
        for ledger in [NORTH, SOUTH] {
            assert_eq!(record(&network, ledger, &transaction).await, ("ACTIVE".to_owned(), 1.into()));
        }
        assert_eq!(network.seller().stock(&offer).await, ["10", "0", "2"]);
        let (seller, buyer) = network.close().await;
        for book in [&seller, &buyer] {
            assert_eq!(attempts(book, "ledger.on_confirm"), delivered(2));
        }
    }

    async fn the_buyers_ledger_refuses(databases: Databases) {
        let network = Network::start(&databases, 1).await;
        network.ledger_behaves(SOUTH, "refuse").await;
        let (offer, transaction) = confirmed(&network).await;
        let told = network.buyer(0).until(&transaction, &["cancelled"]).await;
        assert_eq!(told["cancelled_by"], "ledger");
        assert!(told["failure"]["code"].is_string(), "the user must be told why: {told}");
        network.settle().await;
        assert_eq!(network.seller().stock(&offer).await, ["10", "0", "0"]);
        assert_eq!(record(&network, NORTH, &transaction).await.0, "CANCELLED");
        assert_eq!(record(&network, SOUTH, &transaction).await, ("WITHDRAWN".to_owned(), 0.into()));
        let (seller, buyer) = network.close().await;
        let (sold, bought) = (seller.contract("seller", &transaction), buyer.contract("buyer", &transaction));
        assert_eq!([&sold.state, &sold.holds, &sold.ledger], ["cancelled", "nothing", "withdrawn"]);
        assert_eq!(sold.cancelled_by.as_deref(), Some("buyer"));
        assert_eq!([&bought.state, &bought.holds, &bought.ledger], ["cancelled", "nothing", "withdrawn"]);
        assert_eq!(buyer.loads.values().copied().collect::<Vec<_>>(), [WattHours::ZERO]);
    }

    async fn a_cancellation_is_told_to_a_ledger_until_it_listens(databases: Databases) {
        let network = Network::start(&databases, 1).await;
        let (offer, transaction) = confirmed(&network).await;
        let buyer = network.buyer(0);
        buyer.until(&transaction, &["standing"]).await;
        network.ledger_behaves(SOUTH, "lose-ack:1@on_cancel").await;
        let cancel = serde_json::json!({"transaction_id": transaction, "reason": "plans changed"});
        buyer.insist("/api/cancel", &cancel).await.ok();
        buyer.until(&transaction, &["cancelled"]).await;
        network.settle().await;
        assert_eq!(network.seller().stock(&offer).await, ["10", "0", "0"]);
        for ledger in [NORTH, SOUTH] {
            assert_eq!(record(&network, ledger, &transaction).await.0, "CANCELLED");
        }
        let (seller, bought) = network.close().await;
        assert_eq!(attempts(&bought, "ledger.on_cancel"), delivered(2));
        assert_eq!(attempts(&seller, "ledger.on_cancel"), delivered(1));
    }
}
