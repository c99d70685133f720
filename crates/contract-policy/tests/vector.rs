//! Our own policy against the published outcomes, and within its limits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use beckn_wire::energy::Contract;
use beckn_wire::json::Json;
use contract_policy::{Checksum, Limits, Policy, PolicyError, Verdict};
use energy_rules::{PolicyRates, SettledSlot, revenue_flows, settled_slots};
use proptest::prelude::*;
use units::{Price, WattHours};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn own_source() -> String {
    std::fs::read_to_string(root().join("policies/p2p-trading.rego")).unwrap()
}

/// Limits for a machine that does other things as well.
fn patient() -> Limits {
    Limits { time: Duration::from_secs(20), ..Limits::default() }
}

fn compile(source: &str, limits: Limits) -> Result<Policy, PolicyError> {
    Policy::compile(source.as_bytes(), Checksum::of(source.as_bytes()), limits)
}

/// The folder of energy vectors; `None`, with a note, where there is none and nobody insists.
fn vectors() -> Option<PathBuf> {
    let folder =
        root().join(std::env::var("WATTMANDI_VECTORS").unwrap_or_else(|_| "../shared/vectors".to_owned()));
    if !folder.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no vectors at {}", folder.display());
        println!("vectors: skipped, no folder {}", folder.display());
        return None;
    }
    Some(folder.join("energy"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => walk(&path, found),
            false if path.extension().is_some_and(|ext| ext == "json") => found.push(path),
            false => {}
        }
    }
}

fn contains(verdict: &Verdict, words: &str) -> bool {
    verdict.violations.iter().any(|violation| violation.text.contains(words))
}

/// Every outcome that is stated anywhere below the folder, by the file that it is about.
fn outcomes(files: &[PathBuf]) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    for path in files.iter().filter(|path| path.ends_with("expected.json")) {
        let stated = Json::parse(&std::fs::read(path).unwrap()).unwrap();
        let outcomes = stated.get("policy").and_then(Json::as_object);
        found.extend(
            outcomes.into_iter().flat_map(|o| o.iter()).map(|(name, o)| (name.to_owned(), o.clone())),
        );
    }
    found
}

/// What an outcome says is what the policy says; what it does not speak of is not compared.
fn compare(name: &str, verdict: &Verdict, outcome: &Json) {
    let words: Vec<&str> = outcome
        .get("violationsContain")
        .and_then(Json::as_array)
        .unwrap_or_default()
        .iter()
        .filter_map(Json::as_str)
        .collect();
    for words in &words {
        assert!(contains(verdict, words), "{name}: {words} not in {:?}", verdict.violations);
    }
    let empty = outcome.get("violationsEmpty").and_then(Json::as_bool).unwrap_or(words.is_empty());
    assert_eq!(verdict.violations.is_empty(), empty, "{name}: {:?}", verdict.violations);
    assert_eq!(verdict.flows.iter().map(|flow| flow.value.get()).sum::<i64>(), 0, "{name}");
    let Some(flows) = outcome.get("flows") else { return };
    let count = flows.get("count").and_then(Json::as_number).unwrap_or("0");
    assert_eq!(verdict.flows.len().to_string(), count, "{name}");
}

#[test]
fn vector_policy_outcomes() {
    let Some(folder) = vectors() else { return };
    let policy = compile(&own_source(), patient()).unwrap();
    let mut files = Vec::new();
    walk(&folder, &mut files);
    files.sort();
    let mut passed = 0;
    for (name, outcome) in outcomes(&files) {
        let path =
            files.iter().find(|path| path.ends_with(&name)).unwrap_or_else(|| panic!("no file {name}"));
        let verdict = policy.evaluate(&std::fs::read(path).unwrap()).unwrap();
        compare(&name, &verdict, &outcome);
        passed += 1;
    }
    assert!(passed > 0);
    // Of the others nothing is stated, but there is a verdict.
    for path in files.iter().filter(|path| path.components().any(|part| part.as_os_str() == "lts-policy")) {
        assert!(policy.evaluate(&std::fs::read(path).unwrap()).is_ok(), "{}", path.display());
    }
    println!("vectors: {passed} passed, 0 skipped (contract policy)");
}

