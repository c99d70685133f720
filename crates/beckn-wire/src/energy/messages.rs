//! The contract at each step of a trade, made from what came before it.
//!
//! Every function takes the contract that is stored, changes what the step changes and keeps the rest,
//! unknown members included. What leaves is valid under both texts of the protocol: older spellings of a peer
//! are replaced on the way.

use units::{Paise, WattHours};

use super::EditError;
use super::column::{Column, Writer};
use super::contract::{Commitment, Contract, OfferRef};
use super::deg::RevenueFlow;
use super::money::Money;
use super::offer::{EnergyTradeOffer, Offer};
use super::party::{DiscomLedgerProvider, EnergyCustomer, Participant, with_type};
use super::resource::Resource;
use super::schema;
use super::series::TimeSeries;
use super::settlement::{Consideration, MoneyAttributes, PaymentAction, Settlement, SettlementTerm};
use crate::json::{Json, Object};

/// The id of the consideration that holds the revenue flows.
pub const FLOWS_ID: &str = "auto-settlement-flows";
/// The id of the buyer's payment among the settlements.
pub const PAYMENT_ID: &str = "payment-1";

/// The buyer's side of a request.
#[derive(Clone, Copy, Debug)]
pub struct Buyer<'a> {
    pub platform_id: &'a str,
    pub customer: &'a EnergyCustomer,
    /// The UPADHI code of the DISCOM.
    pub discom_code: &'a str,
    pub discom: &'a DiscomLedgerProvider,
}

/// What a buyer takes from an offer.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub commitment_id: &'a str,
    pub offer: &'a Offer,
    /// The resource of the offer, from the same catalog.
    pub resource: &'a Resource,
    /// Energy by interval id of the offer's table.
    pub asked: &'a [(i64, WattHours)],
}

/// The contract of `select`: the buyer's side is named by its platform and DISCOM only; no meter, no
/// customer.
///
/// # Errors
/// The offer lacks its table or terms; nothing is asked for; an interval that the offer does not have.
pub fn select(request: &Request<'_>, buyer: &Buyer<'_>) -> Result<Contract, EditError> {
    draft(request, buyer, Participant::unnamed(buyer.platform_id))
}

/// The contract of `init`: as `select`, with the buyer's meter.
///
/// # Errors
/// As [`select`].
pub fn init(request: &Request<'_>, buyer: &Buyer<'_>) -> Result<Contract, EditError> {
    draft(request, buyer, Participant::customer(buyer.platform_id, buyer.customer.clone()))
}

fn draft(request: &Request<'_>, buyer: &Buyer<'_>, customer: Participant) -> Result<Contract, EditError> {
    let offer = request.offer.attributes.as_ref().ok_or(EditError::NotAnEnergyOffer)?;
    let mut terms = offer.contract_attributes.clone().ok_or(EditError::NotAnEnergyOffer)?;
    terms.bind(Writer::BuyerPlatform, buyer.platform_id);
    terms.bind(Writer::BuyerDiscom, buyer.discom_code);
    let mut rest = Object::new();
    rest.set("status", Object::new());
    let mut contract = Contract {
        id: None,
        status: Some("DRAFT".to_owned()),
        commitments: vec![commitment(request, offer)?],
        contract_attributes: Some(terms),
        participants: participants(offer, buyer, customer),
        consideration: Vec::new(),
        settlements: Vec::new(),
        performance: Vec::new(),
        rest,
    };
    canonicalize(&mut contract);
    Ok(contract)
}

fn commitment(request: &Request<'_>, offer: &EnergyTradeOffer) -> Result<Commitment, EditError> {
    let table = offer.commitment_attributes.as_ref().ok_or(EditError::NotAnEnergyOffer)?;
    let series = TimeSeries::request(table, request.asked)?;
    let total = series.total(&Column::RequestedQty).map_err(EditError::Table)?;
    let mut resource = request.resource.clone();
    resource.set_quantity(total);
    let offer_id = request.offer.id.as_deref().ok_or(EditError::NotAnEnergyOffer)?;
    Ok(Commitment {
        id: Some(request.commitment_id.to_owned()),
        status: Some("DRAFT".to_owned()),
        resources: vec![resource],
        offer: Some(OfferRef::new(offer_id, &request.offer.resource_ids)),
        series: Some(series),
        rest: Object::new(),
    })
}

