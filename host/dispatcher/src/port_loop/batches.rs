//! Outcome batches: what is the adapter's to decide about is committed together, however often that has
//! to be tried; the rest is named. Recovering a batch is the host's work, not the adapter's (B37–B39,
//! B45 as improved).

use std::collections::HashSet;

use model::transmit::{BatchFailure, BatchFailureReason};
use model::{MessageId, Outcome, Timestamp};
use tokio::time::Instant;

use super::{Finished, PortLoop};
use crate::inbox::OutcomeBatch;
use crate::settle::{Batch, BatchEnd};
use crate::sink;

impl PortLoop {
    pub(super) fn begin_batch(&mut self, batch: OutcomeBatch, now: Timestamp) {
        let OutcomeBatch { outcomes, answer } = batch;
        if self.hears_no_more() {
            self.answer(answer, Err(sink::shutting_down(&self.port.settings.name)));
            return;
        }
        let ids: Vec<_> = outcomes.iter().map(|(id, _)| *id).collect();
        let held = self.unresolved.take_batch(&ids);
        let mut batch = Batch {
            decisions: Vec::with_capacity(ids.len()),
            ids,
            not_yours: Vec::new(),
            no_next: Vec::new(),
            answer,
        };
        for (place, ((_, outcome), held)) in outcomes.into_iter().zip(held).enumerate() {
            let Some(held) = held else {
                batch.not_yours.push(place);
                continue;
            };
            let moves = matches!(outcome, Outcome::NextTransport(_));
            if moves && !self.port.settings.has_next(held.message.transport) {
                batch.no_next.push(place);
            }
            batch.decisions.push(self.decision(&held, outcome, now));
        }
        self.settling.batches += 1;
        self.settle_batch(batch);
    }

    fn settle_batch(&self, batch: Batch) {
        let message_box = self.message_box.clone();
        self.begin(async move { Finished::BatchSettled(batch.settle(&message_box).await) });
    }

    pub(super) fn batch_ended(&mut self, end: BatchEnd) {
        self.forget(&end.gone);
        let batch = end.batch;
        match end.result {
            Ok(()) => {
                self.settling.batches -= 1;
                self.count(&batch.decisions);
                self.storage_worked();
                let failure = failure(&batch);
                self.answer(batch.answer, failure.map_or(Ok(()), Err));
            }
            Err(error) => {
                self.storage_failed(&error);
                self.settling.waiting.push(batch);
            }
        }
    }

    /// Tries the batches again that the storage refused.
    pub(super) fn settle_waiting_batches(&mut self, now: Instant) {
        if self.settling.waiting.is_empty() || !self.settling.storage.is_ready(now) {
            return;
        }
        for batch in std::mem::take(&mut self.settling.waiting) {
            self.settle_batch(batch);
        }
    }

    pub(super) fn answer(
        &self,
        answer: tokio::sync::oneshot::Sender<Result<(), BatchFailure>>,
        result: Result<(), BatchFailure>,
    ) {
        if answer.send(result).is_err() {
            tracing::debug!(port = %self.port.settings.name, "the adapter that waits for a commit is gone");
        }
    }
}

/// What the adapter hears of a batch that is committed as far as it could be.
fn failure(batch: &Batch) -> Option<BatchFailure> {
    let (not_yours, no_next) = (&batch.not_yours, &batch.no_next);
    let (reason, text) = match (not_yours.is_empty(), no_next.is_empty()) {
        (true, true) => return None,
        (false, _) => (
            BatchFailureReason::NotYours,
            not_yours_text(&batch.ids, not_yours),
        ),
        (true, false) => (
            BatchFailureReason::NoNextTransport,
            no_next_text(&batch.ids, no_next),
        ),
    };
    let both: HashSet<usize> = not_yours.iter().chain(no_next).copied().collect();
    let mut culprits: Vec<usize> = both.into_iter().collect();
    culprits.sort_unstable();
    Some(BatchFailure {
        reason,
        text,
        culprits,
    })
}

pub(super) fn not_yours_text(ids: &[MessageId], culprits: &[usize]) -> String {
    format!(
        "{} not the adapter's to decide about: resolved before, or taken back when the time was up",
        named(ids, culprits)
    )
}

fn no_next_text(ids: &[MessageId], culprits: &[usize]) -> String {
    format!(
        "{} suspended: moved to the next transport, but there is none after this one",
        named(ids, culprits)
    )
}

fn named(ids: &[MessageId], culprits: &[usize]) -> String {
    let first = culprits.first().and_then(|place| ids.get(*place));
    let first = first.map(ToString::to_string).unwrap_or_default();
    match culprits.len() {
        0 | 1 => format!("message {first} is"),
        n => format!("message {first} and {} more of the batch are", n - 1),
    }
}
