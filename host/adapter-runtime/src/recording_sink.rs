//! A sink for this room's tests: it writes down what it is told, and decides as it is told to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use model::transmit::{BatchFailure, BatchFailureReason, BoxFuture, OutcomeSink};
use model::{ErrorInfo, MessageId, Outcome};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct RecordingSink {
    resolved: Mutex<Vec<(MessageId, Outcome)>>,
    /// What deciding about a transaction answers; yes when absent.
    pub(crate) refusal: Option<BatchFailure>,
}

impl RecordingSink {
    /// One that refuses every decision.
    pub(crate) fn refusing(reason: BatchFailureReason, culprits: &[usize]) -> Self {
        Self {
            refusal: Some(BatchFailure {
                reason,
                text: "what the engine says".to_owned(),
                culprits: culprits.to_vec(),
            }),
            ..Self::default()
        }
    }

    /// What was reported since the last time.
    pub(crate) fn take(&self) -> Vec<(MessageId, Outcome)> {
        std::mem::take(&mut *self.told())
    }

    fn told(&self) -> MutexGuard<'_, Vec<(MessageId, Outcome)>> {
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OutcomeSink for RecordingSink {
    fn resolved(&self, outcomes: Vec<(MessageId, Outcome)>) {
        self.told().extend(outcomes);
    }

    fn settle(&self, _: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>> {
        Box::pin(async { Ok(()) })
    }

    fn decide_transaction(
        &self,
        _: String,
        _: Vec<MessageId>,
    ) -> BoxFuture<Result<(), BatchFailure>> {
        let answer = self.refusal.clone().map_or(Ok(()), Err);
        Box::pin(async { answer })
    }

    fn decided_transactions(&self) -> BoxFuture<Result<Vec<String>, ErrorInfo>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn finish_transaction(&self, _: String) -> BoxFuture<Result<(), ErrorInfo>> {
        Box::pin(async { Ok(()) })
    }

    fn error(&self, _: ErrorInfo) {}
}