/// The seller's side as the offer states it, then the buyer's. A DISCOM that serves both sides is listed
/// once.
fn participants(offer: &EnergyTradeOffer, buyer: &Buyer<'_>, customer: Participant) -> Vec<Participant> {
    let mut all = offer.participants.clone();
    all.push(customer);
    if !all.iter().any(|p| p.id.as_deref() == Some(buyer.discom_code)) {
        all.push(Participant::discom(buyer.discom_code, buyer.discom.clone()));
    }
    all
}

/// The contract of `on_select`: the request with its price in `consideration`.
pub fn on_select(stored: &Contract, quote_id: &str, amount: Paise) -> Contract {
    let mut contract = stored.clone();
    let mut term = SettlementTerm::on_fulfillment(None);
    term.amount = Some(Money::inr(amount));
    contract.consideration = vec![Consideration::new(quote_id, "DRAFT", MoneyAttributes::Term(term))];
    canonicalize(&mut contract);
    contract
}

/// The contract of `on_init`: the seller's payment terms added, the stock column gone. `id` may be given here
/// or later.
pub fn on_init(stored: &Contract, id: Option<&str>, settlement_id: &str, term: SettlementTerm) -> Contract {
    let mut contract = stored.clone();
    if let Some(id) = id {
        contract.id = Some(id.to_owned());
    }
    drop_stock(&mut contract);
    contract.settlements = vec![Settlement::new(settlement_id, "DRAFT", MoneyAttributes::Term(term))];
    set_statuses(&mut contract, "DRAFT", "DRAFT", "DRAFT");
    contract
}

/// The contract of `confirm`: what `on_init` said, unchanged.
pub fn confirm(on_init: &Contract) -> Contract {
    let mut contract = on_init.clone();
    drop_stock(&mut contract);
    set_statuses(&mut contract, "DRAFT", "DRAFT", "DRAFT");
    contract
}

/// The contract of `on_confirm`: named, active, its settlement committed.
pub fn on_confirm(confirmed: &Contract, id: &str) -> Contract {
    let mut contract = confirmed.clone();
    contract.id = Some(id.to_owned());
    drop_stock(&mut contract);
    set_statuses(&mut contract, "ACTIVE", "ACTIVE", "COMMITTED");
    contract
}

/// The whole contract as it stands: for `status`, `on_status`, `cancel` and `update`, which carry it complete
/// so that the receiver can route it.
pub fn as_it_stands(stored: &Contract) -> Contract {
    let mut contract = stored.clone();
    canonicalize(&mut contract);
    contract
}

/// The contract of a DISCOM ledger's own `on_status`: all seven columns, only those of `writer` filled.
///
/// # Errors
/// The contract has no table.
pub fn ledger_report(stored: &Contract, writer: Writer) -> Result<Contract, EditError> {
    let mut contract = as_it_stands(stored);
    let series = contract.series_mut().map_err(EditError::Table)?;
    *series = series.as_written_by(writer);
    Ok(for_ledger(&contract))
}

/// The contract of the settled `on_status`: complete, with the flows of the contract policy.
pub fn settled(stored: &Contract, flows: Vec<RevenueFlow>) -> Contract {
    let mut contract = stored.clone();
    contract.consideration.retain(|c| c.id.as_deref() != Some(FLOWS_ID));
    contract.consideration.push(Consideration::new(FLOWS_ID, "COMPLETE", MoneyAttributes::flows(flows)));
    for settlement in &mut contract.settlements {
        settlement.consideration_id = Some(FLOWS_ID.to_owned());
        complete_term(settlement);
    }
    set_statuses(&mut contract, "COMPLETE", "CLOSED", "COMPLETE");
    contract
}

/// The settled contract with the payment that the buyer's platform has made; its reference is what the seller's looks
/// for. A later one replaces it.
pub fn paid(settled: &Contract, payment: PaymentAction) -> Contract {
    let mut contract = settled.clone();
    contract.settlements.retain(|settlement| settlement.id.as_deref() != Some(PAYMENT_ID));
    let mut entry = Settlement::new(PAYMENT_ID, "COMPLETE", MoneyAttributes::Payment(payment));
    entry.consideration_id = Some(FLOWS_ID.to_owned());
    contract.settlements.push(entry);
    contract
}

