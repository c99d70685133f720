//! Reading by labels: the value stands behind its label, or below a row of labels.

use units::{IstDate, parse_scaled};

use crate::labels;
use crate::months;
use crate::reading::{Found, Period, Reader, Reading};
use crate::text::{Document, Kind, Line, is_word};

/// So far behind its label a value may stand, characters.
const REACH: usize = 40;
/// Below a row of labels only a number this long is one: postal codes are shorter.
const BELOW_MIN: usize = 7;
/// The longest period of a bill, days: two months, and a week of grace.
const PERIOD_MAX: usize = 70;

/// Reads a bill by rules. `discoms` are codes that the caller knows besides the usual ones.
pub fn read(document: &Document, discoms: &[String]) -> Reading {
    let bill_period = period(document);
    let bill_month = months::bill_month(document, bill_period.as_ref().map(|found| found.value));
    Reading {
        discom: discom(document, discoms),
        consumer_number: identifier(document, &labels::CONSUMER),
        meter_number: identifier(document, &labels::METER),
        sanctioned_load_w: load(document),
        months: months::read(document, bill_month),
        bill_period,
        dropped: Vec::new(),
        model: false,
    }
}

pub(crate) fn found<T>(value: T, line: &Line, at: usize, read_by: Reader) -> Found<T> {
    Found { value, line: line.evidence(at), page: line.page, read_by }
}

/// Where the value behind a label may begin: signs, brackets and the same label in another language are passed over.
fn behind(line: &Line, mut at: usize, labels: &[&str]) -> usize {
    loop {
        while line.lower.get(at).is_some_and(|c| !is_word(*c)) {
            at = at.saturating_add(1);
        }
        match labels.iter().find_map(|label| line.label_at(at, label)) {
            Some(end) => at = end,
            None => return at,
        }
    }
}

/// Whether a word that makes the label another one stands directly before it.
fn excluded(line: &Line, at: usize) -> bool {
    let before: String = line.lower.iter().take(at).collect();
    let last = before.split(|c| !is_word(c)).rfind(|word| !word.is_empty()).unwrap_or_default();
    labels::NOT_AFTER.contains(&last)
}

fn identifier(document: &Document, labels: &[&str]) -> Option<Found<String>> {
    labels.iter().find_map(|label| {
        document.lines.iter().enumerate().find_map(|(index, line)| {
            let (start, end) = line.find(0, label)?;
            if excluded(line, start) {
                return None;
            }
            let at = behind(line, end, labels);
            if let Some((value, _)) = line.identifier(at, 4) {
                return Some(found(value, line, start, Reader::Rules));
            }
            below(line, document.lines.get(index.saturating_add(1))?, start, labels)
        })
    })
}

/// The value in the row below a row of labels: the labels of customers and meters take the long numbers there in their
/// order.
fn below(heads: &Line, values: &Line, wanted: usize, labels: &[&str]) -> Option<Found<String>> {
    if heads.page != values.page || !labels::CONSUMER.iter().chain(&labels::METER).any(|l| labels.contains(l))
    {
        return None;
    }
    let (mut at, mut order, mut place) = (0, 0_usize, None);
    while at < heads.lower.len() {
        let known = labels::CONSUMER.iter().chain(&labels::METER);
        let end = known.filter_map(|label| heads.label_at(at, label)).max();
        if at == wanted {
            place = Some(order);
        }
        match end {
            Some(end) => {
                // A label with its value beside it is no head of a column.
                heads.identifier(behind(heads, end, &[]), 4).is_none().then_some(())?;
                (at, order) = (end, order.saturating_add(1));
            }
            None => at = at.saturating_add(1),
        }
    }
    let (mut at, mut numbers) = (0, Vec::new());
    while at < values.lower.len() {
        match values.identifier(at, BELOW_MIN) {
            Some((value, end)) => {
                numbers.push((value, at));
                at = end;
            }
            // The rest of a date is no number.
            None => at = values.past(at),
        }
    }
    if numbers.len() != order {
        return None;
    }
    let (value, at) = numbers.into_iter().nth(place?)?;
    Some(found(value, values, at, Reader::Rules))
}

/// A load in kW or W; kVA and HP are other things.
fn load(document: &Document) -> Option<Found<i64>> {
    labels::LOAD.iter().find_map(|label| {
        document.lines.iter().enumerate().find_map(|(index, line)| {
            let (start, end) = line.find(0, label)?;
            if let Some(watts) = watts_behind(line, end) {
                return Some(found(watts, line, start, Reader::Rules));
            }
            let (below, rest) = (document.lines.get(index.saturating_add(1))?, behind(line, end, &[]));
            // Below its label the number must name its unit, or the label does, and stand alone.
            let unit = line.lower.get(end..).map(|rest| rest.iter().collect::<String>()).unwrap_or_default();
            let alone = below.tokens(0).len() <= 2 && below.page == line.page;
            if !alone || line.number(rest).is_some() {
                return None;
            }
            let (number, stop) = below.number(0)?;
            let watts = watts(&number, &unit_at(below, stop).or_else(|| unit_in(&unit))?)?;
            Some(found(watts, below, 0, Reader::Rules))
        })
    })
}

