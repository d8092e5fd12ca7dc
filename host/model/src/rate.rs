//! Rate limits: a token bucket that holds one second's worth of messages, at least one.

use std::time::{Duration, Instant};

/// So many messages in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Messages, at least 1.
    pub messages: u32,
    /// The span of time, more than nothing.
    pub per: Duration,
}

/// What may go now under a rate limit.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    per_second: f64,
    capacity: f64,
    tokens: f64,
    at: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(limit: RateLimit, now: Instant) -> Self {
        let per = limit.per.as_secs_f64().max(f64::MIN_POSITIVE);
        let per_second = f64::from(limit.messages.max(1)) / per;
        let capacity = per_second.max(1.0);
        Self {
            per_second,
            capacity,
            tokens: capacity,
            at: now,
        }
    }

    /// Messages that may go now.
    pub fn available(&mut self, now: Instant) -> usize {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed * self.per_second).min(self.capacity);
        // A hair less than a whole one is a whole one: the time of the next token is rounded too.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and cut off on purpose"
        )]
        let whole = (self.tokens + 1e-6).max(0.0) as usize;
        whole
    }

    /// So many went.
    pub fn take(&mut self, messages: usize) {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let messages = messages as f64;
        self.tokens -= messages;
    }

    /// So many were taken and did not go.
    pub fn give_back(&mut self, messages: usize) {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
        let messages = messages as f64;
        self.tokens = (self.tokens + messages).min(self.capacity);
    }

    /// When the next one may go.
    pub fn next(&self) -> Instant {
        let missing = (1.0 - self.tokens).max(0.0);
        let wait = Duration::try_from_secs_f64(missing / self.per_second);
        self.at
            + wait
                .unwrap_or(Duration::from_secs(86_400))
                .min(Duration::from_secs(86_400))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(messages: u32, per: u64) -> (TokenBucket, Instant) {
        let now = Instant::now();
        let per = Duration::from_secs(per);
        (TokenBucket::new(RateLimit { messages, per }, now), now)
    }

    #[test]
    fn a_second_s_worth_goes_at_once_and_then_as_time_passes() {
        let (mut bucket, start) = bucket(10, 1);
        assert_eq!(bucket.available(start), 10);
        bucket.take(10);
        assert_eq!(bucket.available(start), 0);
        assert_eq!(bucket.next(), start + Duration::from_millis(100));
        assert_eq!(bucket.available(start + Duration::from_millis(100)), 1);
        assert_eq!(bucket.available(start + Duration::from_secs(60)), 10);
    }

    #[test]
    fn less_than_one_a_second_goes_one_by_one() {
        let (mut bucket, start) = bucket(6, 60);
        assert_eq!(bucket.available(start), 1);
        bucket.take(1);
        let next = bucket.next();
        assert_eq!(next, start + Duration::from_secs(10));
        assert_eq!(bucket.available(next), 1);
    }

    #[test]
    fn a_clock_that_stands_still_gives_nothing() {
        let (mut bucket, start) = bucket(1, 1);
        bucket.take(1);
        for _ in 0..100 {
            assert_eq!(bucket.available(start), 0);
        }
    }
}
