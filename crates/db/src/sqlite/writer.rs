//! The writer thread: many transactions, one commit.
//!
//! The first waiting body opens `BEGIN IMMEDIATE`; those that wait behind it join, up to the group's size,
//! each inside a savepoint of its own, so that one can fail without the others. One `COMMIT`, which is one
//! fsync, ends the group, and only then is anyone answered. Invariants: no answer before the commit; when the
//! commit fails, everyone in the group is told so; a body is polled once, because its statements never
//! suspend.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::statement::control;
use crate::stats::Gauge;
use crate::tx::{TxFuture, run_at_once};
use crate::{DbError, Tx};

pub(crate) enum Message {
    Job(Box<dyn Job>),
    /// Finish what was accepted, close the file, then say so.
    Close(oneshot::Sender<()>),
}

/// A body and the place of its answer, with their types forgotten.
pub(crate) trait Job: Send {
    /// Whether anybody still waits for the answer.
    fn wanted(&self) -> bool;
    /// Runs the body; true when its changes are to stay.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Tells the caller, given what became of the group.
    fn answer(self: Box<Self>, group: Result<(), DbError>);
}

pub(crate) struct WriteJob<T, E, F> {
    body: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> WriteJob<T, E, F> {
    pub(crate) fn new(body: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self { body, result: None, reply }
    }
}

impl<T, E, F> Job for WriteJob<T, E, F>
where
    F: for<'t> Fn(&'t mut Tx) -> TxFuture<'t, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<DbError> + Send,
{
    fn wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(&mut self, tx: &mut Tx) -> bool {
        let result = run_at_once(&self.body, tx);
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>, group: Result<(), DbError>) {
        let answer = match (group, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(DbError::Closed.into()),
            (Err(fault), _) => Err(fault.into()),
        };
        // The caller may have gone away; its transaction stands all the same.
        let _ = self.reply.send(answer);
    }
}

pub(crate) fn spawn(
    tx: Tx,
    receiver: mpsc::Receiver<Message>,
    group_max: usize,
    gauge: Arc<Gauge>,
) -> Result<(), DbError> {
    let mut writer = Writer { tx, receiver, group_max, gauge };
    let thread = std::thread::Builder::new().name("db-writer".to_owned());
    let started = thread.spawn(move || {
        let closing = writer.serve();
        // The last connection to close folds the log into the file.
        drop(writer);
        if let Some(done) = closing {
            let _ = done.send(());
        }
    });
    started.map(drop).map_err(|fault| DbError::Unavailable(fault.to_string()))
}

struct Writer {
    tx: Tx,
    receiver: mpsc::Receiver<Message>,
    group_max: usize,
    gauge: Arc<Gauge>,
}

impl Writer {
    /// Until every handle is gone, or one asks to close.
    fn serve(&mut self) -> Option<oneshot::Sender<()>> {
        let mut closing = None;
        while let Some(message) = self.receiver.blocking_recv() {
            match message {
                Message::Job(job) => self.run_group(job, &mut closing),
                Message::Close(done) => closing = Some(done),
            }
            if closing.is_some() {
                // What was accepted before this is still delivered; later sends fail.
                self.receiver.close();
            }
        }
        closing
    }

    fn run_group(&mut self, first: Box<dyn Job>, closing: &mut Option<oneshot::Sender<()>>) {
        if !first.wanted() {
            return;
        }
        if let Err(fault) = self.control("BEGIN IMMEDIATE") {
            return answer(vec![first], &Err(fault));
        }
        let mut group = Vec::new();
        let mut outcome = Ok(());
        let mut next = Some(first);
        while let Some(mut job) = next.take() {
            if job.wanted() {
                outcome = self.run_one(job.as_mut());
                group.push(job);
            }
            if outcome.is_ok() && group.len() < self.group_max {
                next = match self.receiver.try_recv() {
                    Ok(Message::Job(job)) => Some(job),
                    Ok(Message::Close(done)) => {
                        *closing = Some(done);
                        None
                    }
                    Err(_) => None,
                };
            }
        }
        let outcome = outcome.and_then(|()| self.control("COMMIT"));
        if outcome.is_ok() {
            self.gauge.committed();
        } else if !self.is_autocommit() {
            // Should even this fail, the next BEGIN fails too, and says so.
            let _ = self.control("ROLLBACK");
        }
        answer(group, &outcome);
    }

    /// # Errors
    /// The whole group is lost.
    fn run_one(&mut self, job: &mut dyn Job) -> Result<(), DbError> {
        self.control("SAVEPOINT body")?;
        self.tx.renew();
        let begun = self.gauge.begin();
        let keep = job.run(&mut self.tx);
        self.gauge.end(begun);
        if self.is_autocommit() {
            // SQLite rolls everything back by itself when the disk is full or fails.
            return Err(DbError::Unavailable("the transaction was lost".to_owned()));
        }
        if !keep {
            self.control("ROLLBACK TO body")?;
        }
        self.control("RELEASE body")
    }

    fn control(&self, verb: &str) -> Result<(), DbError> {
        self.tx.sqlite().map_or(Err(DbError::Closed), |connection| control(connection, verb))
    }

    fn is_autocommit(&self) -> bool {
        self.tx.sqlite().is_none_or(Connection::is_autocommit)
    }
}

fn answer(group: Vec<Box<dyn Job>>, outcome: &Result<(), DbError>) {
    for job in group {
        // Dropping what a caller no longer wants runs that caller's code, which must not end this thread.
        if catch_unwind(AssertUnwindSafe(|| job.answer(outcome.clone()))).is_err() {
            tracing::error!("a result panicked while it was handed over");
        }
    }
}
