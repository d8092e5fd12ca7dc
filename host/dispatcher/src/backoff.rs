//! Something that failed and is tried again, each time after a longer pause.

use std::time::Duration;

use tokio::time::Instant;

/// Healthy until told otherwise; then pauses that double up to a limit.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    trouble: Option<Trouble>,
}

#[derive(Debug)]
struct Trouble {
    error: String,
    pause: Duration,
    until: Instant,
}

impl Backoff {
    /// Healthy.
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            trouble: None,
        }
    }

    /// Another failure. Failures that arrive during a pause had begun before it and do not lengthen it.
    pub(crate) fn failed(&mut self, error: String, now: Instant) {
        let pause = match &self.trouble {
            None => self.first,
            Some(trouble) if now < trouble.until => return,
            Some(trouble) => trouble.pause.saturating_mul(2).min(self.longest),
        };
        self.trouble = Some(Trouble {
            error,
            pause,
            until: now + pause,
        });
    }

    /// It worked. True when it had not before.
    pub(crate) fn recovered(&mut self) -> bool {
        self.trouble.take().is_some()
    }

    /// What is wrong at present.
    pub(crate) fn error(&self) -> Option<&str> {
        self.trouble.as_ref().map(|t| t.error.as_str())
    }

    /// True from the first failure to the next success.
    pub(crate) fn is_failing(&self) -> bool {
        self.trouble.is_some()
    }

    /// The end of the pause, while failing.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.trouble.as_ref().map(|t| t.until)
    }

    /// True when healthy, or when the pause is over.
    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        self.retry_at().is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_start_over_after_a_success() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, 3 * second);
        let mut now = Instant::now();
        assert!(backoff.is_ready(now));
        for pause in [1, 2, 3, 3] {
            backoff.failed("no".into(), now);
            assert_eq!(backoff.retry_at(), Some(now + pause * second));
            assert!(!backoff.is_ready(now));
            now += pause * second;
            assert!(backoff.is_ready(now));
        }
        assert_eq!(backoff.error(), Some("no"));
        assert!(backoff.recovered());
        assert!(!backoff.recovered());
        backoff.failed("no".into(), now);
        assert_eq!(backoff.retry_at(), Some(now + second));
    }

    #[test]
    fn failures_during_a_pause_do_not_lengthen_it() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, 60 * second);
        let now = Instant::now();
        for _ in 0..8 {
            backoff.failed("no".into(), now);
        }
        assert_eq!(backoff.retry_at(), Some(now + second));
    }
}
