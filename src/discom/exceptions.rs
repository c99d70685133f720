//! A person's way out of what no message can settle: the deliveries that wait for one, on what they stand, and the
//! decision that ends each, once.
//!
//! A decision is kept with who made it, why, when and on what, and is never changed. It settles, or undoes, in the
//! transaction that keeps it, under the locks of contract and delivery: of two decisions at a time one counts. A cell
//! that comes later opens the case again, unless it was closed.

use std::sync::Arc;

use db::DbError;
use node::ProcessError;
use uuid::Uuid;

use super::settling::{self, SettlingError};
use super::worker::{Plan, commit};
use super::{document, own_table};
use crate::contract::delivered::{by_final, newest, unwritten};
use crate::contract::delivery::{self, Copy, Decided, Decision, Delivery, DeliveryState};
use crate::contract::service::Cell;
use crate::contract::{self, Contract, Side};
use crate::error::{Code, Coded};
use crate::network::Participant;

/// Longest reason and name.
const TEXT_MAX: usize = 2_000;
/// How often a decision is made anew when a cell came in between.
const ROUNDS: usize = 4;

/// A delivery that waits for a person.
#[derive(Clone, Debug)]
pub struct Exception {
    pub contract: Contract,
    pub delivery: Delivery,
    /// The cells that it is about, `COLUMN@start`: contradicted, not written, or told otherwise by another holder.
    pub about: Vec<String>,
    /// Digest of our own table; equal tables have equal digests.
    pub digest: Option<String>,
    pub copies: Vec<Copy>,
    /// The newest value of every cell.
    pub cells: Vec<Cell>,
    /// What was decided before, oldest first.
    pub decided: Vec<Decided>,
}

/// What a person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Our own id of the contract.
    pub contract: Uuid,
    pub decision: Decision,
    pub reason: String,
    pub by: String,
}

/// Why nothing is decided.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExceptionError {
    #[error("there is no such contract")]
    Unknown,
    #[error("the contract waits for no decision")]
    NotOpen,
    #[error("nothing was settled that could be kept")]
    NothingToKeep,
    #[error("it cannot be accepted: {0}")]
    NotAcceptable(String),
    #[error("the {0} is to be given, in at most 2000 characters")]
    Text(&'static str),
    #[error("too many changes at once")]
    Stale,
    #[error("it cannot be carried out now")]
    Trouble,
    #[error("the database cannot be used now")]
    Database(#[from] DbError),
}

impl From<ProcessError> for ExceptionError {
    fn from(error: ProcessError) -> Self {
        tracing::warn!(%error, "a decision could not be carried out");
        Self::Trouble
    }
}

impl Coded for ExceptionError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown => Code::NotFound,
            Self::NotOpen | Self::NothingToKeep | Self::NotAcceptable(_) | Self::Stale => Code::StateConflict,
            Self::Text(_) => Code::FieldInvalid,
            Self::Trouble | Self::Database(_) => Code::Internal,
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Text(field) => Some((*field).to_owned()),
            _ => None,
        }
    }
}

/// The deliveries that wait for a person, each with its evidence.
///
/// # Errors
/// The database's.
pub async fn exceptions(p: &Participant, limit: i64) -> Result<Vec<Exception>, DbError> {
    let read = p.db.read(move |tx| {
        Box::pin(async move {
            let mut found = Vec::new();
            for delivery in delivery::exceptions(tx, limit).await? {
                let id = delivery.contract;
                let Some(contract) = contract::service::by_id(tx, id).await? else { continue };
                let cells = contract::service::cells(tx, id).await?;
                let copies = delivery::copies(tx, id).await?;
                found.push((contract, delivery, cells, copies, delivery::decisions(tx, id).await?));
            }
            Ok::<_, DbError>(found)
        })
    });
    let shown = |(contract, delivery, cells, copies, decided): (_, _, Vec<Cell>, Vec<Copy>, _)| {
        let (contract, delivery): (Contract, Delivery) = (contract, delivery);
        Exception {
            about: about(&contract, &delivery, &cells, &copies),
            digest: own_table(&contract),
            cells: newest(&cells).into_values().cloned().collect(),
            contract,
            delivery,
            copies,
            decided,
        }
    };
    Ok(read.await?.into_iter().map(shown).collect())
}

