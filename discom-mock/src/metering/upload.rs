//! Reading uploads: CSV, and the interval profile of the India Energy Stack's MeterData v0.6.
//!
//! A value is exact to one watt-hour or the upload is refused as a whole; nothing is rounded. A half or a
//! whole hour is kept as quarters that add up to it: it never crosses the border of a slot. Read are energies
//! of an interval, in Wh, kWh or MWh and by their multiplier; a counter that only ever rises is none. A meter
//! of which only one direction is described has no other.

use std::collections::{BTreeMap, BTreeSet};

use beckn_wire::energy::normalize_meter;
use beckn_wire::json::Json;
use db::{Db, DbError};
use units::{Span, Timestamp, WattHours};

use super::model::{BLOCK, Block, Quality, Source, is_block_start};
use super::service::{self, Upload};

/// Most blocks in one upload: a hundred meters of a day.
pub const BLOCKS_MAX: usize = 9_600;

/// The first line of a CSV upload.
pub const CSV_HEADER: &str = "meter,start,import_kwh,export_kwh,quality";

const METER_MAX: usize = 256;

/// Why an upload is refused; safe to be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    #[error("the first line must be {CSV_HEADER}")]
    Header,
    #[error("line {0}: {1}")]
    Line(usize, &'static str),
    #[error("the profile cannot be read: {0}")]
    Profile(&'static str),
    #[error("the upload has more than {BLOCKS_MAX} blocks")]
    TooLong,
    #[error("a block occurs twice")]
    Twice,
}

/// Why an upload was not stored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Refused(#[from] UploadError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Reads an upload and stores what is new in it; gives how many blocks that were.
///
/// # Errors
/// [`StoreError`]; nothing of a refused upload is stored.
pub async fn store(db: &Db, is_csv: bool, body: &[u8], now: Timestamp) -> Result<usize, StoreError> {
    let (uploads, source) = if is_csv {
        let text = std::str::from_utf8(body).map_err(|_| UploadError::Header)?;
        (csv(text)?, Source::Csv)
    } else {
        let document = Json::parse(body).map_err(|_| UploadError::Profile("it is not JSON"))?;
        (profile(&document)?, Source::Profile)
    };
    let uploads = std::sync::Arc::new(uploads);
    let stored = db.write(move |tx| {
        let uploads = std::sync::Arc::clone(&uploads);
        Box::pin(async move { service::upload(tx, &uploads, source, now).await })
    });
    Ok(stored.await?)
}

/// Reads a CSV upload: one block a line, energy in kWh; a missing block has no energy and says `MISSING`.
///
/// # Errors
/// [`UploadError`].
pub fn csv(text: &str) -> Result<Vec<Upload>, UploadError> {
    let mut lines = text.lines().map(str::trim_end).enumerate();
    if lines.next().is_none_or(|(_, line)| line.trim_start_matches('\u{feff}') != CSV_HEADER) {
        return Err(UploadError::Header);
    }
    let mut gathered = Gathered::default();
    for (index, line) in lines {
        if !line.is_empty() {
            let (meter, block) = csv_line(line).map_err(|why| UploadError::Line(index + 1, why))?;
            gathered.add(&meter, block)?;
        }
    }
    Ok(gathered.finish())
}

fn csv_line(line: &str) -> Result<(String, Block), &'static str> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let [meter, start, import, export, quality] = fields[..] else { return Err("five fields wanted") };
    let meter = meter_name(meter).ok_or("no usable meter")?;
    let start = Timestamp::parse_rfc3339(start).map_err(|_| "the start is no instant")?;
    if !is_block_start(start) {
        return Err("a block begins on a quarter of an hour");
    }
    let quality = if quality.is_empty() {
        Quality::Measured
    } else {
        Quality::parse(quality).ok_or("no such quality")?
    };
    if quality == Quality::Missing {
        return match (import, export) {
            ("" | "0", "" | "0") => Ok((meter, Block::missing(start))),
            _ => Err("a missing block has no energy"),
        };
    }
    let block = Block { start, import: energy(import)?, export: energy(export)?, quality };
    Ok((meter, block))
}

