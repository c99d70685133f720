//! From when until when it is valid, now and for all of a delivery slot.

use beckn_wire::json::Json;
use units::Timestamp;

use crate::presented::{Kind, Presented};
use crate::verify::Verdict;

/// The earliest and the latest instant that all dates of the credential allow.
pub(crate) fn validity(presented: &Presented) -> Result<(Timestamp, Option<Timestamp>), &'static str> {
    let document = &presented.document;
    let date = |value: Option<&Json>| match value {
        None | Some(Json::Null) => Ok(None),
        Some(value) => value
            .as_str()
            .and_then(|text| Timestamp::parse_rfc3339(text).ok())
            .map(Some)
            .ok_or("a date of the credential cannot be read"),
    };
    let starts = [date(document.get("validFrom"))?, date(document.get("issuanceDate"))?];
    let from = starts.into_iter().flatten().max().ok_or("it has no date from which it is valid")?;
    let (not_before, expires) = presented.window;
    let from = not_before.map_or(from, |not_before| from.max(not_before));
    let mut ends = vec![date(document.get("validUntil"))?, date(document.get("expirationDate"))?, expires];
    if let Some(proof) = &presented.proof {
        ends.push(date(proof.get("expires"))?);
    }
    if presented.kind() == Some(Kind::ProgramEnrollment)
        && let Some(subject) = document.get("credentialSubject")
    {
        ends.push(date(subject.get("enrollmentValidUntil"))?);
    }
    let until = ends.into_iter().flatten().min();
    if until.is_some_and(|until| until <= from) {
        return Err("it ends before it begins");
    }
    Ok((from, until))
}

pub(crate) fn check(
    presented: &Presented,
    now: Timestamp,
    covers: Option<(Timestamp, Timestamp)>,
) -> (Verdict, String) {
    let failed = |reason: &str| (Verdict::Failed, reason.to_owned());
    let (from, until) = match validity(presented) {
        Ok(validity) => validity,
        Err(reason) => return failed(reason),
    };
    if now < from {
        return failed("it is not valid yet");
    }
    if until.is_some_and(|until| now >= until) {
        return failed("it has expired");
    }
    if covers.is_some_and(|(start, end)| start < from || until.is_some_and(|until| until < end)) {
        return failed("it is not valid for the whole of the delivery slot");
    }
    (Verdict::Passed, "it is valid now".to_owned())
}
