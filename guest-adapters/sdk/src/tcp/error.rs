//! Why there is no connection, or none any more.

use std::net::SocketAddr;

use crate::raw::wasi::{ip_name_lookup, sockets};
use crate::{ErrorInfo, Failure};

/// What went wrong, in a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TcpError {
    /// The port does not grant this address.
    #[error("{0}")]
    Denied(String),
    /// The name has no address.
    #[error("{0}")]
    NameNotFound(String),
    /// Nobody listens there.
    #[error("{0}")]
    Refused(String),
    /// There is no way there.
    #[error("{0}")]
    Unreachable(String),
    /// No connection, or no sign of the peer, in time. The peer may have got what was written.
    #[error("{0}")]
    TimedOut(String),
    /// The connection was cut. The peer may have got what was written.
    #[error("{0}")]
    Broken(String),
}

impl TcpError {
    /// A word that a program can test.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied(_) => "tcp-denied",
            Self::NameNotFound(_) => "tcp-name-not-found",
            Self::Refused(_) => "tcp-refused",
            Self::Unreachable(_) => "tcp-unreachable",
            Self::TimedOut(_) => "tcp-timeout",
            Self::Broken(_) => "tcp-broken",
        }
    }

    /// True when another attempt can help: always, unless the port has to be changed first.
    pub fn is_retryable(&self) -> bool {
        !matches!(self, Self::Denied(_))
    }

    /// The time was up before there was a connection.
    pub(super) fn too_slow(place: &str) -> Self {
        Self::TimedOut(format!("no connection to {place} in time"))
    }

    /// The time was up and the peer had sent nothing.
    pub(super) fn silent(peer: SocketAddr) -> Self {
        Self::TimedOut(format!("nothing came from {peer} in time"))
    }

    /// The time was up and the peer had taken nothing.
    pub(super) fn stuck(peer: SocketAddr) -> Self {
        Self::TimedOut(format!("{peer} took nothing in time"))
    }

    /// The adapter has dropped a read or a write before it was ready.
    pub(super) fn given_up(peer: SocketAddr) -> Self {
        Self::Broken(format!(
            "the connection to {peer} was given up in the middle of a read or a write"
        ))
    }

    /// The connection ended without a goodbye.
    pub(super) fn cut(peer: SocketAddr, why: Option<sockets::ErrorCode>) -> Self {
        match why {
            None => Self::Broken(format!("{peer} has closed the connection")),
            Some(code) => {
                let why = reason(&code);
                Self::Broken(format!("the connection to {peer} is broken: {why}"))
            }
        }
    }

    pub(super) fn of_connect(peer: SocketAddr, code: sockets::ErrorCode) -> Self {
        use sockets::ErrorCode::{
            AccessDenied, AddressInUse, AddressNotBindable, ConnectionRefused, InvalidArgument,
            NotSupported, OutOfMemory, RemoteUnreachable, Timeout,
        };
        let text = format!("cannot connect to {peer}: {}", reason(&code));
        match code {
            AccessDenied => Self::Denied(text),
            ConnectionRefused => Self::Refused(text),
            Timeout => Self::TimedOut(text),
            RemoteUnreachable | AddressNotBindable | AddressInUse | NotSupported
            | InvalidArgument | OutOfMemory => Self::Unreachable(text),
            _ => Self::Broken(text),
        }
    }

    pub(super) fn of_lookup(host: &str, code: ip_name_lookup::ErrorCode) -> Self {
        use ip_name_lookup::ErrorCode::{
            AccessDenied, InvalidArgument, NameUnresolvable, Other, PermanentResolverFailure,
            TemporaryResolverFailure,
        };
        match code {
            AccessDenied => Self::Denied(format!(
                "cannot look up {host:?}: the port grants no connection to this name"
            )),
            InvalidArgument => Self::NameNotFound(format!("{host:?} is no host name")),
            NameUnresolvable | PermanentResolverFailure => {
                Self::NameNotFound(format!("cannot look up {host:?}: there is no such name"))
            }
            TemporaryResolverFailure => Self::NameNotFound(format!(
                "cannot look up {host:?}: the name server does not answer"
            )),
            Other(text) => {
                let text = text.unwrap_or_else(|| "the host does not say why".to_owned());
                Self::NameNotFound(format!("cannot look up {host:?}: {text}"))
            }
        }
    }

    /// The error of several addresses that says most about what is wrong with the host: that somebody
    /// answered says more than that an address family is not available.
    pub(super) fn most_telling(errors: Vec<Self>, host: &str) -> Self {
        let rank = |error: &Self| match error {
            Self::Refused(_) => 4,
            Self::Broken(_) => 3,
            Self::TimedOut(_) => 2,
            Self::Unreachable(_) => 1,
            Self::Denied(_) | Self::NameNotFound(_) => 0,
        };
        let no_address = || Self::NameNotFound(format!("{host:?} has no address"));
        errors
            .into_iter()
            .max_by_key(rank)
            .unwrap_or_else(no_address)
    }
}

