//! Pushes one transmitter batch to an adapter of the batch world (IBTBatchTransmitter, B24–B28).

use std::collections::HashMap;
use std::sync::Arc;

use model::transmit::Delivery;
use model::{ErrorInfo, Failure};
use wasmtime::component::{Accessor, ResourceAny};

use crate::bindings::exports::batch_transmitter::{BatchLimits, Guest, MessageFailure};
use crate::bindings::imports::types::{Disposition, Failure as WitFailure};
use crate::context::Context;
use crate::ledger::{Answer, Ticket};
use crate::message::LentMessage;
use crate::unbatched::{answer, lend};

/// Opens a batch: `get-batch`, `begin-batch`.
pub(crate) async fn open(
    accessor: &Accessor<Context>,
    guest: &Guest,
) -> wasmtime::Result<(ResourceAny, BatchLimits)> {
    accessor.with(|mut access| access.get().cpu.reset());
    let batch = guest.call_get_batch(accessor).await?;
    let limits = guest
        .transmitter_batch()
        .call_begin_batch(accessor, batch)
        .await?;
    Ok((batch, limits))
}

/// Pushes messages: `transmit-message` × n. An error costs only its message (B27, B28 improved: the
/// original cleared the batch and charged everybody). Returns those that `done` will send, and whether
/// anything was accepted.
pub(crate) async fn push(
    accessor: &Accessor<Context>,
    guest: &Guest,
    batch: ResourceAny,
    deliveries: Vec<Delivery>,
) -> wasmtime::Result<(Vec<Ticket>, bool)> {
    let lent: Vec<(Ticket, Arc<Delivery>)> = deliveries
        .into_iter()
        .map(|delivery| lend(accessor, delivery))
        .collect();
    let mut transmitted = Vec::with_capacity(lent.len());
    let mut accepted = false;
    for (ticket, delivery) in lent {
        let message = accessor
            .with(|mut access| access.get().table.push(LentMessage { delivery, ticket }))?;
        let result = guest
            .transmitter_batch()
            .call_transmit_message(accessor, batch, message)
            .await?;
        accepted |= result.is_ok();
        match result {
            // Not decided before `done` has returned.
            Ok(Disposition::Transmitted) => transmitted.push(ticket),
            other => {
                accessor.with(|mut access| access.get().ledger.answered(ticket, answer(other)))
            }
        }
    }
    Ok((transmitted, accepted))
}

/// Ends a batch: `done`, or `clear` when the adapter accepted nothing.
pub(crate) async fn finish(
    accessor: &Accessor<Context>,
    guest: &Guest,
    batch: ResourceAny,
    transmitted: Vec<Ticket>,
    accepted: bool,
) -> wasmtime::Result<()> {
    if !accepted {
        return guest.transmitter_batch().call_clear(accessor, batch).await;
    }
    let result = guest.transmitter_batch().call_done(accessor, batch).await?;
    let answers = answers(result, transmitted.len());
    accessor.with(|mut access| {
        let ledger = &mut access.get().ledger;
        for (ticket, answer) in transmitted.into_iter().zip(answers) {
            ledger.answered(ticket, answer);
        }
    });
    Ok(())
}

/// One answer for each of the `count` messages that `done` was to send.
fn answers(result: Result<Vec<MessageFailure>, WitFailure>, count: usize) -> Vec<Answer> {
    let all = |failure: Failure| {
        (0..count)
            .map(|_| Answer::Failed(failure.clone()))
            .collect()
    };
    let failures = match result {
        Ok(failures) => failures,
        Err(failure) => return all(failure.into()),
    };
    let index = |failure: &MessageFailure| usize::try_from(failure.index).unwrap_or(usize::MAX);
    if failures.iter().any(|failure| index(failure) >= count) {
        // Nobody knows which message it meant: sending again is safe, deleting is not.
        let text = format!("done reported a failed message beyond the {count} of its batch");
        return all(Failure::retryable(ErrorInfo::new("bad-index", text)));
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
    (0..count).map(answer).collect()
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

    fn outcome(answers: &[Answer]) -> String {
        let letter = |a: &Answer| {
            if matches!(a, Answer::Transmitted) {
                't'
            } else {
                'f'
            }
        };
        answers.iter().map(letter).collect()
    }

    #[test]
    fn b28_b30_one_bad_message_costs_only_itself() {
        assert_eq!(outcome(&answers(Ok(vec![]), 3)), "ttt");
        assert_eq!(outcome(&answers(Ok(vec![failure(1)]), 3)), "tft");
        assert_eq!(
            outcome(&answers(Err(failure(0).failure), 3)),
            "fff",
            "done itself failed"
        );
    }

    #[test]
    fn a_lie_about_indexes_sends_again_rather_than_deletes() {
        assert_eq!(outcome(&answers(Ok(vec![failure(3)]), 3)), "fff");
        assert_eq!(outcome(&answers(Ok(vec![failure(u32::MAX)]), 1)), "f");
    }
}
