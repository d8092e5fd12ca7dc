//! Committing decisions, several transactions at once; again and again when the storage fails.
//!
//! A decision that was made is kept until it is committed, or its lease is found to be somebody
//! else's, or the host ends. While the storage fails, one careful round is open at a time and nothing
//! is claimed: what waits to be settled could be claimed again once its lease has run out.

use std::time::Duration;

use message_box::Error;
use model::{ErrorInfo, Verdict};
use tokio::time::Instant;

use super::{Finished, PortLoop};
use crate::backoff::Backoff;
use crate::clock;
use crate::settle::{Batch, Decision, Round};
use crate::throttle::Throttle;

/// Rounds open at once: one on its way to the disk and one that waits behind it. Decisions that come
/// while both are open make the next round larger, which is what makes one fsync serve many messages
/// even when their outcomes come one by one.
const ROUNDS: usize = 2;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is on its way to the disk.
#[derive(Debug)]
pub(super) struct Settling {
    /// Decided and in no round.
    pub(super) decided: Vec<Decision>,
    /// Open rounds.
    pub(super) rounds: usize,
    /// Open outcome batches and transactions, those that wait for the storage included.
    pub(super) batches: usize,
    /// Outcome batches that the storage refused, to be tried again.
    pub(super) waiting: Vec<Batch>,
    /// How the message box is doing.
    pub(super) storage: Backoff,
    failures: Throttle,
}

impl Settling {
    pub(super) fn new() -> Self {
        Self {
            decided: Vec::new(),
            rounds: 0,
            batches: 0,
            waiting: Vec::new(),
            storage: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
            failures: Throttle::default(),
        }
    }

    /// Nothing is decided that is not on disk.
    pub(super) fn is_idle(&self) -> bool {
        self.rounds == 0 && self.batches == 0 && self.decided.is_empty()
    }

    /// No further decision could be settled now.
    pub(super) fn is_full(&self) -> bool {
        self.rounds >= ROUNDS
    }

    /// When the next careful round is due.
    pub(super) fn wake(&self) -> Option<Instant> {
        let waits = !self.decided.is_empty() && self.rounds == 0;
        let waits = waits || !self.waiting.is_empty();
        self.storage.retry_at().filter(|_| waits)
    }
}

impl PortLoop {
    /// Begins a round with everything that is decided.
    pub(super) fn settle_more(&mut self, now: Instant) {
        self.settle_waiting_batches(now);
        let settling = &mut self.settling;
        let is_careful = settling.storage.is_failing();
        let rounds = if is_careful { 1 } else { ROUNDS };
        if settling.decided.is_empty()
            || settling.rounds >= rounds
            || !settling.storage.is_ready(now)
        {
            return;
        }
        settling.rounds += 1;
        let decisions = std::mem::take(&mut settling.decided);
        let message_box = self.message_box.clone();
        self.begin(async move {
            Finished::Settled(if is_careful {
                Round::deletions_first(&message_box, decisions).await
            } else {
                Round::at_once(&message_box, decisions).await
            })
        });
    }

    pub(super) fn round_ended(&mut self, round: Round) {
        self.settling.rounds -= 1;
        self.count(&round.settled);
        self.forget(&round.gone);
        self.settling.decided.extend(round.left);
        match round.error {
            Some(error) => self.storage_failed(&error),
            None => self.storage_worked(),
        }
    }

    /// Committed: the credits are free.
    pub(super) fn count(&mut self, decisions: &[Decision]) {
        let mut handed_back = [false; 2];
        let mut progress = false;
        for decision in decisions {
            if let Some(held) = self.unresolved.remove(decision.id, decision.lease) {
                self.free_credit(held.route, held.pool);
                self.note_drained(decision);
            }
            self.tally_up(decision);
            match decision.verdict() {
                Verdict::Release { alone } => handed_back[decision.route.min(1)] |= !alone,
                _ => progress = true,
            }
        }
        if progress {
            self.tally.last_progress = Some(clock::now());
            let is_busy = self.message_box.pending(&self.port.settings.name) > 0;
            self.port.pulse.beat(Instant::now(), is_busy);
        }
        for (route, handed_back) in self.routes.iter_mut().zip(handed_back) {
            if progress {
                route.claiming.handed_back.recovered();
            } else if handed_back {
                let why = "the adapter handed messages back".to_owned();
                route.claiming.handed_back.failed(why, Instant::now());
            }
        }
    }

    fn tally_up(&mut self, decision: &Decision) {
        let tally = &mut self.tally;
        tally.expired += u64::from(decision.expired);
        match decision.verdict() {
            Verdict::Delete => tally.delivered += 1,
            Verdict::Resubmit { .. } => tally.retried += 1,
            Verdict::NextTransport { .. } => tally.moved += 1,
            Verdict::Route(_) => tally.routed += 1,
            Verdict::Release { .. } => tally.returned += 1,
            Verdict::Suspend { error, .. } => {
                tally.suspended += 1;
                let port = &self.port.settings.name;
                tracing::debug!(%port, id = %decision.id, %error, "suspended");
                if let Some(held_back) = self.suspensions.admit(Instant::now()) {
                    tracing::warn!(%port, id = %decision.id, %error, held_back, "message suspended: it waits for a person");
                }
            }
        }
    }

    /// Their leases are not ours any more: whoever has them resolves them.
    pub(super) fn forget(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            let id = decision.id;
            tracing::error!(
                port = %self.port.settings.name, %id, verdict = ?decision.verdict(),
                "the message box says that the lease is over: the outcome is dropped, the message may be delivered again"
            );
            if let Some(held) = self.unresolved.remove(id, decision.lease) {
                self.free_credit(held.route, held.pool);
                self.note_gone(id);
            }
        }
    }

    pub(super) fn storage_failed(&mut self, error: &Error) {
        let now = Instant::now();
        let text = error.to_string();
        if let Some(held_back) = self.settling.failures.admit(now) {
            tracing::error!(
                port = %self.port.settings.name, error = text, held_back,
                "the message box fails: nothing is lost, it is tried again"
            );
        }
        let error = ErrorInfo::new("message-box", text.as_str());
        self.news = Some((clock::now(), error));
        self.settling.storage.failed(text, now);
        // The next claim finds out whether it works again, even when no message is waited for.
        for route in &mut self.routes {
            route.claiming.hungry = true;
        }
    }

    /// Something was committed or read. That counts as health only when nothing waits that was not:
    /// a disk that takes deletions and nothing else is still full.
    pub(super) fn storage_worked(&mut self) {
        let settling = &mut self.settling;
        let is_idle =
            settling.rounds == 0 && settling.decided.is_empty() && settling.waiting.is_empty();
        if is_idle && settling.storage.recovered() {
            tracing::info!(port = %self.port.settings.name, "the message box works again");
        }
    }

    /// True when a claim does no harm: the storage works, or it is time to find out whether it does.
    pub(super) fn storage_is_calm(&self, now: Instant) -> bool {
        let storage = &self.settling.storage;
        !storage.is_failing() || (storage.is_ready(now) && self.settling.is_idle())
    }
}
