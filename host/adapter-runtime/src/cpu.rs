//! Bounds the CPU time a guest may take without a break.
//!
//! Every epoch in which the guest is still running counts as one slice; it yields to the thread's other
//! instances and goes on. The count starts again whenever the guest visibly gets somewhere: it calls the
//! host, or the event loop turns. Host waits are not counted, because no guest code runs in them.
//!
//! A guest that calls the host over and over never lets the event loop turn; a second, longer count that
//! only a turn resets ends that as well.
//!
//! A synchronous guest that waits for the host (WASI 0.2 sockets, say) keeps its event loop from turning
//! for as long as it waits, and uses no CPU. Such waits are seen from outside: the thread was given back
//! more often than the guard's own yields explain.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wasmtime::{Store, UpdateDeadline};

use crate::context::Context;
use crate::engine::EPOCH;

/// At least so long may a guest that keeps calling the host hold up the event loop. Twice the longest
/// time between two turns of an idle loop: a guest that was resumed in every epoch of it is innocent.
const LEAST_HOLD_UP: Duration = Duration::from_secs(10);

/// Counts the slices of one instance.
#[derive(Debug)]
pub(crate) struct CpuGuard {
    /// Since the last call of the host.
    slices: u32,
    /// Since the last turn of the event loop.
    since_turn: u32,
    budget: Duration,
    /// Times that the thread came to this instance.
    visits: Arc<AtomicU64>,
    /// As many as there would be now if the guest had run ever since the last tick.
    expected: u64,
}

impl CpuGuard {
    pub(crate) fn new(budget: Duration) -> Self {
        Self {
            slices: 0,
            since_turn: 0,
            budget,
            visits: Arc::default(),
            expected: 0,
        }
    }

    /// What [`counting_visits`] counts with.
    pub(crate) fn visits(&self) -> Arc<AtomicU64> {
        self.visits.clone()
    }

    /// The guest got somewhere.
    pub(crate) fn reset(&mut self) {
        self.slices = 0;
    }

    /// The event loop turned: no guest code is running.
    pub(crate) fn turned(&mut self) {
        self.slices = 0;
        self.since_turn = 0;
    }

    /// One more epoch; false when the guest has had enough of them.
    fn tick(&mut self) -> bool {
        let visits = self.visits.load(Ordering::Relaxed);
        if visits > self.expected {
            // It waited for the host in between.
            self.turned();
        }
        // The guest yields now; the next visit goes on with it.
        self.expected = visits + 1;
        self.slices += 1;
        self.since_turn += 1;
        let hold_up = self.budget.saturating_mul(10).max(LEAST_HOLD_UP);
        self.slices <= epochs(self.budget) && self.since_turn <= epochs(hold_up)
    }
}

fn epochs(time: Duration) -> u32 {
    let epochs = time.as_millis().div_ceil(EPOCH.as_millis());
    u32::try_from(epochs).unwrap_or(u32::MAX - 1).max(1)
}

/// Runs what runs a guest, and counts how often the thread comes to it.
pub(crate) async fn counting_visits<F: Future>(visits: Arc<AtomicU64>, running: F) -> F::Output {
    let mut running = pin!(running);
    poll_fn(|cx| {
        visits.fetch_add(1, Ordering::Relaxed);
        running.as_mut().poll(cx)
    })
    .await
}

/// Makes epochs count in this store.
pub(crate) fn guard(store: &mut Store<Context>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        let cpu = &mut context.data_mut().cpu;
        if !cpu.tick() {
            let budget = cpu.budget;
            return Err(wasmtime::format_err!(
                "interrupted: the guest ran for {budget:?} without a break (cpu-limit)"
            ));
        }
        // Not `Yield`: waking itself at once would starve the thread's I/O driver.
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        ))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(guard: &mut CpuGuard, mut between: impl FnMut(&mut CpuGuard)) -> u32 {
        let mut ticks = 0;
        while guard.tick() && ticks < 1_000_000 {
            between(guard);
            ticks += 1;
        }
        ticks
    }

    #[test]
    fn a_guest_is_ended_by_silence_or_by_holding_up_the_loop() {
        let mut guard = CpuGuard::new(Duration::from_millis(100));
        assert_eq!(ticks(&mut guard, |_| ()), 20, "computes and nothing else");
        guard.turned();
        assert_eq!(
            ticks(&mut guard, CpuGuard::reset),
            2000,
            "calls the host over and over"
        );
        guard.turned();
        assert_eq!(ticks(&mut guard, CpuGuard::turned), 1_000_000, "works");
    }

    #[test]
    fn waits_for_the_host_are_not_the_guests_time() {
        let mut guard = CpuGuard::new(Duration::from_millis(100));
        let visits = guard.visits();
        let visit = |times: u64| {
            let visits = visits.clone();
            move |_: &mut CpuGuard| {
                visits.fetch_add(times, Ordering::Relaxed);
            }
        };
        visit(1)(&mut guard);
        assert_eq!(ticks(&mut guard, visit(1)), 20, "yields and goes on");
        guard.turned();
        assert_eq!(
            ticks(&mut guard, visit(2)),
            1_000_000,
            "yields, goes on, and waits for the host"
        );
    }

    #[tokio::test]
    async fn every_poll_is_a_visit() {
        let visits = Arc::new(AtomicU64::new(0));
        let running = async {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        };
        counting_visits(visits.clone(), running).await;
        assert_eq!(visits.load(Ordering::Relaxed), 3);
    }
}
