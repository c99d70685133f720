//! One offer in the index, packed.

use units::Timestamp;

use super::intern::index;

/// No start, no audience.
pub(super) const NONE: u32 = u32::MAX;
/// The offer has several of what one number stands for.
pub(super) const MIXED: u32 = 1;
/// The highest price that a slot keeps; it stands for every higher one, too. In 0.0001 INR/kWh.
pub(super) const PRICE_MAX: u32 = (1 << 24) - 1;
const HOUR: i64 = 3_600;

/// So many slots are kept one by one.
const SLOTS_MAX: usize = 127;
/// In [`Entry::slots`]: they follow one another hour by hour, at prices within 16 bits of the lowest.
const NARROW: u8 = 0x80;
const LOW: u32 = 0xFFFF;

/// An offer. `data` holds its slots, the hashes of its keys and the numbers of its words, in this order. A slot is the
/// hour after the first (8 bits) and the price (24 bits); where they are narrow, the lowest price comes first, and then
/// two slots in each number, of which only the price above the lowest is kept.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) shown_until: Timestamp,
    pub(super) catalog: u32,
    pub(super) position: u32,
    /// Where the table of slots begins, in seconds.
    pub(super) start: u32,
    pub(super) kind: u32,
    pub(super) provider: u32,
    pub(super) audience: u32,
    pub(super) first_hour: u32,
    /// How many, and whether they are [`NARROW`].
    pub(super) slots: u8,
    pub(super) keys: u8,
    /// The slots are not all known one by one.
    pub(super) coarse: bool,
    pub(super) live: bool,
    pub(super) data: Box<[u32]>,
}

impl Entry {
    /// Fills in slots (seconds, price), keys and words.
    pub(super) fn pack(mut self, slots: &[(i64, i64)], more: bool, keys: &[u32], words: &[u32]) -> Self {
        self.first_hour = slots.iter().map(|(start, _)| hour(*start)).min().unwrap_or_default();
        let mut kept = Vec::with_capacity(slots.len().min(SLOTS_MAX));
        for (start, price) in slots {
            match u8::try_from(hour(*start).saturating_sub(self.first_hour)) {
                Ok(offset) if kept.len() < SLOTS_MAX => kept.push((offset, clip_price(*price))),
                _ => self.coarse = true,
            }
        }
        self.coarse |= more;
        self.slots = u8::try_from(kept.len()).unwrap_or(u8::MAX);
        let lowest = kept.iter().map(|(_, price)| *price).min().unwrap_or_default();
        let highest = kept.iter().map(|(_, price)| *price).max().unwrap_or_default();
        let in_a_row = kept.iter().zip(0_u8..).all(|((offset, _), place)| *offset == place);
        let mut data = Vec::with_capacity(kept.len().saturating_add(keys.len()).saturating_add(words.len()));
        if in_a_row && kept.len() > 1 && highest.saturating_sub(lowest) <= LOW {
            self.slots |= NARROW;
            data.push(lowest);
            data.extend(kept.chunks(2).map(|pair| {
                let above =
                    |place: usize| pair.get(place).map_or(0, |(_, price)| price.saturating_sub(lowest));
                above(0) | above(1) << 16
            }));
        } else {
            data.extend(kept.iter().map(|(offset, price)| u32::from(*offset) << 24 | price));
        }
        self.keys = u8::try_from(keys.len()).unwrap_or(u8::MAX);
        data.extend(keys.iter().take(usize::from(u8::MAX)));
        data.extend(words);
        self.data = data.into_boxed_slice();
        self
    }

    /// How many slots are kept, and in how many numbers.
    fn kept(&self) -> (usize, usize) {
        let count = usize::from(self.slots & !NARROW);
        let narrow = self.slots & NARROW != 0;
        (count, if narrow { count.div_ceil(2).saturating_add(1) } else { count })
    }

    /// Hour and price of each slot that is kept.
    pub(super) fn slots(&self) -> impl Iterator<Item = (u32, u32)> {
        let narrow = self.slots & NARROW != 0;
        let number = |place: usize| self.data.get(place).copied().unwrap_or_default();
        (0_u32..).take(self.kept().0).map(move |place| {
            let at = index(place);
            if narrow {
                let pair = number(at.div_euclid(2).saturating_add(1));
                let above = if place.is_multiple_of(2) { pair & LOW } else { pair >> 16 };
                (self.first_hour.saturating_add(place), number(0).saturating_add(above))
            } else {
                let slot = number(at);
                (self.first_hour.saturating_add(slot >> 24), slot & PRICE_MAX)
            }
        })
    }

