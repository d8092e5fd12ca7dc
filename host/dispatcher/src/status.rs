//! A port as an operator sees it, and the board on which its loop keeps that up to date.

use std::sync::Arc;

use model::transmit::PoolStatus;
use model::{Enlistment, ErrorInfo, PortName, Timestamp, TransportSlot, WindowState};

/// What a port is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortState {
    /// Its pool is not up yet.
    Starting,
    /// Messages flow.
    Started,
    /// An operator has stopped or unenlisted it: messages wait.
    Stopped,
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

/// Why a started port hands over nothing more at the moment. BizTalk: message delivery throttling state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Throttling {
    /// Its high watermark is reached.
    HighWatermark,
    /// That of its adapter is.
    AdapterWatermark,
    /// Its rate limit is.
    RateLimit,
}

/// A circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerStatus {
    /// Messages flow.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// The destination is left alone.
    Open {
        /// Until then.
        until: Timestamp,
    },
    /// Single messages find out whether it works again.
    Probing,
}

/// One of a port's ways out.
#[derive(Clone, Debug)]
pub struct TransportStatus {
    /// Which.
    pub slot: TransportSlot,
    /// The adapter that serves it.
    pub adapter: String,
    /// Where its messages go; empty on a dynamic port.
    pub address: Arc<str>,
    /// The adapter's name, version and digest, once there is a pool.
    pub version: Option<Arc<str>>,
    /// What its pool is doing.
    pub pool: PoolStatus,
    /// Its circuit breaker, if it has one.
    pub breaker: Option<BreakerStatus>,
    /// Its service window, if it has one.
    pub window: Option<WindowState>,
}

/// A port and what became of its messages since the start of the host.
#[derive(Clone, Debug)]
pub struct PortStatus {
    /// Its name.
    pub port: PortName,
    /// What it is doing.
    pub state: PortState,
    /// What its operator wants.
    pub enlistment: Enlistment,
    /// The primary transport (one entry per adapter on a dynamic port), then the backup.
    pub transports: Vec<TransportStatus>,
    /// Messages claimed and not resolved on disk.
    pub unresolved: usize,
    /// The most that may be unresolved.
    pub high_watermark: usize,
    /// Why it hands over nothing more, if it is so.
    pub throttled: Option<Throttling>,
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
    /// Of the suspended and routed, those whose time to live had ended before they were handed over.
    pub expired: u64,
    /// Deliveries handed back without a charge.
    pub returned: u64,
    /// Outcomes that came too late to count.
    pub ignored: u64,
    /// The last thing that went wrong.
    pub last_error: Option<(Timestamp, ErrorInfo)>,
    /// When a message was last delivered, scheduled again or suspended.
    pub last_progress: Option<Timestamp>,
    /// Generations that have been replaced and still finish what they have.
    pub leaving: usize,
}

impl PortStatus {
    /// Adds what other generations of the port did.
    pub(crate) fn add(&mut self, tally: &Tally) {
        self.delivered += tally.delivered;
        self.retried += tally.retried;
        self.moved += tally.moved;
        self.suspended += tally.suspended;
        self.routed += tally.routed;
        self.expired += tally.expired;
        self.returned += tally.returned;
        self.ignored += tally.ignored;
        self.last_progress = self.last_progress.max(tally.last_progress);
    }

    /// The primary transport; that of the first adapter on a dynamic port.
    pub fn primary(&self) -> Option<&TransportStatus> {
        self.transports.first()
    }

    /// Messages with all its adapters.
    pub fn in_flight(&self) -> usize {
        self.transports.iter().map(|t| t.pool.in_flight).sum()
    }

    /// Live instances of all its adapters.
    pub fn instances(&self) -> usize {
        self.transports.iter().map(|t| t.pool.instances).sum()
    }
}

/// Counters since the start of the host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    pub(crate) retried: u64,
    pub(crate) moved: u64,
    pub(crate) suspended: u64,
    pub(crate) routed: u64,
    pub(crate) expired: u64,
    pub(crate) returned: u64,
    pub(crate) ignored: u64,
    pub(crate) last_progress: Option<Timestamp>,
}

impl Tally {
    /// Adds what another generation counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.retried += other.retried;
        self.moved += other.moved;
        self.suspended += other.suspended;
        self.routed += other.routed;
        self.expired += other.expired;
        self.returned += other.returned;
        self.ignored += other.ignored;
        self.last_progress = self.last_progress.max(other.last_progress);
    }
}

/// What the loop last wrote. Written once a turn, not once a message.
#[derive(Debug)]
pub(crate) struct Board {
    /// The loop runs or ran.
    pub(crate) started: bool,
    pub(crate) state: PortState,
    pub(crate) unresolved: usize,
    pub(crate) throttled: Option<Throttling>,
    /// By route: the primary's, the backup's.
    pub(crate) breakers: [Option<BreakerStatus>; 2],
    pub(crate) tally: Tally,
    pub(crate) last_error: Option<(Timestamp, ErrorInfo)>,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            started: false,
            state: PortState::Starting,
            unresolved: 0,
            throttled: None,
            breakers: [None; 2],
            tally: Tally::default(),
            last_error: None,
        }
    }
}
