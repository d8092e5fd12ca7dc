//! The `transport-batch` resource: outcomes an adapter reports, carried out together (IBTTransportBatch).

use std::sync::Arc;

use model::transmit::{BatchFailure, BatchFailureReason, Delivery};
use model::{ErrorInfo, Failure, MessageId, Outcome, Properties, Retry, Timestamp};
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf, Resource};

use crate::bindings::imports::transport_proxy as wit;
use crate::bindings::imports::types as words;
use crate::context::Context;
use crate::ledger::Ticket;
use crate::message::LentMessage;

/// Operations that have been added, and how many messages earlier `done`s of this batch settled.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
#[derive(Debug, Default)]
pub struct TransportBatch {
    operations: Vec<Operation>,
    settled: usize,
}

#[derive(Debug)]
struct Operation {
    ticket: Ticket,
    delivery: Arc<Delivery>,
    outcome: Outcome,
}

impl Context {
    fn add(
        &mut self,
        batch: &Resource<TransportBatch>,
        message: Resource<LentMessage>,
        outcome: Outcome,
    ) -> Result<()> {
        self.cpu.reset();
        let LentMessage { delivery, ticket } = self.table.delete(message)?;
        self.ledger.batched(ticket);
        let batch = self.table.get_mut(batch)?;
        batch.operations.push(Operation {
            ticket,
            delivery,
            outcome,
        });
        Ok(())
    }

    /// The operations, if all their messages are still the adapter's to decide about.
    fn begin_done(
        &mut self,
        batch: &Resource<TransportBatch>,
    ) -> Result<(Vec<Operation>, Option<BatchFailure>)> {
        self.cpu.reset();
        let operations = std::mem::take(&mut self.table.get_mut(batch)?.operations);
        let gone = |(_, op): &(usize, &Operation)| !self.ledger.holds(op.ticket);
        let culprits: Vec<usize> = operations
            .iter()
            .enumerate()
            .filter(gone)
            .map(|(i, _)| i)
            .collect();
        if operations.is_empty() {
            let text = "the outcome batch is empty".to_owned();
            let reason = BatchFailureReason::Empty;
            return Ok((
                operations,
                Some(BatchFailure {
                    reason,
                    text,
                    culprits,
                }),
            ));
        }
        if !culprits.is_empty() {
            let text = format!("the host has taken {} of its messages back", culprits.len());
            let reason = BatchFailureReason::NotYours;
            return Ok((
                operations,
                Some(BatchFailure {
                    reason,
                    text,
                    culprits,
                }),
            ));
        }
        for operation in &operations {
            self.ledger.settling(operation.ticket);
        }
        Ok((operations, None))
    }

    fn committed(
        &mut self,
        batch: &Resource<TransportBatch>,
        operations: &[Operation],
    ) -> Result<()> {
        for operation in operations {
            self.ledger.settled(operation.ticket);
        }
        self.table.get_mut(batch)?.settled += operations.len();
        self.progress.notify_one();
        Ok(())
    }

    /// Hands every message that is still the adapter's back under a new handle.
    fn refuse(
        &mut self,
        operations: Vec<Operation>,
        failure: BatchFailure,
    ) -> Result<wit::BatchFailure> {
        let mut statuses = Vec::with_capacity(operations.len());
        for (
            index,
            Operation {
                ticket, delivery, ..
            },
        ) in operations.into_iter().enumerate()
        {
            let msg = match self.ledger.handed_back(ticket) {
                true => Some(self.table.push(LentMessage { delivery, ticket })?),
                false => None,
            };
            let culprit = failure.culprits.contains(&index);
            statuses.push(wit::OperationStatus { msg, culprit });
        }
        Ok(wit::BatchFailure {
            reason: reason(failure.reason),
            text: failure.text,
            operations: statuses,
        })
    }
}

impl wit::HostTransportBatch for Context {
    fn delete_message(
        &mut self,
        batch: Resource<TransportBatch>,
        msg: Resource<LentMessage>,
    ) -> Result<()> {
        self.add(&batch, msg, Outcome::Delivered)
    }

