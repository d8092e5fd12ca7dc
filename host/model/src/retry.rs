//! The failure policy: retry, then the backup transport, then suspend. Pure: the same inputs give the
//! same verdict.

use std::time::Duration;

use crate::{Emission, ErrorInfo, Failure, OnFailure, Outcome, Properties, Retry, Timestamp};

/// How often and how soon a transport is tried again. Attempts = 1 + `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Retries after the first attempt; 0 means one attempt only. BizTalk's RetryCount, 0 to 1000.
    pub count: u32,
    /// Time from the first failure to the next attempt, unless the adapter asks for another. BizTalk's
    /// RetryInterval.
    pub interval: Duration,
    /// What later failures do to the interval.
    pub backoff: Backoff,
    /// How much an interval is stretched at random, at most, in percent: 20 makes 60 s between 60 and
    /// 72 s. Keeps messages that failed together from coming back together.
    pub jitter: u8,
}

/// How the interval grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Not at all (BizTalk).
    Fixed,
    /// Doubled by every failure, up to a cap.
    Exponential {
        /// The longest interval.
        cap: Duration,
    },
}

impl Default for RetryPolicy {
    /// BizTalk's defaults: three retries, five minutes apart.
    fn default() -> Self {
        Self {
            count: 3,
            interval: Duration::from_secs(300),
            backoff: Backoff::Fixed,
            jitter: 0,
        }
    }
}

impl RetryPolicy {
    /// The time to wait after the failure number `failures` (1 for the first); `dice` is anything from
    /// 0 to 65,535, drawn at random.
    pub fn delay(&self, failures: u32, dice: u16) -> Duration {
        let delay = match self.backoff {
            Backoff::Fixed => self.interval,
            Backoff::Exponential { cap } => {
                let doublings = failures.saturating_sub(1).min(31);
                self.interval
                    .saturating_mul(1 << doublings)
                    .min(cap.max(self.interval))
            }
        };
        let most = delay.mul_f64(f64::from(self.jitter) / 100.0);
        delay.saturating_add(most.mul_f64(f64::from(dice) / f64::from(u16::MAX)))
    }
}

/// Where a message stands when its outcome arrives.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Failed attempts already charged on this transport.
    pub attempts: u32,
    /// The transport's budget.
    pub policy: RetryPolicy,
    /// There is a transport after this one.
    pub has_next: bool,
    /// The message is not delivered from this time on.
    pub expires: Option<Timestamp>,
    /// What becomes of its lane when it fails for good; `None` when it is in none.
    pub on_failure: Option<OnFailure>,
    /// The time of the outcome.
    pub now: Timestamp,
    /// Drawn at random, for the jitter.
    pub dice: u16,
}

/// What the message box is to do with the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Remove it: delivered.
    Delete,
    /// Keep it for another attempt.
    Resubmit {
        /// Not before this time.
        due: Timestamp,
        /// Failed attempts charged so far on this transport, this one included.
        attempts: u32,
        /// Properties to set for the redelivery.
        carry: Properties,
        /// Why the attempt failed, when the adapter said so.
        error: Option<ErrorInfo>,
    },
    /// Keep it for the backup transport, due at once, with nothing charged on that one yet.
    NextTransport {
        /// Failed attempts charged on the transport that is given up, this one included.
        attempts: u32,
        /// Why it was given up.
        error: ErrorInfo,
    },
    /// Keep it until a person decides.
    Suspend {
        /// Failed attempts charged on this transport, this one included.
        attempts: u32,
        /// Why.
        error: ErrorInfo,
        /// False when resuming it would break the order of its lane: it can only be terminated.
        resumable: bool,
    },
    /// Remove it: it goes on as another message (failed-message routing).
    Route(Box<Emission>),
    /// Give the lease back; nothing is charged and nothing else changes.
    Release {
        /// Deliver it next time with no other message in the same instance.
        alone: bool,
    },
}

/// The longest delay an adapter may ask for. A destination that answers `Retry-After: 1e9` must not
/// park a message for decades; BizTalk's longest interval was 525,600 minutes as well.
const LONGEST_DELAY: Duration = Duration::from_secs(525_600 * 60);

/// What follows from an outcome. BizTalk's default failure policy: retries left → again after the
/// interval; none left → backup transport; none left there → suspend.
pub fn decide(outcome: Outcome, at: Standing) -> Verdict {
    match outcome {
        Outcome::Delivered | Outcome::Answered(_) => Verdict::Delete,
        Outcome::Returned => Verdict::Release { alone: false },
        Outcome::Suspect(_) => Verdict::Release { alone: true },
        // The message is at fault, or a person is asked for: another transport would not help.
        Outcome::Suspend(error)
        | Outcome::Failed(Failure {
            error,
            retry: Retry::Never,
        }) => at.suspend(error),
        Outcome::NextTransport(error) => at.give_up(error),
        Outcome::Failed(Failure { error, .. }) if at.is_exhausted() => at.give_up(error),
        Outcome::Failed(Failure { error, retry }) => {
            let delay = match retry {
                Retry::After(delay) => delay.min(LONGEST_DELAY),
                _ => at.policy.delay(at.charged(), at.dice),
            };
            at.resubmit(at.now.after(delay), Properties::default(), Some(error))
        }
        Outcome::Resubmit { .. } if at.is_exhausted() => {
            let text = format!(
                "the adapter asked for attempt {} of {}",
                at.charged().saturating_add(1),
                at.policy.count.saturating_add(1)
            );
            at.give_up(ErrorInfo::new("retries-exhausted", text))
        }
        Outcome::Resubmit { not_before, carry } => {
            let by_policy = at.now.after(at.policy.delay(at.charged(), at.dice));
            let latest = at.now.after(LONGEST_DELAY);
            let due = not_before.unwrap_or(by_policy).clamp(at.now, latest);
            at.resubmit(due, carry, None)
        }
    }
}

/// What becomes of a message whose time to live was over before it was handed to an adapter. Costs no
/// attempt.
pub fn expired(at: Standing) -> Verdict {
    Verdict::Suspend {
        attempts: at.attempts,
        error: expiry(at.expires),
        resumable: at.is_resumable(),
    }
}

impl Standing {
    fn charged(self) -> u32 {
        self.attempts.saturating_add(1)
    }

    fn is_exhausted(self) -> bool {
        self.attempts >= self.policy.count
    }

    fn is_resumable(self) -> bool {
        self.on_failure != Some(OnFailure::Skip)
    }

    fn suspend(self, error: ErrorInfo) -> Verdict {
        Verdict::Suspend {
            attempts: self.charged(),
            error,
            resumable: self.is_resumable(),
        }
    }

    fn give_up(self, error: ErrorInfo) -> Verdict {
        match self.has_next {
            true => Verdict::NextTransport {
                attempts: self.charged(),
                error,
            },
            false => self.suspend(error),
        }
    }

    /// A retry that would come after the message's time is none.
    fn resubmit(self, due: Timestamp, carry: Properties, error: Option<ErrorInfo>) -> Verdict {
        match self.expires {
            Some(expires) if expires <= due => self.suspend(expiry(self.expires)),
            _ => Verdict::Resubmit {
                due,
                attempts: self.charged(),
                carry,
                error,
            },
        }
    }
}

fn expiry(expires: Option<Timestamp>) -> ErrorInfo {
    let at = expires.unwrap_or_default();
    let text =
        format!("the message's time to live ended ({at} since 1970) before it was delivered");
    ErrorInfo::new("expired", text)
}

#[cfg(test)]
mod tests;
