//! Every message of a trade as the builders make it: compared with the fixtures, read back, and put before
//! both texts of the protocol. `BLESS=1` writes the fixtures anew.

use std::path::PathBuf;

use beckn_wire::energy::messages::{self, Buyer};
use beckn_wire::energy::meter_leg::{self, MeterLeg, MeterQuery};
use beckn_wire::energy::{
    Catalogs, Column, Contract, EditError, MoneyAttributes, Path, PublishResult, PublishResults, RevenueFlow,
    Writer, schema,
};
use beckn_wire::json::{Json, Object};
use units::{Paise, WattHours};

use crate::world::{self, BUYER, BUYER_METER, CONTRACT_ID, NETWORK, SELLER, SELLER_METER};
use crate::{folder, official_contract, oracle};

/// A whole body, so that the texts of the protocol can judge it.
fn body(action: &str, message: &Json) -> Json {
    let mut context = Object::new();
    for (name, value) in [
        ("networkId", NETWORK),
        ("version", "2.0.0"),
        ("action", action),
        ("bapId", BUYER),
        ("bapUri", "https://buyer.wattmandi.example/bap/receiver"),
        ("bppId", SELLER),
        ("bppUri", "https://seller.wattmandi.example/bpp/receiver"),
        ("transactionId", "7a0f2a5c-93b4-4dd3-8fcf-0c55c6b7f0a1"),
        ("messageId", "c2a1b0c9-55d2-4a43-9a3b-6ad1ea3b9b12"),
        ("timestamp", "2026-11-20T05:00:00.000Z"),
    ] {
        context.set(name, value);
    }
    let used = schema::contexts_of(message).into_iter().map(Json::from);
    context.set("schemaContext", Json::array(used));
    Json::object([("context", Json::Object(context)), ("message", message.clone())])
}

fn init() -> Contract {
    world::with_request(BUYER, |request, buyer| messages::init(request, buyer).unwrap())
}

fn active() -> Contract {
    let on_init = messages::on_init(&init(), None, "settlement-1", world::term());
    messages::on_confirm(&messages::confirm(&on_init), CONTRACT_ID)
}

/// The contract after delivery, all cells written.
fn delivered() -> Contract {
    let mut contract = active();
    let series = contract.series_mut().unwrap();
    for (interval, energy) in [(0, 18_500), (1, 0), (2, 2_010)] {
        for column in [Column::BuyerDiscomAlloc, Column::SellerDiscomAlloc, Column::FinalAlloc] {
            series.set_energy(interval, &column, WattHours::new(energy)).unwrap();
        }
        series.set_text(interval, &Column::BuyerDiscomStatus, "COMPLETED").unwrap();
        series.set_text(interval, &Column::SellerDiscomStatus, "COMPLETED").unwrap();
    }
    contract
}

fn flows() -> Vec<RevenueFlow> {
    let amounts = [-25_135, 25_135, 0, 0].map(Paise::new);
    Writer::ALL.into_iter().zip(amounts).map(|(role, value)| RevenueFlow::new(role, value, None)).collect()
}

fn meter_request() -> Contract {
    let leg = MeterLeg {
        contract_id: CONTRACT_ID,
        commitment_id: "commitment-1",
        dataset_id: "readings-1",
        offer_id: "offer-7",
    };
    let slots = [world::slot(4), world::slot(5)];
    let query = |meter_id| MeterQuery { meter_id, discom_code: "TEST_DISCOM_BUYER", slots: &slots };
    meter_leg::meter_request(&leg, &[query(BUYER_METER), query("TEST_METER_HOME_4")]).unwrap()
}

