//! When a thread comes to an instance, and when to the others that live on it.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::clock::thread_time;

thread_local! {
    /// Visits of this thread to any instance that does not step aside.
    static VISITS: Cell<u64> = const { Cell::new(0) };
}

/// The visits to one instance, and when its guest last went on after a rest. Shared by its store and by
/// what polls that store, both on one thread.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    visits: AtomicU64,
    /// Those of them that the thread has counted.
    counted: AtomicU64,
    /// Its guest steps aside: for others that do, it is no reason to wait. They would all wait for each
    /// other.
    aside: AtomicBool,
    /// Touched only when a guest rests.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    resumed: Option<Resumed>,
    /// What [`Pulse::neighbours`] was when somebody last asked, and when it last was another number.
    neighbours: Option<(u64, Instant)>,
}

/// The end of a rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumed {
    pub(crate) at: Instant,
    /// CPU time of the thread.
    thread_time: Option<Duration>,
    visits: u64,
}

impl Pulse {
    fn visit(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
        if !self.aside.load(Ordering::Relaxed) {
            self.counted.fetch_add(1, Ordering::Relaxed);
            VISITS.set(VISITS.get().wrapping_add(1));
        }
    }

    /// Whether its guest steps aside.
    pub(crate) fn set_aside(&self, aside: bool) {
        self.aside.store(aside, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grows whenever the thread visits another of its instances that does not step aside.
    fn neighbours(&self) -> u64 {
        let own = self.counted.load(Ordering::Relaxed);
        VISITS.get().wrapping_sub(own)
    }

    /// How long the thread has not visited any other of its instances, as far as is known.
    pub(crate) fn quiet_for(&self, now: Instant) -> Duration {
        let neighbours = self.neighbours();
        let mut state = self.state();
        let since = match state.neighbours {
            Some((before, since)) if before == neighbours => since,
            _ => now,
        };
        state.neighbours = Some((neighbours, since));
        now.duration_since(since)
    }

    /// The guest goes on after a rest.
    pub(crate) fn resume(&self) {
        self.resume_at(thread_time());
    }

    /// The thread has used so much CPU time until now, if that is known.
    pub(super) fn resume_at(&self, thread_time: Option<Duration>) {
        self.state().resumed = Some(Resumed {
            at: Instant::now(),
            thread_time,
            visits: self.visits.load(Ordering::Relaxed),
        });
    }

    /// The end of the last rest, unless the thread has been given back since: the guest waited for the
    /// host, or the event loop had nothing to do.
    pub(crate) fn running_since(&self) -> Option<Resumed> {
        let resumed = self.state().resumed;
        resumed.filter(|resumed| resumed.visits == self.visits.load(Ordering::Relaxed))
    }
}

impl Resumed {
    /// CPU time that this thread has used since.
    pub(crate) fn thread_time(&self) -> Option<Duration> {
        Some(thread_time()?.saturating_sub(self.thread_time?))
    }
}

/// Runs what runs a guest, and counts how often the thread comes to it.
pub(crate) async fn counting_visits<F: Future>(pulse: &Pulse, running: F) -> F::Output {
    let mut running = pin!(running);
    poll_fn(|cx| {
        pulse.visit();
        running.as_mut().poll(cx)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_poll_is_a_visit_and_ends_what_ran_since_the_last_rest() {
        let (pulse, neighbour) = (Pulse::default(), Pulse::default());
        let before = pulse.neighbours();
        let running = async {
            pulse.resume();
            assert!(pulse.running_since().is_some());
            tokio::task::yield_now().await;
            assert!(pulse.running_since().is_none(), "the thread was given back");
            tokio::task::yield_now().await;
        };
        counting_visits(&pulse, running).await;
        assert_eq!(pulse.visits.load(Ordering::Relaxed), 3);
        assert_eq!(pulse.neighbours(), before, "none of them");
        counting_visits(&neighbour, async {}).await;
        assert_eq!(pulse.neighbours(), before + 1);
    }

    #[tokio::test]
    async fn a_thread_is_quiet_from_the_last_visit_to_a_neighbour() {
        let (pulse, neighbour) = (Pulse::default(), Pulse::default());
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(pulse.quiet_for(start), Duration::ZERO, "not known");
        counting_visits(&pulse, async {}).await;
        assert_eq!(pulse.quiet_for(after(5)), Duration::from_millis(5));
        counting_visits(&neighbour, async {}).await;
        assert_eq!(pulse.quiet_for(after(7)), Duration::ZERO);
        assert_eq!(pulse.quiet_for(after(8)), Duration::from_millis(1));
    }

    #[tokio::test]
    async fn who_steps_aside_is_no_neighbour_of_others_who_do() {
        let (pulse, neighbour) = (Pulse::default(), Pulse::default());
        let before = pulse.neighbours();
        neighbour.set_aside(true);
        counting_visits(&neighbour, async {}).await;
        assert_eq!(pulse.neighbours(), before);
        neighbour.set_aside(false);
        counting_visits(&neighbour, async {}).await;
        assert_eq!(pulse.neighbours(), before + 1);
        assert_eq!(neighbour.visits.load(Ordering::Relaxed), 2);
    }
}
