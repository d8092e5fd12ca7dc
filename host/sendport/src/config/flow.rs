//! How much a port takes and sends, and for how long.

use std::ops::RangeInclusive;
use std::time::Duration;

use model::RateLimit;

use super::section::{Entry, Section};
use super::value;

const DAY: Duration = Duration::from_secs(86_400);

const HIGH_WATERMARK: usize = 1024;
const HIGH_WATERMARKS: RangeInclusive<u64> = 1..=1_000_000;
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);
const DELIVERY_TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(1)..=DAY;
/// Ten years.
const TIMES_TO_LIVE: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(10 * 31_557_600);
const RATES: RangeInclusive<u64> = 1..=1_000_000;
const RATE_SPAN: Duration = Duration::from_secs(1);
const RATE_SPANS: RangeInclusive<Duration> = Duration::from_millis(1)..=DAY;
/// More at once are more than most destinations take kindly to.
const CONNECTIONS: usize = 128;
const CONNECTIONS_RANGE: RangeInclusive<u64> = 1..=65_536;
const BACKLOGS: RangeInclusive<u64> = 1..=1_000_000_000_000;

/// The keys of a port that are read here.
pub(super) const KEYS: &[&str] = &[
    "high-watermark",
    "delivery-timeout",
    "time-to-live",
    "rate-limit",
    "backlog-limit",
    "connections",
];
pub(super) const RATE_KEYS: &[&str] = &["messages", "per"];

/// How much a port takes and sends, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    /// Messages handed to the adapter and not yet resolved, at most.
    pub(crate) high_watermark: usize,
    /// How long one delivery may take.
    pub(crate) delivery_timeout: Duration,
    /// Messages expire so long after they were accepted; never when absent.
    pub(crate) time_to_live: Option<Duration>,
    pub(crate) rate_limit: Option<RateLimit>,
    /// Publishers are refused while so many messages are pending.
    pub(crate) backlog_limit: Option<u64>,
    /// Connections in use at once, at most.
    pub(crate) connections: usize,
}

impl Flow {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let time_to_live = section.get("time-to-live");
        Self {
            high_watermark: section.whole_or("high-watermark", HIGH_WATERMARKS, HIGH_WATERMARK),
            delivery_timeout: section.duration_or(
                "delivery-timeout",
                DELIVERY_TIMEOUTS,
                DELIVERY_TIMEOUT,
            ),
            time_to_live: time_to_live.and_then(|entry| entry.duration(TIMES_TO_LIVE)),
            rate_limit: section.get("rate-limit").and_then(|entry| rate(&entry)),
            backlog_limit: section.whole("backlog-limit", BACKLOGS),
            connections: section.whole_or("connections", CONNECTIONS_RANGE, CONNECTIONS),
        }
    }
}

/// `"100/s"`, or `{ messages = 100, per = "1s" }`.
fn rate(entry: &Entry<'_>) -> Option<RateLimit> {
    if entry.is_text() {
        return entry.parsed(|text| value::rate(text, RATES));
    }
    if !entry.is_table() {
        entry.expected("a text such as \"100/s\", or a table");
        return None;
    }
    let section = entry.section()?;
    section.refuse_others(RATE_KEYS);
    let per = section.duration_or("per", RATE_SPANS, RATE_SPAN);
    let messages = section.require("messages", "say how many: messages = 100");
    let messages = messages?.whole(RATES)?;
    Some(RateLimit {
        messages: u32::try_from(messages).unwrap_or(u32::MAX),
        per,
    })
}
