//! A user's own data as a whole: given out ([`export`]), and taken away ([`erase`]).
//!
//! These two go across every domain's tables, which is why they stand above the domains and nowhere in them. Invariants:
//! each table with a user in it is either exported or named with the reason why not ([`sections::LEFT_OUT`], held by a
//! test); nothing of another person is given out; no secret, nor the hash of one.

pub mod erase;
pub mod export;
pub mod marks;
pub mod sections;
pub mod sweep;
