//! Turning what a pool reports into decisions, and finding the messages it never reports about.

use std::sync::Arc;
use std::time::Duration;

use model::{
    ErrorInfo, Failure, MessageId, Outcome, Response, Retry, Timestamp, Verdict, conclude, decide,
};
use tokio::time::Instant;

use super::PortLoop;
use crate::clock;
use crate::settle::Decision;
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
            for prepared in arrivals.prepared.drain(..) {
                self.begin_transaction(prepared, now);
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
                let decision = self.decision(&held, outcome, now);
                self.settling.decided.push(decision);
            }
            Resolution::Deferred => {}
            Resolution::TooLate => {
                self.tally.ignored += 1;
                tracing::debug!(port = %self.port.settings.name, %id, "outcome ignored: the message was resolved before");
            }
        }
    }

    /// What is to be done about a message whose outcome is known. The breaker of its route hears of it.
    pub(super) fn decision(&mut self, held: &Held, outcome: Outcome, now: Timestamp) -> Decision {
        if let Some(error) = error_of(&outcome) {
            self.news = Some((now, error.clone()));
        }
        self.tell_breaker(held.route, &outcome);
        let dice = self.dice.throw();
        let standing = self.standing(&held.message, now, dice);
        let (verdict, response) = match outcome {
            Outcome::Answered(response) => (Verdict::Delete, Some(response)),
            outcome => (decide(outcome, standing), None),
        };
        self.concluded(held, verdict, response, now)
    }

    /// A verdict with everything that follows from it.
    pub(super) fn concluded(
        &self,
        held: &Held,
        verdict: Verdict,
        response: Option<Response>,
        now: Timestamp,
    ) -> Decision {
        let settings = &self.port.settings;
        let is_final = matches!(verdict, Verdict::Suspend { .. });
        let adapter = is_final.then(|| self.version(held));
        let named = adapter.as_deref().unwrap_or_default();
        let mut conclusion = conclude(settings, &held.message, named, verdict, response, now);
        for emission in &mut conclusion.emissions {
            self.directory.complete(emission, now);
        }
        if let Verdict::Route(emission) = &mut conclusion.verdict {
            self.directory.complete(emission, now);
        }
        let retention = settings.two_way.as_ref().map(|two_way| two_way.retention);
        Decision {
            id: held.message.id,
            lease: held.lease,
            route: held.route,
            conclusion,
            answer_until: now.after(retention.unwrap_or_default()),
            adapter,
            expired: false,
        }
    }

    fn version(&self, held: &Held) -> Arc<str> {
        let pools = self.routes.get(held.route).map(|route| &route.pools);
        let pooled = pools.and_then(|pools| pools.get(held.pool));
        pooled.map_or_else(|| Arc::from(""), |pooled| pooled.pool.version())
    }

    /// The message's own fault is none of the destination's.
    fn tell_breaker(&mut self, route: usize, outcome: &Outcome) {
        let Some(breaker) = &mut self.routes[route].breaker else {
            return;
        };
        match outcome {
            Outcome::Delivered
            | Outcome::Answered(_)
            | Outcome::Failed(Failure {
                retry: Retry::Never,
                ..
            }) => breaker.succeeded(),
            Outcome::Failed(_) | Outcome::Resubmit { .. } | Outcome::NextTransport(_) => {
                if breaker.failed(Instant::now().into_std()) {
                    let slot = self.routes[route].slot.as_str();
                    tracing::warn!(
                        port = %self.port.settings.name, transport = slot,
                        "the circuit breaker is open: the destination only fails, messages wait"
                    );
                }
            }
            Outcome::Suspend(_) | Outcome::Returned | Outcome::Suspect(_) => breaker.undecided(),
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

fn error_of(outcome: &Outcome) -> Option<&ErrorInfo> {
    match outcome {
        Outcome::Failed(Failure { error, .. })
        | Outcome::NextTransport(error)
        | Outcome::Suspend(error)
        | Outcome::Suspect(error) => Some(error),
        Outcome::Delivered
        | Outcome::Answered(_)
        | Outcome::Resubmit { .. }
        | Outcome::Returned => None,
    }
}
