//! `init` holds the stock, `confirm` sells it. All slots or none, under the offer's lock.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::messages::{self, Buyer, Request as WireRequest};
use beckn_wire::energy::{
    Contract as WireContract, DiscomLedgerProvider, Money, PayTo, SettlementTerm, Writer,
};
use node::InboxJob;
use units::{Timestamp, WattHours};

use super::admit::{Known, offer_id, read, same_terms};
use super::answering::total;
use super::error::{SellerError, state_refusal};
use super::step::{Caps, Ends, Step, end_with, load, rounds};
use super::terms::{Asked, bytes, contract_callback, document, failure, gate_of, rows};
use crate::contract::{Contract, ContractSlot, Holds, LedgerState, Side, State};
use crate::identity::{self, User};
use crate::market::Offer;
use crate::metering::Meter;
use crate::network::{Action, LedgerAct, Participant, normalize_meter};

/// The settlement of a contract that is paid after delivery.
const SETTLEMENT_ID: &str = "settlement-1";

/// Holds the stock and answers with the payment terms; or tells why not, beside the contract as it was asked for.
///
/// # Errors
/// Our own trouble; the message is worked off again.
pub(super) async fn init(p: &Participant, job: &InboxJob) -> Result<(), SellerError> {
    let asked = Asked::read(job)?;
    let wire = asked.contract()?;
    let held = rounds!(hold(p, job, &asked, &wire).await);
    let Err(error) = held else { return Ok(()) };
    let told = error.wire().ok_or(error)?;
    let out = contract_callback(p, job, &asked.context, Action::OnInit, &wire, Some(told.clone()))?;
    rounds!(refuse(p, job, &told, out.clone()).await)
}

async fn hold(
    p: &Participant,
    job: &InboxJob,
    asked: &Asked,
    wire: &WireContract,
) -> Result<(), SellerError> {
    let known = read(p, &job.transaction_id, offer_id(wire)).await?;
    known.check_seller()?;
    let Known { contract: before, offer: Some((offer, meter)), .. } = known else {
        return Err(SellerError::Market(crate::market::MarketError::OfferNotFound));
    };
    let rows = rows(wire, &p.settings.rules)?;
    let gate = gate_of(&rows, &p.settings.rules).ok_or(energy_rules::RuleError::NothingRequested)?;
    let now_market = p.market_now();
    if now_market >= gate {
        let slot = rows.iter().find(|row| energy_rules::closes_at(row.slot, &p.settings.rules) == gate);
        let slot = slot.ok_or(SellerError::Document)?.slot;
        return Err(energy_rules::RuleError::GateClosed { slot, closed: gate }.into());
    }
    let user = owner(p, &meter).await?;
    let agreed = canonical(p, wire, &rows, &offer, &meter, &user, &job.sender)?;
    let rows = self::rows(&agreed, &p.settings.rules)?;
    let on_init = messages::on_init(&agreed, None, SETTLEMENT_ID, payment_terms(user, &rows)?);
    let out = contract_callback(p, job, &asked.context, Action::OnInit, &on_init, None)?;
    let mut after = match &before {
        Some(contract) => contract.clone(),
        None => draft(p, job, asked, &meter, &offer.id.to_string()),
    };
    if before.is_some() {
        after.step(crate::contract::Step::Reserve)?;
    } else {
        after.state = State::Reserved;
    }
    after.offer_id = offer.id.to_string();
    after.seller_meter.clone_from(&meter.meter_key);
    after.buyer_meter = wire.meter_of(Writer::BuyerPlatform).map(normalize_meter);
    after.slots = rows;
    after.document = bytes(&on_init);
    after.gate_closes_at = gate;
    after.reserved_until = Some(now_market.saturating_add(p.settings.reservation_ttl).min(gate));
    after.holds = Holds::Reservation;
    after.failure = None;
    let mut step = Step::by(before.as_ref(), after, job);
    if before.as_ref().is_none_or(|contract| contract.holds == Holds::Nothing) {
        step.caps =
            Some(Caps { per_meter: p.settings.open_per_meter_max, per_peer: p.settings.open_per_peer_max });
    }
    step.out = vec![out];
    step.commit(p).await
}

