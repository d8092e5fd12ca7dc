//! Clocks that tell a guest no more than its port grants.

use std::time::{Duration, Instant, SystemTime};

use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::grants::ClockGrant;

/// The step of a coarse clock. The host's timers are no finer, so nobody waits noticeably longer for it.
const STEP: Duration = Duration::from_millis(1);

/// Gives a store the clocks of this grant.
pub(super) fn grant(builder: &mut WasiCtxBuilder, grant: ClockGrant) {
    match grant {
        ClockGrant::None => {
            builder.wall_clock(NoDate);
            builder.monotonic_clock(CoarseClock::start());
        }
        ClockGrant::Coarse => {
            builder.wall_clock(CoarseDate);
            builder.monotonic_clock(CoarseClock::start());
        }
        // The builder's own are the host's.
        ClockGrant::Fine => {}
    }
}

/// Stands still.
struct NoDate;

impl HostWallClock for NoDate {
    fn resolution(&self) -> Duration {
        STEP
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

/// The date, in steps.
struct CoarseDate;

impl HostWallClock for CoarseDate {
    fn resolution(&self) -> Duration {
        STEP
    }

    fn now(&self) -> Duration {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // A machine whose clock stands before 1970 has lost it: that is no date either.
        floor(since.unwrap_or_default())
    }
}

/// The time since the instance was made, in steps.
struct CoarseClock {
    start: Instant,
}

impl CoarseClock {
    fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl HostMonotonicClock for CoarseClock {
    fn resolution(&self) -> u64 {
        nanoseconds(STEP)
    }

    fn now(&self) -> u64 {
        nanoseconds(floor(self.start.elapsed()))
    }
}

/// Down to a whole step.
fn floor(time: Duration) -> Duration {
    let step = STEP.as_nanos() as u32;
    Duration::new(time.as_secs(), time.subsec_nanos() / step * step)
}

/// Enough for 584 years.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_time_is_a_whole_number_of_steps_and_never_ahead() {
        for (exact, coarse) in [
            (Duration::ZERO, Duration::ZERO),
            (Duration::from_nanos(999_999), Duration::ZERO),
            (Duration::from_nanos(1_000_000), Duration::from_millis(1)),
            (Duration::new(7, 999_999_999), Duration::new(7, 999_000_000)),
        ] {
            assert_eq!(floor(exact), coarse);
        }
        let clock = CoarseClock::start();
        let (first, second) = (clock.now(), clock.now());
        assert!(first <= second);
        assert_eq!((first % 1_000_000, clock.resolution()), (0, 1_000_000));
    }

    #[test]
    fn a_coarse_date_is_the_hosts_to_the_step_and_no_date_is_none() {
        let before = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .expect("a clock after 1970");
        let told = CoarseDate.now();
        assert!(told + STEP > before, "{told:?} is before {before:?}");
        assert_eq!(told.subsec_nanos() % 1_000_000, 0);
        assert_eq!(NoDate.now(), Duration::ZERO);
    }
}
