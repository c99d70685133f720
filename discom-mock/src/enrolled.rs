//! Whose meter is it: a platform asks with the serial number and the key that the customer holds, and is told what the
//! DISCOM knows of the connection.
//!
//! Invariants: a wrong key and an unknown meter get the same answer after the same comparison, so that nobody learns
//! which meters there are; a platform has five tries an hour for one meter, whether it guesses right or wrong; keys
//! are compared in constant time and kept as digests.

use std::collections::HashMap;

use beckn_wire::energy::normalize_meter;
use beckn_wire::json::Json;
use node::Limiter;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use units::{Span, Timestamp};

use crate::ledger::meters::Meter;

/// Tries of one platform for one meter, at once and in an hour.
const TRIES: u32 = 5;
const TRIES_EVERY: Span = Span::from_minutes(12);
/// Pairs of platform and meter that are remembered.
const PAIRS_MAX: usize = 100_000;
/// Longest text of a question.
const TEXT_MAX: usize = 128;

/// Largest question, in bytes.
pub const BODY_MAX: usize = 4 * 1_024;

/// A meter of a DISCOM, and what its customer can show.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// Code of the DISCOM.
    pub discom: String,
    /// In any of the accepted spellings.
    pub meter: String,
    /// Printed on the customer's papers.
    pub key: String,
    pub customer_number: String,
    /// `SOLAR`, `BATTERY`, …; none for a meter that only draws.
    pub resource_type: Option<String>,
    pub capacity_w: Option<i64>,
    pub sanctioned_load_w: Option<i64>,
}

impl Enrolled {
    /// What its ledger has to know of it.
    pub fn limits(&self) -> Meter {
        Meter {
            id: self.meter.clone(),
            capacity_w: self.capacity_w,
            sanctioned_load_w: self.sanctioned_load_w,
        }
    }
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("discom, serial_number and key are wanted, as text")]
    Malformed,
    #[error("too many tries for this meter")]
    TooOften { wait: Span },
}

struct Known {
    key: [u8; 32],
    meter: Enrolled,
}

/// Every meter that can be asked for.
pub struct Register {
    by_meter: HashMap<(String, String), Known>,
    tries: Limiter<(String, String)>,
}

impl Register {
    pub fn new(meters: impl IntoIterator<Item = Enrolled>) -> Self {
        let entry = |mut meter: Enrolled| {
            let key = digest(&std::mem::take(&mut meter.key));
            ((meter.discom.clone(), normalize_meter(&meter.meter)), Known { key, meter })
        };
        Self {
            by_meter: meters.into_iter().map(entry).collect(),
            tries: Limiter::every(TRIES_EVERY, TRIES, PAIRS_MAX),
        }
    }

    /// Answers `caller`, a platform whose signature was verified.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn answer(&self, caller: &str, question: &[u8], now: Timestamp) -> Result<Json, Refused> {
        let question = Json::parse(question).map_err(|_| Refused::Malformed)?;
        let text = |name: &str| {
            let text = question.get(name).and_then(Json::as_str).map(str::trim);
            text.filter(|text| (1..=TEXT_MAX).contains(&text.len())).ok_or(Refused::Malformed)
        };
        let (discom, serial, key) = (text("discom")?, normalize_meter(text("serial_number")?), text("key")?);
        let pair = (caller.to_owned(), serial.clone());
        self.tries.take(pair, now).map_err(|wait| Refused::TooOften { wait })?;
        let found = self.by_meter.get(&(discom.to_owned(), serial));
        // Against something in any case: the time of the answer tells nothing either.
        let expected = found.map_or([0; 32], |known| known.key);
        let fits = bool::from(digest(key).ct_eq(&expected));
        Ok(match found.filter(|_| fits) {
            None => Json::object([("match", Json::from(false))]),
            Some(Known { meter, .. }) => {
                let watts = |value: Option<i64>| value.map_or(Json::Null, Json::from);
                Json::object([
                    ("match", Json::from(true)),
                    ("meter_id", Json::from(meter.meter.as_str())),
                    ("customer_number", Json::from(meter.customer_number.as_str())),
                    ("resource_type", meter.resource_type.clone().map_or(Json::Null, Json::from)),
                    ("installed_capacity_w", watts(meter.capacity_w)),
                    ("sanctioned_load_w", watts(meter.sanctioned_load_w)),
                ])
            }
        })
    }
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register() -> Register {
        Register::new([Enrolled {
            discom: "NORTH".into(),
            meter: "TEST_METER_9".into(),
            key: "K9-1234".into(),
            customer_number: "TEST_CUST_9".into(),
            resource_type: Some("SOLAR".into()),
            capacity_w: Some(4_000),
            sanctioned_load_w: None,
        }])
    }

    fn ask(
        register: &Register,
        discom: &str,
        serial: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Json, Refused> {
        let question = [("discom", discom), ("serial_number", serial), ("key", key)];
        let question = Json::object(question.map(|(name, text)| (name, Json::from(text))));
        register.answer("platform.example", &question.to_bytes(), now)
    }

    #[test]
    fn only_serial_and_key_together_are_answered() {
        let (register, now) = (register(), Timestamp::from_seconds(1_000));
        let no = Json::object([("match", Json::from(false))]);
        assert_eq!(ask(&register, "NORTH", "TEST_METER_9", "K9-1235", now), Ok(no.clone()));
        assert_eq!(ask(&register, "NORTH", "TEST_METER_8", "K9-1234", now), Ok(no.clone()));
        assert_eq!(ask(&register, "SOUTH", "TEST_METER_9", "K9-1234", now), Ok(no));
        let yes = ask(&register, "NORTH", "der://meter/test_meter_9", "K9-1234", now).unwrap();
        assert_eq!(yes.get("customer_number"), Some(&Json::from("TEST_CUST_9")));
        assert_eq!(yes.get("installed_capacity_w"), Some(&Json::from(4_000)));
        assert_eq!(yes.get("sanctioned_load_w"), Some(&Json::Null));
        assert_eq!(register.answer("platform.example", b"{}", now), Err(Refused::Malformed));
    }

    #[test]
    fn five_tries_an_hour_and_then_not_even_the_right_key() {
        let (register, now) = (register(), Timestamp::from_seconds(1_000));
        for _ in 0..5 {
            assert!(ask(&register, "NORTH", "TEST_METER_9", "wrong", now).is_ok());
        }
        let refused = ask(&register, "NORTH", "TEST_METER_9", "K9-1234", now);
        assert_eq!(refused, Err(Refused::TooOften { wait: TRIES_EVERY }));
        // Another meter is another count.
        assert!(ask(&register, "NORTH", "TEST_METER_8", "wrong", now).is_ok());
        let later = now.saturating_add(TRIES_EVERY);
        assert!(ask(&register, "NORTH", "TEST_METER_9", "K9-1234", later).unwrap().get("meter_id").is_some());
    }
}
