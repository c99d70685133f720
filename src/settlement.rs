//! Money: a double-entry ledger of this platform, and what a trade, a payment and a netting post to it (rulings 25–28).
//!
//! An amount is paise, credit positive: a positive balance is what this platform owes the account's owner. Invariants:
//! the lines of a journal sum to zero; a journal is never changed, what was wrong gets a compensating one; one event is
//! posted once, however often it comes (unique kind and reference); a user's account never falls below its credit limit
//! less what is held (in code, and by a CHECK): what a settlement takes beyond it is owed on the user's arrears account,
//! and is paid first from what comes in. Locks are taken last of all (ruling 20): the user's accounts, then the others in
//! the order of their ids, the bank's never before a user's.
//!
//! | account | owner | what its balance says |
//! |---|---|---|
//! | `user` | user id | what we owe the user; negative on credit |
//! | `arrears` | user id | what the user owes beyond the limit |
//! | `platform` | `attribution` | penalties and wheeling of users, less what the contract's flows ask of us |
//! | `platform` | `within` | trades between two of our users, of which one side is settled |
//! | `discom` | its code | what the flows owe the DISCOM |
//! | `charge` | DISCOM code | transaction charges collected |
//! | `fee` | `platform` | platform fees earned |
//! | `rounding` | `platform` | what rounding each slot gained over rounding the sum |
//! | `clearing` | subscriber id | what we owe the peer platform, until it is netted |
//! | `bank` | `platform` | money at the bank, as a debit |

mod bill;
mod clearing;
mod hold;
mod ledger;
pub mod model;
mod payments;
mod rates;
mod service;
mod statement;
pub mod store;

pub use bill::{Bill, Flows, MeterLine, SlotBill};
pub use clearing::{NETTED_EVERY, clearing_due, net_clearing};
pub use hold::{adjust, amount_for};
pub use ledger::{Audit, audit, close_user, entries, open_user, overview, post};
pub use model::{
    Account, AccountId, AccountKind, Draft, Entry, JournalKind, Line, MoneyError, Overview, Posted, Quality,
    SettledSlot, Stamp,
};
pub use payments::{
    Order, Payment, PaymentKind, PaymentState, Payments, Refused, SimulatedBank, finish_payments,
    of_contract, top_up, withdraw,
};
pub use rates::{Rate, RateKind, Rates, add_rates, rates_of};
pub use service::{Outcome, Settlement, payment_reference, settle};
pub use statement::{
    MeterPart, Month, Movement, Part, Statement, TradeLine, months, of_month, render_csv, render_html,
    style_hash,
};
