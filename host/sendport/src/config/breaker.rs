//! `circuit-breaker = { … }`: when a failing destination is left alone for a while.

use std::ops::RangeInclusive;
use std::time::Duration;

use model::BreakerPolicy;

use super::section::Entry;
use super::value::written;

const FAILURES: u32 = 5;
const FAILURES_RANGE: RangeInclusive<u64> = 1..=1_000_000;
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
const PAUSES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(86_400);

pub(super) const KEYS: &[&str] = &["failures", "pause", "longest-pause"];

/// None when the table is not there.
pub(super) fn breaker(entry: Option<Entry<'_>>) -> Option<BreakerPolicy> {
    let section = entry?.section()?;
    section.refuse_others(KEYS);
    let pause = section.duration_or("pause", PAUSES, PAUSE);
    let entry = section.get("longest-pause");
    let longest = entry.as_ref().and_then(|entry| entry.duration(PAUSES));
    if let (Some(entry), Some(longest)) = (&entry, longest)
        && longest < pause
    {
        let (longest, pause) = (written(longest), written(pause));
        entry.mistake(format!(
            "the longest pause, {longest}, is shorter than the first one, {pause}"
        ));
    }
    Some(BreakerPolicy {
        failures: section.whole_or("failures", FAILURES_RANGE, FAILURES),
        pause,
        longest_pause: longest.unwrap_or(LONGEST_PAUSE).max(pause),
    })
}
