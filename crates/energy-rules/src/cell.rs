//! Cells of the contract table: who may write which, and what a received cell does to the stored one (ruling
//! 15).
//!
//! A contract is one growing table of which each party holds a copy. Every message carries all of it, so most
//! received cells only repeat what is known; what counts is a cell that differs, and then who says so. An
//! empty cell says nothing. What a sender may not write changes nothing and is reported, so that it can be
//! kept as evidence.

use beckn_wire::energy::{Column, Writer};

use crate::RuleError;

/// How a value came to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provenance {
    /// Through a platform that speaks for the owner.
    Relayed,
    /// Signed by the owner of the column.
    Direct,
}

/// The parties of a contract at the two ends of a message. One subscriber can be several of them: a ledger
/// that both DISCOMs use, a platform with both users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg<'a> {
    pub from: &'a [Writer],
    pub to: &'a [Writer],
}

impl Leg<'_> {
    /// Whether the sender may write the column, and as what.
    ///
    /// The owner may; and the platform of the owner's side as its relay. A ledger knows its own platform
    /// only, and so takes from it what belongs to the other side or to the platforms; but nobody else writes
    /// what it owns itself.
    pub fn entitled(&self, column: &Column) -> Option<Provenance> {
        let owner = column.owner()?;
        if self.from.contains(&owner) {
            return Some(Provenance::Direct);
        }
        if self.to.contains(&owner) {
            return None;
        }
        let relays = self.from.contains(&owner.platform());
        let own_ledger = self.to.iter().any(|to| *to == to.discom() && self.from.contains(&to.platform()));
        (relays || own_ledger).then_some(Provenance::Relayed)
    }
}

/// How far the contract is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not concluded: the platforms write price, stock and request.
    Agreeing,
    /// Concluded: those stand, and the DISCOMs write what was delivered.
    Concluded,
}

/// A stored cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<T> {
    pub value: T,
    pub provenance: Provenance,
    /// Numbered from 1; each entitled change is a round, and all are kept.
    pub round: u32,
}

/// What a received cell does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge<T> {
    /// It says nothing, or what is known.
    Unchanged,
    /// The owner itself confirms what its relay had said: the same round, now direct.
    Confirmed(Cell<T>),
    /// A new round.
    Written(Cell<T>),
    /// The owner contradicts what its relay had said: the next round, and a dispute.
    Disputed(Cell<T>),
    /// The sender may not write this: nothing changes.
    Refused(RuleError),
}

/// Merges one received cell into the stored one. `received` is `None` where the message leaves the cell
/// empty.
pub fn merge_cell<T: PartialEq>(
    column: &Column,
    leg: &Leg<'_>,
    stage: Stage,
    stored: Option<&Cell<T>>,
    received: Option<T>,
) -> Merge<T> {
    let Some(value) = received else { return Merge::Unchanged };
    let known = stored.is_some_and(|cell| cell.value == value);
    let Some(provenance) = leg.entitled(column) else {
        return match known {
            true => Merge::Unchanged,
            false => Merge::Refused(RuleError::CellNotYours { column: column.clone() }),
        };
    };
    if let Some(cell) = stored.filter(|_| known) {
        return match (cell.provenance, provenance) {
            (Provenance::Relayed, Provenance::Direct) => {
                Merge::Confirmed(Cell { value, provenance, round: cell.round })
            }
            _ => Merge::Unchanged,
        };
    }
    match (stage, column.is_delivery()) {
        (Stage::Agreeing, true) => return Merge::Refused(RuleError::CellTooEarly { column: column.clone() }),
        (Stage::Concluded, false) => return Merge::Refused(RuleError::CellFrozen { column: column.clone() }),
        _ => {}
    }
    let round = stored.map_or(1, |cell| cell.round.saturating_add(1));
    let next = Cell { value, provenance, round };
    match (stored.map(|cell| cell.provenance), provenance) {
        (Some(Provenance::Relayed), Provenance::Direct) => Merge::Disputed(next),
        // A relay does not overrule the owner's own word.
        (Some(Provenance::Direct), Provenance::Relayed) => {
            Merge::Refused(RuleError::CellNotYours { column: column.clone() })
        }
        _ => Merge::Written(next),
    }
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
