//! The way to a contract, as our user walks it: `select`, `init`, `confirm`.

use node::Face;
use units::{Span, Timestamp, WattHours};

use beckn_wire::energy::Contract as WireContract;
use beckn_wire::energy::messages;
use energy_rules::RuleError;

use super::error::BuyerError;
use super::model::{Accepted, ConfirmWish, InitWish, Purchase, SelectWish, SlotWish};
use super::offers::READ_TTL;
use super::order::{self, Detail, Offered};
use super::step::{Pending, Step, answer, load, load_own, replay, rounds};
use super::store;
use super::terms;
use crate::contract::{self, Contract, Holds, LedgerState, Side, State};
use crate::events::idempotency;
use crate::identity::User;
use crate::metering::{self, Meter};
use crate::network::{Action, Leg, Participant, normalize_meter};

/// What the database knows before a request is made.
#[derive(Debug)]
struct Known {
    found: Option<store::Found>,
    contract: Option<Contract>,
    meters: Vec<Meter>,
}

/// Reads what a request for an offer needs. The transaction, when it is named, must be a search or a contract of the
/// user.
async fn known(
    p: &Participant,
    user: &User,
    transaction_id: Option<&str>,
    offer: Option<(&str, &str)>,
) -> Result<Known, BuyerError> {
    let user_id = user.id;
    let transaction_id = transaction_id.map(str::to_owned);
    let offer = offer.map(|(bpp, offer)| (bpp.to_owned(), offer.to_owned()));
    let read = p.db.read(move |tx| {
        let (transaction_id, offer) = (transaction_id.clone(), offer.clone());
        Box::pin(async move {
            let mut contract = None;
            if let Some(id) = &transaction_id {
                contract = contract::service::find(tx, Side::Buyer, id).await?;
                let owner = match &contract {
                    Some(contract) => Some(contract.user_id),
                    None => store::find_search(tx, id).await?.map(|(owner, _)| owner),
                };
                if owner != Some(user_id) {
                    return Err(BuyerError::TransactionNotFound);
                }
            }
            let offer = offer.or_else(|| contract.as_ref().map(|c| (c.peer_id.clone(), c.offer_id.clone())));
            let found = match offer {
                Some((bpp, offer)) => store::found_of_user(tx, user_id, &bpp, &offer).await?,
                None => None,
            };
            Ok(Known { found, contract, meters: metering::of_user(tx, user_id).await? })
        })
    });
    read.await
}

impl Known {
    fn offered(&self) -> Result<Offered, BuyerError> {
        let found = self.found.as_ref().ok_or(BuyerError::OfferNotFound)?;
        Offered::read((&found.bpp_id, &found.bpp_uri), &found.offer, &found.resource)
            .map_err(BuyerError::OfferUnusable)
    }

    fn meter(&self, meter_id: &str) -> Result<&Meter, BuyerError> {
        let key = normalize_meter(meter_id);
        self.meters.iter().find(|meter| meter.meter_key == key).ok_or(BuyerError::MeterNotFound)
    }
}

/// Asks a seller for its price. Nothing is held, and nothing personal is sent (ruling 11). When the transaction has
/// gone on to a contract already, or belongs to another platform, the question gets a transaction of its own, which
/// the answer names.
///
/// # Errors
/// The offer was not found by this user; a broken rule of the trade; the database's.
pub async fn select(
    p: &Participant,
    user: &User,
    wish: SelectWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    rounds!(select_once(p, user, &wish, key.as_ref()).await)
}

async fn select_once(
    p: &Participant,
    user: &User,
    wish: &SelectWish,
    key: Option<&idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let offer = (wish.bpp_id.as_str(), wish.offer_id.as_str());
    let known = known(p, user, wish.transaction_id.as_deref(), Some(offer)).await?;
    let offered = known.offered()?;
    let meter = order::meter_for(&offered, &known.meters, &p.settings)?;
    order::check(&offered, meter, &wish.slots, &p.settings, p.market_now())?;
    let wire = order::contract(&offered, meter, &wish.slots, &p.settings, Detail::Platform)?;
    let peer_uri = peer_uri(p, &offered).await?;
    let again = known.contract.as_ref().filter(|contract| {
        contract.peer_id == offered.bpp_id && contract.state.after(Side::Buyer, contract::Step::Ask).is_ok()
    });
    let transaction_id = match (&wish.transaction_id, again, &known.contract) {
        (Some(id), Some(_), _) | (Some(id), None, None) => id.clone(),
        _ => p.ids.uuid().to_string(),
    };
    let mut after = match again {
        Some(contract) => contract.clone(),
        None => fresh(p, user, &transaction_id, &offered, &peer_uri),
    };
    if again.is_some() {
        after.step(contract::Step::Ask)?;
    }
    ask_for(&mut after, &offered, &peer_uri, &wire, p)?;
    after.holds = Holds::Nothing;
    after.buyer_meter = None;
    let request =
        Request { action: Action::Select, ttl: READ_TTL, deadline: p.now().saturating_add(READ_TTL) };
    send(p, again, after, &wire, &request, key).await
}

