//! What can go wrong before an adapter runs. What goes wrong while it runs is an outcome, not an error.

use std::path::PathBuf;

use crate::trust::Distrust;

/// A component that cannot be used, or a runtime that cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the component {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not WebAssembly at all.
    #[error(
        "{path} is not a WebAssembly component: it does not begin with the bytes `\\0asm`. Build the adapter first, or check the path"
    )]
    NotWasm {
        /// Which file.
        path: PathBuf,
    },
    /// It is not the approved one, or not signed as the host demands.
    #[error("{path} (sha256:{digest}) is refused: {reason}")]
    Untrusted {
        /// Which file.
        path: PathBuf,
        /// SHA-256 of what is in it, in hexadecimal digits.
        digest: String,
        /// Why, and what to do.
        reason: Distrust,
    },
    /// The file is a core module.
    #[error(
        "{path} is a core WebAssembly module, not a component. Turn it into one (`cargo xtask adapters` does it for this repository; elsewhere `wasm-tools component new`)"
    )]
    CoreModule {
        /// Which file.
        path: PathBuf,
    },
    /// wasmtime refuses it.
    #[error("{path} is not a valid component: {reason}")]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// What the compiler said.
        reason: String,
    },
    /// Its exports are not those of an adapter.
    #[error("{path} is not a send adapter: {reason}")]
    World {
        /// Which file.
        path: PathBuf,
        /// What was found and what is allowed.
        reason: String,
    },
    /// It imports something the host does not have.
    #[error(
        "{path} cannot be linked: {reason}. The host offers sendport:adapter and the WASI 0.2 and 0.3 interfaces; remove the import or rebuild the adapter against this host's wit/"
    )]
    Import {
        /// Which file.
        path: PathBuf,
        /// Which import.
        reason: String,
    },
    /// It does not describe itself.
    #[error("{path} failed to describe itself: {reason}")]
    Describe {
        /// Which file.
        path: PathBuf,
        /// The trap or time-out.
        reason: String,
    },
    /// The cache of compiled adapters cannot be used.
    #[error("the cache of compiled adapters {path} cannot be used: {reason}")]
    Cache {
        /// Which directory or file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A grant is malformed.
    #[error("port {port}: {reason}")]
    Grant {
        /// Which port.
        port: String,
        /// What is wrong.
        reason: String,
    },
    /// The names of a port's transactions cannot begin so.
    #[error(
        "port {port}: {prefix:?} cannot begin the names of transactions: 1 to {longest} bytes are allowed. A transactional adapter needs a port with an address of its own (not a dynamic one), and a name that is not too long"
    )]
    TransactionPrefix {
        /// Which port.
        port: String,
        /// What was given.
        prefix: String,
        /// Bytes, at most.
        longest: usize,
    },
    /// The runtime cannot start.
    #[error("the adapter runtime cannot start: {0}")]
    Start(String),
}
