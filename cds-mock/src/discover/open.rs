//! Which offers have begun, and which of their hours are still shown. Pure.

use beckn_wire::energy::{Path, TimeSeries, Validity};
use beckn_wire::json::Json;
use units::{Span, Timestamp};

/// Whether the validity of an offer or a catalog has begun at `now`: the core member, and the window of
/// an offer. Where none is stated it has.
pub(super) fn has_begun(json: &Json, now: Timestamp) -> bool {
    let window = json.at(&["offerAttributes", "validityWindow"]);
    let window = window.and_then(|window| Validity::read(window, &Path::new("validityWindow")).ok()?.start);
    let core = json.at(&["validity", "startDate"]).and_then(Json::as_str);
    let core = core.and_then(|text| Timestamp::parse_rfc3339(text).ok());
    [window, core].into_iter().flatten().all(|start| start <= now)
}

/// The offer without the rows of hours that can no longer be traded; `None` when no row is left. `now`
/// is market time; so long before its start a slot closes.
pub(super) fn keep_open_hours(mut offer: Json, (now, gate): (Timestamp, Span)) -> Option<Json> {
    let table = offer.at(&["offerAttributes", "commitmentAttributes"])?;
    let series = TimeSeries::read(table, &Path::new("offer")).ok()?;
    let open: Vec<bool> = series
        .intervals
        .iter()
        .map(|row| series.period_of(row.id).is_ok_and(|(start, _)| now < start.saturating_sub(gate)))
        .collect();
    if open.iter().all(|open| *open) {
        return Some(offer);
    }
    if !open.contains(&true) {
        return None;
    }
    let attributes = offer.as_object_mut()?.get_mut("offerAttributes")?.as_object_mut()?;
    let table = attributes.get_mut("commitmentAttributes")?.as_object_mut()?;
    let rows = table.get_mut("intervals")?.as_array_mut()?;
    let mut open = open.into_iter();
    rows.retain(|_| open.next().unwrap_or(false));
    Some(offer)
}
