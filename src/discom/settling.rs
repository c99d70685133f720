//! A delivery that is complete becomes money and trust, once (rulings 26 and 27).
//!
//! The plan is pure arithmetic over the slots; [`apply`] writes it in one transaction with the delivery's new state. A
//! later correction of a DISCOM is planned in the same way and applied as the next settlement of the contract, which
//! posts the difference: nothing that was written is edited.

use beckn_wire::energy::{
    Consideration, Contract as WireContract, MoneyAttributes, PaymentAction, RevenueFlow, Writer, messages,
};
use beckn_wire::signature::digest;
use db::{DbError, Tx};
use energy_rules::{Flows, PolicyRates, SettledSlot, revenue_flows};
use node::ProcessError;
use units::{Paise, Timestamp, WattHours};

use super::cascade;
use super::worker::{Plan, except};
use crate::contract::delivered::DeliveredSlot;
use crate::contract::delivery::{Delivery, DeliveryState};
use crate::contract::{self, Contract, Side};
use crate::network::{FlowsRefusal, Participant};
use crate::settlement::{self, MoneyError, Quality, Settlement, Stamp};
use crate::trust::{self, ProviderDelivery, TrustError};

/// The status of a payment that is made.
const PAID: &str = "SETTLED";
/// Longest reference of a payment that is taken over.
const REFERENCE_MAX: usize = 128;

/// What a settlement writes.
#[derive(Clone, Debug)]
pub(super) struct Settling {
    /// In order of time.
    pub(super) slots: Vec<DeliveredSlot>,
    pub(super) flows: Flows,
    /// The contract as it stands from now on, JSON.
    pub(super) document: Vec<u8>,
}

/// Plans the settlement of a complete delivery, unless it is the one that was settled.
///
/// # Errors
/// A message would not be valid, a fault of ours; the policy gives no verdict now.
pub(super) async fn plan(
    p: &Participant,
    plan: &mut Plan,
    document: &WireContract,
    slots: Vec<DeliveredSlot>,
) -> Result<(), ProcessError> {
    let told = digest_of(&slots);
    plan.after.state = DeliveryState::Settled;
    plan.after.reason = None;
    plan.after.excepted_at = None;
    if plan.before.digest.as_ref() == Some(&told) {
        return Ok(());
    }
    let flows = match flows_of(&rates_for(p, document, &slots).await?, &slots) {
        Ok(flows) => flows,
        Err(why) => {
            except(p, plan, why.to_owned());
            return Ok(());
        }
    };
    if plan.contract.side == Side::Seller {
        // The seller's platform is where the policy decides (domain section 5).
        let body = cascade::to_peer(p, &plan.contract, document)?.body;
        match p.compare_flows(body, &flows).await {
            Ok(()) => {}
            Err(refusal @ FlowsRefusal::Different(_)) => {
                except(p, plan, refusal.to_string());
                return Ok(());
            }
            Err(refusal) => return Err(ProcessError::Retry(refusal.to_string())),
        }
    }
    // What the seller's platform has told before we knew enough to compute it.
    if plan.before.settlement == 0 && told_flows(document).is_some_and(|told| told != flows.all().map(Some)) {
        let why = "the seller's platform tells other revenue flows than the policy's";
        except(p, plan, why.to_owned());
        return Ok(());
    }
    settle(p, plan, document, slots, flows)
}

/// Settles a delivery by its final values alone, as a person decided: differences of flows count for nothing any more.
///
/// # Errors
/// Why it cannot be.
pub(super) async fn accept(
    p: &Participant,
    plan: &mut Plan,
    document: &WireContract,
    slots: Vec<DeliveredSlot>,
) -> Result<(), ProcessError> {
    plan.after.state = DeliveryState::Settled;
    plan.after.reason = None;
    plan.after.excepted_at = None;
    if plan.before.digest == Some(digest_of(&slots)) {
        return Ok(());
    }
    let rates = rates_for(p, document, &slots).await?;
    let flows = flows_of(&rates, &slots).map_err(|why| ProcessError::Retry(why.to_owned()))?;
    settle(p, plan, document, slots, flows)
}

