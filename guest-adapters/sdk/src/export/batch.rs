//! The `batch-transmitter` export over a [`BatchSendAdapter`].

use std::cell::RefCell;
use std::fmt;

use wit_bindgen::spawn_local;

use super::Instance;
use crate::raw::batch_transmitter::{GuestTransmitterBatch, MessageFailure, TransmitterBatch};
use crate::raw::types::Disposition;
use crate::reporter::{Known, Reporter};
use crate::{BatchLimits, BatchSendAdapter, ErrorInfo, Failure, Message, Outcome, Reporting};

/// An adapter with what its open batches share.
pub struct Batches<A> {
    instance: Instance<A>,
    reporter: Reporter,
}

/// One batch: what the host has pushed so far.
pub struct Batch<A: 'static> {
    batches: &'static Batches<A>,
    messages: RefCell<Vec<Message>>,
}

impl<A: BatchSendAdapter> Batches<A> {
    /// Before `load`.
    #[expect(clippy::new_without_default, reason = "made by a macro, once")]
    pub fn new() -> Self {
        Self {
            instance: Instance::new(),
            reporter: Reporter::default(),
        }
    }

    /// Its life.
    pub fn instance(&self) -> &Instance<A> {
        &self.instance
    }

    /// `batch-transmitter.get-batch`
    pub fn open(&'static self) -> Batch<A> {
        Batch {
            batches: self,
            messages: RefCell::default(),
        }
    }

    async fn send_now(
        &self,
        adapter: &A,
        messages: Vec<Message>,
    ) -> Result<Vec<MessageFailure>, Failure> {
        let _airborne = self.instance.begin(messages.len());
        let outcomes = complete(adapter.send_all(&messages).await, messages.len());
        Ok(failures(outcomes))
    }

    async fn send_later(&'static self, adapter: &'static A, messages: Vec<Message>, most: usize) {
        // One count per message, since outcomes of one batch may go into several reports.
        let airborne: Vec<_> = messages.iter().map(|_| self.instance.begin(1)).collect();
        let outcomes = complete(adapter.send_all(&messages).await, messages.len());
        let known = messages.into_iter().zip(outcomes).zip(airborne);
        let report = self
            .reporter
            .add(known.map(|((message, outcome), airborne)| Known {
                message,
                outcome,
                airborne,
            }));
        if report {
            self.reporter.report(most).await;
        }
    }
}

impl<A: BatchSendAdapter> GuestTransmitterBatch for Batch<A> {
    fn begin_batch(&self) -> BatchLimits {
        match self.batches.instance.adapter() {
            Ok(adapter) => adapter.limits(),
            // Whatever comes is refused anyway, one message at a time.
            Err(_) => BatchLimits {
                max_messages: 1,
                max_bytes: 0,
            },
        }
    }

    fn transmit_message(&self, message: Message) -> Result<Disposition, Failure> {
        self.batches.instance.adapter()?;
        self.messages.borrow_mut().push(message);
        Ok(match A::REPORTING {
            Reporting::Await => Disposition::Transmitted,
            Reporting::Later { .. } => Disposition::Pending,
        })
    }

    async fn done(batch: TransmitterBatch) -> Result<Vec<MessageFailure>, Failure> {
        let Self { batches, messages } = batch.into_inner();
        let (adapter, messages) = (batches.instance.adapter()?, messages.into_inner());
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        match A::REPORTING {
            Reporting::Await => batches.send_now(adapter, messages).await,
            Reporting::Later { batch } => {
                spawn_local(batches.send_later(adapter, messages, batch));
                Ok(Vec::new())
            }
        }
    }

    fn clear(batch: TransmitterBatch) {
        drop(batch.into_inner::<Self>());
    }
}

/// As many outcomes as messages, whatever the author has answered.
fn complete(mut outcomes: Vec<Outcome>, messages: usize) -> Vec<Outcome> {
    if outcomes.len() != messages {
        let text = format!(
            "the adapter answered {} outcomes for {messages} messages",
            outcomes.len()
        );
        let missing = Err(Failure::retryable(ErrorInfo::new("adapter-defect", text)));
        outcomes.resize(messages, missing);
    }
    outcomes
}

fn failures(outcomes: Vec<Outcome>) -> Vec<MessageFailure> {
    let numbered = (0..).zip(outcomes);
    numbered
        .filter_map(|(index, outcome)| {
            let failure = outcome.err()?;
            Some(MessageFailure { index, failure })
        })
        .collect()
}

impl<A> fmt::Debug for Batches<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for Batch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Batch")
            .field(&self.messages.borrow().len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_named_by_its_place() {
        let outcomes = vec![
            Ok(()),
            Err(Failure::permanent("no")),
            Ok(()),
            Err(Failure::retryable("later")),
        ];
        let places: Vec<_> = failures(outcomes)
            .iter()
            .map(|failure| failure.index)
            .collect();
        assert_eq!(places, [1, 3]);
    }

    #[test]
    fn a_message_without_an_outcome_has_failed_and_too_many_outcomes_are_ignored() {
        let places = |answered, messages| -> Vec<u32> {
            let outcomes = complete(vec![Ok(()); answered], messages);
            failures(outcomes)
                .iter()
                .map(|failure| failure.index)
                .collect()
        };
        assert_eq!(places(2, 4), [2, 3]);
        assert_eq!(places(3, 2), [0; 0]);
    }
}
