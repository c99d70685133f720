//! Working a delivery day off: fix the readings, compute, write cells and the messages that tell of them.
//!
//! What is read and computed is outside of any transaction; each contract is written in one of its own, which
//! gives up when another worker was faster. Running a day again changes nothing that stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use beckn_wire::action::Action;
use beckn_wire::energy::schema;
use clock::Clocks;
use db::{Db, DbError};
use node::address::own_uri;
use node::{Draft, Face, Node, Outgoing, outbox};
use units::{Span, Timestamp, WattHours};

use super::compute::{Write, compute, is_settled, meter_slot};
use super::meters::{Asking, HeadEnds};
use super::model::{Cell, Cells, Day, MeterSlot, Origin};
use super::report::{self, Platforms};
use super::store::{self, DueDay, Writing};
use super::timetable::Step;
use crate::ledger::meters::Meters;
use crate::ledger::model::{ContractRow, Side, Status};
use crate::ledger::store::{self as contracts, Revision};
use crate::metering::model::{BLOCKS, Block, reading};
use crate::metering::outage::{self, Outage};
use crate::metering::simulator::{Contracted, Simulator};
use crate::metering::store as blocks;
use crate::rest::items;

/// Slots that are fixed in one transaction.
const FREEZE_BATCH: usize = 32;

/// So long, on the market clock, a day waits after something in it failed.
const RETRY: Span = Span::from_minutes(1);

/// Why a contract or a day was not finished; it is tried again.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("another worker was faster")]
    Outrun,
    #[error("the report cannot be sent: {0}")]
    Unsendable(String),
}

/// What working a day off needs.
pub struct Tools {
    pub db: Db,
    pub clocks: Clocks,
    pub node: Arc<Node>,
    pub meters: Arc<Meters>,
    /// None: every reading is uploaded.
    pub simulator: Option<Simulator>,
    /// Normalized meters that are never simulated.
    pub upload_only: BTreeSet<String>,
    pub head_ends: HeadEnds,
}

impl Tools {
    /// Does what is due of a day. Gives how many cells were written.
    ///
    /// # Errors
    /// The database's; what fails in one contract is tried again later and holds nobody else up.
    pub async fn run(&self, due: &DueDay) -> Result<usize, DeliveryError> {
        let now = self.clocks.market.now();
        let steps: Vec<Step> = Step::due_at(due.day, now).collect();
        if steps.is_empty() {
            self.close(due, &[], BTreeMap::new(), now, Step::next_at(due.day, now)).await?;
            return Ok(0);
        }
        let mut day = load(&self.db, &due.ledger_id, due.day).await?;
        day.now = now;
        let mut failed = self.tell(&due.ledger_id, &day, now).await?;
        self.freeze(&mut day, due.day, now).await?;
        self.ask(&due.ledger_id, &day, due.day, &steps).await?;
        let outcome = compute(&mut day, &steps);
        let mut by_contract: BTreeMap<String, Vec<Write>> = BTreeMap::new();
        let written = outcome.writes.len();
        for write in outcome.writes {
            by_contract.entry(write.line.contract.clone()).or_default().push(write);
        }
        for (contract, writes) in by_contract {
            if let Err(error) = self.write(&due.ledger_id, &contract, writes, now).await {
                tracing::warn!(%error, contract, ledger = due.ledger_id, "an allocation waits");
                failed = failed.saturating_add(1);
            }
        }
        let retry = (failed > 0).then(|| now.saturating_add(RETRY));
        let next_at = [Step::next_at(due.day, now), outcome.wake, retry].into_iter().flatten().min();
        self.close(due, &steps, outcome.open, now, next_at).await?;
        Ok(written)
    }

