//! What `sendport status --json` says, as far as the demo needs it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

/// The ports and the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    ports: BTreeMap<String, Counts>,
    /// The host's own check of its sum.
    pub(crate) holds: bool,
}

/// The messages of one port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Ever accepted.
    pub(crate) accepted: u64,
    /// Ever delivered.
    pub(crate) delivered: u64,
    /// Waiting for a person.
    pub(crate) suspended: u64,
    /// Waiting for delivery.
    pub(crate) pending: u64,
    /// Failed attempts that were scheduled again, since the host began.
    retried: u64,
}

#[cfg(test)]
impl Counts {
    /// Counts without retries.
    pub(crate) const fn new(accepted: u64, delivered: u64, suspended: u64, pending: u64) -> Self {
        Self {
            accepted,
            delivered,
            suspended,
            pending,
            retried: 0,
        }
    }
}

impl Status {
    /// Reads the JSON.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let status: Value = serde_json::from_str(text).context("the status is no JSON")?;
        let ports = status["ports"]
            .as_array()
            .context("the status has no ports")?;
        let ports = ports.iter().map(port).collect::<Result<_>>()?;
        let holds = status["audit"]["holds"].as_bool();
        Ok(Self {
            ports,
            holds: holds.context("the status has no audit")?,
        })
    }

    /// One port; all zero when the box does not know it.
    pub(crate) fn stored(&self, port: &str) -> Counts {
        self.ports.get(port).copied().unwrap_or_default()
    }

    /// Messages waiting for delivery, on all ports.
    pub(crate) fn pending(&self) -> u64 {
        self.sum(|counts| counts.pending)
    }

    /// Messages delivered or suspended, on all ports.
    pub(crate) fn resolved(&self) -> u64 {
        self.sum(|counts| counts.delivered + counts.suspended)
    }

    /// Failed attempts that were scheduled again, on all ports.
    pub(crate) fn retried(&self) -> u64 {
        self.sum(|counts| counts.retried)
    }

    fn sum(&self, count: impl Fn(&Counts) -> u64) -> u64 {
        self.ports.values().map(count).sum()
    }
}

fn port(port: &Value) -> Result<(String, Counts)> {
    let name = port["port"]
        .as_str()
        .context("a port of the status has no name")?;
    let stored = |key: &str| {
        let number = port["stored"][key].as_u64();
        number.with_context(|| format!("the status of port {name} has no {key}"))
    };
    let counts = Counts {
        accepted: stored("accepted")?,
        delivered: stored("delivered")?,
        suspended: stored("suspended")?,
        pending: stored("pending")?,
        retried: port["running"]["retried"].as_u64().unwrap_or(0),
    };
    Ok((name.to_owned(), counts))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_is_read_with_and_without_a_running_host() {
        let stored = json!({ "accepted": 9, "delivered": 5, "suspended": 1, "pending": 3 });
        let text = json!({
            "ports": [
                { "port": "a", "running": { "retried": 7 }, "stored": stored },
                { "port": "b", "running": null, "stored": stored },
            ],
            "audit": { "holds": true },
        });
        let status = Status::parse(&text.to_string()).unwrap();
        assert_eq!(
            (status.pending(), status.resolved(), status.retried()),
            (6, 12, 7)
        );
        assert_eq!(status.stored("b").accepted, 9);
        assert_eq!(status.stored("c"), Counts::default());
        assert!(status.holds);
        assert!(Status::parse("{}").is_err());
    }
}
