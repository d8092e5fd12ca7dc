//! Why a publisher may not hand messages to a port, in words for the publisher.

use std::fmt;
use std::time::Duration;

use model::{ErrorInfo, PortName};

/// Similarity from which a known name is offered as what was probably meant.
const SIMILAR: f64 = 0.7;

/// A port that does not take messages now.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No port has this name.
    #[error("there is no send port {name:?}: {}", Advice { name, known })]
    UnknownPort {
        /// What was asked for.
        name: String,
        /// The ports there are.
        known: Vec<String>,
    },
    /// The port is shutting down, or the whole host.
    #[error(
        "send port {port} is terminating and takes no more messages: publish again when it is back ('sendport port start {port}' brings back one that an operator terminated)"
    )]
    Terminating {
        /// The port.
        port: PortName,
    },
    /// An operator has taken the port out of service.
    #[error(
        "send port {port} is unenlisted and takes no messages: 'sendport port start {port}' puts it back"
    )]
    Unenlisted {
        /// The port.
        port: PortName,
    },
    /// Its backlog limit is reached.
    #[error(
        "send port {port} has {limit} messages waiting, its backlog-limit: publish again in {} s",
        retry_after.as_secs()
    )]
    BacklogFull {
        /// The port.
        port: PortName,
        /// Pending messages, at most.
        limit: u64,
        /// When to try again.
        retry_after: Duration,
    },
    /// The message would be in a lane of no name that fits.
    #[error(
        "the ordering key has {length} bytes, send port {port} takes at most {limit}: use a shorter one, a hash for instance"
    )]
    OrderingKeyTooLong {
        /// The port.
        port: PortName,
        /// Of the key, in bytes.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A message for a dynamic port does not say where it goes.
    #[error("send port {port} is dynamic: give every message the property 'address'")]
    NoAddress {
        /// The port.
        port: PortName,
    },
}

/// Why an operator's command was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// No port has this name.
    #[error("there is no send port {name:?}: {}", Advice { name, known })]
    UnknownPort {
        /// What was asked for.
        name: String,
        /// The ports there are.
        known: Vec<String>,
    },
    /// No port uses an adapter of this name.
    #[error("no send port uses an adapter {name:?}: {}", Advice { name, known })]
    UnknownAdapter {
        /// What was asked for.
        name: String,
        /// The adapters in use.
        known: Vec<String>,
    },
    /// The host is on its way down.
    #[error("the host is terminating: start it again first")]
    Terminating,
    /// The port is being terminated, and what it would do after that is not known yet.
    #[error(
        "send port {port} is still terminating; nothing was changed: try again when that has ended"
    )]
    StillTerminating {
        /// The port.
        port: PortName,
    },
    /// The port's adapter cannot be made ready.
    #[error("send port {port} cannot be started: {error}")]
    Start {
        /// The port.
        port: PortName,
        /// Why.
        error: ErrorInfo,
    },
    /// The message box did not keep the change; nothing was changed.
    #[error(transparent)]
    Storage(#[from] message_box::Error),
}

struct Advice<'a> {
    name: &'a str,
    known: &'a [String],
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let similarity = |known: &str| strsim::jaro_winkler(self.name, known);
        let nearest = self
            .known
            .iter()
            .max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
        match nearest {
            None => f.write_str("none is configured, add one to the configuration file"),
            Some(nearest) if similarity(nearest) >= SIMILAR => {
                write!(f, "did you mean {nearest:?}?")
            }
            Some(_) => write!(f, "there are {}", self.known.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(name: &str, known: &[&str]) -> String {
        let known = known.iter().map(|k| (*k).to_owned()).collect();
        let name = name.to_owned();
        Refusal::UnknownPort { name, known }.to_string()
    }

    #[test]
    fn an_unknown_port_is_answered_with_what_was_probably_meant() {
        assert_eq!(
            unknown("ordres", &["invoices", "orders"]),
            "there is no send port \"ordres\": did you mean \"orders\"?"
        );
        assert_eq!(
            unknown("xyz", &["invoices", "orders"]),
            "there is no send port \"xyz\": there are invoices, orders"
        );
        assert_eq!(
            unknown("orders", &[]),
            "there is no send port \"orders\": none is configured, add one to the configuration file"
        );
    }
}
