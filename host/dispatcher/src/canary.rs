//! A pool of two versions: the old one, and a new one that gets a part of the messages and is watched.
//!
//! To the port's loop it is one pool like any other, so that everything that holds for a port holds for one
//! with a canary. What the two do is seen on their way back: each reports through an observer of its own.
//! A message that may have made an instance trap goes to the old version.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::transmit::{
    BatchFailure, BoxFuture, Delivery, OutcomeSink, PoolStatus, Terminated, TransmitterPool,
};
use model::{CanaryShare, ErrorInfo, MessageId, Outcome, Showing};
use tokio::time::Instant;

/// Times of the last so many messages, for the median.
const REMEMBERED: usize = 512;

/// What is seen of both versions. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct CanaryBoard {
    old: Arc<Side>,
    new: Arc<Side>,
}

impl CanaryBoard {
    /// What the old version has done since the canary began, and the new one.
    pub fn showings(&self) -> (Showing, Showing) {
        (self.old.showing(), self.new.showing())
    }

    /// True when the new version has had so many messages and has none of them any more.
    pub fn has_ended(&self, count: u64) -> bool {
        let seen = self.new.seen();
        seen.submitted >= count && seen.since.is_empty()
    }

    /// Where the old version's pool reports to, in front of the port's own sink.
    pub fn old_sink(&self, sink: Arc<dyn OutcomeSink>) -> Arc<dyn OutcomeSink> {
        observer(&self.old, sink)
    }

    /// Where the new version's pool reports to.
    pub fn new_sink(&self, sink: Arc<dyn OutcomeSink>) -> Arc<dyn OutcomeSink> {
        observer(&self.new, sink)
    }

    /// Both pools as one.
    pub fn pool(
        &self,
        share: CanaryShare,
        old: Arc<dyn TransmitterPool>,
        new: Arc<dyn TransmitterPool>,
    ) -> Arc<dyn TransmitterPool> {
        Arc::new(CanaryPool {
            board: self.clone(),
            share,
            submitted: AtomicU64::new(0),
            old,
            new,
        })
    }
}

fn observer(side: &Arc<Side>, sink: Arc<dyn OutcomeSink>) -> Arc<dyn OutcomeSink> {
    Arc::new(Observer {
        side: side.clone(),
        sink,
    })
}

struct CanaryPool {
    board: CanaryBoard,
    share: CanaryShare,
    /// Messages dealt out so far, but for those that go alone.
    submitted: AtomicU64,
    old: Arc<dyn TransmitterPool>,
    new: Arc<dyn TransmitterPool>,
}

impl CanaryPool {
    fn is_for_new(&self, delivery: &Delivery) -> bool {
        if delivery.alone {
            return false;
        }
        let nth = self.submitted.fetch_add(1, Ordering::Relaxed);
        match self.share {
            CanaryShare::First(count) => nth < count,
            // Even steps: the whole part grows with this message.
            CanaryShare::Percent(percent) => {
                let percent = u64::from(percent);
                (nth + 1) * percent / 100 > nth * percent / 100
            }
        }
    }
}

impl TransmitterPool for CanaryPool {
    fn start(&self) -> BoxFuture<Result<(), ErrorInfo>> {
        let both = futures::future::try_join(self.old.start(), self.new.start());
        Box::pin(async move { both.await.map(drop) })
    }

    fn submit(&self, deliveries: Vec<Delivery>) {
        let (new, old): (Vec<_>, Vec<_>) = deliveries.into_iter().partition(|d| self.is_for_new(d));
        let sides = [
            (&self.board.new, &self.new, new),
            (&self.board.old, &self.old, old),
        ];
        for (side, pool, deliveries) in sides {
            if !deliveries.is_empty() {
                side.submitted(&deliveries);
                pool.submit(deliveries);
            }
        }
    }

    fn terminate(&self, deadline: Duration) -> BoxFuture<Terminated> {
        let both =
            futures::future::join(self.old.terminate(deadline), self.new.terminate(deadline));
        Box::pin(async move {
            let (mut all, new) = both.await;
            all.in_flight += new.in_flight;
            all.interrupted |= new.interrupted;
            all.handed_back.extend(new.handed_back);
            all
        })
    }

