//! `[ports.NAME]`: a destination, the policy for reaching it, and what its adapter may touch.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{EndpointConfiguration, PortName, RetryPolicy, SendPort, Transport};

use super::adapter::{Setting, settings};
use super::section::{Entry, Section};
use super::{Place, suggest};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

const DAY: Duration = Duration::from_secs(86_400);

/// BizTalk's range.
const RETRY_COUNTS: RangeInclusive<u64> = 0..=1000;
/// BizTalk's longest interval: 525,600 minutes. Ours may be shorter than a minute.
const RETRY_INTERVALS: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(525_600 * 60);
const HIGH_WATERMARK: usize = 1024;
const HIGH_WATERMARKS: RangeInclusive<u64> = 1..=1_000_000;
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);
const DELIVERY_TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=DAY;
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
const CPU_LIMITS: RangeInclusive<Duration> = Duration::from_millis(10)..=DAY;

pub(super) const KEYS: &[&str] = &[
    "adapter",
    "address",
    "retry",
    "high-watermark",
    "delivery-timeout",
    "instances",
    "open-calls",
    "linger",
    "memory-limit",
    "cpu-limit",
    "grants",
    "config",
];

/// A send port as the file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) name: PortName,
    /// One of the configuration's adapters.
    pub(crate) adapter: String,
    pub(crate) address: Arc<str>,
    pub(crate) retry: RetryPolicy,
    pub(crate) high_watermark: usize,
    pub(crate) delivery_timeout: Duration,
    pub(crate) instances: usize,
    /// Per instance.
    pub(crate) open_calls: usize,
    /// How long a batch may wait for more messages.
    pub(crate) linger: Duration,
    /// Bytes per instance.
    pub(crate) memory_limit: usize,
    /// Guest CPU without a break.
    pub(crate) cpu_limit: Duration,
    pub(crate) grants: Grants,
    pub(crate) config: Vec<Setting>,
    pub(crate) address_place: Place,
    /// Where its configuration is, or the port when it has none.
    pub(crate) config_place: Place,
}

/// What the port's adapter may touch besides the port's own address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grants {
    /// Beginnings of URLs, and where they are named.
    pub(crate) http: Vec<(String, Place)>,
    /// One directory, and where it is named.
    pub(crate) directory: Option<(PathBuf, Place)>,
}

impl Port {
    /// `None` when the port's name, adapter or address is wrong: the mistake is noted.
    pub(super) fn read(
        entry: &Entry<'_>,
        section: &Section<'_>,
        directory: &Path,
        adapters: &[&str],
        threads: usize,
    ) -> Option<Self> {
        section.refuse_others(KEYS);
        let name = PortName::new(entry.name)
            .map_err(|error| entry.name_mistake(error.to_string()))
            .ok();
        let adapter = adapter(section, adapters);
        let address = section.require("address", "say where messages go: address = \"…\"");
        let address_place = address.as_ref().map(|address| address.place);
        let address = address.and_then(|address| address.text());
        let retry = retry(section.get("retry"));
        let high_watermark = section.whole_or("high-watermark", HIGH_WATERMARKS, HIGH_WATERMARK);
        let delivery_timeout =
            section.duration_or("delivery-timeout", DELIVERY_TIMEOUTS, DELIVERY_TIMEOUT);
        let instances = section.whole_or("instances", INSTANCES, threads);
        let open_calls = section.whole_or("open-calls", OPEN_CALLS_RANGE, OPEN_CALLS);
        let linger = section.duration_or("linger", LINGERS, LINGER);
        let memory_limit = section.size_or("memory-limit", MEMORY_LIMITS, MEMORY_LIMIT);
        let cpu_limit = section.duration_or("cpu-limit", CPU_LIMITS, CPU_LIMIT);
        let grants = grants(section.get("grants"), directory);
        let config = section.get("config");
        let config_place = config.as_ref().map_or(section.place(), |c| c.name_place);
        let config = settings(config);
        // Only now, so that one mistake does not hide the others.
        Some(Self {
            name: name?,
            adapter: adapter?,
            address: address?.into(),
            retry,
            high_watermark,
            delivery_timeout,
            instances,
            open_calls,
            linger,
            memory_limit: usize::try_from(memory_limit).unwrap_or(usize::MAX),
            cpu_limit,
            grants,
            config,
            address_place: address_place?,
            config_place,
        })
    }

    /// The port as the dispatcher wants it.
    pub(crate) fn send_port(&self) -> SendPort {
        SendPort {
            name: self.name.clone(),
            primary: Transport {
                adapter: self.adapter.clone(),
                address: self.address.clone(),
                retry: self.retry,
                configuration: Arc::new(self.endpoint_configuration()),
            },
            high_watermark: self.high_watermark,
            delivery_timeout: self.delivery_timeout,
        }
    }

    fn endpoint_configuration(&self) -> EndpointConfiguration {
        let entries = pairs(&self.config);
        // Adapters only compare the version for equality, within one run.
        let mut hasher = DefaultHasher::new();
        entries.hash(&mut hasher);
        EndpointConfiguration {
            version: hasher.finish(),
            entries,
        }
    }
}

/// Names and values without their places.
pub(crate) fn pairs(settings: &[Setting]) -> Vec<(String, String)> {
    let pair = |setting: &Setting| (setting.name.clone(), setting.value.clone());
    settings.iter().map(pair).collect()
}

fn adapter(section: &Section<'_>, adapters: &[&str]) -> Option<String> {
    let entry = section.require("adapter", "name one of the adapters: adapter = \"…\"")?;
    let name = entry.text()?;
    if adapters.contains(&name) {
        return Some(name.to_owned());
    }
    let hint = suggest(name, adapters.iter().copied());
    let problem = if adapters.is_empty() {
        format!("there is no adapter '{name}'; add a table [adapters.{name}] with its component")
    } else {
        format!("there is no adapter '{name}'{hint}")
    };
    entry.mistake(problem);
    None
}

fn retry(entry: Option<Entry<'_>>) -> RetryPolicy {
    let default = RetryPolicy::default();
    let Some(section) = entry.and_then(|entry| entry.section()) else {
        return default;
    };
    section.refuse_others(&["count", "interval"]);
    let count = section.get("count").and_then(|e| e.whole(RETRY_COUNTS));
    let interval = section.get("interval");
    let interval = interval.and_then(|entry| entry.duration(RETRY_INTERVALS));
    RetryPolicy {
        count: count.map_or(default.count, |n| u32::try_from(n).unwrap_or(u32::MAX)),
        interval: interval.unwrap_or(default.interval),
    }
}

fn grants(entry: Option<Entry<'_>>, directory: &Path) -> Grants {
    let Some(section) = entry.and_then(|entry| entry.section()) else {
        return Grants::default();
    };
    section.refuse_others(&["http", "directory"]);
    let http = section.get("http").and_then(|entry| entry.texts());
    let granted = section.get("directory");
    let granted = granted.and_then(|entry| Some((directory.join(entry.text()?), entry.place)));
    Grants {
        http: http.unwrap_or_default(),
        directory: granted,
    }
}
