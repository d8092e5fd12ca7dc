//! Turning what a pool reports into decisions, and finding the messages it never reports about.

use std::time::Duration;

use model::transmit::{BatchFailure, BatchFailureReason};
use model::{ErrorInfo, Failure, MessageId, Outcome, Standing, Timestamp, decide};
use tokio::time::Instant;

use super::{Finished, PortLoop};
use crate::clock;
use crate::inbox::OutcomeBatch;
use crate::settle::{BatchEnd, Decision};
use crate::sink;
use crate::unresolved::{Held, Resolution};

/// The table is searched for overdue messages this often, or four times per time-out if that is more.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);
const SHORTEST_SWEEP_INTERVAL: Duration = Duration::from_millis(10);

impl PortLoop {
    pub(super) fn take_arrivals(&mut self) {
        let mut arrivals = std::mem::take(&mut self.arrivals);
        self.port.inbox.take(&mut arrivals);
        if !arrivals.is_empty() {
            let now = clock::now();
            // Batches first: the adapter's own word counts for more than what the host found out.
            for batch in arrivals.batches.drain(..) {
                self.begin_batch(batch, now);
            }
            for (id, outcome) in arrivals.outcomes.drain(..) {
                self.resolve(id, outcome, now);
            }
            for error in arrivals.errors.drain(..) {
                self.pool_failed(error, now);
            }
        }
        self.arrivals = arrivals;
    }

    /// An outcome that nobody waits for.
    pub(super) fn resolve(&mut self, id: MessageId, outcome: Outcome, now: Timestamp) {
        match self.unresolved.resolve(id, outcome) {
            Resolution::Counts(held, outcome) => {
                let decision = self.decision(id, held, outcome, now);
                self.settling.decided.push(decision);
            }
            Resolution::Deferred => {}
            Resolution::TooLate => {
                self.tally.ignored += 1;
                tracing::debug!(port = %self.port.settings.name, %id, "outcome ignored: the message was resolved before");
            }
        }
    }

    fn begin_batch(&mut self, batch: OutcomeBatch, now: Timestamp) {
        let OutcomeBatch { outcomes, answer } = batch;
        let ids: Vec<_> = outcomes.iter().map(|(id, _)| *id).collect();
        let held = if self.hears_no_more() {
            Err(sink::shutting_down(&self.port.settings.name))
        } else {
            let taken = self.unresolved.take_batch(&ids);
            taken.map_err(|culprits| not_yours(&ids, culprits))
        };
        match held {
            Err(failure) => {
                if answer.send(Err(failure)).is_err() {
                    tracing::debug!(port = %self.port.settings.name, "the adapter of a refused outcome batch is gone");
                }
            }
            Ok(held) => {
                let outcomes = outcomes.into_iter().zip(held);
                let decisions = outcomes
                    .map(|((id, outcome), held)| self.decision(id, held, outcome, now))
                    .collect();
                self.settling.batches += 1;
                let message_box = self.message_box.clone();
                self.begin(async move {
                    Finished::BatchSettled(BatchEnd::of(&message_box, decisions, answer).await)
                });
            }
        }
    }

    fn decision(
        &mut self,
        id: MessageId,
        held: Held,
        outcome: Outcome,
        now: Timestamp,
    ) -> Decision {
        if let Some(error) = error_of(&outcome) {
            self.news = Some((now, error.clone()));
        }
        let standing = Standing {
            attempts: held.attempts,
            policy: self.port.settings.primary.retry,
            now,
        };
        Decision {
            id,
            lease: held.lease,
            verdict: decide(outcome, standing),
        }
    }

    fn pool_failed(&mut self, error: ErrorInfo, now: Timestamp) {
        if let Some(held_back) = self.pool_errors.admit(Instant::now()) {
            tracing::warn!(port = %self.port.settings.name, %error, held_back, "the adapter reports an error");
        }
        self.news = Some((now, error));
    }

    /// Takes back what the pool has had for too long. The pool enforces the time-out as well; this is
    /// for the one that does not, and it ends before the lease does.
    pub(super) fn sweep(&mut self, now: Instant) {
        if now < self.next_sweep {
            return;
        }
        let timeout = self.port.settings.delivery_timeout;
        let interval = (timeout / 4).clamp(SHORTEST_SWEEP_INTERVAL, SWEEP_INTERVAL);
        self.next_sweep = now + interval;
        let limit = self.timing.held_at_most(timeout);
        for id in self.unresolved.overdue(limit, now) {
            tracing::warn!(port = %self.port.settings.name, %id, "not answered in time: taken back as failed");
            let text = format!(
                "no answer within the delivery time-out of {} s",
                timeout.as_secs_f64()
            );
            let error = ErrorInfo::new("delivery-timeout", text);
            let outcome = Outcome::Failed(Failure::retryable(error));
            self.resolve(id, outcome, clock::now());
        }
    }
}

/// Nothing of the batch took effect, because of these.
pub(super) fn not_yours(ids: &[MessageId], culprits: Vec<usize>) -> BatchFailure {
    let first = culprits.first().and_then(|place| ids.get(*place));
    let named = first.map(ToString::to_string).unwrap_or_default();
    let others = match culprits.len() {
        0 | 1 => String::new(),
        n => format!(" and {} more of the batch", n - 1),
    };
    BatchFailure {
        reason: BatchFailureReason::NotYours,
        text: format!(
            "message {named}{others} is not the adapter's to decide about: it was resolved before, or taken back when its time was up"
        ),
        culprits,
    }
}

fn error_of(outcome: &Outcome) -> Option<&ErrorInfo> {
    match outcome {
        Outcome::Failed(Failure { error, .. })
        | Outcome::NextTransport(error)
        | Outcome::Suspend(error)
        | Outcome::Suspect(error) => Some(error),
        Outcome::Delivered | Outcome::Resubmit { .. } | Outcome::Returned => None,
    }
}
