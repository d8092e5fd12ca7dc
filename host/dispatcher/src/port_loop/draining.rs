//! Terminating a port: no more claims, the pool is given until the deadline, what is decided is
//! committed, and what is left is handed back.

use std::time::Duration;

use model::transmit::Terminated;
use model::{MessageId, Outcome, Verdict};
use tokio::time::Instant;

use super::{Finished, PortLoop};
use crate::clock;
use crate::drain::PortDrain;
use crate::settle::Decision;

/// How long after its deadline a pool may take to end. Longer, and it is left behind.
const POOL_OVERRUN: Duration = Duration::from_secs(5);

/// A drain under way.
#[derive(Debug)]
pub(super) struct Drain {
    deadline: Instant,
    phase: Phase,
    report: PortDrain,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The pool is terminating; outcomes are taken as ever.
    Pool,
    /// The pool says it is done. Its last reports may still be on their way from other threads.
    LastReports { until: Instant },
    /// Nothing is heard any more; what is decided is being committed.
    LastSettlements { until: Instant },
}

impl Drain {
    pub(super) fn wake(&self) -> Option<Instant> {
        match self.phase {
            Phase::Pool => None,
            Phase::LastReports { until } | Phase::LastSettlements { until } => Some(until),
        }
    }
}

impl PortLoop {
    pub(super) fn begin_drain(&mut self, deadline: Instant) {
        let name = self.port.settings.name.clone();
        let in_flight = self.unresolved.len();
        tracing::info!(port = %name, in_flight, "terminating");
        self.drain = Some(Drain {
            deadline,
            phase: Phase::Pool,
            report: PortDrain {
                in_flight,
                ..PortDrain::empty(name)
            },
        });
        self.bequeath();
        let left = deadline.saturating_duration_since(Instant::now());
        let owners = self.routes.iter().filter(|route| !route.borrows);
        let pools = owners.flat_map(|route| &route.pools);
        let terminates: Vec<_> = pools.map(|pooled| pooled.pool.terminate(left)).collect();
        let at_most = left.saturating_add(POOL_OVERRUN);
        self.begin(async move {
            let all = futures::future::join_all(terminates);
            let terminated = tokio::time::timeout(at_most, all).await;
            Finished::Terminated(terminated.ok().map(together))
        });
    }

    pub(super) fn pools_terminated(&mut self, terminated: Option<Terminated>) {
        let Some(drain) = &mut self.drain else { return };
        match terminated {
            Some(terminated) => {
                drain.report.interrupted = terminated.interrupted;
                drain.report.perhaps_sent = terminated.handed_back;
            }
            None => {
                tracing::error!(port = %drain.report.port, "the pool did not terminate: it is left behind");
                drain.report.interrupted = true;
            }
        }
        let until = clock::later(Instant::now(), self.timing.last_settlements);
        drain.phase = Phase::LastReports { until };
    }

    /// Hands back what the pool did not report about, once it is clear that it will not.
    pub(super) fn drain_on(&mut self, now: Instant) {
        let Some(drain) = &mut self.drain else { return };
        if matches!(drain.phase, Phase::Pool) {
            return;
        }
        let unheard = self.unresolved.unheard();
        match drain.phase {
            Phase::LastReports { until } => {
                let is_complete = unheard.is_empty() && self.settling.batches == 0;
                if now < until && !is_complete {
                    return;
                }
                let at_least = clock::later(now, self.timing.last_settlements);
                let until = drain.deadline.max(at_least);
                drain.phase = Phase::LastSettlements { until };
            }
            // Now it is only what an outcome batch that failed so late has given back.
            Phase::Pool | Phase::LastSettlements { .. } => {}
        }
        drain.report.perhaps_sent.extend(&unheard);
        for id in unheard {
            self.resolve(id, Outcome::Returned, clock::now());
        }
    }

    /// True when an outcome batch comes too late.
    pub(super) fn hears_no_more(&self) -> bool {
        let phase = self.drain.as_ref().map(|d| d.phase);
        matches!(phase, Some(Phase::LastSettlements { .. }))
    }

    /// A message of the drain was settled.
    pub(super) fn note_drained(&mut self, decision: &Decision) {
        let Some(drain) = &mut self.drain else { return };
        match decision.verdict() {
            Verdict::Release { .. } => drain.report.handed_back.push(decision.id),
            _ => drain.report.settled += 1,
        }
    }

    /// A message of the drain turned out to be somebody else's.
    pub(super) fn note_gone(&mut self, id: MessageId) {
        if let Some(drain) = &mut self.drain {
            drain.report.handed_back.push(id);
            drain.report.perhaps_sent.push(id);
        }
    }

    /// True when the pool is gone and everything is on disk, or waiting for that takes too long.
    pub(super) fn is_drained(&self, now: Instant) -> bool {
        let phase = self.drain.as_ref().map(|d| d.phase);
        let Some(Phase::LastSettlements { until }) = phase else {
            return false;
        };
        let is_done = self.unresolved.is_empty() && self.settling.is_idle() && !self.is_claiming();
        is_done || now >= until
    }

    fn is_claiming(&self) -> bool {
        self.routes.iter().any(|route| route.claiming.is_underway())
    }

    /// The report as it stands. What is not settled on disk stays in the message box and is delivered
    /// again, though its adapter may have sent it.
    pub(super) fn cut_short(&self) -> PortDrain {
        let mut report = match &self.drain {
            Some(drain) => drain.report.clone(),
            None => PortDrain {
                in_flight: self.unresolved.len(),
                interrupted: true,
                ..PortDrain::empty(self.port.settings.name.clone())
            },
        };
        report.handed_back.extend(self.unresolved.ids());
        report.perhaps_sent.extend(self.unresolved.ids());
        for ids in [&mut report.handed_back, &mut report.perhaps_sent] {
            ids.sort_unstable();
            ids.dedup();
        }
        // The pool may count as uncertain what was resolved on the way.
        let handed_back = &report.handed_back;
        let is_back = |id: &MessageId| handed_back.binary_search(id).is_ok();
        report.perhaps_sent.retain(is_back);
        report
    }
}

/// The ends of a port's pools as one.
fn together(ends: Vec<Terminated>) -> Terminated {
    let mut all = Terminated::default();
    for end in ends {
        all.in_flight += end.in_flight;
        all.interrupted |= end.interrupted;
        all.handed_back.extend(end.handed_back);
    }
    all
}