    /// Asks the head-ends for the readings of the day. A question that cannot be asked now is asked with the
    /// next step.
    async fn ask(&self, ledger_id: &str, day: &Day, start: Timestamp, due: &[Step]) -> Result<(), DbError> {
        let asking =
            Asking { node: &self.node, head_ends: &self.head_ends, ledger_id, day: start, now: day.now };
        match asking.questions(day, due).await {
            Ok(questions) => asking.send(&self.db, questions, self.clocks.wire.now()).await,
            Err(error) => {
                tracing::warn!(error, ledger = ledger_id, "a head-end cannot be asked");
                Ok(())
            }
        }
    }

    /// Tells the platforms what was written beside the rounds. Gives how many contracts that failed for.
    async fn tell(&self, ledger_id: &str, day: &Day, now: Timestamp) -> Result<usize, DbError> {
        let key = ledger_id.to_owned();
        let untold = self.db.read(move |tx| {
            let key = key.clone();
            Box::pin(async move { store::all_untold(tx, &key).await })
        });
        let mut failed = 0_usize;
        for contract in untold.await? {
            if !day.lines.iter().any(|line| line.key.contract == contract) {
                continue;
            }
            if let Err(error) = self.write(ledger_id, &contract, Vec::new(), now).await {
                tracing::warn!(%error, contract, ledger = ledger_id, "what was recorded waits to be told");
                failed = failed.saturating_add(1);
            }
        }
        Ok(failed)
    }

