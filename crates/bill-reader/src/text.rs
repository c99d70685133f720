//! The text of a bill as lines of plain characters, and how words, labels and numbers are found in them.
//!
//! PDFs put spaces where nobody typed them and dots where nobody expects them: labels are compared letter by letter, with
//! the gaps in between passed over. All work is linear in the text, and the text is bounded.

use units::{IstDate, IstMonth, parse_scaled};

use crate::dates;

/// Characters of a document that are looked at.
const TEXT_MAX: usize = 200_000;
const LINES_MAX: usize = 5_000;
/// Longer lines go on in the next one.
const LINE_MAX: usize = 500;
/// Characters of a line that is shown as evidence.
const EVIDENCE_MAX: usize = 200;
/// Gaps between two letters of a label, or of a number in groups.
const GAPS_MAX: usize = 3;

/// One line.
pub(crate) struct Line {
    /// From 1.
    pub page: u32,
    /// Cleaned: single spaces, digits of our own.
    pub chars: Vec<char>,
    /// The same in lower case, character by character.
    pub lower: Vec<char>,
}

/// The lines of a bill, without empty ones.
pub struct Document {
    pub(crate) lines: Vec<Line>,
}

impl Document {
    /// Cleans the text of the pages; what is beyond 200,000 characters or 5,000 lines is not looked at.
    pub fn new(pages: &[String]) -> Self {
        let mut lines = Vec::new();
        let mut left = TEXT_MAX;
        for (page, text) in (1_u32..).zip(pages) {
            for line in text.lines() {
                let chars = clean(line, left);
                left = left.saturating_sub(chars.len());
                for part in chars.chunks(LINE_MAX) {
                    if lines.len() < LINES_MAX {
                        let lower = part.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
                        lines.push(Line { page, chars: part.to_vec(), lower });
                    }
                }
            }
        }
        Self { lines }
    }

    /// Whether there is no letter and no digit: a scan, or nothing.
    pub fn is_empty(&self) -> bool {
        !self.lines.iter().any(|line| line.chars.iter().any(|c| is_word(*c)))
    }
}

/// Single spaces, plain dashes and digits, nothing invisible.
fn clean(line: &str, most: usize) -> Vec<char> {
    let mut chars: Vec<char> = Vec::new();
    for c in line.chars() {
        let c = match c {
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}' => {
                continue;
            }
            c if c.is_whitespace() || c.is_control() => ' ',
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{966}'..='\u{96f}' => shifted(c, 0x966, '0'),
            '\u{ff01}'..='\u{ff5e}' => shifted(c, 0xff01, '!'),
            c => c,
        };
        if chars.len() >= most {
            break;
        }
        if c != ' ' || chars.last().is_some_and(|last| *last != ' ') {
            chars.push(c);
        }
    }
    if chars.last() == Some(&' ') {
        chars.pop();
    }
    chars
}

fn shifted(c: char, from: u32, to: char) -> char {
    let place = u32::from(c).saturating_sub(from).saturating_add(u32::from(to));
    char::from_u32(place).unwrap_or(c)
}

/// Letters, digits, and the marks of Indian scripts that are no letters by themselves.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || (('\u{900}'..='\u{97f}').contains(&c) && !('\u{964}'..='\u{965}').contains(&c))
}

/// Whether a text may be the number of a customer or a meter: four digits, or something long that is no word.
pub(crate) fn is_numberlike(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 4 || (text.len() >= 8 && (digits >= 1 || text.contains('_')))
}

fn is_gap(c: char) -> bool {
    !is_word(c)
}

/// A token of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Date(IstDate),
    Month(IstMonth),
    /// Without its commas.
    Number(String),
    Word(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub end: usize,
    pub kind: Kind,
}

impl Line {
    /// The line as it is shown, cut around the place.
    pub(crate) fn evidence(&self, at: usize) -> String {
        let start = if self.chars.len() <= EVIDENCE_MAX { 0 } else { at.saturating_sub(EVIDENCE_MAX / 2) };
        self.chars.iter().skip(start).take(EVIDENCE_MAX).collect::<String>().trim().to_owned()
    }

    pub(crate) fn slice(&self, at: usize, end: usize) -> String {
        self.chars.get(at..end).unwrap_or_default().iter().collect()
    }