fn energy(text: &str) -> Result<WattHours, &'static str> {
    let energy = WattHours::from_kwh_text(text).map_err(|_| "energy is kWh, exact to one watt-hour")?;
    if energy < WattHours::ZERO { Err("energy is not below zero") } else { Ok(energy) }
}

fn meter_name(text: &str) -> Option<String> {
    let usable = !text.is_empty() && text.len() <= METER_MAX && !text.chars().any(char::is_control);
    let meter = normalize_meter(text);
    (usable && !meter.is_empty()).then_some(meter)
}

/// Reads interval profiles: descriptors first, then any number of profiles with one meter each. Other
/// profiles of the same document are passed over.
///
/// # Errors
/// [`UploadError`].
pub fn profile(document: &Json) -> Result<Vec<Upload>, UploadError> {
    let parts = document.as_array().unwrap_or(std::slice::from_ref(document));
    let sets = Sets::read(parts);
    let mut gathered = Gathered::default();
    for part in parts.iter().filter(|part| text(part, "profileType") == Some("INTERVAL")) {
        read_profile(part, &sets, &mut gathered)?;
    }
    Ok(gathered.finish())
}

fn read_profile(part: &Json, sets: &Sets, gathered: &mut Gathered) -> Result<(), UploadError> {
    let refuse = UploadError::Profile;
    let meters = part.get("meterRefs").and_then(Json::as_array).unwrap_or_default();
    let names: BTreeSet<Option<String>> =
        meters.iter().map(|meter| text(meter, "value").and_then(meter_name)).collect();
    let meter = match names.into_iter().collect::<Vec<_>>().as_slice() {
        [Some(meter)] => meter.clone(),
        [None] => return Err(refuse("no usable meter")),
        _ => return Err(refuse("one meter wanted")),
    };
    let period = part.get("intervalPeriod").ok_or(refuse("no intervalPeriod"))?;
    let start = text(period, "start").and_then(|start| Timestamp::parse_rfc3339(start).ok());
    let start = start.filter(|start| is_block_start(*start)).ok_or(refuse("no usable start"))?;
    let length = text(period, "duration").and_then(|text| Span::parse_iso8601(text).ok());
    let parts: i64 = [1, 2, 4]
        .into_iter()
        .find(|parts| length.is_some_and(|length| Some(length) == BLOCK.checked_mul(*parts)))
        .ok_or(refuse("intervals are quarters, halves or hours"))?;
    let columns = sets.columns(part).ok_or(refuse("no energy of an interval is described"))?;
    let intervals = part.get("intervals").and_then(Json::as_array).unwrap_or_default();
    for (place, interval) in (0_i64..).zip(intervals) {
        let id = match interval.get("id") {
            None | Some(Json::Null) => Some(place),
            Some(id) => id.as_number().or(id.as_str()).and_then(|n| units::parse_scaled(n, 0).ok()),
        };
        let id =
            id.filter(|id| (0..=100_000).contains(id)).ok_or(refuse("an interval without a usable id"))?;
        let counted = || BLOCK.checked_mul(id * parts).and_then(|offset| start.checked_add(offset));
        // An interval may say itself when it begins.
        let own = interval.get("intervalPeriod").and_then(|period| text(period, "start"));
        let begins = match own {
            Some(own) => Timestamp::parse_rfc3339(own).ok(),
            None => counted(),
        };
        let whole = |at: &Timestamp| at.micros().rem_euclid(BLOCK.micros() * parts) == 0;
        // In India an hour begins at half past an hour of UTC.
        let whole_there =
            |at: &Timestamp| whole(at) || (parts == 4 && whole(&at.saturating_add(Span::from_minutes(30))));
        let begins = begins.filter(whole_there).ok_or(refuse("an interval begins at no usable time"))?;
        let block = columns.read(interval, begins).map_err(refuse)?;
        for quarter in in_quarters(block, parts) {
            gathered.add(&meter, quarter)?;
        }
    }
    Ok(())
}

