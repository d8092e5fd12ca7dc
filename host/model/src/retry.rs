//! The failure policy: retry, then suspend. Pure: the same inputs give the same verdict.

use std::time::Duration;

use crate::{ErrorInfo, Failure, Outcome, Properties, Retry, RetryPolicy, Timestamp};

/// Where a message stands when its outcome arrives.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Failed attempts already charged on this transport.
    pub attempts: u32,
    /// The transport's budget.
    pub policy: RetryPolicy,
    /// The time of the outcome.
    pub now: Timestamp,
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
        /// Failed attempts charged so far, this one included.
        attempts: u32,
        /// Properties to set for the redelivery.
        carry: Properties,
        /// Why the attempt failed, when the adapter said so.
        error: Option<ErrorInfo>,
    },
    /// Keep it until a person decides.
    Suspend {
        /// Failed attempts charged, this one included.
        attempts: u32,
        /// Why.
        error: ErrorInfo,
    },
    /// Give the lease back; nothing is charged and nothing else changes.
    Release {
        /// Deliver it next time with no other message in the same instance.
        alone: bool,
    },
}

/// The longest delay an adapter may ask for. A destination that answers `Retry-After: 1e9` must not
/// park a message for decades; BizTalk's longest interval was 525,600 minutes as well.
const LONGEST_DELAY: Duration = Duration::from_secs(525_600 * 60);

/// What follows from an outcome. BizTalk's default failure policy without the backup transport:
/// retries left → again at now + interval; none left → suspend.
pub fn decide(outcome: Outcome, at: Standing) -> Verdict {
    let attempts = at.attempts.saturating_add(1);
    match outcome {
        Outcome::Delivered => Verdict::Delete,
        Outcome::Returned => Verdict::Release { alone: false },
        Outcome::Suspect(_) => Verdict::Release { alone: true },
        Outcome::Suspend(error) => Verdict::Suspend { attempts, error },
        Outcome::NextTransport(error) => Verdict::Suspend { attempts, error },
        Outcome::Failed(Failure {
            error,
            retry: Retry::Never,
        }) => Verdict::Suspend { attempts, error },
        Outcome::Failed(Failure { error, .. }) if at.attempts >= at.policy.count => {
            Verdict::Suspend { attempts, error }
        }
        Outcome::Failed(Failure { error, retry }) => {
            let delay = match retry {
                Retry::After(delay) => delay.min(LONGEST_DELAY),
                _ => at.policy.interval,
            };
            let due = at.now.after(delay);
            Verdict::Resubmit {
                due,
                attempts,
                carry: Properties::default(),
                error: Some(error),
            }
        }
        Outcome::Resubmit { .. } if at.attempts >= at.policy.count => Verdict::Suspend {
            attempts,
            error: ErrorInfo::new(
                "retries-exhausted",
                format!(
                    "the adapter asked for attempt {} of {attempts}",
                    attempts + 1
                ),
            ),
        },
        Outcome::Resubmit { not_before, carry } => {
            let by_policy = at.now.after(at.policy.interval);
            let latest = at.now.after(LONGEST_DELAY);
            let due = not_before.unwrap_or(by_policy).clamp(at.now, latest);
            Verdict::Resubmit {
                due,
                attempts,
                carry,
                error: None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
