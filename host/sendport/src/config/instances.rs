//! The sandboxed instances of a port's adapters: how many, and how much each of them does at once.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Place;
use super::section::Section;

const INSTANCES: RangeInclusive<u64> = 1..=1024;
const OPEN_CALLS: usize = 128;
const OPEN_CALLS_RANGE: RangeInclusive<u64> = 1..=10_000;
const LINGER: Duration = Duration::from_millis(2);
const LINGERS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);

/// The keys of a port that are read here.
pub(super) const KEYS: &[&str] = &["instances", "open-calls", "linger"];

/// The instances of each of a port's adapters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instances {
    pub(crate) count: usize,
    /// Per instance.
    pub(crate) open_calls: usize,
    /// Where the open calls are written, if they are.
    pub(crate) open_calls_place: Option<Place>,
    /// How long a batch may wait for more messages.
    pub(crate) linger: Duration,
}

impl Instances {
    pub(super) fn read(section: &Section<'_>, threads: usize) -> Self {
        Self {
            count: section.whole_or("instances", INSTANCES, threads),
            open_calls: section.whole_or("open-calls", OPEN_CALLS_RANGE, OPEN_CALLS),
            open_calls_place: section.get("open-calls").map(|entry| entry.place),
            linger: section.duration_or("linger", LINGERS, LINGER),
        }
    }
}
