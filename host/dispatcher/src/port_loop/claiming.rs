//! Claiming messages while there are credits, and submitting them.
//!
//! Credits are the high watermark less what is unresolved. One claim is open at a time.

use std::time::Duration;

use message_box::{Claim, Error, Leased};
use model::transmit::Delivery;
use model::{Timestamp, Verdict};
use tokio::time::Instant;

use super::{Finished, PortLoop, wake_for};
use crate::backoff::Backoff;
use crate::clock;
use crate::settle::Decision;
use crate::unresolved::Held;

/// While less than this part of the watermark is free, claiming waits a moment for more, so that
/// claims stay large when messages come and go by the thousand …
const WORTHWHILE: usize = 4;
/// … but no longer than this: behind slow messages the last credits are used too.
const PATIENCE: Duration = Duration::from_millis(5);

/// The pauses after a pool handed messages back untried. They are due again at once, and a pool that
/// cannot take any would otherwise pass them round as fast as the machine goes.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is known about the feed.
#[derive(Debug)]
pub(super) struct Claiming {
    /// A claim may find something. While false, the feed is listened to instead.
    pub(super) hungry: bool,
    /// How many messages the open claim asks for.
    asked: Option<usize>,
    /// The earliest message that is not due yet.
    next_due: Option<Timestamp>,
    /// Since when few credits were free.
    waiting_since: Option<Instant>,
    /// Paused while the pool hands messages back.
    pub(super) handed_back: Backoff,
}

impl Claiming {
    pub(super) fn new() -> Self {
        Self {
            hungry: true,
            asked: None,
            next_due: None,
            waiting_since: None,
            handed_back: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE),
        }
    }

    /// A claim is open.
    pub(super) fn is_underway(&self) -> bool {
        self.asked.is_some()
    }
}

impl PortLoop {
    /// Begins a claim if there are credits and something may be found.
    pub(super) fn claim_more(&mut self, now: Instant) {
        if self
            .claiming
            .next_due
            .is_some_and(|due| due <= clock::now())
        {
            self.claiming.next_due = None;
            self.claiming.hungry = true;
        }
        if !self.may_claim()
            || !self.claiming.handed_back.is_ready(now)
            || !self.storage_is_calm(now)
        {
            return;
        }
        let watermark = self.port.settings.high_watermark.max(1);
        let free = watermark.saturating_sub(self.unresolved.len());
        if free == 0 {
            return;
        }
        if free < watermark.div_ceil(WORTHWHILE) {
            let since = *self.claiming.waiting_since.get_or_insert(now);
            if now < since + PATIENCE {
                return;
            }
        }
        self.claiming.waiting_since = None;
        self.begin_claim(free);
    }

    fn may_claim(&self) -> bool {
        self.drain.is_none()
            && self.claiming.hungry
            && !self.claiming.is_underway()
            && self.starting.is_up()
    }

    fn begin_claim(&mut self, limit: usize) {
        self.claiming.asked = Some(limit);
        let feed = self.feed.clone();
        let now = clock::now();
        let held_at_most = self
            .timing
            .held_at_most(self.port.settings.delivery_timeout);
        let lease_until = now.after(held_at_most.saturating_add(self.timing.lease_margin));
        // Never cancelled: a claim that is dropped half way has leased messages for nobody.
        self.begin(async move { Finished::Claimed(feed.claim(limit, now, lease_until).await) });
    }

    pub(super) fn claimed(&mut self, result: Result<Claim, Error>) {
        let asked = self.claiming.asked.take().unwrap_or_default();
        let claim = match result {
            Ok(claim) => claim,
            Err(error) => return self.storage_failed(&error),
        };
        self.storage_worked();
        self.claiming.next_due = claim.next_due;
        // A short claim is all there is: the feed calls when there is more.
        self.claiming.hungry = claim.messages.len() >= asked;
        if self.drain.is_some() {
            return self.release(claim.messages);
        }
        let now = Instant::now();
        let messages = claim.messages.into_iter();
        let deliveries: Vec<_> = messages.filter_map(|m| self.enter(m, now)).collect();
        if !deliveries.is_empty() {
            self.pool.submit(deliveries);
        }
    }

    fn enter(&mut self, leased: Leased, now: Instant) -> Option<Delivery> {
        let transport = &self.port.settings.primary;
        let message = leased.message;
        let held = Held {
            lease: leased.lease,
            attempts: message.attempts,
        };
        if !self.unresolved.enter(message.id, held, now) {
            tracing::warn!(
                port = %message.port, id = %message.id,
                "the lease ran out while the adapter has the message; it is not delivered twice"
            );
            return None;
        }
        Some(Delivery {
            address: transport.address.clone(),
            configuration: transport.configuration.clone(),
            retries_left: transport.retry.count.saturating_sub(message.attempts),
            alone: leased.alone,
            message,
        })
    }

    /// Gives back what a claim brought after the drain had begun.
    fn release(&mut self, messages: Vec<Leased>) {
        let decisions = messages.into_iter().map(|leased| Decision {
            id: leased.message.id,
            lease: leased.lease,
            verdict: Verdict::Release {
                alone: leased.alone,
            },
        });
        self.settling.decided.extend(decisions);
    }

    /// When a claim is due though nothing happens.
    pub(super) fn claim_wake(&self, now: Instant) -> Option<Instant> {
        if self.drain.is_some() || self.claiming.is_underway() {
            return None;
        }
        if !self.claiming.hungry {
            return self.claiming.next_due.map(|due| wake_for(due, now));
        }
        let patience = self.claiming.waiting_since.map(|since| since + PATIENCE);
        let times = [
            self.claiming.handed_back.retry_at(),
            self.settling.storage.retry_at(),
            patience,
        ];
        // A time that has passed is not what the claim waits for.
        times.into_iter().flatten().filter(|time| *time > now).max()
    }
}