    async fn close(
        &self,
        due: &DueDay,
        steps: &[Step],
        open: BTreeMap<Step, i64>,
        now: Timestamp,
        next_at: Option<Timestamp>,
    ) -> Result<(), DbError> {
        let work = Arc::new((due.clone(), steps.to_vec(), open));
        let stored = self.db.write(move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let (due, steps, open) = &*work;
                for step in steps {
                    store::take_step(tx, due, *step, open.get(step).copied().unwrap_or(0), now).await?;
                }
                store::close_day(tx, due, next_at).await
            })
        });
        stored.await
    }

    /// Fixes what the meters of this ledger read on that day, and takes the readings into `day`.
    async fn freeze(&self, day: &mut Day, start: Timestamp, now: Timestamp) -> Result<(), DbError> {
        let mut wanted: BTreeMap<MeterSlot, Contracted> = BTreeMap::new();
        for line in &day.lines {
            let here = |side: &&Side| !self.head_ends.is_elsewhere(&line.party(**side).discom);
            for side in line.sides.iter().filter(here) {
                let contracted = wanted.entry(meter_slot(line, *side)).or_default();
                let sum = match side {
                    Side::Seller => &mut contracted.sold,
                    Side::Buyer => &mut contracted.bought,
                };
                *sum = sum.checked_add(line.requested).unwrap_or(WattHours::MAX);
            }
        }
        let missing: Vec<(MeterSlot, Contracted)> = wanted
            .into_iter()
            .filter(|((meter, _), _)| !self.upload_only.contains(meter))
            .filter(|(at, _)| !day.readings.contains_key(at))
            .collect();
        let Some(simulator) = &self.simulator else { return Ok(()) };
        for batch in missing.chunks(FREEZE_BATCH) {
            let simulate = |(at, contracted): &(MeterSlot, Contracted)| {
                let installed = self.meters.installed(&at.0);
                let blocks = simulator.blocks(&at.0, installed, *contracted, at.1);
                // What an operator told stands before any draw.
                let drawn = simulator.outage(&at.0, at.1).filter(|_| !day.outages.contains_key(at));
                let outage = day.outages.get(at).copied().or(drawn);
                let blocks = outage.map_or(blocks, |outage| blocks.map(|block| outage.leaves(block)));
                (at.clone(), blocks, drawn)
            };
            let simulated: Vec<(MeterSlot, [Block; BLOCKS], Option<Outage>)> =
                batch.iter().map(simulate).collect();
            let simulated = Arc::new(simulated);
            let frozen = self.db.write(move |tx| {
                let simulated = Arc::clone(&simulated);
                Box::pin(async move {
                    for ((meter, slot), blocks, drawn) in simulated.iter() {
                        outage::freeze(tx, meter, *slot, (blocks, *drawn), now).await?;
                    }
                    Ok::<_, DbError>(())
                })
            });
            frozen.await?;
        }
        if !missing.is_empty() {
            read_meters(&self.db, day, start).await?;
        }
        Ok(())
    }

    /// Writes the cells of one contract and tells the platforms of our sides, in one transaction.
    async fn write(
        &self,
        ledger_id: &str,
        contract_id: &str,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let (row, revision, mut cells) =
            copy(&self.db, ledger_id, contract_id).await?.ok_or(DeliveryError::Outrun)?;
        if row.status != Status::Active {
            return Err(DeliveryError::Outrun);
        }
        for write in &writes {
            let stands = cells.get(&write.line, &write.column).map_or(0, |cell| cell.round);
            if stands.saturating_add(1) != write.round {
                return Err(DeliveryError::Outrun);
            }
            let cell =
                Cell { value: write.value.clone(), round: write.round, origin: Origin::Own, written_at: now };
            cells.set(write.line.clone(), write.column.clone(), cell);
        }
        let outgoing = self.reports(&row, &revision, &cells).await?;
        let (ids, wire_now) = (self.node.ids().clone(), self.clocks.wire.now());
        let work = Arc::new((row, writes, outgoing));
        let stored = self.db.write(move |tx| {
            let (work, ids) = (Arc::clone(&work), ids.clone());
            Box::pin(async move {
                let (row, writes, outgoing) = &*work;
                if row.is_rest() {
                    contracts::lock_all(tx, &row.contract_id).await?;
                }
                let stands = contracts::lock(tx, &row.ledger_id, &row.contract_id).await?;
                if stands.as_ref() != Some(row) {
                    return Err(DeliveryError::Outrun);
                }
                let writing = Writing {
                    ledger_id: &row.ledger_id,
                    origin: Origin::Own,
                    told_by: &row.ledger_id,
                    message_id: None,
                    at: now,
                };
                for write in writes {
                    if !store::add_cell(tx, write, &writing).await? {
                        return Err(DeliveryError::Outrun);
                    }
                }
                for message in outgoing {
                    outbox::enqueue(tx, &ids, message, wire_now).await?;
                }
                store::told(tx, &row.ledger_id, &row.contract_id).await?;
                items::pass_on(tx, row, writes, now).await?;
                Ok(items::reflect(tx, row).await?)
            })
        });
        stored.await
    }

    /// One `on_status` per platform whose side this ledger keeps.
    async fn reports(
        &self,
        row: &ContractRow,
        revision: &Revision,
        cells: &Cells,
    ) -> Result<Vec<Outgoing>, DeliveryError> {
        // What was recorded through the REST interface is read there.
        if revision.is_rest() {
            return Ok(Vec::new());
        }
        let terms = &revision.terms;
        let sides: Vec<Side> = terms.sides_of(&row.ledger_id).collect();
        let unsendable = |why: String| DeliveryError::Unsendable(why);
        let recorded = report::recorded(&revision.document).map_err(unsendable)?;
        let complete = is_complete(revision, cells);
        let contract = report::report(&recorded, &sides, cells, Platforms::Empty, complete)
            .map_err(|error| unsendable(error.to_string()))?;
        let message = contract.to_message();
        let platforms: BTreeSet<&str> =
            sides.iter().map(|side| terms.party(*side).platform.as_str()).collect();
        let mut outgoing = Vec::new();
        for platform in platforms {
            let record = self.node.registry().subscriber(platform).await;
            let record = record.map_err(|error| unsendable(error.to_string()))?;
            let uri =
                own_uri(&record.url, Face::BapReceiver).map_err(|error| unsendable(error.to_string()))?;
            let message_id = self.node.ids().uuid().to_string();
            let mut draft = Draft::new(
                Action::OnStatus,
                &row.ledger_id,
                &row.network_id,
                &row.transaction_id,
                &message_id,
                message.clone(),
            )
            .to(platform, &uri);
            draft.from_caller = true;
            draft.schema_context = schema::contexts_of(&message);
            let body = self.node.compose(&draft).map_err(|error| unsendable(error.to_string()))?;
            outgoing.push(Outgoing {
                sender: row.ledger_id.clone(),
                target: platform.to_owned(),
                face: Face::BapReceiver,
                action: Action::OnStatus,
                transaction_id: row.transaction_id.clone(),
                message_id,
                body,
                answers: None,
                purpose: "allocation",
                reference: Some(row.contract_id.clone()),
                deadline: None,
            });
        }
        Ok(outgoing)
    }
}

