//! The engine as a pool sees it: it keeps account of every message, and answers to outcome batches as the
//! input says.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use arbitrary::Unstructured;
use model::transmit::{BatchFailure, BatchFailureReason, BoxFuture, OutcomeSink};
use model::{ErrorInfo, MessageId, Outcome};
use tokio::sync::Notify;

/// How the engine answers to an outcome batch. It never says that it could not commit: it tries until it
/// can. In all cases the messages are the pool's no more.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    Committed,
    /// Carried out, but for one, or so it says.
    Refused(BatchFailureReason, usize),
    /// Nothing was carried out; the messages are delivered after the restart.
    ShuttingDown,
}

/// See the module.
pub(super) struct Engine {
    state: Mutex<State>,
    verdicts: Vec<Verdict>,
    max_response: Option<usize>,
    back: Notify,
}

struct State {
    /// Messages that are with the pool.
    out: HashSet<MessageId>,
    /// Outcome batches so far.
    batches: usize,
}

impl Verdict {
    pub(super) fn read(data: &mut Unstructured<'_>) -> arbitrary::Result<Self> {
        Ok(match data.int_in_range(0..=7)? {
            0..=3 => Self::Committed,
            4 => Self::Refused(BatchFailureReason::NotYours, data.int_in_range(0..=9)?),
            5 => Self::Refused(
                BatchFailureReason::NoNextTransport,
                data.int_in_range(0..=9)?,
            ),
            _ => Self::ShuttingDown,
        })
    }

    fn answer(self) -> Result<(), BatchFailure> {
        let (reason, culprits) = match self {
            Self::Committed => return Ok(()),
            Self::Refused(reason, culprit) => (reason, vec![culprit]),
            Self::ShuttingDown => (BatchFailureReason::ShuttingDown, Vec::new()),
        };
        Err(BatchFailure {
            reason,
            text: "as the input says".to_owned(),
            culprits,
        })
    }
}

impl Engine {
    pub(super) fn new(
        out: HashSet<MessageId>,
        verdicts: Vec<Verdict>,
        max_response: Option<usize>,
    ) -> Self {
        Self {
            state: Mutex::new(State { out, batches: 0 }),
            verdicts,
            max_response,
            back: Notify::new(),
        }
    }

    /// Ends when no message is out.
    pub(super) async fn all_back(&self) {
        while !self.state().out.is_empty() {
            self.back.notified().await;
        }
    }

    pub(super) fn check_all_back(&self) {
        let out = &self.state().out;
        assert!(out.is_empty(), "never heard of again: {out:?}");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A response comes only where one is waited for, and is no larger than the port allows.
    fn check(&self, outcome: &Outcome) {
        if let Outcome::Answered(response) = outcome {
            let limit = self.max_response.expect("nobody waits for a response");
            assert!(response.body.len() <= limit, "{}", response.body.len());
        }
    }

    fn take_back(&self, state: &mut State, id: MessageId, outcome: &Outcome) {
        self.check(outcome);
        assert!(state.out.remove(&id), "{id} comes back twice: {outcome:?}");
    }
}

impl OutcomeSink for Engine {
    fn resolved(&self, outcomes: Vec<(MessageId, Outcome)>) {
        let mut state = self.state();
        for (id, outcome) in outcomes {
            self.take_back(&mut state, id, &outcome);
        }
        self.back.notify_one();
    }

    fn settle(&self, batch: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>> {
        let mut state = self.state();
        let verdict = self.verdicts[state.batches % self.verdicts.len()];
        state.batches += 1;
        assert!(!batch.is_empty(), "an empty batch needs no commit");
        let distinct: HashSet<_> = batch.iter().map(|(id, _)| id).collect();
        assert_eq!(distinct.len(), batch.len(), "twice in one batch: {batch:?}");
        for (id, outcome) in &batch {
            self.take_back(&mut state, *id, outcome);
        }
        drop(state);
        self.back.notify_one();
        Box::pin(async move {
            // As a commit would, it takes until others have had their turn.
            tokio::task::yield_now().await;
            verdict.answer()
        })
    }

    fn decide_transaction(
        &self,
        name: String,
        _: Vec<MessageId>,
    ) -> BoxFuture<Result<(), BatchFailure>> {
        panic!("no adapter here has transactions: {name}");
    }

    fn decided_transactions(&self) -> BoxFuture<Result<Vec<String>, ErrorInfo>> {
        panic!("no adapter here has transactions");
    }

    fn finish_transaction(&self, name: String) -> BoxFuture<Result<(), ErrorInfo>> {
        panic!("no adapter here has transactions: {name}");
    }

    fn error(&self, error: ErrorInfo) {
        assert!(error.code.as_deref() != Some("start-failed"), "{error}");
    }
}
