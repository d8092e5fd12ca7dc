//! The pulse of a port: how long nothing was settled although something waited. Watched while one
//! generation takes the place of another; that is the pause a hot swap makes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Beats whenever messages of the port are settled. Shared by the generations of a port.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    state: Mutex<State>,
    beaten: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The last beat, if messages were left after it.
    last: Option<Instant>,
    /// The longest time between two beats, while somebody watches.
    longest: Option<Duration>,
}

impl Pulse {
    /// Messages were settled; `busy` when others wait.
    pub(crate) fn beat(&self, now: Instant, busy: bool) {
        let mut state = self.state();
        let pause = state.last.map(|last| now.duration_since(last));
        if let (Some(longest), Some(pause)) = (&mut state.longest, pause) {
            *longest = pause.max(*longest);
        }
        state.last = busy.then_some(now);
        drop(state);
        self.beaten.notify_waiters();
    }

    /// Begins to watch. A pause that is under way counts from here: what was before is not the swap's.
    pub(crate) fn watch(&self, now: Instant) {
        let mut state = self.state();
        state.longest = Some(Duration::ZERO);
        state.last = state.last.map(|_| now);
    }

    /// Ends when there is a beat, or nothing waits for one.
    pub(crate) async fn next(&self) {
        let beaten = self.beaten.notified();
        if self.state().last.is_some() {
            beaten.await;
        }
    }

    /// Ends the watch: the longest pause in it. One that has not ended counts as far as it has come, if
    /// adapters have messages: others may wait for their time.
    pub(crate) fn longest_pause(&self, now: Instant, is_busy: bool) -> Duration {
        let mut state = self.state();
        let last = state.last.filter(|_| is_busy);
        let current = last.map_or(Duration::ZERO, |last| now.duration_since(last));
        state.longest.take().unwrap_or_default().max(current)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_time_in_which_something_waited() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let pulse = Pulse::default();
        pulse.beat(at(0), true);
        pulse.beat(at(100), true);
        pulse.watch(at(900));
        pulse.beat(at(910), true);
        pulse.beat(at(914), false);
        pulse.beat(at(1000), true);
        pulse.beat(at(1003), true);
        assert_eq!(
            pulse.longest_pause(at(1005), true),
            Duration::from_millis(10)
        );
        pulse.watch(at(1010));
        let pause = pulse.longest_pause(at(1050), true);
        assert_eq!(pause, Duration::from_millis(40), "one that goes on");
        pulse.watch(at(1060));
        let pause = pulse.longest_pause(at(9000), false);
        assert_eq!(pause, Duration::ZERO, "nobody has what waits");
    }
}
