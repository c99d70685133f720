//! What a policy said, read exactly.
//!
//! A policy computes in binary fractions, so that its money may carry their dust: a value that is off a whole
//! paisa by less than a ten-thousandth of one is that paisa. Anything else is not money.

use beckn_wire::code::ErrorCode;
use beckn_wire::energy::Writer;
use beckn_wire::json::Json;
use energy_rules::Flows;
use rust_decimal::Decimal;
use units::Paise;

use crate::PolicyError;

/// So many violations are read; a message with more is refused anyway.
const VIOLATIONS_MAX: usize = 64;
/// So much of a violation's text is kept, in characters.
const TEXT_MAX: usize = 300;
/// Digits of an amount that say something, after the point.
const DUST_PLACES: u32 = 6;

/// Why the message is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// As the policy names it in front of its text, `CODE: sentence`; [`ErrorCode::PolGenericError`] where it
    /// names none.
    pub code: ErrorCode,
    pub text: String,
}

/// What one party gets (+) or pays (-).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyFlow {
    pub role: Writer,
    pub value: Paise,
}

/// The policy's judgement of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// In order of their texts; empty: the message is admitted.
    pub violations: Vec<Violation>,
    /// Empty while no slot is settled.
    pub flows: Vec<PolicyFlow>,
}

/// Where the policy's flows are not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlowDifference {
    #[error("{} {ours} by our rules and {theirs} by the policy", role.as_str())]
    Value { role: Writer, ours: Paise, theirs: Paise },
    #[error("the policy has no flow of {}", .0.as_str())]
    Missing(Writer),
    #[error("the policy has flows before anything is settled")]
    TooEarly,
    #[error("the policy names {} twice", .0.as_str())]
    Twice(Writer),
}

impl Verdict {
    pub(crate) fn read(violations: Option<&Json>, flows: Option<&Json>) -> Result<Self, PolicyError> {
        let unreadable = || PolicyError::OutputUnreadable;
        let mut read = Self::default();
        // An undefined set would be the set that nothing defines; a policy that is silent has not admitted.
        for text in violations.and_then(Json::as_array).ok_or_else(unreadable)?.iter().take(VIOLATIONS_MAX) {
            read.violations.push(violation(text.as_str().ok_or_else(unreadable)?));
        }
        read.violations.sort();
        let Some(flows) = flows else { return Ok(read) };
        for flow in flows.as_array().ok_or_else(unreadable)? {
            let role = flow.get("role").and_then(Json::as_str).and_then(Writer::from_name);
            let value = flow.get("value").and_then(Json::as_number).and_then(money);
            let (Some(role), Some(value)) = (role, value) else { return Err(unreadable()) };
            let currency = flow.get("currency").and_then(Json::as_str);
            if currency.is_some_and(|currency| currency != "INR") || read.flows.len() >= Writer::ALL.len() {
                return Err(unreadable());
            }
            read.flows.push(PolicyFlow { role, value });
        }
        Ok(read)
    }

    /// The policy's flows are those that our own rules computed; a difference is for people to look at
    /// (ruling 27).
    ///
    /// # Errors
    /// The first difference.
    pub fn check_flows(&self, ours: Option<&Flows>) -> Result<(), FlowDifference> {
        let Some(ours) = ours else {
            return if self.flows.is_empty() { Ok(()) } else { Err(FlowDifference::TooEarly) };
        };
        for (role, value) in ours.all() {
            let mut theirs = self.flows.iter().filter(|flow| flow.role == role);
            let flow = theirs.next().ok_or(FlowDifference::Missing(role))?;
            if theirs.next().is_some() {
                return Err(FlowDifference::Twice(role));
            }
            if flow.value != value {
                return Err(FlowDifference::Value { role, ours: value, theirs: flow.value });
            }
        }
        Ok(())
    }
}

fn violation(text: &str) -> Violation {
    let coded = text.split_once(": ").and_then(|(code, rest)| Some((ErrorCode::parse(code.trim())?, rest)));
    let (code, text) = coded.unwrap_or((ErrorCode::PolGenericError, text));
    Violation { code, text: text.chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect() }
}