/// A block of several quarters as quarters that add up to it, the first ones taking the odd watt-hours.
fn in_quarters(block: Block, parts: i64) -> impl Iterator<Item = Block> {
    let split = move |energy: WattHours, part: i64| {
        let (share, odd) = (energy.get().div_euclid(parts), energy.get().rem_euclid(parts));
        WattHours::new(share.saturating_add(i64::from(part < odd)))
    };
    (0..parts).map(move |part| {
        let offset = BLOCK.checked_mul(part).unwrap_or(BLOCK);
        let start = block.start.saturating_add(offset);
        Block { start, import: split(block.import, part), export: split(block.export, part), ..block }
    })
}

/// What the descriptors of a document say: reading types by flow, and the order of compact payloads.
#[derive(Default)]
struct Sets {
    flows: BTreeMap<String, Quantity>,
    sequences: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Import,
    Export,
}

/// A direction, and how its values become watt-hours: so many millionths of one.
#[derive(Clone, Copy)]
struct Quantity {
    flow: Flow,
    factor: i128,
}

impl Quantity {
    fn of(descriptor: &Json) -> Option<Self> {
        let flow = match text(descriptor, "flowDirection")?.to_ascii_uppercase().as_str() {
            "IMPORT" => Flow::Import,
            "EXPORT" => Flow::Export,
            _ => return None,
        };
        // A counter says what was ever fed in or drawn, not what an interval saw.
        if text(descriptor, "reportedMode").is_some_and(|mode| mode.eq_ignore_ascii_case("READING")) {
            return None;
        }
        let unit = match text(descriptor, "unit")?.to_ascii_lowercase().as_str() {
            "wh" => 1,
            "kwh" => 1_000,
            "mwh" => 1_000_000,
            _ => return None,
        };
        let multiplier = match descriptor.get("multiplier") {
            None | Some(Json::Null) => 1_000_000,
            Some(number) => units::parse_scaled(number.as_number().or(number.as_str())?, 6).ok()?,
        };
        Some(Self { flow, factor: i128::from(multiplier) * unit })
    }

    fn read(self, value: &str) -> Result<WattHours, &'static str> {
        const PLACES: u32 = 9;
        let fault = "energy is exact to one watt-hour and not below zero";
        let value = units::parse_scaled(value, PLACES).map_err(|_| fault)?;
        let (scaled, unit) = (i128::from(value) * self.factor, 10_i128.pow(PLACES + 6));
        if scaled < 0 || scaled % unit != 0 {
            return Err(fault);
        }
        i64::try_from(scaled / unit).map(WattHours::new).map_err(|_| fault)
    }
}

/// How the intervals of one profile are read.
struct Columns<'a> {
    flows: &'a BTreeMap<String, Quantity>,
    order: Option<&'a [String]>,
}

impl Sets {
    fn read(parts: &[Json]) -> Self {
        let mut sets = Self::default();
        let each =
            |json: &Json, name: &str| json.get(name).and_then(Json::as_array).unwrap_or_default().to_vec();
        for set in parts.iter().flat_map(|part| each(part, "payloadDescriptorSets")) {
            for descriptor in each(&set, "payloadDescriptors") {
                if let Some((name, read)) = text(&descriptor, "readingType").zip(Quantity::of(&descriptor)) {
                    sets.flows.insert(name.to_owned(), read);
                }
            }
            for sequence in each(&set, "compactSequences") {
                let items = each(&sequence, "sequenceItems");
                let order = items.iter().map(|item| text(item, "readingType").unwrap_or_default().to_owned());
                let name = text(&sequence, "name").unwrap_or_default().to_owned();
                sets.sequences.insert(name, order.collect());
            }
        }
        sets
    }

    fn columns(&self, part: &Json) -> Option<Columns<'_>> {
        let order = text(part, "compactSequenceRef").and_then(|name| self.sequences.get(name));
        (!self.flows.is_empty()).then_some(Columns { flows: &self.flows, order: order.map(Vec::as_slice) })
    }
}

