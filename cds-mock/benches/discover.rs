//! `discover` that finds 20 of ever more offers, what the index costs, and publishing one changed slot.
//!
//! `cargo bench -p cds-mock --bench discover`, with `-- --million` up to 1,000,000 offers. One SQLite file
//! grows from step to step, so that all figures are of one run; times are the middle of many.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::sync::Arc;

use beckn_wire::json::Json;
use cds_mock::catalog::{self, Facts, Index, Judged, Kind, OfferRow, Publishing, ResourceRow, Stamp};
use cds_mock::discover::{Now, Query, Viewer, search};
use clock::{Clock as _, SystemClock};
use db::{Db, Options};
use units::{Span, Timestamp};

const NETWORK: &str = energy_rules::NETWORK_TEST;
const PUBLISHER: &str = "bpp.example";
const SIZES: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
/// Offers of one catalog.
const SHELF: usize = 50_000;
/// Offers of one publication.
const PART: usize = 5_000;
const FOUND: usize = 20;
const RUNS: usize = 41;

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-21T04:30:00Z").unwrap()
}

/// Hours of an offer: the usual, and a whole day.
const HOURS: usize = 4;
const DAY: usize = 24;
/// Offers of a whole day whose memory is measured.
const DAYS: usize = 20_000;

/// One offer of so many hours. The first twenty are cheap, near, and have a name of their own.
fn offer(number: usize, price: &str, hours: usize) -> OfferRow {
    let special = number < FOUND;
    let name = if special { "Lighthouse" } else { "Roof" };
    let price = if special { "1.5" } else { price };
    let (x, y) = if special { (70.5, 20.5) } else { (jitter(77, number), jitter(12, number * 7)) };
    let kind = if number.is_multiple_of(3) { "wind" } else { "sun" };
    let cells = |id: usize| {
        format!(
            r#"{{"id":{id},"payloads":[{{"type":"PRICE_PER_KWH","values":[{price}]}},
            {{"type":"AVAILABLE_QTY","values":[5]}}]}}"#
        )
    };
    let rows: Vec<String> = (0..hours).map(cells).collect();
    let body = format!(
        r#"{{"id":"offer-{number}","descriptor":{{"name":"{name} {number}"}},"resourceIds":["{kind}"],
        "place":{{"type":"Point","coordinates":[{x:.5},{y:.5}]}},
        "provider":{{"id":"{PUBLISHER}","descriptor":{{"name":"Seller"}},"providerAttributes":{{"meterId":"M{}"}}}},
        "offerAttributes":{{"@context":"https://schema.nfh.global/EnergyTradeOffer/v2.0/context.jsonld",
        "@type":"EnergyTradeOffer","commitmentAttributes":{{
        "@context":"https://schema.nfh.global/BecknTimeSeries/v1.0/context.jsonld","@type":"TimeSeries",
        "intervalPeriod":{{"start":"2026-11-22T05:30:00Z","duration":"PT1H"}},"payloadDescriptors":[],
        "intervals":[{}]}}}}}}"#,
        number / 4,
        rows.join(",")
    );
    let json = Json::parse(body.as_bytes()).unwrap();
    let facts = Facts::of_offer(&json);
    assert_eq!((facts.slots.len(), facts.bounds.is_some()), (hours, true));
    OfferRow {
        id: format!("offer-{number}"),
        body: json.to_bytes(),
        facts: facts.to_text().unwrap(),
        resource_ids: vec![kind.to_owned()],
        listed: true,
        shown_until: Timestamp::parse_rfc3339("2026-11-22T04:30:00Z").unwrap(),
        path: "message/catalogs/0/offers/0".to_owned(),
    }
}

#[allow(clippy::float_arithmetic, reason = "coordinates")]
fn jitter(from: u32, number: usize) -> f64 {
    f64::from(from) + f64::from(u32::try_from(number % 40_009).unwrap()) / 10_000.0
}

fn resource(id: &str, kind: &str) -> ResourceRow {
    let json = Json::parse(
        format!(
            r#"{{"id":"{id}","descriptor":{{"name":"Power"}},"resourceAttributes":{{"@context":"https://x.example/c",
            "@type":"EnergyResource","type":"{kind}"}}}}"#
        )
        .as_bytes(),
    );
    let json = json.unwrap();
    let facts = Facts::of_resource(&json).to_text().unwrap();
    ResourceRow { id: id.to_owned(), body: json.to_bytes(), facts }
}

