//! The buyer's flows against a network that the test plays, on both databases.

mod calling_off;
mod contracting;
mod questions;
mod world;
