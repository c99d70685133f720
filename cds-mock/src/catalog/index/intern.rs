//! Texts that occur many times, each kept once under a number, for as long as somebody uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Numbers of texts. A number is used again after its text is forgotten.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: BTreeMap<Arc<str>, u32>,
    texts: Vec<Option<(Arc<str>, u32)>>,
    free: Vec<u32>,
}

impl Interner {
    /// The number of a text, used once more.
    pub(super) fn take(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text).copied() {
            if let Some(Some((_, users))) = self.texts.get_mut(index(number)) {
                *users = users.saturating_add(1);
            }
            return number;
        }
        let text: Arc<str> = text.into();
        let entry = Some((Arc::clone(&text), 1));
        let number = match self.free.pop() {
            Some(number) => {
                if let Some(place) = self.texts.get_mut(index(number)) {
                    *place = entry;
                }
                number
            }
            None => {
                self.texts.push(entry);
                u32::try_from(self.texts.len().saturating_sub(1)).unwrap_or(u32::MAX)
            }
        };
        self.numbers.insert(text, number);
        number
    }

    /// Ends one use; with the last one the text is forgotten.
    pub(super) fn give_back(&mut self, number: u32) {
        let Some(place) = self.texts.get_mut(index(number)) else { return };
        let Some((text, users)) = place else { return };
        *users = users.saturating_sub(1);
        if *users == 0 {
            self.numbers.remove(text);
            *place = None;
            self.free.push(number);
        }
    }

    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(index(number))?.as_ref().map(|(text, _)| &**text)
    }

    /// The numbers of the texts that begin so.
    pub(super) fn beginning<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = u32> + 'a {
        let from = (std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded);
        let found = self.numbers.range::<str, _>(from);
        found.take_while(move |(text, _)| text.starts_with(prefix)).map(|(_, number)| *number)
    }

    /// Bytes of memory behind it, the texts included.
    pub(super) fn bytes(&self) -> usize {
        // A tree of this kind is two thirds full; a shared text has two counters.
        let entry = size_of::<(Arc<str>, u32)>().saturating_mul(3) / 2;
        let texts: usize = self.numbers.keys().map(|text| text.len().saturating_add(32 + entry)).sum();
        let places = self.texts.capacity().saturating_mul(size_of::<Option<(Arc<str>, u32)>>());
        texts.saturating_add(places).saturating_add(self.free.capacity().saturating_mul(4))
    }
}

pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_lives_as_long_as_it_is_used() {
        let mut interner = Interner::default();
        let (sun, roof) = (interner.take("sun"), interner.take("roof"));
        assert_eq!(interner.take("sun"), sun);
        interner.give_back(sun);
        assert_eq!((interner.text(sun), interner.text(roof)), (Some("sun"), Some("roof")));
        interner.give_back(sun);
        assert_eq!(interner.text(sun), None);
        assert_eq!(interner.take("sunny"), sun);
        assert_eq!(interner.beginning("su").collect::<Vec<_>>(), [sun]);
        assert_eq!(interner.beginning("").count(), 2);
        assert_eq!(interner.beginning("x").count(), 0);
    }
}
