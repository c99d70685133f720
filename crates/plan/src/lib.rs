//! Plans: which quantities of which offers cover a wish at the least cost. Pure, integer, deterministic, without a clock.
//!
//! A [`Row`] is one hour of one offer. A quantity of a row is nothing, or at least the minimum and a multiple of the
//! step, up to what is available. A [`Solution`] covers as much as can be covered first, never more than is wanted,
//! and that at the least cost; the cost is the exact sum of price times energy ([`Cost`]).
//!
//! How it is found:
//! - The same problem without minimum and without a limit of sellers is solved by taking the cheapest first, as caps by
//!   slot and in all are nested. Where its answer happens to keep the minimum, it is the answer ([`relaxed`]).
//! - Else a table over quantities, slot by slot and then over the slots, finds the exact answer ([`table`]).
//! - A limit of sellers is decided by branch and bound over sets of sellers, whose bound uses that the relaxed profit is
//!   submodular and what the caps are worth ([`sellers`], [`dual`]).
//!
//! Work is counted, not timed. When the count is used up the best answer so far is given, with what could at best be
//! had ([`Proof::Bounded`]). An answer is never worse than [`greedy()`], the cover that takes the cheapest first.

mod dual;
mod greedy;
mod model;
mod relaxed;
mod scaled;
mod sellers;
mod solve;
mod table;

pub use greedy::greedy;
pub use model::{Cost, Limits, Part, PlanError, Problem, Proof, Row, Solution, Wanted};
pub use solve::{Alternative, next_best, solve};
