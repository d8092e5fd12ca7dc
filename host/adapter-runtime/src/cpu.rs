//! Bounds the CPU time a guest may take without a break.
//!
//! Every epoch in which the guest is still running counts as one slice; it yields to the thread's other
//! instances and goes on. The count starts again whenever the guest visibly gets somewhere: it calls the
//! host, or the event loop turns. Host waits are not counted, because no guest code runs in them.

use std::time::Duration;

use wasmtime::{Store, UpdateDeadline};

use crate::context::Context;
use crate::engine::EPOCH;

/// Counts the slices of one instance.
#[derive(Debug)]
pub(crate) struct CpuGuard {
    slices: u32,
    limit: u32,
    budget: Duration,
}

impl CpuGuard {
    pub(crate) fn new(budget: Duration) -> Self {
        let slices = budget.as_millis().div_ceil(EPOCH.as_millis());
        Self {
            slices: 0,
            limit: u32::try_from(slices).unwrap_or(u32::MAX).max(1),
            budget,
        }
    }

    /// The guest got somewhere.
    pub(crate) fn reset(&mut self) {
        self.slices = 0;
    }
}

/// Makes epochs count in this store.
pub(crate) fn guard(store: &mut Store<Context>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        let cpu = &mut context.data_mut().cpu;
        cpu.slices += 1;
        if cpu.slices > cpu.limit {
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
