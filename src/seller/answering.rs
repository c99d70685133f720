//! `select` → `on_select`: the price as it is now. Nothing is held for it, and a lost answer is only asked again.

use beckn_wire::code::WireError;
use node::InboxJob;
use units::Paise;

use beckn_wire::energy::{Column, Contract as WireContract, messages};

use super::admit::{offer_id, read};
use super::error::SellerError;
use super::step::{Ends, end_with};
use super::terms::{Asked, contract_callback, rows};
use crate::contract::{ContractSlot, amount_due};
use crate::market::Offer;
use crate::network::{Action, Participant};

/// The consideration of a quote.
const QUOTE_ID: &str = "quote-1";

/// Answers with the quote, or with why there is none any more.
///
/// # Errors
/// Our own trouble; the message is worked off again.
pub(super) async fn select(p: &Participant, job: &InboxJob) -> Result<(), SellerError> {
    let asked = Asked::read(job)?;
    let wire = asked.contract()?;
    let known = read(p, &job.transaction_id, offer_id(&wire)).await?;
    let offer = known.offer.as_ref().filter(|_| known.sells).map(|(offer, _)| offer);
    let (answer, error) = match quote(&wire, offer, p) {
        Ok(quoted) => (quoted, None),
        Err(error) => (wire, Some(error.wire().ok_or(error)?)),
    };
    let out = contract_callback(p, job, &asked.context, Action::OnSelect, &answer, error)?;
    end_with(p, Ends::from(job), vec![out]).await
}

/// The contract with our price and stock in its table and the total in its consideration.
fn quote(wire: &WireContract, offer: Option<&Offer>, p: &Participant) -> Result<WireContract, SellerError> {
    let offer = offer.ok_or(SellerError::Market(crate::market::MarketError::OfferNotFound))?;
    let rows = rows(wire, &p.settings.rules)?;
    let mut quoted = wire.clone();
    // A quote says nothing of payment, delivery or an id, whatever the question said.
    (quoted.id, quoted.settlements, quoted.performance) = (None, Vec::new(), Vec::new());
    let series = quoted.series_mut()?;
    series.declare(&Column::AvailableQty);
    for row in &rows {
        let Some(slot) = offer.slots.iter().find(|slot| slot.slot == row.slot) else { continue };
        series.set_price(row.interval_id, slot.price)?;
        series.set_energy(row.interval_id, &Column::AvailableQty, slot.available())?;
    }
    Ok(messages::on_select(&quoted, QUOTE_ID, total(&rows)?))
}

/// Energy times price over all rows, each rounded to the paisa, half away from zero.
///
/// # Errors
/// Out of range.
pub(super) fn total(rows: &[ContractSlot]) -> Result<Paise, SellerError> {
    amount_due(rows).map_err(|_| WireError::format(super::terms::TABLE, "the total is out of range").into())
}