fn judged(shelf: usize, offers: Vec<OfferRow>) -> Vec<Judged> {
    let head = format!(
        r#"{{"id":"shelf-{shelf:03}","descriptor":{{"name":"Shelf"}},
        "provider":{{"id":"{PUBLISHER}","descriptor":{{"name":"P"}}}}}}"#
    );
    vec![Judged {
        catalog_id: format!("shelf-{shelf:03}"),
        path: "message/catalogs/0".to_owned(),
        full: false,
        kind: Kind::Regular,
        networks: vec![NETWORK.to_owned()],
        head: head.into_bytes(),
        active: true,
        valid_until: None,
        resources: vec![resource("sun", "SOLAR"), resource("wind", "WIND")],
        offers,
        errors: Vec::new(),
        rejected: false,
    }]
}

async fn publish(publishing: &Publishing, shelf: usize, offers: Vec<OfferRow>) {
    let wire_now = SystemClock.now();
    let stamp = Stamp {
        publisher: PUBLISHER.to_owned(),
        source: "bench".to_owned(),
        made_at: wire_now,
        wire_now,
        market_now: now(),
        resource_directives: std::collections::BTreeMap::new(),
    };
    let mut judged = judged(shelf, offers);
    publishing.take(&mut judged, &stamp).await.unwrap();
    assert_eq!(judged[0].status(), "ACCEPTED");
}