/// Asks the seller to hold the energy and to name its terms, without `select` before when the wish names the offer.
/// The purchase counts against the meter's sanctioned load from here on.
///
/// # Errors
/// No quoted contract and no offer named; not the user's or no verified meter; a broken rule of the trade; more than
/// the sanctioned load; the contract is already confirmed.
pub async fn init(
    p: &Participant,
    user: &User,
    wish: InitWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    rounds!(init_once(p, user, &wish, key.as_ref()).await)
}

async fn init_once(
    p: &Participant,
    user: &User,
    wish: &InitWish,
    key: Option<&idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let named = wish.purchase.as_ref().map(|purchase| (purchase.bpp_id.as_str(), purchase.offer_id.as_str()));
    let known = known(p, user, Some(&wish.transaction_id), named).await?;
    let mut after = match (&known.contract, &wish.purchase) {
        (Some(contract), purchase) => reserve(contract, purchase.is_some())?,
        (None, Some(_)) => fresh(p, user, &wish.transaction_id, &known.offered()?, ""),
        (None, None) => return Err(BuyerError::Field { field: "offer_id", reason: "no offer is selected" }),
    };
    let slots =
        wish.purchase.as_ref().map_or_else(|| asked_before(&after), |purchase| purchase.slots.clone());
    let offered = known.offered()?;
    if known.contract.is_some() && after.peer_id != offered.bpp_id {
        return Err(BuyerError::OtherContract);
    }
    let meter = known.meter(&wish.meter_id)?;
    order::check(&offered, meter, &slots, &p.settings, p.market_now())?;
    let wire = order::contract(&offered, meter, &slots, &p.settings, Detail::Meter)?;
    let peer_uri = peer_uri(p, &offered).await?;
    ask_for(&mut after, &offered, &peer_uri, &wire, p)?;
    after.holds = Holds::Reservation;
    after.buyer_meter = Some(meter.meter_key.clone());
    let (ttl, deadline) = until_gate(p, after.gate_closes_at);
    let request = Request { action: Action::Init, ttl, deadline };
    send(p, known.contract.as_ref(), after, &wire, &request, key).await
}

/// As [`init`] of an offer that some search of the user found, in a transaction that is new. Asked again it changes
/// nothing.
///
/// # Errors
/// As [`init`].
pub(super) async fn begin(
    p: &Participant,
    user: &User,
    transaction_id: &str,
    meter_id: &str,
    purchase: &Purchase,
) -> Result<(), BuyerError> {
    rounds!(begin_once(p, user, transaction_id, meter_id, purchase).await)
}

async fn begin_once(
    p: &Participant,
    user: &User,
    transaction_id: &str,
    meter_id: &str,
    purchase: &Purchase,
) -> Result<(), BuyerError> {
    if load(p, transaction_id).await?.is_some() {
        return Ok(());
    }
    let known = known(p, user, None, Some((&purchase.bpp_id, &purchase.offer_id))).await?;
    let offered = known.offered()?;
    let meter = known.meter(meter_id)?;
    order::check(&offered, meter, &purchase.slots, &p.settings, p.market_now())?;
    let wire = order::contract(&offered, meter, &purchase.slots, &p.settings, Detail::Meter)?;
    let peer_uri = peer_uri(p, &offered).await?;
    let mut after = fresh(p, user, transaction_id, &offered, &peer_uri);
    ask_for(&mut after, &offered, &peer_uri, &wire, p)?;
    after.holds = Holds::Reservation;
    after.buyer_meter = Some(meter.meter_key.clone());
    let (ttl, deadline) = until_gate(p, after.gate_closes_at);
    let request = Request { action: Action::Init, ttl, deadline };
    send(p, None, after, &wire, &request, None).await.map(drop)
}

/// The contract on its way to a reservation. What was refused or has expired is asked for anew, if the wish says what.
fn reserve(contract: &Contract, named: bool) -> Result<Contract, BuyerError> {
    let mut after = contract.clone();
    if named && matches!(after.state, State::Rejected | State::Expired) {
        after.step(contract::Step::Ask)?;
    }
    after.step(contract::Step::Reserve)?;
    Ok(after)
}

fn asked_before(contract: &Contract) -> Vec<SlotWish> {
    contract.quantities().iter().map(|row| SlotWish { slot: row.slot, quantity: row.quantity }).collect()
}

/// Buys on the terms that the seller named in `on_init`.
///
/// # Errors
/// The seller has not answered, or the contract is past that; the gate is closed.
pub async fn confirm(
    p: &Participant,
    user: &User,
    wish: ConfirmWish,
    key: Option<idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    rounds!(confirm_once(p, user, &wish, key.as_ref()).await)
}

