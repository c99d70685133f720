//! The daily leg between a ledger and the meter head-end of its DISCOM (facts of the domain, section 4.9):
//! `status` with the meters and hours that are wanted, `on_status` with what they read, both signed.
//!
//! Where the head-end is in this process, the same messages are handed over without a socket. Of a head-end
//! of elsewhere the answer is all that a ledger knows of a meter: the net of the hour, kept as four quarters
//! that add up to it. Finer readings are never overruled by it. Only a measured hour is told; what is missing
//! or estimated stays an empty cell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::meter_leg::{
    MeterLeg, MeterQuery, MeterValue, meter_report, meter_request, meter_values,
};
use beckn_wire::energy::{Contract, normalize_meter, schema};
use db::{Db, DbError, Tx, params};
use node::address::own_uri;
use node::{Draft, Face, Node, Outgoing, outbox};
use units::{DeliverySlot, Span, Timestamp, WattHours};

use super::compute::meter_slot;
use super::model::{Day, MeterSlot};
use super::store;
use super::timetable::{Step, day_of};
use crate::metering::model::{BLOCKS, Block, Quality, Source, block_starts, reading};
use crate::metering::service::{self as metering, Upload};
use crate::metering::store as blocks;

/// The purpose of the outbox rows of this leg.
pub const ASKED: &str = "meter_request";
pub const TOLD: &str = "meter_report";

/// Most cells of one message: two hundred meters of a day.
pub const CELLS_MAX: usize = 4_800;

/// Meters that are asked for in one message.
const METERS: usize = 100;

/// Longest span of one report.
const SPAN_MAX: Span = Span::from_days(8);

db::sql! {
    ASK = "INSERT INTO ledger_asks (ledger_id, day, head_end, step, message_id, asked_at) VALUES ($1, \
        $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    ANSWERED = "UPDATE ledger_asks SET answered_at = $3 WHERE ledger_id = $1 AND message_id = $2 AND \
        answered_at IS NULL";
}

/// The head-ends of the DISCOMs whose ledgers are kept here.
#[derive(Clone, Debug, Default)]
pub struct HeadEnds(Vec<HeadEnd>);

/// A DISCOM's head-end, and the ledger that asks it.
#[derive(Clone, Debug)]
pub struct HeadEnd {
    pub code: String,
    pub ledger_id: String,
    pub subscriber_id: String,
    /// It is not in this process.
    pub elsewhere: bool,
}

impl HeadEnds {
    pub fn new(all: Vec<HeadEnd>) -> Self {
        Self(all)
    }

    /// The head-end of a DISCOM.
    fn of(&self, code: &str) -> Option<&HeadEnd> {
        self.0.iter().find(|head_end| head_end.code == code)
    }

    /// The codes for which that head-end may tell that ledger.
    pub fn codes(&self, subscriber_id: &str, ledger_id: &str) -> BTreeSet<String> {
        let own = |each: &&HeadEnd| each.subscriber_id == subscriber_id && each.ledger_id == ledger_id;
        self.0.iter().filter(own).map(|each| each.code.clone()).collect()
    }

    /// Whether the meters of a DISCOM are read elsewhere, and so never simulated here.
    pub fn is_elsewhere(&self, code: &str) -> bool {
        self.of(code).is_some_and(|head_end| head_end.elsewhere)
    }
}

/// The cells of a meter leg.
///
/// # Errors
/// `SCH_` codes for what cannot be read, and for more than [`CELLS_MAX`] cells.
pub fn read(contract: &Contract) -> Result<Vec<MeterValue>, WireError> {
    let cells: usize = contract.meter_series().map(|series| series.intervals.len()).sum();
    if cells == 0 || cells > CELLS_MAX {
        let message = "a meter leg has a cell for each meter and hour, and not too many";
        return Err(WireError::new(ErrorCode::SchSchemaValidationFailed, message));
    }
    meter_values(contract)
}

/// What a ledger asks on one day.
pub struct Asking<'a> {
    pub node: &'a Node,
    pub head_ends: &'a HeadEnds,
    pub ledger_id: &'a str,
    pub day: Timestamp,
    pub now: Timestamp,
}

/// A question with its place in the timetable.
pub struct Question {
    head_end: String,
    step: Step,
    outgoing: Outgoing,
}

