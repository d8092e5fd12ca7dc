//! A port as an operator sees it, and the board on which its loop keeps that up to date.

use std::sync::Arc;

use model::transmit::PoolStatus;
use model::{ErrorInfo, PortName, Timestamp};

/// What a port is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortState {
    /// Its pool is not up yet.
    Starting,
    /// Messages flow.
    Started,
    /// Messages wait: the pool does not start, or the message box does not answer. Tried again by itself.
    Failing {
        /// What is wrong.
        error: String,
    },
    /// Nothing new is claimed; what is in flight is being waited for.
    Terminating,
    /// Nothing is fed any more.
    Terminated,
}

/// A port and what became of its messages since the start of the host.
#[derive(Clone, Debug)]
pub struct PortStatus {
    /// Its name.
    pub port: PortName,
    /// The adapter that serves it.
    pub adapter: String,
    /// Where its messages go.
    pub address: Arc<str>,
    /// What it is doing.
    pub state: PortState,
    /// What its pool is doing.
    pub pool: PoolStatus,
    /// Messages claimed and not resolved on disk.
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
    pub last_error: Option<(Timestamp, ErrorInfo)>,
    /// When a message was last delivered, scheduled again or suspended.
    pub last_progress: Option<Timestamp>,
}

/// Counters since the start of the host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    pub(crate) retried: u64,
    pub(crate) suspended: u64,
    pub(crate) returned: u64,
    pub(crate) ignored: u64,
    pub(crate) last_progress: Option<Timestamp>,
}

/// What the loop last wrote. Written once a turn, not once a message.
#[derive(Debug)]
pub(crate) struct Board {
    /// The loop runs or ran.
    pub(crate) started: bool,
    pub(crate) state: PortState,
    pub(crate) unresolved: usize,
    pub(crate) tally: Tally,
    pub(crate) last_error: Option<(Timestamp, ErrorInfo)>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            started: false,
            state: PortState::Starting,
            unresolved: 0,
            tally: Tally::default(),
            last_error: None,
        }
    }
}