/// A filter of offers as a member of the intent.
fn offers_with(condition: &str) -> String {
    let expression = format!("$.catalogs[*].offers[*] ? ({condition})");
    format!(r#""filters":{{"type":"jsonpath","expression":"{expression}"}}"#)
}

fn intents() -> [(&'static str, String); 5] {
    let cells = "@.offerAttributes.commitmentAttributes.intervals[*].payloads[*]";
    let price = offers_with(&format!("exists({cells} ? (@.type == 'PRICE_PER_KWH' && @.values[0] <= 2))"));
    let meter = "@.id starts with 'offer-' && @.provider.providerAttributes.meterId == 'M3'";
    let near = r#""spatial":[{"op":"S_DWITHIN","targets":"$.place","distanceMeters":5000,
        "geometry":{"type":"Point","coordinates":[70.5,20.5]}}]"#;
    [
        ("by price", format!("{{{price}}}")),
        ("by words", r#"{"textSearch":"lighthouse"}"#.to_owned()),
        ("by place", format!("{{{near}}}")),
        ("by meter", format!("{{{}}}", offers_with(meter))),
        ("by all", format!(r#"{{{price},"textSearch":"light",{near}}}"#)),
    ]
}

/// The middle of many, in microseconds, and how many offers came.
async fn ask(db: &Db, index: &Arc<Index>, intent: &str) -> (i64, usize) {
    let message = Json::parse(format!(r#"{{"intent":{intent}}}"#).as_bytes()).unwrap();
    let mut times = Vec::with_capacity(RUNS);
    let mut found = 0;
    for _ in 0..RUNS {
        let begun = SystemClock.now();
        let query = Query::read(&message).unwrap_or_else(|_| panic!("{intent}"));
        let viewer = Viewer { id: "bap.example".into(), kind: "BAP".into(), networks: vec![NETWORK.into()] };
        let at = Now { market: now(), wire: now() };
        let pages = search(db, index, Arc::new(query), viewer, at).await.unwrap().pages;
        times.push(SystemClock.now().since(begun).micros());
        let catalogs = pages.iter().flat_map(|page| page.get("catalogs").unwrap().as_array().unwrap());
        found = catalogs.map(|c| c.get("offers").unwrap().as_array().unwrap().len()).sum();
    }
    (middle(times), found)
}

fn middle(mut times: Vec<i64>) -> i64 {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Resident memory of this process in bytes; the page of every Linux that this runs on has 4 KiB.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

fn millis(span: Span) -> i64 {
    span.as_millis()
}

fn main() {
    let most = if std::env::args().any(|argument| argument == "--million") { 1_000_000 } else { 100_000 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(most));
}

async fn run(most: usize) {
    let folder = tempfile::tempdir().unwrap();
    let db = opened(&folder.path().join("bench.db")).await;
    let index = Arc::new(catalog::load(&db, now()).await.unwrap());
    let publishing = Publishing::new(db.clone(), Arc::clone(&index));
    let mut filled = 0;
    let mut table: Vec<(usize, Vec<i64>)> = Vec::new();
    let mut published: Vec<(usize, i64)> = Vec::new();
    for size in SIZES.into_iter().filter(|size| *size <= most) {
        while filled < size {
            let shelf = filled / SHELF;
            let end = (filled + PART).min(size).min((shelf + 1) * SHELF);
            let offers = (filled..end).map(|number| offer(number, &price_of(number), HOURS)).collect();
            publish(&publishing, shelf, offers).await;
            filled = end;
        }
        let mut times = Vec::new();
        for (name, intent) in intents() {
            let (time, found) = ask(&db, &index, &intent).await;
            let expected = if name == "by meter" { 4 } else { FOUND };
            assert_eq!(found, expected, "{name} of {size}");
            times.push(time);
        }
        table.push((size, times));
        let mut changes = Vec::with_capacity(RUNS);
        for run in 0..RUNS {
            let number = (size - 1) - run;
            let begun = SystemClock.now();
            publish(&publishing, number / SHELF, vec![offer(number, "8.75", HOURS)]).await;
            changes.push(SystemClock.now().since(begun).micros());
        }
        published.push((size, middle(changes)));
    }
    report(&table, &published);
    drop(publishing);
    drop(index);
    let (before, begun) = (resident(), SystemClock.now());
    let index = catalog::load(&db, now()).await.unwrap();
    let took = millis(SystemClock.now().since(begun));
    let size = index.size();
    println!("rebuilt              {} offers in {took} ms (100000 under 5000 ms is asked for)", size.offers);
    println!(
        "memory               {} bytes an offer by its account (at most 500 is asked for)",
        size.bytes / size.offers
    );
    println!(
        "                     {} bytes an offer resident beyond before",
        resident().saturating_sub(before) / size.offers
    );
    db.close().await;
    drop(index);
    whole_days(folder.path()).await;
}

/// What offers of 24 hours cost, in a database of their own.
async fn whole_days(folder: &std::path::Path) {
    let db = opened(&folder.join("days.db")).await;
    let index = Arc::new(catalog::load(&db, now()).await.unwrap());
    let publishing = Publishing::new(db.clone(), Arc::clone(&index));
    for from in (0..DAYS).step_by(PART) {
        let offers = (from..from + PART).map(|number| offer(number, &price_of(number), DAY)).collect();
        publish(&publishing, 0, offers).await;
    }
    let grown = index.size();
    drop((publishing, index));
    let before = resident();
    let size = catalog::load(&db, now()).await.unwrap();
    let resident = resident().saturating_sub(before) / DAYS;
    let size = size.size();
    println!(
        "memory of 24 hours   {} bytes an offer by its account, {} as it grew, {resident} resident (at most 500 asked for)",
        size.bytes / size.offers,
        grown.bytes / grown.offers
    );
    db.close().await;
}

async fn opened(file: &std::path::Path) -> Db {
    let url = format!("sqlite:{}", file.display());
    let db = Db::connect(&url, &Options::default()).await.unwrap();
    for (component, steps) in
        [(node::COMPONENT, node::MIGRATIONS), (cds_mock::COMPONENT, cds_mock::MIGRATIONS)]
    {
        db.migrate(component, steps, now()).await.unwrap();
    }
    db
}

fn price_of(number: usize) -> String {
    format!("{}.{:02}", 4 + number % 5, number % 97)
}

#[allow(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "ratios of times")]
fn report(table: &[(usize, Vec<i64>)], published: &[(usize, i64)]) {
    let ratio = |a: i64, b: i64| a as f64 / b as f64;
    let names = intents().map(|(name, _)| name);
    println!("discover, microseconds   {}", names.map(|name| format!("{name:>13}")).join(""));
    for (size, times) in table {
        let times: Vec<String> = times.iter().map(|time| format!("{time:>13}")).collect();
        println!("  20 of {size:<17}{}", times.join(""));
    }
    let at = |wanted: usize| table.iter().find(|(size, _)| *size == wanted);
    if let (Some((_, base)), Some((size, last))) = (at(10_000), table.last()) {
        let ratios: Vec<f64> = last.iter().zip(base).map(|(a, b)| ratio(*a, *b)).collect();
        let worst = ratios.iter().copied().fold(0.0, f64::max);
        println!("ratio {size} to 10000  {worst:.2} at most (at most 3.00 is asked for)");
    }
    for (size, time) in published {
        println!("publish one slot     {time} us of {size}");
    }
    if let (Some((_, small)), Some((size, large))) =
        (published.iter().find(|(size, _)| *size == 1_000), published.last())
    {
        let part = ratio(*large, *small);
        println!("ratio of publishing  {part:.2} of {size} to 1000; {large} us (under 5000 us is asked for)");
    }
}
