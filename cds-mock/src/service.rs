//! The catalog service as a participant: it takes `catalog/publish`, `discover` and `catalog/pull`,
//! and answers them by callbacks; subscriptions and searches it answers at once.

use std::sync::{Arc, OnceLock, Weak};

use beckn_wire::action::Action;
use beckn_wire::code::{ErrorCode, WireError};
use beckn_wire::context::Context;
use beckn_wire::energy::schema::contexts_of;
use beckn_wire::envelope::Envelope;
use beckn_wire::json::Json;
use beckn_wire::validate::Tolerance;
use clock::Clocks;
use db::Db;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use node::address::uri_matches;
use node::{
    Admission, Application, Draft, Face, InboxJob, Incoming, Node, OutboxJob, Outcome, Outgoing,
    ProcessError, Record, Refusal, Registry,
};

use crate::catalog::{CATALOGS_PER_MESSAGE_MAX, Index, Publisher, Publishing, Stamp, judge, results_message};
use crate::discover::{Now, Query, Viewer, search};
use crate::feed::{self, Feed};

/// Most schema contexts that one answer names; they are hints only.
const SCHEMA_CONTEXTS_MAX: usize = 32;

/// Judges and answers messages.
pub struct CatalogService {
    db: Db,
    clocks: Clocks,
    registry: Arc<dyn Registry>,
    tolerance: Tolerance,
    publishing: Publishing,
    feed: Arc<Feed>,
    index: Arc<Index>,
    node: OnceLock<Weak<Node>>,
}

impl CatalogService {
    pub fn new(
        db: Db,
        index: Arc<Index>,
        clocks: Clocks,
        registry: Arc<dyn Registry>,
        tolerance: Tolerance,
        feed: Arc<Feed>,
    ) -> Self {
        Self {
            feed,
            publishing: Publishing::new(db.clone(), Arc::clone(&index)),
            index,
            db,
            clocks,
            registry,
            tolerance,
            node: OnceLock::new(),
        }
    }

    /// Tells the service which node it speaks through; the first one stays.
    pub fn speak_through(&self, node: &Arc<Node>) {
        let _ = self.node.set(Arc::downgrade(node));
        self.feed.speak_through(node);
    }

    fn node(&self) -> Result<Arc<Node>, ProcessError> {
        let node = self.node.get().and_then(Weak::upgrade);
        node.ok_or_else(|| ProcessError::Retry("the node is not there".to_owned()))
    }

    async fn sender(&self, job: &InboxJob) -> Result<Arc<Record>, ProcessError> {
        let record = self.registry.subscriber(&job.sender).await;
        record.map_err(|error| match error.passing() {
            true => ProcessError::Retry(error.to_string()),
            false => ProcessError::Fail(error.wire().code),
        })
    }

    async fn publish(&self, job: &InboxJob, request: &Request) -> Result<(), ProcessError> {
        let sender = self.sender(job).await?;
        let market_now = self.clocks.market.now();
        let case = Arc::new((request.clone(), sender));
        let judged = tokio::task::spawn_blocking(move || {
            let (request, sender) = &*case;
            let publisher = Publisher {
                id: &sender.subscriber_id,
                memberships: &sender.network_memberships,
                uri: request.context.bpp_uri.as_deref(),
            };
            judge(&request.message, &publisher, request.context.network_id.as_deref(), market_now)
        });
        let mut judged =
            judged.await.map_err(|_| ProcessError::Retry("judging was interrupted".to_owned()))?;
        let stamp = Stamp {
            publisher: job.sender.clone(),
            source: job.id.to_string(),
            made_at: request.context.timestamp.unwrap_or(job.received_at).min(job.received_at),
            wire_now: self.clocks.wire.now(),
            market_now,
            resource_directives: feed::resource_directives(&request.message),
        };
        self.publishing.take(&mut judged, &stamp).await?;
        self.feed.wake();
        for catalog in &judged {
            let (status, offers, errors) = (catalog.status(), catalog.offers.len(), catalog.errors.len());
            tracing::info!(
                publisher = job.sender,
                catalog = catalog.catalog_id,
                status,
                offers,
                errors,
                "published"
            );
        }
        let peer = (request.context.bpp_id.as_deref(), request.context.bpp_uri.as_deref());
        let answer =
            Answer { action: Action::CatalogOnPublish, face: Face::BppReceiver, purpose: "on_publish", peer };
        self.answer(job, request, &answer, vec![results_message(&judged)]).await
    }

