//! Reading uploads: CSV, and the interval profile of the India Energy Stack's MeterData v0.6.
//!
//! A value is exact to one watt-hour or the upload is refused as a whole; nothing is rounded. A half hour is
//! kept as two quarters that add up to it: it never crosses the border of a slot.

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
    let [meter] = meters else { return Err(refuse("one meter wanted")) };
    let meter = text(meter, "value").and_then(meter_name).ok_or(refuse("no usable meter"))?;
    let period = part.get("intervalPeriod").ok_or(refuse("no intervalPeriod"))?;
    let start = text(period, "start").and_then(|start| Timestamp::parse_rfc3339(start).ok());
    let start = start.filter(|start| is_block_start(*start)).ok_or(refuse("no usable start"))?;
    let length = text(period, "duration").and_then(|text| Span::parse_iso8601(text).ok());
    let halves = match length {
        Some(length) if length == BLOCK => 1,
        Some(length) if length.micros() == 2 * BLOCK.micros() && start.micros() % length.micros() == 0 => 2,
        _ => return Err(refuse("intervals are quarters or halves of an hour")),
    };
    let columns = sets.columns(part).ok_or(refuse("no import and export in kWh are described"))?;
    for interval in part.get("intervals").and_then(Json::as_array).unwrap_or_default() {
        let id = interval.get("id").and_then(Json::as_number).and_then(|n| units::parse_scaled(n, 0).ok());
        let id =
            id.filter(|id| (0..=100_000).contains(id)).ok_or(refuse("an interval without a usable id"))?;
        let start = BLOCK.checked_mul(id * halves).and_then(|offset| start.checked_add(offset));
        let start = start.ok_or(refuse("an interval lies outside time"))?;
        let block = columns.read(interval, start).map_err(refuse)?;
        if halves == 1 {
            gathered.add(&meter, block)?;
        } else {
            for half in in_halves(block) {
                gathered.add(&meter, half)?;
            }
        }
    }
    Ok(())
}

fn in_halves(block: Block) -> [Block; 2] {
    let split = |energy: WattHours| {
        let low = energy.get() / 2;
        (WattHours::new(energy.get() - low), WattHours::new(low))
    };
    let ((import, import_later), (export, export_later)) = (split(block.import), split(block.export));
    let second = Block {
        start: block.start.saturating_add(BLOCK),
        import: import_later,
        export: export_later,
        ..block
    };
    [Block { import, export, ..block }, second]
}

/// What the descriptors of a document say: reading types by flow, and the order of compact payloads.
#[derive(Default)]
struct Sets {
    flows: BTreeMap<String, Flow>,
    sequences: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Import,
    Export,
}

/// How the intervals of one profile are read.
struct Columns<'a> {
    flows: &'a BTreeMap<String, Flow>,
    order: Option<&'a [String]>,
}

impl Sets {
    fn read(parts: &[Json]) -> Self {
        let mut sets = Self::default();
        let each =
            |json: &Json, name: &str| json.get(name).and_then(Json::as_array).unwrap_or_default().to_vec();
        for set in parts.iter().flat_map(|part| each(part, "payloadDescriptorSets")) {
            for descriptor in each(&set, "payloadDescriptors") {
                let plain = descriptor.get("multiplier").and_then(Json::as_number);
                let plain = plain.is_none_or(|n| units::parse_scaled(n, 0) == Ok(1));
                let flow = match text(&descriptor, "flowDirection") {
                    Some("IMPORT") => Flow::Import,
                    Some("EXPORT") => Flow::Export,
                    _ => continue,
                };
                if let (Some(name), Some("kWh"), true) =
                    (text(&descriptor, "readingType"), text(&descriptor, "unit"), plain)
                {
                    sets.flows.insert(name.to_owned(), flow);
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
        let described = |flow| self.flows.values().any(|each| *each == flow);
        let order = text(part, "compactSequenceRef").and_then(|name| self.sequences.get(name));
        let both = described(Flow::Import) && described(Flow::Export);
        both.then_some(Columns { flows: &self.flows, order: order.map(Vec::as_slice) })
    }
}

impl Columns<'_> {
    fn read(&self, interval: &Json, start: Timestamp) -> Result<Block, &'static str> {
        let mut block = Block { quality: Quality::Measured, ..Block::missing(start) };
        let mut seen = 0;
        for (index, (name, value, status)) in self.values(interval)?.into_iter().enumerate() {
            let Some(flow) = self.flows.get(name) else { continue };
            let Some(value) = value else { continue };
            let read = energy(value)?;
            match flow {
                Flow::Import => block.import = read,
                Flow::Export => block.export = read,
            }
            if is_provisional(status.or_else(|| overridden(interval, index))) {
                block.quality = Quality::Estimated;
            }
            seen += 1;
        }
        // A direction without a value is not zero: the meter said nothing.
        Ok(if seen == 2 { block } else { Block::missing(start) })
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
                (name, json.get("value").and_then(Json::as_number), text(json, "validationStatus"))
            };
            return Ok(readings.iter().map(reading).collect());
        }
        let order = self.order.ok_or("no sequence is named for the payloads")?;
        let payloads = interval.get("payloads").and_then(Json::as_array).unwrap_or_default();
        let value = |(name, value): (&'j String, &'j Json)| (name.as_str(), value.as_number(), None);
        Ok(order.iter().zip(payloads).map(value).collect())
    }
}

/// What an interval says beside its payload of that index.
fn overridden(interval: &Json, index: usize) -> Option<&str> {
    let all = interval.get("overrides").and_then(Json::as_array).unwrap_or_default();
    let at = |entry: &&Json| {
        let number = entry.get("descriptorIndex").and_then(Json::as_number);
        number.and_then(|n| units::parse_scaled(n, 0).ok()).and_then(|n| usize::try_from(n).ok())
            == Some(index)
    };
    all.iter().find(at).and_then(|entry| text(entry, "validationStatus"))
}

/// Whatever is not said to be valid is provisional.
fn is_provisional(status: Option<&str>) -> bool {
    status.is_some_and(|status| !matches!(status, "VALID" | "VALIDATED" | "MEASURED" | "ACTUAL"))
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
