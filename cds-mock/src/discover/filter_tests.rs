//! What expressions select, and which are refused.

use super::*;

const OFFICIAL: &str = r#"$.catalogs[*].offers[*] ? (@.offerAttributes."@type" == "EnergyTradeOffer")"#;

fn catalog() -> Value {
    let text = r#"{"id":"c","isActive":true,"provider":{"id":"bpp.example","descriptor":{"name":"Sun"}},
      "resources":[{"id":"r0","resourceAttributes":{"type":"SOLAR"}},
       {"id":"r1","resourceAttributes":{"type":"WIND"}}],
      "offers":[
       {"id":"o0","resourceIds":["r0"],"tags":["a","b"],"offerAttributes":{"@type":"EnergyTradeOffer",
         "validityWindow":{"schema:endTime":"2026-04-26T06:00:00+05:30"},
         "commitmentAttributes":{"intervals":[{"payloads":[{"type":"PRICE_PER_KWH","values":[12.50]}]},
                                              {"payloads":[{"type":"PRICE_PER_KWH","values":[4]}]}]}}},
       {"id":"o1","resourceIds":["r1"],"offerAttributes":{"@type":"Other",
         "validityWindow":{"schema:endTime":"2026-04-27T00:30:00Z"},
         "commitmentAttributes":{"intervals":[{"payloads":[{"type":"PRICE_PER_KWH","values":[14.5]}]}]}}}]}"#;
    evaluable(&Json::parse(text.as_bytes()).unwrap())
}

fn selects(expression: &str) -> Vec<usize> {
    Filter::compile(expression).unwrap_or_else(|e| panic!("{expression}: {e}")).select(&catalog())
}

#[test]
fn the_official_expression_becomes_a_filter_selector() {
    let tree = dialect::parse(OFFICIAL).unwrap();
    assert_eq!(
        translate::to_rfc9535(&tree).unwrap(),
        "$['catalogs'][*]['offers'][?@['offerAttributes']['@type'] == 'EnergyTradeOffer']"
    );
    assert_eq!(selects(OFFICIAL), [0]);
}

