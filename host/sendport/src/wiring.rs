//! Adapters: loaded, checked against what the configuration says about them, and started.
//!
//! The only folder of the program that makes the adapter runtime do anything; its plain types (schemas,
//! capabilities, grants) are known elsewhere too.

mod adapters;
mod checks;
mod facts;
mod notes;
mod pools;
mod trust;

pub(crate) use adapters::{Adapters, inspect};
pub(crate) use facts::{Facts, KnownAdapters};
pub(crate) use notes::notes;

#[cfg(test)]
pub(crate) mod tests;
