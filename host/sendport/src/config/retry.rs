//! `retry = { … }`: how often and how soon a transport is tried again.

use std::ops::RangeInclusive;
use std::time::Duration;

use model::{Backoff, RetryPolicy};

use super::section::{Entry, Section};
use super::value::written;

/// BizTalk's range.
const COUNTS: RangeInclusive<u64> = 0..=1000;
/// BizTalk's longest interval: 525,600 minutes. Ours may be shorter than a minute.
const INTERVALS: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(525_600 * 60);
/// The longest interval of an exponential backoff when nobody says; a longer first one is kept.
const CAP: Duration = Duration::from_secs(3600);
/// In percent.
const JITTERS: RangeInclusive<u64> = 0..=100;

const FIXED: &str = "fixed";
const EXPONENTIAL: &str = "exponential";

pub(super) const KEYS: &[&str] = &["count", "interval", "backoff", "cap", "jitter"];

pub(super) fn retry(entry: Option<Entry<'_>>) -> RetryPolicy {
    let default = RetryPolicy::default();
    let Some(section) = entry.and_then(|entry| entry.section()) else {
        return default;
    };
    section.refuse_others(KEYS);
    let interval = section.duration_or("interval", INTERVALS, default.interval);
    RetryPolicy {
        count: section.whole_or("count", COUNTS, default.count),
        interval,
        backoff: backoff(&section, interval),
        jitter: section.whole_or("jitter", JITTERS, default.jitter),
    }
}

fn backoff(section: &Section<'_>, interval: Duration) -> Backoff {
    let kind = match section.get("backoff") {
        Some(entry) => entry.one_of(&[FIXED, EXPONENTIAL]),
        None => Some(FIXED),
    };
    match kind {
        Some(EXPONENTIAL) => Backoff::Exponential {
            cap: cap(section, interval),
        },
        Some(_) => {
            let problem = "has no effect without backoff = \"exponential\"; add that, or remove it";
            section.refuse(&["cap"], problem);
            Backoff::Fixed
        }
        // The mistake is noted; whether a cap is right depends on what was meant.
        None => Backoff::Fixed,
    }
}

fn cap(section: &Section<'_>, interval: Duration) -> Duration {
    let entry = section.get("cap");
    let cap = entry.as_ref().and_then(|entry| entry.duration(INTERVALS));
    if let (Some(entry), Some(cap)) = (&entry, cap)
        && cap < interval
    {
        let (cap, interval) = (written(cap), written(interval));
        entry.mistake(format!(
            "the longest interval, {cap}, is shorter than the first one, {interval}"
        ));
    }
    cap.unwrap_or(CAP).max(interval)
}