/// Every kind of message: a name, the action and the message.
fn messages_of_a_trade() -> Vec<(&'static str, &'static str, Json)> {
    let select = world::with_request(BUYER, |request, buyer| messages::select(request, buyer).unwrap());
    let on_select = messages::on_select(&select, "quote-1", Paise::new(27_635));
    let on_init = messages::on_init(&init(), None, "settlement-1", world::term());
    let settled = messages::settled(&delivered(), flows());
    let updated = messages::updated(&active(), &[(0, WattHours::new(10_000))], Paise::new(6_000)).unwrap();
    let report = meter_leg::meter_report(&meter_request(), |meter, slot| {
        (meter == BUYER_METER).then(|| WattHours::new(i64::from(slot.ist_hour()) * 100))
    });
    let accepted =
        PublishResults { results: vec![PublishResult::new("catalog-1", "ACCEPTED")], rest: Object::new() };
    let ledger_report = messages::ledger_report(&delivered(), Writer::SellerDiscom).unwrap();
    let discovered = Catalogs { directives: Vec::new(), ..world::publish_message() };
    vec![
        ("publish", "catalog/publish", world::publish_message().to_json()),
        ("on_publish", "catalog/on_publish", accepted.to_json()),
        ("on_discover", "on_discover", discovered.to_json()),
        ("select", "select", select.to_message()),
        ("on_select", "on_select", on_select.to_message()),
        ("init", "init", init().to_message()),
        ("on_init", "on_init", on_init.to_message()),
        ("confirm", "confirm", messages::confirm(&on_init).to_message()),
        ("on_confirm", "on_confirm", active().to_message()),
        ("on_confirm_ledger", "on_confirm", messages::for_ledger(&active()).to_message()),
        ("status", "status", messages::as_it_stands(&active()).to_message()),
        ("on_status_delivered", "on_status", messages::as_it_stands(&delivered()).to_message()),
        ("on_status_report", "on_status", ledger_report.to_message()),
        ("on_status_settled", "on_status", settled.to_message()),
        ("cancel", "cancel", messages::as_it_stands(&active()).to_message()),
        ("on_cancel", "on_cancel", messages::on_cancel(&active()).to_message()),
        ("update", "update", updated.to_message()),
        ("on_update", "on_update", messages::as_it_stands(&updated).to_message()),
        ("status_meters", "status", meter_request().to_message()),
        ("on_status_meters", "on_status", report.unwrap().to_message()),
    ]
}

#[test]
fn messages_equal_the_fixtures() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/energy");
    for (name, action, message) in messages_of_a_trade() {
        let path = folder.join(format!("{name}.json"));
        let made = format!("{}\n", serde_json::to_string_pretty(&body(action, &message)).unwrap());
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_eq!(made, kept, "{name}");
    }
}

#[test]
fn messages_come_out_as_they_went_in() {
    for (name, _, message) in messages_of_a_trade() {
        let root = Path::new("message");
        let again = if message.get("contract").is_some() {
            Contract::of_message(&message).unwrap().to_message()
        } else if message.get("catalogs").is_some() {
            Catalogs::read(&message, &root).unwrap().to_json()
        } else {
            PublishResults::read(&message, &root).unwrap().to_json()
        };
        assert_eq!(again.to_string(), message.to_string(), "{name}");
    }
}

#[test]
fn vector_messages_are_valid_under_both_texts() {
    let Some(texts) = oracle::both() else { return };
    let mut passed = 0;
    for (name, action, message) in messages_of_a_trade() {
        let body: serde_json::Value = serde_json::from_str(&body(action, &message).to_string()).unwrap();
        for (text, which) in texts.iter().zip(["tag", "main"]) {
            let complaints = text.complaints(action, &body);
            assert!(complaints.is_empty(), "{name} under {which}: {complaints:#?}");
            passed += 1;
        }
    }
    println!("vectors: {passed} passed, 0 skipped");
}

/// A failing callback: the error stands beside a complete message.
#[test]
fn vector_failing_callbacks_are_valid_under_both_texts() {
    let Some(texts) = oracle::both() else { return };
    let whole = body("on_confirm", &init().to_message());
    let error = Json::object([
        ("code", Json::from("BIZ_QUANTITY_UNAVAILABLE")),
        ("message", Json::from("the slot is sold")),
    ]);
    let (context, message) = (whole.get("context").unwrap(), whole.get("message").unwrap());
    let failing = messages::failing_body(context.clone(), message.clone(), error.clone());
    assert_eq!(failing.get("error"), Some(&error));
    let failing: serde_json::Value = serde_json::from_str(&failing.to_string()).unwrap();
    for text in &texts {
        assert!(text.complaints("on_confirm", &failing).is_empty());
    }
}

