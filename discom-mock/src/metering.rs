//! The meter head-end of the DISCOMs (facts of the domain, sections 9 and 10.2; rulings 25 and 30): what each
//! meter imported and exported in each quarter of an hour.
//!
//! ```text
//! sun → simulator ┐
//!         upload ─┴→ service (freeze, upload) → store
//!                             outage ↑
//! ```
//!
//! `model`, `sun` and `simulator` are pure, and so is reading an upload. Invariants: whole watt-hours, no float; a
//! reading that
//! was reported once is stored and never made anew; what is missing or estimated says so and is never filled
//! in.

pub mod model;
pub mod outage;
pub mod service;
pub mod simulator;
pub mod store;
pub mod sun;
pub mod upload;
