//! Freezing what was simulated, and taking in what was uploaded. Each function is one step of its caller's
//! transaction and may be run again from the start when that transaction is retried.

use std::collections::{BTreeMap, BTreeSet};

use db::{DbError, Tx};
use units::{DeliverySlot, IstDate, Timestamp};

use super::model::{BLOCKS, Block, Source, Stored};
use super::store;

/// Stores the simulated blocks of a slot, unless the slot has any: then those stand, and what of them is
/// missing stays missing. Gives whether they were stored.
///
/// # Errors
/// The database's.
pub async fn freeze(
    tx: &mut Tx,
    meter: &str,
    slot: DeliverySlot,
    blocks: &[Block; BLOCKS],
    now: Timestamp,
) -> Result<bool, DbError> {
    if !store::between(tx, meter, slot.start(), slot.end()).await?.is_empty() {
        return Ok(false);
    }
    for block in blocks {
        let stored = Stored { block: *block, revision: 1, source: Source::Simulated };
        store::add(tx, meter, &stored, now).await?;
    }
    Ok(true)
}

/// Blocks of one meter as a head-end uploads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Normalized.
    pub meter: String,
    /// Each start once.
    pub blocks: Vec<Block>,
}

/// Stores what is new in an upload: a block that differs from what stands becomes its next revision. Gives
/// how many blocks were new.
///
/// # Errors
/// The database's.
pub async fn upload(
    tx: &mut Tx,
    uploads: &[Upload],
    source: Source,
    now: Timestamp,
) -> Result<usize, DbError> {
    let mut days = BTreeSet::new();
    let mut news = 0_usize;
    for Upload { meter, blocks } in uploads {
        let Some((first, last)) =
            blocks.iter().map(|b| b.start).min().zip(blocks.iter().map(|b| b.start).max())
        else {
            continue;
        };
        let until = last.saturating_add(units::Span::from_micros(1));
        let stands = store::between(tx, meter, first, until).await?;
        let stands: BTreeMap<Timestamp, Stored> =
            stands.into_iter().map(|stored| (stored.block.start, stored)).collect();
        for block in blocks {
            let before = stands.get(&block.start);
            if before.is_some_and(|stored| stored.block == *block) {
                continue;
            }
            let revision = before.map_or(0, |stored| stored.revision).saturating_add(1);
            if !store::add(tx, meter, &Stored { block: *block, revision, source }, now).await? {
                // Another upload of the same block came first; this one is judged anew against it.
                return Err(DbError::Serialization);
            }
            news = news.saturating_add(1);
            days.insert(IstDate::of(block.start).first_slot().start());
        }
    }
    for day in days {
        store::tell_day(tx, day).await?;
    }
    Ok(news)
}
