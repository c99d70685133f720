//! Brings messages to people: e-mail by SMTP, SMS by an HTTP gateway.
//!
//! [`Queue::post`] takes a message and returns at once, so that an answer of the server takes as long for an address
//! that it knows as for one that it does not. What is queued lives in memory only: messages carry one-time codes and
//! links that open accounts, which should not lie on a disk, and whoever misses one after a restart asks anew.
//!
//! Invariants: at most [`QueueConfig::capacity`] messages are held and [`QueueConfig::at_once`] are under way; each is
//! tried a bounded number of times and never after it expires; a refusal for good is not tried again. No text, code,
//! password or whole address reaches a log.

mod message;
mod queue;
mod sms;
mod smtp;

pub use message::{Carrier, CarryError, Mail, Message, Sms, masked};
pub use queue::{Full, Queue, QueueConfig};
pub use sms::{Gateway, GatewayFault, SmsCarrier};
pub use smtp::{Relay, RelayFault, Security, SmtpCarrier};
