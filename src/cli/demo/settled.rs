//! The next morning of a demo: what was delivered of the contracts and what it came to, checked between both platforms.

use std::collections::BTreeMap;
use std::fmt;

use db::{DbError, Tx};
use futures_util::FutureExt;
use units::{Paise, WattHours};

use super::summary::{contracts_of, everybody};
use crate::cli::AnyError;
use crate::cli::local::LocalNetwork;
use crate::contract::delivered::{DeliveredSlot, Verdict, verdict};
use crate::contract::delivery::{self, Copy, Delivery, DeliveryState};
use crate::contract::{self, Contract, ROUNDING, Side};
use crate::network::Participant;
use crate::settlement::{self, MoneyError};
use crate::trust::{self, TrustError};

/// How the deliveries of both platforms stand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Sides of contracts that are settled: two for each contract.
    pub settled: i64,
    /// Sides that are awaited.
    pub open: i64,
}

/// Counts the deliveries of both platforms.
///
/// # Errors
/// A database cannot be read.
pub async fn progress(network: &LocalNetwork) -> Result<Progress, DbError> {
    let mut all = Progress::default();
    for platform in &network.platforms {
        for (state, n) in platform.participant.db.read(|tx| delivery::count(tx).boxed()).await? {
            match state {
                DeliveryState::Settled => all.settled = all.settled.saturating_add(n),
                DeliveryState::Awaited | DeliveryState::Told => all.open = all.open.saturating_add(n),
                DeliveryState::Exception | DeliveryState::Void => {}
            }
        }
    }
    Ok(all)
}

/// One side of a contract that stands.
struct Row {
    contract: Contract,
    delivery: Delivery,
    slots: Vec<DeliveredSlot>,
    copies: Vec<Copy>,
    /// Its user.
    name: String,
}

/// What came of the deliveries.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    lines: Vec<String>,
    /// What each person has at the end.
    people: Vec<String>,
    contracts: usize,
    full: usize,
    partial: usize,
    nothing: usize,
    exceptions: usize,
    requested: WattHours,
    settled: WattHours,
    paid: Paise,
    /// What does not reconcile.
    pub faults: Vec<String>,
}

impl Settled {
    /// Contracts that both sides have settled.
    pub fn contracts(&self) -> usize {
        self.contracts
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines.iter().chain(&self.people) {
            writeln!(f, "  {line}")?;
        }
        for fault in &self.faults {
            writeln!(f, "fault: {fault}")?;
        }
        write!(
            f,
            "settled: {} contracts: {} full, {} partial, {} without delivery, {} exceptions; {} of {} kWh, {} INR, {} faults",
            self.contracts,
            self.full,
            self.partial,
            self.nothing,
            self.exceptions,
            self.settled,
            self.requested,
            self.paid,
            self.faults.len()
        )
    }
}

/// Reads both platforms and compares: every contract is settled on both sides with the same cells and amounts, no holder
/// of a copy tells another table, the books of money add up, and each score is the fold of its history.
///
/// # Errors
/// A database cannot be read.
pub async fn of(network: &LocalNetwork) -> Result<Settled, AnyError> {
    let mut pairs: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for platform in &network.platforms {
        for row in platform.participant.db.read(|tx| rows(tx).boxed()).await? {
            let id = row.contract.contract_id.clone().unwrap_or_default();
            pairs.entry(id).or_default().push(row);
        }
    }
    let mut all = Settled::default();
    for (id, mut sides) in pairs {
        sides.sort_by_key(|row| row.contract.side == Side::Buyer);
        match sides.as_slice() {
            [seller, buyer] => all.add(&id, seller, buyer),
            _ => all.faults.push(format!("contract {id}: only one side has it")),
        }
    }
    for platform in &network.platforms {
        let participant = &platform.participant;
        let audit = participant.db.read(|tx| settlement::audit(tx).boxed()).await?;
        if !audit.holds() {
            all.faults.push(format!("the books of {}: {audit:?}", participant.settings.subscriber_id));
        }
        let p = participant.clone();
        for standing in participant.db.read(move |tx| people(tx, p.clone()).boxed()).await? {
            match standing {
                Ok(line) => all.people.push(line),
                Err(fault) => all.faults.push(fault),
            }
        }
    }
    Ok(all)
}

