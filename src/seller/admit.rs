//! The synchronous judgement of what a buyer's platform sends: everything that the message and one read decide
//! (ruling 6). Nothing is changed here; stock is only compared, and taken later under its lock.

use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::energy::{Contract as WireContract, MoneyAttributes, Writer, same_meter};
use beckn_wire::json::Json;
use energy_rules::{OfferTerms, OfferedSlot, PolicyUse, Request, RequestedSlot};
use node::{Admission, Incoming, Refusal};
use units::WattHours;
use uuid::Uuid;

use super::error::{SellerError, state_refusal};
use super::reducing;
use super::terms::{document, rows};
use crate::contract::{self, Contract, ContractSlot, Holds, Side, State};
use crate::identity;
use crate::market::{self, Offer, OfferState};
use crate::metering::{self, Meter};
use crate::network::{Action, Participant, normalize_meter};

/// What one read brings: the offer, its meter, and our side of the transaction.
pub(super) struct Known {
    pub(super) contract: Option<Contract>,
    pub(super) offer: Option<(Offer, Meter)>,
    /// Its seller may sell: the account is neither locked nor erased, the meter is that account's still, and verified.
    pub(super) sells: bool,
}

impl Known {
    /// # Errors
    /// Nothing is sold of it any more; told as that of an offer that was withdrawn.
    pub(super) fn check_seller(&self) -> Result<(), SellerError> {
        if self.sells { Ok(()) } else { Err(no_offer()) }
    }
}

/// Judges a message to us as a seller.
///
/// # Errors
/// The NACK; nothing is stored.
pub async fn admit(p: &Participant, incoming: &Incoming) -> Result<Admission, Refusal> {
    let context = &incoming.envelope.context;
    let judged = match context.action {
        Action::CatalogOnPublish => catalog_service(p, incoming),
        Action::Select | Action::Init => wish(p, incoming).await,
        Action::Confirm => confirm(p, incoming).await,
        Action::Cancel | Action::Update | Action::Track | Action::Rate | Action::Support => {
            standing(p, incoming).await
        }
        _ => return Err(crate::network::not_served()),
    };
    judged.map(|()| Admission::Queue).map_err(Refusal::from)
}

/// Only the catalog service that we publish to tells us what became of it.
fn catalog_service(p: &Participant, incoming: &Incoming) -> Result<(), SellerError> {
    if incoming.envelope.signer().subscriber_id() == p.settings.catalog_service_id {
        return Ok(());
    }
    Err(WireError::new(ErrorCode::AutUnauthorizedAction, "another catalog service was asked").into())
}

/// The contract that a message carries.
fn carried(incoming: &Incoming) -> Result<WireContract, SellerError> {
    let message = incoming.document.get("message").cloned().unwrap_or(Json::Null);
    Ok(WireContract::of_message(&message)?)
}

/// `select` and `init`: may this buyer have this, now, at this price?
async fn wish(p: &Participant, incoming: &Incoming) -> Result<(), SellerError> {
    let wire = carried(incoming)?;
    let wanted = rows(&wire, &p.settings.rules)?;
    let context = &incoming.envelope.context;
    let known = read(p, &context.transaction_id, offer_id(&wire)).await?;
    if let Some(contract) = &known.contract {
        counterpart(contract, incoming)?;
        let restart = matches!(
            contract.state,
            State::Draft | State::Quoted | State::Reserved | State::Expired | State::Rejected
        );
        if context.action == Action::Init && !restart {
            return Err(state_refusal(contract.state).into());
        }
    }
    parties(p, &wire, incoming.envelope.signer().subscriber_id())?;
    known.check_seller()?;
    let (offer, meter) = known.offer.as_ref().ok_or_else(no_offer)?;
    if offer.state == OfferState::Withdrawn {
        return Err(no_offer());
    }
    let buyer_meter = match context.action {
        Action::Init => Some(wire.meter_of(Writer::BuyerPlatform).unwrap_or_default()),
        _ => wire.meter_of(Writer::BuyerPlatform),
    };
    judge(p, &wire, &wanted, buyer_meter, (offer, meter, known.contract.as_ref()))?;
    let occasion = match context.action {
        Action::Init => PolicyUse::Commitments,
        _ => PolicyUse::Everywhere,
    };
    Ok(p.check_policy(occasion, incoming.document.to_bytes()).await.map_err(WireError::from)?)
}

