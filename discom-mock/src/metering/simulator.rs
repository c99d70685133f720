//! Meters that nobody uploads for: a panel under the clouds and a household behind it (pure, ruling 30).
//!
//! Everything follows from the seed, the meter and the time: the same configuration gives the same blocks on
//! every machine and in every order. What was contracted for the slot decides whether the delivery succeeds:
//! one draw per meter and slot. A success raises the reading to at least the contracted energy; otherwise it
//! is cut to a drawn share of it, which may be nothing.

use sha2::{Digest, Sha256};
use units::{DeliverySlot, NumberError, WattHours, parse_scaled};

use super::model::{BLOCKS, Block, Quality, block_starts};
use super::outage::{self, Outage};
use super::sun::{self, ONE};

/// Of a household's sanctioned load, by hour of the day in India, in thousandths.
const LOAD: [i64; 24] = [
    110, 100, 95, 95, 100, 130, 190, 230, 210, 170, 150, 150, 160, 160, 150, 150, 170, 220, 300, 340, 330,
    280, 200, 140,
];

/// A household of which nothing is known, in W.
const LOAD_UNKNOWN: i64 = 3_000;

/// What a clean panel makes of the sun, in thousandths of its rated power.
const PANEL: i64 = 850;

/// Of the deliveries that fail, so many in a million deliver nothing at all.
const NOTHING: u64 = 250_000;

/// How the simulated meters behave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulator {
    pub seed: u64,
    /// North, hundredths of a degree.
    pub latitude: i64,
    /// East, hundredths of a degree.
    pub longitude: i64,
    /// Deliveries of a seller's meter that succeed, in millionths.
    pub seller_success: u64,
    /// Deliveries of which a buyer's meter draws all, in millionths.
    pub buyer_success: u64,
    /// Hours in which the grid fails a meter that has something to deliver or to draw, in millionths.
    pub outage_rate: u64,
}

impl Default for Simulator {
    /// Delhi; 85 of 100 deliveries succeed, and buyers draw what they bought.
    fn default() -> Self {
        Self {
            seed: 1,
            latitude: 2_860,
            longitude: 7_720,
            seller_success: 850_000,
            buyer_success: 1_000_000,
            outage_rate: 0,
        }
    }
}

/// Reads a rate such as `0.85` exactly, into millionths.
///
/// # Errors
/// Not a decimal number of at most six places, or not between 0 and 1.
pub fn rate(text: &str) -> Result<u64, NumberError> {
    let millionths = parse_scaled(text, 6)?;
    match u64::try_from(millionths) {
        Ok(rate) if rate <= 1_000_000 => Ok(rate),
        _ => Err(NumberError::OutOfRange),
    }
}

/// What is installed behind a meter, in W.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    pub capacity: i64,
    pub load: Option<i64>,
}

/// What a meter has to deliver and to draw in a slot by its contracts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contracted {
    pub sold: WattHours,
    pub bought: WattHours,
}

impl Simulator {
    /// The four blocks of a slot. `meter` is normalized.
    pub fn blocks(
        &self,
        meter: &str,
        installed: Installed,
        contracted: Contracted,
        slot: DeliverySlot,
    ) -> [Block; BLOCKS] {
        let mut blocks = block_starts(slot).map(|start| self.block(meter, installed, start, slot.ist_hour()));
        let sold = self.delivered(meter, "sold", contracted.sold, self.seller_success, slot);
        let bought = self.delivered(meter, "bought", contracted.bought, self.buyer_success, slot);
        if let Some(target) = sold {
            settle(&mut blocks, target, |block| &mut block.export);
        }
        if let Some(target) = bought {
            settle(&mut blocks, target, |block| &mut block.import);
        }
        blocks
    }

    /// What the grid does to a meter in a slot: one draw, in half of the cases a curtailment.
    pub fn outage(&self, meter: &str, slot: DeliverySlot) -> Option<Outage> {
        let at = slot.start().micros();
        if self.hash("outage", meter, at) % outage::ONE >= self.outage_rate {
            return None;
        }
        if self.hash("kind of outage", meter, at).is_multiple_of(2) {
            return Some(Outage::TOTAL);
        }
        let share = self.hash("curtailment", meter, at) % outage::ONE;
        Some(Outage { kind: outage::Kind::Curtailment, share })
    }