/// Sets what is at a path, numbers being places in a list; JSON text.
fn set(json: &mut Json, path: &[&str], value: &str) {
    let Some((first, rest)) = path.split_first() else {
        *json = Json::parse_text(value).unwrap();
        return;
    };
    match json {
        Json::Array(items) => set(&mut items[first.parse::<usize>().unwrap()], rest, value),
        Json::Object(members) => {
            if members.get(first).is_none() {
                members.set(*first, Json::Null);
            }
            set(members.get_mut(first).unwrap(), rest, value);
        }
        other => panic!("{first} in {other:?}"),
    }
}

/// An `init` of two slots between two test DISCOMs, which violates nothing.
fn init() -> Json {
    let role = |role: &str, id: &str| format!(r#"{{"role":"{role}","participantId":"{id}"}}"#);
    let roles = [
        role("buyerPlatform", "b.example"),
        role("sellerPlatform", "s.example"),
        role("buyerDiscom", "TEST_DISCOM_SOUTH"),
        role("sellerDiscom", "TEST_DISCOM_NORTH"),
    ];
    let ledger = |code: &str| {
        format!(r#"{{"id":"{code}","participantAttributes":{{"ledgerUri":"https://ledger.example"}}}}"#)
    };
    let customer =
        |id: &str, meter: &str| format!(r#"{{"id":"{id}","participantAttributes":{{"meterId":"{meter}"}}}}"#);
    let parties = [
        customer("b.example", "TEST_METER_1"),
        customer("s.example", "TEST_METER_2"),
        ledger("TEST_DISCOM_SOUTH"),
        ledger("TEST_DISCOM_NORTH"),
    ];
    let cells = |price: &str, available: &str, requested: &str| {
        format!(
            r#"[{{"type":"PRICE_PER_KWH","values":[{price}]}},{{"type":"AVAILABLE_QTY","values":[{available}]}},
            {{"type":"REQUESTED_QTY","values":[{requested}]}},{{"type":"FINAL_ALLOC","values":[]}}]"#
        )
    };
    let text = format!(
        r#"{{"context":{{"action":"init","networkId":"nfh.global/testnet-deg"}},"message":{{"contract":{{
        "contractAttributes":{{"roles":[{}],"policy":{{"queryPath":"data.deg.contracts.p2p_trading"}}}},
        "participants":[{}],"commitments":[{{"commitmentAttributes":{{
        "intervalPeriod":{{"start":"2026-04-26T04:30:00Z","duration":"PT1H"}},
        "payloadDescriptors":[{{"payloadType":"PRICE_PER_KWH","currency":"INR"}},
        {{"payloadType":"AVAILABLE_QTY","units":"KWH"}},{{"payloadType":"REQUESTED_QTY","units":"kWh"}},
        {{"payloadType":"BUYER_DISCOM_ALLOC","units":"KWH"}},{{"payloadType":"BUYER_DISCOM_STATUS"}},
        {{"payloadType":"SELLER_DISCOM_ALLOC","units":"KWH"}},{{"payloadType":"SELLER_DISCOM_STATUS"}},
        {{"payloadType":"FINAL_ALLOC","units":"KWH"}}],
        "intervals":[{{"id":0,"payloads":{}}},{{"id":1,"payloads":{}}}]}}}}]}}}}}}"#,
        roles.join(","),
        parties.join(","),
        cells("12.5", "30.5", "20.50"),
        cells("1.45e1", "25.5", "25.5"),
    );
    Json::parse(text.as_bytes()).unwrap()
}