impl Asking<'_> {
    /// The questions of a day: at the hour of the readings every head-end is asked, later those of elsewhere
    /// that have left something open.
    ///
    /// # Errors
    /// A text: a message would not be valid, or an address is not known now.
    pub async fn questions(&self, known: &Day, due: &[Step]) -> Result<Vec<Question>, String> {
        type Wanted<'a> = BTreeMap<String, (&'a str, BTreeSet<DeliverySlot>)>;
        let mut wanted: BTreeMap<(&str, &str), Wanted<'_>> = BTreeMap::new();
        for line in &known.lines {
            for side in &line.sides {
                let (meter, slot) = meter_slot(line, *side);
                let code = line.party(*side).discom.as_str();
                // Under the name that it has in the contract.
                let named = (line.party(*side).meter.as_str(), BTreeSet::new());
                let meters = wanted.entry((code, line.network.as_str())).or_default();
                meters.entry(meter).or_insert(named).1.insert(slot);
            }
        }
        let mut questions = Vec::new();
        for ((code, network), meters) in wanted {
            let Some(head_end) = self.head_ends.of(code) else { continue };
            let read = |meter: &String, slot: &DeliverySlot| {
                known.readings.get(&(meter.clone(), *slot)).is_some_and(|r| r.quality == Quality::Measured)
            };
            let open = meters.iter().any(|(meter, (_, slots))| slots.iter().any(|slot| !read(meter, slot)));
            let step = match due.last() {
                Some(last) if head_end.elsewhere && open => *last,
                Some(_) => Step::MeterData,
                None => continue,
            };
            let meters: Vec<(String, Vec<DeliverySlot>)> = meters
                .into_values()
                .map(|(meter, slots)| (meter.to_owned(), slots.into_iter().collect()))
                .collect();
            for part in meters.chunks(METERS) {
                let outgoing = self.question(head_end, network, part).await?;
                questions.push(Question { head_end: head_end.subscriber_id.clone(), step, outgoing });
            }
        }
        Ok(questions)
    }

    async fn question(
        &self,
        head_end: &HeadEnd,
        network: &str,
        meters: &[(String, Vec<DeliverySlot>)],
    ) -> Result<Outgoing, String> {
        let queries: Vec<MeterQuery<'_>> = meters
            .iter()
            .map(|(meter_id, slots)| MeterQuery { meter_id, discom_code: &head_end.code, slots })
            .collect();
        let ids = self.node.ids();
        let [contract_id, transaction_id, message_id] = [0; 3].map(|_| ids.uuid().to_string());
        let leg = MeterLeg {
            contract_id: &contract_id,
            commitment_id: "commitment-1",
            dataset_id: "readings-1",
            offer_id: "offer-1",
        };
        let message = meter_request(&leg, &queries).map_err(|error| error.to_string())?.to_message();
        let base = match self.node.identity(&head_end.subscriber_id) {
            Some(own) => own.base_url.clone(),
            None => {
                let record = self.node.registry().subscriber(&head_end.subscriber_id).await;
                record.map_err(|error| error.to_string())?.url.clone()
            }
        };
        let uri = own_uri(&base, Face::BppReceiver).map_err(|error| error.to_string())?;
        let mut draft =
            Draft::new(Action::Status, self.ledger_id, network, &transaction_id, &message_id, message)
                .to(&head_end.subscriber_id, &uri);
        draft.schema_context = schema::contexts_of(&draft.message);
        let body = self.node.compose(&draft).map_err(|error| error.to_string())?;
        Ok(Outgoing {
            sender: self.ledger_id.to_owned(),
            target: head_end.subscriber_id.clone(),
            face: Face::BppReceiver,
            action: Action::Status,
            transaction_id,
            message_id,
            body,
            answers: None,
            purpose: ASKED,
            reference: None,
            deadline: None,
        })
    }

    /// Sends the questions that were not sent before, each with its note in one transaction.
    ///
    /// # Errors
    /// The database's.
    pub async fn send(&self, db: &Db, questions: Vec<Question>, wire_now: Timestamp) -> Result<(), DbError> {
        if questions.is_empty() {
            return Ok(());
        }
        let work = Arc::new((self.ledger_id.to_owned(), questions));
        let (ids, day, now) = (self.node.ids().clone(), self.day, self.now);
        let stored = db.write(move |tx| {
            let (work, ids) = (Arc::clone(&work), ids.clone());
            Box::pin(async move {
                let mut asked: BTreeSet<&str> = BTreeSet::new();
                for Question { head_end, step, outgoing } in &work.1 {
                    let values = params![&work.0, day, head_end, step.as_str(), &outgoing.message_id, now];
                    let first = tx.execute(&ASK, &values).await? == 1;
                    // The further parts of one question go with the first.
                    if first || asked.contains(head_end.as_str()) {
                        asked.insert(head_end);
                        outbox::enqueue(tx, &ids, outgoing, wire_now).await?;
                    }
                }
                Ok::<_, DbError>(())
            })
        });
        stored.await
    }
}