async fn confirm_once(
    p: &Participant,
    user: &User,
    wish: &ConfirmWish,
    key: Option<&idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    if let Some(answered) = replay(p, key).await? {
        return Ok(answered);
    }
    let (contract, _) = load_own(p, user, &wish.transaction_id).await?;
    let mut after = contract.clone();
    after.step(contract::Step::Confirm)?;
    check_gate(p, &contract)?;
    let wire = messages::confirm(&terms::document(&contract)?);
    after.document = wire.to_json().to_bytes();
    let (ttl, deadline) = until_gate(p, contract.gate_closes_at);
    let request = Request { action: Action::Confirm, ttl, deadline };
    send(p, Some(&contract), after, &wire, &request, key).await
}

/// The contract can still be concluded on the market clock.
fn check_gate(p: &Participant, contract: &Contract) -> Result<(), BuyerError> {
    let closed = contract.gate_closes_at;
    let rows = contract.slots.iter().filter(|row| row.requested > WattHours::ZERO);
    match rows.map(|row| row.slot).min() {
        Some(slot) if p.market_now() >= closed => Err(RuleError::GateClosed { slot, closed }.into()),
        _ => Ok(()),
    }
}

/// So long, and until then, a request lives that is worth something until the gate closes (ruling 3), on the wire
/// clock. A ttl is written in whole seconds.
pub(super) fn until_gate(p: &Participant, gate: Timestamp) -> (Span, Timestamp) {
    let deadline = p.wire_deadline(gate);
    (Span::from_secs(deadline.since(p.now()).as_secs().max(1)), deadline)
}

/// The seller's address for the context: as the catalog names it, else as the registry does.
async fn peer_uri(p: &Participant, offered: &Offered) -> Result<String, BuyerError> {
    if !offered.bpp_uri.is_empty() {
        return Ok(offered.bpp_uri.clone());
    }
    let record = p.node.registry().subscriber(&offered.bpp_id).await.map_err(|_| BuyerError::PeerUnknown)?;
    node::address::own_uri(&record.url, Face::BppReceiver).map_err(|_| BuyerError::PeerUnknown)
}

/// A contract of which nothing is known but who asks whom.
fn fresh(p: &Participant, user: &User, transaction_id: &str, offered: &Offered, peer_uri: &str) -> Contract {
    let now = p.now();
    Contract {
        id: p.ids.uuid(),
        side: Side::Buyer,
        transaction_id: transaction_id.to_owned(),
        contract_id: None,
        user_id: user.id,
        peer_id: offered.bpp_id.clone(),
        peer_uri: peer_uri.to_owned(),
        network_id: p.settings.network_id.clone(),
        offer_id: offered.offer_id.clone(),
        seller_meter: normalize_meter(&offered.seller_meter),
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

/// Writes into our side what is being asked for; what came before is over.
fn ask_for(
    contract: &mut Contract,
    offered: &Offered,
    peer_uri: &str,
    wire: &WireContract,
    p: &Participant,
) -> Result<(), BuyerError> {
    let unusable = |_| BuyerError::OfferUnusable("its table cannot be read".to_owned());
    contract.slots = terms::rows(wire).map_err(unusable)?;
    contract.gate_closes_at =
        terms::gate_of(&contract.slots, &p.settings.rules).ok_or(RuleError::NothingRequested)?;
    contract.offer_id.clone_from(&offered.offer_id);
    contract.seller_meter = normalize_meter(&offered.seller_meter);
    peer_uri.clone_into(&mut contract.peer_uri);
    contract.document = wire.to_json().to_bytes();
    contract.contract_id = None;
    contract.failure = None;
    contract.cancelled_by = None;
    contract.confirmed_at = None;
    contract.ledger = LedgerState::None;
    Ok(())
}

struct Request {
    action: Action,
    ttl: Span,
    deadline: Timestamp,
}

/// Stores the contract with the request that is on its way.
async fn send(
    p: &Participant,
    before: Option<&Contract>,
    mut after: Contract,
    wire: &WireContract,
    request: &Request,
    key: Option<&idempotency::Key>,
) -> Result<Accepted, BuyerError> {
    let accepted = Accepted {
        transaction_id: after.transaction_id.clone(),
        message_id: p.ids.uuid().to_string(),
        state: after.state.as_str().to_owned(),
    };
    let peer = (after.peer_id.as_str(), after.peer_uri.as_str());
    let (tx, id) = (&accepted.transaction_id, &accepted.message_id);
    let mut leg = Leg::new(request.action, peer, Face::BppReceiver, tx, id, wire.to_message());
    leg.ttl = Some(request.ttl);
    leg.deadline = Some(request.deadline);
    leg.reference = Some(after.id.to_string());
    let message = p.compose(&leg)?;
    after.awaiting = Some(accepted.message_id.clone());
    let mut step = Step::new(before, after, request.action.as_str());
    step.message_id = Some(accepted.message_id.clone());
    step.pending = Pending::Drop;
    step.out.push(message);
    step.answer = answer(key, &accepted)?;
    step.commit(p).await?;
    Ok(accepted)
}
