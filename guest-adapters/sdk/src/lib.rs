//! Write send adapters for sendport: WebAssembly components that deliver messages, and nothing else.
//!
//! An author says how one message is sent ([`SendAdapter`]) or how many are ([`BatchSendAdapter`]) and
//! what a failure means ([`Failure`]); the rest of the contract is here: calls and batches, bounded
//! concurrency, reporting, terminating. What is retried when and what is suspended is the host's
//! business and is not decided in an adapter.
//!
//! Destinations that can prepare a transaction get every message exactly once
//! ([`TransactionalBatchSendAdapter`]). What blocks is synchronous ([`SyncSendAdapter`],
//! [`SyncBatchSendAdapter`]). On a two-way port, [`Message::submit_response`] leaves what the
//! destination answered with the host.
//!
//! ```
//! use sendport_guest::{Configuration, ErrorInfo, Failure, Message, SendAdapter, TransportInfo, log};
//!
//! struct Console;
//!
//! impl SendAdapter for Console {
//!     fn describe() -> TransportInfo {
//!         TransportInfo::new("CONSOLE", "Console adapter", env!("CARGO_PKG_VERSION"))
//!             .description("Writes the size of each message to the host's log.")
//!             .prefix("console://")
//!     }
//!
//!     fn load(_handler: Configuration) -> Result<Self, ErrorInfo> {
//!         Ok(Self)
//!     }
//!
//!     async fn send(&self, message: &Message) -> Result<(), Failure> {
//!         log::info(&format!("{}: {} bytes", message.id(), message.size()));
//!         Ok(())
//!     }
//! }
//!
//! sendport_guest::export_send_adapter!(Console);
//! ```
//!
//! Build the crate as a `cdylib` for `wasm32-unknown-unknown` and turn the result into a component. A
//! component imports what its adapter calls and nothing else, so there is no clock, no file and no
//! socket behind `std` here: take them from the SDK, or import the interface in your own crate.
//!
//! Everything is single-threaded: one instance is one event loop. Futures of different messages may
//! wake each other.

#![forbid(unsafe_code)]

// The generated bindings name the SDK by its crate name, inside and outside of it.
extern crate self as sendport_guest;

mod adapter;
mod configuration;
mod describe;
mod destination;
#[doc(hidden)]
pub mod export;
mod failure;
mod flight;
pub mod http;
pub mod log;
mod message;
pub mod raw;
mod reporter;
pub mod secrets;
mod settings;
mod slots;
pub mod tcp;
pub mod time;

pub use adapter::{
    BatchSendAdapter, Outcome, Reporting, SendAdapter, SyncBatchSendAdapter, SyncSendAdapter,
    TransactionalBatchSendAdapter,
};
pub use configuration::Configuration;
pub use message::Pieces;
pub use raw::transactional_batch_transmitter::Destination;
pub use raw::transport::{ConfigurationKey, TransportInfo, ValueKind};
pub use raw::types::{BatchLimits, ErrorInfo, Failure, Message, Response, RetryHint};
pub use settings::PortSettings;
pub use wit_bindgen;
