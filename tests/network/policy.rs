//! What the network's rules and the contract policy forbid is refused at the door, whoever signs it, and the NACK names
//! what is violated: `select`, `init` and `confirm` at the seller's platform, `catalog/publish` at the catalog service.

use beckn_wire::json::Json;
use beckn_wire::signature::{Chain, sign};
use clock::{Clock, Ids, SystemClock};
use serde_json::json;
use wattmandi::cli::local::demo_key;
use wattmandi::network::KeyId;

use crate::client::{eventually, slots, text};
use crate::world::*;

/// The place of a value in a message, what it becomes (nothing: it goes), and what the NACK must say.
type Spoiled = (&'static str, Option<&'static str>, &'static str, &'static str);

const TABLE: &str = "message/contract/commitments/0/commitmentAttributes";

/// Changes what is at a path; numbers are places in a list.
fn change(json: &mut Json, path: &[&str], value: Option<&Json>) {
    let (first, rest) = path.split_first().unwrap();
    let inner = match json {
        Json::Array(items) => &mut items[first.parse::<usize>().unwrap()],
        Json::Object(members) if rest.is_empty() => {
            match value {
                Some(value) => members.set(*first, value.clone()),
                None => assert!(members.remove(first).is_some(), "there is no {first}"),
            }
            return;
        }
        Json::Object(members) => members.get_mut(first).unwrap_or_else(|| panic!("there is no {first}")),
        other => panic!("{first} in {other:?}"),
    };
    match (rest.is_empty(), value) {
        (true, Some(value)) => *inner = value.clone(),
        (true, None) => panic!("an element of a list stays"),
        (false, _) => change(inner, rest, value),
    }
}

/// The message as it would be sent anew, with one thing changed.
fn spoil(body: &[u8], path: &str, value: Option<&str>) -> Vec<u8> {
    let mut message = Json::parse(body).unwrap();
    let id = Ids::system().uuid().to_string();
    change(&mut message, &["context", "messageId"], Some(&Json::from(id)));
    let now = SystemClock.now().to_rfc3339();
    change(&mut message, &["context", "timestamp"], Some(&Json::from(now)));
    let value = value.map(|text| Json::parse_text(text).unwrap());
    change(&mut message, &path.split('/').collect::<Vec<_>>(), value.as_ref());
    message.to_bytes()
}

/// As [`spoil`], in a transaction of its own.
fn spoil_anew(body: &[u8], path: &str, value: Option<&str>) -> Vec<u8> {
    let id = Json::from(Ids::system().uuid().to_string());
    let mut message = Json::parse(&spoil(body, path, value)).unwrap();
    change(&mut message, &["context", "transactionId"], Some(&id));
    message.to_bytes()
}

/// Sends a message, signed by `from`: status, code and text of the refusal; empty texts for an ACK.
async fn send(from: &str, url: &str, body: Vec<u8>) -> (u16, String, String) {
    let now = SystemClock.now().seconds();
    let key_id = KeyId::new(from, "key-1").unwrap();
    let signature = sign(&demo_key(from), &key_id, now, now + 60, &body, Chain::None);
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    let answer = request.header("authorization", signature.as_str()).body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    let answer = Json::parse(&answer.bytes().await.unwrap()).unwrap();
    let error =
        |name: &str| answer.at(&["message", "error", name]).and_then(Json::as_str).unwrap_or_default();
    (status, error("code").to_owned(), error("message").to_owned())
}

/// Every way to spoil it is refused, and the refusal says why.
async fn refused(
    from: &str,
    url: &str,
    body: &[u8],
    spoil: impl Fn(&[u8], &str, Option<&str>) -> Vec<u8>,
    ways: &[Spoiled],
) {
    let mut otherwise = Vec::new();
    for (path, value, code, words) in ways {
        let (status, said, text) = send(from, url, spoil(body, path, *value)).await;
        if status != 400 || !said.starts_with(code) || !text.contains(words) {
            otherwise.push(format!("{path} = {value:?}: {status} {said}: {text}"));
        }
    }
    assert!(otherwise.is_empty(), "{otherwise:#?}");
}

