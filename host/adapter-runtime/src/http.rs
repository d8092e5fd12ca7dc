//! HTTP out of the sandbox: one pooled keep-alive client per port and instance thread.
//!
//! Both ways out, the contract's `http-client` and standard `wasi:http`, end here, so that grants,
//! connections and credentials have one place. Measured reasons are in `host/README.md`.

mod body;
mod client;
mod exchange;
mod host;
mod resolver;
mod streamed;
mod template;
pub(crate) mod tls;
mod wasi;

pub use client::Client;
pub use exchange::{Answer, HttpError};
pub(crate) use template::is_reserved;
pub use template::{RequestOptions, RequestTemplate};
pub(crate) use wasi::PooledHooks;
