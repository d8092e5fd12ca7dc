//! Keeps a log readable when the same thing goes wrong a thousand times a second.

use std::time::Duration;

use tokio::time::Instant;

/// At most one line of a kind in this time.
const PERIOD: Duration = Duration::from_secs(10);

/// Lets one log line of a kind through per period and counts the others.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    last: Option<Instant>,
    held_back: u64,
}

impl Throttle {
    /// `Some(n)` when the line may be written; `n` lines before it were not.
    pub(crate) fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now < last + PERIOD) {
            self.held_back += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_per_period_with_the_number_of_those_held_back() {
        let mut throttle = Throttle::default();
        let start = Instant::now();
        assert_eq!(throttle.admit(start), Some(0));
        assert_eq!(throttle.admit(start), None);
        assert_eq!(throttle.admit(start + PERIOD / 2), None);
        assert_eq!(throttle.admit(start + PERIOD), Some(2));
    }
}