fn settle(
    p: &Participant,
    plan: &mut Plan,
    document: &WireContract,
    slots: Vec<DeliveredSlot>,
    flows: Flows,
) -> Result<(), ProcessError> {
    let wire = flows.all().map(|(role, value)| RevenueFlow::new(role, value, None)).to_vec();
    let mut settled = messages::settled(document, wire);
    plan.after.settlement = plan.before.settlement.saturating_add(1);
    if plan.contract.side == Side::Buyer && flows.trade_value > Paise::ZERO {
        let reference = settlement::payment_reference(&plan.contract, plan.after.settlement);
        settled = messages::paid(&settled, payment(flows.trade_value, reference, p.now().to_rfc3339()));
    }
    // The seller's platform tells what is settled, the buyer's how it was paid (domain section 4.11).
    if plan.contract.peer_id != p.settings.subscriber_id {
        plan.out.push(cascade::to_peer(p, &plan.contract, &settled)?);
    }
    plan.after.digest = Some(digest_of(&slots));
    plan.after.settled_at = Some(p.now());
    plan.news = Some(("contract.settled", news(plan, &slots, &flows)));
    plan.settling = Some(Settling { slots, flows, document: settled.to_json().to_bytes() });
    Ok(())
}

/// Writes the settlement in the caller's transaction, which holds the lock of the delivery: the contract, then trust,
/// then money, whose locks come last (ruling 20).
///
/// # Errors
/// What money or trust will not take; the database's, [`DbError::Serialization`] when the contract was changed
/// meanwhile.
pub(super) async fn apply(
    tx: &mut Tx,
    p: &Participant,
    settling: &Settling,
    contract: &Contract,
    revision: i64,
) -> Result<(), SettlingError> {
    let now = p.now();
    let mut after = contract.clone();
    after.document.clone_from(&settling.document);
    let cause = if revision == 1 { "settled" } else { "corrected" };
    contract::service::save(tx, &mut after, cause, None, now).await?;
    let moved = settling.delivered(contract, side_of(contract))?;
    let config = &p.settings.trust;
    match revision {
        1 => trust::service::apply_delivery(tx, config, &moved, now).await?,
        _ => trust::service::correct_delivery(tx, config, &moved, revision, now).await?,
    };
    if contract.side == Side::Buyer {
        let moved = settling.delivered(contract, trust::Side::Seller)?;
        let provider = ProviderDelivery {
            bpp_id: contract.peer_id.clone(),
            meter_key: contract.seller_meter.clone(),
            contract: contract.id,
            revision,
            requested: moved.requested,
            round1: moved.round1,
            outage: moved.outage,
        };
        trust::provider::apply_provider_delivery(tx, &provider, now).await?;
    }
    let settlement = settling.money(contract, revision);
    settlement::settle(tx, &settlement, &Stamp::of(p)).await?;
    Ok(())
}

/// Undoes what a contract did to money and trust, in the caller's transaction: what is held is given back, what was
/// settled is booked back as one more settlement of nothing.
///
/// # Errors
/// What money or trust will not take; the database's.
pub(super) async fn undo(
    tx: &mut Tx,
    p: &Participant,
    contract: &Contract,
    before: &Delivery,
) -> Result<(), SettlingError> {
    if before.settlement > 0 {
        let revision = before.settlement.saturating_add(1);
        let quantities = contract.quantities();
        let requested = WattHours::checked_sum(quantities.iter().map(|part| part.quantity));
        let requested = requested.ok_or(SettlingError::OutOfRange)?;
        let excused = trust::Delivery {
            user: contract.user_id,
            contract: contract.id,
            side: side_of(contract),
            requested,
            round1: WattHours::ZERO,
            round2: WattHours::ZERO,
            outage: true,
        };
        trust::service::correct_delivery(tx, &p.settings.trust, &excused, revision, p.now()).await?;
        let slots = quantities.iter().map(|part| settlement::SettledSlot {
            slot: part.slot,
            price: part.price,
            requested: part.quantity,
            round1: None,
            round2: None,
            settled: WattHours::ZERO,
            quality: Quality::Estimated,
        });
        let nothing = Settlement {
            contract: contract.id,
            revision,
            slots: slots.collect(),
            flows: settlement::Flows::default(),
        };
        settlement::settle(tx, &nothing, &Stamp::of(p)).await?;
    }
    settlement::adjust(tx, contract.id, contract.user_id, Paise::ZERO, &Stamp::of(p)).await?;
    Ok(())
}

fn side_of(contract: &Contract) -> trust::Side {
    match contract.side {
        Side::Seller => trust::Side::Seller,
        Side::Buyer => trust::Side::Buyer,
    }
}

