//! The loop of one port: claim, submit, settle, until it is drained.
//!
//! One task owns everything about the port that changes. A turn takes what has arrived, does what is
//! due, and begins what can be begun; it never waits for the message box or the pools, whose answers
//! come back as finished work. The turn's concerns are the modules below; this one has the turn itself.
//!
//! It must not decide what a failure leads to, and it must not hand out more than the high watermark.

mod batches;
mod claiming;
mod draining;
mod legacy;
mod resolving;
mod settling;
mod starting;
mod throttling;
mod transactions;

use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use message_box::{Claim, Error, MessageBox};
use model::transmit::{BoxFuture, Terminated};
use model::{Enlistment, ErrorInfo, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::admission::Directory;
use crate::credits::Credits;
use crate::dice::Dice;
use crate::inbox::Arrivals;
use crate::port::{Pools, Port};
use crate::route::Route;
use crate::settle::{BatchEnd, Round, TransactionEnd};
use crate::status::{PortState, Tally};
use crate::throttle::Throttle;
use crate::unresolved::Unresolved;

pub(crate) use claiming::Claiming;
use draining::Drain;
pub(crate) use legacy::Legacy;
use settling::Settling;
pub(crate) use starting::Starting;
use throttling::Rate;

/// Margins that no operator sets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    /// How much longer than it promises a pool may keep a message: it enforces the time-out itself, and
    /// its word is better than ours.
    pub(crate) grace: Duration,
    /// How much longer than the delivery time-out a lease lasts, so that it never ends under a live host.
    pub(crate) lease_margin: Duration,
    /// How long settlements in flight are waited for at the end of a drain, at least.
    pub(crate) last_settlements: Duration,
}

impl Timing {
    /// The longest a pool may keep a message. It returns what it has not begun within one delivery
    /// time-out, and fails what it began another one ago; half of one is for its own sweeps.
    pub(crate) fn held_at_most(self, delivery_timeout: Duration) -> Duration {
        delivery_timeout
            .saturating_mul(5)
            .div_f32(2.0)
            .saturating_add(self.grace)
    }

    pub(crate) const DEFAULT: Self = Self {
        grace: Duration::from_secs(5),
        lease_margin: Duration::from_secs(60),
        last_settlements: Duration::from_secs(2),
    };
}

/// What all loops of a dispatcher have in common.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) message_box: MessageBox,
    pub(crate) directory: Arc<Directory>,
    pub(crate) timing: Timing,
}

/// See the module.
pub(crate) struct PortLoop {
    port: Arc<Port>,
    routes: Vec<Route>,
    message_box: MessageBox,
    directory: Arc<Directory>,
    timing: Timing,
    requests: watch::Receiver<Option<Instant>>,
    enlistments: watch::Receiver<Enlistment>,
    unresolved: Unresolved,
    /// Everything that was begun and has not ended.
    work: FuturesUnordered<BoxFuture<Finished>>,
    /// Empty; its memory is swapped with the inbox.
    arrivals: Arrivals,
    rate: Rate,
    settling: Settling,
    dice: Dice,
    next_sweep: Instant,
    drain: Option<Drain>,
    tally: Tally,
    /// Not on the board yet.
    news: Option<(Timestamp, ErrorInfo)>,
    pool_errors: Throttle,
    suspensions: Throttle,
}

/// Work that has ended; the numbers are those of routes.
enum Finished {
    Started(usize, Result<(), ErrorInfo>),
    Claimed(usize, Result<Claim, Error>),
    CreditsFreed(usize),
    Settled(Round),
    BatchSettled(BatchEnd),
    TransactionSettled(TransactionEnd),
    /// `None` when the pools overran even the time beyond their deadline.
    Terminated(Option<Terminated>),
}

impl PortLoop {
    pub(crate) fn new(
        port: Arc<Port>,
        pools: Pools,
        joined: Joined,
        credits: impl Fn(&str) -> Option<Arc<Credits>>,
    ) -> Self {
        let Joined {
            message_box,
            directory,
            timing,
        } = joined;
        Self {
            routes: Route::all(&port.settings, pools, &message_box, credits),
            requests: port.requests(),
            enlistments: port.enlistments(),
            rate: Rate::new(port.settings.rate_limit),
            settling: Settling::new(),
            unresolved: Unresolved::default(),
            work: FuturesUnordered::new(),
            arrivals: Arrivals::default(),
            dice: Dice::new(),
            next_sweep: Instant::now(),
            drain: None,
            tally: Tally::default(),
            news: None,
            pool_errors: Throttle::default(),
            suspensions: Throttle::default(),
            port,
            message_box,
            directory,
            timing,
        }
    }