/// Whether every traded line is settled.
pub fn is_complete(revision: &Revision, cells: &Cells) -> bool {
    let terms = &revision.terms;
    terms.lines.iter().all(|line| {
        let key = super::model::LineKey {
            contract: terms.contract_id.clone(),
            commitment: line.commitment.clone(),
            interval: line.interval,
        };
        is_settled(cells, &key)
    })
}

/// A contract with its cells, as they are stored.
///
/// # Errors
/// The database's.
pub async fn copy(
    db: &Db,
    ledger_id: &str,
    contract_id: &str,
) -> Result<Option<(ContractRow, Revision, Cells)>, DbError> {
    let key = Arc::new((ledger_id.to_owned(), contract_id.to_owned()));
    let found = db.read(move |tx| {
        let key = Arc::clone(&key);
        Box::pin(async move {
            let Some(row) = contracts::find(tx, &key.0, &key.1).await? else { return Ok(None) };
            let Some(revision) = contracts::in_force(tx, &row).await? else { return Ok(None) };
            let cells = store::cells(tx, &key.0, &key.1).await?;
            Ok::<_, DbError>(Some((row, revision, cells)))
        })
    });
    found.await
}

/// A delivery day as it is stored, with the readings that its meters have.
///
/// # Errors
/// The database's.
pub async fn load(db: &Db, ledger_id: &str, start: Timestamp) -> Result<Day, DbError> {
    let key = ledger_id.to_owned();
    let until = start.saturating_add(Span::from_days(1));
    let read = db.read(move |tx| {
        let key = key.clone();
        Box::pin(async move {
            let lines = store::lines(tx, &key, start, until).await?;
            let cells = store::cells_of_day(tx, &key, start, until).await?;
            Ok::<_, DbError>((lines, cells))
        })
    });
    let (lines, cells) = read.await?;
    let mut day = Day { lines, cells, ..Day::default() };
    read_meters(db, &mut day, start).await?;
    Ok(day)
}

async fn read_meters(db: &Db, day: &mut Day, start: Timestamp) -> Result<(), DbError> {
    let wanted = day.lines.iter().flat_map(|line| line.sides.iter().map(|side| meter_slot(line, *side)));
    let wanted: Arc<BTreeSet<MeterSlot>> = Arc::new(wanted.collect());
    let until = start.saturating_add(Span::from_days(1));
    let read = db.read(move |tx| {
        let wanted = Arc::clone(&wanted);
        Box::pin(async move {
            let meters: BTreeSet<&String> = wanted.iter().map(|(meter, _)| meter).collect();
            let (mut readings, mut outages) = (BTreeMap::new(), BTreeMap::new());
            for meter in meters {
                let blocks = blocks::between(tx, meter, start, until).await?;
                let slots = wanted.iter().filter(|(each, _)| each == meter);
                let found = slots.filter_map(|at| Some((at.clone(), reading(at.1, &blocks)?)));
                readings.extend(found);
                let failed = outage::between(tx, meter, start, until).await?;
                outages.extend(failed.into_iter().map(|(slot, outage)| ((meter.clone(), slot), outage)));
            }
            Ok::<_, DbError>((readings, outages))
        })
    });
    (day.readings, day.outages) = read.await?;
    Ok(())
}