impl Settling {
    /// What counts for the trust of a side: what was requested, less what each side fell short of. What an outage took
    /// was owed by nobody, and a slot of which one took something counts only where the side itself fell short beyond
    /// it: such a slot neither costs nor earns anything (ruling 26).
    fn delivered(&self, contract: &Contract, side: trust::Side) -> Result<trust::Delivery, SettlingError> {
        let excused = |slot: &DeliveredSlot| {
            let outage = slot.outcome.seller_status.is_outage() || slot.outcome.buyer_status.is_outage();
            if outage { energy_rules::attribute(&slot.outcome).excused } else { WattHours::ZERO }
        };
        let counts = |slot: &&DeliveredSlot| {
            let short = energy_rules::attribute(&slot.outcome);
            let own = if side == trust::Side::Seller { short.seller } else { short.buyer };
            own > WattHours::ZERO || excused(slot) == WattHours::ZERO
        };
        let slots: Vec<&DeliveredSlot> = self.slots.iter().filter(counts).collect();
        let sum = |of: &dyn Fn(&DeliveredSlot) -> WattHours| {
            let all = slots.iter().map(|slot| of(slot));
            WattHours::checked_sum(all).ok_or(SettlingError::OutOfRange)
        };
        let less = |from: WattHours, what| from.checked_sub(what).ok_or(SettlingError::OutOfRange);
        let requested = less(sum(&|slot| slot.outcome.requested)?, sum(&excused)?)?;
        let round1 = less(requested, sum(&|slot| energy_rules::attribute(&slot.outcome).seller)?)?;
        let round2 = less(round1, sum(&|slot| energy_rules::attribute(&slot.outcome).buyer)?)?;
        let (user, contract, outage) = (contract.user_id, contract.id, slots.is_empty());
        Ok(trust::Delivery { user, contract, side, requested, round1, round2, outage })
    }

    fn money(&self, contract: &Contract, revision: i64) -> Settlement {
        let of = |role| self.flows.of(role);
        let slots = self.slots.iter().map(|slot| {
            let outcome = &slot.outcome;
            let outage = outcome.seller_status.is_outage() || outcome.buyer_status.is_outage();
            settlement::SettledSlot {
                slot: slot.slot,
                price: slot.price,
                requested: outcome.requested,
                round1: Some(outcome.round_one),
                round2: Some(outcome.round_two),
                settled: outcome.settled,
                quality: if outage { Quality::Outage } else { Quality::Measured },
            }
        });
        Settlement {
            contract: contract.id,
            revision,
            slots: slots.collect(),
            flows: settlement::Flows {
                buyer_platform: of(Writer::BuyerPlatform),
                seller_platform: of(Writer::SellerPlatform),
                buyer_discom: of(Writer::BuyerDiscom),
                seller_discom: of(Writer::SellerDiscom),
            },
        }
    }
}

/// Why a settlement is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettlingError {
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("money: {0}")]
    Money(MoneyError),
    #[error("trust: {0}")]
    Trust(TrustError),
    #[error("the quantities are out of range")]
    OutOfRange,
}

impl From<MoneyError> for SettlingError {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::Database(inner) => Self::Database(inner),
            MoneyError::Stale => Self::Database(DbError::Serialization),
            other => Self::Money(other),
        }
    }
}

impl From<TrustError> for SettlingError {
    fn from(error: TrustError) -> Self {
        match error {
            TrustError::Database(inner) => Self::Database(inner),
            other => Self::Trust(other),
        }
    }
}

/// The rates of the policy that governs the contract: the seller's DISCOM's, at its first slot.
async fn rates_for(
    p: &Participant,
    document: &WireContract,
    slots: &[DeliveredSlot],
) -> Result<PolicyRates, DbError> {
    let discom = document.holder(Writer::SellerDiscom).unwrap_or_default().to_owned();
    let network = p.settings.network_id.clone();
    let read = p.db.read(move |tx| {
        let (network, discom) = (network.clone(), discom.clone());
        Box::pin(async move { settlement::rates_of(tx, &network, &discom).await })
    });
    let rates = read.await?;
    Ok(slots.first().map(|first| rates.policy(first.slot.start())).unwrap_or_default())
}

/// The policy's four flows over these slots.
fn flows_of(rates: &PolicyRates, slots: &[DeliveredSlot]) -> Result<Flows, &'static str> {
    let rows: Vec<SettledSlot> = slots
        .iter()
        .map(|each| SettledSlot {
            requested: each.outcome.requested,
            settled: Some(each.outcome.settled),
            price: each.price,
        })
        .collect();
    let flows = revenue_flows(&rows, rates).map_err(|_| "the amounts are out of range")?;
    flows.ok_or("nothing was delivered")
}

/// The revenue flows that a contract carries, in the order of [`Writer::ALL`]; a role without a readable flow is `None`.
pub(super) fn told_flows(contract: &WireContract) -> Option<[Option<(Writer, Paise)>; 4]> {
    let flows = contract.consideration.iter().find_map(flows_in)?;
    let of = |role: Writer| {
        let flow = flows.iter().find(|flow| flow.role == role.as_str())?;
        // A peer may write more decimals than a paisa has, as long as they are zeros.
        flow.paise().ok().map(|paise| (role, paise))
    };
    Some(Writer::ALL.map(of))
}

