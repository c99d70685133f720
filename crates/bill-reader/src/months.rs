//! Units by month: of this bill, and of the months before it in a table.
//!
//! A table is believed as far as its heading says which of its numbers are units; where a row has several numbers and no
//! heading tells them apart, the row is passed over.

use units::{IstMonth, WattHours};

use crate::labels;
use crate::reading::{Found, MonthUnits, Period, Reader};
use crate::rules::found;
use crate::text::{Document, Kind, Line, is_word};

/// So far behind its label the number of units may stand, tokens.
const REACH: usize = 4;
/// A bill of more days is of no single month.
const MONTH_DAYS: usize = 45;

/// The month that a bill is for: as it says, or the one in which most of its days lie.
pub(crate) fn bill_month(document: &Document, period: Option<Period>) -> Option<IstMonth> {
    let said = labels::BILL_MONTH.iter().find_map(|label| {
        document.lines.iter().find_map(|line| {
            let (_, end) = line.find(0, label)?;
            line.tokens(end).into_iter().take(2).find_map(|token| match token.kind {
                Kind::Month(month) => Some(month),
                _ => None,
            })
        })
    });
    said.or_else(|| main_month(period?))
}

fn main_month(period: Period) -> Option<IstMonth> {
    let mut counts: Vec<(IstMonth, usize)> = Vec::new();
    let (mut day, mut days) = (period.from, 1_usize);
    loop {
        let month = day.month_of_year();
        match counts.iter_mut().find(|(known, _)| *known == month) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counts.push((month, 1)),
        }
        if day == period.to {
            break;
        }
        (day, days) = (day.next(), days.saturating_add(1));
        if days > MONTH_DAYS {
            return None;
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(month, _)| month)
}

/// Units as a bill writes them: a unit is a kilowatt-hour.
pub(crate) fn energy(number: &str) -> Option<WattHours> {
    let most = WattHours::new(crate::MONTH_MAX_WH);
    WattHours::from_kwh_text(number).ok().filter(|energy| (WattHours::ZERO..=most).contains(energy))
}

/// The units of all months that the bill names, the newest first.
pub(crate) fn read(document: &Document, bill_month: Option<IstMonth>) -> Vec<Found<MonthUnits>> {
    let mut all: Vec<Found<MonthUnits>> = Vec::new();
    all.extend(bill_month.and_then(|month| current(document, month)));
    all.extend(history(document));
    let mut months: Vec<Found<MonthUnits>> = Vec::new();
    for one in all {
        if !months.iter().any(|known| known.value.month == one.value.month) {
            months.push(one);
        }
    }
    months.sort_by_key(|found| std::cmp::Reverse(found.value.month));
    months.truncate(crate::MONTHS_MAX);
    months
}

fn current(document: &Document, month: IstMonth) -> Option<Found<MonthUnits>> {
    labels::UNITS_NOW.iter().find_map(|label| {
        document.lines.iter().find_map(|line| {
            let (start, end) = line.find(0, label)?;
            let number = line.tokens(end).into_iter().take(REACH).map_while(|token| match token.kind {
                Kind::Number(number) => Some(Some(number)),
                // "(kWh)", "this month", or the label in another language.
                Kind::Word(word) if !other(&word) => Some(None),
                _ => None,
            });
            let kwh = energy(&number.flatten().next()?)?;
            Some(found(MonthUnits { month, kwh }, line, start, Reader::Rules))
        })
    })
}

fn other(word: &str) -> bool {
    labels::OTHER_COLUMN.contains(&word) || ["rs", "inr", "rate", "slab", "kvarh"].contains(&word)
}

fn units_word(word: &str) -> bool {
    labels::UNITS_WORD.contains(&word)
}

/// Which number of a row is the units, if its heading says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// That one, from 0.
    At(usize),
    /// The only one.
    Only,
}

fn history(document: &Document) -> Vec<Found<MonthUnits>> {
    let mut months = Vec::new();
    let (mut heading, mut away) = (None, 0_usize);
    for (index, line) in document.lines.iter().enumerate() {
        let tokens = line.tokens(0);
        let count = |of: fn(&Kind) -> bool| tokens.iter().filter(|token| of(&token.kind)).count();
        let of_months = count(|kind| matches!(kind, Kind::Month(_)));
        let of_numbers = count(|kind| matches!(kind, Kind::Number(_)));
        let named = tokens.iter().any(|token| matches!(&token.kind, Kind::Word(word) if units_word(word)));
        if of_months == 0 || of_numbers == 0 {
            if of_months >= 2 {
                months.extend(across(
                    line,
                    document.lines.get(index.saturating_add(1)),
                    named || heading.is_some(),
                ));
            } else if named {
                (heading, away) = (Some(column(line)), 0);
                continue;
            }
            // Two lines that are no rows end a table.
            away = away.saturating_add(1);
            heading = heading.filter(|_| away < 2);
            continue;
        }
        let rows = pairs(line, heading);
        if !rows.is_empty() {
            away = 0;
        }
        months.extend(rows);
    }
    months
}

