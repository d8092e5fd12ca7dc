//! Why a publisher may not hand messages to a port, in words for the publisher.

use std::fmt;

use model::PortName;

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
    /// The host is shutting down.
    #[error(
        "send port {port} is terminating and takes no more messages: publish again when the host is back"
    )]
    Terminating {
        /// The port.
        port: PortName,
    },
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