/// Exact paise from decimal text, its dust left out.
fn money(text: &str) -> Option<Paise> {
    let plain = || text.parse::<Decimal>().ok();
    let value = plain().or_else(|| Decimal::from_scientific(text).ok())?.round_dp(DUST_PLACES).normalize();
    Paise::from_inr_text(&value.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use energy_rules::{PolicyRates, SettledSlot, revenue_flows};
    use units::{Price, WattHours};

    fn read(violations: &str, flows: Option<&str>) -> Result<Verdict, PolicyError> {
        let json = |text: &str| Json::parse_text(text).unwrap();
        Verdict::read(Some(&json(violations)), flows.map(json).as_ref())
    }

    #[test]
    fn a_violation_has_code_and_sentence() {
        let verdict =
            read(r#"["POL_ELIGIBILITY_NOT_MET: not allowed", "a: b", "POL_NOTHING: x\n"]"#, None).unwrap();
        let seen: Vec<(&str, &str)> =
            verdict.violations.iter().map(|v| (v.code.as_str(), v.text.as_str())).collect();
        let expected = [
            ("POL_ELIGIBILITY_NOT_MET", "not allowed"),
            ("POL_GENERIC_ERROR", "POL_NOTHING: x"),
            ("POL_GENERIC_ERROR", "a: b"),
        ];
        assert_eq!(seen, expected);
        for broken in ["{}", "null", "[1]", "true"] {
            assert_eq!(read(broken, None), Err(PolicyError::OutputUnreadable), "{broken}");
        }
        assert_eq!(Verdict::read(None, None), Err(PolicyError::OutputUnreadable));
    }

    #[test]
    fn money_is_read_to_the_paisa() {
        for (text, paise) in [
            ("437.15", 43_715),
            ("-437.15000000000003", -43_715),
            ("44.599999999999994", 4_460),
            ("0", 0),
            ("-0.0", 0),
            ("1e2", 10_000),
        ] {
            assert_eq!(money(text), Some(Paise::new(paise)), "{text}");
        }
        for text in ["0.005", "437.1500011", "1e40", "x", ""] {
            assert_eq!(money(text), None, "{text}");
        }
        for flows in [r#"[{"role":"buyerPlatform","value":0.001}]"#, r#"[{"role":"bank","value":1}]"#, "{}"] {
            assert_eq!(read("[]", Some(flows)), Err(PolicyError::OutputUnreadable), "{flows}");
        }
    }

    #[test]
    fn a_difference_is_named() {
        let slot = SettledSlot {
            requested: WattHours::new(10_000),
            settled: Some(WattHours::new(8_000)),
            price: Price::new(60_000),
        };
        let ours = revenue_flows(&[slot], &PolicyRates::default()).unwrap().unwrap();
        let flow = |role: &str, value: &str| format!(r#"{{"role":"{role}","value":{value}}}"#);
        let four = |seller: &str| {
            let rows = [
                flow("buyerPlatform", "-48"),
                flow("sellerPlatform", seller),
                flow("buyerDiscom", "0"),
                flow("sellerDiscom", "0"),
            ];
            read("[]", Some(&format!("[{}]", rows.join(",")))).unwrap()
        };
        assert_eq!(four("48.00").check_flows(Some(&ours)), Ok(()));
        assert_eq!(four("48.00").check_flows(None), Err(FlowDifference::TooEarly));
        let difference = four("48.01").check_flows(Some(&ours)).unwrap_err();
        assert_eq!(difference.to_string(), "sellerPlatform 48.00 by our rules and 48.01 by the policy");
        assert_eq!(
            read("[]", None).unwrap().check_flows(Some(&ours)),
            Err(FlowDifference::Missing(Writer::BuyerPlatform))
        );
        assert_eq!(read("[]", None).unwrap().check_flows(None), Ok(()));
    }
}