fn watts_behind(line: &Line, end: usize) -> Option<i64> {
    let stop = line.lower.len().min(end.saturating_add(REACH));
    let (at, (number, after)) = (end..stop).find_map(|at| Some((at, line.number(at)?)))?;
    let between: String = line.lower.get(end..at)?.iter().collect();
    let words: Vec<&str> = between.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    if !words.iter().all(|word| ["kw", "in", "किलोवाट", "w", "watt"].contains(word) || label_word(word))
    {
        return None;
    }
    watts(&number, &unit_at(line, after).or_else(|| unit_in(&between))?)
}

/// Whether it belongs to a label of the load in another language.
fn label_word(word: &str) -> bool {
    labels::LOAD.iter().any(|label| label.starts_with(word) || label.ends_with(word))
}

/// The unit directly behind a number.
pub(crate) fn unit_at(line: &Line, mut at: usize) -> Option<String> {
    while line.lower.get(at).is_some_and(|c| matches!(c, ' ' | '(' | '.')) {
        at = at.saturating_add(1);
    }
    let word: String = line.lower.iter().skip(at).take_while(|c| is_word(**c)).collect();
    let known = ["kw", "w", "watt", "watts", "kilowatt", "किलोवाट", "kva", "hp", "bhp", "mw", "kwp", "kvar"];
    known.contains(&word.as_str()).then_some(word)
}

/// The unit that a label names, when it names one only.
fn unit_in(label: &str) -> Option<String> {
    let words: Vec<&str> = label.split(|c| !is_word(c)).collect();
    let kilo = ["kw", "kilowatt", "किलोवाट"].iter().any(|unit| words.contains(unit));
    let other = ["kva", "hp", "bhp"].iter().any(|unit| words.contains(unit));
    (kilo && !other).then(|| "kw".to_owned())
}

pub(crate) fn watts(number: &str, unit: &str) -> Option<i64> {
    let places = match unit {
        "kw" | "kilowatt" | "किलोवाट" => 3,
        "w" | "watt" | "watts" => 0,
        _ => return None,
    };
    parse_scaled(number, places).ok().filter(|watts| (1..=crate::LOAD_MAX_W).contains(watts))
}

/// Two dates behind the label, or below it.
fn period(document: &Document) -> Option<Found<Period>> {
    labels::PERIOD.iter().find_map(|label| {
        document.lines.iter().enumerate().find_map(|(index, line)| {
            let (start, end) = line.find(0, label)?;
            if let Some(period) = two_dates(line, end) {
                return Some(found(period, line, start, Reader::Rules));
            }
            let below =
                document.lines.get(index.saturating_add(1)).filter(|below| below.page == line.page)?;
            Some(found(two_dates(below, 0)?, below, 0, Reader::Rules))
        })
    })
}

fn two_dates(line: &Line, from: usize) -> Option<Period> {
    let mut dates = line.tokens(from).into_iter().filter_map(|token| match token.kind {
        Kind::Date(date) => Some(date),
        _ => None,
    });
    sound_period(dates.next()?, dates.next()?)
}

/// A period that ends after it began, and soon.
pub(crate) fn sound_period(from: IstDate, to: IstDate) -> Option<Period> {
    let mut day = from;
    for _ in 0..PERIOD_MAX {
        day = day.next();
        if day == to {
            return Some(Period { from, to });
        }
    }
    None
}

/// The first name of a DISCOM, from the top; of two in a line the longer name.
fn discom(document: &Document, codes: &[String]) -> Option<Found<String>> {
    let squeezed = |code: &String| code.to_lowercase().chars().filter(|c| is_word(*c)).collect::<String>();
    let own: Vec<(String, &str)> = codes.iter().map(|code| (squeezed(code), code.as_str())).collect();
    let usual = labels::DISCOMS.iter().map(|(name, code)| ((*name).to_owned(), *code));
    let names: Vec<(String, &str)> =
        own.into_iter().filter(|(name, _)| name.len() >= 4).chain(usual).collect();
    document.lines.iter().find_map(|line| {
        let hits = names.iter().filter_map(|(name, code)| Some((line.find(0, name)?.0, name, *code)));
        let (at, _, code) = hits.max_by_key(|(_, name, _)| name.len())?;
        // The operator's own code for it, when that is the same abbreviation.
        let code = codes.iter().find(|own| own.eq_ignore_ascii_case(code)).map_or(code, String::as_str);
        Some(found(code.to_owned(), line, at, Reader::Rules))
    })
}
