//! Tables as strangers write them: what is read exactly, and what is refused with its place.

use beckn_wire::code::ErrorCode;
use beckn_wire::energy::{Column, EditError, LIST_MAX, Path, SlotTerms, TimeSeries, Writer};
use beckn_wire::json::Json;
use units::{Price, WattHours};

use crate::world::{slot, terms};

fn table(intervals: &str) -> Result<TimeSeries, beckn_wire::code::WireError> {
    let text = format!(
        r#"{{"intervalPeriod":{{"start":"2026-11-21T10:00:00+05:30","duration":"PT60M"}},
        "payloadDescriptors":[],
        "intervals":{intervals},"unknown":[1.0]}}"#
    );
    TimeSeries::read(&Json::parse_text(&text).unwrap(), &Path::new("t"))
}

#[test]
fn spellings_of_one_value_are_equal_and_survive() {
    let price = r#"{"type":"PRICE_PER_KWH","values":[1.25e1]}"#;
    let stock = r#"{"type":"AVAILABLE_QTY","values":[30.500]}"#;
    let text = &format!(r#"[{{"id":0.0,"payloads":[{price},{stock}]}}]"#);
    let series = table(text).unwrap();
    assert_eq!(series.slot_of(0).unwrap(), slot(4));
    assert_eq!(series.price(0).unwrap(), Some(Price::new(125_000)));
    assert_eq!(series.energy(0, &Column::AvailableQty).unwrap(), Some(WattHours::new(30_500)));
    assert_eq!(series.cell(0, &Column::AvailableQty), Some("30.500"));
    let written = series.to_json();
    assert_eq!(written.get("intervals").unwrap().to_string(), *text);
    assert_eq!(written.at(&["intervalPeriod", "duration"]).and_then(Json::as_str), Some("PT60M"));
    assert_eq!(
        written.at(&["intervalPeriod", "start"]).and_then(Json::as_str),
        Some("2026-11-21T10:00:00+05:30")
    );
    assert_eq!(written.get("unknown").unwrap().to_string(), "[1.0]");
}

#[test]
fn ambiguous_or_wrong_tables_are_refused_with_their_place() {
    let cell = |column: &str, values: &str| {
        format!(r#"[{{"id":0,"payloads":[{{"type":"{column}","values":{values}}}]}}]"#)
    };
    let cases = [
        (r#"[{"id":0,"payloads":[]},{"id":0,"payloads":[]}]"#.to_owned(), "t/intervals"),
        (r#"[{"id":0.5,"payloads":[]}]"#.to_owned(), "t/intervals/0/id"),
        (r#"[{"payloads":[]}]"#.to_owned(), "t/intervals/0/id"),
        (r#"[{"id":"0","payloads":[]}]"#.to_owned(), "t/intervals/0/id"),
        (r#"{"id":0}"#.to_owned(), "t/intervals"),
        (cell("PRICE_PER_KWH", r#"["12.5"]"#), "t/intervals/0/payloads/0/values/0"),
        (cell("FINAL_ALLOC", "[null]"), "t/intervals/0/payloads/0/values/0"),
        (cell("BUYER_DISCOM_STATUS", "[1]"), "t/intervals/0/payloads/0/values/0"),
        (cell("REQUESTED_QTY", "[1,2]"), "t/intervals/0/payloads/0/values"),
        (cell("REQUESTED_QTY", "1"), "t/intervals/0/payloads/0/values"),
        (cell("FINAL_ALLOC", r#"[1]},{"type":"FINAL_ALLOC","values":[]"#), "t/intervals/0/payloads"),
    ];
    for (text, place) in cases {
        let error = table(&text).unwrap_err();
        assert_eq!(error.path.as_deref(), Some(place), "{text}");
        assert!(error.code.as_str().starts_with("SCH_"), "{text}");
    }
    assert!(table(&cell("FOREIGN", r#"[1,"a",null,{"x":1,"y":2}]"#)).is_ok());
}

#[test]
fn numbers_that_are_not_exact_are_refused_when_asked_for() {
    for (value, fits) in [
        ("0.001", true),
        ("0.0010", true),
        ("1e3", true),
        ("-10.0", true),
        ("0.0001", false),
        ("1e309", false),
    ] {
        let text =
            format!(r#"[{{"id":0,"payloads":[{{"type":"SELLER_DISCOM_ALLOC","values":[{value}]}}]}}]"#);
        let series = table(&text).unwrap();
        assert_eq!(series.energy(0, &Column::SellerDiscomAlloc).is_ok(), fits, "{value}");
        assert_eq!(series.cell(0, &Column::SellerDiscomAlloc), Some(value));
    }
}

#[test]
fn slots_come_from_the_row_or_from_the_table() {
    let rows = r#"[{"id":-1,"payloads":[]},{"id":3,"payloads":[]},
        {"id":7,"intervalPeriod":{"start":"2026-11-21T05:30:00Z","duration":"PT1H"},"payloads":[]},
        {"id":8,"intervalPeriod":{"start":"2026-11-21T05:00:00Z","duration":"PT1H"},"payloads":[]},
        {"id":9,"intervalPeriod":{"start":"2026-11-21T05:30:00Z","duration":"PT30M"},"payloads":[]},
        {"id":9223372036854775807,"payloads":[]}]"#;
    let series = table(rows).unwrap();
    assert_eq!(series.slot_of(-1).unwrap(), slot(3));
    assert_eq!(series.slot_of(3).unwrap(), slot(7));
    assert_eq!(series.slot_of(7).unwrap(), slot(5));
    for bad in [8, 9] {
        assert_eq!(series.slot_of(bad).unwrap_err().code, ErrorCode::BizFulfillmentUnavailable);
    }
    assert!(series.slot_of(i64::MAX).is_err() && series.slot_of(4).is_err());
}

#[test]
fn two_rows_in_one_slot_are_refused() {
    let rows = r#"[{"id":0,"payloads":[]},
        {"id":1,"intervalPeriod":{"start":"2026-11-21T04:30:00Z","duration":"PT1H"},"payloads":[]}]"#;
    assert_eq!(table(rows).unwrap().lines().unwrap_err().path.as_deref(), Some("intervals"));
}

#[test]
fn durations_must_have_a_length() {
    for (duration, fits) in
        [("PT1H", true), ("PT0S", false), ("-PT1H", false), ("P1M", false), ("1 h", false)]
    {
        let text =
            format!(r#"{{"intervalPeriod":{{"start":"2026-11-21T04:30:00Z","duration":"{duration}"}}}}"#);
        let read = TimeSeries::read(&Json::parse_text(&text).unwrap(), &Path::new("t"));
        assert_eq!(read.is_ok(), fits, "{duration}");
    }
    let zoneless = r#"{"intervalPeriod":{"start":"2026-11-21T04:30:00","duration":"PT1H"}}"#;
    let error = TimeSeries::read(&Json::parse_text(zoneless).unwrap(), &Path::new("t")).unwrap_err();
    assert_eq!(error.path.as_deref(), Some("t/intervalPeriod/start"));
}

#[test]
fn long_lists_are_refused() {
    let rows: Vec<String> = (0..=LIST_MAX).map(|id| format!(r#"{{"id":{id},"payloads":[]}}"#)).collect();
    assert!(table(&format!("[{}]", rows[1..].join(","))).is_ok());
    assert_eq!(table(&format!("[{}]", rows.join(","))).unwrap_err().path.as_deref(), Some("t/intervals"));
}

#[test]
fn undeclared_columns_are_found() {
    let rows = r#"[{"id":0,"payloads":[{"type":"FINAL_ALLOC","values":[]},{"type":"X","values":[]}]}]"#;
    let mut series = table(rows).unwrap();
    assert_eq!(series.undeclared(), [&Column::FinalAlloc, &Column::Other("X".to_owned())]);
    series.declare(&Column::FinalAlloc);
    assert_eq!(series.undeclared(), [&Column::Other("X".to_owned())]);
    series.remove_column(&Column::Other("X".to_owned()));
    assert!(series.undeclared().is_empty());
}

#[test]
fn an_offer_declares_its_columns_with_their_writers() {
    let series = TimeSeries::offer(&[terms(6, "5", "1"), terms(4, "7.1234", "2.01")]).unwrap();
    let declared: Vec<_> =
        series.descriptors.iter().map(|d| (d.payload_type.clone(), d.inserted_by)).collect();
    let wanted: Vec<_> = Column::OFFER.into_iter().map(|c| (c.clone(), c.owner())).collect();
    assert_eq!(declared, wanted);
    let lines = series.lines().unwrap();
    assert_eq!(lines.iter().map(|l| (l.interval, l.slot)).collect::<Vec<_>>(), [(0, slot(4)), (1, slot(6))]);
    assert_eq!(lines[0].price, Some(Price::new(71_234)));
    assert_eq!((lines[0].available, lines[0].requested), (Some(WattHours::new(2_010)), None));
    assert_eq!(TimeSeries::offer(&[]).unwrap_err(), EditError::NoSlots);
    let twice: [SlotTerms; 2] = [terms(4, "5", "1"), terms(4, "6", "1")];
    assert_eq!(TimeSeries::offer(&twice).unwrap_err(), EditError::SlotTwice);
}

#[test]
fn a_party_reports_its_own_columns_only() {
    let mut series = TimeSeries::offer(&[terms(4, "5", "1")]).unwrap();
    series.set_energy(0, &Column::BuyerDiscomAlloc, WattHours::new(900)).unwrap();
    series.set_energy(0, &Column::SellerDiscomAlloc, WattHours::new(800)).unwrap();
    let report = series.as_written_by(Writer::SellerDiscom);
    assert_eq!(report.cell(0, &Column::SellerDiscomAlloc), Some("0.8"));
    assert_eq!(report.cell(0, &Column::BuyerDiscomAlloc), None);
    assert_eq!(report.cell(0, &Column::PricePerKwh), None);
    assert!(!report.declares(&Column::AvailableQty));
    assert!(
        Column::REPORT.iter().all(|c| report.declares(c) && report.interval(0).unwrap().payload(c).is_some())
    );
    assert_eq!(series.clear(1, &Column::FinalAlloc), Err(EditError::NoSuchInterval(1)));
}

#[test]
fn every_column_and_writer_has_one_name() {
    for column in Column::OFFER.iter().chain([&Column::EnergyConsumption]) {
        assert_eq!(Column::from_name(column.as_str()), *column);
    }
    assert_eq!(Column::from_name("final_alloc"), Column::Other("final_alloc".to_owned()));
    for writer in Writer::ALL {
        assert_eq!(Writer::from_name(writer.as_str()), Some(writer));
        assert_eq!(writer.platform().discom(), writer.discom());
    }
    assert_eq!(Writer::from_name("seller"), Some(Writer::SellerPlatform));
    assert_eq!(Writer::from_name("grid"), None);
}
