//! The service over real HTTP, with participants that sign and listen, on both databases.

mod discover;
mod publish;
mod registry;
mod vectors;
mod world;
