//! Uploads: what is read exactly, and what is refused.

use super::*;

fn csv_of(lines: &str) -> Result<Vec<Upload>, UploadError> {
    csv(&format!("{CSV_HEADER}\n{lines}"))
}

#[test]
fn csv_reads_exactly_and_marks_what_is_missing() {
    let uploads = csv_of(
        "der://meter/TEST_A,2026-05-04T09:00:00+05:30,0.250,0,\n\
         TEST_A,2026-05-04T03:45:00Z,0.1,0.002,ESTIMATED\nTEST_A,2026-05-04T04:00:00Z,,,MISSING\n",
    )
    .unwrap();
    assert_eq!((uploads.len(), uploads[0].meter.as_str()), (1, "test_a"));
    let seen: Vec<_> =
        uploads[0].blocks.iter().map(|b| (b.import.get(), b.export.get(), b.quality)).collect();
    assert_eq!(seen, [(250, 0, Quality::Measured), (100, 2, Quality::Estimated), (0, 0, Quality::Missing)]);
}

#[test]
fn csv_refuses_what_it_cannot_keep() {
    assert_eq!(csv("meter,start\n"), Err(UploadError::Header));
    for (line, why) in [
        ("A,2026-05-04T09:00:00Z,1", "five fields wanted"),
        (",2026-05-04T09:00:00Z,1,1,", "no usable meter"),
        ("A,yesterday,1,1,", "the start is no instant"),
        ("A,2026-05-04T09:05:00Z,1,1,", "a block begins on a quarter of an hour"),
        ("A,2026-05-04T09:00:00Z,0.0001,1,", "energy is kWh, exact to one watt-hour"),
        ("A,2026-05-04T09:00:00Z,-1,1,", "energy is not below zero"),
        ("A,2026-05-04T09:00:00Z,1,1,GUESSED", "no such quality"),
        ("A,2026-05-04T09:00:00Z,1,0,MISSING", "a missing block has no energy"),
    ] {
        assert_eq!(csv_of(line), Err(UploadError::Line(2, why)), "{line}");
    }
    let twice = "A,2026-05-04T09:00:00Z,1,1,\na,2026-05-04T09:00:00Z,1,1,";
    assert_eq!(csv_of(twice), Err(UploadError::Twice));
    let many: String = (0..=BLOCKS_MAX).map(|n| format!("M{n},2026-05-04T09:00:00Z,1,1,\n")).collect();
    assert_eq!(csv_of(&many), Err(UploadError::TooLong));
}

#[test]
fn a_profile_without_a_value_is_missing_and_not_zero() {
    let document = r#"[{"profileType":"DESCRIPTOR","payloadDescriptorSets":[{"payloadDescriptors":[
        {"readingType":"in","unit":"kWh","flowDirection":"IMPORT"},
        {"readingType":"out","unit":"kWh","flowDirection":"EXPORT"}],
        "compactSequences":[{"name":"s","sequenceItems":[{"readingType":"out"},{"readingType":"in"}]}]}]},
        {"profileType":"INTERVAL","meterRefs":[{"value":"M"}],"compactSequenceRef":"s",
         "intervalPeriod":{"start":"2026-05-04T00:00:00Z","duration":"PT15M"},
         "intervals":[{"id":0,"payloads":[1.5,0.25]},{"id":2,"payloads":[1.5,null]}]}]"#;
    let uploads = profile(&Json::parse_text(document).unwrap()).unwrap();
    let blocks = &uploads[0].blocks;
    assert_eq!((blocks[0].export.get(), blocks[0].import.get()), (1_500, 250));
    assert_eq!((blocks[1].quality, blocks[1].start.seconds() % 3_600), (Quality::Missing, 1_800));
    let finer = document.replace("0.25]", "0.25001]");
    assert!(profile(&Json::parse_text(&finer).unwrap()).is_err());
}

/// One profile with these descriptors and intervals, of half hours unless told otherwise.
fn read(descriptors: &str, duration: &str, intervals: &str) -> Result<Vec<Block>, UploadError> {
    let document = format!(
        r#"[{{"profileType":"DESCRIPTOR","payloadDescriptorSets":[{{"payloadDescriptors":[{descriptors}],
            "compactSequences":[{{"name":"s","sequenceItems":[{{"readingType":"in"}},
            {{"readingType":"out"}}]}}]}}]}},
            {{"profileType":"INTERVAL","meterRefs":[{{"value":"M"}},{{"value":"did:web:d.example:meters:m"}}],
            "compactSequenceRef":"s","intervalPeriod":{{"start":"2026-05-04T09:00:00+05:30",
            "duration":"{duration}"}},"intervals":[{intervals}]}}]"#
    );
    profile(&Json::parse_text(&document).unwrap()).map(|uploads| uploads[0].blocks.clone())
}

