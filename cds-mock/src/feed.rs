//! The feed: subscribers are told of what is published, or fetch it (Beckn 2.0, catalog subscription, push, pull and
//! search; facts, beckn-wire b.1, b.5).
//!
//! ```text
//! publish → record (the publication's own transaction) → fan-out by a worker → outbox → catalog/push
//! pull    → current catalogs or recorded publications → catalog/on_pull, or a download with a signed address
//! search, catalog/master/* → current catalogs, in the HTTP response
//! ```
//!
//! Invariants: what was accepted is recorded in the commit that accepts it, so that no kill loses a push; a subscriber
//! is told in the order of those commits; nobody is told of a network of which they are no member, or of an offer that
//! is not for them, whichever way they ask; what is kept, and what one answer holds, is bounded.

mod answer;
mod current;
mod download;
mod operate;
mod prune;
mod publication;
mod pull;
mod push;
mod record;
mod schema_type;
mod search;
mod sink;
mod store;
mod subscription;

pub use operate::DeadLetter;
pub use record::{Accepted, PART_MAX, record, resource_directives};

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock, Weak};

use beckn_wire::json::Json;
use beckn_wire::signature::SigningKey;
use clock::Clocks;
use db::Db;
use node::{Node, Record, Registry};
use tokio::sync::{Notify, Semaphore};

use crate::discover::Viewer;

/// The tables of the feed, counted apart from those of the catalogs.
pub const MIGRATIONS: &[db::Migration] = &[db::Migration {
    version: 1,
    name: "feed",
    sqlite: include_str!("../migrations/sqlite/0003_feed.sql"),
    postgres: include_str!("../migrations/postgres/0003_feed.sql"),
}];
/// The name under which [`MIGRATIONS`] are recorded.
pub const COMPONENT: &str = "cds-mock-feed";
/// Every statement of the feed, by module.
pub const STATEMENTS: &[&[&db::Sql]] = &[store::STATEMENTS, current::STATEMENTS, subscription::STATEMENTS];
/// What the outbox calls a push, so that its end is ours to note.
pub const PUSH: &str = "push";
/// Results of pulls that are put together at the same time: each may take the memory of a whole download.
const PULLS_MAX: usize = 2;

/// What the service stands on, as its feed needs it.
pub struct Feed {
    db: Db,
    clocks: Clocks,
    registry: Arc<dyn Registry>,
    /// Networks served.
    networks: Vec<String>,
    subscriber_id: String,
    base_url: String,
    key: SigningKey,
    node: OnceLock<Weak<Node>>,
    news: Notify,
    pulls: Semaphore,
}

/// Who the service is, and where.
pub struct Service {
    pub subscriber_id: String,
    pub base_url: String,
    pub key: SigningKey,
    pub networks: Vec<String>,
}

impl Feed {
    pub fn new(db: Db, clocks: Clocks, registry: Arc<dyn Registry>, service: Service) -> Self {
        let Service { subscriber_id, base_url, key, networks } = service;
        let (node, news, pulls) = (OnceLock::new(), Notify::new(), Semaphore::new(PULLS_MAX));
        Self { db, clocks, registry, networks, subscriber_id, base_url, key, node, news, pulls }
    }

    /// Tells the feed which node it speaks through; the first one stays.
    pub fn speak_through(&self, node: &Arc<Node>) {
        let _ = self.node.set(Arc::downgrade(node));
    }

    fn node(&self) -> Option<Arc<Node>> {
        self.node.get().and_then(Weak::upgrade)
    }

    /// Looks for something to push at once: call it after a commit that recorded something.
    pub fn wake(&self) {
        self.news.notify_one();
    }

    /// The networks of both: ours, and of this participant.
    fn common(&self, record: &Record) -> BTreeSet<String> {
        let ours = record.network_memberships.iter().filter(|network| self.networks.contains(network));
        ours.cloned().collect()
    }

    /// This participant, looking into these networks.
    fn viewer(record: &Record, networks: &BTreeSet<String>) -> Viewer {
        Viewer {
            id: record.subscriber_id.clone(),
            kind: record.kind.clone(),
            networks: networks.iter().cloned().collect(),
        }
    }
}

/// A list of texts as one column.
fn lines<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    texts.into_iter().map(String::as_str).collect::<Vec<_>>().join("\n")
}

/// The list in such a column.
fn unlines(column: &str) -> BTreeSet<String> {
    column.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn strings<'a>(texts: impl IntoIterator<Item = &'a String>) -> Json {
    Json::array(texts.into_iter().map(|text| Json::from(text.as_str())))
}