#[test]
fn every_mutation_of_a_message_is_named_and_several_are_all_named() {
    let policy = compile(&own_source(), patient()).unwrap();
    let judge = |changes: &[(&str, &str)]| {
        let mut message = init();
        for (path, value) in changes {
            set(&mut message, &path.split('/').collect::<Vec<_>>(), value);
        }
        policy.evaluate(&message.to_bytes()).unwrap()
    };
    let roles = "message/contract/contractAttributes/roles";
    let table = "message/contract/commitments/0/commitmentAttributes";
    let at = |place: &str, rest: &str| format!("{place}/{rest}");
    let (buyer, seller) = (at(roles, "2/participantId"), at(roles, "3/participantId"));
    assert_eq!(judge(&[]).violations, []);
    for action in ["select", "confirm"] {
        assert_eq!(judge(&[("context/action", &format!("\"{action}\""))]).violations, [], "{action}");
    }
    // The hour may be written in any way that names it.
    for start in ["\"2026-04-26T10:00:00+05:30\"", "\"2026-04-26T04:30:00.000Z\""] {
        assert_eq!(judge(&[(&at(table, "intervalPeriod/start"), start)]).violations, [], "{start}");
    }
    let production = ("context/networkId", "\"indiaenergystack.in/ies-p2p-trading-network\"");
    for (changes, words) in [
        (vec![("context/networkId", "\"\"")], "not a recognized"),
        (vec![("context/networkId", "null")], "not a recognized"),
        (vec![(buyer.as_str(), "\"BRPL\"")], "not allowed to trade"),
        (vec![(buyer.as_str(), "\"DISCOM_SOUTH\"")], "not allowed to trade"),
        (vec![(seller.as_str(), "\"TPDDL\"")], "does not apply to seller discom"),
        (vec![(buyer.as_str(), "\"TEST_DISCOM_NORTH\"")], "same discom"),
        (vec![(buyer.as_str(), "\"test_discom_north\"")], "not allowed to trade"),
        (vec![(buyer.as_str(), "null")], "buyerDiscom is missing"),
        (vec![(roles, "[]")], "sellerPlatform is missing"),
        (vec![(&at(roles, "0/role"), "\"broker\"")], "does not know"),
        (vec![production], "does not apply to seller discom"),
        (vec![production, (&buyer, "\"BRPL\""), (&seller, "\"TPDDL\"")], "test meter"),
        (
            vec![("message/contract/participants/1/participantAttributes/meterId", "\"test_meter_1\"")],
            "same meter",
        ),
        (
            vec![(
                "message/contract/participants/2/participantAttributes/ledgerUri",
                "\"https://l.evil.com\"",
            )],
            "not allowed",
        ),
        (
            vec![("message/contract/participants/2/participantAttributes", "{}")],
            "ledger of buyerDiscom is missing",
        ),
        (vec![(&at(table, "payloadDescriptors/0/currency"), "\"USD\"")], "not INR"),
        (vec![(&at(table, "payloadDescriptors/0/currency"), "null")], "not INR"),
        (vec![(&at(table, "payloadDescriptors/2/units"), "\"MWH\"")], "unit of REQUESTED_QTY is not KWH"),
        (
            vec![(&at(table, "payloadDescriptors/0/payloadType"), "\"PRICE\"")],
            "PRICE_PER_KWH is not declared",
        ),
        (vec![(&at(table, "intervals/1/payloads/2/values"), "[25.51]")], "more is requested"),
        (vec![(&at(table, "intervals/1/payloads/0/values"), "[-0.01]")], "negative"),
        (vec![(&at(table, "intervals/1/payloads/0/values"), "[\"12.5\"]")], "no number"),
        (vec![("message/contract/contractAttributes/policy/queryPath", "\"data.other\"")], "query path"),
    ] {
        let verdict = judge(&changes);
        assert!(contains(&verdict, words), "{changes:?}: {words} not in {:?}", verdict.violations);
    }
    let several = judge(&[
        (&buyer, "\"BRPL\""),
        (&seller, "\"BRPL\""),
        (&at(table, "payloadDescriptors/0/currency"), "\"USD\""),
    ]);
    for words in ["not allowed to trade", "does not apply to seller discom", "same discom", "not INR"] {
        assert!(contains(&several, words), "{words} not in {:?}", several.violations);
    }
}

