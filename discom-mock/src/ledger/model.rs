//! What a ledger holds of a contract, and what may become of it (pure).
//!
//! A ledger keeps the parties, the meters and one line per delivery slot. Everything else in the contract is
//! kept as the document that came, and is no part of what two copies must agree on. Invariants: at least one
//! line, every line above zero, at most [`LINES_MAX`] lines, each (commitment, interval) once; a revision
//! only ever lowers quantities.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::json::Json;
use sha2::{Digest, Sha256};
use units::{DeliverySlot, Price, Timestamp, WattHours};

/// Lines of one contract: a month of hours is more than any offer of this network spans.
pub const LINES_MAX: usize = 744;

/// Longest identifier that is recorded: a contract, a meter, a platform.
pub const ID_MAX: usize = 256;

/// What the id of a contract begins with that came through the REST interface. No message may name one.
pub const REST_PREFIX: &str = "rest:";

/// The two ends of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    Buyer,
    Seller,
}

impl Side {
    pub const ALL: [Self; 2] = [Self::Buyer, Self::Seller];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "BUYER",
            Self::Seller => "SELLER",
        }
    }
}

/// One end of a contract as the network names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Subscriber id of the trading platform.
    pub platform: String,
    /// Short code of the DISCOM.
    pub discom: String,
    /// Subscriber id of that DISCOM's ledger.
    pub ledger: String,
    /// The meter as written in the contract.
    pub meter: String,
}

/// What is traded in one delivery slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub commitment: String,
    pub interval: i64,
    pub slot: DeliverySlot,
    pub price: Price,
    pub requested: WattHours,
}

/// The content of a contract that a ledger records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub contract_id: String,
    pub network_id: String,
    pub transaction_id: String,
    pub buyer: Party,
    pub seller: Party,
    /// Ordered by commitment and interval.
    pub lines: Vec<Line>,
}

impl Terms {
    pub const fn party(&self, side: Side) -> &Party {
        match side {
            Side::Buyer => &self.buyer,
            Side::Seller => &self.seller,
        }
    }

    /// The sides whose DISCOM keeps its ledger here; both for a shared ledger.
    pub fn sides_of<'a>(&'a self, ledger_id: &'a str) -> impl Iterator<Item = Side> + 'a {
        Side::ALL.into_iter().filter(move |side| self.party(*side).ledger == ledger_id)
    }

    /// Whether that platform may tell that ledger about this contract: it is the platform of a side whose
    /// DISCOM keeps its ledger there.
    pub fn may_tell(&self, platform: &str, ledger_id: &str) -> bool {
        self.sides_of(ledger_id).any(|side| self.party(side).platform == platform)
    }

    /// Digest of what two copies of the same contract must agree on, `sha256:` and 64 hex digits. The copies
    /// of the two platforms give the same one, whatever else stands in their messages.
    pub fn digest(&self) -> String {
        let party = |party: &Party| {
            Json::array(
                [&party.platform, &party.discom, &party.ledger, &party.meter].map(|s| Json::from(s.as_str())),
            )
        };
        let line = |line: &Line| {
            Json::array([
                Json::from(line.commitment.as_str()),
                Json::from(line.interval),
                Json::from(line.slot.start().micros()),
                Json::from(line.price.get()),
                Json::from(line.requested.get()),
            ])
        };
        let content = Json::array([
            Json::from(self.contract_id.as_str()),
            Json::from(self.network_id.as_str()),
            Json::from(self.transaction_id.as_str()),
            party(&self.buyer),
            party(&self.seller),
            Json::array(self.lines.iter().map(line)),
        ]);
        sha256(&content.to_bytes())
    }

    /// Energy per slot over all lines, in slot order.
    ///
    /// # Errors
    /// A sum beyond the range of watt-hours.
    pub fn per_slot(&self) -> Result<BTreeMap<DeliverySlot, WattHours>, WireError> {
        per_slot(&self.lines)
    }

    /// The start of the first delivery.
    pub fn first_delivery(&self) -> Option<Timestamp> {
        self.lines.iter().map(|line| line.slot.start()).min()
    }
}