/// The oracle does refuse: without it the tests above would prove nothing.
#[test]
fn vector_the_oracle_refuses_what_is_wrong() {
    let Some(texts) = oracle::both() else { return };
    let mut message = active();
    message.status = Some("REJECTED".to_owned());
    let wrong: serde_json::Value =
        serde_json::from_str(&body("status", &message.to_message()).to_string()).unwrap();
    for text in &texts {
        assert!(text.complaints("status", &wrong).iter().any(|c| c.contains("status/code")));
    }
}

/// An official contract with older spellings leaves us in the newer ones, valid under both texts.
#[test]
fn vector_older_contracts_leave_us_valid() {
    let Some(texts) = oracle::both() else { return };
    for name in [
        "lts-wave2/platforms/on-status-response-settled.json",
        "lts-wave2/responses-seller-ledger/on_status_settled.json",
    ] {
        let mut stored = official_contract(name).unwrap();
        stored.id = Some(CONTRACT_ID.to_owned());
        let sent = messages::as_it_stands(&stored);
        assert!(sent.consideration.iter().all(|c| c.status.as_deref() == Some("COMPLETE")), "{name}");
        let sent: serde_json::Value =
            serde_json::from_str(&body("on_status", &sent.to_message()).to_string()).unwrap();
        for text in &texts {
            assert_eq!(text.complaints("on_status", &sent), Vec::<String>::new(), "{name}");
        }
    }
}

/// From the official catalog our builder makes the official request.
#[test]
fn vector_the_official_init_is_what_we_would_send() {
    let Some(root) = folder("energy/lts-wave2/platforms") else { return };
    let read = |name: &str| Json::parse(&std::fs::read(root.join(name)).unwrap()).unwrap();
    let publish =
        Catalogs::read(read("publish-catalog.json").get("message").unwrap(), &Path::new("m")).unwrap();
    let wanted = Contract::of_message(read("init-request.json").get("message").unwrap()).unwrap();
    let catalog = &publish.catalogs[0];
    let offer = &catalog.offers[0];
    let resource = catalog.resource(&offer.resource_ids[0]).unwrap();
    let asked = [(0, WattHours::new(20_500)), (1, WattHours::new(15_500))];
    let customer = wanted.customer(Writer::BuyerPlatform).unwrap();
    let discom = wanted.discom_of(Writer::BuyerPlatform).unwrap();
    let request = messages::Request { commitment_id: "commitment-p2p-001", offer, resource, asked: &asked };
    let buyer =
        Buyer { platform_id: "buyerapp.example.com", customer, discom_code: "TEST_DISCOM_BUYER", discom };
    let made = messages::init(&request, &buyer).unwrap();
    assert_eq!(made.series().unwrap(), wanted.series().unwrap());
    assert_eq!(made.contract_attributes, wanted.contract_attributes);
    let sorted = |contract: &Contract| {
        let mut all: Vec<String> = contract.participants.iter().map(|p| p.to_json().to_string()).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&made), sorted(&wanted));
    // The official examples state a total that is not the sum of what they request.
    assert_eq!(made.commitments[0].resources[0].quantity(), Some("36"));
}

#[test]
fn a_select_names_no_person() {
    let select = world::with_request(BUYER, |request, buyer| messages::select(request, buyer).unwrap());
    let text = select.to_message().to_string();
    assert!(!text.contains(BUYER_METER) && !text.contains("CONSUMER-3"));
    assert_eq!(select.meter_of(Writer::BuyerPlatform), None);
    assert_eq!(select.meter_of(Writer::SellerPlatform), Some(SELLER_METER));
    assert_eq!(select.holder(Writer::BuyerDiscom), Some("TEST_DISCOM_BUYER"));
}

