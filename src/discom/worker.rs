//! The verification worker: what came of the contracts whose slots have ended.
//!
//! A delivery is looked at when its last slot has ended, and again whenever a cell came. What is complete is settled
//! ([`settling`](super::settling)); for the rest our own ledger is asked by `status`, at first often and then ever more
//! rarely, and at the latest when the network's timetable for the next day has ended. Any number of instances may run it:
//! every effect happens under the lock of the delivery's row, and once.

use std::sync::Arc;

use beckn_wire::code::ErrorCode;
use beckn_wire::energy::{Contract as WireContract, Writer, messages};
use db::DbError;
use energy_rules::Step as TimetableStep;
use node::{Face, Outgoing, ProcessError, outbox};
use units::{IstDate, Span, Timestamp};
use uuid::Uuid;

use super::document;
use super::settling::{self, Settling, SettlingError};
use crate::contract::delivered::{Verdict, verdict};
use crate::contract::delivery::{self, Decided, Decision, Delivery, DeliveryState};
use crate::contract::{self, Contract, Side, State};
use crate::events;
use crate::network::{Action, Leg, Participant};

/// Deliveries that are read at once.
const BATCH: i64 = 64;
/// Batches in one round of the job.
const ROUNDS: usize = 64;
/// A delivery that gave trouble is left alone so long, market time.
const TROUBLE: Span = Span::from_minutes(5);
/// The purpose of the outbox rows of this module.
pub const PURPOSE: &str = "delivery.status";
/// Between two questions about one contract at most, market time.
const PAUSE_MAX: Span = Span::from_hours(4);
/// After the last step of the timetable, a while for the messages.
const GRACE: Span = Span::from_minutes(30);
/// So long after that a ledger is still asked.
const GIVEN_UP_AFTER: Span = Span::from_days(7);

/// Looks at every delivery that is due. How many there were.
///
/// # Errors
/// The database's. A contract that gives trouble is logged, and holds up no other.
pub async fn check(p: &Participant) -> Result<usize, DbError> {
    let mut count = 0_usize;
    for _ in 0..ROUNDS {
        let now = p.market_now();
        let due = p.db.read(move |tx| Box::pin(async move { delivery::due(tx, now, BATCH).await })).await?;
        for id in &due {
            if let Err(error) = check_one(p, *id).await {
                tracing::warn!(contract = %id, %error, "a delivery could not be checked and will be again");
                let (id, until) = (*id, now.saturating_add(TROUBLE));
                let later = p
                    .db
                    .write(move |tx| Box::pin(async move { delivery::postpone(tx, id, now, until).await }));
                later.await?;
            }
        }
        count = count.saturating_add(due.len());
        if i64::try_from(due.len()).unwrap_or(BATCH) < BATCH {
            break;
        }
    }
    Ok(count)
}