/// The network's rules, against the offer as it stands.
fn judge(
    p: &Participant,
    wire: &WireContract,
    wanted: &[ContractSlot],
    buyer_meter: Option<&str>,
    (offer, meter, contract): (&Offer, &Meter, Option<&Contract>),
) -> Result<(), SellerError> {
    let named = wire.meter_of(Writer::SellerPlatform);
    let resource = wire.resources().filter_map(beckn_wire::energy::Resource::meter);
    if named.into_iter().chain(resource).any(|other| !same_meter(other, &meter.meter_id)) {
        let error = WireError::new(ErrorCode::BizItemNotFound, "the offer is of another meter");
        return Err(error.at("message/contract/commitments/0/resources").into());
    }
    if wire.holder(Writer::SellerDiscom) != Some(meter.discom_code.as_str()) {
        let error = WireError::new(ErrorCode::BizOfferNotFound, "the offer is of another DISCOM's customer");
        return Err(error.at("message/contract/contractAttributes/roles").into());
    }
    p.own_discom(wire, Writer::SellerDiscom)?;
    let requested: Vec<RequestedSlot> = wanted
        .iter()
        .map(|row| RequestedSlot { slot: row.slot, requested: row.requested, price: row.price })
        .collect();
    let offered: Vec<OfferedSlot> = offer
        .slots
        .iter()
        .map(|slot| OfferedSlot {
            slot: slot.slot,
            price: slot.price,
            available: plus(slot.available(), own_reservation(contract, slot.slot)),
        })
        .collect();
    let request = Request {
        slots: &requested,
        buyer_meter,
        seller_meter: &meter.meter_id,
        buyer_discom: wire.holder(Writer::BuyerDiscom),
        seller_discom: &meter.discom_code,
        buyer_load: None,
    };
    let terms = OfferTerms { slots: &offered };
    energy_rules::check_request(&request, &terms, &p.settings.rules, p.market_now())?;
    Ok(())
}

/// What this very transaction holds already is free for it.
fn own_reservation(contract: Option<&Contract>, slot: units::DeliverySlot) -> WattHours {
    contract
        .filter(|contract| contract.holds == Holds::Reservation)
        .and_then(|contract| contract.quantities().into_iter().find(|part| part.slot == slot))
        .map_or(WattHours::ZERO, |part| part.quantity)
}

fn plus(one: WattHours, other: WattHours) -> WattHours {
    one.checked_add(other).unwrap_or(one)
}

/// The four roles are bound, ours by us and the buyer's platform by the sender; the offer is named, not copied.
fn parties(p: &Participant, wire: &WireContract, signer: &str) -> Result<(), SellerError> {
    let refuse = |text: &str| {
        let error = WireError::new(ErrorCode::SchAttributePackInvalid, text);
        SellerError::from(error.at("message/contract/contractAttributes/roles"))
    };
    if wire.holder(Writer::SellerPlatform) != Some(p.settings.subscriber_id.as_str()) {
        return Err(refuse("the seller's platform is not us"));
    }
    if wire.holder(Writer::BuyerPlatform) != Some(signer) {
        return Err(refuse("the buyer's platform is not the sender"));
    }
    if wire.holder(Writer::BuyerDiscom).is_none() {
        return Err(refuse("the buyer's DISCOM is not bound"));
    }
    let offer = wire.commitments.first().and_then(|commitment| commitment.offer.as_ref());
    if offer.is_some_and(|offer| offer.rest.contains("offerAttributes")) {
        let error =
            WireError::new(ErrorCode::SchFieldNotAllowed, "a contract names its offer and does not copy it");
        return Err(error.at("message/contract/commitments/0/offer/offerAttributes").into());
    }
    let policy = wire.contract_attributes.as_ref().and_then(|attributes| attributes.policy.as_ref());
    if policy.is_none_or(|policy| policy.url != p.settings.policy.url) {
        let error = WireError::new(ErrorCode::PolEngagementRefused, "the contract names another policy");
        return Err(error.at("message/contract/contractAttributes/policy").into());
    }
    Ok(())
}

/// `confirm`: is this what `on_init` said, and can it still be had?
async fn confirm(p: &Participant, incoming: &Incoming) -> Result<(), SellerError> {
    let wire = carried(incoming)?;
    let context = &incoming.envelope.context;
    let known = read(p, &context.transaction_id, offer_id(&wire)).await?;
    let contract = known.contract.as_ref().ok_or_else(no_order)?;
    counterpart(contract, incoming)?;
    if !matches!(contract.state, State::Reserved | State::Expired) {
        return Err(state_refusal(contract.state).into());
    }
    if wire.settlements.is_empty() {
        return Err(WireError::required("message/contract/settlements").into());
    }
    parties(p, &wire, incoming.envelope.signer().subscriber_id())?;
    same_terms(contract, &wire, &rows(&wire, &p.settings.rules)?)?;
    known.check_seller()?;
    let slots = contract.quantities();
    for part in &slots {
        if energy_rules::gate(part.slot, p.market_now(), &p.settings.rules) != energy_rules::Gate::Open {
            let closed = energy_rules::closes_at(part.slot, &p.settings.rules);
            return Err(energy_rules::RuleError::GateClosed { slot: part.slot, closed }.into());
        }
    }
    let body = incoming.document.to_bytes();
    Ok(p.check_policy(PolicyUse::Commitments, body).await.map_err(WireError::from)?)
}

