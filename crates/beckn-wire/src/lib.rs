//! Beckn 2.0 wire types, the raw JSON kept, and parse, sign and verify; pure.

pub mod ack;
pub mod action;
pub mod code;
pub mod context;
pub mod energy;
pub mod envelope;
pub mod json;
pub mod signature;
pub mod validate;