#[test]
fn the_dialect_reads_logic_existence_lists_and_times() {
    let cases: &[(&str, &[usize])] = &[
        (r#"$.catalogs[*].offers[*] ? (!(@.offerAttributes."@type" == "EnergyTradeOffer"))"#, &[1]),
        (r#"$.catalogs[*].offers[*] ? (@.id == "o0" || @.id == 'o1')"#, &[0, 1]),
        (r#"$.catalogs[*].offers[*] ? (@.id == "o0" && @.id == "o1")"#, &[]),
        (r#"$.catalogs[*].offers[*] ? (exists(@.tags))"#, &[0]),
        (r#"$.catalogs[*].offers[*] ? (@.tags[*] == "b")"#, &[0]),
        (r#"$.catalogs[*].offers[*] ? (@.resourceIds[0] == "r1")"#, &[1]),
        (r#"$.catalogs[*].offers[*] ? (@.id starts with "o1")"#, &[1]),
        (r#"$.catalogs[*].offers[*] ? (@.id like_regex "O0" flag "i")"#, &[0]),
        (
            r#"$.catalogs[*].offers[*] ? (12 >= @.offerAttributes.commitmentAttributes
               .intervals[*].payloads[*].values[*])"#,
            &[0],
        ),
        (
            r#"$.catalogs[*].offers[*] ? (exists(@.offerAttributes.commitmentAttributes
               .intervals[*].payloads[*]
               ? (@.type == "PRICE_PER_KWH" && @.values[0] > 12.5)))"#,
            &[1],
        ),
        (
            r#"$.catalogs[*].offers[*] ? (@.offerAttributes.commitmentAttributes.intervals[*].payloads[*]
               ? (@.type == "PRICE_PER_KWH").values[0] <= 4.0)"#,
            &[0],
        ),
        // The same instant in two zones.
        (
            r#"$.catalogs[*].offers[*] ? (@.offerAttributes.validityWindow.schema:endTime
               <= "2026-04-26T00:30:00Z")"#,
            &[0],
        ),
        (
            r#"$.catalogs[*].offers[*] ? (@.offerAttributes.validityWindow."schema:endTime".datetime()
               > "2026-04-26T00:30:00Z".datetime())"#,
            &[1],
        ),
        (r#"$.catalogs[*] ? (@.provider.descriptor.name == "Sun")"#, &[0, 1]),
        (r#"$.catalogs[*] ? (@.provider.descriptor.name == "Moon")"#, &[]),
        (r#"$.catalogs[*].provider ? (@.id == "bpp.example")"#, &[0, 1]),
        (r#"$.catalogs[*] ? (@.isActive == true).offers[*] ? (@.id == "o1")"#, &[1]),
        (r#"$.catalogs[*] ? (@.isActive == false).offers[*] ? (@.id == "o1")"#, &[]),
        (r#"$.catalogs[*].offers[*] ? (@.id != "o1") ? (@.id != "o0")"#, &[]),
        (r#"$.catalogs[*].resources[*] ? (@.resourceAttributes.type == "WIND")"#, &[1]),
        (r#"$.catalogs[*].offers ? (@.id == "o1")"#, &[1]),
    ];
    for (expression, expected) in cases {
        assert_eq!(&selects(expression), expected, "{expression}");
    }
}

#[test]
fn rfc_9535_is_taken_as_it_is() {
    let cases: &[(&str, &[usize])] = &[
        ("$", &[0, 1]),
        ("$.catalogs[*].offers[0]", &[0]),
        ("$.catalogs[*].offers[?@.offerAttributes['@type'] == 'EnergyTradeOffer']", &[0]),
        ("$.catalogs[*].resources[?@.resourceAttributes.type == 'SOLAR']", &[0]),
        ("$.catalogs[?@.id == 'x']", &[]),
        ("$..[?@.id == 'o1']", &[1]),
        ("$.catalogs[*].offers[?search(@.id, '[1]')]", &[1]),
        ("$.catalogs[*].offers[?length(@.resourceIds) == 1]", &[0, 1]),
        (
            "$.catalogs[*].offers[?@.offerAttributes.validityWindow['schema:endTime']
               == '2026-04-26T00:30:00Z']",
            &[0],
        ),
        // A flat list of resources and offers.
        ("$[?(@.resourceAttributes.type == 'WIND')]", &[1]),
        ("$[?@.id == 'o0']", &[0]),
        ("$[?('r1' == @.id)]", &[1]),
    ];
    for (expression, expected) in cases {
        assert_eq!(&selects(expression), expected, "{expression}");
    }
}

#[test]
fn bad_and_costly_expressions_are_refused() {
    let deep = format!("$.a[*] ? ({}@.x == 1{})", "(".repeat(400), ")".repeat(400));
    let long = format!("$.catalogs[*].offers[*] ? (@.id == \"{}\")", "x".repeat(LENGTH_MAX));
    let pattern = format!("$.catalogs[*].offers[?search(@.id, '{}')]", "a".repeat(65));
    for expression in [
        "",
        "catalogs",
        "@.catalogs",
        "$.catalogs[*].offers[*] ? (",
        "$.catalogs[*].offers[*] ? ()",
        "$.catalogs[*].offers[*] ? (@.id = \"x\")",
        "$.catalogs[*].offers[*] ? (\"a\" == \"b\")",
        "$.catalogs[*].offers[*] ? (@.x + 1 == 2)",
        "$.catalogs[*].offers[*] ? (@.x.size() == 2)",
        "$.catalogs[*].offers[*] ? (@.x == 01)",
        "$.catalogs[*].offers[*] ? (@.x == \"open)",
        "$.catalogs[*].offers[*] ? (@.a[*] == @.b[*])",
        "$ ? (@.catalogs)",
        "$.catalogs[*].offers[*] ? (@.id == \"x\") tail",
        "$.catalogs[?$.catalogs[?@.id]]",
        "$..a..b",
        "$.catalogs[*].offers[?search(@.id, 'a{1000}')]",
        "$.catalogs[*].offers[?search(@.id, '\\\\w\\\\w')]",
        "$.catalogs[*].offers[?search(@.id, @.pattern)]",
        "$.catalogs[99999999999999999999]",
        &deep,
        &long,
        &pattern,
    ] {
        let error = Filter::compile(expression).map(|f| f.path.to_string()).expect_err(expression);
        assert!(!error.to_string().is_empty(), "{expression}");
    }
}

#[test]
fn a_number_beyond_every_machine_number_matches_nothing() {
    let json = Json::parse(br#"{"offers":[{"id":"o","n":1e309}],"resources":[]}"#).unwrap();
    let filter = Filter::compile("$.catalogs[*].offers[*] ? (@.n > 0)").unwrap();
    assert_eq!(filter.select(&evaluable(&json)), Vec::<usize>::new());
}
