//! The loop of one port: claim, submit, settle, until it is drained.
//!
//! One task owns everything about the port that changes. A turn takes what has arrived, does what is
//! due, and begins what can be begun; it never waits for the message box or the pool, whose answers come
//! back as finished work. The turn's four concerns are the modules below; this one has the turn itself.
//!
//! It must not decide what a failure leads to, and it must not hand out more than the high watermark.

mod claiming;
mod draining;
mod resolving;
mod settling;
mod starting;

use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use message_box::{Claim, Error, MessageBox, PortFeed};
use model::transmit::{BoxFuture, Terminated, TransmitterPool};
use model::{ErrorInfo, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock;
use crate::inbox::Arrivals;
use crate::port::Port;
use crate::settle::{BatchEnd, Round};
use crate::status::{PortState, Tally};
use crate::throttle::Throttle;
use crate::unresolved::Unresolved;

use claiming::Claiming;
use draining::Drain;
use settling::Settling;
use starting::Starting;

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

/// See the module.
pub(crate) struct PortLoop {
    port: Arc<Port>,
    pool: Arc<dyn TransmitterPool>,
    message_box: MessageBox,
    feed: PortFeed,
    timing: Timing,
    requests: watch::Receiver<Option<Instant>>,
    unresolved: Unresolved,
    /// Everything that was begun and has not ended.
    work: FuturesUnordered<BoxFuture<Finished>>,
    /// Empty; its memory is swapped with the inbox.
    arrivals: Arrivals,
    claiming: Claiming,
    settling: Settling,
    starting: Starting,
    next_sweep: Instant,
    drain: Option<Drain>,
    tally: Tally,
    /// Not on the board yet.
    news: Option<(Timestamp, ErrorInfo)>,
    pool_errors: Throttle,
    suspensions: Throttle,
}

/// Work that has ended.
enum Finished {
    Started(Result<(), ErrorInfo>),
    Claimed(Result<Claim, Error>),
    Settled(Round),
    BatchSettled(BatchEnd),
    /// `None` when the pool overran even the time beyond its deadline.
    Terminated(Option<Terminated>),
}

impl PortLoop {
    pub(crate) fn new(
        port: Arc<Port>,
        pool: Arc<dyn TransmitterPool>,
        message_box: MessageBox,
        timing: Timing,
    ) -> Self {
        Self {
            feed: message_box.feed(&port.settings.name),
            requests: port.requests(),
            claiming: Claiming::new(),
            settling: Settling::new(),
            starting: Starting::new(),
            unresolved: Unresolved::default(),
            work: FuturesUnordered::new(),
            arrivals: Arrivals::default(),
            next_sweep: Instant::now(),
            drain: None,
            tally: Tally::default(),
            news: None,
            pool_errors: Throttle::default(),
            suspensions: Throttle::default(),
            port,
            pool,
            message_box,
            timing,
        }
    }

    /// Serves the port until it is drained.
    pub(crate) async fn run(mut self, eager: bool) {
        if eager {
            self.start_pool();
        }
        loop {
            let now = Instant::now();
            self.take_arrivals();
            self.sweep(now);
            self.restart_pool(now);
            self.drain_on(now);
            self.settle_more(now);
            self.claim_more(now);
            self.write_board();
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
        tokio::select! {
            () = self.port.inbox.filled(), if listens => {}
            Some(finished) = self.work.next() => self.finished(finished),
            () = self.feed.changed(), if !is_draining && !self.claiming.hungry => {
                self.claiming.hungry = true;
            }
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
            Finished::Started(result) => self.pool_started(result),
            Finished::Claimed(result) => self.claimed(result),
            Finished::Settled(round) => self.round_ended(round),
            Finished::BatchSettled(end) => self.batch_ended(end),
            Finished::Terminated(terminated) => self.pool_terminated(terminated),
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
            self.starting.wake(),
            self.claim_wake(now),
            self.drain.as_ref().and_then(Drain::wake),
        ];
        times.into_iter().flatten().min()
    }

    fn write_board(&mut self) {
        let mut board = self.port.board();
        // A drain that was just asked for stands on the board before the loop has heard of it.
        if board.state != PortState::Terminating {
            let error = self.starting.error().or(self.settling.storage.error());
            match error {
                Some(error) => {
                    board.state = PortState::Failing {
                        error: error.into(),
                    }
                }
                None if self.starting.is_up() => board.state = PortState::Started,
                None => board.state = PortState::Starting,
            }
        }
        board.unresolved = self.unresolved.len();
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
        let mut board = self.port.board();
        board.state = PortState::Terminated;
        board.unresolved = 0;
        drop(board);
        self.port.report_drain(report);
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

/// The sooner of a due time on the wall clock and a minute from now: the wall clock may be set, and a
/// wait that was reckoned before must not outlast that by much.
fn wake_for(due: Timestamp, now: Instant) -> Instant {
    const LOOK_AGAIN: Duration = Duration::from_secs(60);
    const NOT_AT_ONCE: Duration = Duration::from_millis(1);
    now + due.until(clock::now()).clamp(NOT_AT_ONCE, LOOK_AGAIN)
}
