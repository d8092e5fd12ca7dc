//! Which guests compute for so long at a stretch that they have to step aside.

use std::time::{Duration, Instant};

/// A guest is hot that has lately computed for longer than this in long steps. Three slices: whoever
/// needs a moment now and then is never hot.
const HOT: Duration = Duration::from_millis(15);
/// More than this is forgotten; at the rate below it is cold again after two seconds.
const HOTTEST: Duration = Duration::from_millis(55);
/// It cools by one part in so many of the time that passes. Slower than a guest heats up that steps
/// aside as far as it can.
const COOLING: u32 = 50;

/// How much an instance has lately computed in long steps.
#[derive(Debug)]
pub(crate) struct Heat {
    level: Duration,
    at: Instant,
}

impl Heat {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            level: Duration::ZERO,
            at: now,
        }
    }

    /// So much more; says whether it is hot.
    pub(crate) fn add(&mut self, computed: Duration, now: Instant) -> bool {
        let cooled = now.duration_since(self.at) / COOLING;
        self.at = now;
        self.level = (self.level.saturating_sub(cooled) + computed).min(HOTTEST);
        self.level > HOT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn three_slices_are_allowed_and_a_guest_that_steps_aside_stays_hot() {
        let mut now = Instant::now();
        let mut heat = Heat::new(now);
        let mut slice = |length: Duration, pause: Duration| {
            now += length + pause;
            heat.add(length, now)
        };
        assert!(!slice(5 * MS, MS) && !slice(5 * MS, MS) && !slice(5 * MS, MS));
        assert!(slice(5 * MS, MS));
        assert!((0..1000).all(|_| slice(MS, 20 * MS)));
        assert!(!slice(MS, Duration::from_secs(3)), "it has cooled down");
    }

    #[test]
    fn a_long_step_now_and_then_heats_nobody() {
        let mut now = Instant::now();
        let mut heat = Heat::new(now);
        for _ in 0..100 {
            now += Duration::from_secs(1);
            assert!(!heat.add(10 * MS, now));
        }
    }
}
