//! What a connection must be able to do, and how it ends badly.

use sendport_guest::tcp::{Connection, TcpError};

/// What one read takes, at most. Replies are short.
const READ: usize = 4 * 1024;

/// A connection to a server. Each operation has a time limit of the connection's own.
pub(crate) trait Wire {
    /// What the server has sent, at least one byte. Nothing means that it has closed the connection.
    async fn read(&mut self) -> Result<Vec<u8>, TcpError>;

    /// Sends all of it.
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), TcpError>;
}

impl Wire for Connection {
    async fn read(&mut self) -> Result<Vec<u8>, TcpError> {
        Self::read(self, READ).await
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), TcpError> {
        Self::write(self, bytes).await
    }
}

/// Why nothing more can be said over a connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    /// Between replies, or within one.
    #[error("the server closed the connection")]
    Closed,
    /// In the words of the network.
    #[error(transparent)]
    Tcp(#[from] TcpError),
    /// No reply, but something else.
    #[error("the server does not speak SMTP: {0}")]
    Garbage(String),
}