/// A confirmation says what was agreed: slots, prices, quantities, offer, meters.
pub(super) fn same_terms(
    contract: &Contract,
    wire: &WireContract,
    rows: &[ContractSlot],
) -> Result<(), SellerError> {
    let changed = |what: &str| {
        SellerError::from(WireError::new(
            ErrorCode::BizUpdateInconsistent,
            format!("{what} is not what on_init said"),
        ))
    };
    let asked = |rows: &[ContractSlot]| -> Vec<ContractSlot> {
        rows.iter().filter(|row| row.requested > WattHours::ZERO).copied().collect()
    };
    let (agreed, now) = (asked(&contract.slots), asked(rows));
    let prices = |rows: &[ContractSlot]| rows.iter().map(|row| (row.slot, row.price)).collect::<Vec<_>>();
    if prices(&agreed) != prices(&now) && agreed.len() == now.len() {
        let error = WireError::new(ErrorCode::BizPriceMismatch, "a price or a slot is not what on_init said");
        return Err(error.at(super::terms::TABLE).into());
    }
    if agreed != now {
        return Err(changed("a quantity"));
    }
    if offer_id(wire).is_none_or(|id| id.to_string() != contract.offer_id) {
        return Err(changed("the offer"));
    }
    let meter = wire.meter_of(Writer::BuyerPlatform).map(normalize_meter);
    if meter != contract.buyer_meter {
        return Err(changed("the buyer's meter"));
    }
    match difference(&document(contract)?, wire) {
        Some(what) => Err(changed(what)),
        None => Ok(()),
    }
}

/// What a confirmation says otherwise than `on_init` did, beside its table: parties, policy, ledgers, payment.
fn difference(stored: &WireContract, wire: &WireContract) -> Option<&'static str> {
    let policy = |contract: &WireContract| {
        let policy = contract.contract_attributes.as_ref().and_then(|terms| terms.policy.as_ref());
        policy.map(|policy| (policy.url.clone(), policy.query_path.clone()))
    };
    if Writer::ALL.into_iter().any(|role| stored.holder(role) != wire.holder(role)) {
        return Some("a role");
    }
    if policy(stored) != policy(wire) {
        return Some("the policy");
    }
    let meter = |contract: &WireContract| contract.meter_of(Writer::SellerPlatform).map(normalize_meter);
    let other_resource = wire
        .resources()
        .filter_map(beckn_wire::energy::Resource::meter)
        .any(|other| meter(stored).is_some_and(|own| normalize_meter(other) != own));
    if meter(wire).is_some_and(|named| Some(named) != meter(stored)) || other_resource {
        return Some("the seller's meter");
    }
    let ledger = |contract: &WireContract, role| contract.discom_of(role).and_then(|d| d.ledger_id.clone());
    let other_ledger = |role| ledger(wire, role).is_some_and(|named| Some(named) != ledger(stored, role));
    if other_ledger(Writer::BuyerDiscom) || other_ledger(Writer::SellerDiscom) {
        return Some("a ledger");
    }
    let terms = |contract: &WireContract| -> Vec<_> {
        let term = |settlement: &beckn_wire::energy::Settlement| match &settlement.attributes {
            Some(MoneyAttributes::Term(term)) => {
                let amount = term.amount.as_ref().map(beckn_wire::energy::Money::paise);
                Some((amount, term.pay_to.clone()))
            }
            _ => None,
        };
        contract.settlements.iter().map(term).collect()
    };
    if terms(stored) != terms(wire) {
        return Some("the payment");
    }
    (!wire.consideration.is_empty() && stored.consideration.is_empty()).then_some("a consideration")
}

