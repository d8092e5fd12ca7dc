//! The sandboxed instances of a port's adapters: how many, and what each of them may use.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::Place;
use super::section::Section;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

const INSTANCES: RangeInclusive<u64> = 1..=1024;
const OPEN_CALLS: usize = 128;
const OPEN_CALLS_RANGE: RangeInclusive<u64> = 1..=10_000;
const LINGER: Duration = Duration::from_millis(2);
const LINGERS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);
const MEMORY_LIMIT: u64 = 64 * MIB;
/// A component's memory is 32-bit.
const MEMORY_LIMITS: RangeInclusive<u64> = 64 * KIB..=4 * GIB;
const CPU_LIMIT: Duration = Duration::from_secs(1);
/// Instances are looked at every few milliseconds; a finer limit could not be kept.
const CPU_LIMITS: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(86_400);

/// The keys of a port that are read here.
pub(super) const KEYS: &[&str] = &[
    "instances",
    "open-calls",
    "linger",
    "memory-limit",
    "cpu-limit",
];

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
    /// Bytes per instance.
    pub(crate) memory_limit: usize,
    /// Guest CPU without a break.
    pub(crate) cpu_limit: Duration,
}

impl Instances {
    pub(super) fn read(section: &Section<'_>, threads: usize) -> Self {
        let memory_limit = section.size_or("memory-limit", MEMORY_LIMITS, MEMORY_LIMIT);
        Self {
            count: section.whole_or("instances", INSTANCES, threads),
            open_calls: section.whole_or("open-calls", OPEN_CALLS_RANGE, OPEN_CALLS),
            open_calls_place: section.get("open-calls").map(|entry| entry.place),
            linger: section.duration_or("linger", LINGERS, LINGER),
            memory_limit: usize::try_from(memory_limit).unwrap_or(usize::MAX),
            cpu_limit: section.duration_or("cpu-limit", CPU_LIMITS, CPU_LIMIT),
        }
    }
}