#[test]
fn an_empty_final_value_is_unsettled_and_never_zero() {
    let policy = compile(&own_source(), patient()).unwrap();
    let table = "message/contract/commitments/0/commitmentAttributes/intervals";
    let judge = |finals: [&str; 2]| {
        let mut message = init();
        set(&mut message, &["context", "action"], "\"on_status\"");
        for (interval, value) in finals.iter().enumerate() {
            let path = format!("{table}/{interval}/payloads/3/values");
            set(&mut message, &path.split('/').collect::<Vec<_>>(), value);
        }
        let verdict = policy.evaluate(&message.to_bytes()).unwrap();
        let flows: Vec<i64> = verdict.flows.iter().map(|flow| flow.value.get()).collect();
        (verdict, flows)
    };
    let (verdict, flows) = judge(["[]", "[]"]);
    assert!(contains(&verdict, "no FINAL_ALLOC") && flows.is_empty(), "{verdict:?}");
    // One slot is settled, in whatever spelling; the other is not a slot of nothing.
    for value in ["[10]", "[10.000]", "[1e1]"] {
        let (verdict, flows) = judge([value, "[]"]);
        assert_eq!((verdict.violations.len(), flows), (0, vec![-12_500, 12_500, 0, 0]), "{value}");
    }
    let (_, flows) = judge(["[0]", "[0]"]);
    assert_eq!(flows, [0; 4], "a written zero is a delivery of nothing");
    let (verdict, _) = judge(["[20.51]", "[]"]);
    assert!(contains(&verdict, "FINAL_ALLOC exceeds REQUESTED_QTY"), "{verdict:?}");
}

/// The settled message of the derived vectors, and the published flow from `init` on: the policy admits them,
/// and settles the last as we do.
#[test]
fn vector_policy_admits_the_published_flow() {
    let Some(folder) = vectors() else { return };
    let policy = compile(&own_source(), patient()).unwrap();
    let mut files = vec![folder.join("derived/on-status-settled.strict.json")];
    walk(&folder.join("lts-wave2/platforms"), &mut files);
    let mut passed = 0;
    for path in files {
        let body = std::fs::read(&path).unwrap();
        let document = Json::parse(&body).unwrap();
        let action = document.at(&["context", "action"]).and_then(Json::as_str).unwrap().to_owned();
        let settles = action == "on_status" && path.to_string_lossy().contains("settled");
        if !settles && !matches!(action.as_str(), "select" | "init" | "confirm" | "catalog/publish") {
            continue;
        }
        let verdict = policy.evaluate(&body).unwrap();
        assert_eq!(verdict.violations, [], "{}", path.display());
        if settles {
            let contract = Contract::of_message(document.get("message").unwrap()).unwrap();
            let slots = settled_slots(contract.series().unwrap()).unwrap();
            let ours = revenue_flows(&slots, &PolicyRates::default()).unwrap();
            assert_eq!(verdict.check_flows(ours.as_ref()), Ok(()), "{}", path.display());
            assert_eq!(verdict.flows.len(), 4, "{}", path.display());
        }
        passed += 1;
    }
    assert!(passed > 3);
    println!("vectors: {passed} passed, 0 skipped (contract policy, published flow)");
}

const RATES: PolicyRates = PolicyRates {
    wheeling_buyer: Price::new(2_500),
    wheeling_seller: Price::new(3_333),
    penalty: Price::new(5_001),
};

/// Our policy with rates other than zero.
fn with_rates() -> Policy {
    let mut source = own_source();
    for (name, rate) in [
        ("wheeling_rate_buyer", RATES.wheeling_buyer),
        ("wheeling_rate_seller", RATES.wheeling_seller),
        ("penalty_rate", RATES.penalty),
    ] {
        let (old, new) = (format!("{name} := 0"), format!("{name} := {}", rate.get()));
        assert!(source.contains(&old));
        source = source.replace(&old, &new);
    }
    compile(&source, patient()).unwrap()
}

