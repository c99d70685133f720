//! The end of a demo: what came of it, checked between the two platforms and both ledgers, and the evidence for others.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use db::{DbError, Tx};
use futures_util::FutureExt;
use units::WattHours;
use uuid::Uuid;

use super::trader::Tally;
use crate::cli::AnyError;
use crate::cli::local::LocalNetwork;
use crate::contract::{self, Contract, Holds, LedgerState, Side, State};
use crate::identity::{self, User};
use crate::market;

/// Rows that are read at once.
const PAGE: i64 = 1_000;

/// What came of a demo.
#[derive(Clone, Debug)]
pub struct Summary {
    tally: Tally,
    active: usize,
    cancelled: usize,
    /// Disagreements between the parties, and amounts that do not add up.
    faults: Vec<String>,
}

impl Summary {
    /// Something ended as it must not.
    pub fn is_wrong(&self) -> bool {
        self.tally.failed > 0 || !self.faults.is_empty()
    }

    /// What does not agree.
    pub fn into_faults(self) -> Vec<String> {
        self.faults
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.faults {
            writeln!(f, "fault: {fault}")?;
        }
        write!(
            f,
            "demo: {} contracts: {} active, {} cancelled, {} refused, {} failed, {} faults",
            self.tally.contracts,
            self.active,
            self.cancelled,
            self.tally.refused,
            self.tally.failed,
            self.faults.len()
        )
    }
}

/// Reads both platforms and the ledgers, and compares.
///
/// # Errors
/// A database cannot be read.
pub async fn of(network: &LocalNetwork, tally: Tally) -> Result<Summary, AnyError> {
    let mut contracts = Vec::new();
    let mut faults = Vec::new();
    for platform in &network.platforms {
        let (own, stock) = platform.participant.db.read(|tx| everything(tx).boxed()).await?;
        faults.extend(stock_faults(&own, &stock));
        contracts.extend(own);
    }
    let sellers: BTreeMap<&str, &Contract> = contracts
        .iter()
        .filter(|c| c.side == Side::Seller)
        .filter_map(|c| c.contract_id.as_deref().map(|id| (id, c)))
        .collect();
    let buyers: Vec<&Contract> =
        contracts.iter().filter(|c| c.side == Side::Buyer && c.contract_id.is_some()).collect();
    for buyer in &buyers {
        let id = buyer.contract_id.as_deref().unwrap_or_default();
        match sellers.get(id) {
            None => faults.push(format!("contract {id}: the seller does not know it")),
            Some(seller) => faults.extend(disagreement(id, buyer, seller)),
        }
    }
    for side in [Side::Buyer, Side::Seller] {
        let recorded = contracts.iter().filter(|c| c.side == side && c.state.is_confirmed());
        faults.extend(recorded.filter(|c| c.ledger != LedgerState::Recorded).map(|c| {
            format!("transaction {}: confirmed without its {} ledger", c.transaction_id, side.as_str())
        }));
    }
    let count = |state: State| buyers.iter().filter(|c| c.state == state).count();
    Ok(Summary { tally, active: count(State::Standing), cancelled: count(State::Cancelled), faults })
}

/// Sold and reserved energy by offer and slot.
type Stock = BTreeMap<(String, i64), (WattHours, WattHours)>;

/// Everybody who has an account on a platform: the demo's people, and whoever came while it ran.
pub(super) async fn everybody(tx: &mut Tx) -> Result<Vec<User>, DbError> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = identity::admin::list(tx, before, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        before = Some(last.user.id);
        all.extend(page.into_iter().map(|listed| listed.user));
    }
}

/// All contracts of a user.
pub(super) async fn contracts_of(tx: &mut Tx, user: Uuid) -> Result<Vec<Contract>, DbError> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = contract::service::of_user(tx, user, None, None, before, PAGE).await?;
        let Some(last) = page.last() else { return Ok(all) };
        before = Some(last.id);
        all.extend(page);
    }
}

async fn everything(tx: &mut Tx) -> Result<(Vec<Contract>, Stock), DbError> {
    let mut contracts = Vec::new();
    let mut stock = Stock::new();
    for user in everybody(tx).await? {
        contracts.extend(contracts_of(tx, user.id).await?);
        let mut before: Option<Uuid> = None;
        loop {
            let offers = market::service::of_user(tx, user.id, None, before, PAGE).await?;
            let Some(last) = offers.last() else { break };
            before = Some(last.id);
            for offer in &offers {
                for slot in &offer.slots {
                    let key = (offer.id.to_string(), slot.slot.start().micros());
                    stock.insert(key, (slot.sold, slot.reserved));
                }
            }
        }
    }
    Ok((contracts, stock))
}

/// What the offers say is sold and reserved must be what the contracts hold.
fn stock_faults(contracts: &[Contract], stock: &Stock) -> Vec<String> {
    let mut held: Stock = BTreeMap::new();
    for contract in contracts.iter().filter(|c| c.side == Side::Seller) {
        for part in contract.quantities() {
            let key = (contract.offer_id.clone(), part.slot.start().micros());
            let (sold, reserved) = held.entry(key).or_default();
            let target = match contract.holds {
                Holds::Sale => sold,
                Holds::Reservation => reserved,
                Holds::Nothing => continue,
            };
            *target = target.checked_add(part.quantity).unwrap_or(WattHours::MAX);
        }
    }
    stock
        .iter()
        .filter(|(key, amounts)| held.get(*key).copied().unwrap_or_default() != **amounts)
        .map(|((offer, _), (sold, reserved))| {
            format!("offer {offer}: {sold} kWh sold and {reserved} kWh reserved, its contracts say otherwise")
        })
        .collect()
}

fn disagreement(id: &str, buyer: &Contract, seller: &Contract) -> Option<String> {
    let states = match (seller.state, buyer.state) {
        (State::Active, State::Standing) | (State::Cancelled, State::Cancelled) => None,
        (seller, buyer) => Some(format!("seller {}, buyer {}", seller.as_str(), buyer.as_str())),
    };
    let amounts = (buyer.quantities() != seller.quantities()).then(|| "other quantities".to_owned());
    states.or(amounts).map(|what| format!("contract {id}: {what}"))
}

/// Writes the messages of both platforms, and the public keys with which anyone can check them.
///
/// # Errors
/// The folder cannot be written.
pub async fn export(network: &LocalNetwork, folder: &Path) -> Result<(), AnyError> {
    let mut keys = serde_json::Map::new();
    for (platform, name) in network.platforms.iter().zip(["alpha", "beta"]) {
        node::export::export(&platform.participant.db, &folder.join(name)).await?;
        for identity in platform.participant.node.identities() {
            let public = identity.signing_key.public().to_base64();
            keys.insert(identity.key_id.to_string(), public.into());
        }
    }
    node::export::export(&network.catalog.db, &folder.join("catalog")).await?;
    node::export::export(&network.discoms.db, &folder.join("discoms")).await?;
    for node in [&network.catalog.node, &network.discoms.node] {
        for identity in node.identities() {
            keys.insert(identity.key_id.to_string(), identity.signing_key.public().to_base64().into());
        }
    }
    std::fs::write(folder.join("keys.json"), serde_json::to_vec_pretty(&keys)?)?;
    Ok(())
}
