//! How a guest that has had its slice gives the thread back, and when it goes on.
//!
//! Instances of one thread take turns. One that computes for long would get a slice for every single
//! step of its neighbours, and all of them would be as slow as its slices are long. So it steps aside:
//! its slices become shorter (see [`super::heat`]), and while a neighbour has work it gets few of them.
//! On a thread without neighbours that want it, it gets all of the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pulse::Pulse;

/// So long must the thread have been of no use to anybody else before a guest that steps aside goes on.
const QUIET: Duration = Duration::from_millis(3);
/// So long does it wait at most: about a twentieth of the thread is its own whatever others do, so that
/// it gets to its end, or to the end of its budget.
const LONGEST: Duration = Duration::from_millis(20);
/// The finest that tokio's timers can do.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// What a guest does after a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Lets everybody who is ready have a turn.
    Turn,
    /// Lets the others have the thread.
    Aside,
    /// Its port's CPU time of this second is used up.
    Until(Instant),
}

impl Rest {
    /// Ends when the guest may go on.
    pub(crate) async fn take(self, pulse: Arc<Pulse>) {
        match self {
            // Not wasmtime's own yield: waking itself at once would starve the thread's I/O driver.
            Self::Turn => tokio::task::yield_now().await,
            Self::Aside => step_aside(&pulse).await,
            Self::Until(end) => tokio::time::sleep_until(end.into()).await,
        }
        pulse.resume();
    }
}

async fn step_aside(pulse: &Pulse) {
    let begun = Instant::now();
    // Whoever became ready during the slice shows now.
    tokio::task::yield_now().await;
    while pulse.quiet_for(Instant::now()) < QUIET && begun.elapsed() < LONGEST {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::pulse::counting_visits;

    /// Ends with the rest of a guest, on a thread that visits a neighbour as often as it can.
    async fn rest_beside_a_busy_neighbour(rest: Rest) {
        let (pulse, neighbour) = (Arc::new(Pulse::default()), Pulse::default());
        let resting = rest.take(pulse.clone());
        let visiting = async {
            loop {
                counting_visits(&neighbour, async {}).await;
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = counting_visits(&pulse, resting) => {}
            () = visiting => {}
        }
        assert!(pulse.running_since().is_some(), "it goes on");
    }

    #[tokio::test]
    async fn a_guest_is_never_kept_out_for_ever() {
        let soon = Instant::now() + Duration::from_millis(5);
        for rest in [Rest::Turn, Rest::Aside, Rest::Until(soon)] {
            let resting = rest_beside_a_busy_neighbour(rest);
            let ended = tokio::time::timeout(Duration::from_secs(60), resting).await;
            assert!(ended.is_ok(), "{rest:?}");
        }
        assert!(Instant::now() >= soon);
    }
}