    /// Where a word begins at that place.
    pub(crate) fn starts(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.lower.get(before));
        self.lower.get(at).is_some_and(|c| is_word(*c)) && before.is_none_or(|c| is_gap(*c))
    }

    /// Where a label ends that begins exactly there; `label` is in lower case, without any gap.
    pub(crate) fn label_at(&self, at: usize, label: &str) -> Option<usize> {
        if !self.starts(at) {
            return None;
        }
        let mut place = at;
        for (index, wanted) in label.chars().enumerate() {
            let mut gaps = 0;
            while index > 0 && gaps < GAPS_MAX && self.lower.get(place).is_some_and(|c| is_gap(*c)) {
                place = place.saturating_add(1);
                gaps = gaps.saturating_add(1);
            }
            if self.lower.get(place) != Some(&wanted) {
                return None;
            }
            place = place.saturating_add(1);
        }
        let goes_on = self.lower.get(place).is_some_and(|c| is_word(*c) && !c.is_numeric());
        (!goes_on).then_some(place)
    }

    /// The first place of a label from `from` on.
    pub(crate) fn find(&self, from: usize, label: &str) -> Option<(usize, usize)> {
        (from..self.lower.len()).find_map(|at| Some((at, self.label_at(at, label)?)))
    }

    /// Dates, months, numbers and words from `from` on.
    pub(crate) fn tokens(&self, from: usize) -> Vec<Token> {
        let (mut tokens, mut at) = (Vec::new(), from);
        while at < self.lower.len() {
            if self.lower.get(at).is_some_and(|c| is_word(*c)) {
                let (kind, end) = self.token(at);
                tokens.push(Token { end, kind });
            }
            at = self.past(at);
        }
        tokens
    }

    /// The place behind whatever stands there.
    pub(crate) fn past(&self, at: usize) -> usize {
        let end = if self.lower.get(at).is_some_and(|c| is_word(*c)) { self.token(at).1 } else { at };
        end.max(at.saturating_add(1))
    }

    fn token(&self, at: usize) -> (Kind, usize) {
        let rest = self.lower.get(at..).unwrap_or_default();
        let back = |steps| at.checked_sub(steps).and_then(|place| self.lower.get(place).copied());
        // The end of something longer, as of a day that does not exist, is no month.
        let joined = matches!(back(1), Some('-' | '/' | '.')) && back(2).is_some_and(is_word);
        if let Some((date, length)) = dates::date(rest) {
            return (Kind::Date(date), at.saturating_add(length));
        }
        if let Some((month, length)) = dates::month(rest).filter(|_| !joined) {
            return (Kind::Month(month), at.saturating_add(length));
        }
        if let Some((number, end)) = self.number(at) {
            return (Kind::Number(number), end);
        }
        let length = rest.iter().take_while(|c| is_word(**c)).count();
        (Kind::Word(rest.iter().take(length).collect()), at.saturating_add(length))
    }

    /// A number that begins there, as `1,234.50`: its plain text, and where it ends. One that belongs to something
    /// longer, as `12/04` or `12-A`, is none.
    pub(crate) fn number(&self, at: usize) -> Option<(String, usize)> {
        let before = at.checked_sub(1).and_then(|before| self.lower.get(before).copied());
        if before.is_some_and(|c| is_word(c) || matches!(c, '.' | ',' | '/')) {
            return None;
        }
        // A minus is a sign when nothing stands before it: generation that was fed in, which no bill counts here.
        let sign = at.checked_sub(2).map(|place| self.lower.get(place).copied().unwrap_or(' '));
        if before == Some('-') && sign.is_none_or(|c| c == ' ') {
            return None;
        }
        let body: String =
            self.lower.iter().skip(at).take_while(|c| c.is_ascii_digit() || matches!(c, ',' | '.')).collect();
        let body = body.trim_end_matches([',', '.']);
        let end = at.saturating_add(body.len());
        let after = (self.lower.get(end).copied(), self.lower.get(end.saturating_add(1)).copied());
        let joined = match after {
            (Some('/' | '-' | '_'), Some(next)) => is_word(next),
            _ => false,
        };
        (!joined).then(|| Some((plain(body)?, end)))?
    }

    /// A number of a customer or a meter that begins there: letters and digits ([`is_numberlike`]).
    pub(crate) fn identifier(&self, at: usize, shortest: usize) -> Option<(String, usize)> {
        if !self.starts(at) || matches!(self.token(at).0, Kind::Date(_) | Kind::Month(_)) {
            return None;
        }
        let (mut text, mut end) = self.run(at);
        let all = |text: &str, of: fn(&char) -> bool| text.chars().all(|c| of(&c));
        let next = |end: usize| self.lower.get(end).filter(|c| **c == ' ').map(|_| end.saturating_add(1));
        if text.len() <= 4 && all(&text, char::is_ascii_uppercase) {
            // The maker's letters before the number.
            let (more, stop) = self.run(next(end)?);
            (text, end) = (text + &more, stop);
        } else if text.len() <= 4 && all(&text, char::is_ascii_digit) {
            while let Some(start) = next(end) {
                let (more, stop) = self.run(start);
                if !(2..=4).contains(&more.len()) || !all(&more, char::is_ascii_digit) || text.len() > 12 {
                    break;
                }
                (text, end) = (text + &more, stop);
            }
        }
        let masked = text.to_ascii_lowercase().contains("xxx") || self.chars.get(end) == Some(&'*');
        let fraction = self.chars.get(end) == Some(&'.')
            && self.chars.get(end.saturating_add(1)).is_some_and(char::is_ascii_digit);
        let sound = is_numberlike(&text) && (shortest..=32).contains(&text.len()) && !masked && !fraction;
        sound.then_some((text, end))
    }

    /// Letters and digits in one piece, with dashes, slashes and underscores between them.
    fn run(&self, at: usize) -> (String, usize) {
        let mut end = at;
        while let Some(c) = self.chars.get(end) {
            let joins = matches!(c, '-' | '/' | '_')
                && self.chars.get(end.saturating_add(1)).is_some_and(char::is_ascii_alphanumeric);
            if !(c.is_ascii_alphanumeric() || joins && end > at) {
                break;
            }
            end = end.saturating_add(1);
        }
        (self.chars.get(at..end).unwrap_or_default().iter().collect(), end)
    }
}

/// Takes the commas out of a number: groups of three, or of two and three as in India.
fn plain(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let groups: Vec<&str> = whole.split(',').collect();
    let last = groups.len().saturating_sub(1);
    let sound = groups.len() == 1
        || groups.iter().enumerate().all(|(index, group)| match index {
            0 => (1..=3).contains(&group.len()),
            index if index == last => group.len() == 3,
            _ => (2..=3).contains(&group.len()),
        });
    let number =
        if fraction.is_empty() { groups.concat() } else { format!("{}.{fraction}", groups.concat()) };
    (sound && parse_scaled(&number, 6).is_ok()).then_some(number)
}