/// What is about a contract that exists: `cancel`, `update`, `track`, `rate`, `support`.
async fn standing(p: &Participant, incoming: &Incoming) -> Result<(), SellerError> {
    let context = &incoming.envelope.context;
    let known = read(p, &context.transaction_id, None).await?;
    let contract = known.contract.ok_or_else(no_order)?;
    counterpart(&contract, incoming)?;
    if let Some(id) = named_contract(incoming)
        && contract.contract_id.as_deref().is_some_and(|own| own != id)
    {
        return Err(no_order());
    }
    let now = p.market_now();
    let slots = contract.quantities().into_iter().map(|part| part.slot);
    match context.action {
        Action::Cancel => {
            if !matches!(contract.state, State::Reserved | State::Recording | State::Active) {
                return Err(state_refusal(contract.state).into());
            }
            energy_rules::check_cancellation(Writer::BuyerPlatform, slots, now, &p.settings.rules)?;
            previewed(p, &contract, incoming)
        }
        Action::Update => {
            if contract.state != State::Active {
                let refusal = WireError::new(
                    ErrorCode::BizInvalidStateTransition,
                    format!("the contract is {}", contract.state.as_str()),
                );
                return Err(refusal.into());
            }
            energy_rules::check_update(slots, now, &p.settings.rules)?;
            reducing::reduced_rows(p, &contract, &carried(incoming)?)?;
            previewed(p, &contract, incoming)
        }
        Action::Rate if !matches!(contract.state, State::Cancelled | State::Rejected) => {
            let text = "a contract is rated when it is over";
            Err(WireError::new(ErrorCode::BizInvalidStateTransition, text).into())
        }
        _ => Ok(()),
    }
}

/// A commit names the preview that it commits (`requestDigest`); a network may insist that there was one.
fn previewed(p: &Participant, contract: &Contract, incoming: &Incoming) -> Result<(), SellerError> {
    let context = &incoming.envelope.context;
    if context.try_ {
        return Ok(());
    }
    let refuse = |text: &str| {
        let error = WireError::new(ErrorCode::CtxInvalidField, text);
        Err(SellerError::from(error.at("context/requestDigest")))
    };
    match (&context.request_digest, &contract.preview_digest) {
        (None, _) if p.settings.rules.require_preview => refuse("a preview comes first on this network"),
        (None, _) => Ok(()),
        (Some(named), Some(own)) if named == own => Ok(()),
        (Some(_), _) => refuse("the digest is not that of the preview"),
    }
}

/// The contract id that the message names, wherever its action has it.
fn named_contract(incoming: &Incoming) -> Option<&str> {
    let message = incoming.document.get("message")?;
    let paths: [&[&str]; 4] = [
        &["contract", "id"],
        &["tracking", "contract", "id"],
        &["support", "orderId"],
        &["ratingInputs", "0", "target", "id"],
    ];
    paths.iter().find_map(|path| message.at(path)).and_then(Json::as_str)
}

/// The other platform of the contract is the only one that may speak about it; to anyone else it does not exist.
fn counterpart(contract: &Contract, incoming: &Incoming) -> Result<(), SellerError> {
    if incoming.envelope.signer().subscriber_id() == contract.peer_id { Ok(()) } else { Err(no_order()) }
}

fn no_order() -> SellerError {
    WireError::new(ErrorCode::BizOrderNotFound, "there is no such contract").into()
}

fn no_offer() -> SellerError {
    let error = WireError::new(ErrorCode::BizOfferNotFound, "there is no such offer");
    error.at("message/contract/commitments/0/offer/id").into()
}

/// The offer that a contract names, when it can be one of ours.
pub(super) fn offer_id(wire: &WireContract) -> Option<Uuid> {
    let offer = wire.commitments.first()?.offer.as_ref()?;
    Uuid::parse_str(offer.id.as_deref()?).ok()
}

/// Reads our side of the transaction, and the offer with its meter.
///
/// # Errors
/// The database's.
pub(super) async fn read(
    p: &Participant,
    transaction_id: &str,
    offer_id: Option<Uuid>,
) -> Result<Known, SellerError> {
    let transaction_id = transaction_id.to_owned();
    let read = p.db.read(move |tx| {
        let transaction_id = transaction_id.clone();
        Box::pin(async move {
            let contract = contract::service::find(tx, Side::Seller, &transaction_id).await?;
            let (mut offer, mut sells) = (None, false);
            if let Some(id) = offer_id {
                offer = match market::service::find(tx, id).await {
                    Ok(found) => {
                        let meter = metering::find_by_key(tx, &found.meter_key).await?;
                        meter.map(|meter| (found, meter))
                    }
                    Err(market::MarketError::OfferNotFound) => None,
                    Err(error) => return Err(SellerError::from(error)),
                };
            }
            if let Some((offer, meter)) = &offer {
                let user = identity::get(tx, offer.user_id).await?;
                sells = !user.locked && meter.verified && meter.user_id == user.id;
            }
            Ok::<_, SellerError>(Known { contract, offer, sells })
        })
    });
    read.await
}
