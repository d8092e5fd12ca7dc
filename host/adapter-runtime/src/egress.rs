//! What leaves the sandbox: which addresses may be dialled, how many connections there may be at once, and
//! the record of it all.
//!
//! All three ways out (`http-client`, `wasi:http`, `wasi:sockets`) ask here. Which hosts a port grants is
//! in [`crate::grants`].

mod address;
mod exchange;
mod network;
mod quota;
mod record;
#[cfg(test)]
pub(crate) mod recording;
mod reporter;

pub(crate) use exchange::Exchange;
pub use network::{Network, NetworkError};
pub(crate) use network::{Networks, Prohibited};
pub(crate) use quota::{Quota, Quotas, Slot};
pub use record::{EgressLog, EgressRecord, EgressVerdict, EgressWay};
pub(crate) use reporter::{Opening, Reporter};