    pub(super) fn keys(&self) -> &[u32] {
        let (from, to) = self.key_range();
        self.data.get(from..to).unwrap_or_default()
    }

    pub(super) fn words(&self) -> &[u32] {
        self.data.get(self.key_range().1..).unwrap_or_default()
    }

    fn key_range(&self) -> (usize, usize) {
        let from = self.kept().1;
        (from, from.saturating_add(usize::from(self.keys)))
    }

    /// The lowest price; 0 when it is not known.
    pub(super) fn lowest(&self) -> u32 {
        let known = self.slots().map(|(_, price)| price).min();
        known.filter(|_| !self.coarse).unwrap_or_default()
    }

    /// Whether a slot that closes after `now` has a price and an hour in these ranges. `gate`: so many seconds
    /// before its start a slot closes.
    pub(super) fn has_slot(&self, prices: (u32, u32), hours: (u32, u32), now: i64, gate: i64) -> bool {
        self.coarse
            || self.slots().any(|(hour, price)| {
                // The hour of India begins within the hour of the count.
                let start = i64::from(hour).saturating_mul(HOUR).saturating_add(HOUR);
                (prices.0..=prices.1).contains(&price)
                    && (hours.0..=hours.1).contains(&hour)
                    && now < start.saturating_sub(gate)
            })
    }

    /// Bytes outside of the entry itself; an allocation costs some more than it holds.
    pub(super) fn bytes(&self) -> usize {
        self.data.len().saturating_mul(4).saturating_add(12)
    }
}

/// The hour of the count since 1970 in which an instant lies.
pub(super) fn hour(seconds: i64) -> u32 {
    clip(seconds.div_euclid(HOUR))
}

/// A number as far as it fits.
pub(super) fn clip(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(NONE).min(NONE - 1)
}

pub(super) fn clip_price(price: i64) -> u32 {
    clip(price).min(PRICE_MAX)
}

/// The entry of that number.
pub(super) fn at(entries: &[Entry], handle: u32) -> Option<&Entry> {
    entries.get(index(handle)).filter(|entry| entry.live)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again() {
        let slots = [(1_800, 50_000), (5_400, 60_000), (3_600 * 300, 1), (9_000, 99_999_999)];
        let entry = Entry::default().pack(&slots, false, &[7, 8, 9], &[1, 2]);
        assert_eq!(entry.slots().collect::<Vec<_>>(), [(0, 50_000), (1, 60_000), (2, PRICE_MAX)]);
        assert_eq!((entry.keys(), entry.words()), (&[7, 8, 9][..], &[1, 2][..]));
        // A slot too far away is not kept, so everything is possible.
        assert!(entry.coarse && entry.lowest() == 0 && entry.has_slot((3, 3), (9, 9), 0, 0));
        let entry = Entry::default().pack(&slots[..2], false, &[], &[]);
        let all = (0, u32::MAX);
        assert_eq!(entry.lowest(), 50_000);
        assert!(entry.has_slot((50_000, 50_000), all, 0, 0) && !entry.has_slot((1, 49_999), all, 0, 0));
        assert!(
            entry.has_slot((60_000, 60_000), (1, 1), 0, 0) && !entry.has_slot((50_000, 50_000), (1, 1), 0, 0)
        );
        // The first closes 900 s before its start.
        assert!(!entry.has_slot((50_000, 50_000), all, 2_700, 900));
        assert!(entry.has_slot((60_000, 60_000), all, 2_700, 900));
        assert!(Entry::default().pack(&[], true, &[], &[]).coarse);
    }

    #[test]
    fn hours_in_a_row_take_half_the_room() {
        let slots = |top: i64| [(1_800, 50_000), (5_400, 50_000 + top), (9_000, 50_001)];
        for (top, words) in [(65_535, 3), (65_536, 3)] {
            let entry = Entry::default().pack(&slots(top), false, &[7, 8], &[1]);
            let high = 50_000 + u32::try_from(top).unwrap();
            assert_eq!(entry.slots().collect::<Vec<_>>(), [(0, 50_000), (1, high), (2, 50_001)]);
            assert_eq!((entry.keys(), entry.words(), entry.kept().1), (&[7, 8][..], &[1][..], words));
            assert_eq!(entry.slots & NARROW != 0, top == 65_535);
        }
    }
}