/// The head-end's answer: the request with every cell filled for which the meter was read.
///
/// # Errors
/// A text: the request cannot be read; or the database's.
pub async fn report(db: &Db, request: &Contract) -> Result<Contract, ReportError> {
    let values = read(request).map_err(|error| ReportError::Refused(error.code))?;
    let wanted: BTreeSet<MeterSlot> =
        values.iter().map(|value| (normalize_meter(&value.meter_id), value.slot)).collect();
    let wanted = Arc::new(wanted);
    let found = db.read(move |tx| {
        let wanted = Arc::clone(&wanted);
        Box::pin(async move {
            let mut nets = BTreeMap::new();
            for (meter, slot) in wanted.iter() {
                let stored = blocks::between(tx, meter, slot.start(), slot.end()).await?;
                let read = reading(*slot, &stored).filter(|reading| reading.quality == Quality::Measured);
                let net = read.and_then(|reading| reading.import.checked_sub(reading.export));
                nets.extend(net.map(|net| ((meter.clone(), *slot), net)));
            }
            Ok::<_, DbError>(nets)
        })
    });
    let nets = found.await?;
    let net = |meter: &str, slot| nets.get(&(normalize_meter(meter), slot)).copied();
    meter_report(request, net).map_err(|_| ReportError::Refused(ErrorCode::SchSchemaValidationFailed))
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error("refused with {0}")]
    Refused(ErrorCode),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// What a head-end told a ledger.
#[derive(Clone, Debug)]
pub struct Told {
    pub ledger_id: String,
    pub message_id: String,
    /// The DISCOMs for which it speaks.
    pub codes: BTreeSet<String>,
    pub values: Vec<MeterValue>,
    pub now: Timestamp,
}

/// Takes readings in: of meters and hours that this ledger has contracts for with those DISCOMs, and for
/// which there is nothing finer. One step of its caller's transaction. Gives how many blocks were new.
///
/// # Errors
/// The database's.
pub async fn take_in(tx: &mut Tx, told: &Told) -> Result<usize, DbError> {
    tx.execute(&ANSWERED, &params![&told.ledger_id, &told.message_id, told.now]).await?;
    let slots = || told.values.iter().map(|value| value.slot);
    let Some((first, last)) = slots().min().zip(slots().max()) else { return Ok(0) };
    let until = last.end().min(first.start().saturating_add(SPAN_MAX));
    let lines = store::lines(tx, &told.ledger_id, first.start(), until).await?;
    let mut known: BTreeSet<MeterSlot> = BTreeSet::new();
    for line in &lines {
        let sides = line.sides.iter().filter(|side| told.codes.contains(&line.party(**side).discom));
        known.extend(sides.map(|side| meter_slot(line, *side)));
    }
    let mut news = 0_usize;
    for value in &told.values {
        let (Some(net), meter) = (value.net, normalize_meter(&value.meter_id)) else { continue };
        if !known.contains(&(meter.clone(), value.slot)) {
            continue;
        }
        let stands = blocks::between(tx, &meter, value.slot.start(), value.slot.end()).await?;
        if stands.iter().any(|stored| stored.source != Source::HeadEnd) {
            continue;
        }
        let uploads = [Upload { meter, blocks: quarters(value.slot, net).to_vec() }];
        news = news.saturating_add(metering::upload(tx, &uploads, Source::HeadEnd, told.now).await?);
    }
    if news > 0 {
        for day in slots().map(|slot| day_of(slot.start())).collect::<BTreeSet<_>>() {
            store::tell_day(tx, &told.ledger_id, day).await?;
        }
    }
    Ok(news)
}

/// An hour's net as four quarters that add up to it.
fn quarters(slot: DeliverySlot, net: WattHours) -> [Block; BLOCKS] {
    let whole = net.get().unsigned_abs();
    let (share, rest) = (whole / 4, whole % 4);
    let mut index = 0_u64;
    block_starts(slot).map(|start| {
        let part = WattHours::new(i64::try_from(share + u64::from(index < rest)).unwrap_or(i64::MAX));
        index += 1;
        let nothing = Block { quality: Quality::Measured, ..Block::missing(start) };
        match net < WattHours::ZERO {
            true => Block { export: part, ..nothing },
            false => Block { import: part, ..nothing },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_kept_as_quarters_that_add_up_to_it() {
        let slot = DeliverySlot::containing(Timestamp::from_seconds(1_793_520_000));
        for net in [-10_003_i64, -1, 0, 2, 5_000] {
            let blocks = quarters(slot, WattHours::new(net));
            let sums: (i64, i64) =
                blocks.iter().fold((0, 0), |sum, b| (sum.0 + b.import.get(), sum.1 + b.export.get()));
            assert_eq!(sums, (net.max(0), (-net).max(0)));
        }
    }
}
