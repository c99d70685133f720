//! The days after delivery as people read them: steps as they were taken, lines that are not settled and why,
//! and what was refused.

use std::sync::Arc;

use db::{Db, DbError};
use serde::Serialize;
use units::Timestamp;

use super::compute::troubles;
use super::service::load;
use super::store;

/// Most entries of one answer.
pub const PAGE: i64 = 500;

/// Days whose open lines are shown.
const DAYS: i64 = 31;

/// A step of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    /// The first instant of the delivery day in India.
    pub day: Timestamp,
    pub step: String,
    /// `DONE`, `LATE`, or `EXCEPTION` while lines are open.
    pub state: String,
    pub due_at: Timestamp,
    pub taken_at: Timestamp,
    pub updated_at: Timestamp,
    pub open_lines: i64,
}

/// A line that is not settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionView {
    pub contract_id: String,
    pub commitment_id: String,
    pub interval_id: i64,
    pub delivery_start: Timestamp,
    pub reasons: Vec<&'static str>,
}

/// A cell that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceView {
    pub contract_id: String,
    pub commitment_id: String,
    pub interval_id: i64,
    pub column: String,
    pub value: String,
    pub reason: String,
    pub told_by: String,
    pub message_id: String,
    pub told_at: Timestamp,
}

/// The latest steps.
///
/// # Errors
/// The database's.
pub async fn steps(db: &Db, ledger_id: &str) -> Result<Vec<StepView>, DbError> {
    let key = ledger_id.to_owned();
    let taken = db.read(move |tx| {
        let key = key.clone();
        Box::pin(async move { store::steps(tx, &key, PAGE).await })
    });
    let view = |taken: store::Taken| StepView {
        day: taken.day,
        step: taken.step,
        state: taken.state,
        due_at: taken.due_at,
        taken_at: taken.taken_at,
        updated_at: taken.updated_at,
        open_lines: taken.open,
    };
    Ok(taken.await?.into_iter().map(view).collect())
}

/// Lines of the latest days in exception that are not settled.
///
/// # Errors
/// The database's.
pub async fn exceptions(db: &Db, ledger_id: &str) -> Result<Vec<ExceptionView>, DbError> {
    let key = ledger_id.to_owned();
    let days = db.read(move |tx| {
        let key = key.clone();
        Box::pin(async move { store::exception_days(tx, &key, DAYS).await })
    });
    let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let mut views = Vec::new();
    for start in days.await? {
        let day = load(db, ledger_id, start).await?;
        for line in &day.lines {
            let reasons: Vec<&'static str> =
                troubles(&day, line).into_iter().map(|trouble| trouble.as_str()).collect();
            if !reasons.is_empty() && views.len() < page {
                views.push(ExceptionView {
                    contract_id: line.key.contract.clone(),
                    commitment_id: line.key.commitment.clone(),
                    interval_id: line.key.interval,
                    delivery_start: line.slot.start(),
                    reasons,
                });
            }
        }
    }
    Ok(views)
}

/// The latest refused cells.
///
/// # Errors
/// The database's.
pub async fn evidence(db: &Db, ledger_id: &str) -> Result<Vec<EvidenceView>, DbError> {
    let key = Arc::new(ledger_id.to_owned());
    let kept = db.read(move |tx| {
        let key = Arc::clone(&key);
        Box::pin(async move { store::evidence(tx, &key, PAGE).await })
    });
    let view = |item: store::Evidence| EvidenceView {
        contract_id: item.line.contract,
        commitment_id: item.line.commitment,
        interval_id: item.line.interval,
        column: item.cell,
        value: item.value,
        reason: item.reason,
        told_by: item.told_by,
        message_id: item.message_id,
        told_at: item.told_at,
    };
    Ok(kept.await?.into_iter().map(view).collect())
}
