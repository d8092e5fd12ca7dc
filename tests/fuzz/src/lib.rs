//! What the fuzz targets do: one function each, `fn fuzz(data: &[u8])`, which panics when sendport is wrong.
//!
//! The fuzzer's programs in `fuzz_targets/` call them with what it makes up, and the tests in
//! `tests/findings.rs` with the inputs that are kept. See `README.md`.

#![deny(unsafe_code)]

pub mod component_bytes;
pub mod configuration;
pub mod guest_values;
mod program;
pub mod publish_bodies;

pub use program::{Target, one_input};

/// All targets, by the names of their programs and folders.
pub const TARGETS: [(&str, Target); 4] = [
    ("component_bytes", component_bytes::fuzz),
    ("configuration", configuration::fuzz),
    ("guest_values", guest_values::fuzz),
    ("publish_bodies", publish_bodies::fuzz),
];
