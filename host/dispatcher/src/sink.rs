//! The dispatcher's side of the border: what a pool reports goes into the port's inbox.
//!
//! Callable from any thread, inside a runtime or not; never blocks. It holds the inbox and not the
//! port, because the port holds the pool and the pool holds this.

use std::sync::Arc;

use message_box::MessageBox;
use model::transmit::{BatchFailure, BatchFailureReason, BoxFuture, OutcomeSink};
use model::{BatchError, ErrorInfo, MessageId, Outcome, PortName, validate_batch};

use crate::inbox::Inbox;

/// Takes the reports of one port's pool.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) port: PortName,
    pub(crate) inbox: Arc<Inbox>,
    /// For what needs no lease and no order: the records of decided transactions.
    pub(crate) message_box: MessageBox,
}

impl OutcomeSink for Sink {
    fn resolved(&self, outcomes: Vec<(MessageId, Outcome)>) {
        let n = outcomes.len();
        if n > 0 && !self.inbox.outcomes(outcomes) {
            tracing::debug!(port = %self.port, n, "outcomes came after the port was terminated");
        }
    }

    fn settle(&self, batch: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>> {
        if let Err(error) = validate_batch(batch.iter().map(|(id, _)| *id)) {
            let failure = malformed(&error, &batch);
            return Box::pin(std::future::ready(Err(failure)));
        }
        let answer = self.inbox.batch(batch);
        let port = self.port.clone();
        // The loop settles the batch whether or not this future lives to see it: an instance that ends
        // while it waits must not leave messages behind that belong to nobody.
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(shutting_down(&port))) })
    }

    fn decide_transaction(
        &self,
        transaction: String,
        messages: Vec<MessageId>,
    ) -> BoxFuture<Result<(), BatchFailure>> {
        if let Err(error) = validate_batch(messages.iter().copied()) {
            let failure = BatchFailure {
                reason: BatchFailureReason::Empty,
                text: error.to_string(),
                culprits: Vec::new(),
            };
            return Box::pin(std::future::ready(Err(failure)));
        }
        let answer = self.inbox.prepared(transaction, messages);
        let port = self.port.clone();
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(shutting_down(&port))) })
    }

    fn decided_transactions(&self) -> BoxFuture<Result<Vec<String>, ErrorInfo>> {
        let (message_box, port) = (self.message_box.clone(), self.port.clone());
        Box::pin(async move {
            message_box
                .decided_transactions(&port)
                .await
                .map_err(stored)
        })
    }

    fn finish_transaction(&self, transaction: String) -> BoxFuture<Result<(), ErrorInfo>> {
        let (message_box, port) = (self.message_box.clone(), self.port.clone());
        Box::pin(async move {
            let finished = message_box.finish_transaction(&port, &transaction).await;
            finished.map_err(stored)
        })
    }

    fn error(&self, error: ErrorInfo) {
        let text = error.to_string();
        if !self.inbox.error(error) {
            tracing::debug!(port = %self.port, error = text, "error after the port was terminated");
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "an argument of map_err")]
fn stored(error: message_box::Error) -> ErrorInfo {
    ErrorInfo::new("message-box", error.to_string())
}

/// The batch cannot be carried out by anybody.
fn malformed(error: &BatchError, batch: &[(MessageId, Outcome)]) -> BatchFailure {
    let (reason, culprits) = match error {
        BatchError::Empty => (BatchFailureReason::Empty, Vec::new()),
        // The first of the two is the adapter's by right; every further one is not.
        BatchError::Twice(twice) => {
            let places = batch.iter().enumerate().filter(|(_, (id, _))| id == twice);
            let repeated = places.skip(1).map(|(place, _)| place).collect();
            (BatchFailureReason::NotYours, repeated)
        }
    };
    BatchFailure {
        reason,
        text: error.to_string(),
        culprits,
    }
}

/// The host goes down before the batch could be carried out.
pub(crate) fn shutting_down(port: &PortName) -> BatchFailure {
    BatchFailure {
        reason: BatchFailureReason::ShuttingDown,
        text: format!(
            "send port {port} is shutting down: its messages are delivered again after the restart"
        ),
        culprits: Vec::new(),
    }
}