    /// What the household and its panel do without any contract.
    fn block(&self, meter: &str, installed: Installed, start: units::Timestamp, hour: u8) -> Block {
        let micros = start.micros();
        let middle = start.saturating_add(units::Span::from_secs(450));
        let sun = sun::height(self.latitude, self.longitude, middle);
        // A day has its weather, and each quarter of an hour its clouds.
        let day = units::IstDate::of(start).first_slot().start().micros();
        let weather = 550_000 + self.draw("weather", "", day, 450_001);
        let cloud = 850_000 + self.draw("cloud", "", micros, 150_001);
        let capacity = i128::from(installed.capacity.clamp(0, 1_000_000_000));
        let (one, sky) = (i128::from(ONE), i128::from(sun) * i128::from(weather) * i128::from(cloud));
        let made = capacity * i128::from(PANEL) * sky / 1_000 / one / one / one / 4;
        let load = i128::from(installed.load.unwrap_or(LOAD_UNKNOWN).clamp(0, 1_000_000_000));
        let share = LOAD.get(usize::from(hour)).copied().unwrap_or(150);
        let mood = 700_000 + self.draw("load", meter, micros, 600_001);
        let used = load * i128::from(share) * i128::from(mood) / 1_000 / one / 4;
        let energy = |wh: i128| WattHours::new(i64::try_from(wh.max(0)).unwrap_or(i64::MAX));
        Block { start, import: energy(used - made), export: energy(made - used), quality: Quality::Measured }
    }

    /// What the draw makes of a contracted quantity: at least all of it, or exactly a share. None without a
    /// contract.
    fn delivered(
        &self,
        meter: &str,
        what: &str,
        contracted: WattHours,
        success: u64,
        slot: DeliverySlot,
    ) -> Option<Target> {
        if contracted <= WattHours::ZERO {
            return None;
        }
        let at = slot.start().micros();
        if self.hash(what, meter, at) % 1_000_000 < success {
            return Some(Target::AtLeast(contracted));
        }
        if self.hash("nothing", meter, at) % 1_000_000 < NOTHING {
            return Some(Target::Exactly(WattHours::ZERO));
        }
        let share = i128::from(50_000 + self.draw("share", meter, at, 900_000));
        let part = i128::from(contracted.get()) * share / i128::from(ONE);
        Some(Target::Exactly(WattHours::new(i64::try_from(part).unwrap_or(0))))
    }

    /// A number below `bound`, which is above zero.
    fn draw(&self, what: &str, meter: &str, at: i64, bound: u64) -> i64 {
        i64::try_from(self.hash(what, meter, at).checked_rem(bound).unwrap_or(0)).unwrap_or(0)
    }