/// Our side of a transaction that begins with this message.
fn draft(p: &Participant, job: &InboxJob, asked: &Asked, meter: &Meter, offer_id: &str) -> Contract {
    let now: Timestamp = p.now();
    Contract {
        id: p.ids.uuid(),
        side: Side::Seller,
        transaction_id: job.transaction_id.clone(),
        contract_id: None,
        user_id: meter.user_id,
        peer_id: job.sender.clone(),
        peer_uri: asked.context.bap_uri.clone().unwrap_or_default(),
        network_id: p.settings.network_id.clone(),
        offer_id: offer_id.to_owned(),
        seller_meter: meter.meter_key.clone(),
        buyer_meter: None,
        state: State::Draft,
        revision: 1,
        document: Vec::new(),
        gate_closes_at: now,
        reserved_until: None,
        holds: Holds::Nothing,
        ledger: LedgerState::None,
        awaiting: None,
        answers: None,
        preview_digest: None,
        cancelled_by: None,
        failure: None,
        confirmed_at: None,
        created_at: now,
        updated_at: now,
        slots: Vec::new(),
    }
}

/// The contract as we understand the buyer's wish: our offer, resource, meter, policy and DISCOM, the buyer's meter and
/// quantities. Whatever else the message says is not taken over: a contract says what its parties may say in it.
fn canonical(
    p: &Participant,
    wire: &WireContract,
    rows: &[ContractSlot],
    offer: &Offer,
    meter: &Meter,
    user: &User,
    buyer_platform: &str,
) -> Result<WireContract, SellerError> {
    let missing = |path: &str| SellerError::from(WireError::required(path));
    let (resource, wire_offer) = super::publishing::entry(p, offer, meter, &user.display_name)?;
    let code = wire
        .holder(Writer::BuyerDiscom)
        .ok_or_else(|| missing("message/contract/contractAttributes/roles"))?;
    let named = wire.discom_of(Writer::BuyerDiscom);
    let discom = match p.settings.discom(code) {
        Some(_) => {
            let known = p.own_discom(wire, Writer::BuyerDiscom)?;
            DiscomLedgerProvider::new(
                &known.discom_id,
                &known.discom_uri,
                &known.ledger_id,
                &known.ledger_uri,
            )
        }
        None => named.cloned().ok_or_else(|| missing("message/contract/participants"))?,
    };
    let customer =
        wire.customer(Writer::BuyerPlatform).ok_or_else(|| missing("message/contract/participants"))?;
    let series = wire_offer.series().ok_or(SellerError::Document)?;
    let lines = series.lines()?;
    let mut asked = Vec::new();
    for row in rows.iter().filter(|row| row.requested > WattHours::ZERO) {
        let line = lines.iter().find(|line| line.slot == row.slot);
        asked.push((
            line.ok_or(energy_rules::RuleError::SlotNotOffered { slot: row.slot })?.interval,
            row.requested,
        ));
    }
    let commitment = wire.commitments.first().and_then(|commitment| commitment.id.as_deref());
    let request = WireRequest {
        commitment_id: commitment.unwrap_or("commitment-1"),
        offer: &wire_offer,
        resource: &resource,
        asked: &asked,
    };
    let buyer = Buyer { platform_id: buyer_platform, customer, discom_code: code, discom: &discom };
    Ok(messages::init(&request, &buyer)?)
}

/// Whose meter it is.
async fn owner(p: &Participant, meter: &Meter) -> Result<User, SellerError> {
    let user_id = meter.user_id;
    Ok(p.db.read(move |tx| Box::pin(async move { identity::get(tx, user_id).await })).await?)
}