    /// Serves the port until it is drained.
    pub(crate) async fn run(mut self, eager: bool) {
        if eager {
            self.start_pools(0);
        }
        loop {
            let now = Instant::now();
            self.take_arrivals();
            self.sweep(now);
            self.restart_pools(now);
            self.drain_on(now);
            self.settle_more(now);
            self.claim_more(now);
            self.write_board(now);
            if self.is_drained(now) {
                break;
            }
            self.wait(now).await;
        }
        // The rest is in the drop, which also comes when there is no orderly end.
    }

    /// Waits until a turn may have something to do.
    async fn wait(&mut self, now: Instant) {
        let wake = self.next_wake(now);
        let is_draining = self.drain.is_some();
        // Outcomes that cannot be settled yet free no credit: they are taken with the next round, not
        // each with a turn of its own.
        let listens = is_draining || !self.settling.is_full();
        let (first, second) = self.routes.split_at_mut(1);
        let (first, second) = (first.first_mut(), second.first_mut());
        tokio::select! {
            () = self.port.inbox.filled(), if listens => {}
            Some(finished) = self.work.next() => self.finished(finished),
            () = changed(first), if !is_draining => {}
            () = changed(second), if !is_draining => {}
            _ = self.enlistments.changed(), if !is_draining => {}
            deadline = drain_requested(&mut self.requests), if !is_draining => {
                self.begin_drain(deadline);
            }
            () = sleep_until(wake) => {}
        }
        // One turn for all that has ended by now: a turn is dearer than an ending.
        while let Some(Some(finished)) = self.work.next().now_or_never() {
            self.finished(finished);
        }
    }

    fn finished(&mut self, finished: Finished) {
        match finished {
            Finished::Started(route, result) => self.pools_started(route, result),
            Finished::Claimed(route, result) => self.claimed(route, result),
            Finished::CreditsFreed(route) => self.routes[route].claiming.waits_for_credits = false,
            Finished::Settled(round) => self.round_ended(round),
            Finished::BatchSettled(end) => self.batch_ended(end),
            Finished::TransactionSettled(end) => self.transaction_ended(end),
            Finished::Terminated(terminated) => self.pools_terminated(terminated),
        }
    }

    fn begin(&self, work: impl Future<Output = Finished> + Send + 'static) {
        self.work.push(Box::pin(work));
    }

    /// When the next turn is due though nothing happens.
    fn next_wake(&self, now: Instant) -> Option<Instant> {
        let sweep = (!self.unresolved.is_empty()).then_some(self.next_sweep);
        let times = [
            sweep,
            self.settling.wake(),
            self.claim_wake(now),
            self.drain.as_ref().and_then(Drain::wake),
        ];
        let starts = self.routes.iter().map(|route| route.starting.wake());
        times.into_iter().chain(starts).flatten().min()
    }

    fn write_board(&mut self, now: Instant) {
        let throttled = self.throttling();
        let enlistment = *self.enlistments.borrow();
        let mut board = self.port.board();
        // A drain that was just asked for stands on the board before the loop has heard of it.
        if board.state != PortState::Terminating {
            let starting = self.routes.iter().find_map(|route| route.starting.error());
            let error = starting.or(self.settling.storage.error());
            board.state = match error {
                Some(error) => PortState::Failing {
                    error: error.into(),
                },
                None if enlistment != Enlistment::Started => PortState::Stopped,
                None if self.routes.iter().all(|route| route.starting.is_up()) => {
                    PortState::Started
                }
                None => PortState::Starting,
            };
        }
        board.unresolved = self.unresolved.len();
        board.throttled = throttled;
        for route in &self.routes {
            board.breakers[route.slot.index()] = route.breaker_status(now);
        }
        board.tally = self.tally;
        if let Some(news) = self.news.take() {
            board.last_error = Some(news);
        }
    }
}

impl Drop for PortLoop {
    /// Whatever ends the loop, nobody waits for it in vain: batches are refused, a drain is reported.
    fn drop(&mut self) {
        let report = self.cut_short();
        tracing::info!(
            port = %report.port, in_flight = report.in_flight, settled = report.settled,
            handed_back = report.handed_back.len(), "terminated"
        );
        self.port.inbox.close();
        self.free_all_credits();
        let mut board = self.port.board();
        board.state = PortState::Terminated;
        board.unresolved = 0;
        board.throttled = None;
        drop(board);
        self.port.report_drain(report);
    }
}

/// Ends when the route's feed may have something new; never while a claim would find it anyway.
async fn changed(route: Option<&mut Route>) {
    match route {
        Some(route) if !route.claiming.hungry => {
            route.feed.changed().await;
            route.claiming.hungry = true;
        }
        _ => std::future::pending().await,
    }
}

async fn drain_requested(requests: &mut watch::Receiver<Option<Instant>>) -> Instant {
    match requests.wait_for(Option::is_some).await.map(|r| *r) {
        Ok(Some(deadline)) => deadline,
        // The sender is in the port, which the loop holds.
        _ => std::future::pending().await,
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