fn flows_in(consideration: &Consideration) -> Option<&[RevenueFlow]> {
    match &consideration.attributes {
        Some(MoneyAttributes::Flows(flows)) => Some(&flows.flows),
        _ => None,
    }
}

/// Takes over the flows that the seller's platform tells its buyer's, as long as they are not settled here; written anew,
/// so that nothing of a peer's spelling is passed on. True when the contract is changed by it.
pub(super) fn take_flows(ours: &mut WireContract, told: &WireContract) -> bool {
    let Some(new) = told_flows(told) else { return false };
    if ours.status.as_deref() == Some("COMPLETE") || told_flows(ours) == Some(new) {
        return false;
    }
    let flows = new.into_iter().flatten().map(|(role, value)| RevenueFlow::new(role, value, None)).collect();
    ours.consideration.retain(|each| flows_in(each).is_none());
    ours.consideration.push(Consideration::new(messages::FLOWS_ID, "DRAFT", MoneyAttributes::flows(flows)));
    true
}

fn payment(amount: Paise, reference: String, paid_at: String) -> PaymentAction {
    let mut payment = PaymentAction::new(amount, "BANK_TRANSFER", PAID);
    payment.txn_ref = Some(reference);
    payment.paid_at = Some(paid_at);
    payment
}

/// Amount, reference and time of the payment that a contract tells to be made.
fn told_payment(contract: &WireContract) -> Option<(Paise, String, Timestamp)> {
    let payments = contract.settlements.iter().filter_map(|settlement| match &settlement.attributes {
        Some(MoneyAttributes::Payment(payment)) => Some(payment),
        _ => None,
    });
    payments.filter(|payment| payment.payment_status.as_deref() == Some(PAID)).find_map(|payment| {
        let reference = payment.txn_ref.clone()?;
        let usable = !reference.is_empty() && reference.len() <= REFERENCE_MAX && reference.is_ascii();
        let amount = payment.amount.as_ref().and_then(|amount| amount.paise().ok())?;
        let at = Timestamp::parse_rfc3339(payment.paid_at.as_deref()?).ok()?;
        (usable && !reference.contains(|c: char| c.is_ascii_control())).then_some((amount, reference, at))
    })
}

/// Takes over the payment that the buyer's platform tells its seller's: the first, and after a correction the one of the
/// amount that is settled now. Gives its reference when it is new.
pub(super) fn take_payment(ours: &mut WireContract, told: &WireContract) -> Option<String> {
    let (amount, reference, at) = told_payment(told)?;
    if let Some((known, ..)) = told_payment(ours) {
        let flows = told_flows(ours)?;
        let of = |role| flows.iter().flatten().find(|(of, _)| *of == role).map(|(_, value)| *value);
        // What its flows come to without the wheeling of the buyer's DISCOM.
        let due =
            of(Writer::BuyerPlatform)?.checked_add(of(Writer::BuyerDiscom)?).and_then(Paise::checked_neg);
        if known == amount || due != Some(amount) {
            return None;
        }
    }
    *ours = messages::paid(ours, payment(amount, reference.clone(), at.to_rfc3339()));
    Some(reference)
}

fn digest_of(slots: &[DeliveredSlot]) -> String {
    let mut text = String::new();
    for DeliveredSlot { slot, price, outcome } in slots {
        let energies = [outcome.requested, outcome.round_one, outcome.round_two, outcome.settled];
        text.push_str(&format!("{} {}", slot.start(), price.get()));
        energies.iter().for_each(|energy| text.push_str(&format!(" {}", energy.get())));
        text.push_str(&format!(" {} {}\n", outcome.seller_status.as_str(), outcome.buyer_status.as_str()));
    }
    digest(text.as_bytes())
}

fn news(plan: &Plan, slots: &[DeliveredSlot], flows: &Flows) -> serde_json::Value {
    let contract = &plan.contract;
    let requested = WattHours::checked_sum(slots.iter().map(|each| each.outcome.requested));
    serde_json::json!({
        "transaction_id": contract.transaction_id,
        "contract_id": contract.contract_id,
        "side": contract.side.as_str(),
        "settlement": plan.after.settlement,
        "requested_kwh": requested.map(WattHours::to_kwh_text),
        "settled_kwh": flows.settled.to_kwh_text(),
        "amount_inr": flows.trade_value.to_inr_text(),
    })
}
