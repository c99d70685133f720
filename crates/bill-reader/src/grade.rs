//! How good a reading is: checks with their reasons, and a grade from A to D that follows from them.
//!
//! | grade | when |
//! |---|---|
//! | A | no check failed; consumer number, meter number, sanctioned load, and the units of three months or more |
//! | B | no check failed; consumer number, meter number, the units of a month, and the load or the period |
//! | C | a consumer or a meter number and one more field, whatever the checks say |
//! | D | less than that |

use serde::{Deserialize, Serialize};
use units::{IstDate, IstMonth};

use crate::reading::{Reading, Reason};

/// How good a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    D,
    C,
    B,
    A,
}

impl Grade {
    pub const ALL: [Grade; 4] = [Grade::D, Grade::C, Grade::B, Grade::A];

    pub const fn as_str(self) -> &'static str {
        match self {
            Grade::A => "A",
            Grade::B => "B",
            Grade::C => "C",
            Grade::D => "D",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| grade.as_str() == text)
    }

    /// Whether it is worth anything.
    pub fn good(self) -> bool {
        self >= Grade::B
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    Failed,
    Unknown,
}

impl Verdict {
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::Unknown => "unknown",
        }
    }
}

/// One check. The reason names no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// `meter`, `customer`, `load`, `period` or `readers`.
    pub name: String,
    pub verdict: Verdict,
    pub reason: String,
}

/// What is known of the meter that the bill names, when it is the account's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    pub customer_number: Option<String>,
    /// As it is proven; none or 0 is unknown.
    pub sanctioned_load_w: Option<i64>,
}

/// Whether two texts are the same number of a customer or a meter: in letters and digits, without zeros before it.
pub fn same_number(one: &str, other: &str) -> bool {
    let bare = |text: &str| -> String {
        let text: String =
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        text.trim_start_matches('0').to_owned()
    };
    bare(one) == bare(other)
}

/// Checks a reading on a day, and grades it. `own` is the account's meter that the bill names.
pub fn judge(reading: &Reading, own: Option<&Own>, today: IstDate) -> (Grade, Vec<Check>) {
    let checks = vec![
        meter(reading, own),
        customer(reading, own),
        load(reading, own),
        period(reading, today),
        readers(reading),
    ];
    let failed = checks.iter().any(|check| check.verdict == Verdict::Failed);
    let (consumer, meter) = (reading.consumer_number.is_some(), reading.meter_number.is_some());
    let (load, months) = (reading.sanctioned_load_w.is_some(), reading.months.len());
    let grade = if !failed && consumer && meter && load && months >= 3 {
        Grade::A
    } else if !failed && consumer && meter && months >= 1 && (load || reading.bill_period.is_some()) {
        Grade::B
    } else if (consumer || meter) && reading.fields() >= 2 {
        Grade::C
    } else {
        Grade::D
    };
    (grade, checks)
}

fn check(name: &str, verdict: Verdict, reason: &str) -> Check {
    Check { name: name.to_owned(), verdict, reason: reason.to_owned() }
}

fn meter(reading: &Reading, own: Option<&Own>) -> Check {
    match (&reading.meter_number, own) {
        (None, _) => check("meter", Verdict::Unknown, "no meter number was read"),
        (Some(_), None) => check("meter", Verdict::Failed, "the meter is none of yours"),
        (Some(_), Some(_)) => check("meter", Verdict::Passed, "the meter is yours"),
    }
}

fn customer(reading: &Reading, own: Option<&Own>) -> Check {
    let known = own.and_then(|own| own.customer_number.as_deref()).filter(|number| !number.trim().is_empty());
    match (&reading.consumer_number, known) {
        (None, _) => check("customer", Verdict::Unknown, "no consumer number was read"),
        (_, None) => check("customer", Verdict::Unknown, "no customer number is known of the meter"),
        (Some(read), Some(known)) if same_number(&read.value, known) => {
            check("customer", Verdict::Passed, "the consumer number is that of the meter")
        }
        _ => check("customer", Verdict::Failed, "the consumer number is another than that of the meter"),
    }
}

fn load(reading: &Reading, own: Option<&Own>) -> Check {
    let known = own.and_then(|own| own.sanctioned_load_w).filter(|watts| *watts > 0);
    match (&reading.sanctioned_load_w, known) {
        (None, _) => check("load", Verdict::Unknown, "no sanctioned load was read"),
        (_, None) => check("load", Verdict::Unknown, "no sanctioned load is proven of the meter"),
        (Some(read), Some(known)) if read.value == known => {
            check("load", Verdict::Passed, "the sanctioned load is the proven one")
        }
        _ => check("load", Verdict::Failed, "the sanctioned load is another than the proven one"),
    }
}

/// The newest month or day that the bill speaks of lies in the year before today.
fn period(reading: &Reading, today: IstDate) -> Check {
    let newest = reading.months.iter().map(|found| found.value.month).max();
    let ended = reading.bill_period.as_ref().map(|found| found.value.to.month_of_year());
    let Some(newest) = newest.max(ended) else {
        return check("period", Verdict::Unknown, "no month and no period was read");
    };
    let this = today.month_of_year();
    let year_ago = IstMonth::new(this.year().saturating_sub(1), this.month()).unwrap_or(this);
    if newest > this {
        check("period", Verdict::Failed, "the bill is of a time to come")
    } else if newest < year_ago {
        check("period", Verdict::Failed, "the bill is more than a year old")
    } else {
        check("period", Verdict::Passed, "the bill is of the last twelve months")
    }
}

fn readers(reading: &Reading) -> Check {
    if !reading.model {
        return check("readers", Verdict::Unknown, "the rules alone have read it");
    }
    if reading.dropped.iter().any(|dropped| dropped.reason == Reason::Disagrees) {
        return check("readers", Verdict::Failed, "the rules and the model have read different values");
    }
    check("readers", Verdict::Passed, "the rules and the model agree")
}
