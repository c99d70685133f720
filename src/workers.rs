//! Who does what: the dispatcher that hands each message of the network to buyer, seller or DISCOM desk, and the jobs
//! that run by time.
//!
//! `status` and `on_status` go by our role in the stored contract, not by the path (ruling 14); everything else goes by
//! its action. A ledger leg's end goes to the side whose contract it records.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use db::DbError;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use node::{Admission, Application, Face, InboxJob, Incoming, OutboxJob, Outcome, ProcessError, Refusal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::contract::{self, Side};
use crate::credentials::Verifier;
use crate::events::{answers, idempotency, tickets};
use crate::identity::Accounts;
use crate::metering;
use crate::network::{self, Action, Participant};
use crate::settlement::{self, MoneyError, SimulatedBank, Stamp};
use crate::{buyer, discom, privacy, seller, webhooks};

/// How often the jobs look, when nobody wakes them.
const EVERY: Duration = Duration::from_millis(500);
/// How often the plans under way are looked at: each step of a plan waits for the next look.
const PLANS_EVERY: Duration = Duration::from_millis(100);
/// How often it is looked which credentials are to be asked for again.
const STANDING_EVERY: Duration = Duration::from_secs(60);
/// How often old rows are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// The application of a trading platform.
pub struct Dispatcher {
    participant: OnceLock<Participant>,
}

/// Which part of the server a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Desk {
    Seller,
    Buyer,
    Discom,
}

fn desk_of(action: Action) -> Option<Desk> {
    use Action as A;
    match action {
        A::Select | A::Init | A::Confirm | A::Cancel | A::Update | A::Track | A::Rate | A::Support => {
            Some(Desk::Seller)
        }
        A::CatalogOnPublish => Some(Desk::Seller),
        A::OnDiscover | A::OnSelect | A::OnInit | A::OnConfirm | A::OnCancel | A::OnUpdate => {
            Some(Desk::Buyer)
        }
        A::OnTrack | A::OnRate | A::OnSupport | A::CatalogPush => Some(Desk::Buyer),
        A::Status | A::OnStatus => Some(Desk::Discom),
        _ => None,
    }
}

impl Dispatcher {
    pub fn new() -> Self {
        Self { participant: OnceLock::new() }
    }

    /// Gives the dispatcher its participant, which holds the node that holds the dispatcher. The first one stays.
    pub fn serve(&self, participant: Participant) {
        // A second participant would be a second platform in one process, which has its own dispatcher.
        let _ = self.participant.set(participant);
    }

    fn participant(&self) -> Result<&Participant, ProcessError> {
        self.participant.get().ok_or_else(|| ProcessError::Retry("the platform is starting".into()))
    }

    /// Whose contract a ledger leg records.
    async fn side_of(participant: &Participant, job: &OutboxJob) -> Result<Option<Side>, DbError> {
        let Some(id) = job.reference.as_deref().and_then(|text| Uuid::parse_str(text).ok()) else {
            return Ok(None);
        };
        participant
            .db
            .read(move |tx| {
                async move { Ok::<_, DbError>(contract::service::by_id(tx, id).await?.map(|c| c.side)) }
                    .boxed()
            })
            .await
    }
}

impl Default for Dispatcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Application for Dispatcher {
    fn accepts(&self, face: Face, action: Action) -> bool {
        match action {
            // A platform is asked for a status as a seller, and told one as a buyer, whichever side it has.
            Action::CatalogOnPublish => face == Face::BppReceiver,
            Action::CatalogPush => face == Face::Base,
            _ => match desk_of(action) {
                Some(_) if action.is_callback() => face == Face::BapReceiver,
                Some(_) => face == Face::BppReceiver,
                None => false,
            },
        }
    }

