//! What a buyer's account holds for a trade, from `confirm` to the end of the trade.

use db::Tx;
use units::Paise;
use uuid::Uuid;

use super::bill::SlotBill;
use super::ledger::{lock, post};
use super::model::{
    AccountId, Draft, JournalKind, MoneyError, Posted, Quality, SettledSlot, Stamp, add, neg, sub,
};
use super::rates::rates_of;
use super::store;
use crate::contract::{Contract, Side};
use crate::metering;

/// What a contract may cost its buyer at most: every slot in full, with the charges of its date.
///
/// # Errors
/// The buyer's meter is not one of ours; out of range; the database's.
pub async fn amount_for(tx: &mut Tx, contract: &Contract) -> Result<Paise, MoneyError> {
    let key = contract.buyer_meter.as_deref().unwrap_or_default();
    let meter = metering::find_by_key(tx, key).await?.ok_or(MoneyError::ContractUnknown)?;
    let rates = rates_of(tx, &contract.network_id, &meter.discom_code).await?;
    let mut sum = Paise::ZERO;
    for part in contract.quantities() {
        let whole = SettledSlot {
            slot: part.slot,
            price: part.price,
            requested: part.quantity,
            round1: None,
            round2: None,
            settled: part.quantity,
            quality: Quality::Measured,
        };
        sum = add(sum, neg(SlotBill::of(Side::Buyer, &whole, &rates)?.for_user(Side::Buyer)?)?)?;
    }
    Ok(sum)
}

/// Makes the user's account hold `target` for a contract: more, less, or nothing any more. A contract that is settled
/// holds nothing, whatever is asked for. Runs in the caller's transaction, and has one effect however often it comes:
/// gives what it changed.
///
/// # Errors
/// [`MoneyError::CreditExceeded`]; the database's.
pub async fn adjust(
    tx: &mut Tx,
    contract: Uuid,
    user: Uuid,
    target: Paise,
    stamp: &Stamp<'_>,
) -> Result<Paise, MoneyError> {
    if target == Paise::ZERO && store::find_hold(tx, contract).await?.is_none() {
        return Ok(Paise::ZERO);
    }
    let account = AccountId::user(user);
    lock(tx, &account, stamp).await?;
    let mut hold = store::open_hold(tx, contract, &account).await?;
    let change = sub(target, hold.amount)?;
    if hold.captured || change == Paise::ZERO {
        return Ok(Paise::ZERO);
    }
    hold.steps = hold.steps.saturating_add(1);
    hold.amount = target;
    let kind = if change > Paise::ZERO { JournalKind::Hold } else { JournalKind::Release };
    let mut draft = Draft::new(kind, format!("{contract}/{}", hold.steps), Some(contract));
    draft.book(&account, Paise::ZERO, change)?;
    if post(tx, &draft, stamp).await? == Posted::Already {
        return Err(MoneyError::Stale);
    }
    store::update_hold(tx, contract, &hold).await?;
    Ok(change)
}

/// Ends the hold of a contract that is being settled, for good: gives what it held, which the settlement's journal takes
/// away. The user's account is locked.
pub(super) async fn capture(tx: &mut Tx, contract: &Contract) -> Result<Paise, MoneyError> {
    if contract.side == Side::Seller {
        return Ok(Paise::ZERO);
    }
    let mut hold = store::open_hold(tx, contract.id, &AccountId::user(contract.user_id)).await?;
    let held = hold.amount;
    hold.amount = Paise::ZERO;
    hold.captured = true;
    store::update_hold(tx, contract.id, &hold).await?;
    Ok(held)
}