/// Paid after delivery, to the seller's address; never asked for before `on_init`.
fn payment_terms(user: User, rows: &[ContractSlot]) -> Result<SettlementTerm, SellerError> {
    let mut terms = SettlementTerm::on_fulfillment(Some(PayTo::Vpa(user.payout_vpa)));
    terms.amount = Some(Money::inr(total(rows)?));
    Ok(terms)
}

/// Tells the buyer that it did not come about; a transaction that was reserved before keeps what it holds.
async fn refuse(
    p: &Participant,
    job: &InboxJob,
    told: &WireError,
    out: node::Outgoing,
) -> Result<(), SellerError> {
    let Some(before) = load(p, &job.transaction_id).await? else {
        return end_with(p, Ends::from(job), vec![out]).await;
    };
    let mut after = before.clone();
    after.failure = Some(failure(told));
    let mut step = Step::by(Some(&before), after, job);
    step.out = vec![out];
    step.commit(p).await
}

/// Sells what is held and has it recorded; the buyer is told nothing yet.
///
/// # Errors
/// Our own trouble; the message is worked off again.
pub(super) async fn confirm(p: &Participant, job: &InboxJob) -> Result<(), SellerError> {
    let asked = Asked::read(job)?;
    let wire = asked.contract()?;
    let sold = rounds!(sell(p, job, &wire).await);
    let Err(error) = sold else { return Ok(()) };
    let mut told = error.wire().ok_or(error)?;
    if told.code == ErrorCode::BizQuantityUnavailable || told.code == ErrorCode::BizPriceMismatch {
        // The reservation had lapsed, and what it held is gone or costs something else now (ruling 21).
        told = WireError::new(ErrorCode::BizQuoteExpiredOrChanged, told.message);
    }
    let contract = load(p, &job.transaction_id).await?;
    let last = contract.as_ref().map(document).transpose()?.unwrap_or(wire);
    let out = contract_callback(p, job, &asked.context, Action::OnConfirm, &last, Some(told.clone()))?;
    rounds!(refuse(p, job, &told, out.clone()).await)
}

async fn sell(p: &Participant, job: &InboxJob, wire: &WireContract) -> Result<(), SellerError> {
    let known = read(p, &job.transaction_id, offer_id(wire)).await?;
    let before = known.contract.as_ref().ok_or_else(|| {
        SellerError::from(WireError::new(ErrorCode::BizOrderNotFound, "there is no such contract"))
    })?;
    if !matches!(before.state, State::Reserved | State::Expired) {
        return Err(state_refusal(before.state).into());
    }
    same_terms(before, wire, &rows(wire, &p.settings.rules)?)?;
    known.check_seller()?;
    if p.market_now() >= before.gate_closes_at {
        let slot = before.quantities().first().ok_or(SellerError::Document)?.slot;
        return Err(energy_rules::RuleError::GateClosed { slot, closed: before.gate_closes_at }.into());
    }
    let id = p.ids.uuid().to_string();
    // What stands is what we said in `on_init`; the buyer's message only agrees to it.
    let mut active = messages::on_confirm(&document(before)?, &id);
    active.performance = vec![super::recording::scheduled(&active)];
    let discom = p.own_discom(&active, Writer::SellerDiscom)?;
    let deadline = Some(p.wire_deadline(before.gate_closes_at));
    let leg =
        p.ledger_leg(LedgerAct::Confirm, discom, &active, &before.transaction_id, before.id, deadline)?;
    let mut after = before.clone();
    after.step(crate::contract::Step::Record)?;
    after.contract_id = Some(id);
    after.document = bytes(&active);
    after.holds = Holds::Sale;
    after.reserved_until = None;
    after.ledger = LedgerState::Pending;
    after.awaiting = Some(job.message_id.clone());
    after.answers = Some(job.id);
    after.failure = None;
    let mut step = Step::by(Some(before), after, job);
    step.out = vec![leg];
    step.commit(p).await
}
