//! What a contract says, in our words: its rows, and the gate until which it can be changed. Pure.

use beckn_wire::code::WireError;
use beckn_wire::energy::{Contract as WireContract, Path};
use beckn_wire::json::Json;
use energy_rules::RuleSet;
use node::Outcome;
use units::{Timestamp, WattHours};

use super::error::BuyerError;
use crate::contract::{Contract, ContractSlot, Failure};

/// The rows of the contract table, in order of time. A row without a request asks for nothing.
///
/// # Errors
/// No table, a row without a price, a number that is not exact, a slot off the hour or twice.
pub(super) fn rows(contract: &WireContract) -> Result<Vec<ContractSlot>, WireError> {
    let unpriced = || WireError::required("message/contract/commitments/0/commitmentAttributes/intervals");
    let mut rows = Vec::new();
    for line in contract.series()?.lines()? {
        rows.push(ContractSlot {
            slot: line.slot,
            interval_id: line.interval,
            price: line.price.ok_or_else(unpriced)?,
            requested: line.requested.unwrap_or(WattHours::ZERO),
        });
    }
    rows.sort_by_key(|row| row.slot);
    Ok(rows)
}

/// The earliest gate among the rows that ask for something; none when nothing is asked for.
pub(super) fn gate_of(rows: &[ContractSlot], rules: &RuleSet) -> Option<Timestamp> {
    let asked = rows.iter().filter(|row| row.requested > WattHours::ZERO).map(|row| row.slot);
    energy_rules::first_closes_at(asked, rules)
}

/// The stored contract as the wire has it.
pub(super) fn document(contract: &Contract) -> Result<WireContract, BuyerError> {
    read_document(&contract.document)
}

pub(super) fn read_document(bytes: &[u8]) -> Result<WireContract, BuyerError> {
    let json = Json::parse(bytes).map_err(|_| BuyerError::Document)?;
    WireContract::read(&json, &Path::new("message/contract")).map_err(|_| BuyerError::Document)
}

pub(super) fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure { code: code.to_owned(), message: message.into() }
}

/// Why a message of ours was not taken; none when it was. A callback that was refused again and again ends as dead,
/// with the peer's code in its reason.
pub(super) fn failure_of(outcome: &Outcome) -> Option<Failure> {
    use beckn_wire::ack::AckVerdict;
    match outcome {
        // 202: understood, but no answer will follow. To somebody who waits for one that is a refusal.
        Outcome::Delivered { ack: AckVerdict::AckNoCallback { reason, .. }, .. } => Some(match reason {
            Some(reason) => failure(&reason.code, reason.message.as_str()),
            None => failure("NET_CALLBACK_FAILED", "the other platform will not answer"),
        }),
        Outcome::Delivered { .. } => None,
        Outcome::Refused { code, message } if code.is_empty() => {
            Some(failure("BIZ_GENERIC_ERROR", message.as_str()))
        }
        Outcome::Refused { code, message } => Some(failure(code, message.as_str())),
        Outcome::Expired => Some(failure("NET_TIMEOUT", "it could not be delivered in time")),
        Outcome::Dead { reason } => {
            let refused = reason.strip_prefix("refused: ").and_then(|rest| rest.split_once(' '));
            Some(match refused {
                Some((code, message)) if !code.is_empty() => failure(code, message),
                _ => failure("NET_DOWNSTREAM_UNAVAILABLE", "the other side could not be reached"),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use beckn_wire::ack::{AckShape, AckVerdict, Refusal};

    #[test]
    fn outcomes_have_reasons() {
        let ack = |reason| Outcome::Delivered {
            ack: AckVerdict::AckNoCallback { reason, shape: AckShape::Message },
            duplicate: false,
        };
        let told = Refusal { code: "POL_X".into(), message: "no".into(), path: None };
        assert_eq!(failure_of(&ack(Some(told))), Some(failure("POL_X", "no")));
        assert_eq!(failure_of(&ack(None)).unwrap().code, "NET_CALLBACK_FAILED");
        let taken = AckVerdict::Ack { ledger: None, shape: AckShape::Flat };
        assert_eq!(failure_of(&Outcome::Delivered { ack: taken, duplicate: false }), None);
        let dead = |reason: &str| failure_of(&Outcome::Dead { reason: reason.into() }).unwrap();
        assert_eq!(dead("refused: POL_X not here"), failure("POL_X", "not here"));
        assert_eq!(dead("connection refused").code, "NET_DOWNSTREAM_UNAVAILABLE");
        assert_eq!(failure_of(&Outcome::Expired).unwrap().code, "NET_TIMEOUT");
        let refused = Outcome::Refused { code: String::new(), message: "why not".into() };
        assert_eq!(failure_of(&refused), Some(failure("BIZ_GENERIC_ERROR", "why not")));
    }
}
