//! One of a port's ways out, as the status shows it.

use dispatcher::{BreakerStatus, TransportStatus};
use model::WindowState;
use serde::{Deserialize, Serialize};

use super::bill::Bill;
use crate::address;
use crate::time::rfc3339;

/// One of a port's ways out.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct TransportReport {
    /// `primary` or `backup`.
    pub slot: String,
    /// The adapter's name in the configuration.
    pub adapter: String,
    /// The adapter's own name and version, and its digest; absent while there is none.
    pub version: Option<String>,
    /// Where its messages go, without passwords; empty on a dynamic port.
    pub address: String,
    /// Live instances.
    pub instances: usize,
    /// Messages in the hands of the adapter.
    pub in_flight: usize,
    /// Instances that ended by a trap, a limit or a time-out.
    pub instances_lost: u64,
    /// What its deliveries have cost.
    pub bill: Bill,
    /// Its circuit breaker, if it has one.
    pub breaker: Option<Breaker>,
    /// Its service window, if it has one.
    pub window: Option<Window>,
}

/// A circuit breaker.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Breaker {
    /// `closed` (messages flow), `open` (the destination is left alone) or `probing`.
    pub state: String,
    /// Of a closed one: failures since the last success.
    pub failures: Option<u32>,
    /// Of an open one: when the destination is tried again (RFC 3339).
    pub until: Option<String>,
}

/// A service window.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Messages may go.
    pub open: bool,
    /// Until then (RFC 3339); absent when that is beyond all calendars.
    pub until: Option<String>,
}

impl From<TransportStatus> for TransportReport {
    fn from(status: TransportStatus) -> Self {
        Self {
            slot: status.slot.as_str().to_owned(),
            adapter: status.adapter,
            version: status.version.map(|version| version.to_string()),
            address: address::shown(&status.address),
            instances: status.pool.instances,
            in_flight: status.pool.in_flight,
            instances_lost: status.pool.instances_lost,
            bill: status.pool.bill.into(),
            breaker: status.breaker.map(Breaker::from),
            window: status.window.map(Window::from),
        }
    }
}

impl From<BreakerStatus> for Breaker {
    fn from(status: BreakerStatus) -> Self {
        let (state, failures, until) = match status {
            BreakerStatus::Closed { failures } => ("closed", Some(failures), None),
            BreakerStatus::Open { until } => ("open", None, Some(rfc3339(until))),
            BreakerStatus::Probing => ("probing", None, None),
        };
        Self {
            state: state.to_owned(),
            failures,
            until,
        }
    }
}

impl From<WindowState> for Window {
    fn from(state: WindowState) -> Self {
        let (open, until) = match state {
            WindowState::Open { until } => (true, until),
            WindowState::Closed { until } => (false, until),
        };
        Self {
            open,
            until: (until.0 != i64::MAX).then(|| rfc3339(until)),
        }
    }
}
