//! A sorted set in blocks: one element costs its own size and little more, and inserting costs the same
//! however many there are.

/// Elements of a full block.
const BLOCK: usize = 512;
/// By so many elements a block grows.
const STEP: usize = 16;

/// A sorted set of small values.
#[derive(Debug)]
pub(super) struct Sorted<T> {
    blocks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }
}

impl<T: Copy + Ord> Sorted<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// False when it was there.
    pub(super) fn insert(&mut self, item: T) -> bool {
        let at = self.block_of(&item).min(self.blocks.len().saturating_sub(1));
        let Some(block) = self.blocks.get_mut(at) else {
            self.blocks.push(vec![item]);
            self.len = self.len.saturating_add(1);
            return true;
        };
        let Err(place) = block.binary_search(&item) else { return false };
        self.len = self.len.saturating_add(1);
        if block.len() < BLOCK {
            if block.len() == block.capacity() {
                block.reserve_exact(STEP);
            }
            block.insert(place, item);
            return true;
        }
        // Behind a full block begins a new one, so that rising values leave full blocks.
        let cut = if place == block.len() { place } else { BLOCK / 2 };
        let mut behind = block.split_off(cut);
        block.shrink_to_fit();
        let half = block.len();
        if place >= half {
            behind.insert(place.saturating_sub(half), item);
        } else {
            block.insert(place, item);
        }
        self.blocks.insert(at.saturating_add(1), behind);
        true
    }

    /// False when it was not there.
    pub(super) fn remove(&mut self, item: &T) -> bool {
        let at = self.block_of(item);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        let Ok(place) = block.binary_search(item) else { return false };
        block.remove(place);
        self.len = self.len.saturating_sub(1);
        if block.is_empty() {
            self.blocks.remove(at);
        } else if block.capacity() > block.len().saturating_mul(2).saturating_add(STEP) {
            block.shrink_to_fit();
        }
        true
    }

    /// From `from` to `to`, both included, rising.
    pub(super) fn range(&self, from: T, to: T) -> impl Iterator<Item = T> {
        let blocks = self.blocks.get(self.block_of(&from)..).unwrap_or_default();
        let skip = blocks.first().map_or(0, |block| block.partition_point(|item| *item < from));
        blocks.iter().flatten().skip(skip).copied().take_while(move |item| *item <= to)
    }

    /// How many lie from `from` to `to`, both included.
    pub(super) fn count(&self, from: T, to: T) -> usize {
        if from > to {
            return 0;
        }
        let mut count = 0_usize;
        for block in self.blocks.get(self.block_of(&from)..).unwrap_or_default() {
            if block.first() >= Some(&from) && block.last() <= Some(&to) {
                count = count.saturating_add(block.len());
                continue;
            }
            let low = block.partition_point(|item| *item < from);
            let high = block.partition_point(|item| *item <= to);
            count = count.saturating_add(high.saturating_sub(low));
            if high < block.len() {
                break;
            }
        }
        count
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = T> {
        self.blocks.iter().flatten().copied()
    }

    /// Fills the blocks, after much was inserted.
    pub(super) fn compact(&mut self) {
        let items: Vec<T> = self.iter().collect();
        self.blocks = items.chunks(BLOCK).map(<[T]>::to_vec).collect();
    }

    /// Bytes of memory behind it.
    pub(super) fn bytes(&self) -> usize {
        let held: usize = self.blocks.iter().map(Vec::capacity).sum();
        let blocks = self.blocks.capacity().saturating_mul(size_of::<Vec<T>>());
        held.saturating_mul(size_of::<T>()).saturating_add(blocks)
    }

    /// The first block whose last element is not before `item`.
    fn block_of(&self, item: &T) -> usize {
        self.blocks.partition_point(|block| block.last().is_some_and(|last| last < item))
    }
}

/// Two numbers as one that sorts by the first.
pub(super) fn pair(first: u32, second: u32) -> u64 {
    u64::from(first) << 32 | u64::from(second)
}

/// The second number of a pair.
pub(super) fn second(pair: u64) -> u32 {
    u32::try_from(pair & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_agrees_with_a_set_of_the_library() {
        let (mut sorted, mut set, mut state) = (Sorted::default(), BTreeSet::new(), 7_u32);
        for round in 0..40_000_u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let item = (state >> 8) % 9_000;
            if round % 3 == 2 {
                assert_eq!(sorted.remove(&item), set.remove(&item));
            } else {
                assert_eq!(sorted.insert(item), set.insert(item));
            }
            if round == 20_000 {
                sorted.compact();
            }
        }
        assert_eq!(sorted.len(), set.len());
        assert!(sorted.iter().eq(set.iter().copied()));
        for (from, to) in [(0, 9_000), (100, 100), (2_500, 7_000), (8_999, 9_500), (5, 4)] {
            if from <= to {
                assert!(sorted.range(from, to).eq(set.range(from..=to).copied()), "{from} {to}");
            }
            assert_eq!(sorted.count(from, to), set.iter().filter(|i| (from..=to).contains(*i)).count());
        }
        for item in set {
            assert!(sorted.remove(&item));
        }
        assert!(sorted.is_empty() && sorted.bytes() < 1_000);
    }

    #[test]
    fn rising_values_fill_their_blocks() {
        let mut sorted = Sorted::default();
        for item in 0..100_000_u64 {
            sorted.insert(item);
        }
        assert!(sorted.bytes() < 100_000 * 9, "{}", sorted.bytes());
    }

    #[test]
    fn pairs_sort_by_their_first_number() {
        assert!(pair(1, u32::MAX) < pair(2, 0));
        assert_eq!(second(pair(7, 9)), 9);
    }
}
