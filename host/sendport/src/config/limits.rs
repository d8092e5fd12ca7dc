//! `limits = { … }`: what each instance of a port's adapters may take.

use std::ops::RangeInclusive;
use std::time::Duration;

use adapter_runtime::Limits;

use super::section::Section;

const KIB: u64 = 1 << 10;
const GIB: u64 = 1 << 30;

pub(super) const KEYS: &[&str] = &[
    "memory",
    "cpu-per-message",
    "cpu-per-second",
    "handles",
    "host-call-bytes",
    "host-memory",
    "log-lines",
    "log-bytes",
];

/// A component's memory is 32-bit.
const MEMORIES: RangeInclusive<u64> = 64 * KIB..=4 * GIB;
/// Instances are looked at every few milliseconds; a finer limit could not be kept.
const CPU_PER_MESSAGE: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(86_400);
/// The same, up to a thousand cores.
const CPU_PER_SECOND: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(1000);
/// An instance cannot begin with fewer.
const HANDLES: RangeInclusive<u64> = 100..=1_000_000;
/// A message in flight takes about five, and what its adapter does with it some more.
const HANDLES_PER_CALL: usize = 16;
/// An adapter says more than this about itself.
const HOST_CALLS: RangeInclusive<u64> = 64 * KIB..=4 * GIB;
const HOST_MEMORIES: RangeInclusive<u64> = 64 * KIB..=4 * GIB;
const LOG_LINES: RangeInclusive<u64> = 0..=1_000_000;
const LOG_BYTES: RangeInclusive<u64> = 0..=GIB;

/// The limits of a port with so many open calls in an instance and responses of up to so many bytes.
pub(super) fn limits(port: &Section<'_>, open_calls: usize, max_response: Option<usize>) -> Limits {
    let default = defaults(open_calls, max_response);
    let Some(section) = port.get("limits").and_then(|entry| entry.section()) else {
        return default;
    };
    section.refuse_others(KEYS);
    let size = |name, range, default: usize| {
        let size = section.size_or(name, range, default as u64);
        usize::try_from(size).unwrap_or(usize::MAX)
    };
    let per_message = default.cpu_per_message;
    let per_second = section.get("cpu-per-second");
    Limits {
        memory: size("memory", MEMORIES, default.memory),
        cpu_per_message: section.duration_or("cpu-per-message", CPU_PER_MESSAGE, per_message),
        cpu_per_second: per_second.and_then(|entry| entry.duration(CPU_PER_SECOND)),
        handles: section.whole_or("handles", HANDLES, default.handles),
        host_call_bytes: size("host-call-bytes", HOST_CALLS, default.host_call_bytes),
        host_memory: size("host-memory", HOST_MEMORIES, default.host_memory),
        log_lines: section.whole_or("log-lines", LOG_LINES, default.log_lines),
        log_bytes: size("log-bytes", LOG_BYTES, default.log_bytes),
    }
}

/// What else the port allows must be possible.
fn defaults(open_calls: usize, max_response: Option<usize>) -> Limits {
    let default = Limits::default();
    // A response comes in one call, together with its properties.
    let response = max_response.map_or(0, |max| max.saturating_add(1 << 20));
    Limits {
        handles: default.handles.max(open_calls * HANDLES_PER_CALL),
        host_call_bytes: default.host_call_bytes.max(response),
        ..default
    }
}
