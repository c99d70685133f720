//! The REST interface of the ledger. Every answer is checked against the OpenAPI document, read in place.

use std::sync::OnceLock;

use serde_json::{Value, json};
use test_support::both_databases;
use test_support::database::TestDb;

use crate::harness::*;

pub const DISCOM_A: &str = "buyer-discom.example";
pub const DISCOM_B: &str = "seller-discom.example";

/// The schemas of the OpenAPI document; none where there are no vectors.
fn components() -> Option<&'static Value> {
    static COMPONENTS: OnceLock<Option<Value>> = OnceLock::new();
    let load = || {
        let file = test_support::vectors::dir()?.join("energy/ledger/deg_contract_ledger-0.4.0.openapi.yaml");
        let text = std::fs::read_to_string(file).expect("the OpenAPI document");
        let document: Value = serde_yaml_ng::from_str(&text).unwrap();
        Some(document["components"].clone())
    };
    COMPONENTS.get_or_init(load).as_ref()
}

#[track_caller]
pub fn conforms(schema: &str, body: &Value) {
    let Some(components) = components() else { return };
    let root = json!({ "$ref": format!("#/components/schemas/{schema}"), "components": components });
    let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&root).unwrap();
    let faults: Vec<String> = validator.iter_errors(body).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{schema}: {faults:?} in {body}");
}

pub struct Reply(pub u16, pub Value);

impl Reply {
    /// The body of a success, which must be of that schema.
    #[track_caller]
    pub fn of(self, schema: &str) -> Value {
        assert_eq!(self.0, 200, "{}", self.1);
        conforms(schema, &self.1);
        self.1
    }

    /// Status and code of a refusal, which must be of the schema of errors.
    #[track_caller]
    pub fn refused(&self) -> (u16, &str) {
        assert_ne!(self.0, 200, "{}", self.1);
        conforms("error", &self.1);
        (self.0, self.1["code"].as_str().unwrap())
    }
}

pub async fn call(world: &World, signer: &str, call: &str, body: &Value) -> Reply {
    let bytes = serde_json::to_vec(body).unwrap();
    let response = world.signed(signer, &format!("/ledger/{call}"), &bytes).send().await.unwrap();
    Reply(response.status().as_u16(), response.json().await.unwrap())
}

pub async fn rest_world(db: &TestDb) -> World {
    let world = world(db).await;
    for discom in [DISCOM_A, DISCOM_B] {
        world.register(discom, &world.running.base_url);
    }
    world
}

pub fn record(transaction: &str, quantity: Value) -> Value {
    json!({
        "role": "BUYER", "transactionId": transaction, "orderItemId": "item-1",
        "platformIdBuyer": BUYER, "platformIdSeller": SELLER,
        "discomIdBuyer": "TEST_DISCOM_BUYER", "discomIdSeller": "TEST_DISCOM_SELLER",
        "buyerId": "CA-1|TEST_METER_BUYER", "sellerId": "TEST_METER_SELLER",
        "tradeTime": "2026-01-15T10:20:30Z",
        "deliveryStartTime": "2026-01-15T11:00:00Z", "deliveryEndTime": "2026-01-15T11:30:00Z",
        "tradeDetails": [{ "tradeType": "ENERGY", "tradeQty": quantity, "tradeUnit": "KWH",
                           "pricePerUnit": 14.5, "priceCurrency": "INR" }],
    })
}

pub fn with(body: &Value, changes: &[(&str, Value)]) -> Value {
    let mut body = body.clone();
    for (name, value) in changes {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(*name);
        } else {
            body[*name] = value.clone();
        }
    }
    body
}

pub fn actuals(role: &str, transaction: &str, value: Value) -> Value {
    let (side, metric) = match role {
        "BUYER_DISCOM" => ("Buyer", "ACTUAL_PULLED"),
        _ => ("Seller", "ACTUAL_PUSHED"),
    };
    let metrics = format!("{}FulfillmentValidationMetrics", side.to_lowercase());
    let mut body = json!({ "role": role, "transactionId": transaction, "orderItemId": "item-1" });
    body[format!("discomId{side}")] = json!(format!("TEST_DISCOM_{}", side.to_uppercase()));
    body[metrics] = json!([{ "validationMetricType": metric, "validationMetricValue": value }]);
    body[format!("status{side}Discom")] = json!("COMPLETED");
    body
}

