//! Bounds the CPU time a guest may take without a break.
//!
//! Every epoch in which the guest is still running counts as one slice; it yields to the thread's other
//! instances and goes on. The count starts again whenever the guest visibly gets somewhere: it calls the
//! host, or the event loop turns. Host waits are not counted, because no guest code runs in them.
//!
//! A guest that calls the host over and over never lets the event loop turn; a second, longer count that
//! only a turn resets ends that as well.

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
}

impl CpuGuard {
    pub(crate) fn new(budget: Duration) -> Self {
        Self {
            slices: 0,
            since_turn: 0,
            budget,
        }
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
}