    fn admit<'a>(&'a self, incoming: &'a Incoming) -> BoxFuture<'a, Result<Admission, Refusal>> {
        async move {
            let Some(participant) = self.participant.get() else { return Err(network::starting()) };
            match desk_of(incoming.envelope.context.action) {
                Some(Desk::Seller) => seller::admit(participant, incoming).await,
                Some(Desk::Buyer) => buyer::admit(participant, incoming).await,
                Some(Desk::Discom) => discom::admit(participant, incoming).await,
                None => Err(network::not_served()),
            }
        }
        .boxed()
    }

    fn process<'a>(&'a self, job: &'a InboxJob) -> BoxFuture<'a, Result<(), ProcessError>> {
        async move {
            let participant = self.participant()?;
            let done = match desk_of(job.action) {
                Some(Desk::Seller) => seller::process(participant, job).await,
                Some(Desk::Buyer) => buyer::process(participant, job).await,
                Some(Desk::Discom) => discom::process(participant, job).await,
                None => Err(ProcessError::Retry("no desk for this action".into())),
            };
            participant.node.wake();
            done
        }
        .boxed()
    }

    fn concluded<'a>(
        &'a self,
        job: &'a OutboxJob,
        outcome: &'a Outcome,
    ) -> BoxFuture<'a, Result<(), ProcessError>> {
        async move {
            let participant = self.participant()?;
            if [discom::CASCADE, discom::QUESTION].contains(&job.purpose.as_str()) {
                let done = discom::concluded(participant, job, outcome).await;
                participant.node.wake();
                return done;
            }
            let side = if job.purpose.starts_with("ledger.") {
                Self::side_of(participant, job).await?
            } else if job.action.is_callback() || job.action == Action::CatalogPublish {
                Some(Side::Seller)
            } else {
                Some(Side::Buyer)
            };
            let done = match side {
                Some(Side::Seller) => seller::concluded(participant, job, outcome).await,
                Some(Side::Buyer) => buyer::concluded(participant, job, outcome).await,
                None => {
                    Ok(node::outbox::conclude_alone(&participant.db, job, outcome, participant.now()).await?)
                }
            };
            participant.node.wake();
            done
        }
        .boxed()
    }
}

/// Starts every job; they end with `cancel`.
pub fn spawn(participant: &Participant, cancel: &CancellationToken) -> Vec<JoinHandle<()>> {
    let p = participant.clone();
    let publish = every(EVERY, cancel.clone(), "publish", move || {
        let p = p.clone();
        async move { seller::publish(&p).await }
    });
    let p = participant.clone();
    let seller_expiry = every(EVERY, cancel.clone(), "seller expiry", move || {
        let p = p.clone();
        async move { seller::expire(&p).await }
    });
    let p = participant.clone();
    let buyer_expiry = every(EVERY, cancel.clone(), "buyer expiry", move || {
        let p = p.clone();
        async move { buyer::expire(&p).await }
    });
    let p = participant.clone();
    let interval = p.settings.check_interval.as_millis();
    let interval = Duration::from_millis(u64::try_from(interval).unwrap_or(60_000));
    let check = every(interval, cancel.clone(), "verification", move || {
        let p = p.clone();
        async move { discom::check(&p).await }
    });
    let p = participant.clone();
    let plans = every(PLANS_EVERY, cancel.clone(), "plans", move || {
        let p = p.clone();
        async move { Ok(buyer::advance_plans(&p).await?.saturating_add(buyer::advance_interests(&p).await?)) }
    });
    let p = participant.clone();
    let subscription = every(EVERY, cancel.clone(), "subscription", move || {
        let p = p.clone();
        async move { buyer::subscribe(&p).await }
    });
    let p = participant.clone();
    let prune = every(PRUNE_EVERY, cancel.clone(), "prune", move || {
        let p = p.clone();
        async move { prune(&p).await }
    });
    let p = participant.clone();
    let money = every(EVERY, cancel.clone(), "money", move || {
        let p = p.clone();
        async move { money(&p).await }
    });
    let p = participant.clone();
    let erasures = every(EVERY, cancel.clone(), "erasures", move || {
        let p = p.clone();
        async move { privacy::sweep::sweep(&p).await }
    });
    let node = tokio::spawn(Arc::clone(&participant.node).run(cancel.clone()));
    vec![
        node,
        tokio::spawn(publish),
        tokio::spawn(seller_expiry),
        tokio::spawn(buyer_expiry),
        tokio::spawn(check),
        tokio::spawn(plans),
        tokio::spawn(subscription),
        tokio::spawn(prune),
        tokio::spawn(money),
        tokio::spawn(erasures),
    ]
}

