//! What a ledger does after delivery (facts of the domain, sections 4.8 to 4.12, 5, 10 and 11; rulings 15, 25
//! and 30): reads its meters, allocates, tells its platform, takes in what the other side's ledger allocated,
//! and settles.
//!
//! ```text
//! worker → service ─┬→ store            told → merge (pure) → store
//!                   ├→ meters (status and on_status with the head-ends) → metering
//!                   ├→ compute (pure) ← timetable (pure)
//!                   └→ report (pure) → outbox
//! ```
//!
//! A day is worked off from what is stored: the step that is due says what may be written, and everything
//! that can be and is not yet is written. So a step that was missed is caught up, a correction or a late word
//! of the other side goes the same way, and a process that dies between two steps loses nothing. Invariants:
//! a cell and the message that tells of it are one commit; a cell is never edited, each change is a round; Σ
//! allocated per meter and slot ≤ the meter; FINAL ≤ both sides; nothing is settled that one side has not
//! allocated.

pub mod compute;
pub mod meters;
pub mod model;
pub mod report;
pub mod service;
pub mod store;
pub mod timetable;
pub mod told;
pub mod view;
pub mod worker;