    fn status(&self) -> PoolStatus {
        let (old, new) = (self.old.status(), self.new.status());
        // The only place that hears of lost instances.
        self.board
            .old
            .lost
            .store(old.instances_lost, Ordering::Relaxed);
        self.board
            .new
            .lost
            .store(new.instances_lost, Ordering::Relaxed);
        let mut bill = old.bill;
        bill += new.bill;
        PoolStatus {
            instances: old.instances + new.instances,
            in_flight: old.in_flight + new.in_flight,
            instances_lost: old.instances_lost + new.instances_lost,
            bill,
        }
    }

    fn version(&self) -> Arc<str> {
        let share = match self.share {
            CanaryShare::Percent(percent) => format!("{percent} %"),
            CanaryShare::First(count) => format!("first {count}"),
        };
        format!(
            "{} (canary, {share}: {})",
            self.old.version(),
            self.new.version()
        )
        .into()
    }
}

impl fmt::Debug for CanaryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CanaryPool").field(&self.version()).finish()
    }
}

/// What one version did.
#[derive(Debug, Default)]
struct Side {
    lost: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    submitted: u64,
    delivered: u64,
    failed: u64,
    /// Since when messages are with it.
    since: HashMap<MessageId, Instant>,
    /// The last ones, in a ring.
    times: Vec<Duration>,
    next: usize,
}

impl Side {
    fn submitted(&self, deliveries: &[Delivery]) {
        let now = Instant::now();
        let ids = deliveries.iter().map(|d| (d.message.id, now));
        let mut seen = self.seen();
        seen.submitted += deliveries.len() as u64;
        seen.since.extend(ids);
    }

    fn note<'a>(&self, outcomes: impl Iterator<Item = (MessageId, &'a Outcome)>) {
        let now = Instant::now();
        let mut seen = self.seen();
        for (id, outcome) in outcomes {
            if let Some(since) = seen.since.remove(&id) {
                seen.end(outcome, now.duration_since(since));
            }
        }
    }

    fn showing(&self) -> Showing {
        let seen = self.seen();
        let mut times = seen.times.clone();
        let middle = times.len() / 2;
        let median = (!times.is_empty()).then(|| *times.select_nth_unstable(middle).1);
        Showing {
            delivered: seen.delivered,
            failed: seen.failed,
            traps: self.lost.load(Ordering::Relaxed),
            median,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Numbers, whole between any two statements.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn end(&mut self, outcome: &Outcome, took: Duration) {
        match outcome {
            Outcome::Delivered | Outcome::Answered(_) => self.delivered += 1,
            // Not tried, or for others' faults: says nothing.
            Outcome::Returned | Outcome::Suspect(_) => return,
            Outcome::Failed(_)
            | Outcome::Resubmit { .. }
            | Outcome::NextTransport(_)
            | Outcome::Suspend(_) => self.failed += 1,
        }
        if self.times.len() < REMEMBERED {
            self.times.push(took);
        } else {
            self.times[self.next] = took;
        }
        self.next = (self.next + 1) % REMEMBERED;
    }
}

/// Passes everything on, and notes it.
struct Observer {
    side: Arc<Side>,
    sink: Arc<dyn OutcomeSink>,
}

impl OutcomeSink for Observer {
    fn resolved(&self, outcomes: Vec<(MessageId, Outcome)>) {
        self.side
            .note(outcomes.iter().map(|(id, outcome)| (*id, outcome)));
        self.sink.resolved(outcomes);
    }

    fn settle(&self, batch: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>> {
        self.side
            .note(batch.iter().map(|(id, outcome)| (*id, outcome)));
        self.sink.settle(batch)
    }

    fn decide_transaction(
        &self,
        transaction: String,
        messages: Vec<MessageId>,
    ) -> BoxFuture<Result<(), BatchFailure>> {
        self.side
            .note(messages.iter().map(|id| (*id, &Outcome::Delivered)));
        self.sink.decide_transaction(transaction, messages)
    }

    fn decided_transactions(&self) -> BoxFuture<Result<Vec<String>, ErrorInfo>> {
        self.sink.decided_transactions()
    }

    fn finish_transaction(&self, transaction: String) -> BoxFuture<Result<(), ErrorInfo>> {
        self.sink.finish_transaction(transaction)
    }

    fn error(&self, error: ErrorInfo) {
        self.sink.error(error);
    }
}
