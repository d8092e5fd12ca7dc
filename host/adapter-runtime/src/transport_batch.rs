//! The `transport-batch` resource: outcomes an adapter reports, carried out together (IBTTransportBatch).

mod cancelled;
mod done;

pub(crate) use cancelled::Cancelled;

use model::{ErrorInfo, Failure, MessageId, Outcome, Properties, Retry, Timestamp};
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf, Resource};

use crate::bindings::imports::transport_proxy as wit;
use crate::bindings::imports::types as words;
use crate::context::Context;
use crate::ledger::Ticket;
use crate::limits::{CARRIED, Exceeded, Kept, PAIR, PROPERTIES, cut_error};
use crate::message::LentMessage;

/// Operations that have been added, and how many messages earlier `done`s of this batch settled.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
#[derive(Debug, Default)]
pub struct TransportBatch {
    operations: Vec<Operation>,
    settled: usize,
}

/// One message and what its adapter says about it.
#[derive(Debug)]
struct Operation {
    ticket: Ticket,
    id: MessageId,
    outcome: Outcome,
    _kept: Kept,
}

/// Bytes of what an adapter says about a message.
fn size_of_words(outcome: &Outcome) -> usize {
    let error = |error: &ErrorInfo| error.text.len() + error.code.as_ref().map_or(0, String::len);
    match outcome {
        Outcome::NextTransport(why) | Outcome::Suspend(why) | Outcome::Suspect(why) => error(why),
        Outcome::Failed(failure) => error(&failure.error),
        Outcome::Resubmit { carry, .. } => {
            let pairs = carry.iter();
            pairs.map(|(n, v)| PAIR + n.len() + v.len()).sum()
        }
        Outcome::Delivered | Outcome::Answered(_) | Outcome::Returned => 0,
    }
}

/// Bytes of a message's properties once these are set on it.
fn carried(properties: &Properties, carry: &Properties) -> usize {
    let stay = properties.iter().filter(|(n, _)| carry.get(n).is_none());
    stay.chain(carry.iter())
        .map(|(n, v)| n.len() + v.len())
        .sum()
}

/// Each attempt may carry a little; all together must not fill the message box.
fn too_large(size: usize) -> ErrorInfo {
    let text = format!(
        "with what the adapter carries, the message's properties have {size} bytes, of which {CARRIED} are allowed"
    );
    ErrorInfo::new("carry-too-large", text)
}

impl Context {
    fn add(
        &mut self,
        batch: &Resource<TransportBatch>,
        message: Resource<LentMessage>,
        outcome: Outcome,
    ) -> Result<()> {
        let LentMessage { delivery, ticket } = self.table.delete(message)?;
        self.touch(ticket);
        let kept = self.host_memory.keep(size_of_words(&outcome))?;
        self.ledger().batched(ticket);
        let batch = self.table.get_mut(batch)?;
        batch.operations.push(Operation {
            ticket,
            id: delivery.message.id,
            outcome,
            _kept: kept,
        });
        Ok(())
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
        let size: usize = carry.iter().map(|(n, v)| n.len() + v.len()).sum();
        if size > PROPERTIES {
            return Err(Exceeded::Carry { size }.into());
        }
        let carry: Properties = carry.into_iter().collect();
        let message = &self.table.get(&msg)?.delivery.message;
        let outcome = match carried(&message.properties, &carry) {
            size if size > CARRIED => Outcome::Suspend(too_large(size)),
            _ => Outcome::Resubmit { not_before, carry },
        };
        self.add(&batch, msg, outcome)
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
        let batch = self.table.delete(batch)?;
        self.ledger().acknowledged(batch.settled);
        for operation in batch.operations {
            self.ledger().dropped(operation.ticket);
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
        let (begun, sink) = accessor.with(|mut access| {
            let context = access.get();
            let begun = context.begin_done(&batch)?.map(|(submission, outcomes)| {
                let tickets = submission.tickets();
                let guard = context.cancelled.guard(tickets, &context.progress);
                (submission, outcomes, guard)
            });
            wasmtime::error::Ok((begun, context.sink.clone()))
        })?;
        let (submission, outcomes, guard) = match begun {
            Ok(begun) => begun,
            Err(failure) => return Ok(Err(failure)),
        };
        // A task of its own: the instance may end while the commit is on its way, and then somebody must
        // still see it through.
        let result = tokio::spawn(sink.settle(outcomes)).await?;
        guard.disarm();
        accessor.with(|mut access| access.get().end_done(&batch, &submission, result))
    }
}

impl From<words::ErrorInfo> for ErrorInfo {
    /// Cut where nobody reads on: the host keeps what guests say.
    fn from(error: words::ErrorInfo) -> Self {
        let (code, text) = cut_error(error.code, error.text);
        Self { code, text }
    }
}

impl From<ErrorInfo> for words::ErrorInfo {
    fn from(error: ErrorInfo) -> Self {
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
