//! What a port lets its adapter do. Everything that is not here is denied.

mod directory;
mod http;
mod tcp;
mod virtualised;

use crate::egress::Network;

pub use directory::{Access, DirectoryGrant};
pub use http::{HttpGrant, HttpGrantError};
pub(crate) use tcp::TcpVerdict;
pub use tcp::{TcpGrant, TcpGrantError};
pub use virtualised::{ClockGrant, RandomGrant};

/// The rights of a port's adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// URLs it may reach besides the port's own address.
    pub http: Vec<HttpGrant>,
    /// Hosts it may connect to by TCP besides the port's own address.
    pub tcp: Vec<TcpGrant>,
    /// Where the names of those hosts may lead besides public addresses.
    pub networks: Vec<Network>,
    /// The directories it may use.
    pub directories: Vec<DirectoryGrant>,
    /// The environment variables it sees. None of the host's own are among them.
    pub environment: Vec<(String, String)>,
    /// How well it can tell the time.
    pub clock: ClockGrant,
    /// What it draws when it asks for random numbers.
    pub random: RandomGrant,
    /// Nothing that it writes to the log, the standard output or the standard error is kept.
    pub silent: bool,
}