/// What a heading says of its columns.
fn column(line: &Line) -> Column {
    let mut groups: Vec<Vec<bool>> = vec![Vec::new()];
    let mut last = None;
    for token in line.tokens(0) {
        let Kind::Word(word) = token.kind else { continue };
        let class = if labels::MONTH_WORD.contains(&word.as_str()) {
            'm'
        } else if units_word(&word) {
            'u'
        } else if labels::OTHER_COLUMN.contains(&word.as_str()) {
            'o'
        } else {
            continue;
        };
        match (class, last) {
            ('m', Some('m')) => {}
            ('m', _) => groups.push(Vec::new()),
            // "Units consumed (kWh)" is one column, and so is "kWh reading".
            ('u', Some('u')) => {}
            ('o', Some('u')) if word == "reading" => {
                if let Some(flag) = groups.last_mut().and_then(|group| group.last_mut()) {
                    *flag = false;
                }
            }
            (class, _) => {
                if let Some(group) = groups.last_mut() {
                    group.push(class == 'u');
                }
            }
        }
        last = Some(class);
    }
    // What stands before the first month is a title, unless there is no month at all.
    let group = groups.get(1).filter(|group| !group.is_empty());
    let Some(group) = group else { return Column::Only };
    let mut units = group.iter().enumerate().filter(|(_, units)| **units).map(|(index, _)| index);
    match (units.next(), units.next()) {
        (Some(at), None) => Column::At(at),
        _ => Column::Only,
    }
}

/// The months of a row, each with the numbers up to the next one.
fn pairs(line: &Line, heading: Option<Column>) -> Vec<Found<MonthUnits>> {
    let mut months = Vec::new();
    let tokens = line.tokens(0);
    for (index, token) in tokens.iter().enumerate() {
        let Kind::Month(month) = token.kind else { continue };
        let rest = tokens.iter().skip(index.saturating_add(1));
        let mine: Vec<_> = rest.take_while(|token| !matches!(token.kind, Kind::Month(_))).collect();
        let numbers: Vec<&String> = mine
            .iter()
            .filter_map(|token| match &token.kind {
                Kind::Number(number) => Some(number),
                _ => None,
            })
            .collect();
        let marked = mine.windows(2).find_map(|two| match two {
            [number, unit] => match (&number.kind, &unit.kind) {
                (Kind::Number(number), Kind::Word(word))
                    if ["kwh", "units", "unit", "यूनिट"].contains(&word.as_str()) =>
                {
                    Some(number)
                }
                _ => None,
            },
            _ => None,
        });
        let number = marked.or_else(|| match heading? {
            Column::At(at) => numbers.get(at).copied(),
            Column::Only => numbers.first().copied().filter(|_| numbers.len() == 1),
        });
        if let Some(kwh) = number.and_then(|number| energy(number)) {
            months.push(found(MonthUnits { month, kwh }, line, token.end, Reader::Rules));
        }
    }
    months
}

/// Months side by side with their units below.
fn across(heads: &Line, values: Option<&Line>, named: bool) -> Vec<Found<MonthUnits>> {
    let Some(values) = values.filter(|values| values.page == heads.page) else { return Vec::new() };
    let months: Vec<IstMonth> = heads
        .tokens(0)
        .into_iter()
        .filter_map(|token| match token.kind {
            Kind::Month(month) => Some(month),
            _ => None,
        })
        .collect();
    let tokens = values.tokens(0);
    let said = tokens.iter().any(|token| matches!(&token.kind, Kind::Word(word) if units_word(word)));
    let foreign = tokens.iter().any(|token| matches!(&token.kind, Kind::Word(word) if other(word)));
    let numbers: Vec<&String> = tokens
        .iter()
        .filter_map(|token| match &token.kind {
            Kind::Number(number) => Some(number),
            _ => None,
        })
        .collect();
    if !(named || said) || foreign || numbers.len() != months.len() {
        return Vec::new();
    }
    let pairs = months.into_iter().zip(numbers);
    pairs
        .filter_map(|(month, number)| {
            Some(found(MonthUnits { month, kwh: energy(number)? }, values, 0, Reader::Rules))
        })
        .collect()
}

/// Whether the text says the units of a month: both in one row, or the units in the row below the month, or as the units
/// of the bill, where it is the bill's month. Gives the place.
pub(crate) fn stands(
    document: &Document,
    wanted: MonthUnits,
    bill_month: Option<IstMonth>,
) -> Option<(usize, usize)> {
    let month_in = |line: &Line| {
        line.tokens(0).iter().any(|token| matches!(&token.kind, Kind::Month(month) if *month == wanted.month))
    };
    let number_in = |line: &Line| {
        let is_it = |kind: &Kind| matches!(kind, Kind::Number(number) if energy(number) == Some(wanted.kwh));
        line.tokens(0).iter().find(|token| is_it(&token.kind)).map(|token| token.end)
    };
    let lines = &document.lines;
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| month_in(line)) {
        if let Some(at) = number_in(line) {
            return Some((index, at));
        }
        let below = index.saturating_add(1);
        if let Some(at) = lines.get(below).and_then(number_in) {
            return Some((below, at));
        }
    }
    if bill_month != Some(wanted.month) {
        return None;
    }
    lines.iter().enumerate().find_map(|(index, line)| {
        let words: String = line.lower.iter().collect();
        let named = words.split(|c| !is_word(c)).any(units_word);
        number_in(line).filter(|_| named).map(|at| (index, at))
    })
}
