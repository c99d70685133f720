//! Searches, answered at once: master catalogs above all.

use beckn_wire::action::Action;
use beckn_wire::envelope::body;
use beckn_wire::json::Json;
use test_support::both_databases;
use test_support::database::TestDb;

use super::*;

/// A message of a provider's side.
fn from_bpp(peer: &Peer, action: Action, message: Json) -> Vec<u8> {
    let mut context = context(action, NETWORK, clock::Clock::now(&clock::SystemClock));
    context.bpp_id = Some(peer.id.clone());
    context.bpp_uri = Some(peer.url.clone());
    body(&context, message)
}

async fn search(world: &World, peer: &Peer, message: &str) -> Json {
    let message = Json::parse(message.as_bytes()).unwrap();
    let bytes = from_bpp(peer, Action::CatalogSearch, message);
    let (status, answer) = world.signed(peer, "POST", "catalog/search", bytes).await;
    assert_eq!(status, 200, "{answer}");
    judge_answer("/catalog/search", &answer);
    answer.get("message").unwrap().clone()
}

fn ids(message: &Json) -> Vec<&str> {
    let catalogs = message.get("catalogs").unwrap().as_array().unwrap();
    catalogs.iter().map(|catalog| catalog.get("id").unwrap().as_str().unwrap()).collect()
}

fn number<'a>(message: &'a Json, name: &str) -> Option<&'a str> {
    message.at(&["pagination", name]).and_then(Json::as_number)
}

/// A catalog of resources only.
async fn master(world: &World, seller: &Peer, id: &str, network: &str) {
    let (resource, _) = terms(seller, id, 3_000);
    let mut catalog = catalog_of(seller, id, vec![]);
    catalog.resources = vec![resource];
    let message =
        with(merge(catalog, &[network]), &["publishDirectives", "0", "catalogType"], "MASTER".into());
    assert_eq!(verdict(&world.publish(seller, message).await[0]).0, "ACCEPTED");
}

