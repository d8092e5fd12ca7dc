//! The CPU time that all instances of a pool may use together within a second.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(1);

/// Shared by the instances of a pool. What is used beyond the limit before anybody notices is taken from
/// the following seconds, so that the limit holds in the long run.
#[derive(Debug)]
pub(crate) struct Quota {
    limit: Duration,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    ends: Instant,
    used: Duration,
}

impl Quota {
    pub(crate) fn new(limit: Duration, now: Instant) -> Self {
        let window = Window {
            ends: now + WINDOW,
            used: Duration::ZERO,
        };
        Self {
            limit,
            window: Mutex::new(window),
        }
    }

    /// So much more has been used. When that was too much, the guest is to go on at the time that this
    /// returns.
    pub(crate) fn charge(&self, more: Duration, now: Instant) -> Option<Instant> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        while window.ends <= now && !window.used.is_zero() {
            window.ends += WINDOW;
            window.used = window.used.saturating_sub(self.limit);
        }
        if window.ends <= now {
            window.ends = now + WINDOW;
        }
        window.used += more;
        (window.used > self.limit).then_some(window.ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_used_beyond_the_limit_is_taken_from_the_following_seconds() {
        let start = Instant::now();
        let quota = Quota::new(100 * MS, start);
        assert_eq!(quota.charge(100 * MS, start + 500 * MS), None);
        let end = start + WINDOW;
        assert_eq!(quota.charge(250 * MS, start + 600 * MS), Some(end));
        // 250 ms too much: two seconds are lost, and half of the third.
        assert_eq!(quota.charge(MS, end), Some(end + WINDOW));
        assert_eq!(quota.charge(MS, end + WINDOW), Some(end + 2 * WINDOW));
        assert_eq!(quota.charge(MS, end + 2 * WINDOW), None);
        let later = start + Duration::from_secs(3600);
        assert_eq!(quota.charge(100 * MS, later), None, "all is forgotten");
        assert_eq!(quota.charge(MS, later), Some(later + WINDOW));
    }
}
