//! A pool without adapters: what becomes of a delivery is a function of it, or the test's own doing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use model::transmit::{
    BatchFailure, BatchFailureReason, BoxFuture, Delivery, OutcomeSink, PoolStatus, Terminated,
    TransmitterPool,
};
use model::{ErrorInfo, MessageId, Outcome};
use tokio::sync::watch;

/// What the script says about a delivery.
pub(super) enum Answer {
    /// This, as soon as possible.
    Now(Outcome),
    /// Nothing; the test answers.
    Held,
}

/// The rule by which a pool answers.
pub(super) type Script = Arc<dyn Fn(&Delivery) -> Answer + Send + Sync>;

/// See the module.
pub(super) struct ScriptedPool {
    script: Script,
    pub(super) sink: Arc<dyn OutcomeSink>,
    state: Arc<Mutex<State>>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    deliveries: Vec<Delivery>,
    /// Handed over, not answered.
    held: HashMap<MessageId, Delivery>,
    /// The most that were handed over and not answered at a time.
    peak: usize,
    failing_starts: usize,
    starts: usize,
    terminated: bool,
    submitted_after_terminate: usize,
}

impl ScriptedPool {
    pub(super) fn new(sink: Arc<dyn OutcomeSink>, script: Script) -> Arc<Self> {
        Arc::new(Self {
            script,
            sink,
            state: Arc::default(),
            changed: watch::Sender::new(0),
        })
    }

    /// The next starts fail.
    pub(super) fn fail_starts(&self, n: usize) {
        self.state().failing_starts = n;
    }

    pub(super) fn starts(&self) -> usize {
        self.state().starts
    }

    /// Every delivery so far.
    pub(super) fn deliveries(&self) -> Vec<Delivery> {
        self.state().deliveries.clone()
    }

    pub(super) fn peak(&self) -> usize {
        self.state().peak
    }

    pub(super) fn submitted_after_terminate(&self) -> usize {
        self.state().submitted_after_terminate
    }

    /// The messages that wait for an answer, in order.
    pub(super) fn held_now(&self) -> Vec<MessageId> {
        let mut ids: Vec<_> = self.state().held.keys().copied().collect();
        ids.sort_unstable();
        ids
    }

    /// Waits until this many deliveries were made in all.
    pub(super) async fn delivered(&self, n: usize) -> Vec<Delivery> {
        self.until(|state| state.deliveries.len() >= n).await;
        self.deliveries()
    }

    /// Waits until the pool holds this many unanswered messages, and returns their ids in order.
    pub(super) async fn holds(&self, n: usize) -> Vec<MessageId> {
        self.until(|state| state.held.len() == n).await;
        self.held_now()
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        let mut changes = self.changed.subscribe();
        let wait = async {
            while !is_so(&self.state()) {
                changes.changed().await.expect("the pool is alive");
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), wait).await;
        in_time.expect("the pool got what the test waits for");
    }

    /// Answers a message as an instance does when a call returns.
    pub(super) fn answer(&self, id: MessageId, outcome: Outcome) {
        self.forget([id]);
        self.sink.resolved(vec![(id, outcome)]);
    }

    /// Commits an outcome batch; the messages have left the pool unless the host is shutting down.
    pub(super) async fn settle(
        &self,
        batch: Vec<(MessageId, Outcome)>,
    ) -> Result<(), BatchFailure> {
        let ids: Vec<_> = batch.iter().map(|(id, _)| *id).collect();
        let result = self.sink.settle(batch).await;
        let shutting_down = BatchFailureReason::ShuttingDown;
        if !result
            .as_ref()
            .is_err_and(|failure| failure.reason == shutting_down)
        {
            self.forget(ids);
        }
        result
    }

    /// As an adapter does whose transaction is prepared.
    pub(super) async fn decide(
        &self,
        transaction: &str,
        ids: &[MessageId],
    ) -> Result<(), BatchFailure> {
        let decided = self
            .sink
            .decide_transaction(transaction.to_owned(), ids.to_vec());
        let result = decided.await;
        if result.is_ok() {
            self.forget(ids.iter().copied());
        }
        result
    }

    fn forget(&self, ids: impl IntoIterator<Item = MessageId>) {
        let mut state = self.state();
        for id in ids {
            state.held.remove(&id);
        }
        drop(state);
        self.changed.send_modify(|n| *n += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl TransmitterPool for ScriptedPool {
    fn start(&self) -> BoxFuture<Result<(), ErrorInfo>> {
        let mut state = self.state();
        state.starts += 1;
        let fails = state.failing_starts > 0;
        state.failing_starts = state.failing_starts.saturating_sub(1);
        Box::pin(async move {
            if fails {
                return Err(ErrorInfo::new("no-such-file", "the adapter is missing"));
            }
            Ok(())
        })
    }

    fn submit(&self, deliveries: Vec<Delivery>) {
        let mut answers = Vec::new();
        let mut state = self.state();
        if state.terminated {
            state.submitted_after_terminate += deliveries.len();
        }
        for delivery in deliveries {
            let id = delivery.message.id;
            if let Answer::Now(outcome) = (self.script)(&delivery) {
                answers.push((id, outcome));
            }
            state.deliveries.push(delivery.clone());
            state.held.insert(id, delivery);
            state.peak = state.peak.max(state.held.len());
        }
        for (id, _) in &answers {
            state.held.remove(id);
        }
        drop(state);
        self.changed.send_modify(|n| *n += 1);
        let sink = self.sink.clone();
        tokio::spawn(async move { sink.resolved(answers) });
    }

    fn terminate(&self, deadline: Duration) -> BoxFuture<Terminated> {
        let mut state = self.state();
        state.terminated = true;
        let in_flight = state.held.len();
        drop(state);
        let mut changes = self.changed.subscribe();
        let deadline = tokio::time::Instant::now() + deadline;
        let (state, sink) = (self.state.clone(), self.sink.clone());
        Box::pin(async move {
            let left = || -> Vec<_> { state.lock().unwrap().held.keys().copied().collect() };
            while !left().is_empty() {
                match tokio::time::timeout_at(deadline, changes.changed()).await {
                    Ok(Ok(())) => {}
                    _ => break,
                }
            }
            let held = left();
            let back = held.iter().map(|id| (*id, Outcome::Returned)).collect();
            sink.resolved(back);
            Terminated {
                in_flight,
                handed_back: held,
                interrupted: false,
            }
        })
    }

    fn status(&self) -> PoolStatus {
        PoolStatus {
            instances: 1,
            in_flight: self.state().held.len(),
            ..PoolStatus::default()
        }
    }

    fn version(&self) -> Arc<str> {
        Arc::from("Scripted 1.0 sha256:0123456789ab")
    }
}
