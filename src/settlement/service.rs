//! Settling a contract: the DISCOMs' final result becomes money, once for each revision of it.

use db::Tx;
use units::Paise;
use uuid::Uuid;

use super::bill::{Bill, Flows};
use super::hold;
use super::ledger::{lock_user, post};
use super::model::{Draft, JournalKind, MoneyError, Posted, SettledSlot, Stamp, neg, sub};
use super::payments::{Payment, PaymentKind};
use super::rates::rates_of;
use super::store::trades;
use crate::contract::{self, Contract, Side, State};
use crate::metering;

/// The final result of one side of a contract of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Our own id of it ([`Contract::id`]).
    pub contract: Uuid,
    /// Of the result: 1 for the first; a corrected meter value makes the next one, over all slots again.
    pub revision: i64,
    /// Every slot with a quantity. A slot whose final allocation is not written is not settled: then this is too early.
    pub slots: Vec<SettledSlot>,
    /// The contract policy's four, over the same slots.
    pub flows: Flows,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Booked now.
    Booked {
        journal: Uuid,
        /// What the user's account and arrears got: negative for a buyer; after a correction only the difference.
        user: Paise,
    },
    /// This revision, or a later one, was booked before; nothing has changed.
    Already,
}

/// Books a final result in the caller's transaction: the hold ends, the buyer pays the settled energy at the agreed
/// price and the seller is credited; charges, fees and attributed penalties go to their accounts; a buyer's payment is
/// recorded with its reference. A later revision books the difference. Comes it again, it has no effect.
///
/// # Errors
/// No such contract, one that is not confirmed, a result that does not fit it or its flows, another result under the
/// same revision; the database's. The caller rolls back.
pub async fn settle(tx: &mut Tx, settlement: &Settlement, stamp: &Stamp<'_>) -> Result<Outcome, MoneyError> {
    let contract = contract::service::lock_by_id(tx, settlement.contract).await?;
    let contract = contract.ok_or(MoneyError::ContractUnknown)?;
    if !matches!(contract.state, State::Active | State::Standing | State::Disputed) {
        return Err(MoneyError::NotSettled(contract.state));
    }
    check(&contract, settlement)?;
    let before = trades::last(tx, &contract, peer_of(&contract, stamp)).await?;
    match &before {
        Some((last, bill)) if *last == settlement.revision && !same(bill, settlement)? => {
            return Err(MoneyError::RevisionTaken);
        }
        Some((last, _)) if *last >= settlement.revision => return Ok(Outcome::Already),
        _ => {}
    }
    let bill = bill(tx, &contract, settlement, stamp).await?;
    let kind = if before.is_some() { JournalKind::Correction } else { JournalKind::Settlement };
    let mut draft = Draft::new(kind, format!("{}/{}", contract.id, settlement.revision), Some(contract.id));
    let user = bill.book(before.as_ref().map(|(_, bill)| bill), &mut draft)?;
    let (account, arrears) = lock_user(tx, contract.user_id, stamp).await?;
    let held = hold::capture(tx, &contract).await?;
    draft.book_user(&account, &arrears, user, neg(held)?)?;
    let Posted::New(journal) = post(tx, &draft, stamp).await? else { return Err(MoneyError::Stale) };
    let previous = before.as_ref().map(|(revision, _)| *revision);
    let revision = trades::Revision { number: settlement.revision, previous, journal };
    trades::insert(tx, &contract, revision, &bill, stamp).await?;
    if contract.side == Side::Buyer {
        let paid = before.map_or(Paise::ZERO, |(_, bill)| bill.traded);
        record_payment(tx, &contract, settlement.revision, sub(bill.traded, paid)?, stamp).await?;
    }
    Ok(Outcome::Booked { journal, user })
}

/// The result is about exactly the slots of the contract, at their price and quantity.
fn check(contract: &Contract, settlement: &Settlement) -> Result<(), MoneyError> {
    if settlement.revision < 1 {
        return Err(MoneyError::Result("revisions count from one"));
    }
    let quantities = contract.quantities();
    let fits = settlement.slots.len() == quantities.len()
        && quantities.iter().all(|part| {
            let of = |slot: &&SettledSlot| slot.slot == part.slot;
            settlement
                .slots
                .iter()
                .find(of)
                .is_some_and(|slot| slot.price == part.price && slot.requested == part.quantity)
        });
    if fits { Ok(()) } else { Err(MoneyError::Result("it has other slots, prices or quantities")) }
}

fn same(bill: &Bill, settlement: &Settlement) -> Result<bool, MoneyError> {
    let slots = settlement.slots.iter();
    let known = slots.filter(|slot| bill.slot(slot.slot).is_some_and(|line| line.result == **slot)).count();
    Ok(known == bill.slots.len()
        && bill.traded == settlement.flows.traded()?
        && bill.discom_flow == settlement.flows.discom(bill.side))
}

/// The platform of the other side; none when both users are ours.
pub(super) fn peer_of<'c>(contract: &'c Contract, stamp: &Stamp<'_>) -> Option<&'c str> {
    Some(contract.peer_id.as_str()).filter(|peer| *peer != stamp.own_id)
}

async fn bill(
    tx: &mut Tx,
    contract: &Contract,
    settlement: &Settlement,
    stamp: &Stamp<'_>,
) -> Result<Bill, MoneyError> {
    let key = match contract.side {
        Side::Seller => contract.seller_meter.as_str(),
        Side::Buyer => contract.buyer_meter.as_deref().unwrap_or_default(),
    };
    let meter = metering::find_by_key(tx, key).await?.ok_or(MoneyError::Result("the meter is not ours"))?;
    let rates = rates_of(tx, &contract.network_id, &meter.discom_code).await?;
    let names = (meter.discom_code.as_str(), peer_of(contract, stamp));
    Bill::of(contract.side, names, &settlement.slots, &settlement.flows, &rates)
}

/// Under what the buyer's side pays a settlement of a contract.
pub fn payment_reference(contract: &Contract, revision: i64) -> String {
    let named = contract.contract_id.as_ref().unwrap_or(&contract.transaction_id);
    format!("P2P/{named}/{revision}")
}

/// The buyer's payment of the energy, by the reference that the seller's side can look for.
async fn record_payment(
    tx: &mut Tx,
    contract: &Contract,
    revision: i64,
    amount: Paise,
    stamp: &Stamp<'_>,
) -> Result<(), MoneyError> {
    let payment = Payment::paid(
        stamp.ids.uuid(),
        PaymentKind::Trade,
        Some(contract.user_id),
        amount,
        payment_reference(contract, revision),
        stamp.market,
    );
    let parties = trades::Parties { peer_id: peer_of(contract, stamp), contract: Some(contract.id) };
    Ok(trades::insert_payment(tx, &payment, parties, stamp.now).await?)
}