both_databases! {
    async fn kind_networks_and_types_narrow_a_search(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK, OTHER_NETWORK]).await;
        let here = world.peer("here.example", 2, &[NETWORK]).await;
        for (id, network) in [("m1", NETWORK), ("m2", NETWORK), ("m3", OTHER_NETWORK)] {
            master(&world, &seller, id, network).await;
        }
        let regular = merge(catalog_of(&seller, "r1", vec![terms(&seller, "o", 3_000)]), &[NETWORK]);
        world.publish(&seller, regular).await;

        assert_eq!(ids(&search(&world, &seller, "{}").await), ["m1", "m2", "m3"]);
        assert_eq!(ids(&search(&world, &here, "{}").await), ["m1", "m2"]);
        let in_other = format!(r#"{{"filters":{{"networkIds":["{OTHER_NETWORK}"]}}}}"#);
        assert_eq!(ids(&search(&world, &seller, &in_other).await), ["m3"]);
        assert!(ids(&search(&world, &here, &in_other).await).is_empty());
        let found = search(&world, &here, r#"{"filters":{"type":"REGULAR"}}"#).await;
        assert_eq!(ids(&found), ["r1"]);
        assert_eq!(offer_ids(found.get("catalogs").unwrap().as_array().unwrap()), ["o"]);
        for (types, expected) in [("EnergyResource", 2), ("EnergyTradeOffer", 0), ("Nothing", 0)] {
            let filter = format!(r#"{{"filters":{{"schemaTypes":["{types}"]}}}}"#);
            assert_eq!(ids(&search(&world, &here, &filter).await).len(), expected, "{types}");
        }
        let page = search(&world, &seller, r#"{"limit":2,"offset":1}"#).await;
        assert_eq!(ids(&page), ["m2", "m3"]);
        assert_eq!((number(&page, "total"), number(&page, "count")), (Some("3"), Some("2")));
        let wrong_type = r#"{"filters":{"type":"X"}}"#;
        for bad in [r#"{"limit":0}"#, r#"{"limit":101}"#, r#"{"offset":-1}"#, wrong_type, r#"{"x":1}"#] {
            let bytes = from_bpp(&seller, Action::CatalogSearch, Json::parse(bad.as_bytes()).unwrap());
            let (status, answer) = world.signed(&seller, "POST", "catalog/search", bytes).await;
            assert!(status == 400 && code(&answer).starts_with("SCH_"), "{bad}: {answer}");
        }
    }

    async fn a_long_answer_is_cut_and_says_so(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK]).await;
        let entries = (0..400).map(|n| terms(&seller, &format!("offer-{n:03}"), 3_000)).collect();
        world.publish(&seller, merge(catalog_of(&seller, "b-large", entries), &[])).await;
        for id in ["a-small", "c-small"] {
            world.publish(&seller, merge(catalog_of(&seller, id, vec![terms(&seller, id, 3_000)]), &[])).await;
        }
        let page = search(&world, &seller, r#"{"filters":{"type":"REGULAR"}}"#).await;
        assert_eq!(ids(&page), ["a-small"]);
        assert_eq!((number(&page, "total"), number(&page, "count")), (Some("3"), Some("1")));
        let page = search(&world, &seller, r#"{"filters":{"type":"REGULAR"},"offset":1}"#).await;
        assert_eq!((ids(&page)[0], page.to_string().len() < 1024 * 1024), ("b-large", true));
    }

    async fn master_items_are_found_by_type_and_by_id(db: TestDb) {
        let world = World::new(&db).await;
        let seller = world.peer("bpp.example", 1, &[NETWORK, OTHER_NETWORK]).await;
        let here = world.peer("here.example", 2, &[NETWORK]).await;
        master(&world, &seller, "m1", NETWORK).await;
        master(&world, &seller, "m3", OTHER_NETWORK).await;

        let text = br#"{"filters":{"schemaTypes":["EnergyResource"]},"pagination":{"limit":1}}"#;
        let message = Json::parse(text).unwrap();
        let bytes = from_bpp(&here, Action::CatalogMasterSearch, message);
        let (status, answer) = world.signed(&here, "POST", "catalog/master/search", bytes).await;
        assert_eq!(status, 200, "{answer}");
        judge_answer("/catalog/master/search", &answer);
        assert_eq!(ids(answer.get("message").unwrap()), ["m1"]);
        let bad = Json::parse(br#"{"pagination":{"limit":101}}"#).unwrap();
        let bytes = from_bpp(&here, Action::CatalogMasterSearch, bad);
        assert_eq!(world.signed(&here, "POST", "catalog/master/search", bytes).await.0, 400);

        let (status, answer) = world.signed(&here, "GET", "catalog/master/schemaTypes", Vec::new()).await;
        let types = answer.at(&["message", "schemaTypes"]).unwrap().to_string();
        let expected = r#"["https://schema.nfh.global/EnergyResource/v2.0#EnergyResource"]"#;
        assert_eq!((status, types.as_str()), (200, expected));
        assert_eq!(answer.at(&["context", "action"]).and_then(Json::as_str), Some("on_catalog_master_search"));

        let item = |id: &'static str| world.signed(&here, "GET", id, Vec::new());
        let (status, answer) = item("catalog/master/resource-of-m1").await;
        assert_eq!((status, ids(answer.get("message").unwrap())), (200, vec!["m1"]));
        let resource = answer.at(&["message", "catalogs", "0", "resources", "0", "id"]).and_then(Json::as_str);
        assert_eq!(resource, Some("resource-of-m1"));
        for (id, expected) in [
            ("catalog/master/resource-of-m3", (404, "BIZ_ITEM_NOT_FOUND")),
            ("catalog/master/nothing", (404, "BIZ_ITEM_NOT_FOUND")),
            ("catalog/master/a%20b", (400, "SCH_INVALID_FORMAT")),
        ] {
            let (status, answer) = item(id).await;
            assert_eq!((status, code(&answer)), expected, "{id}");
        }
    }
}