impl From<TcpError> for ErrorInfo {
    fn from(error: TcpError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<TcpError> for Failure {
    fn from(error: TcpError) -> Self {
        if error.is_retryable() {
            Self::retryable(error)
        } else {
            Self::permanent(error)
        }
    }
}

fn reason(code: &sockets::ErrorCode) -> String {
    use sockets::ErrorCode::{
        AccessDenied, AddressInUse, AddressNotBindable, ConnectionAborted, ConnectionBroken,
        ConnectionRefused, ConnectionReset, InvalidArgument, NotSupported, Other, OutOfMemory,
        RemoteUnreachable, Timeout,
    };
    let text = match code {
        AccessDenied => "the port does not grant this address; the host's log says how it would",
        ConnectionRefused => "the connection was refused",
        RemoteUnreachable => "there is no route to it",
        Timeout => "it does not answer",
        AddressInUse | AddressNotBindable => "the host has no free local address",
        NotSupported | InvalidArgument => "the host cannot reach an address of this kind",
        OutOfMemory => "the host is out of memory",
        ConnectionReset | ConnectionAborted | ConnectionBroken => "it was reset by the peer",
        Other(Some(text)) => return text.clone(),
        code => return format!("{code:?}"),
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> SocketAddr {
        "10.0.0.7:25".parse().unwrap()
    }

    #[test]
    fn only_an_address_that_is_not_granted_is_permanent() {
        use sockets::ErrorCode;
        let table = [
            (ErrorCode::AccessDenied, "tcp-denied", false),
            (ErrorCode::ConnectionRefused, "tcp-refused", true),
            (ErrorCode::RemoteUnreachable, "tcp-unreachable", true),
            (ErrorCode::NotSupported, "tcp-unreachable", true),
            (ErrorCode::Timeout, "tcp-timeout", true),
            (ErrorCode::ConnectionReset, "tcp-broken", true),
            (ErrorCode::Other(None), "tcp-broken", true),
        ];
        for (code, word, retryable) in table {
            let failure = Failure::from(TcpError::of_connect(peer(), code));
            assert_eq!(failure.error().code.as_deref(), Some(word));
            assert_eq!(
                matches!(failure, Failure::Retryable(_)),
                retryable,
                "{word}"
            );
            let text = &failure.error().text;
            assert!(
                text.starts_with("cannot connect to 10.0.0.7:25: "),
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_that_is_not_found_may_be_found_later() {
        use ip_name_lookup::ErrorCode;
        let of = |code| TcpError::of_lookup("db.internal", code);
        assert_eq!(of(ErrorCode::NameUnresolvable).code(), "tcp-name-not-found");
        assert!(of(ErrorCode::TemporaryResolverFailure).is_retryable());
        assert!(!of(ErrorCode::AccessDenied).is_retryable());
    }

    #[test]
    fn of_several_addresses_the_one_that_answered_counts() {
        let refused = TcpError::Refused("refused".to_owned());
        let errors = vec![
            TcpError::Unreachable("no IPv6".to_owned()),
            refused.clone(),
            TcpError::Denied("not granted".to_owned()),
        ];
        assert_eq!(TcpError::most_telling(errors, "db"), refused);
        let none = TcpError::most_telling(Vec::new(), "db");
        assert_eq!(none.to_string(), "\"db\" has no address");
    }
}
