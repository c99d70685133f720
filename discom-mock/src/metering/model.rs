//! Blocks of 15 minutes and what they add up to in a delivery slot (pure).

use units::{DeliverySlot, Span, Timestamp, WattHours};

/// The length of a block.
pub const BLOCK: Span = Span::from_minutes(15);

/// Blocks in a delivery slot.
pub const BLOCKS: usize = 4;

/// How a block came to its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    Measured,
    /// Filled in by the head-end; provisional.
    Estimated,
    /// The meter said nothing; both directions are zero and mean nothing.
    Missing,
}

impl Quality {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "MEASURED",
            Self::Estimated => "ESTIMATED",
            Self::Missing => "MISSING",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Measured, Self::Estimated, Self::Missing].into_iter().find(|quality| quality.as_str() == text)
    }
}

/// Where a block came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Simulated,
    Csv,
    /// The interval profile of MeterData.
    Profile,
    /// `on_status` of a head-end of elsewhere, by the hour.
    HeadEnd,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Simulated => "SIMULATED",
            Self::Csv => "CSV",
            Self::Profile => "PROFILE",
            Self::HeadEnd => "HEAD_END",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Simulated, Self::Csv, Self::Profile, Self::HeadEnd]
            .into_iter()
            .find(|source| source.as_str() == text)
    }
}

/// A quarter of an hour of one meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub start: Timestamp,
    pub import: WattHours,
    pub export: WattHours,
    pub quality: Quality,
}

impl Block {
    pub fn missing(start: Timestamp) -> Self {
        Self { start, import: WattHours::ZERO, export: WattHours::ZERO, quality: Quality::Missing }
    }
}

/// A block as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    pub block: Block,
    pub revision: i64,
    pub source: Source,
}

/// The starts of a slot's blocks, in order.
pub fn block_starts(slot: DeliverySlot) -> [Timestamp; BLOCKS] {
    let mut at = slot.start();
    let mut starts = [at; BLOCKS];
    for start in &mut starts {
        *start = at;
        at = at.saturating_add(BLOCK);
    }
    starts
}

/// Whether a block may start there.
pub fn is_block_start(at: Timestamp) -> bool {
    at.micros().rem_euclid(BLOCK.micros()) == 0
}

/// What a meter saw in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub import: WattHours,
    pub export: WattHours,
    /// Measured when all blocks are, estimated when at least one is.
    pub quality: Quality,
    /// The sum of the blocks' revisions: it moves with every correction.
    pub version: i64,
}

/// Adds up the blocks of a slot. None while one of the four is missing: half an hour is no hour.
pub fn reading(slot: DeliverySlot, blocks: &[Stored]) -> Option<Reading> {
    let mut sum =
        Reading { import: WattHours::ZERO, export: WattHours::ZERO, quality: Quality::Measured, version: 0 };
    for start in block_starts(slot) {
        let stored = blocks.iter().find(|stored| stored.block.start == start)?;
        sum.quality = match (stored.block.quality, sum.quality) {
            (Quality::Missing, _) => return None,
            (Quality::Measured, quality) => quality,
            (Quality::Estimated, _) => Quality::Estimated,
        };
        sum.import = sum.import.checked_add(stored.block.import)?;
        sum.export = sum.export.checked_add(stored.block.export)?;
        sum.version = sum.version.checked_add(stored.revision)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> DeliverySlot {
        DeliverySlot::containing(Timestamp::from_seconds(1_793_520_000))
    }

    fn stored(index: usize, import: i64, quality: Quality) -> Stored {
        let start = block_starts(slot())[index];
        let block = Block { start, import: WattHours::new(import), export: WattHours::new(1), quality };
        Stored { block, revision: 1, source: Source::Csv }
    }

    #[test]
    fn a_slot_is_its_four_blocks_and_nothing_less() {
        let mut blocks: Vec<Stored> = (0..4).map(|i| stored(i, 100, Quality::Measured)).collect();
        let sum = reading(slot(), &blocks).unwrap();
        assert_eq!((sum.import.get(), sum.export.get(), sum.quality), (400, 4, Quality::Measured));
        blocks[2] = stored(2, 100, Quality::Estimated);
        assert_eq!(reading(slot(), &blocks).unwrap().quality, Quality::Estimated);
        blocks[2].block = Block::missing(blocks[2].block.start);
        assert_eq!(reading(slot(), &blocks), None);
        blocks.remove(2);
        assert_eq!(reading(slot(), &blocks), None);
    }
}
