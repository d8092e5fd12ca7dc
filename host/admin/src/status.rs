//! `GET /v1/status`: every port, what is in the box, and whether the sums hold.
//!
//! The types are public because `sendport status` prints the same, also when no host is running.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use dispatcher::{PortState, PortStatus};
use message_box::{MessageBox, PortCounts};
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::AdminState;
use crate::problem::Problem;

/// How a host and its message box are.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Of the program that answers.
    pub version: String,
    /// The box's identity, in hexadecimal digits: the beginning of every message id of this box.
    pub box_id: String,
    /// Configured ports in the order of the configuration, then those that only the box remembers.
    pub ports: Vec<PortReport>,
    /// Counters against rows.
    pub audit: Audit,
}

/// One port.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct PortReport {
    /// Its name.
    pub port: String,
    /// What serves it; absent when no host runs or the port is no longer configured.
    pub running: Option<Running>,
    /// What the box holds for it.
    pub stored: Stored,
}

/// A port that is being served. Counters begin with the host.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Running {
    /// The adapter's name.
    pub adapter: String,
    /// Where its messages go.
    pub address: String,
    /// `starting`, `started`, `failing`, `terminating` or `terminated`.
    pub state: String,
    /// Why it is failing.
    pub error: Option<String>,
    /// Live instances.
    pub instances: usize,
    /// Messages in the hands of the adapter.
    pub in_flight: usize,
    /// Instances that ended by a trap, a limit or a time-out.
    pub instances_lost: u64,
    /// Messages claimed and not resolved.
    pub unresolved: usize,
    /// The most that may be unresolved.
    pub high_watermark: usize,
    /// Messages delivered.
    pub delivered: u64,
    /// Attempts that failed and were scheduled again.
    pub retried: u64,
    /// Messages suspended.
    pub suspended: u64,
    /// Deliveries handed back without a charge.
    pub returned: u64,
    /// Outcomes that came too late to count.
    pub ignored: u64,
    /// The last thing that went wrong.
    pub last_error: Option<LastError>,
    /// When a message was last delivered, scheduled again or suspended (RFC 3339).
    pub last_progress: Option<String>,
}

/// Something that went wrong.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct LastError {
    /// When (RFC 3339).
    pub at: String,
    /// A short word for programs.
    pub code: Option<String>,
    /// For people.
    pub text: String,
}

/// What the box holds for a port, and ever did.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// Waiting for delivery or being delivered.
    pub pending: u64,
    /// Of those, not due yet.
    pub scheduled: u64,
    /// Waiting for a person.
    pub suspended: u64,
    /// Size of the bodies of all of them.
    pub bytes: u64,
    /// When the oldest pending message was accepted (RFC 3339).
    pub oldest_pending: Option<String>,
    /// Messages ever accepted.
    pub accepted: u64,
    /// Messages ever delivered.
    pub delivered: u64,
}

/// accepted = delivered + suspended + pending, over all ports.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Counter: messages ever accepted.
    pub accepted: u64,
    /// Counter: messages ever delivered.
    pub delivered: u64,
    /// Rows: suspended messages.
    pub suspended: u64,
    /// Rows: pending messages.
    pub pending: u64,
    /// Whether the sum is right.
    pub holds: bool,
}

pub(crate) async fn status(State(state): State<AdminState>) -> Result<Json<Status>, Problem> {
    let running = state.dispatcher.status();
    Ok(Json(
        Status::read(state.version, running, &state.message_box).await?,
    ))
}

impl Status {
    /// Puts together what the ports say, none when no host runs, and what the box says.
    pub async fn read(
        version: &str,
        running: Vec<PortStatus>,
        message_box: &MessageBox,
    ) -> Result<Self, message_box::Error> {
        let now = Timestamp::from_system(SystemTime::now());
        let counts = message_box.counts(now).await?.into_iter();
        let mut stored: BTreeMap<String, Stored> = counts
            .map(|counts| (counts.port.to_string(), counts.into()))
            .collect();
        let mut ports = Vec::new();
        for status in running {
            let port = status.port.to_string();
            ports.push(PortReport {
                running: Some(status.into()),
                stored: stored.remove(&port).unwrap_or_default(),
                port,
            });
        }
        let only_stored = stored.into_iter().map(|(port, stored)| PortReport {
            port,
            running: None,
            stored,
        });
        ports.extend(only_stored);
        Ok(Self {
            version: version.to_owned(),
            box_id: format!("{:012x}", message_box.box_id()),
            ports,
            audit: message_box.audit().await?.into(),
        })
    }
}

impl From<PortStatus> for Running {
    fn from(status: PortStatus) -> Self {
        let (state, error) = match status.state {
            PortState::Starting => ("starting", None),
            PortState::Started => ("started", None),
            PortState::Failing { error } => ("failing", Some(error)),
            PortState::Terminating => ("terminating", None),
            PortState::Terminated => ("terminated", None),
        };
        Self {
            adapter: status.adapter,
            address: status.address.to_string(),
            state: state.to_owned(),
            error,
            instances: status.pool.instances,
            in_flight: status.pool.in_flight,
            instances_lost: status.pool.instances_lost,
            unresolved: status.unresolved,
            high_watermark: status.high_watermark,
            delivered: status.delivered,
            retried: status.retried,
            suspended: status.suspended,
            returned: status.returned,
            ignored: status.ignored,
            last_error: status.last_error.map(|(at, error)| LastError {
                at: rfc3339(at),
                code: error.code,
                text: error.text,
            }),
            last_progress: status.last_progress.map(rfc3339),
        }
    }
}

impl From<PortCounts> for Stored {
    fn from(counts: PortCounts) -> Self {
        Self {
            pending: counts.pending,
            scheduled: counts.scheduled,
            suspended: counts.suspended,
            bytes: counts.bytes,
            oldest_pending: counts.oldest_pending.map(rfc3339),
            accepted: counts.accepted,
            delivered: counts.delivered,
        }
    }
}

impl From<message_box::Audit> for Audit {
    fn from(audit: message_box::Audit) -> Self {
        Self {
            accepted: audit.accepted,
            delivered: audit.delivered,
            suspended: audit.suspended,
            pending: audit.pending,
            holds: audit.holds,
        }
    }
}

/// The last moment that four digits of a year can write; a clock beyond it is wrong anyway.
const LATEST_MILLIS: u64 = 253_402_300_799_999;

pub(crate) fn rfc3339(time: Timestamp) -> String {
    let millis = u64::try_from(time.0).unwrap_or(0).min(LATEST_MILLIS);
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
    humantime::format_rfc3339_millis(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_for_people_and_programs() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(Timestamp(-1)), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            rfc3339(Timestamp(1_700_000_000_123)),
            "2023-11-14T22:13:20.123Z"
        );
        assert_eq!(rfc3339(Timestamp(i64::MAX)), "9999-12-31T23:59:59.999Z");
    }
}
