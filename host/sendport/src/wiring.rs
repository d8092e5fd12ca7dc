//! Adapters: loaded, checked against what the configuration says about them, and started.
//!
//! The only folder of the program that knows the adapter runtime's API, but for the schema types.

mod adapters;
mod checks;
mod facts;
mod notes;
mod pools;

pub(crate) use adapters::{Adapters, inspect};
pub(crate) use facts::{Facts, KnownAdapters};
pub(crate) use notes::notes;

#[cfg(test)]
pub(crate) mod tests;
