//! The `wattmandi` program.

fn main() {}
