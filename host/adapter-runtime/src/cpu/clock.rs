//! A clock that runs only while guest code does.

use std::time::{Duration, Instant};

/// Started and stopped by wasmtime's call hooks: guest code begins, calls the host, goes on, ends. Of all
/// the fibers of a store only one runs at a time, and none is suspended but inside a call of the host, so
/// that one clock does for all of them.
#[derive(Debug, Default)]
pub(crate) struct GuestClock {
    running: Option<Instant>,
    used: Duration,
}

impl GuestClock {
    #[inline]
    pub(crate) fn start(&mut self) {
        self.running = Some(Instant::now());
    }

    /// Does nothing when it stands: a trap passes several hooks on its way out.
    #[inline]
    pub(crate) fn stop(&mut self) {
        if let Some(since) = self.running.take() {
            self.used += since.elapsed();
        }
    }

    /// Guest time up to the last stop.
    #[inline]
    pub(crate) fn used(&self) -> Duration {
        self.used
    }

    /// So much guest time goes by.
    #[cfg(test)]
    pub(crate) fn pass(&mut self, time: Duration) {
        self.used += time;
    }

    /// Takes back what was no guest time after all.
    pub(crate) fn forgive(&mut self, time: Duration) {
        self.used = self.used.saturating_sub(time);
    }
}

/// CPU time of this thread, where the system tells it.
#[cfg(target_os = "linux")]
pub(crate) fn thread_time() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).ok()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn thread_time() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_between_a_start_and_its_stop_is_counted() {
        let mut clock = GuestClock::default();
        clock.stop();
        assert_eq!(clock.used(), Duration::ZERO, "it was not running");
        clock.start();
        std::thread::sleep(Duration::from_millis(2));
        clock.stop();
        let used = clock.used();
        assert!(used >= Duration::from_millis(2), "{used:?}");
        std::thread::sleep(Duration::from_millis(2));
        clock.stop();
        assert_eq!(clock.used(), used, "it was not running");
        clock.forgive(Duration::from_secs(9));
        assert_eq!(clock.used(), Duration::ZERO);
    }
}