impl Columns<'_> {
    fn read(&self, interval: &Json, start: Timestamp) -> Result<Block, &'static str> {
        let mut block = Block { quality: Quality::Measured, ..Block::missing(start) };
        let described = |flow| self.flows.values().any(|each| each.flow == flow);
        let mut unseen: Vec<Flow> =
            [Flow::Import, Flow::Export].into_iter().filter(|flow| described(*flow)).collect();
        for (index, (name, value, status)) in self.values(interval)?.into_iter().enumerate() {
            let Some(quantity) = self.flows.get(name) else { continue };
            let status = status.or_else(|| overridden(interval, index, name));
            let Some(value) = value.filter(|_| !is_missing(status)) else { continue };
            let read = quantity.read(value)?;
            match quantity.flow {
                Flow::Import => block.import = read,
                Flow::Export => block.export = read,
            }
            if is_provisional(status) {
                block.quality = Quality::Estimated;
            }
            unseen.retain(|flow| *flow != quantity.flow);
        }
        // A direction without a value is not zero: the meter said nothing.
        Ok(if unseen.is_empty() { block } else { Block::missing(start) })
    }

    /// Name, value and validation status of each reading.
    #[allow(clippy::type_complexity, reason = "three borrowed texts that live for one interval")]
    fn values<'j>(
        &'j self,
        interval: &'j Json,
    ) -> Result<Vec<(&'j str, Option<&'j str>, Option<&'j str>)>, &'static str> {
        if let Some(readings) = interval.get("readings").and_then(Json::as_array) {
            let reading = |json: &'j Json| {
                let name = text(json, "readingType").unwrap_or_default();
                (name, json.get("value").and_then(number), text(json, "validationStatus"))
            };
            return Ok(readings.iter().map(reading).collect());
        }
        let order = self.order.ok_or("no sequence is named for the payloads")?;
        let payloads = interval.get("payloads").and_then(Json::as_array).unwrap_or_default();
        let value = |(name, value): (&'j String, &'j Json)| (name.as_str(), number(value), None);
        Ok(order.iter().zip(payloads).map(value).collect())
    }
}

/// A number, which some write as a text.
fn number(json: &Json) -> Option<&str> {
    json.as_number().or(json.as_str()).filter(|text| !text.trim().is_empty())
}

/// What an interval says beside its payload of that index or name.
fn overridden<'j>(interval: &'j Json, index: usize, name: &str) -> Option<&'j str> {
    let all = interval.get("overrides").and_then(Json::as_array).unwrap_or_default();
    let at = |entry: &&Json| {
        if let Some(named) = text(entry, "readingType") {
            return named == name;
        }
        let number = entry.get("descriptorIndex").and_then(number);
        number.and_then(|n| units::parse_scaled(n, 0).ok()).and_then(|n| usize::try_from(n).ok())
            == Some(index)
    };
    all.iter().find(at).and_then(|entry| text(entry, "validationStatus"))
}

/// Whatever is not said to be valid is provisional.
fn is_provisional(status: Option<&str>) -> bool {
    status.is_some_and(|status| {
        let status = status.to_ascii_uppercase();
        !matches!(status.as_str(), "VALID" | "VALIDATED" | "MEASURED" | "ACTUAL")
    })
}

/// A value beside such a word is none.
fn is_missing(status: Option<&str>) -> bool {
    let words = ["MISSING", "INVALID", "FAILED", "REJECTED"];
    status.is_some_and(|status| words.iter().any(|word| status.eq_ignore_ascii_case(word)))
}

fn text<'j>(json: &'j Json, name: &str) -> Option<&'j str> {
    json.get(name).and_then(Json::as_str)
}

/// Blocks by meter, bounded and each once.
#[derive(Default)]
struct Gathered {
    blocks: BTreeMap<String, Vec<Block>>,
    seen: BTreeSet<(String, Timestamp)>,
}

impl Gathered {
    fn add(&mut self, meter: &str, block: Block) -> Result<(), UploadError> {
        if self.seen.len() >= BLOCKS_MAX {
            return Err(UploadError::TooLong);
        }
        if !self.seen.insert((meter.to_owned(), block.start)) {
            return Err(UploadError::Twice);
        }
        self.blocks.entry(meter.to_owned()).or_default().push(block);
        Ok(())
    }

    fn finish(self) -> Vec<Upload> {
        self.blocks.into_iter().map(|(meter, blocks)| Upload { meter, blocks }).collect()
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
