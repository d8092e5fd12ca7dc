//! Runs adapters: WebAssembly components in wasmtime sandboxes, behind the contract in `wit/`.
//!
//! The only room that knows wasmtime. It loads components, keeps a pool of instances per port, calls
//! them, and reports what became of every message through [`model::transmit::OutcomeSink`]. It knows
//! nothing of retries, ports' policies or storage. A guest can do what its port grants, and its end,
//! however it comes, is the end of one instance.

mod adapter;
mod artefact;
mod backoff;
mod batched;
mod bill;
mod bindings;
mod capabilities;
mod context;
mod cpu;
mod credentials;
mod decision;
mod describe;
mod desk;
mod drive;
mod egress;
mod engine;
mod error;
mod grants;
mod guest;
mod guest_log;
mod guest_output;
mod http;
mod info;
mod inspection;
mod instance;
mod ledger;
mod limits;
mod linker;
mod message;
mod pool;
#[cfg(test)]
mod recording_sink;
mod recovery;
mod runtime;
mod seat;
mod secrets;
mod sockets;
mod threads;
mod transactional;
mod transactions;
mod transport_batch;
mod transport_proxy;
mod trust;
mod unbatched;
mod wasi;
mod world;

pub use adapter::Adapter;
pub use capabilities::{Capabilities, Capability};
pub use credentials::{
    CredentialError, Credentials, CredentialsBuilder, WebhookKeyPair, generate_webhook_key_pair,
    generate_webhook_secret,
};
pub use egress::{EgressLog, EgressRecord, EgressVerdict, EgressWay, Network, NetworkError};
pub use error::Error;
pub use grants::{
    Access, ClockGrant, DirectoryGrant, Grants, HttpGrant, HttpGrantError, RandomGrant, TcpGrant,
    TcpGrantError,
};
pub use http::{Answer, Client, HttpError, RequestOptions, RequestTemplate};
pub use info::{ConfigurationKey, TransportInfo, ValueKind};
pub use inspection::Inspection;
pub use limits::Limits;
pub use pool::PoolConfig;
pub use runtime::{AdapterRuntime, RuntimeConfig};
pub use secrets::{GrantedSecrets, Secret, SecretError, SecretSource, Secrets};
pub use trust::{
    Distrust, KeyAlgorithm, KeyError, Provenance, PublicKey, SigningKey, Trust, signature_beside,
};
pub use world::World;
