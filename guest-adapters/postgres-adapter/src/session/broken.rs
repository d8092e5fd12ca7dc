//! Why a session can no longer be used.

use std::io;

use super::ServerError;

/// The end of a session. What was sent and not answered may have happened or not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// The network: no connection, or none any more.
    #[error("{text}")]
    Network {
        /// A word that a program can test.
        code: &'static str,
        text: String,
    },
    /// The server closed the connection without a word.
    #[error("the server has closed the connection")]
    Closed,
    /// The server's last words: a login that it refuses, a shutdown.
    #[error("the server ended the connection: {0}")]
    Server(ServerError),
    /// The login fails for a reason on our side.
    #[error("cannot log in: {0}")]
    Login(String),
    /// What came is not PostgreSQL's protocol, or not where it stands.
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(String),
    /// A statement that moves data in another way than by its parameters and rows.
    #[error("the statement begins a COPY, which needs data that nobody sends")]
    Copy,
    /// What was to be sent does not fit into a message of the protocol.
    #[error("cannot be sent to the server: {0}")]
    Unsendable(String),
}

impl Broken {
    pub(super) fn malformed(error: io::Error) -> Self {
        Self::Protocol(error.to_string())
    }

    pub(super) fn unsendable(error: io::Error) -> Self {
        Self::Unsendable(error.to_string())
    }

    pub(super) fn unproven(error: io::Error) -> Self {
        Self::Login(format!("the server did not prove who it is: {error}"))
    }

    pub(super) fn out_of_order(what: &str) -> Self {
        Self::Protocol(format!("{what} came where none belongs"))
    }
}
