//! A port that a host serves, as the status shows it.

use dispatcher::{PortState, PortStatus, Throttling};
use model::{ErrorInfo, Timestamp};
use serde::{Deserialize, Serialize};

use super::transport::TransportReport;
use crate::time::rfc3339;

/// A port that is being served. Counters begin with the host.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Running {
    /// The name of its primary transport's adapter.
    pub adapter: String,
    /// Where its primary transport's messages go, without passwords.
    pub address: String,
    /// `starting`, `started`, `stopped`, `failing`, `terminating` or `terminated`.
    pub state: String,
    /// Why it is failing.
    pub error: Option<String>,
    /// Why a started port hands over nothing more at the moment: `high-watermark`, `adapter-watermark`
    /// or `rate-limit`. BizTalk: message delivery throttling state.
    pub throttled: Option<String>,
    /// The primary transport (one entry per adapter on a dynamic port), then the backup.
    pub transports: Vec<TransportReport>,
    /// Live instances, over all transports as the next two.
    pub instances: usize,
    /// Messages in the hands of adapters.
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
    /// Messages moved to the backup transport.
    pub moved: u64,
    /// Messages suspended.
    pub suspended: u64,
    /// Messages that went to the failed-message port instead.
    pub routed: u64,
    /// Of the suspended and routed ones, those whose time to live ended before they were handed over.
    pub expired: u64,
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

impl From<PortStatus> for Running {
    fn from(status: PortStatus) -> Self {
        let (state, error) = state(status.state);
        let transports = status.transports.into_iter().map(TransportReport::from);
        let transports: Vec<_> = transports.collect();
        let primary = transports.first();
        Self {
            adapter: primary.map_or_else(String::new, |t| t.adapter.clone()),
            address: primary.map_or_else(String::new, |t| t.address.clone()),
            state: state.to_owned(),
            error,
            throttled: status.throttled.map(|t| throttling(t).to_owned()),
            instances: transports.iter().map(|t| t.instances).sum(),
            in_flight: transports.iter().map(|t| t.in_flight).sum(),
            instances_lost: transports.iter().map(|t| t.instances_lost).sum(),
            transports,
            unresolved: status.unresolved,
            high_watermark: status.high_watermark,
            delivered: status.delivered,
            retried: status.retried,
            moved: status.moved,
            suspended: status.suspended,
            routed: status.routed,
            expired: status.expired,
            returned: status.returned,
            ignored: status.ignored,
            last_error: status.last_error.map(LastError::from),
            last_progress: status.last_progress.map(rfc3339),
        }
    }
}

fn state(state: PortState) -> (&'static str, Option<String>) {
    match state {
        PortState::Starting => ("starting", None),
        PortState::Started => ("started", None),
        PortState::Stopped => ("stopped", None),
        PortState::Failing { error } => ("failing", Some(error)),
        PortState::Terminating => ("terminating", None),
        PortState::Terminated => ("terminated", None),
    }
}

fn throttling(throttling: Throttling) -> &'static str {
    match throttling {
        Throttling::HighWatermark => "high-watermark",
        Throttling::AdapterWatermark => "adapter-watermark",
        Throttling::RateLimit => "rate-limit",
    }
}

impl From<(Timestamp, ErrorInfo)> for LastError {
    fn from((at, error): (Timestamp, ErrorInfo)) -> Self {
        Self {
            at: rfc3339(at),
            code: error.code,
            text: error.text,
        }
    }
}
