//! What a ledger says of a meter's limit when it records a trade: DiscomLimitCheck v2.0 (pure).
//!
//! The acknowledgement carries it beside the receipt; a refusal has no place for it but its text. OK: the
//! trade fits. ADJUSTED: not all of it fits, but some would. REJECTED: nothing is left. What is left is that
//! of the tightest slot, after this trade.

use std::collections::BTreeMap;

use beckn_wire::json::Json;
use units::WattHours;

use super::model::{Side, Terms};

const CONTEXT: &str = "https://schema.nfh.global/DiscomLimitCheck/v2.0/context.jsonld";

/// The verdict on a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    Adjusted,
    Rejected,
}

impl Verdict {
    /// The verdict on what does not fit, by what is left.
    pub fn refusing(left: WattHours) -> Self {
        if left > WattHours::ZERO { Self::Adjusted } else { Self::Rejected }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Adjusted => "ADJUSTED",
            Self::Rejected => "REJECTED",
        }
    }
}

/// What the tightest slot of each side has left; a side without a known limit is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room(BTreeMap<Side, WattHours>);

impl Room {
    /// Takes a slot in.
    pub fn note(&mut self, side: Side, left: WattHours) {
        let tightest = self.0.entry(side).or_insert(left);
        *tightest = left.min(*tightest);
    }

    pub fn left(&self, side: Side) -> Option<WattHours> {
        self.0.get(&side).copied()
    }

    /// What the acknowledgement carries; nothing when no limit is known.
    pub fn to_json(&self, terms: &Terms) -> Option<Json> {
        let (first, _) = self.0.iter().next()?;
        let text = |text: &str| Json::from(text);
        let mut members = vec![("@context", text(CONTEXT)), ("@type", text("DiscomLimitCheck"))];
        if self.0.len() == 1 {
            let subject = if *first == Side::Buyer { "buyer" } else { "seller" };
            members.push(("subject", text(subject)));
            members.push(("subjectMeterId", text(&terms.party(*first).meter)));
            members.push(("discomParticipantId", text(&terms.party(*first).discom)));
        }
        let slots = || terms.lines.iter().map(|line| line.slot);
        if let Some((from, to)) = slots().min().zip(slots().max()) {
            let window = [
                ("@type", text("beckn:TimePeriod")),
                ("schema:startTime", Json::from(from.start().to_rfc3339())),
                ("schema:endTime", Json::from(to.end().to_rfc3339())),
            ];
            members.push(("deliveryWindow", Json::object(window)));
        }
        if let Some(total) = WattHours::checked_sum(terms.lines.iter().map(|line| line.requested)) {
            let quantity = [
                ("@type", text("Quantity")),
                ("unitCode", text("KWH")),
                ("unitQuantity", Json::Number(total.to_kwh_text())),
            ];
            members.push(("tradeQuantity", Json::object(quantity)));
        }
        for (side, left) in &self.0 {
            let checked = [
                ("discomParticipantId", text(&terms.party(*side).discom)),
                ("limitCheckResult", text(Verdict::Ok.as_str())),
                ("remainingHeadroomKwh", Json::Number(left.to_kwh_text())),
            ];
            let name = if *side == Side::Buyer { "buyerSide" } else { "sellerSide" };
            members.push((name, Json::object(checked)));
        }
        Some(Json::object(members))
    }
}
