//! From the wire to what a ledger records: the only place where a contract of the network becomes [`Terms`].
//!
//! Read is what a ledger needs: the four roles, the two meters, one line per delivery slot with price and
//! requested quantity. A slot of which nothing is requested is no part of the contract. Everything that a
//! database or a log would choke on (blank, overlong, control characters) is refused here.

use std::collections::BTreeSet;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::context::Context;
use beckn_wire::energy::{Column, Contract, TimeSeries, Writer, same_meter};
use beckn_wire::json::Json;
use energy_rules::{RuleError, RuleSet, check_discoms, check_meter, read_price, read_requested};
use units::WattHours;

use super::model::{ID_MAX, LINES_MAX, Line, Party, REST_PREFIX, Terms};

const CONTRACT: &str = "message/contract";

/// The contract of a message, given the whole body.
///
/// # Errors
/// `SCH_` codes: there is none, or it cannot be read.
pub fn contract(document: &Json) -> Result<Contract, WireError> {
    Contract::of_message(document.get("message").ok_or_else(|| WireError::required("message"))?)
}

/// The contract's id, which every message to a ledger must name.
///
/// # Errors
/// `SCH_` codes: it is missing or no usable name.
pub fn contract_id(contract: &Contract) -> Result<String, WireError> {
    let id = name(contract.id.as_deref(), "message/contract/id")?;
    if id.starts_with(REST_PREFIX) {
        return Err(WireError::format("message/contract/id", "this name is the ledger's own"));
    }
    Ok(id)
}

/// The buyer's and the seller's side.
///
/// # Errors
/// `SCH_REQUIRED_FIELD_MISSING` for a role that nobody holds, a DISCOM without a ledger, a side without a
/// meter.
pub fn parties(contract: &Contract) -> Result<(Party, Party), WireError> {
    let buyer = party(contract, Writer::BuyerPlatform)?;
    let seller = party(contract, Writer::SellerPlatform)?;
    Ok((buyer, seller))
}

/// What is to be recorded of a contract. `rules` are those of the network that the message names.
///
/// # Errors
/// As [`parties`] and [`contract_id`]; the code of the rule that is broken ([`RuleError`]); `SCH_` codes for
/// what cannot be read.
pub fn read(contract: &Contract, context: &Context, rules: &RuleSet) -> Result<Terms, WireError> {
    let (buyer, seller) = parties(contract)?;
    check_parties(&buyer, &seller, rules)
        .map_err(|error| WireError::from(error).at(format!("{CONTRACT}/participants")))?;
    let mut lines = Vec::new();
    for (index, commitment) in contract.commitments.iter().enumerate() {
        let at = format!("{CONTRACT}/commitments/{index}");
        let id = name(commitment.id.as_deref(), &format!("{at}/id"))?;
        let attributes = format!("{at}/commitmentAttributes");
        let series = commitment.series.as_ref().ok_or_else(|| WireError::required(attributes.as_str()))?;
        read_lines(&id, series, rules, &mut lines).map_err(|error| below(&attributes, error))?;
    }
    if lines.is_empty() {
        return Err(WireError::from(RuleError::NothingRequested).at(format!("{CONTRACT}/commitments")));
    }
    lines.sort_by(|a, b| (&a.commitment, a.interval).cmp(&(&b.commitment, b.interval)));
    if lines
        .windows(2)
        .any(|pair| (&pair[0].commitment, pair[0].interval) == (&pair[1].commitment, pair[1].interval))
    {
        let error = WireError::new(ErrorCode::SchSchemaValidationFailed, "two commitments have the same id");
        return Err(error.at(format!("{CONTRACT}/commitments")));
    }
    Ok(Terms {
        contract_id: contract_id(contract)?,
        network_id: name(context.network_id.as_deref(), "context/networkId")?,
        transaction_id: name(Some(&context.transaction_id), "context/transactionId")?,
        buyer,
        seller,
        lines,
    })
}

/// A ledger holds to the rules of its network whatever two platforms agree on.
fn check_parties(buyer: &Party, seller: &Party, rules: &RuleSet) -> Result<(), RuleError> {
    check_meter(&buyer.meter, rules)?;
    check_meter(&seller.meter, rules)?;
    if same_meter(&buyer.meter, &seller.meter) {
        return Err(RuleError::OwnMeter);
    }
    check_discoms(&buyer.discom, &seller.discom, rules)
}

fn read_lines(
    commitment: &str,
    series: &TimeSeries,
    rules: &RuleSet,
    lines: &mut Vec<Line>,
) -> Result<(), WireError> {
    let mut slots = BTreeSet::new();
    for row in &series.intervals {
        let slot = series.slot_of(row.id)?;
        if !slots.insert(slot) {
            return Err(WireError::from(RuleError::SlotRepeated { slot }).at("intervals"));
        }
        let cell = |column: &Column| series.cell(row.id, column);
        // Nothing requested in this slot, written as no value or as zero.
        let Some(requested) = cell(&Column::RequestedQty) else { continue };
        let requested =
            read_requested(requested, rules).map_err(|error| WireError::from(error).at("intervals"))?;
        if requested == WattHours::ZERO {
            continue;
        }
        let price = cell(&Column::PricePerKwh).ok_or_else(|| WireError::required("intervals"))?;
        let price = read_price(price, rules).map_err(|error| WireError::from(error).at("intervals"))?;
        if lines.len() >= LINES_MAX {
            let error = WireError::new(ErrorCode::SchSchemaValidationFailed, "too many delivery slots");
            return Err(error.at("intervals"));
        }
        lines.push(Line { commitment: commitment.to_owned(), interval: row.id, slot, price, requested });
    }
    Ok(())
}

fn party(contract: &Contract, platform: Writer) -> Result<Party, WireError> {
    let roles = format!("{CONTRACT}/contractAttributes/roles");
    let holder = |writer: Writer| name(contract.holder(writer), &roles);
    let discom = holder(platform.discom())?;
    let participants = format!("{CONTRACT}/participants");
    let ledger = contract.discom_of(platform.discom()).and_then(|provider| provider.ledger_id.as_deref());
    Ok(Party {
        platform: holder(platform)?,
        discom,
        ledger: name(ledger, &participants)?,
        meter: name(contract.meter_of(platform), &participants)?,
    })
}

/// A name that may be stored, compared and shown.
fn name(text: Option<&str>, path: &str) -> Result<String, WireError> {
    let text = text.filter(|text| !text.trim().is_empty()).ok_or_else(|| WireError::required(path))?;
    if text.len() > ID_MAX || text.chars().any(char::is_control) {
        return Err(WireError::format(path, "an identifier is too long or has control characters"));
    }
    Ok(text.to_owned())
}

/// Puts an error of the table under the place of the table.
fn below(place: &str, error: WireError) -> WireError {
    let path = error.path.as_deref().map_or_else(|| place.to_owned(), |inner| format!("{place}/{inner}"));
    error.at(path)
}