    fn hash(&self, what: &str, meter: &str, at: i64) -> u64 {
        let mut hash = Sha256::new();
        for part in [what.as_bytes(), meter.as_bytes()] {
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        hash.update(self.seed.to_be_bytes());
        hash.update(at.to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        u64::from_be_bytes(first)
    }
}

#[derive(Clone, Copy)]
enum Target {
    AtLeast(WattHours),
    Exactly(WattHours),
}

/// Brings one direction of the blocks to the target: a lack is spread evenly, a cut replaces what was there.
fn settle(blocks: &mut [Block; BLOCKS], target: Target, energy: impl Fn(&mut Block) -> &mut WattHours) {
    let total: i64 = blocks.iter_mut().map(|block| energy(block).get()).sum();
    let missing = match target {
        Target::AtLeast(wanted) if wanted.get() <= total => return,
        Target::AtLeast(wanted) => wanted.get() - total,
        Target::Exactly(wanted) => {
            for block in blocks.iter_mut() {
                *energy(block) = WattHours::ZERO;
            }
            wanted.get()
        }
    };
    let mut places = 4;
    let mut left = missing;
    for block in blocks.iter_mut() {
        let share = left / places;
        let place = energy(block);
        *place = place.checked_add(WattHours::new(share)).unwrap_or(WattHours::MAX);
        left -= share;
        places -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::{IstDate, Span};

    fn noon() -> DeliverySlot {
        IstDate::new(2026, 5, 14).unwrap().slots()[12]
    }

    fn sum(blocks: &[Block; BLOCKS]) -> (i64, i64) {
        (blocks.iter().map(|b| b.import.get()).sum(), blocks.iter().map(|b| b.export.get()).sum())
    }

    const FIVE_KW: Installed = Installed { capacity: 5_000, load: Some(2_000) };

    #[test]
    fn rates_are_exact_decimals() {
        assert_eq!(
            (rate("0.85"), rate("1"), rate("0"), rate("8.5e-1")),
            (Ok(850_000), Ok(1_000_000), Ok(0), Ok(850_000))
        );
        assert!(rate("1.000001").is_err() && rate("-0.1").is_err() && rate("0.8500001").is_err());
    }

    #[test]
    fn panels_work_by_day_and_households_all_day() {
        let simulator = Simulator::default();
        let (import, export) = sum(&simulator.blocks("m", FIVE_KW, Contracted::default(), noon()));
        assert!((1_000..=4_250).contains(&export) && import == 0, "{import} {export}");
        let midnight = IstDate::new(2026, 5, 14).unwrap().slots()[0];
        let (import, export) = sum(&simulator.blocks("m", FIVE_KW, Contracted::default(), midnight));
        assert!((100..=300).contains(&import) && export == 0, "{import} {export}");
    }

    #[test]
    fn the_same_seed_gives_the_same_blocks_and_another_one_others() {
        let one = Simulator::default();
        let blocks = |simulator: &Simulator, meter| {
            simulator.blocks(
                meter,
                FIVE_KW,
                Contracted { sold: WattHours::new(900), bought: WattHours::ZERO },
                noon(),
            )
        };
        assert_eq!(blocks(&one, "m"), blocks(&one.clone(), "m"));
        assert_ne!(blocks(&one, "m"), blocks(&Simulator { seed: 2, ..one.clone() }, "m"));
        // A number that must never change, on any machine.
        assert_eq!(one.hash("sold", "test_meter", 0), one.hash("sold", "test_meter", 0));
        assert_ne!(one.hash("sold", "ab", 0), one.hash("solda", "b", 0));
    }

    #[test]
    fn deliveries_succeed_as_often_as_configured() {
        let simulator = Simulator::default();
        let contracted = Contracted { sold: WattHours::new(8_000), bought: WattHours::ZERO };
        let (mut full, mut part, mut none) = (0, 0, 0);
        let mut slot = noon();
        for _ in 0..2_000 {
            let (_, export) = sum(&simulator.blocks("m", FIVE_KW, contracted, slot));
            match export {
                0 => none += 1,
                1..8_000 => part += 1,
                _ => full += 1,
            }
            slot = DeliverySlot::containing(slot.start().saturating_add(Span::from_hours(1)));
        }
        assert!((1_640..=1_760).contains(&full), "{full}");
        assert!(none > 20 && part > 100, "{none} {part}");
        let all = Simulator { seller_success: 1_000_000, ..simulator.clone() };
        let never = Simulator { seller_success: 0, ..simulator };
        assert!(sum(&all.blocks("m", FIVE_KW, contracted, noon())).1 >= 8_000);
        assert!(sum(&never.blocks("m", FIVE_KW, contracted, noon())).1 < 8_000);
    }

    #[test]
    fn the_grid_fails_as_often_as_configured() {
        let simulator = Simulator { outage_rate: 250_000, ..Simulator::default() };
        let mut slot = noon();
        let mut drawn = Vec::new();
        for _ in 0..2_000 {
            drawn.extend(simulator.outage("m", slot));
            slot = slot.next();
        }
        assert!((430..=570).contains(&drawn.len()), "{}", drawn.len());
        let total = drawn.iter().filter(|outage| **outage == Outage::TOTAL).count();
        assert!((180..=320).contains(&total), "{total}");
        assert_eq!(Simulator::default().outage("m", noon()), None);
    }

    #[test]
    fn what_is_spread_over_the_blocks_adds_up() {
        let zero = Block { quality: Quality::Measured, ..Block::missing(noon().start()) };
        for wanted in [0, 1, 2, 3, 5, 9_999] {
            let mut blocks = [zero; BLOCKS];
            settle(&mut blocks, Target::AtLeast(WattHours::new(wanted)), |block| &mut block.export);
            assert_eq!(sum(&blocks), (0, wanted));
            settle(&mut blocks, Target::Exactly(WattHours::new(7)), |block| &mut block.export);
            assert_eq!(sum(&blocks), (0, 7));
        }
    }
}