    async fn discover(&self, job: &InboxJob, request: &Request) -> Result<(), ProcessError> {
        let query =
            Query::read(&request.message).map_err(|refusal| ProcessError::Fail(refusal.error.code))?;
        let query = Arc::new(query);
        let sender = self.sender(job).await?;
        let viewer = Viewer {
            id: sender.subscriber_id.clone(),
            kind: sender.kind.clone(),
            networks: request.context.network_id.iter().cloned().collect(),
        };
        let mut rounds = ROUNDS;
        let pages = loop {
            let now = Now { market: self.clocks.market.now(), wire: self.clocks.wire.now() };
            let found = search(&self.db, &self.index, Arc::clone(&query), viewer.clone(), now).await?;
            rounds = rounds.saturating_sub(1);
            if found.whole || rounds == 0 {
                break found.pages;
            }
            self.publishing.settled().await;
        };
        let peer = (request.context.bap_id.as_deref(), request.context.bap_uri.as_deref());
        let answer =
            Answer { action: Action::OnDiscover, face: Face::BapReceiver, purpose: "on_discover", peer };
        self.answer(job, request, &answer, pages).await
    }

    async fn pull(&self, job: &InboxJob, request: &Request) -> Result<(), ProcessError> {
        let sender = self.sender(job).await?;
        let message = self.feed.pull(job.id, &sender, &request.message, job.received_at).await?;
        let uri = request.context.bap_uri.as_deref();
        let face = uri.and_then(|uri| uri_matches(&sender.url, uri)).unwrap_or(Face::Base);
        let peer = (request.context.bap_id.as_deref(), uri);
        let answer = Answer { action: Action::CatalogOnPull, face, purpose: "on_pull", peer };
        self.answer(job, request, &answer, vec![message]).await
    }

    /// Enqueues the callbacks and ends the request, in one transaction.
    async fn answer(
        &self,
        job: &InboxJob,
        request: &Request,
        answer: &Answer<'_>,
        messages: Vec<Json>,
    ) -> Result<(), ProcessError> {
        let node = self.node()?;
        let network = request.context.network_id.clone().unwrap_or_default();
        let (peer_id, peer_uri) = (answer.peer.0.map(str::to_owned), answer.peer.1.map(str::to_owned));
        let (action, identity) = (answer.action, job.receiver.clone());
        let (transaction, message_id) = (job.transaction_id.clone(), job.message_id.clone());
        let composing = Arc::clone(&node);
        let bodies = tokio::task::spawn_blocking(move || {
            let compose = |message: Json| {
                let mut schema_context = contexts_of(&message);
                schema_context.truncate(SCHEMA_CONTEXTS_MAX);
                let draft = Draft::new(action, &identity, &network, &transaction, &message_id, message);
                let (peer_id, peer_uri) = (peer_id.clone(), peer_uri.clone());
                composing.compose(&Draft { schema_context, peer_id, peer_uri, ..draft })
            };
            messages.into_iter().map(compose).collect::<Result<Vec<_>, _>>()
        });
        let bodies = bodies.await.map_err(|_| ProcessError::Retry("composing was interrupted".to_owned()))?;
        let bodies = bodies.map_err(|error| {
            tracing::error!(%error, "a callback could not be composed");
            ProcessError::Fail(ErrorCode::NetInternalError)
        })?;
        let outgoing = bodies.into_iter().map(|body| Outgoing {
            sender: job.receiver.clone(),
            target: job.sender.clone(),
            face: answer.face,
            action: answer.action,
            transaction_id: job.transaction_id.clone(),
            message_id: job.message_id.clone(),
            body,
            answers: Some(job.id),
            purpose: answer.purpose,
            reference: None,
            deadline: None,
        });
        let plan =
            Arc::new((job.clone(), outgoing.collect::<Vec<_>>(), node.ids().clone(), self.clocks.wire.now()));
        self.db
            .write(move |tx| {
                let plan = Arc::clone(&plan);
                Box::pin(async move {
                    let (job, outgoing, ids, now) = &*plan;
                    for message in outgoing {
                        node::outbox::enqueue(tx, ids, message, *now).await?;
                    }
                    node::inbox::complete(tx, job, *now).await
                })
            })
            .await?;
        node.wake();
        Ok(())
    }
}