fn message(slots: &[SettledSlot]) -> String {
    let cell = |name: &str, value: Option<String>| {
        format!(r#"{{"type":"{name}","values":[{}]}}"#, value.unwrap_or_default())
    };
    let intervals: Vec<String> = slots
        .iter()
        .enumerate()
        .map(|(id, slot)| {
            let cells = [
                cell("PRICE_PER_KWH", Some(slot.price.to_inr_text())),
                cell("REQUESTED_QTY", Some(slot.requested.to_kwh_text())),
                cell("FINAL_ALLOC", slot.settled.map(WattHours::to_kwh_text)),
            ];
            format!(r#"{{"id":{id},"payloads":[{}]}}"#, cells.join(","))
        })
        .collect();
    format!(
        r#"{{"context":{{"action":"on_status"}},"message":{{"contract":{{"commitments":[{{"commitmentAttributes":
           {{"payloadDescriptors":[],"intervals":[{}]}}}}]}}}}}}"#,
        intervals.join(",")
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_policy_settles_as_our_rules_do(
        rows in prop::collection::vec((0_i64..60_000, prop::option::of(0_i64..60_000), 1_i64..500_000), 1..5),
    ) {
        let slots: Vec<SettledSlot> = rows
            .iter()
            .map(|(requested, settled, price)| SettledSlot {
                requested: WattHours::new(*requested),
                settled: settled.map(WattHours::new),
                price: Price::new(*price),
            })
            .collect();
        let ours = revenue_flows(&slots, &RATES).unwrap();
        let verdict = with_rates().evaluate(message(&slots).as_bytes()).unwrap();
        prop_assert_eq!(verdict.check_flows(ours.as_ref()), Ok(()), "{:?}", verdict.flows);
    }
}

fn module(rules: &str) -> String {
    format!("package deg.contracts.p2p_trading\n\nimport rego.v1\n\n{rules}\n")
}

/// `select` names the buyer's platform without attributes (ruling 11); what is missing there is no violation.
#[test]
fn a_select_without_the_buyers_meter_is_admitted() {
    let role = |role: &str, id: &str| format!(r#"{{"role":"{role}","participantId":"{id}"}}"#);
    let roles = [
        role("buyerPlatform", "b.example"),
        role("sellerPlatform", "s.example"),
        role("buyerDiscom", "TEST_DISCOM_SOUTH"),
        role("sellerDiscom", "TEST_DISCOM_NORTH"),
    ];
    let ledger = |code: &str, uri: &str| {
        format!(r#"{{"id":"{code}","participantAttributes":{{"ledgerUri":"{uri}"}}}}"#)
    };
    let message = |ledger_uri: &str, requested: &str| {
        let participants = [
            r#"{"id":"b.example"}"#.to_owned(),
            r#"{"id":"s.example","participantAttributes":{"meterId":"TEST_METER_1"}}"#.to_owned(),
            ledger("TEST_DISCOM_NORTH", ledger_uri),
        ];
        format!(
            r#"{{"context":{{"action":"select","networkId":"nfh.global/testnet-deg"}},"message":{{"contract":{{
               "contractAttributes":{{"roles":[{}]}},"participants":[{}],"commitments":[{{"commitmentAttributes":{{
               "payloadDescriptors":[{{"payloadType":"PRICE_PER_KWH","currency":"INR"}},
               {{"payloadType":"AVAILABLE_QTY","units":"KWH"}},{{"payloadType":"REQUESTED_QTY","units":"KWH"}}],
               "intervals":[{{"id":0,"payloads":[{{"type":"PRICE_PER_KWH","values":[5]}},
               {{"type":"AVAILABLE_QTY","values":[10]}},{{"type":"REQUESTED_QTY","values":[{requested}]}}]}}]}}}}]}}}}}}"#,
            roles.join(","),
            participants.join(",")
        )
    };
    let policy = compile(&own_source(), patient()).unwrap();
    let judge = |uri: &str, requested: &str| policy.evaluate(message(uri, requested).as_bytes()).unwrap();
    for uri in
        ["http://127.0.0.1:4002", "https://north.ledger.example", "https://ies-p2p-energy-ledger.beckn.io"]
    {
        assert_eq!(judge(uri, "10").violations, [], "{uri}");
    }
    assert!(contains(&judge("https://ledger.elsewhere.com", "10"), "ledger of sellerDiscom is not allowed"));
    assert!(contains(&judge("http://127.0.0.1:4002", "10.01"), "more is requested than is available"));
    assert!(contains(&judge("http://127.0.0.1:4002", "-1"), "negative"));
    assert!(contains(&judge("http://127.0.0.1:4002", "\"5\""), "no number"));
}

