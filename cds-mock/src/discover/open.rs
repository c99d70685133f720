//! Which hours of an offer are still shown. Pure.

use beckn_wire::energy::{Path, TimeSeries};
use beckn_wire::json::Json;
use units::{Span, Timestamp};

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
