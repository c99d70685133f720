//! Dates and months as bills write them: the day before the month, names in English and Hindi.

use units::{IstDate, IstMonth};

/// Names of months; a longer one stands before its beginning.
const NAMES: [(&str, u8); 40] = [
    ("january", 1),
    ("jan", 1),
    ("february", 2),
    ("feb", 2),
    ("march", 3),
    ("mar", 3),
    ("april", 4),
    ("apr", 4),
    ("may", 5),
    ("june", 6),
    ("jun", 6),
    ("july", 7),
    ("jul", 7),
    ("august", 8),
    ("aug", 8),
    ("september", 9),
    ("sept", 9),
    ("sep", 9),
    ("october", 10),
    ("oct", 10),
    ("november", 11),
    ("nov", 11),
    ("december", 12),
    ("dec", 12),
    ("जनवरी", 1),
    ("फरवरी", 2),
    ("मार्च", 3),
    ("अप्रैल", 4),
    ("मई", 5),
    ("जून", 6),
    ("जुलाई", 7),
    ("अगस्त", 8),
    ("सितंबर", 9),
    ("सितम्बर", 9),
    ("अक्टूबर", 10),
    ("अक्तूबर", 10),
    ("नवंबर", 11),
    ("नवम्बर", 11),
    ("दिसंबर", 12),
    ("दिसम्बर", 12),
];

/// What is left to read.
struct Rest<'t> {
    chars: &'t [char],
    at: usize,
}

impl Rest<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// All digits that follow; `None` unless there are so many.
    fn digits(&mut self, lengths: &[usize]) -> Option<u16> {
        let text: String =
            self.chars.iter().skip(self.at).take(5).take_while(|c| c.is_ascii_digit()).collect();
        if !lengths.contains(&text.len()) {
            return None;
        }
        self.at = self.at.saturating_add(text.len());
        text.parse().ok()
    }

    fn one_of(&mut self, wanted: &[char]) -> Option<char> {
        let found = self.peek().filter(|c| wanted.contains(c))?;
        self.at = self.at.saturating_add(1);
        Some(found)
    }

    /// One separator, or a few together, as in `Apr, 2026`.
    fn gap(&mut self, wanted: &[char]) -> bool {
        let start = self.at;
        while self.at.saturating_sub(start) < 3 && self.one_of(wanted).is_some() {}
        self.at > start
    }

    fn name(&mut self) -> Option<u8> {
        let rest = self.chars.get(self.at..)?;
        let (name, month) = NAMES.iter().find(|(name, _)| {
            let mut mine = rest.iter();
            name.chars().all(|c| mine.next() == Some(&c))
        })?;
        self.at = self.at.saturating_add(name.chars().count());
        let goes_on = self.peek().is_some_and(|c| crate::text::is_word(c) && !c.is_ascii_digit());
        (!goes_on).then_some(*month)
    }

    /// Two digits are of this century.
    fn year(&mut self, lengths: &[usize]) -> Option<i32> {
        let year = i32::from(self.digits(lengths)?);
        let year = if year < 100 { year.saturating_add(2_000) } else { year };
        (2_000..2_100).contains(&year).then_some(year)
    }

    /// The length of what was read, unless it goes on.
    fn end(&self) -> Option<usize> {
        let goes_on = self.peek().is_some_and(crate::text::is_word);
        (!goes_on).then_some(self.at)
    }
}

/// A date that the text begins with, and its length: `01/04/2026`, `1-4-26`, `01.04.2026`, `01-Apr-2026`, `1 April 2026`,
/// `2026-04-01`.
pub(crate) fn date(text: &[char]) -> Option<(IstDate, usize)> {
    let begin = || Rest { chars: text, at: 0 };
    let numeric = || {
        let mut rest = begin();
        let day = rest.digits(&[1, 2])?;
        let sign = rest.one_of(&['/', '-', '.'])?;
        let month = rest.digits(&[1, 2])?;
        rest.one_of(&[sign])?;
        Some((rest.year(&[2, 4])?, month, day, rest.end()?))
    };
    let named = || {
        let mut rest = begin();
        let day = rest.digits(&[1, 2])?;
        rest.gap(&['-', ' ', '/', '.']);
        let month = u16::from(rest.name()?);
        if !rest.gap(&['-', ' ', '/', '.', ',', '\'']) {
            return None;
        }
        Some((rest.year(&[2, 4])?, month, day, rest.end()?))
    };
    let iso = || {
        let mut rest = begin();
        let year = rest.year(&[4])?;
        rest.one_of(&['-'])?;
        let month = rest.digits(&[2])?;
        rest.one_of(&['-'])?;
        Some((year, month, rest.digits(&[2])?, rest.end()?))
    };
    let (year, month, day, end) = numeric().or_else(named).or_else(iso)?;
    Some((IstDate::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?).ok()?, end))
}

/// A month that the text begins with, and its length: `Apr-2026`, `April 2026`, `APR'26`, `04/2026`, `2026-04`. `Apr 26` is
/// none: it may be twenty-six units of April.
pub(crate) fn month(text: &[char]) -> Option<(IstMonth, usize)> {
    let begin = || Rest { chars: text, at: 0 };
    let named = || {
        let mut rest = begin();
        let month = rest.name()?;
        let gap = rest.at;
        if !rest.gap(&['-', ' ', '/', '.', ',', '\'']) {
            return None;
        }
        let spaces = text.get(gap..rest.at).is_some_and(|gap| gap.iter().all(|c| *c == ' '));
        let lengths: &[usize] = if spaces { &[4] } else { &[2, 4] };
        Some((rest.year(lengths)?, month, rest.end()?))
    };
    let numeric = || {
        let mut rest = begin();
        let month = rest.digits(&[1, 2])?;
        rest.one_of(&['/', '-'])?;
        Some((rest.year(&[4])?, u8::try_from(month).ok()?, rest.end()?))
    };
    let iso = || {
        let mut rest = begin();
        let year = rest.year(&[4])?;
        rest.one_of(&['-'])?;
        Some((year, u8::try_from(rest.digits(&[2])?).ok()?, rest.end()?))
    };
    let (year, month, end) = named().or_else(numeric).or_else(iso)?;
    Some((IstMonth::new(year, month).ok()?, end))
}
