//! Webhooks: the events of a user, sent to addresses of the user's own programs by Standard Webhooks (1.0.0).
//!
//! A delivery is a row that the transaction of its event writes ([`crate::events`]), so none is lost and none is told
//! that did not happen. It is claimed by a lease, sent by the guarded client (no private address, no redirect), and
//! tried again by the retry table; a webhook that fails is probed by one delivery at a time, so that it costs the others
//! nothing, and is disabled after days. Order is not kept; the id of a message is, however often it is sent.
//!
//! Secrets are derived from the platform's secret, not stored: whoever steals the database can sign nothing.

mod model;
mod secret;
mod send;
mod service;
mod store;

pub use self::model::{
    Change, Delivery, DeliveryState, New, PER_USER, Rotated, State, Webhook, WebhookError, message_id,
};
pub use self::secret::{Secrets, sign};
pub use self::send::Sender;
pub use self::service::{
    Under, active, change, create, deliveries, find, of_user, prune, remember_replay, remove, replay, rotate,
};
