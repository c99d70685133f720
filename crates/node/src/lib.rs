//! What every participant of the network needs (architecture, section 7): the registry of keys, an HTTP
//! client that calls no private address, durable queues of messages in and out, and [`Node::receive`], which
//! knows no framework.
//!
//! ```text
//! in:   head → signature header → key → body → verify → role → envelope → identity, addresses, network
//!       → schema → duplicate? → Application::admit → inbox row and ACK in one transaction
//! work: inbox row → Application::process → effects and outbox rows in one transaction
//! out:  outbox row leased → signed → posted → ACK judged → Application::concluded in one transaction
//! ```
//!
//! Invariants: an acknowledged message is stored; an effect happens once, however often its message comes or
//! the process dies; no transaction is open while the network is waited for; no address is taken from a
//! message; what a stranger sends can neither panic nor block nor grow memory without bound.

pub mod address;
pub mod application;
pub mod ask;
pub mod client;
pub mod compose;
mod deliver;
pub mod erase;
pub mod export;
pub mod identity;
pub mod inbox;
pub mod keys;
mod limit;
pub mod listener;
mod node;
pub mod outbox;
pub mod overview;
mod pause;
pub mod peers;
#[cfg(test)]
mod plans;
pub mod prune;
mod receive;
pub mod registry;
pub mod reply;
mod retry;
pub mod seal;
mod work;

pub use address::Face;
pub use application::{Admission, Application, Effect, EffectError, Incoming, ProcessError, Refusal};
pub use ask::{AskError, Asked};
pub use client::{AllowList, ClientConfig, GuardedClient, Method};
pub use compose::{ComposeError, Draft};
pub use identity::Identity;
pub use inbox::InboxJob;
pub use limit::{Limiter, Rate};
pub use node::{ConfigError, Limits, Node, NodeConfig};
pub use outbox::{OutboxJob, Outcome, Outgoing};
pub use pause::pause;
pub use peers::CallbackSigning;
pub use receive::Caller;
pub use registry::{DediConfig, DediRegistry, Record, Registry, RegistryError, StaticRegistry};
pub use reply::{Headers, Reply};
pub use retry::delay as retry_delay;

/// The tables of this crate; give them to [`db::Db::migrate`] under the component name [`COMPONENT`].
pub const MIGRATIONS: &[db::Migration] = &[
    db::Migration {
        version: 1,
        name: "messages",
        sqlite: include_str!("../migrations/sqlite/0001_messages.sql"),
        postgres: include_str!("../migrations/postgres/0001_messages.sql"),
    },
    db::Migration {
        version: 2,
        name: "housekeeping",
        sqlite: include_str!("../migrations/sqlite/0002_housekeeping.sql"),
        postgres: include_str!("../migrations/postgres/0002_housekeeping.sql"),
    },
    db::Migration {
        version: 16,
        name: "erasure",
        sqlite: include_str!("../migrations/sqlite/0016_erasure.sql"),
        postgres: include_str!("../migrations/postgres/0016_erasure.sql"),
    },
    db::Migration {
        version: 17,
        name: "sealing",
        sqlite: include_str!("../migrations/sqlite/0017_sealing.sql"),
        postgres: include_str!("../migrations/postgres/0017_sealing.sql"),
    },
];

/// The name under which [`MIGRATIONS`] are recorded.
pub const COMPONENT: &str = "node";
