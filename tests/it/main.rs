//! The integration tests: real components, a real message box, real HTTP and real files.
//!
//! Run with `cargo xtask test`, which builds the components and the `sendport` binary first and says where
//! they are (`SENDPORT_ADAPTERS`, `SENDPORT_BIN`). Numbers such as B20 are those of the behaviours that
//! `tests/README.md` lists.

#![forbid(unsafe_code)]

mod fixture;

mod adapter_lifecycle;
mod back_pressure;
mod batches;
mod draining;
mod isolation;
mod outcome_batches;
mod retries;
mod transmitting;