/// The cells that a case is about, each once.
fn about(contract: &Contract, delivery: &Delivery, cells: &[Cell], copies: &[Copy]) -> Vec<String> {
    // A contradiction begins with the cell that it is in.
    let named = delivery.reason.as_deref().and_then(|reason| reason.split(' ').next());
    let mut about: Vec<String> =
        named.filter(|word| word.contains('@')).map(str::to_owned).into_iter().collect();
    about.extend(unwritten(&contract.slots, cells));
    let told = copies.iter().flat_map(|copy| copy.differs.split(',')).filter(|cell| !cell.is_empty());
    about.extend(told.map(str::to_owned));
    let mut seen = std::collections::BTreeSet::new();
    about.retain(|cell| seen.insert(cell.clone()));
    about
}

/// Ends an exception as a person decides, once: the delivery as it is afterwards.
///
/// # Errors
/// It waits for no decision, or for none of that kind; the database's.
pub async fn resolve(p: &Participant, wish: Wish) -> Result<Delivery, ExceptionError> {
    for (field, text) in [("reason", &wish.reason), ("by", &wish.by)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
            return Err(ExceptionError::Text(field));
        }
    }
    for _ in 0..ROUNDS {
        let plan = Arc::new(decide(p, &wish).await?);
        match commit(p, &plan).await {
            Ok(true) => {
                let (contract, decision) = (wish.contract, wish.decision.as_str());
                tracing::info!(%contract, decision, by = wish.by, "an exception was resolved");
                return Ok(plan.after.clone());
            }
            Ok(false) => {}
            Err(SettlingError::Database(DbError::Serialization)) => {}
            Err(SettlingError::Database(error)) => return Err(error.into()),
            Err(refused) => return Err(ExceptionError::NotAcceptable(refused.to_string())),
        }
    }
    Err(ExceptionError::Stale)
}

async fn decide(p: &Participant, wish: &Wish) -> Result<Plan, ExceptionError> {
    let id = wish.contract;
    let read = p.db.read(move |tx| {
        Box::pin(async move {
            Ok::<_, DbError>((
                delivery::find(tx, id).await?,
                contract::service::by_id(tx, id).await?,
                contract::service::cells(tx, id).await?,
            ))
        })
    });
    let (Some(before), Some(contract), cells) = read.await? else { return Err(ExceptionError::Unknown) };
    if before.state != DeliveryState::Exception {
        return Err(ExceptionError::NotOpen);
    }
    let said = said(&before, &cells);
    let table = document(&contract)?;
    let mut plan = Plan::nothing(before, contract);
    match wish.decision {
        Decision::Accept => {
            let slots = by_final(&plan.contract.slots, &cells).map_err(ExceptionError::NotAcceptable)?;
            settling::accept(p, &mut plan, &table, slots).await?;
        }
        Decision::Keep if plan.before.settlement == 0 => return Err(ExceptionError::NothingToKeep),
        Decision::Keep => plan.after.state = DeliveryState::Settled,
        Decision::Close => {
            plan.after.state = DeliveryState::Void;
            // What was settled is booked back as one more settlement.
            let undone = i64::from(plan.before.settlement > 0);
            plan.after.settlement = plan.before.settlement.saturating_add(undone);
        }
    }
    plan.after.reason = None;
    plan.after.excepted_at = None;
    let booked = plan.after.settlement > plan.before.settlement;
    plan.news = Some(("delivery.resolved", news(&plan.contract, wish, plan.after.settlement)));
    plan.decided = Some(Decided {
        id: p.ids.uuid(),
        contract: id,
        decision: wish.decision,
        reason: wish.reason.clone(),
        by: wish.by.clone(),
        said,
        settlement: if booked { plan.after.settlement } else { 0 },
        at: p.now(),
    });
    Ok(plan)
}

/// On what it was decided, JSON.
fn said(before: &Delivery, cells: &[Cell]) -> String {
    let cells = newest(cells).into_values().map(|cell| {
        serde_json::json!({
            "cell": format!("{}@{}", cell.column, cell.slot_start),
            "value": cell.value,
            "round": cell.round,
            "writer": cell.writer,
            "provenance": cell.provenance,
        })
    });
    let cells: Vec<serde_json::Value> = cells.collect();
    serde_json::json!({"reason": before.reason, "settlement": before.settlement, "cells": cells}).to_string()
}

fn news(contract: &Contract, wish: &Wish, settlement: i64) -> serde_json::Value {
    serde_json::json!({
        "transaction_id": contract.transaction_id,
        "contract_id": contract.contract_id,
        "side": if contract.side == Side::Seller { "seller" } else { "buyer" },
        "decision": wish.decision.as_str(),
        "reason": wish.reason,
        "settlement": settlement,
    })
}