/// Energy per slot, in slot order.
///
/// # Errors
/// A sum beyond the range of watt-hours.
pub fn per_slot(lines: &[Line]) -> Result<BTreeMap<DeliverySlot, WattHours>, WireError> {
    let mut sums: BTreeMap<DeliverySlot, WattHours> = BTreeMap::new();
    for line in lines {
        let sum = sums.entry(line.slot).or_default();
        *sum = sum.checked_add(line.requested).ok_or_else(out_of_range)?;
    }
    Ok(sums)
}

/// The answer to a quantity that no integer holds.
pub fn out_of_range() -> WireError {
    WireError::new(ErrorCode::BizQuantityUnavailable, "the quantities are beyond what can be recorded")
}

/// The state of a contract in a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    Cancelled,
    /// Cancelled before it was recorded.
    Withdrawn,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Cancelled => "CANCELLED",
            Self::Withdrawn => "WITHDRAWN",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Cancelled, Self::Withdrawn].into_iter().find(|status| status.as_str() == text)
    }
}

/// The ledger's row for a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractRow {
    pub ledger_id: String,
    pub contract_id: String,
    pub record_id: String,
    pub network_id: String,
    pub transaction_id: String,
    /// The platform that told the ledger first.
    pub declared_by: String,
    pub status: Status,
    /// The revision in force; 0 while nothing is recorded.
    pub revision: i64,
    pub row_digest: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ContractRow {
    /// Digest of the row in its present state, `sha256:` and 64 hex digits: it moves with status and
    /// revision.
    pub fn compute_digest(&self, content_digest: &str) -> String {
        let row = Json::array([
            Json::from(self.ledger_id.as_str()),
            Json::from(self.contract_id.as_str()),
            Json::from(self.record_id.as_str()),
            Json::from(self.status.as_str()),
            Json::from(self.revision),
            Json::from(self.created_at.micros()),
            Json::from(content_digest),
        ]);
        sha256(&row.to_bytes())
    }

    /// Whether it came through the REST interface.
    pub fn is_rest(&self) -> bool {
        self.contract_id.starts_with(REST_PREFIX)
    }

    /// What the ACK says about the record.
    pub fn receipt(&self) -> Receipt {
        Receipt {
            record_id: self.record_id.clone(),
            creation_time: self.created_at,
            row_digest: self.row_digest.clone(),
        }
    }
}

/// Proof of recording, handed back with the ACK (`message.ledger`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub record_id: String,
    pub creation_time: Timestamp,
    pub row_digest: String,
}

impl Receipt {
    pub fn to_json(&self) -> Json {
        Json::object([
            ("success", Json::from(true)),
            ("recordId", Json::from(self.record_id.as_str())),
            ("creationTime", Json::from(self.creation_time.to_rfc3339())),
            ("rowDigest", Json::from(self.row_digest.as_str())),
        ])
    }
}

/// The name of a contract's record: what both platforms can derive themselves.
pub fn record_id(transaction_id: &str, contract_id: &str) -> String {
    format!("{transaction_id}_{contract_id}")
}

/// Judges a revision: the same parties, prices and slots, and no line more than before. A line that is gone
/// counts as zero.
///
/// # Errors
/// `BIZ_UPDATE_INCONSISTENT` for what an update may not touch, `POL_UPDATE_NOT_ALLOWED` for more energy.
pub fn judge_revision(old: &Terms, new: &Terms) -> Result<(), WireError> {
    let inconsistent = |what: &str| Err(WireError::new(ErrorCode::BizUpdateInconsistent, what));
    if (&old.network_id, &old.transaction_id, &old.buyer, &old.seller)
        != (&new.network_id, &new.transaction_id, &new.buyer, &new.seller)
    {
        return inconsistent("an update cannot change the parties of a recorded contract");
    }
    let mut before: BTreeMap<(&str, i64), &Line> =
        old.lines.iter().map(|line| ((line.commitment.as_str(), line.interval), line)).collect();
    for line in &new.lines {
        let Some(was) = before.remove(&(line.commitment.as_str(), line.interval)) else {
            return inconsistent("an update cannot add a delivery slot");
        };
        if (was.slot, was.price) != (line.slot, line.price) {
            return inconsistent("an update cannot change a delivery slot or a price");
        }
        if line.requested > was.requested {
            return Err(WireError::new(
                ErrorCode::PolUpdateNotAllowed,
                format!("a recorded quantity can only be lowered: {} kWh stand", was.requested.to_kwh_text()),
            ));
        }
    }
    Ok(())
}

/// `sha256:` and the digest in hex.
pub fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
