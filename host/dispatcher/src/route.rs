//! One way out of a port as its loop sees it: the feed its messages come from, the pools they go to,
//! and everything that may forbid that for a while.
//!
//! A port has two routes, which share its watermark and rate limit; windows, breakers and pools are their
//! own, so that a backup works while its primary is left alone. A port without a backup transport has
//! the second one all the same: it takes what was moved to a backup that is no longer configured, and
//! borrows the primary's pools for it.

use std::sync::Arc;
use std::time::Duration;

use message_box::{MessageBox, PortFeed};
use model::transmit::TransmitterPool;
use model::{
    Breaker, BreakerState, SendPort, ServiceWindow, Timestamp, TransportSlot, WindowState,
};
use tokio::time::Instant;

use crate::clock;
use crate::credits::Credits;
use crate::port::Pools;
use crate::port_loop::{Claiming, Starting};
use crate::status::BreakerStatus;

/// See the module.
pub(crate) struct Route {
    pub(crate) slot: TransportSlot,
    pub(crate) feed: PortFeed,
    /// One, or one per adapter of a dynamic port.
    pub(crate) pools: Vec<Pooled>,
    /// The pools are another route's, which ends them.
    pub(crate) borrows: bool,
    pub(crate) claiming: Claiming,
    pub(crate) starting: Starting,
    pub(crate) breaker: Option<Breaker>,
    window: Option<ServiceWindow>,
}

/// A pool with what limits its adapter over all ports.
#[derive(Clone)]
pub(crate) struct Pooled {
    pub(crate) pool: Arc<dyn TransmitterPool>,
    pub(crate) credits: Option<Arc<Credits>>,
}

/// Whether a route may be used, as far as that is a matter of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// For this many messages; any number when `None`.
    Open(Option<usize>),
    /// Not before then.
    Shut(Instant),
    /// Until a probe comes back.
    Waiting,
}

impl Route {
    /// The routes of a port over its pools.
    pub(crate) fn all(
        port: &SendPort,
        pools: Pools,
        message_box: &MessageBox,
        credits: impl Fn(&str) -> Option<Arc<Credits>>,
    ) -> Vec<Self> {
        let adapters: Vec<&str> = match port.is_dynamic() {
            true => port.dynamic.iter().map(|a| a.name.as_str()).collect(),
            false => vec![&port.primary.adapter],
        };
        let pooled = |pool, adapter: &&str| Pooled {
            pool,
            credits: credits(adapter),
        };
        let primary: Vec<_> = pools
            .primary
            .into_iter()
            .zip(&adapters)
            .map(|(p, a)| pooled(p, a))
            .collect();
        let backup = match (pools.backup, &port.backup) {
            (Some(pool), Some(backup)) => Some(vec![pooled(pool, &backup.adapter.as_str())]),
            _ => None,
        };
        let second = Self {
            borrows: backup.is_none(),
            ..Self::new(
                port,
                TransportSlot::Backup,
                backup.unwrap_or_else(|| primary.clone()),
                message_box,
            )
        };
        let first = Self::new(port, TransportSlot::Primary, primary, message_box);
        vec![first, second]
    }

    fn new(
        port: &SendPort,
        slot: TransportSlot,
        pools: Vec<Pooled>,
        message_box: &MessageBox,
    ) -> Self {
        let transport = port.transport(slot);
        Self {
            slot,
            feed: message_box.feed(&port.name, slot),
            pools,
            borrows: false,
            claiming: Claiming::new(),
            starting: Starting::new(),
            breaker: transport.breaker.map(Breaker::new),
            window: transport.window.clone(),
        }
    }

    /// Whether messages may go now. The window counts first: a breaker does not probe through a closed one.
    pub(crate) fn gate(&mut self, now: Instant) -> Gate {
        if let Some(window) = &self.window
            && let WindowState::Closed { until } = window.at(clock::now())
        {
            return Gate::Shut(wait_for(until, now));
        }
        let Some(breaker) = &mut self.breaker else {
            return Gate::Open(None);
        };
        match (breaker.allowance(now.into_std()), breaker.state()) {
            (Some(0), BreakerState::Open { until }) => Gate::Shut(Instant::from_std(until)),
            (Some(0), _) => Gate::Waiting,
            (allowance, _) => Gate::Open(allowance),
        }
    }

    /// What an operator sees of the breaker.
    pub(crate) fn breaker_status(&self, now: Instant) -> Option<BreakerStatus> {
        Some(match self.breaker.as_ref()?.state() {
            BreakerState::Closed { failures } => BreakerStatus::Closed { failures },
            BreakerState::Probing { .. } => BreakerStatus::Probing,
            BreakerState::Open { until } => {
                let left = Instant::from_std(until).saturating_duration_since(now);
                BreakerStatus::Open {
                    until: clock::now().after(left),
                }
            }
        })
    }
}

/// The sooner of a time on the wall clock and a minute from now: the wall clock may be set, and a wait
/// that was reckoned before must not outlast that by much.
pub(crate) fn wait_for(due: Timestamp, now: Instant) -> Instant {
    const LOOK_AGAIN: Duration = Duration::from_secs(60);
    const NOT_AT_ONCE: Duration = Duration::from_millis(1);
    now + due.until(clock::now()).clamp(NOT_AT_ONCE, LOOK_AGAIN)
}