/// Starts asking, again and again, whether credentials are revoked; ends with `cancel`.
pub fn watch_credentials(
    participant: &Participant,
    verifier: Arc<Verifier>,
    cancel: &CancellationToken,
) -> JoinHandle<()> {
    let p = participant.clone();
    tokio::spawn(every(STANDING_EVERY, cancel.clone(), "credentials", move || {
        let (p, verifier) = (p.clone(), Arc::clone(&verifier));
        async move { metering::standing::check_due(&p, &verifier).await }
    }))
}

/// One round of every job by time, for tests that move the clock themselves: how much there was to do.
///
/// # Errors
/// The database's.
pub async fn tick(participant: &Participant) -> Result<usize, DbError> {
    let published = seller::publish(participant).await?;
    let sold = seller::expire(participant).await?;
    let bought = buyer::expire(participant).await?;
    let checked = discom::check(participant).await?;
    let waited = buyer::advance_interests(participant).await?;
    let planned = buyer::advance_plans(participant).await?.saturating_add(waited);
    let traded = published.saturating_add(sold).saturating_add(bought);
    Ok(traded.saturating_add(planned).saturating_add(checked))
}

/// Nets the clearing accounts that are due, and ends the payments that were left without an end.
async fn money(participant: &Participant) -> Result<usize, DbError> {
    let market = participant.market_now();
    let due = participant.db.read(move |tx| settlement::clearing_due(tx, market).boxed()).await?;
    let done = async {
        let mut count = settlement::finish_payments(participant, &SimulatedBank).await?;
        if due {
            let p = participant.clone();
            let netted = participant.db.write(move |tx| {
                let p = p.clone();
                async move { settlement::net_clearing(tx, &Stamp::of(&p)).await }.boxed()
            });
            count = count.saturating_add(netted.await?.len());
        }
        Ok(count)
    };
    done.await.map_err(|error: MoneyError| match error {
        MoneyError::Database(error) => error,
        other => DbError::Other(other.to_string()),
    })
}

/// Forgets idempotency keys with their answers, tickets, marks of meters, deliveries of webhooks that have ended and what
/// is over of signing in, and ends the proofs of meters that have expired; messages are the node's to forget.
async fn prune(participant: &Participant) -> Result<usize, DbError> {
    let now = participant.now();
    let forgotten = participant.db.write(move |tx| {
        async move {
            let keys = idempotency::prune(tx, now).await?;
            let answers = answers::prune(tx, now).await?;
            privacy::marks::prune(tx, now).await?;
            Ok::<_, DbError>(keys.saturating_add(answers).saturating_add(tickets::prune(tx, now).await?))
        }
        .boxed()
    });
    let forgotten = forgotten.await?;
    Accounts::prune(&participant.db, now).await?;
    let proofs =
        participant.db.write(move |tx| async move { metering::proof::lapse(tx, now).await }.boxed()).await?;
    let deliveries = webhooks::prune(participant).await?;
    let forgotten = usize::try_from(forgotten).unwrap_or(usize::MAX);
    Ok(forgotten.saturating_add(proofs).saturating_add(deliveries))
}

/// Runs a job again and again: at once while there is something to do, else after a pause.
async fn every<F, R>(pause: Duration, cancel: CancellationToken, name: &'static str, mut job: F)
where
    F: FnMut() -> R,
    R: Future<Output = Result<usize, DbError>>,
{
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = job().await {
            tracing::warn!(%error, job = name, "a job failed and will run again");
        }
    }
}
