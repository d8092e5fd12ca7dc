//! How many messages may be claimed now: the least of what the watermark, the rate limit, the adapter's
//! watermark, the window and the breaker leave.

use std::time::Duration;

use model::{Enlistment, RateLimit, TokenBucket};
use tokio::time::Instant;

use super::{Finished, PortLoop};
use crate::route::Gate;
use crate::status::Throttling;

/// While less than this part of the watermark is free, claiming waits a moment for more, so that
/// claims stay large when messages come and go by the thousand …
const WORTHWHILE: usize = 4;
/// … but no longer than this: behind slow messages the last credits are used too.
pub(super) const PATIENCE: Duration = Duration::from_millis(5);

/// The port's rate limit, if it has one.
#[derive(Debug)]
pub(super) struct Rate {
    limit: Option<RateLimit>,
    bucket: Option<TokenBucket>,
}

impl Rate {
    pub(super) fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            bucket: None,
        }
    }

    fn bucket(&mut self, now: Instant) -> Option<&mut TokenBucket> {
        let limit = self.limit?;
        let bucket = &mut self.bucket;
        Some(bucket.get_or_insert_with(|| TokenBucket::new(limit, now.into_std())))
    }

    fn available(&mut self, now: Instant) -> usize {
        self.bucket(now)
            .map_or(usize::MAX, |bucket| bucket.available(now.into_std()))
    }

    fn take(&mut self, count: usize) {
        if let Some(bucket) = &mut self.bucket {
            bucket.take(count);
        }
    }

    pub(super) fn give_back(&mut self, count: usize) {
        if let Some(bucket) = &mut self.bucket {
            bucket.give_back(count);
        }
    }

    /// When the next message may go.
    fn next(&self) -> Option<Instant> {
        self.bucket
            .as_ref()
            .map(|bucket| Instant::from_std(bucket.next()))
    }
}

impl PortLoop {
    /// How many messages the route may claim now. When it is none, the route knows what it waits for.
    pub(super) fn allowance(&mut self, route: usize, now: Instant) -> usize {
        self.routes[route].claiming.throttled = None;
        self.routes[route].claiming.not_before = None;
        let allowed = match self.routes[route].gate(now) {
            Gate::Open(allowed) => allowed.unwrap_or(usize::MAX),
            Gate::Waiting => 0,
            Gate::Shut(until) => {
                self.routes[route].claiming.not_before = Some(until);
                0
            }
        };
        if allowed == 0 {
            return 0;
        }
        let free = self.free(route, now);
        if free == 0 {
            return 0;
        }
        let rate = self.rate.available(now);
        if rate == 0 {
            let claiming = &mut self.routes[route].claiming;
            claiming.throttled = Some(Throttling::RateLimit);
            claiming.not_before = self.rate.next();
            return 0;
        }
        let wanted = free.min(allowed).min(rate);
        let taken = self.take_credits(route, wanted);
        self.rate.take(taken);
        taken
    }

    /// What the watermark leaves, once it is worth a claim.
    fn free(&mut self, route: usize, now: Instant) -> usize {
        let watermark = self.port.settings.high_watermark.max(1);
        let asked: usize = self.routes.iter().map(|r| r.claiming.asked()).sum();
        let free = watermark.saturating_sub(self.unresolved.len() + asked);
        let claiming = &mut self.routes[route].claiming;
        if free == 0 {
            // Credits that an open claim of the other route has asked for may come back in a moment.
            let is_reached = self.unresolved.len() >= watermark;
            claiming.throttled = is_reached.then_some(Throttling::HighWatermark);
            return 0;
        }
        if free < watermark.div_ceil(WORTHWHILE) {
            let since = *claiming.waiting_since.get_or_insert(now);
            if now < since + PATIENCE {
                return 0;
            }
        }
        claiming.waiting_since = None;
        free
    }

    /// Takes credits of all adapters the messages may turn out to be for; those of the others are given
    /// back when that is known.
    fn take_credits(&mut self, route: usize, wanted: usize) -> usize {
        let limited = self.routes[route]
            .pools
            .iter()
            .filter_map(|p| p.credits.as_ref());
        let limited: Vec<_> = limited.cloned().collect();
        // Before the credits are looked at, or a return between the two would not be heard.
        let freed: Vec<_> = limited.iter().map(|credits| credits.freed()).collect();
        let taken: Vec<_> = limited.iter().map(|credits| credits.take(wanted)).collect();
        let least = taken.iter().copied().min().unwrap_or(wanted);
        for (credits, taken) in limited.iter().zip(&taken) {
            credits.give_back(taken - least);
        }
        let claiming = &mut self.routes[route].claiming;
        if least == 0 {
            claiming.throttled = Some(Throttling::AdapterWatermark);
            if !std::mem::replace(&mut claiming.waits_for_credits, true) {
                self.begin(async move {
                    drop(futures::future::select_all(freed.into_iter().map(Box::pin)).await);
                    Finished::CreditsFreed(route)
                });
            }
        }
        least
    }

    /// A claim brought fewer messages than it had asked for.
    pub(super) fn give_back_allowance(&mut self, route: usize, count: usize) {
        self.rate.give_back(count);
        for pooled in &self.routes[route].pools {
            if let Some(credits) = &pooled.credits {
                credits.give_back(count);
            }
        }
    }

    /// A message of the route is with this pool: the credits of the others are free again.
    pub(super) fn keep_credit(&self, route: usize, pool: usize) {
        let pools = self.routes[route].pools.iter().enumerate();
        for (_, other) in pools.filter(|(place, _)| *place != pool) {
            if let Some(credits) = &other.credits {
                credits.give_back(1);
            }
        }
    }

    /// A message has left its pool for good.
    pub(super) fn free_credit(&self, route: usize, pool: usize) {
        let pooled = self.routes[route].pools.get(pool);
        if let Some(credits) = pooled.and_then(|pooled| pooled.credits.as_ref()) {
            credits.give_back(1);
        }
    }

    /// The loop ends: whatever it has reserved is free.
    pub(super) fn free_all_credits(&mut self) {
        for route in 0..self.routes.len() {
            let asked = self.routes[route].claiming.asked();
            self.give_back_allowance(route, asked);
        }
        for (route, pool) in self.unresolved.places() {
            self.free_credit(route, pool);
        }
    }

    /// Why a started port hands over nothing, for the board.
    pub(super) fn throttling(&self) -> Option<Throttling> {
        let is_started = *self.enlistments.borrow() == Enlistment::Started;
        let throttled = self
            .routes
            .iter()
            .find_map(|route| route.claiming.throttled);
        throttled.filter(|_| is_started && self.drain.is_none())
    }
}