#[test]
fn a_policy_that_does_not_end_is_stopped() {
    let digits = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]";
    let loops: String = (0..9).map(|at| format!("\tsome a{at} in d\n")).collect();
    let source = module(&format!("d := {digits}\n\nviolations contains \"x\" if {{\n{loops}\ta0 > 10\n}}"));
    let limits = Limits { time: Duration::from_millis(50), ..Limits::default() };
    let policy = compile(&source, limits).unwrap();
    assert_eq!(policy.evaluate(b"{}"), Err(PolicyError::TimeLimit));
}

#[test]
fn a_policy_that_hoards_is_stopped() {
    let doubled: String =
        (1..40).map(|at| format!("s{at} := concat(\"\", [s{0}, s{0}])\n\n", at - 1)).collect();
    let source = module(&format!("s0 := \"0123456789abcdef\"\n\n{doubled}violations contains s39 if true"));
    let limits = Limits { memory: 64 << 20, ..patient() };
    assert_eq!(compile(&source, limits).unwrap().evaluate(b"{}"), Err(PolicyError::MemoryLimit));
}

#[test]
fn a_policy_reaches_nothing_outside() {
    for call in [
        "http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1/\"})",
        "opa.runtime()",
        "time.now_ns()",
        "net.lookup_ip_addr(\"localhost\")",
    ] {
        let source = module(&format!("violations contains \"x\" if {{\n\tvalue := {call}\n\tvalue\n}}"));
        let outcome = compile(&source, patient()).and_then(|policy| policy.evaluate(b"{}"));
        assert!(outcome.is_err(), "{call}: {outcome:?}");
    }
}

#[test]
fn only_what_was_published_and_is_pinned_is_compiled() {
    let source = own_source();
    let other = Checksum::of(b"another");
    let wrong = Policy::compile(source.as_bytes(), other, Limits::default()).err();
    assert_eq!(wrong, Some(PolicyError::ChecksumWrong));
    for text in [
        "package other\n\nviolations contains \"x\" if true\n".to_owned(),
        module("revenue_flows := []"),
        module("violations contains"),
        String::new(),
        "\u{0}".to_owned(),
    ] {
        assert_eq!(compile(&text, Limits::default()).err(), Some(PolicyError::NotCompiled), "{text}");
    }
    let small = Limits { source_bytes: 10, input_bytes: 10, ..patient() };
    assert_eq!(compile(&source, small).err(), Some(PolicyError::SourceTooLarge(10)));
    let silent = compile(&module("violations contains \"x\" if false"), small_input()).unwrap();
    assert_eq!(silent.evaluate(b"{}").unwrap(), Verdict::default());
    assert_eq!(silent.evaluate(b"{\"long\":\"message\"}"), Err(PolicyError::InputTooLarge));
    assert_eq!(silent.evaluate(b"{"), Err(PolicyError::InputUnreadable));
}

fn small_input() -> Limits {
    Limits { input_bytes: 10, ..patient() }
}
