//! The official messages, as they are but for the addresses of the participants, which must be reachable
//! here.

use beckn_wire::action::Action;
use beckn_wire::context::Context;
use beckn_wire::json::Json;
use beckn_wire::validate::Tolerance;
use test_support::both_databases;
use test_support::database::TestDb;

use super::world::*;

both_databases! {
    async fn vector_official_publish_and_discover(db: TestDb) {
        let Some(folder) = test_support::vectors::dir() else { return };
        let read = |name: &str| {
            let path = folder.join("energy/lts-wave2/platforms").join(name);
            Json::parse(&std::fs::read(path).unwrap()).unwrap()
        };
        let (publish, discover) = (read("publish-catalog.json"), read("discover-request.json"));
        let world = World::new(&db).await;
        // The offer of the official catalog is valid on that day.
        world.market.set(at("2026-04-25T09:00:00Z"));
        let seller = world.peer("sellerapp.example.com", 1, &[NETWORK]).await;
        let buyer = world.peer("buyerapp.example.com", 2, &[NETWORK]).await;

        let publish = with(publish, &["context", "bppUri"], format!("{}/bpp/receiver", seller.url).into());
        let context = Context::read(publish.get("context").unwrap(), &Tolerance::ies()).unwrap();
        let (status, answer) = world.post(&seller, Action::CatalogPublish, publish.to_bytes()).await;
        assert_eq!(status, 200, "{answer}");
        let results = world.callback(&seller, "/bpp/receiver/catalog/on_publish", &context).await;
        let result = results.at(&["message", "results", "0"]).unwrap();
        assert_eq!(verdict(result), ("ACCEPTED".to_owned(), vec![]));

        let discover = with(discover, &["context", "bapUri"], format!("{}/bap/receiver", buyer.url).into());
        let context = Context::read(discover.get("context").unwrap(), &Tolerance::ies()).unwrap();
        let (status, answer) = world.post(&buyer, Action::Discover, discover.to_bytes()).await;
        assert_eq!(status, 200, "{answer}");
        let found = world.callback(&buyer, "/bap/receiver/on_discover", &context).await;
        // What was published is shown, member for member.
        assert_eq!(found.at(&["message", "catalogs", "0"]), publish.at(&["message", "catalogs", "0"]));
        assert_eq!(found.at(&["message", "catalogs"]).unwrap().as_array().unwrap().len(), 1);
        println!("vectors: 2 passed, 0 skipped");
    }
}