#[test]
fn a_catalog_names_no_customer_number() {
    assert!(!world::publish_message().to_json().to_string().contains("utilityCustomerId"));
}

#[test]
fn the_table_changes_from_step_to_step() {
    let init = init();
    let table = init.series().unwrap();
    assert_eq!(table.cell(0, &Column::RequestedQty), Some("20.5"));
    assert_eq!(table.cell(1, &Column::RequestedQty), Some("0"));
    assert_eq!(table.slot_of(2).unwrap(), world::slot(8));
    assert_eq!(init.commitments[0].resources[0].quantity(), Some("22.51"));
    let active = active();
    let table = active.series().unwrap();
    assert!(!table.declares(&Column::AvailableQty) && table.cell(0, &Column::AvailableQty).is_none());
    assert_eq!(active.status.as_deref(), Some("ACTIVE"));
    assert_eq!(active.commitments[0].status.as_deref(), Some("ACTIVE"));
    assert_eq!(active.settlements[0].status.as_deref(), Some("COMMITTED"));
    let settled = messages::settled(&delivered(), flows());
    assert_eq!(settled.series().unwrap().descriptors.len(), 7);
    assert_eq!(settled.commitments[0].status.as_deref(), Some("CLOSED"));
    assert_eq!(settled.settlements[0].consideration_id.as_deref(), Some(messages::FLOWS_ID));
    // Settled twice is settled once.
    assert_eq!(messages::settled(&settled, flows()), settled);
}

#[test]
fn ledgers_learn_nothing_of_bank_accounts() {
    let mut contract = active();
    let term = MoneyAttributes::Term(world::term());
    contract.consideration.push(beckn_wire::energy::Consideration::new("older-place", "DRAFT", term));
    for copy in
        [messages::for_ledger(&contract), messages::ledger_report(&contract, Writer::BuyerDiscom).unwrap()]
    {
        let text = copy.to_message().to_string();
        assert!(!text.contains("000111222333") && !text.contains("payTo"), "{text}");
        let settlement = copy.to_json();
        let settlement = settlement.at(&["settlements", "0"]).unwrap();
        assert_eq!(settlement.to_string(), r#"{"id":"settlement-1","status":"COMMITTED"}"#);
        assert_eq!(copy.meter_of(Writer::BuyerPlatform), Some(BUYER_METER));
    }
}

#[test]
fn one_platform_on_both_sides_is_told_apart_by_the_meter() {
    let contract = world::with_request(SELLER, |request, buyer| messages::init(request, buyer).unwrap());
    assert_eq!(contract.roles_of(SELLER), [Writer::BuyerPlatform, Writer::SellerPlatform]);
    assert_eq!(contract.meter_of(Writer::SellerPlatform), Some(SELLER_METER));
    assert_eq!(contract.meter_of(Writer::BuyerPlatform), Some(BUYER_METER));
    let mut turned = contract.clone();
    turned.participants.reverse();
    assert_eq!(turned.meter_of(Writer::SellerPlatform), Some(SELLER_METER));
    assert_eq!(turned.meter_of(Writer::BuyerPlatform), Some(BUYER_METER));
}

#[test]
fn impossible_requests_are_refused() {
    let refused = |asked: &[(i64, WattHours)]| {
        world::with_request(BUYER, |request, buyer| {
            messages::init(&messages::Request { asked, ..*request }, buyer).unwrap_err()
        })
    };
    assert_eq!(refused(&[]), EditError::NothingRequested);
    assert_eq!(refused(&[(0, WattHours::ZERO)]), EditError::NothingRequested);
    assert_eq!(refused(&[(9, WattHours::new(1_000))]), EditError::NoSuchInterval(9));
    let no_table = world::with_request(BUYER, |request, buyer| {
        let mut offer = request.offer.clone();
        offer.attributes = None;
        messages::select(&messages::Request { offer: &offer, ..*request }, buyer).unwrap_err()
    });
    assert_eq!(no_table, EditError::NotAnEnergyOffer);
}
