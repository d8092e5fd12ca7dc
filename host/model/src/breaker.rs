//! The circuit breaker of a transport: a destination that only fails is left alone for a while, then
//! probed with single messages. Keeps a dead destination from using up the retries of a whole backlog.

use std::time::{Duration, Instant};

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// It opens after so many failures with no success between them; at least 1.
    pub failures: u32,
    /// How long it stays open the first time; doubled by every failed probe,
    pub pause: Duration,
    /// up to this.
    pub longest_pause: Duration,
}

/// What a breaker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Messages flow.
    Closed {
        /// Failures since the last success.
        failures: u32,
    },
    /// Nothing is sent until then.
    Open {
        /// When it is probed.
        until: Instant,
    },
    /// One message at a time finds out whether it works again.
    Probing {
        /// The probe is out.
        underway: bool,
    },
}

/// The breaker of one transport.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: BreakerState,
    pause: Duration,
}

impl Breaker {
    /// Closed.
    pub fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            state: BreakerState::Closed { failures: 0 },
            pause: policy.pause,
        }
    }

    /// What it is doing.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// Messages that may be handed over now; `None` means any number.
    pub fn allowance(&mut self, now: Instant) -> Option<usize> {
        if matches!(self.state, BreakerState::Open { until } if until <= now) {
            self.state = BreakerState::Probing { underway: false };
        }
        match self.state {
            BreakerState::Closed { .. } => None,
            BreakerState::Open { .. } | BreakerState::Probing { underway: true } => Some(0),
            BreakerState::Probing { underway: false } => Some(1),
        }
    }

    /// Messages were handed over.
    pub fn sent(&mut self) {
        if let BreakerState::Probing { underway } = &mut self.state {
            *underway = true;
        }
    }

    /// The destination works: it took a message, or refused it for the message's own fault.
    pub fn succeeded(&mut self) {
        // A late success of a message sent before it opened says nothing about now.
        if !matches!(self.state, BreakerState::Open { .. }) {
            self.state = BreakerState::Closed { failures: 0 };
            self.pause = self.policy.pause;
        }
    }

    /// An attempt failed. True when that opened the breaker.
    pub fn failed(&mut self, now: Instant) -> bool {
        match self.state {
            BreakerState::Closed { failures }
                if failures.saturating_add(1) < self.policy.failures =>
            {
                self.state = BreakerState::Closed {
                    failures: failures + 1,
                };
                false
            }
            BreakerState::Closed { .. } => {
                self.open(now);
                true
            }
            BreakerState::Probing { .. } => {
                self.pause = self
                    .pause
                    .saturating_mul(2)
                    .min(self.policy.longest_pause.max(self.policy.pause));
                self.open(now);
                true
            }
            BreakerState::Open { .. } => false,
        }
    }

    /// A message came back without a verdict on the destination: if it was the probe, another one goes.
    pub fn undecided(&mut self) {
        if let BreakerState::Probing { underway } = &mut self.state {
            *underway = false;
        }
    }

    fn open(&mut self, now: Instant) {
        self.state = BreakerState::Open {
            until: now + self.pause.min(Duration::from_secs(366 * 86_400)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> (Breaker, Instant) {
        let policy = BreakerPolicy {
            failures: 3,
            pause: SECOND,
            longest_pause: 3 * SECOND,
        };
        (Breaker::new(policy), Instant::now())
    }

    #[test]
    fn opens_after_failures_in_a_row_and_closes_after_a_probe() {
        let (mut breaker, now) = breaker();
        breaker.failed(now);
        breaker.failed(now);
        breaker.succeeded();
        assert!(
            !breaker.failed(now) && !breaker.failed(now),
            "a success starts the count anew"
        );
        assert!(breaker.failed(now));
        assert_eq!(breaker.allowance(now), Some(0));
        assert_eq!(breaker.allowance(now + SECOND), Some(1));
        breaker.sent();
        assert_eq!(
            breaker.allowance(now + SECOND),
            Some(0),
            "one probe at a time"
        );
        breaker.succeeded();
        assert_eq!(breaker.allowance(now + SECOND), None);
    }

    #[test]
    fn failed_probes_lengthen_the_pause_up_to_the_longest() {
        let (mut breaker, mut now) = breaker();
        for _ in 0..3 {
            breaker.failed(now);
        }
        for pause in [1, 2, 3, 3] {
            assert_eq!(
                breaker.state(),
                BreakerState::Open {
                    until: now + pause * SECOND
                }
            );
            now += pause * SECOND;
            assert_eq!(breaker.allowance(now), Some(1));
            breaker.sent();
            assert!(breaker.failed(now));
        }
    }

    #[test]
    fn what_was_sent_before_it_opened_neither_closes_nor_lengthens() {
        let (mut breaker, now) = breaker();
        for _ in 0..3 {
            breaker.failed(now);
        }
        let open = breaker.state();
        assert!(!breaker.failed(now));
        breaker.succeeded();
        breaker.undecided();
        assert_eq!(breaker.state(), open);
    }

    #[test]
    fn a_probe_that_comes_back_undecided_is_followed_by_another() {
        let (mut breaker, now) = breaker();
        for _ in 0..3 {
            breaker.failed(now);
        }
        breaker.allowance(now + SECOND);
        breaker.sent();
        breaker.undecided();
        assert_eq!(breaker.allowance(now + SECOND), Some(1));
    }
}
