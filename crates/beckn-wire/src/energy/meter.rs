//! Meter identifiers. A meter is named in five ways in the field; they are compared in one normal form.

/// The comparable form of a meter identifier: what names the meter inside its address, trimmed, lower case.
///
/// `der://meter/X`, `did:web:<discom>:meters:X`, `did:web:<domain>:assets:meter:X`, `<consumer number>|X` and
/// plain `X` are the same meter. The text is for comparing only; on the wire a meter keeps its spelling.
pub fn normalize_meter(id: &str) -> String {
    let lower = id.trim().to_lowercase();
    let inner =
        lower.strip_prefix("der://").map_or(lower.as_str(), |rest| rest.rsplit('/').next().unwrap_or(rest));
    let inner = if inner.starts_with("did:") { did_meter(inner) } else { inner };
    let inner = inner.rsplit('|').next().unwrap_or(inner);
    inner.trim().to_owned()
}

/// The last part of a DID that names a meter; any other DID is its own name.
fn did_meter(did: &str) -> &str {
    match did.rsplit_once(':') {
        Some((front, meter)) if front.ends_with(":meters") || front.ends_with(":meter") => meter,
        _ => did,
    }
}

/// Whether two identifiers name the same meter.
pub fn same_meter(one: &str, other: &str) -> bool {
    normalize_meter(one) == normalize_meter(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_meter_are_equal() {
        let spellings = [
            "100200300A",
            " 100200300a ",
            "der://meter/100200300A",
            "DER://METER/100200300a",
            "did:web:discom.example:meters:100200300A",
            "did:web:utility.example:assets:meter:100200300a",
            "CA-778|100200300A",
        ];
        for spelling in spellings {
            assert_eq!(normalize_meter(spelling), "100200300a", "{spelling}");
            assert!(same_meter(spelling, "100200300A"));
        }
    }

    #[test]
    fn different_meters_stay_different() {
        assert!(!same_meter("der://meter/1", "der://meter/2"));
        assert!(!same_meter("did:web:a.example:roof:1", "did:web:b.example:roof:1"));
        assert!(!same_meter("TEST_METER_1", "METER_1"));
    }
}
