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

#[test]
fn vector_policy_outcomes() {
    let Some(folder) = vectors() else { return };
    let policy = compile(&own_source(), patient()).unwrap();
    let expected = Json::parse(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let expected = expected.get("policy").and_then(Json::as_object).unwrap();
    let mut files = Vec::new();
    walk(&folder.join("lts-policy"), &mut files);
    files.sort();
    let mut passed = 0;
    for path in files {
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        let outcome = expected.get(&name).unwrap_or_else(|| panic!("no outcome for {name}"));
        let body = std::fs::read(&path).unwrap();
        let verdict = policy.evaluate(&body).unwrap();
        let empty = outcome.get("violationsEmpty").and_then(Json::as_bool).unwrap();
        assert_eq!(verdict.violations.is_empty(), empty, "{name}: {:?}", verdict.violations);
        for words in outcome.get("violationsContain").and_then(Json::as_array).unwrap() {
            let words = words.as_str().unwrap();
            assert!(contains(&verdict, words), "{name}: {words} not in {:?}", verdict.violations);
        }
        let count = outcome.at(&["flows", "count"]).and_then(Json::as_number).unwrap_or("0");
        assert_eq!(verdict.flows.len().to_string(), count, "{name}");
        assert_eq!(verdict.flows.iter().map(|flow| flow.value.get()).sum::<i64>(), 0, "{name}");
        passed += 1;
    }
    assert!(passed > 0);
    println!("vectors: {passed} passed, 0 skipped (contract policy)");
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
