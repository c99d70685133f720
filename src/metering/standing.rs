//! Whether what a credential has proved still counts: its registry is asked again daily, and before the credential
//! proves anything more.
//!
//! | what the registry says | what becomes of it |
//! |---|---|
//! | 404, 410 | it counts for another day |
//! | 200 | revoked: what it proved ends, for good |
//! | anything else, or nothing | doubted: asked again every five minutes; after an hour it counts no more until answered |
//! | the issuer is no longer believed | as after that hour, at once |
//!
//! The hour is so short that it adds little to the day for which an answer is believed, and so long that a registry
//! which is restarted stops nobody's trade. A credential that is to prove something new gets no such hour.

use db::{DbError, Tx, params, sql};
use energy_credentials::{Verdict, names};
use futures_util::FutureExt;
use futures_util::future::join_all;
use units::{Span, Timestamp};
use uuid::Uuid;

use super::proof;
use crate::credentials::{self, Stored, StoredCheck, Verifier};
use crate::network::Participant;

/// How long the registry's word is believed of a credential that has proved something.
pub const ASKED_EVERY: Span = Span::from_hours(24);
/// How long what it proved counts while nobody answers.
const GRACE: Span = Span::from_hours(1);
/// How soon a registry that did not answer is asked again.
const AGAIN: Span = Span::from_minutes(5);
/// Credentials of one round, and questions at once.
const ROUND: i64 = 100;
const AT_ONCE: usize = 8;

sql! {
    STANDS = "SELECT doubted_at, suspended_at FROM credentials WHERE id = $1 AND deleted_at IS NULL \
        AND revoked_at IS NULL {FOR UPDATE}";
    GOOD = "UPDATE credentials SET status_due = $2, doubted_at = NULL, suspended_at = NULL, checks = $3 WHERE id = $1";
    DOUBTED = "UPDATE credentials SET status_due = $2, doubted_at = $3, suspended_at = $4, checks = $5 WHERE id = $1";
    REVOKED = "UPDATE credentials SET status_due = NULL, revoked_at = $2, checks = $3 WHERE id = $1";
}

/// How a credential stands after a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has revoked it.
    Good,
    /// Nobody said anything usable; what it proved before may still count.
    Doubted,
    /// It proves nothing any more, or is gone.
    Ended,
}

/// Asks for every credential whose time has come, a hundred at most. Gives how many there were.
///
/// # Errors
/// The database's.
pub async fn check_due(p: &Participant, verifier: &Verifier) -> Result<usize, DbError> {
    let now = p.now();
    let due = p.db.read(move |tx| Box::pin(async move { credentials::due(tx, now, ROUND).await }));
    let due: Vec<Stored> = due.await?;
    for some in due.chunks(AT_ONCE) {
        let mut asked = Vec::new();
        for credential in some {
            asked.push(ask(p, verifier, credential).boxed());
        }
        for standing in join_all(asked).await {
            standing?;
        }
    }
    Ok(due.len())
}

/// Asks now how a verified credential stands, and keeps the answer.
///
/// # Errors
/// The database's.
pub async fn ask(p: &Participant, verifier: &Verifier, credential: &Stored) -> Result<Standing, DbError> {
    let now = p.now();
    let believed = verifier.believes(credential.issuer.as_deref(), credential.discom.as_deref());
    let (verdict, reason) = match (&credential.status_url, believed) {
        (_, false) => {
            (Verdict::Unknown, "its issuer is not on the list of trusted issuers any more".to_owned())
        }
        (None, true) => (Verdict::Passed, "it names no registry of revocations".to_owned()),
        (Some(url), true) => verifier.status(url, now).await.revocation(),
    };
    let checks = rejudged(&credential.checks, verdict, reason);
    let checks = serde_json::to_string(&checks).map_err(|error| DbError::Other(error.to_string()))?;
    let id = credential.id;
    let kept = p.db.write(move |tx| {
        let checks = checks.clone();
        Box::pin(async move { keep(tx, id, verdict, believed, &checks, now).await })
    });
    let standing = kept.await?;
    if standing != Standing::Good {
        tracing::info!(credential = %id, ?standing, "a credential is not confirmed");
    }
    Ok(standing)
}

fn rejudged(checks: &[StoredCheck], verdict: Verdict, reason: String) -> Vec<StoredCheck> {
    let mut checks = checks.to_vec();
    for check in checks.iter_mut().filter(|check| check.name == names::REVOCATION) {
        verdict.as_str().clone_into(&mut check.verdict);
        check.reason.clone_from(&reason);
    }
    checks
}

async fn keep(
    tx: &mut Tx,
    id: Uuid,
    verdict: Verdict,
    believed: bool,
    checks: &str,
    now: Timestamp,
) -> Result<Standing, DbError> {
    let Some(row) = tx.query_opt(&STANDS, &params![id]).await? else { return Ok(Standing::Ended) };
    let doubted: Option<Timestamp> = row.get("doubted_at")?;
    let suspended: Option<Timestamp> = row.get("suspended_at")?;
    match verdict {
        Verdict::Passed => {
            tx.execute(&GOOD, &params![id, now.saturating_add(ASKED_EVERY), checks]).await?;
            if suspended.is_some() {
                proof::suspend(tx, id, false).await?;
            }
            Ok(Standing::Good)
        }
        Verdict::Failed => {
            tx.execute(&REVOKED, &params![id, now, checks]).await?;
            proof::end_of_credential(tx, id, now).await?;
            Ok(Standing::Ended)
        }
        Verdict::Unknown => {
            let since = doubted.unwrap_or(now);
            let over = !believed || now.since(since) >= GRACE;
            let ends = suspended.or(over.then_some(now));
            let values = params![id, now.saturating_add(AGAIN), since, ends, checks];
            tx.execute(&DOUBTED, &values).await?;
            if over && suspended.is_none() {
                proof::suspend(tx, id, true).await?;
            }
            Ok(Standing::Doubted)
        }
    }
}