both_databases! {
    async fn a_record_is_put_recorded_and_read(db: TestDb) {
        let world = rest_world(&db).await;
        let first = call(&world, BUYER, "put", &record("tx-1", json!(12.5))).await.of("ledgerWriteResponse");
        assert_eq!(first["recordId"], "tx-1_item-1");
        // The seller's platform says the same of its side: one record, unchanged.
        let seller = with(&record("tx-1", json!(12.50)), &[("role", json!("SELLER"))]);
        let again = call(&world, SELLER, "put", &seller).await.of("ledgerWriteResponse");
        assert_eq!(
            (&again["rowDigest"], &again["creationTime"]),
            (&first["rowDigest"], &first["creationTime"])
        );

        let pulled = actuals("BUYER_DISCOM", "tx-1", json!(11.9));
        let second = call(&world, DISCOM_A, "record", &pulled).await.of("ledgerWriteResponse");
        assert_ne!(second["rowDigest"], first["rowDigest"]);
        let pushed = actuals("SELLER_DISCOM", "tx-1", json!(12.3));
        let third = call(&world, DISCOM_B, "record", &pushed).await.of("ledgerWriteResponse");

        let by_key = json!({ "transactionId": "tx-1", "orderItemId": "item-1", "statusBuyerDiscom": "" });
        for reader in [BUYER, SELLER, DISCOM_A, DISCOM_B] {
            let found = call(&world, reader, "get", &by_key).await.of("ledgerGetResponse");
            assert_eq!(found["count"], 1, "{reader}");
            let row = &found["records"][0];
            assert_eq!(row["rowDigest"], third["rowDigest"]);
            assert_eq!(row["buyerFulfillmentValidationMetrics"][0]["validationMetricValue"], 11.9);
            assert_eq!(row["statusSellerDiscom"], "COMPLETED");
            assert_eq!(row["tradeDetails"][0]["pricePerUnit"], 14.5);
        }
        let stranger = call(&world, MALLORY, "get", &by_key).await.of("ledgerGetResponse");
        assert_eq!(stranger["count"], 0);
        world.running.stop().await;
    }

    async fn what_the_schema_or_a_role_forbids_is_refused(db: TestDb) {
        let world = rest_world(&db).await;
        let put = record("tx-1", json!(12.5));
        let unit = json!([{ "tradeType": "ENERGY", "tradeQty": 1, "tradeUnit": "MWH" }]);
        let fine = json!([{ "tradeType": "ENERGY", "tradeQty": 1.0001, "tradeUnit": "KWH" }]);
        for (changes, status, code) in [
            (vec![("tradeDetails", unit)], 400, "SCH_FIELD_NOT_ALLOWED"),
            (vec![("tradeDetails", fine)], 400, "SCH_FIELD_NOT_ALLOWED"),
            (vec![("surprise", json!(1))], 400, "SCH_FIELD_NOT_ALLOWED"),
            (vec![("role", json!("BUYER_DISCOM"))], 400, "SCH_FIELD_NOT_ALLOWED"),
            (vec![("tradeTime", json!("yesterday"))], 400, "SCH_FIELD_NOT_ALLOWED"),
            (vec![("deliveryEndTime", json!("2026-01-15T11:00:00Z"))], 400, "SCH_FIELD_NOT_ALLOWED"),
            (vec![("transactionId", Value::Null)], 400, "SCH_MISSING_REQUIRED"),
            (vec![("platformIdBuyer", Value::Null)], 400, "SCH_MISSING_REQUIRED"),
            (vec![("platformIdBuyer", json!(SELLER))], 403, "AUT_NOT_AUTHORIZED"),
            (vec![("statusSellerDiscom", json!("COMPLETED"))], 403, "AUT_NOT_AUTHORIZED"),
        ] {
            let reply = call(&world, BUYER, "put", &with(&put, &changes)).await;
            assert_eq!(reply.refused(), (status, code), "{changes:?}");
        }
        // A signature that does not fit the body, and none.
        let bytes = serde_json::to_vec(&put).unwrap();
        let signed = world.signed(BUYER, "/ledger/put", &bytes);
        let response = signed.body("{}").send().await.unwrap();
        assert_eq!(
            Reply(response.status().as_u16(), response.json().await.unwrap()).refused(),
            (401, "AUT_SIGNATURE_INVALID")
        );
        let response = world.http.post(world.url("/ledger/put")).body(bytes).send().await.unwrap();
        assert_eq!(
            Reply(response.status().as_u16(), response.json().await.unwrap()).refused(),
            (401, "AUT_SIGNATURE_INVALID")
        );

        let missing = call(&world, DISCOM_A, "record", &actuals("BUYER_DISCOM", "tx-1", json!(1))).await;
        assert_eq!(missing.refused(), (404, "PRC_NOT_FOUND"));
        call(&world, BUYER, "put", &put).await.of("ledgerWriteResponse");
        for (signer, body, status, code) in [
            // A platform, and the DISCOM of the other side.
            (BUYER, actuals("BUYER_DISCOM", "tx-1", json!(1)), 403, "AUT_NOT_AUTHORIZED"),
            (DISCOM_B, actuals("BUYER_DISCOM", "tx-1", json!(1)), 403, "AUT_NOT_AUTHORIZED"),
            (
                DISCOM_A,
                with(&actuals("BUYER_DISCOM", "tx-1", json!(1)), &[("statusSellerDiscom", json!("PENDING"))]),
                400,
                "SCH_FIELD_NOT_ALLOWED",
            ),
            (
                DISCOM_A,
                with(
                    &actuals("BUYER_DISCOM", "tx-1", json!(1)),
                    &[("buyerFulfillmentValidationMetrics", Value::Null)],
                ),
                400,
                "SCH_MISSING_REQUIRED",
            ),
            (
                DISCOM_A,
                with(
                    &actuals("BUYER_DISCOM", "tx-1", json!(1)),
                    &[("buyerFulfillmentValidationMetrics", json!([]))],
                ),
                400,
                "SCH_FIELD_NOT_ALLOWED",
            ),
            (
                DISCOM_A,
                with(&actuals("BUYER_DISCOM", "tx-1", json!(1)), &[("recordId", json!("other"))]),
                409,
                "PRC_CONFLICT",
            ),
        ] {
            assert_eq!(call(&world, signer, "record", &body).await.refused(), (status, code), "{body}");
        }
        assert_eq!(call(&world, BUYER, "get", &json!({ "limit": 501 })).await.refused().0, 400);
        assert_eq!(call(&world, BUYER, "forget", &json!({})).await.refused(), (404, "PRC_NOT_FOUND"));
        world.running.stop().await;
    }

    async fn what_identifies_a_trade_never_changes(db: TestDb) {
        let world = rest_world(&db).await;
        let put = record("tx-1", json!(12.5));
        let first = call(&world, BUYER, "put", &put).await.of("ledgerWriteResponse");
        for change in [
            ("buyerId", json!("CA-2")),
            ("deliveryStartTime", json!("2026-01-15T11:15:00Z")),
            ("discomIdSeller", json!("DISCOM_X")),
        ] {
            let reply = call(&world, BUYER, "put", &with(&put, &[change])).await;
            assert_eq!(reply.refused(), (409, "PRC_CONFLICT"));
        }
        // Somebody else's platform cannot take the record over.
        let hers = with(&put, &[("platformIdBuyer", json!(MALLORY))]);
        assert_eq!(call(&world, MALLORY, "put", &hers).await.refused(), (409, "PRC_CONFLICT"));
        let other = record("tx-1", json!(10));
        let changed = call(&world, BUYER, "put", &other).await.of("ledgerWriteResponse");
        assert_ne!(changed["rowDigest"], first["rowDigest"]);
        call(&world, DISCOM_A, "record", &actuals("BUYER_DISCOM", "tx-1", json!(9)))
            .await
            .of("ledgerWriteResponse");
        assert_eq!(call(&world, BUYER, "put", &put).await.refused(), (409, "PRC_CONFLICT"));
        world.running.stop().await;
    }

    async fn a_token_writes_once(db: TestDb) {
        let world = rest_world(&db).await;
        let put = with(&record("tx-1", json!(12.5)), &[("clientReference", json!("r-1"))]);
        let first = call(&world, BUYER, "put", &put).await.of("ledgerWriteResponse");
        call(&world, BUYER, "put", &record("tx-1", json!(10))).await.of("ledgerWriteResponse");
        // The same write again gets its first answer and changes nothing back.
        assert_eq!(call(&world, BUYER, "put", &put).await.of("ledgerWriteResponse"), first);
        let found =
            call(&world, BUYER, "get", &json!({ "transactionId": "tx-1" })).await.of("ledgerGetResponse");
        assert_eq!(found["records"][0]["tradeDetails"][0]["tradeQty"], 10);
        let other = with(&put, &[("tradeTime", json!("2026-01-15T10:20:31Z"))]);
        assert_eq!(call(&world, BUYER, "put", &other).await.refused(), (409, "PRC_CONFLICT"));
        let race = (0..12).map(|_| call(&world, BUYER, "put", &put));
        for reply in futures_util::future::join_all(race).await {
            assert_eq!(reply.of("ledgerWriteResponse"), first);
        }
        world.running.stop().await;
    }

    async fn a_meter_is_allocated_to_its_trades(db: TestDb) {
        let world = rest_world(&db).await;
        for (transaction, quantity) in [("tx-1", json!(6)), ("tx-2", json!(4))] {
            call(&world, BUYER, "put", &record(transaction, quantity)).await.of("ledgerWriteResponse");
        }
        let ask = json!({
            "meterId": "TEST_METER_SELLER", "discomId": "TEST_DISCOM_SELLER", "actualImported": -8.0,
            "deliveryStartTime": "2026-01-15T11:00:00Z", "deliveryEndTime": "2026-01-15T17:00:00+05:30",
            "status": "COMPLETED", "clientReference": "alloc-1",
        });
        let answer = call(&world, DISCOM_B, "allocate", &ask).await.of("ledgerAllocateResponse");
        let shares: Vec<(&str, f64)> = answer["allocations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| (a["transactionId"].as_str().unwrap(), a["allocatedQty"].as_f64().unwrap()))
            .collect();
        assert_eq!(shares, [("tx-1", 4.8), ("tx-2", 3.2)]);
        assert_eq!(answer["totalAllocated"], 8);
        assert_eq!(answer["allocations"][0]["metricType"], "ACTUAL_PUSHED");
        let found =
            call(&world, SELLER, "get", &json!({ "transactionId": "tx-2" })).await.of("ledgerGetResponse");
        let row = &found["records"][0];
        assert_eq!(row["sellerFulfillmentValidationMetrics"][0]["validationMetricValue"], 3.2);
        assert_eq!(row["rowDigest"], answer["allocations"][1]["rowDigest"]);
        // The buyer's meter drew more than was bought: all of it.
        let buyer = with(
            &ask,
            &[
                ("meterId", json!("CA-1|TEST_METER_BUYER")),
                ("discomId", json!("TEST_DISCOM_BUYER")),
                ("actualImported", json!(12.5)),
                ("clientReference", Value::Null),
                ("status", Value::Null),
            ],
        );
        assert_eq!(
            call(&world, DISCOM_A, "allocate", &buyer).await.of("ledgerAllocateResponse")["totalAllocated"],
            10
        );
        let refused = |changes: Vec<(&'static str, Value)>| with(&buyer, &changes);
        let elsewhere = refused(vec![("deliveryEndTime", json!("2026-01-15T12:00:00Z"))]);
        assert_eq!(call(&world, DISCOM_A, "allocate", &elsewhere).await.refused(), (404, "PRC_NOT_FOUND"));
        let not_hers = refused(vec![("meterId", json!("TEST_METER_SELLER"))]);
        assert_eq!(
            call(&world, DISCOM_A, "allocate", &not_hers).await.refused(),
            (403, "AUT_NOT_AUTHORIZED")
        );
        assert_eq!(call(&world, BUYER, "allocate", &buyer).await.refused(), (403, "AUT_NOT_AUTHORIZED"));
        let finer = refused(vec![("actualImported", json!(1.0001))]);
        assert_eq!(call(&world, DISCOM_A, "allocate", &finer).await.refused().0, 400);
        world.running.stop().await;
    }

    async fn records_are_found_by_window_and_page(db: TestDb) {
        let world = rest_world(&db).await;
        for n in 0..5 {
            let put = with(
                &record(&format!("tx-{n}"), json!(2)),
                &[("tradeTime", json!(format!("2026-01-1{n}T00:00:00Z")))],
            );
            call(&world, BUYER, "put", &put).await.of("ledgerWriteResponse");
        }
        let ask = json!({ "buyerId": "CA-1|TEST_METER_BUYER", "tradeTimeFrom": "2026-01-11T00:00:00Z",
            "tradeTimeTo": "2026-01-14T00:00:00Z", "sort": "tradeTime",
            "sortOrder": "asc", "limit": 2, "offset": 1 });
        let found = call(&world, SELLER, "get", &ask).await.of("ledgerGetResponse");
        let rows: Vec<&str> = found["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["transactionId"].as_str().unwrap())
            .collect();
        assert_eq!((rows, &found["count"]), (vec!["tx-2", "tx-3"], &json!(2)));
        let down = with(&ask, &[("sortOrder", json!("desc")), ("offset", json!(0))]);
        assert_eq!(
            call(&world, SELLER, "get", &down).await.of("ledgerGetResponse")["records"][0]["transactionId"],
            "tx-3"
        );
        let none = json!({ "statusBuyerDiscom": "COMPLETED" });
        assert_eq!(call(&world, SELLER, "get", &none).await.of("ledgerGetResponse")["count"], 0);
        world.running.stop().await;
    }

    async fn the_official_requests_are_taken_vector(db: TestDb) {
        let Some(vectors) = test_support::vectors::dir() else { return };
        let folder = vectors.join("energy/ledger/examples");
        let example = |name: &str| -> Value {
            serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
        };
        let world = rest_world(&db).await;
        let platform = "bap.buyer-platform.example";
        for caller in [platform, "DISCOM_A", "DISCOM_B"] {
            world.register(caller, &platform_url(caller));
        }
        let put = example("ledger_put.request.buyerPlatformCreate.json");
        call(&world, platform, "put", &put).await.of("ledgerWriteResponse");
        let found = call(&world, platform, "get", &example("ledger_get.request.byUniqueKey.json"))
            .await
            .of("ledgerGetResponse");
        assert_eq!(found["count"], 1);
        let by_window =
            call(&world, "DISCOM_A", "get", &example("ledger_get.request.byBuyerAndTradeWindow.json")).await;
        assert_eq!(by_window.of("ledgerGetResponse")["count"], 1);
        let overdrawal =
            call(&world, "DISCOM_A", "allocate", &example("ledger_allocate.request.netBuyerOverdrawal.json"))
                .await;
        assert_eq!(overdrawal.of("ledgerAllocateResponse")["totalAllocated"], 12.5);
        for (discom, name) in [("DISCOM_A", "buyerDiscomCompleted"), ("DISCOM_B", "sellerDiscomCompleted")] {
            let body = example(&format!("ledger_record.request.{name}.json"));
            call(&world, discom, "record", &body).await.of("ledgerWriteResponse");
        }
        let settled = call(&world, "DISCOM_B", "get", &example("ledger_get.request.byUniqueKey.json"))
            .await
            .of("ledgerGetResponse");
        assert_eq!(settled["records"][0]["statusBuyerDiscom"], "COMPLETED");
        println!("vectors: 6 passed, 0 skipped");
        world.running.stop().await;
    }
}