/// How often an answer is made anew because a publication came in between.
const ROUNDS: usize = 5;

/// A stored message, read again.
#[derive(Clone)]
struct Request {
    context: Context,
    message: Json,
}

/// How a request is answered.
struct Answer<'a> {
    action: Action,
    face: Face,
    purpose: &'static str,
    /// Id and address of the asking side, as in its context.
    peer: (Option<&'a str>, Option<&'a str>),
}

impl Application for CatalogService {
    fn accepts(&self, face: Face, action: Action) -> bool {
        let served = matches!(
            action,
            Action::CatalogPublish
                | Action::Discover
                | Action::CatalogSubscription
                | Action::CatalogPull
                | Action::CatalogSearch
                | Action::CatalogMasterSearch
        );
        face == Face::Base && served
    }

    fn admit<'a>(&'a self, incoming: &'a Incoming) -> BoxFuture<'a, Result<Admission, Refusal>> {
        let message = incoming.document.get("message").unwrap_or(&Json::Null);
        let verdict = match incoming.envelope.context.action {
            Action::CatalogSubscription => {
                let verdict = self.feed.subscribe(incoming);
                return async move { verdict }.boxed();
            }
            Action::CatalogPull => return self.feed.admit_pull(incoming).boxed(),
            Action::CatalogSearch => return self.feed.search(incoming, false).boxed(),
            Action::CatalogMasterSearch => return self.feed.search(incoming, true).boxed(),
            Action::Discover => Query::read(message).map(|_| ()),
            _ => {
                let catalogs = message.get("catalogs").and_then(Json::as_array).unwrap_or_default();
                if catalogs.len() > CATALOGS_PER_MESSAGE_MAX {
                    let error = WireError::format(
                        "message/catalogs",
                        format!("a message has at most {CATALOGS_PER_MESSAGE_MAX} catalogs"),
                    );
                    Err(error.into())
                } else {
                    Ok(())
                }
            }
        };
        async move { verdict.map(|()| Admission::Queue) }.boxed()
    }

    fn process<'a>(&'a self, job: &'a InboxJob) -> BoxFuture<'a, Result<(), ProcessError>> {
        async move {
            let unreadable = |error: WireError| ProcessError::Fail(error.code);
            let envelope = Envelope::parse(job.body.as_slice(), &self.tolerance).map_err(unreadable)?;
            let message = envelope.message().map_err(unreadable)?;
            let request = Request { context: envelope.context, message };
            match job.action {
                Action::Discover => self.discover(job, &request).await,
                Action::CatalogPublish => self.publish(job, &request).await,
                Action::CatalogPull => self.pull(job, &request).await,
                _ => Err(ProcessError::Fail(ErrorCode::NetNotImplemented)),
            }
        }
        .boxed()
    }

    fn concluded<'a>(
        &'a self,
        job: &'a OutboxJob,
        outcome: &'a Outcome,
    ) -> BoxFuture<'a, Result<(), ProcessError>> {
        async move {
            if !matches!(outcome, Outcome::Delivered { .. }) {
                let outcome = outcome.summary();
                tracing::warn!(peer = job.target, action = %job.action, outcome, "not delivered");
            }
            if job.purpose == feed::PUSH {
                return Ok(self.feed.pushed(job, outcome).await?);
            }
            Ok(node::outbox::conclude_alone(&self.db, job, outcome, self.clocks.wire.now()).await?)
        }
        .boxed()
    }
}
