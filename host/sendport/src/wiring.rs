//! Adapters: loaded, checked against what the configuration says about them, and put together to ports.
//!
//! The only folder of the program that makes the adapter runtime do anything; its plain types (schemas,
//! capabilities, grants) are known elsewhere too.

mod adapters;
mod blueprint;
mod checks;
mod facts;
mod notes;
mod pools;
mod trust;
mod vault;

pub(crate) use adapters::{Adapters, inspect};
pub(crate) use blueprint::{Blueprint, Component, Components};
pub(crate) use checks::{mistakes, mistakes_of_port};
pub(crate) use facts::{Facts, KnownAdapters};
pub(crate) use notes::notes;
pub(crate) use pools::CanaryPools;

#[cfg(test)]
pub(crate) mod tests;