fn descriptor(name: &str, flow: &str, more: &str) -> String {
    format!(r#"{{"readingType":"{name}","flowDirection":"{flow}",{more}}}"#)
}

#[test]
fn units_multipliers_and_lengths_are_read_exactly() {
    let seen = |blocks: &[Block]| -> Vec<(i64, i64)> {
        blocks.iter().map(|b| (b.import.get(), b.export.get())).collect()
    };
    let both = |more: &str| [descriptor("in", "IMPORT", more), descriptor("out", "EXPORT", more)].join(",");
    let half = r#"{"id":0,"payloads":[2.5,"0.75"]}"#;
    let quarters = [(1_250, 375), (1_250, 375)];
    assert_eq!(seen(&read(&both(r#""unit":"kWh""#), "PT30M", half).unwrap()), quarters);
    let wh = half.replace("2.5", "2500").replace("0.75", "750");
    assert_eq!(seen(&read(&both(r#""unit":"Wh","multiplier":1.0"#), "PT30M", &wh).unwrap()), quarters);
    let kilo = both(r#""unit":"Wh","multiplier":"1000""#);
    assert_eq!(seen(&read(&kilo, "PT30M", half).unwrap()), quarters);
    let hour = read(&both(r#""unit":"KWH","multiplier":0.001"#), "PT1H", r#"{"payloads":[7,1000]}"#).unwrap();
    assert_eq!(seen(&hour), [(2, 250), (2, 250), (2, 250), (1, 250)]);
    assert_eq!(hour[3].start, Timestamp::parse_rfc3339("2026-05-04T04:15:00Z").unwrap());
    // A meter that only draws.
    let only = descriptor("in", "IMPORT", r#""unit":"kWh""#);
    assert_eq!(seen(&read(&only, "PT15M", r#"{"id":1,"payloads":[0.1]}"#).unwrap()), [(100, 0)]);
    // An interval that says itself when it is.
    let own = r#"{"id":7,"intervalPeriod":{"start":"2026-05-04T10:00:00+05:30"},"payloads":[1,0]}"#;
    let blocks = read(&both(r#""unit":"kWh""#), "PT30M", own).unwrap();
    assert_eq!(blocks[0].start, Timestamp::parse_rfc3339("2026-05-04T04:30:00Z").unwrap());

    let finer = r#"{"id":0,"payloads":[0.0001,0]}"#;
    for (descriptors, duration, interval) in [
        (both(r#""unit":"kWh""#), "PT30M", finer),
        (both(r#""unit":"kWh""#), "PT30M", r#"{"id":0,"payloads":[-1,0]}"#),
        (both(r#""unit":"kWh""#), "PT10M", half),
        (both(r#""unit":"kWh","reportedMode":"READING""#), "PT30M", half),
        (both(r#""unit":"kW""#), "PT30M", half),
    ] {
        assert!(read(&descriptors, duration, interval).is_err(), "{descriptors} {duration} {interval}");
    }
}

#[test]
fn what_is_missing_or_estimated_says_so_in_whatever_words() {
    let both =
        [("in", "IMPORT"), ("out", "EXPORT")].map(|(n, f)| descriptor(n, f, r#""unit":"kWh""#)).join(",");
    let quality = |interval: &str| read(&both, "PT15M", interval).unwrap()[0].quality;
    let with = |entry: &str| format!(r#"{{"id":0,"payloads":[1,0],"overrides":[{entry}]}}"#);
    for (entry, expected) in [
        (r#"{"descriptorIndex":0,"validationStatus":"valid"}"#, Quality::Measured),
        (r#"{"descriptorIndex":"1","validationStatus":"Estimated"}"#, Quality::Estimated),
        (r#"{"readingType":"out","validationStatus":"SUBSTITUTED"}"#, Quality::Estimated),
        (r#"{"readingType":"in","validationStatus":"MISSING"}"#, Quality::Missing),
        (r#"{"descriptorIndex":0,"validationStatus":"invalid"}"#, Quality::Missing),
    ] {
        assert_eq!(quality(&with(entry)), expected, "{entry}");
    }
    assert_eq!(quality(r#"{"id":0,"payloads":[null,0]}"#), Quality::Missing);
    assert_eq!(quality(r#"{"id":0,"payloads":[1]}"#), Quality::Missing);
    assert_eq!(quality(r#"{"id":0,"readings":[{"readingType":"in","value":1}]}"#), Quality::Missing);
}

#[test]
fn the_official_profiles_read_vector() {
    let Some(vectors) = test_support::vectors::dir() else { return };
    let folder = vectors.join("energy/meterdata");
    let mut passed = 0;
    for name in ["IntervalProfile.json", "IntervalProfile_Elaborated.json"] {
        let Ok(bytes) = std::fs::read(folder.join(name)) else {
            assert!(std::env::var("CI").is_err(), "no {name}");
            continue;
        };
        let uploads = profile(&Json::parse(&bytes).unwrap()).unwrap();
        assert_eq!(uploads.len(), 1, "{name}");
        let blocks = &uploads[0].blocks;
        let sums: (i64, i64) =
            blocks.iter().fold((0, 0), |(i, e), b| (i + b.import.get(), e + b.export.get()));
        assert_eq!((blocks.len(), sums), (8, (19_720, 120)), "{name}");
        passed += 1;
    }
    // Only the compact one marks its third interval as estimated.
    println!("vectors: {passed} passed, 0 skipped");
}