/// What is wrong with any message that asks for energy.
fn wishes() -> Vec<Spoiled> {
    let place = |rest: &str| -> &'static str { format!("{TABLE}/{rest}").leak() };
    vec![
        // The network's rules: N1, N3, N5 to N9, N14, N16, N17, PROD1.
        (
            "message/contract/contractAttributes/roles/2/participantId",
            Some("\"TEST_DISCOM_NORTH\""),
            "POL_ELIGIBILITY_NOT_MET",
            "same DISCOM",
        ),
        (
            "message/contract/contractAttributes/roles/2/participantId",
            Some("\"BRPL\""),
            "POL_ELIGIBILITY_NOT_MET",
            "BRPL",
        ),
        (
            "message/contract/contractAttributes/policy/queryPath",
            Some("\"data.other\""),
            "POL_GENERIC_ERROR",
            "query path",
        ),
        (
            "message/contract/commitments/0/offer/offerAttributes",
            Some(r#"{"@context":"https://schema.example/x","@type":"Other"}"#),
            "SCH_FIELD_NOT_ALLOWED",
            "does not copy",
        ),
        (
            place("payloadDescriptors/0/currency"),
            Some("\"USD\""),
            "SCH_ATTRIBUTE_PACK_INVALID",
            "PRICE_PER_KWH",
        ),
        (place("payloadDescriptors/1/units"), Some("\"MWH\""), "SCH_ATTRIBUTE_PACK_INVALID", "AVAILABLE_QTY"),
        (place("payloadDescriptors/1/units"), None, "SCH_ATTRIBUTE_PACK_INVALID", "AVAILABLE_QTY"),
        (
            place("intervals/0/payloads/0/type"),
            Some("\"FINAL_PRICE\""),
            "SCH_ATTRIBUTE_PACK_INVALID",
            "declared",
        ),
        (place("@type"), Some("\"Other\""), "SCH_", ""),
        // What was lost upstream: gate and slot, stock, precision, the price as published, writers of cells.
        (
            place("intervalPeriod/start"),
            Some("\"2026-11-21T03:30:00Z\""),
            "BIZ_FULFILLMENT_UNAVAILABLE",
            "offer",
        ),
        (
            place("intervalPeriod/start"),
            Some("\"2026-11-21T12:45:00Z\""),
            "BIZ_FULFILLMENT_UNAVAILABLE",
            "hour",
        ),
        (place("intervals/0/payloads/0/values"), Some("[6.4]"), "BIZ_PRICE_MISMATCH", "6.5"),
        (place("intervals/0/payloads/2/values"), Some("[5.01]"), "BIZ_QUANTITY_UNAVAILABLE", "are available"),
        (place("intervals/0/payloads/2/values"), Some("[2.005]"), "BIZ_QUANTITY_UNAVAILABLE", "0.01"),
        (place("intervals/0/payloads/2/values"), Some("[-2]"), "BIZ_QUANTITY_UNAVAILABLE", ""),
        (
            place("intervals/0/payloads/2/type"),
            Some("\"FINAL_ALLOC\""),
            "SCH_ATTRIBUTE_PACK_INVALID",
            "declared",
        ),
    ]
}

/// What the policy alone says, of a message that names meters and ledgers.
const NAMED: [Spoiled; 3] = [
    (
        "message/contract/participants/3/participantAttributes/ledgerUri",
        Some("\"https://ledger.elsewhere.com\""),
        "POL_GENERIC_ERROR",
        "ledger of buyerDiscom is not allowed",
    ),
    (
        "message/contract/participants/2/participantAttributes/meterId",
        Some("\"TEST_METER_ASHA\""),
        "POL_ELIGIBILITY_NOT_MET",
        "meter",
    ),
    (
        "message/contract/participants/2/participantAttributes/meterId",
        Some("\"METER_FARID\""),
        "POL_ELIGIBILITY_NOT_MET",
        "meter",
    ),
];

on_both_databases! {
    async fn whatever_violates_the_rules_is_refused_by_name(databases: Databases) {
        let world = World::start(databases).await;
        let (farid, offer) = (world.person("farid"), ashas_offer(&world).await);
        let search = farid.discover().await;
        let wish = json!({
            "transaction_id": search, "bpp_id": offer.0, "offer_id": offer.1, "slots": slots(&[(FIRST, "2")]),
        });
        assert_eq!(farid.post("/api/select", &wish).await.ok()["state"], "quoted");
        let init = json!({"transaction_id": search, "meter_id": meter("farid")});
        assert_eq!(farid.post("/api/init", &init).await.ok()["state"], "offered");
        let [select, init] = [world.sent(1, &search, "select").await, world.sent(1, &search, "init").await];
        let url = |action: &str| format!("{}/bpp/receiver/{action}", world.base(0));
        for (action, body) in [("select", &select), ("init", &init)] {
            refused(BETA, &url(action), body, spoil_anew, &wishes()).await;
            if action == "init" {
                refused(BETA, &url("init"), &init, spoil_anew, &NAMED).await;
            }
            let stolen = spoil_anew(body, "context/networkId", Some("\"nobody.example/market\""));
            let (status, code, _) = send(BETA, &url(action), stolen).await;
            assert_eq!((status, code.as_str()), (403, "AUT_DOMAIN_NOT_ALLOWED"), "{action}");
            // As it was it is taken, in a transaction of its own.
            let again = spoil_anew(body, "context/version", Some("\"2.0.0\""));
            assert_eq!(send(BETA, &url(action), again).await, (200, String::new(), String::new()), "{action}");
        }

        // A confirmation of what is held: the reservation stays for the right one.
        let mut confirm = Json::parse(&init).unwrap();
        let on_init = world.sent(0, &search, "on_init").await;
        let offered = Json::parse(&on_init).unwrap().get("message").cloned().unwrap();
        change(&mut confirm, &["message"], Some(&offered));
        change(&mut confirm, &["context", "action"], Some(&Json::from("confirm")));
        let confirm = confirm.to_bytes();
        let table = |rest: &str| -> &'static str { format!("{TABLE}/{rest}").leak() };
        let price = "intervals/0/payloads/0/values";
        refused(BETA, &url("confirm"), &confirm, spoil, &[
            (table(price), Some("[6.4]"), "BIZ_PRICE_MISMATCH", "price"),
            (table("intervals/0/payloads/1/values"), Some("[1.5]"), "BIZ_UPDATE_INCONSISTENT", "quantity"),
            (table("payloadDescriptors/0/currency"), Some("\"USD\""), "SCH_ATTRIBUTE_PACK_INVALID", "PRICE_PER_KWH"),
            NAMED[0],
        ])
        .await;
        assert_eq!(world.person("asha").stock(&offer.1).await, ["5", "4", "0"], "both reservations stand");
        world.market.advance(TO_THE_GATE);
        let late = spoil(&confirm, "context/version", Some("\"2.0.0\""));
        let (status, code, text) = send(BETA, &url("confirm"), late).await;
        assert_eq!((status, code.as_str()), (400, "BIZ_FULFILLMENT_UNAVAILABLE"), "{text}");
        assert!(text.contains("clos"), "{text}");
        let late = spoil_anew(&init, "context/version", Some("\"2.0.0\""));
        assert_eq!(send(BETA, &url("init"), late).await.1, "BIZ_FULFILLMENT_UNAVAILABLE");
        world.stop().await;
    }

    async fn a_copy_that_differs_is_reported_with_its_cell(databases: Databases) {
        let world = World::start(databases).await;
        let (_, transaction) = farid_has_bought(&world).await;
        world.settled().await;
        // Beta tells another quantity than was agreed; nothing is changed by it.
        let sent = world.sent(0, &transaction, "on_confirm").await;
        let mut told = Json::parse(&sent).unwrap();
        let own = world.base(1);
        for (path, value) in [
            ("action", "on_status".to_owned()),
            ("bppId", BETA.to_owned()),
            ("bppUri", format!("{own}/bpp/receiver")),
            ("bapId", ALPHA.to_owned()),
            ("bapUri", format!("{}/bap/receiver", world.base(0))),
        ] {
            change(&mut told, &["context", path], Some(&Json::from(value)));
        }
        let quantity = format!("{TABLE}/intervals/0/payloads/1/values");
        let url = format!("{}/bap/receiver/on_status", world.base(0));
        let asha = world.person("asha");
        let path = format!("/api/transactions/{transaction}?side=seller");
        let copies = || async {
            let shown = asha.get(&path).await.ok();
            let of_beta = shown["delivery"]["copies"].as_array().unwrap().iter().find(|copy| copy["holder"] == BETA).cloned();
            of_beta.map(|copy| (text(&shown["delivery"], "digest"), copy)).ok_or_else(|| shown.to_string())
        };
        let (status, code, words) = send(BETA, &url, spoil(&told.to_bytes(), &quantity, Some("[1.5]"))).await;
        assert_eq!(status, 200, "{code} {words}");
        let (digest, copy) = eventually("beta's copy", copies).await;
        assert_ne!(copy["digest"], json!(digest));
        assert_eq!(copy["differs"], json!([format!("REQUESTED_QTY@{FIRST}")]), "{copy}");
        // The same copy again is the same by its digest.
        let (status, ..) = send(BETA, &url, spoil(&told.to_bytes(), &quantity, Some("[2]"))).await;
        assert_eq!(status, 200);
        eventually("an equal copy", || async {
            let (digest, copy) = copies().await?;
            if copy["digest"] == json!(digest) && copy["differs"] == json!([]) { Ok(()) } else { Err(copy.to_string()) }
        })
        .await;
        world.stop().await;
    }

    async fn a_publication_that_violates_the_rules_is_refused_by_name(databases: Databases) {
        let world = World::start(databases).await;
        let (_, offer) = ashas_offer(&world).await;
        world.person("asha").published(&offer).await;
        let body = world.sent_of(0, "catalog/publish").await;
        let url = format!("{}/catalog/publish", world.catalog());
        let offer = |rest: &str| -> &'static str { format!("message/catalogs/0/offers/0/offerAttributes/{rest}").leak() };
        let series = |rest: &str| offer(&format!("commitmentAttributes/{rest}"));
        let ways: &[Spoiled] = &[
            (offer("contractAttributes/policy/queryPath"), Some("\"data.other\""), "POL_GENERIC_ERROR", "query path"),
            (offer("contractAttributes/roles/1/participantId"), Some("\"other.example\""),
                "AUT_UNAUTHORIZED_ACTION", "seller's platform"),
            (series("payloadDescriptors/0/currency"), Some("\"USD\""), "SCH_ATTRIBUTE_PACK_INVALID", "PRICE_PER_KWH"),
            (series("payloadDescriptors/0/currency"), None, "SCH_ATTRIBUTE_PACK_INVALID", "PRICE_PER_KWH"),
            (series("payloadDescriptors/1/units"), Some("\"MWH\""), "SCH_ATTRIBUTE_PACK_INVALID", "AVAILABLE_QTY"),
            (series("intervals/0/payloads/0/values"), Some("[-1]"), "BIZ_PRICE_MISMATCH", ""),
            (series("intervals/0/payloads/1/values"), Some("[5.005]"), "BIZ_QUANTITY_UNAVAILABLE", "0.01"),
            (series("intervalPeriod/start"), Some("\"2026-11-21T12:45:00Z\""), "", "hour"),
        ];
        let mut otherwise = Vec::new();
        for (path, value, code, words) in ways {
            let spoiled = spoil(&body, path, *value);
            let id = Json::parse(&spoiled).unwrap().at(&["context", "messageId"]).unwrap().as_str().unwrap().to_owned();
            let (status, said, text) = send(ALPHA, &url, spoiled).await;
            // What is wrong with an offer is told where the others of its catalog are told to be taken.
            let told = match status {
                200 => eventually("the answer to a publication", || async {
                    world.received(0, &id).await.ok_or_else(|| "nothing".to_owned())
                })
                .await,
                _ => format!("{said} {text}"),
            };
            if !told.contains(code) || !told.contains(words) {
                otherwise.push(format!("{path} = {value:?}: {told}"));
            }
        }
        assert!(otherwise.is_empty(), "{otherwise:#?}");
        world.stop().await;
    }
}
