//! What a port lets its adapter do. Everything that is not here is denied.

mod http;
mod tcp;

use std::path::PathBuf;

pub use http::{HttpGrant, HttpGrantError};
pub use tcp::{TcpGrant, TcpGrantError};

/// The rights of a port's adapter.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// URLs it may reach besides the port's own address.
    pub http: Vec<HttpGrant>,
    /// Hosts it may connect to by TCP besides the port's own address.
    pub tcp: Vec<TcpGrant>,
    /// The one directory it may read and write.
    pub directory: Option<PathBuf>,
}
