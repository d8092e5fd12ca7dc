//! The integration tests: real components, a real message box, real HTTP and real files.
//!
//! Run with `cargo xtask test`, which builds the components and the `sendport` binary first and says where
//! they are (`SENDPORT_ADAPTERS`, `SENDPORT_BIN`). Numbers such as B20 are those of the behaviours that
//! `tests/README.md` lists.

#![forbid(unsafe_code)]

mod fixture;

mod adapter_lifecycle;
mod back_pressure;
mod backup_transport;
mod bad_boxes;
mod bad_input;
mod batches;
mod bulkheads;
mod configuration_changes;
mod connections;
mod crashes;
mod destinations;
mod draining;
mod dynamic_ports;
mod egress;
mod egress_log;
mod enlistment;
mod files;
mod full_box;
mod grants;
mod hostile;
mod hot_swap;
mod inspecting;
mod isolation;
mod large_bodies;
mod limits;
mod mail;
mod notifications;
mod ordered;
mod ordered_histories;
mod outcome_batches;
mod postgres;
mod postgres_crashes;
mod publishing;
mod reading_bodies;
mod retries;
mod secrets;
mod service_windows;
mod signatures;
mod solicit_response;
mod suspend_queue;
mod synchronous;
mod terminating;
mod tls;
mod transaction_crashes;
mod transactions;
mod transmitting;
mod wasi_grants;
mod wasi_http;
mod webhooks;