/// What each person of a platform has and is trusted with, or what does not add up.
async fn people(tx: &mut Tx, p: Participant) -> Result<Vec<Result<String, String>>, DbError> {
    let mut lines = Vec::new();
    for user in everybody(tx).await? {
        let name = user.display_name;
        let account = settlement::overview(tx, user.id, p.settings.credit_limit).await;
        let score = trust::service::rebuild(tx, &p.settings.trust, user.id).await;
        lines.push(match (account, score) {
            (Ok(account), Ok(score)) => Ok(format!(
                "{name}: trust {score}, balance {} INR, {} INR held",
                account.balance, account.held
            )),
            (Err(MoneyError::Database(error)), _) | (_, Err(TrustError::Database(error))) => {
                return Err(error);
            }
            (Err(error), _) => Err(format!("{name}: {error}")),
            (_, Err(error)) => Err(format!("{name}: {error}")),
        });
    }
    Ok(lines)
}

impl Settled {
    fn add(&mut self, id: &str, seller: &Row, buyer: &Row) {
        for row in [seller, buyer] {
            if row.delivery.state == DeliveryState::Exception {
                let reason = row.delivery.reason.as_deref().unwrap_or_default();
                self.faults.push(format!("contract {id}, {}: {reason}", row.contract.side.as_str()));
                self.exceptions = self.exceptions.saturating_add(1);
            }
            for copy in row.copies.iter().filter(|copy| !copy.differs.is_empty()) {
                self.faults
                    .push(format!("contract {id}: {} tells {} differently", copy.holder, copy.differs));
            }
        }
        if [seller, buyer].iter().any(|row| row.delivery.state != DeliveryState::Settled) {
            return;
        }
        if seller.delivery.digest != buyer.delivery.digest || seller.slots != buyer.slots {
            self.faults.push(format!("contract {id}: the two sides settled different cells"));
        }
        let sum = |of: fn(&DeliveredSlot) -> WattHours| WattHours::checked_sum(buyer.slots.iter().map(of));
        let cost = units::total_amount(buyer.slots.iter().map(|s| (s.outcome.settled, s.price)), ROUNDING);
        let (Some(requested), Some(settled), Ok(cost)) =
            (sum(|slot| slot.outcome.requested), sum(|slot| slot.outcome.settled), cost)
        else {
            self.faults.push(format!("contract {id}: amounts out of range"));
            return;
        };
        self.contracts = self.contracts.saturating_add(1);
        let what = if settled == requested {
            self.full = self.full.saturating_add(1);
            "full"
        } else if settled > WattHours::ZERO {
            self.partial = self.partial.saturating_add(1);
            "partial"
        } else {
            self.nothing = self.nothing.saturating_add(1);
            "nothing"
        };
        self.requested = self.requested.checked_add(requested).unwrap_or(WattHours::MAX);
        self.settled = self.settled.checked_add(settled).unwrap_or(WattHours::MAX);
        self.paid = self.paid.checked_add(cost).unwrap_or(Paise::MAX);
        let hour = buyer.slots.first().map(|slot| units::ist_label(slot.slot.start())).unwrap_or_default();
        self.lines.push(format!(
            "{hour}  {} → {}  {settled} of {requested} kWh, {what}  {cost} INR",
            seller.name, buyer.name
        ));
    }
}

async fn rows(tx: &mut Tx) -> Result<Vec<Row>, DbError> {
    let mut rows = Vec::new();
    for user in everybody(tx).await? {
        for contract in contracts_of(tx, user.id).await? {
            let Some(delivery) = delivery::find(tx, contract.id).await? else { continue };
            if delivery.state == DeliveryState::Void {
                continue;
            }
            let cells = contract::service::cells(tx, contract.id).await?;
            let slots = match verdict(&contract.slots, &cells) {
                Verdict::Complete(slots) => slots,
                Verdict::Waiting | Verdict::Contradiction(_) => Vec::new(),
            };
            let copies = delivery::copies(tx, contract.id).await?;
            let name = user.display_name.clone();
            rows.push(Row { contract, delivery, slots, copies, name });
        }
    }
    Ok(rows)
}