/// What is to be done with one delivery.
pub(super) struct Plan {
    /// As it was read; another instance may have been faster.
    pub(super) before: Delivery,
    pub(super) after: Delivery,
    pub(super) contract: Contract,
    pub(super) settling: Option<Settling>,
    pub(super) out: Vec<Outgoing>,
    /// Told to the user: kind and payload.
    pub(super) news: Option<(&'static str, serde_json::Value)>,
    /// A person's, which made this plan.
    pub(super) decided: Option<Decided>,
}

impl Plan {
    pub(super) fn nothing(before: Delivery, contract: Contract) -> Self {
        let after = before.clone();
        Self { after, before, contract, settling: None, out: Vec::new(), news: None, decided: None }
    }
}

async fn check_one(p: &Participant, id: Uuid) -> Result<(), ProcessError> {
    let read = p.db.read(move |tx| {
        Box::pin(async move {
            Ok::<_, DbError>((
                delivery::find(tx, id).await?,
                contract::service::by_id(tx, id).await?,
                contract::service::cells(tx, id).await?,
            ))
        })
    });
    let (Some(before), Some(contract), told) = read.await? else { return Ok(()) };
    let document = document(&contract)?;
    let again = Plan::nothing(before.clone(), contract.clone());
    let mut plan = Plan::nothing(before, contract);
    if plan.contract.state == State::Cancelling {
        plan.after.check_at = p.market_now().saturating_add(TROUBLE);
    } else if !plan.contract.state.is_confirmed() {
        except(p, &mut plan, delivery::DISPUTED.to_owned());
    } else {
        match verdict(&plan.contract.slots, &told) {
            Verdict::Waiting => ask(p, &mut plan, &document)?,
            Verdict::Contradiction(why) => except(p, &mut plan, why),
            Verdict::Complete(slots) => settling::plan(p, &mut plan, &document, slots).await?,
        }
    }
    match commit(p, &Arc::new(plan)).await {
        Ok(_) => Ok(()),
        Err(SettlingError::Database(error)) => Err(error.into()),
        Err(refused) => {
            // What money and trust do not take is for a person; the contract stays as it is.
            let mut plan = again;
            except(p, &mut plan, refused.to_string());
            let stored = commit(p, &Arc::new(plan)).await;
            stored.map(|_| ()).map_err(|error| ProcessError::Retry(error.to_string()))
        }
    }
}

/// Stores what was planned, once: another instance, or a cell that came meanwhile, makes it void. Whether it was stored.
pub(super) async fn commit(p: &Participant, plan: &Arc<Plan>) -> Result<bool, SettlingError> {
    let (plan, under, now) = (Arc::clone(plan), p.clone(), p.now());
    let stored = p.db.write(move |tx| {
        let (plan, p) = (Arc::clone(&plan), under.clone());
        Box::pin(async move {
            // The contract first, as everywhere.
            let contract = contract::service::lock_by_id(tx, plan.contract.id).await?;
            let unchanged = contract.is_some_and(|now| now.revision == plan.contract.revision);
            if !unchanged || delivery::lock(tx, plan.contract.id).await?.as_ref() != Some(&plan.before) {
                return Ok(false);
            }
            if let Some(settling) = &plan.settling {
                settling::apply(tx, &p, settling, &plan.contract, plan.after.settlement).await?;
            }
            if let Some(decided) = &plan.decided {
                if decided.decision == Decision::Close {
                    settling::undo(tx, &p, &plan.contract, &plan.before).await?;
                }
                delivery::decide(tx, decided).await?;
            }
            delivery::save(tx, &plan.after).await?;
            for leg in &plan.out {
                outbox::enqueue(tx, &p.ids, leg, now).await?;
            }
            if let Some((kind, payload)) = &plan.news {
                let (user, transaction) = (plan.contract.user_id, &plan.contract.transaction_id);
                events::record(tx, user, transaction, kind, payload, now).await?;
            }
            Ok::<_, SettlingError>(true)
        })
    });
    let stored = stored.await?;
    p.node.wake();
    Ok(stored)
}

/// Asks our ledger, and says when to look again.
fn ask(p: &Participant, plan: &mut Plan, document: &WireContract) -> Result<(), ProcessError> {
    let now = p.market_now();
    let late = told_by(p, plan.before.ends_at);
    if now >= late.saturating_add(GIVEN_UP_AFTER) {
        except(p, plan, "the DISCOMs have not written what was delivered".to_owned());
        return Ok(());
    }
    plan.out.push(question(p, &plan.contract, document)?);
    plan.after.asked = plan.before.asked.saturating_add(1);
    let doublings = u32::try_from(plan.before.asked.clamp(0, 20)).unwrap_or(20);
    let pause = p.settings.check_interval.checked_mul(1_i64.checked_shl(doublings).unwrap_or(i64::MAX));
    let next = now.saturating_add(pause.unwrap_or(PAUSE_MAX).min(PAUSE_MAX));
    // Whatever the pause: at the end of the timetable it is looked at.
    plan.after.check_at = if now < late { next.min(late) } else { next };
    plan.after.state = DeliveryState::Awaited;
    if now >= late {
        let why = "the DISCOMs' timetable has ended without a final allocation";
        plan.after.state = DeliveryState::Exception;
        plan.after.excepted_at = plan.before.excepted_at.or_else(|| Some(p.now()));
        if plan.before.reason.is_none() {
            plan.news = Some(("delivery.overdue", news(&plan.contract, why)));
        }
        plan.after.reason = Some(why.to_owned());
    }
    Ok(())
}

/// Marks a case for a person. It is looked at again when a cell comes.
pub(super) fn except(p: &Participant, plan: &mut Plan, why: String) {
    if plan.before.reason.as_ref() != Some(&why) {
        plan.news = Some(("delivery.exception", news(&plan.contract, &why)));
    }
    plan.after.state = DeliveryState::Exception;
    plan.after.check_at = p.market_now().saturating_add(GIVEN_UP_AFTER);
    plan.after.reason = Some(why);
    plan.after.excepted_at = plan.before.excepted_at.or_else(|| Some(p.now()));
}

fn news(contract: &Contract, why: &str) -> serde_json::Value {
    serde_json::json!({
        "transaction_id": contract.transaction_id,
        "contract_id": contract.contract_id,
        "side": contract.side.as_str(),
        "reason": why,
    })
}

/// By when all is told of a delivery that ended then, by the network's timetable.
fn told_by(p: &Participant, ends_at: Timestamp) -> Timestamp {
    let day = IstDate::of(ends_at.saturating_sub(Span::from_micros(1)));
    p.settings.rules.timetable.at(TimetableStep::FinalRead, day).saturating_add(GRACE)
}

/// `status` to the ledger of our side (domain section 4.8).
fn question(p: &Participant, contract: &Contract, document: &WireContract) -> Result<Outgoing, ProcessError> {
    let role = match contract.side {
        Side::Seller => Writer::SellerDiscom,
        Side::Buyer => Writer::BuyerDiscom,
    };
    let discom = p.own_discom(document, role).map_err(|_| ProcessError::Fail(ErrorCode::NetInternalError))?;
    let uri = format!("{}/bpp/receiver", discom.ledger_uri.trim_end_matches('/'));
    let message_id = p.ids.uuid().to_string();
    let message = messages::for_ledger(document).to_message();
    let mut leg = Leg::new(
        Action::Status,
        (&discom.ledger_id, &uri),
        Face::BppReceiver,
        &contract.transaction_id,
        &message_id,
        message,
    );
    leg.purpose = PURPOSE;
    leg.reference = Some(contract.id.to_string());
    // A question that was not asked in time is asked anew.
    leg.deadline = Some(p.now().saturating_add(Span::from_minutes(2)));
    p.compose(&leg).map_err(|error| ProcessError::Retry(error.to_string()))
}
