//! The commit of an outcome batch: what goes to the engine, and what the guest is told about the rest.
//!
//! The engine recovers by itself. What it names as culprits is dealt with, everything else is carried
//! out; so after its answer no message of the batch is the instance's any more.

use model::transmit::{BatchFailure, BatchFailureReason};
use model::{MessageId, Outcome};
use wasmtime::Result;
use wasmtime::component::Resource;

use super::{Operation, TransportBatch, wit};
use crate::context::Context;
use crate::ledger::Ticket;

/// The operations of a batch that went to the engine.
#[derive(Debug, Default)]
pub(super) struct Submission {
    /// Their tickets and their places in the guest's batch, in the order in which they were submitted.
    submitted: Vec<(Ticket, usize)>,
    /// Places of those that were not, because the host had taken their messages back before.
    gone: Vec<usize>,
}

/// What the engine is given.
pub(super) type Outcomes = Vec<(MessageId, Outcome)>;

impl Context {
    /// Takes the operations out of the batch. `Err` when nothing is left for the engine to do.
    pub(super) fn begin_done(
        &mut self,
        batch: &Resource<TransportBatch>,
    ) -> Result<Result<(Submission, Outcomes), wit::BatchFailure>> {
        let operations = std::mem::take(&mut self.table.get_mut(batch)?.operations);
        if operations.is_empty() {
            return Ok(Err(wit::BatchFailure {
                reason: wit::BatchFailureReason::Empty,
                text: "the outcome batch is empty".to_owned(),
                culprits: Vec::new(),
            }));
        }
        let mut submission = Submission::default();
        let mut outcomes = Vec::with_capacity(operations.len());
        for (place, operation) in operations.into_iter().enumerate() {
            let Operation {
                ticket,
                id,
                outcome,
                ..
            } = operation;
            if self.ledger().holds(ticket) {
                submission.submitted.push((ticket, place));
                outcomes.push((id, self.ledger().settling(ticket, outcome)));
            } else {
                submission.gone.push(place);
            }
        }
        Ok(match submission.submitted.is_empty() {
            true => Err(submission.taken_back()),
            false => Ok((submission, outcomes)),
        })
    }

    /// Notes the engine's answer; returns the guest's.
    pub(super) fn end_done(
        &mut self,
        batch: &Resource<TransportBatch>,
        submission: &Submission,
        result: Result<(), BatchFailure>,
    ) -> Result<Result<(), wit::BatchFailure>> {
        let fate = Fate::of(&result);
        for (ticket, _) in &submission.submitted {
            match fate {
                Fate::CarriedOut => self.ledger().settled(*ticket),
                Fate::Undone => self.ledger().returned(*ticket),
                Fate::LeftToTheRestart => self.ledger().released(*ticket),
            }
        }
        if fate == Fate::CarriedOut {
            self.table.get_mut(batch)?.settled += submission.submitted.len();
        }
        self.report();
        self.progress.notify_one();
        Ok(submission.answer(result))
    }
}

/// What became of everything in a batch but its culprits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It took effect.
    CarriedOut,
    /// It did not, and the engine keeps it: it is delivered again after the restart.
    LeftToTheRestart,
    /// It did not, and nobody has it. The engine tries outcome batches until they are committed, so this
    /// is not to be expected.
    Undone,
}

impl Fate {
    fn of(result: &Result<(), BatchFailure>) -> Self {
        match result.as_ref().err().map(|failure| failure.reason) {
            None
            | Some(
                BatchFailureReason::Empty
                | BatchFailureReason::NotYours
                | BatchFailureReason::NoNextTransport,
            ) => Self::CarriedOut,
            Some(BatchFailureReason::ShuttingDown) => Self::LeftToTheRestart,
            Some(BatchFailureReason::Storage) => Self::Undone,
        }
    }
}

impl Submission {
    pub(super) fn tickets(&self) -> Vec<Ticket> {
        self.submitted.iter().map(|(ticket, _)| *ticket).collect()
    }

    /// The guest's result: the engine's, with culprits under the guest's own numbers and those that the
    /// engine never saw among them.
    fn answer(&self, result: Result<(), BatchFailure>) -> Result<(), wit::BatchFailure> {
        let fate = Fate::of(&result);
        let failure = match result {
            Ok(()) if self.gone.is_empty() => return Ok(()),
            Ok(()) => return Err(self.taken_back()),
            Err(failure) => failure,
        };
        if fate != Fate::CarriedOut {
            return Err(wit::BatchFailure {
                reason: wit::BatchFailureReason::ShuttingDown,
                text: failure.text,
                culprits: Vec::new(),
            });
        }
        let place_of = |culprit: &usize| self.submitted.get(*culprit).map(|(_, place)| *place);
        let named = failure.culprits.iter().filter_map(place_of);
        let mut culprits: Vec<usize> = named.chain(self.gone.iter().copied()).collect();
        culprits.sort_unstable();
        culprits.dedup();
        let text = match self.gone.is_empty() {
            true => failure.text,
            false => format!("{}; {}", failure.text, self.taken_back().text),
        };
        Err(wit::BatchFailure {
            reason: reason(failure.reason),
            text,
            culprits: numbers(&culprits),
        })
    }

    fn taken_back(&self) -> wit::BatchFailure {
        wit::BatchFailure {
            reason: wit::BatchFailureReason::NotYours,
            text: format!(
                "the host has taken {} of the batch's messages back",
                self.gone.len()
            ),
            culprits: numbers(&self.gone),
        }
    }
}

/// A guest cannot add so many operations that their numbers do not fit.
fn numbers(places: &[usize]) -> Vec<u32> {
    let number = |place: &usize| u32::try_from(*place).unwrap_or(u32::MAX);
    places.iter().map(number).collect()
}

fn reason(reason: BatchFailureReason) -> wit::BatchFailureReason {
    match reason {
        BatchFailureReason::Empty => wit::BatchFailureReason::Empty,
        BatchFailureReason::NotYours => wit::BatchFailureReason::NotYours,
        BatchFailureReason::NoNextTransport => wit::BatchFailureReason::NoNextTransport,
        BatchFailureReason::ShuttingDown | BatchFailureReason::Storage => {
            wit::BatchFailureReason::ShuttingDown
        }
    }
}

#[cfg(test)]
mod tests;
