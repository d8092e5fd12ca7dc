//! Whether a new version of an adapter that gets a part of the messages does worse than the old one.
//!
//! Pure: the numbers come in, a verdict comes out. Who measures them and what follows from the verdict is
//! the dispatcher's and the operator's business.

use std::time::Duration;

/// Which messages the new version gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanaryShare {
    /// So many of a hundred, spread evenly; 1 to 99.
    Percent(u8),
    /// So many at the beginning, at least 1; all others go to the old version.
    First(u64),
}

/// When the new version has failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CanaryPolicy {
    /// Nothing is said about error rate and latency before so many of its messages have ended.
    pub at_least: u64,
    /// Failed attempts in a hundred by which it may exceed the old version.
    pub error_margin: f64,
    /// Instances that it may lose (traps, limits, time-outs), beyond what the old version loses per message.
    pub traps: u64,
    /// How many times as long as the old version it may take for a message (median) …
    pub latency_factor: f64,
    /// … where differences below this do not count.
    pub latency_floor: Duration,
}

impl Default for CanaryPolicy {
    fn default() -> Self {
        Self {
            at_least: 20,
            error_margin: 5.0,
            traps: 0,
            latency_factor: 2.0,
            latency_floor: Duration::from_millis(20),
        }
    }
}

/// What one version did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Showing {
    /// Attempts that delivered their message.
    pub delivered: u64,
    /// Attempts that failed, for whatever reason.
    pub failed: u64,
    /// Instances lost.
    pub traps: u64,
    /// The median time from handing a message over to its outcome.
    pub median: Option<Duration>,
}

/// What is to be done about the new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CanaryVerdict {
    /// It may go on.
    GoOn,
    /// It does worse, for this reason.
    RollBack(String),
}

impl Showing {
    /// Attempts that have ended.
    pub fn ended(&self) -> u64 {
        self.delivered + self.failed
    }

    /// Of a hundred.
    fn error_rate(&self) -> f64 {
        percent(self.failed, self.ended())
    }
}

/// Compares the new version with the old one.
pub fn judge(policy: &CanaryPolicy, old: &Showing, new: &Showing) -> CanaryVerdict {
    let worse = traps(policy, old, new)
        .or_else(|| errors(policy, old, new))
        .or_else(|| latency(policy, old, new));
    worse.map_or(CanaryVerdict::GoOn, CanaryVerdict::RollBack)
}

/// A trap counts from the first one on: it ends everything that its instance has.
fn traps(policy: &CanaryPolicy, old: &Showing, new: &Showing) -> Option<String> {
    if new.traps <= policy.traps {
        return None;
    }
    let rate = |showing: &Showing| percent(showing.traps, showing.ended().max(1));
    (rate(new) > rate(old)).then(|| {
        format!(
            "its instances trapped {} times in {} messages; those of the old version {} times in {}",
            new.traps,
            new.ended(),
            old.traps,
            old.ended()
        )
    })
}

fn errors(policy: &CanaryPolicy, old: &Showing, new: &Showing) -> Option<String> {
    let (before, now) = (old.error_rate(), new.error_rate());
    (new.ended() >= policy.at_least && now > before + policy.error_margin).then(|| {
        format!("{now:.1} % of its attempts failed; {before:.1} % of those of the old version did")
    })
}

fn latency(policy: &CanaryPolicy, old: &Showing, new: &Showing) -> Option<String> {
    let (before, now) = (old.median?, new.median?);
    if new.ended() < policy.at_least || old.ended() < policy.at_least {
        return None;
    }
    let limit = before.mul_f64(policy.latency_factor.max(0.0)) + policy.latency_floor;
    (now > limit).then(|| {
        format!("it takes {now:.1?} for a message (median); the old version takes {before:.1?}")
    })
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = part as f64 * 100.0 / whole as f64;
    rate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn showing(delivered: u64, failed: u64, traps: u64, median: u64) -> Showing {
        Showing {
            delivered,
            failed,
            traps,
            median: Some(Duration::from_millis(median)),
        }
    }

    #[test]
    fn a_version_that_does_worse_is_rolled_back_and_others_go_on() {
        let old = showing(1000, 10, 0, 50);
        for (new, reason) in [
            (showing(100, 1, 0, 60), None),
            (showing(100, 5, 0, 119), None),
            (showing(100, 8, 0, 50), Some("failed")),
            (showing(0, 19, 0, 50), None),
            (showing(0, 20, 0, 50), Some("failed")),
            (showing(1, 0, 1, 50), Some("trapped")),
            (showing(19, 0, 0, 5000), None),
            (showing(20, 0, 0, 121), Some("median")),
        ] {
            match (judge(&CanaryPolicy::default(), &old, &new), reason) {
                (CanaryVerdict::GoOn, None) => {}
                (CanaryVerdict::RollBack(text), Some(word)) if text.contains(word) => {}
                (verdict, _) => panic!("{new:?}: {verdict:?}"),
            }
        }
    }

    #[test]
    fn a_destination_that_fails_for_both_is_nobodys_fault() {
        let (old, new) = (showing(50, 50, 2, 50), showing(25, 25, 1, 50));
        let verdict = judge(&CanaryPolicy::default(), &old, &new);
        assert_eq!(verdict, CanaryVerdict::GoOn);
    }

    #[test]
    fn nothing_is_said_before_anything_happened() {
        let (none, policy) = (Showing::default(), CanaryPolicy::default());
        assert_eq!(judge(&policy, &none, &none), CanaryVerdict::GoOn);
        assert_eq!(
            judge(&policy, &none, &showing(30, 0, 0, 1)),
            CanaryVerdict::GoOn
        );
    }
}
