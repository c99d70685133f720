//! Meter identifiers. A meter is named in five ways in the field; they are compared in one normal form.

/// How a global address of an energy resource begins.
const DER: &str = "der://";

/// The comparable form of a meter identifier: what names the meter inside its address, trimmed, lower case.
///
/// `der://meter/X`, `did:web:<discom>:meters:X`, `did:web:<domain>:assets:meter:X`, `<consumer number>|X` and
/// plain `X` are the same meter. The text is for comparing only; on the wire a meter keeps its spelling.
pub fn normalize_meter(id: &str) -> String {
    plain_meter(id).to_lowercase()
}

/// What names the meter inside its address, in its own spelling: of all spellings that [`normalize_meter`] takes for one
/// meter, the one to be kept. What is no address of a meter names itself whole.
pub fn plain_meter(id: &str) -> &str {
    let id = id.trim();
    let inner = match id.split_at_checked(DER.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(DER) => rest.rsplit('/').next().unwrap_or(rest),
        _ => did_meter(id),
    };
    inner.rsplit('|').next().unwrap_or(inner).trim()
}

/// The last part of a DID that names a meter; any other DID, and what is none, is its own name.
fn did_meter(id: &str) -> &str {
    let is_did = id.split_once(':').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("did"));
    let Some((front, meter)) = id.rsplit_once(':').filter(|_| is_did) else { return id };
    let kind = front.rsplit(':').next().unwrap_or_default();
    if kind.eq_ignore_ascii_case("meters") || kind.eq_ignore_ascii_case("meter") { meter } else { id }
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
            assert!(plain_meter(spelling).eq_ignore_ascii_case("100200300A"), "{spelling}");
        }
    }

    #[test]
    fn different_meters_stay_different() {
        assert!(!same_meter("der://meter/1", "der://meter/2"));
        assert!(!same_meter("did:web:a.example:roof:1", "did:web:b.example:roof:1"));
        assert!(!same_meter("TEST_METER_1", "METER_1"));
        // What is cut off names another meter: nobody claims 0042 with one of these.
        for whole in ["GE/0042", "HPL/0042", "did:web:x.example:consumer:0042"] {
            assert_eq!(plain_meter(whole), whole);
            assert!(!same_meter(whole, "0042"), "{whole}");
        }
    }
}
