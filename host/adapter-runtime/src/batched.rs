//! Pushes one transmitter batch to an adapter that takes them (IBTBatchTransmitter, B24–B28).

use std::collections::HashMap;
use std::sync::Arc;

use model::transmit::Delivery;
use model::{ErrorInfo, Failure};
use wasmtime::component::{Accessor, ResourceAny};

use crate::bindings::imports::types::{Failure as WitFailure, MessageFailure};
use crate::context::Context;
use crate::desk::Desk;
use crate::guest::{Batched, Filling};
use crate::ledger::{Answer, Ticket};
use crate::message::LentMessage;
use crate::unbatched::lend;

/// What an adapter said to the messages of a batch.
pub(crate) struct Pushed {
    /// Those that the end of the batch sends.
    pub(crate) collected: Vec<Ticket>,
    /// True when it took at least one on, be it to report later.
    pub(crate) accepted: bool,
}

/// Opens a batch and fills it from the desk: `get-batch`, `begin-batch`, `transmit-message` × n. The next
/// batch may be filled when this ends.
pub(crate) async fn fill(
    accessor: &Accessor<Context>,
    guest: &impl Filling,
    desk: &Desk,
    room: usize,
) -> wasmtime::Result<(ResourceAny, Pushed)> {
    let batch = guest.get_batch(accessor).await?;
    let limits = guest.begin_batch(accessor, batch).await?;
    let size = usize::try_from(limits.max_messages)
        .unwrap_or(usize::MAX)
        .max(1);
    desk.set_batch_size(size);
    let deliveries = desk.take_batch(size.min(room), limits.max_bytes);
    let pushed = push(accessor, guest, batch, deliveries).await?;
    desk.set_filling(false);
    accessor.with(|mut access| access.get().progress.notify_one());
    Ok((batch, pushed))
}

/// Pushes messages: `transmit-message` × n. An error costs only its message (B27, B28 improved: the
/// original cleared the batch and charged everybody).
async fn push(
    accessor: &Accessor<Context>,
    guest: &impl Filling,
    batch: ResourceAny,
    deliveries: Vec<Delivery>,
) -> wasmtime::Result<Pushed> {
    let lent: Vec<(Ticket, Arc<Delivery>)> = deliveries
        .into_iter()
        .map(|delivery| lend(accessor, guest.lending(delivery)))
        .collect();
    let mut pushed = Pushed {
        collected: Vec::with_capacity(lent.len()),
        accepted: false,
    };
    for (ticket, delivery) in lent {
        let message = accessor
            .with(|mut access| access.get().table.push(LentMessage { delivery, ticket }))?;
        let answer = guest.transmit_message(accessor, batch, message).await?;
        pushed.accepted |= !matches!(answer, Answer::Failed(_));
        match answer {
            // Not decided before the batch has been sent.
            Answer::Transmitted => pushed.collected.push(ticket),
            other => accessor.with(|mut access| access.get().answered(ticket, other)),
        }
    }
    Ok(pushed)
}

/// Ends a batch: `done`, or `clear` when the adapter accepted nothing.
pub(crate) async fn finish(
    accessor: &Accessor<Context>,
    guest: &Batched,
    batch: ResourceAny,
    pushed: Pushed,
) -> wasmtime::Result<()> {
    let Pushed {
        collected,
        accepted,
    } = pushed;
    if !accepted {
        return guest.clear(accessor, batch).await;
    }
    let result = guest.done(accessor, batch).await?;
    let answers = answers(result, collected.len())
        .unwrap_or_else(|failure| vec![Answer::Failed(failure); collected.len()]);
    accessor.with(|mut access| {
        let ledger = access.get().ledger();
        for (ticket, answer) in collected.into_iter().zip(answers) {
            ledger.answered(ticket, answer);
        }
    });
    Ok(())
}

/// One answer for each of the `count` messages that the end of a batch was to send, or why it is not
/// known of any of them.
pub(crate) fn answers(
    result: Result<Vec<MessageFailure>, WitFailure>,
    count: usize,
) -> Result<Vec<Answer>, Failure> {
    let failures = result?;
    let index = |failure: &MessageFailure| usize::try_from(failure.index).unwrap_or(usize::MAX);
    if failures.iter().any(|failure| index(failure) >= count) {
        // Nobody knows which message it meant: sending again is safe, deleting is not.
        let text = format!("the adapter reported a failed message beyond the {count} of its batch");
        return Err(Failure::retryable(ErrorInfo::new("bad-index", text)));
    }
    let mut failed: HashMap<usize, Failure> = failures
        .into_iter()
        .map(|f| (index(&f), f.failure.into()))
        .collect();
    let answer = |i| {
        failed
            .remove(&i)
            .map_or(Answer::Transmitted, Answer::Failed)
    };
    Ok((0..count).map(answer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::imports::types::{ErrorInfo as WitError, RetryHint};

    fn failure(index: u32) -> MessageFailure {
        let error = WitError {
            code: None,
            text: format!("message {index}"),
        };
        MessageFailure {
            index,
            failure: WitFailure::Retryable(RetryHint { error, after: None }),
        }
    }

    fn outcome(answers: Result<Vec<Answer>, Failure>) -> String {
        let letter = |a: &Answer| {
            if matches!(a, Answer::Transmitted) {
                't'
            } else {
                'f'
            }
        };
        match answers {
            Ok(answers) => answers.iter().map(letter).collect(),
            Err(_) => "unknown".to_owned(),
        }
    }

    #[test]
    fn b28_b30_one_bad_message_costs_only_itself() {
        assert_eq!(outcome(answers(Ok(vec![]), 3)), "ttt");
        assert_eq!(outcome(answers(Ok(vec![failure(1)]), 3)), "tft");
        assert_eq!(
            outcome(answers(Err(failure(0).failure), 3)),
            "unknown",
            "done itself failed"
        );
    }

    #[test]
    fn a_lie_about_indexes_sends_again_rather_than_deletes() {
        assert_eq!(outcome(answers(Ok(vec![failure(3)]), 3)), "unknown");
        assert_eq!(outcome(answers(Ok(vec![failure(u32::MAX)]), 1)), "unknown");
    }
}
