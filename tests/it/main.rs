//! The integration tests: real components, a real message box, real HTTP and real files.
//!
//! Run with `cargo xtask test`, which builds the components and the `sendport` binary first and says where
//! they are (`SENDPORT_ADAPTERS`, `SENDPORT_BIN`). Numbers such as B20 are those of the behaviours that
//! `tests/README.md` lists.

#![forbid(unsafe_code)]

mod fixture;

mod adapter_lifecycle;
mod back_pressure;
mod bad_boxes;
mod bad_input;
mod batches;
mod crashes;
mod destinations;
mod draining;
mod files;
mod full_box;
mod isolation;
mod large_bodies;
mod outcome_batches;
mod publishing;
mod retries;
mod terminating;
mod transmitting;
mod wasi_http;
mod webhooks;