/// The contract of `on_cancel`, preview or committed: cancelled, nothing to be paid. The trade is postpaid,
/// so there is nothing to give back.
pub fn on_cancel(stored: &Contract) -> Contract {
    let mut contract = stored.clone();
    for settlement in &mut contract.settlements {
        if let Some(MoneyAttributes::Term(term)) = &mut settlement.attributes {
            term.amount = Some(Money::inr(Paise::default()));
        }
        complete_term(settlement);
    }
    set_statuses(&mut contract, "CANCELLED", "CLOSED", "COMPLETE");
    contract
}

/// The contract of `update` and `on_update`: these requested quantities instead of the stored ones, by interval, and what
/// they come to where the terms of payment name an amount.
///
/// # Errors
/// There is no table, or no such interval.
pub fn updated(
    stored: &Contract,
    requested: &[(i64, WattHours)],
    amount: Paise,
) -> Result<Contract, EditError> {
    let mut contract = as_it_stands(stored);
    let series = contract.series_mut().map_err(EditError::Table)?;
    for (interval, energy) in requested {
        series.set_energy(*interval, &Column::RequestedQty, *energy)?;
    }
    let total = series.total(&Column::RequestedQty).map_err(EditError::Table)?;
    if let Some(resource) = contract.commitments.first_mut().and_then(|c| c.resources.first_mut()) {
        resource.set_quantity(total);
    }
    for settlement in &mut contract.settlements {
        if let Some(MoneyAttributes::Term(term)) = &mut settlement.attributes
            && term.amount.is_some()
        {
            term.amount = Some(Money::inr(amount));
        }
    }
    Ok(contract)
}

/// The contract as a DISCOM's ledger is sent it: how people are paid is not its business (ruling 11).
#[must_use]
pub fn for_ledger(contract: &Contract) -> Contract {
    let mut copy = as_it_stands(contract);
    copy.settlements = copy.settlements.iter().map(Settlement::stripped).collect();
    for consideration in &mut copy.consideration {
        if let Some(MoneyAttributes::Term(term)) = &mut consideration.attributes {
            term.pay_to = None;
        }
    }
    copy
}

/// A callback that reports a failure: the last known contract, and the error beside the message, where both
/// texts of the protocol allow it. `error` is the error object of a NACK.
pub fn failing_body(context: Json, message: Json, error: Json) -> Json {
    Json::object([("context", context), ("message", message), ("error", error)])
}

fn drop_stock(contract: &mut Contract) {
    for series in contract.commitments.iter_mut().filter_map(|c| c.series.as_mut()) {
        series.remove_column(&Column::AvailableQty);
    }
}

fn complete_term(settlement: &mut Settlement) {
    if let Some(MoneyAttributes::Term(term)) = &mut settlement.attributes {
        term.settlement_status = Some("COMPLETE".to_owned());
    }
}

fn set_statuses(contract: &mut Contract, status: &str, commitment: &str, settlement: &str) {
    contract.status = Some(status.to_owned());
    for each in &mut contract.commitments {
        each.status = Some(commitment.to_owned());
    }
    for each in &mut contract.settlements {
        each.status = Some(settlement.to_owned());
    }
    canonicalize(contract);
}

/// Replaces what is tolerated when it comes in and never sent: older names, and a consideration without
/// status.
fn canonicalize(contract: &mut Contract) {
    for participant in &mut contract.participants {
        participant.canonicalize();
    }
    let code = contract.status.clone().unwrap_or_else(|| "DRAFT".to_owned());
    for consideration in &mut contract.consideration {
        consideration.status.get_or_insert_with(|| code.clone());
    }
    if let Some(terms) = &mut contract.contract_attributes {
        with_type(&mut terms.rest, schema::DEG_CONTRACT);
    }
    for series in contract.commitments.iter_mut().filter_map(|c| c.series.as_mut()) {
        with_type(&mut series.rest, schema::TIME_SERIES);
        declare_owners(series);
    }
}

/// A column of this network is declared with its owner, whatever a peer left out.
fn declare_owners(series: &mut TimeSeries) {
    for descriptor in &mut series.descriptors {
        if descriptor.inserted_by.is_none() {
            descriptor.inserted_by = descriptor.payload_type.owner();
        }
    }
}
