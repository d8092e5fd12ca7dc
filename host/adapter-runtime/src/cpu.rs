//! Guest CPU time: measured, and bounded.
//!
//! wasmtime's call hooks say when guest code begins and ends to run, so that the clock ([`clock`]) runs
//! for nothing else: neither the host's work for a guest nor a wait is charged to it.
//!
//! In every epoch in which guest code runs, the host gets a say. It ends a guest that has used too much
//! (see [`CpuGuard`]), and lets the thread's other instances have a turn, or more than that ([`rest`]).

mod clock;
mod heat;
mod pulse;
mod quota;
mod rest;

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline};

use crate::context::Context;
use crate::engine::{EPOCH, Ticker};
use crate::limits::{Exceeded, Limits};

use clock::GuestClock;
use heat::Heat;
use rest::Rest;

use pulse::Pulse;
use quota::Quota;

pub(crate) use pulse::counting_visits;

/// At least so long may a guest that keeps calling the host hold up the event loop: the time goes by in
/// the host and is not charged, but nothing else of its instance gets on.
const LEAST_HOLD_UP: Duration = Duration::from_secs(10);

/// What bounds the CPU time of an instance.
#[derive(Clone, Debug)]
pub(crate) struct CpuBudget {
    /// For one message, and between two turns of the event loop.
    per_message: Duration,
    /// For all instances of the pool within a second.
    per_second: Option<Arc<Quota>>,
    /// Ticks faster while a guest has to be kept in check.
    ticker: Ticker,
}

/// Watches over one instance. A *break* is where the guest lets go by itself: the event loop turns, or
/// the guest waits for the host.
///
/// Between two breaks it may use as much as one message may. What messages have used altogether is the
/// ledger's business; see [`crate::ledger::Ledger::largest_cpu`].
#[derive(Debug)]
pub(crate) struct CpuGuard {
    clock: GuestClock,
    budget: CpuBudget,
    pulse: Arc<Pulse>,
    /// The clock at the last break.
    broke_at: Duration,
    /// The clock when the quota was last told.
    told: Duration,
    /// How long the guest, and the host for it, have kept the thread since the last break.
    held_up: Duration,
    heat: Heat,
}

impl CpuBudget {
    pub(crate) fn new(limits: &Limits, ticker: Ticker) -> Self {
        let quota = |limit| Arc::new(Quota::new(limit, Instant::now()));
        Self {
            per_message: limits.cpu_per_message,
            per_second: limits.cpu_per_second.map(quota),
            ticker,
        }
    }
}

impl CpuGuard {
    pub(crate) fn new(budget: CpuBudget) -> Self {
        Self {
            clock: GuestClock::default(),
            budget,
            pulse: Arc::default(),
            broke_at: Duration::ZERO,
            told: Duration::ZERO,
            held_up: Duration::ZERO,
            heat: Heat::new(Instant::now()),
        }
    }

    /// What [`counting_visits`] counts with.
    pub(crate) fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// Guest time of this instance. Exact while no guest code runs.
    pub(crate) fn used(&self) -> Duration {
        self.clock.used()
    }

    /// The event loop turned.
    pub(crate) fn turned(&mut self) {
        self.broke_at = self.clock.used();
        self.held_up = Duration::ZERO;
    }

    /// One more epoch in which the guest runs.
    fn tick(&mut self, now: Instant) -> Result<Rest, Exceeded> {
        match self.pulse.running_since() {
            Some(resumed) => {
                // Its slice was nothing but its own: what the thread has not used, the guest has not.
                let slice = self.clock.used().saturating_sub(self.told);
                let real = resumed.thread_time().unwrap_or(slice);
                self.clock.forgive(slice.saturating_sub(real));
                self.held_up += now.duration_since(resumed.at);
            }
            None => self.waited(),
        }
        let used = self.clock.used();
        let slice = used.saturating_sub(self.told);
        self.told = used;
        self.check()?;
        Ok(self.rest(slice, now))
    }

    /// It waited for the host before the slice that ends now, or the loop turned.
    fn waited(&mut self) {
        self.broke_at = self.broke_at.max(self.told);
        self.held_up = Duration::ZERO;
    }

    fn stretch(&self) -> Duration {
        self.clock.used().saturating_sub(self.broke_at)
    }

    fn check(&self) -> Result<(), Exceeded> {
        let limit = self.budget.per_message;
        let stretch = self.stretch();
        if stretch > limit {
            return Err(Exceeded::CpuStretch {
                used: stretch,
                limit,
            });
        }
        if self.held_up > limit.saturating_mul(10).max(LEAST_HOLD_UP) {
            let held_up = self.held_up;
            return Err(Exceeded::HoldUp { held_up, limit });
        }
        Ok(())
    }

    fn rest(&mut self, slice: Duration, now: Instant) -> Rest {
        let quota = self.budget.per_second.as_ref();
        if let Some(end) = quota.and_then(|quota| quota.charge(slice, now)) {
            return Rest::Until(end);
        }
        // Short steps heat nobody, however many there are: the thread's others get a turn after each.
        let is_long = self.stretch() >= EPOCH / 2;
        let computed = if is_long { slice } else { Duration::ZERO };
        let is_hot = self.heat.add(computed, now);
        self.pulse.set_aside(is_hot);
        if is_hot {
            self.budget.ticker.hurry(now);
            return Rest::Aside;
        }
        Rest::Turn
    }
}

/// Measures and bounds the guest code of this store.
pub(crate) fn watch(store: &mut Store<Context>) {
    store.call_hook(|mut store, hook| {
        let clock = &mut store.data_mut().cpu.clock;
        if hook.exiting_host() {
            clock.start();
        } else {
            clock.stop();
        }
        Ok(())
    });
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        let context = store.data_mut();
        let rest = context.cpu.tick(Instant::now())?;
        context.check_messages()?;
        let resting = rest.take(context.cpu.pulse());
        Ok(UpdateDeadline::YieldCustom(1, Box::pin(resting)))
    });
}

#[cfg(test)]
mod tests;