    fn resubmit(
        &mut self,
        batch: Resource<TransportBatch>,
        msg: Resource<LentMessage>,
        not_before: Option<words::Timestamp>,
        carry: Vec<(String, String)>,
    ) -> Result<()> {
        let not_before = not_before.map(|at| Timestamp(i64::try_from(at).unwrap_or(i64::MAX)));
        let carry: Properties = carry.into_iter().collect();
        self.add(&batch, msg, Outcome::Resubmit { not_before, carry })
    }

    fn move_to_next_transport(
        &mut self,
        batch: Resource<TransportBatch>,
        msg: Resource<LentMessage>,
        why: words::ErrorInfo,
    ) -> Result<()> {
        self.add(&batch, msg, Outcome::NextTransport(why.into()))
    }

    fn move_to_suspend_queue(
        &mut self,
        batch: Resource<TransportBatch>,
        msg: Resource<LentMessage>,
        why: words::ErrorInfo,
    ) -> Result<()> {
        self.add(&batch, msg, Outcome::Suspend(why.into()))
    }

    fn fail(
        &mut self,
        batch: Resource<TransportBatch>,
        msg: Resource<LentMessage>,
        failure: words::Failure,
    ) -> Result<()> {
        self.add(&batch, msg, Outcome::Failed(failure.into()))
    }

    fn drop(&mut self, batch: Resource<TransportBatch>) -> Result<()> {
        self.cpu.reset();
        let batch = self.table.delete(batch)?;
        self.ledger.acknowledged(batch.settled);
        for operation in batch.operations {
            self.ledger.dropped(operation.ticket);
        }
        self.report();
        self.progress.notify_one();
        Ok(())
    }
}

impl wit::HostTransportBatchWithStore<Context> for HasSelf<Context> {
    async fn done(
        accessor: &Accessor<Context, Self>,
        batch: Resource<TransportBatch>,
    ) -> Result<Result<(), wit::BatchFailure>> {
        let ((operations, failure), sink) = accessor.with(|mut access| {
            let context = access.get();
            wasmtime::error::Ok((context.begin_done(&batch)?, context.sink.clone()))
        })?;
        let failure = match failure {
            Some(failure) => Some(failure),
            None => {
                let outcomes: Vec<(MessageId, Outcome)> = operations
                    .iter()
                    .map(|op| (op.delivery.message.id, op.outcome.clone()))
                    .collect();
                // A task of its own: the instance may end while the commit is on its way, and then
                // somebody must still see it through.
                tokio::spawn(sink.settle(outcomes)).await?.err()
            }
        };
        accessor.with(|mut access| {
            let context = access.get();
            match failure {
                None => context.committed(&batch, &operations).map(Ok),
                Some(failure) => context.refuse(operations, failure).map(Err),
            }
        })
    }
}

fn reason(reason: BatchFailureReason) -> wit::BatchFailureReason {
    match reason {
        BatchFailureReason::Empty => wit::BatchFailureReason::Empty,
        BatchFailureReason::NotYours => wit::BatchFailureReason::NotYours,
        BatchFailureReason::ShuttingDown => wit::BatchFailureReason::ShuttingDown,
        BatchFailureReason::Storage => wit::BatchFailureReason::Storage,
    }
}

impl From<words::ErrorInfo> for ErrorInfo {
    fn from(error: words::ErrorInfo) -> Self {
        Self {
            code: error.code,
            text: error.text,
        }
    }
}

impl From<words::Failure> for Failure {
    fn from(failure: words::Failure) -> Self {
        match failure {
            words::Failure::Permanent(error) => Self {
                error: error.into(),
                retry: Retry::Never,
            },
            words::Failure::Retryable(hint) => {
                let after = |ms| Retry::After(std::time::Duration::from_millis(ms));
                let retry = hint.after.map_or(Retry::ByPolicy, after);
                Self {
                    error: hint.error.into(),
                    retry,
                }
            }
        }
    }
}
