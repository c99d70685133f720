//! Works the inbox off: hands each claimed message to the application and puts back what could not be
//! finished.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use db::DbError;
use futures_util::FutureExt;

use crate::application::ProcessError;
use crate::inbox::{self, Claimed, InboxJob};
use crate::node::Node;
use crate::retry::delay;

impl Node {
    pub(crate) async fn claim_inbox(&self, limit: usize) -> Result<Vec<InboxJob>, DbError> {
        if self.app.get().is_none() {
            return Ok(Vec::new());
        }
        let claimed = inbox::claim(&self.db, self.now(), limit).await?;
        let exhausted = claimed.iter().any(|claimed| matches!(claimed, Claimed::Exhausted(_)));
        if exhausted {
            // What waited behind the message that was given up may go on.
            self.wake_inbox();
        }
        Ok(claimed
            .into_iter()
            .filter_map(|claimed| match claimed {
                Claimed::Job(job) => Some(*job),
                Claimed::Exhausted(id) => {
                    tracing::error!(target: "messages", %id, "given up after too many attempts");
                    None
                }
            })
            .collect())
    }

    pub(crate) async fn work(&self, job: InboxJob) {
        let Some(app) = self.app.get().map(Arc::clone) else { return };
        let outcome = AssertUnwindSafe(async { app.process(&job).await }).catch_unwind().await;
        let outcome =
            outcome.unwrap_or_else(|_| Err(ProcessError::Retry("the application panicked".to_owned())));
        let stored = match outcome {
            Ok(()) => Ok(()),
            Err(ProcessError::Retry(reason)) => {
                let wait = delay(job.attempts, self.ids.below(1_000_000), None);
                let (id, action) = (job.id, job.action);
                tracing::warn!(target: "messages", %id, %action, reason, "to be processed again");
                inbox::postpone(&self.db, &job, self.now().saturating_add(wait)).await
            }
            Err(ProcessError::Fail(code)) => {
                let (id, action) = (job.id, job.action);
                tracing::error!(target: "messages", %id, %action, %code, "not processed");
                self.fail_inbox(&job, code).await
            }
        };
        if let Err(error) = stored {
            // The lease runs out, and the message is taken up again.
            tracing::warn!(target: "messages", id = %job.id, %error, "the state of a message was not stored");
        }
        self.wake();
    }

    async fn fail_inbox(&self, job: &InboxJob, code: beckn_wire::code::ErrorCode) -> Result<(), DbError> {
        let (job, now) = (Arc::new(job.clone()), self.now());
        self.db
            .write(move |tx| {
                let job = Arc::clone(&job);
                Box::pin(async move { inbox::fail(tx, &job, code, now).await })
            })
            .await
    }
}
