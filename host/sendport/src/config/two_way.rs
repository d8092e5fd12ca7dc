//! `two-way = …`: whether somebody waits for what the destination answers.

use std::ops::RangeInclusive;
use std::time::Duration;

use model::PortName;

use super::section::{Entry, Section, Switch};
use super::target::target;
use super::{Place, Placed};

const RETENTION: Duration = Duration::from_secs(86_400);
const RETENTIONS: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(30 * 86_400);
const MAX_RESPONSE: u64 = 1 << 20;
/// A response is held in memory, and by the adapter as well.
const MAX_RESPONSES: RangeInclusive<u64> = 1..=64 << 20;

pub(super) const KEYS: &[&str] = &["response-port", "retention", "max-response"];

/// What a two-way port does with responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TwoWay {
    /// The value of `two-way`.
    pub(crate) place: Place,
    /// Where responses are published as well.
    pub(crate) response_port: Option<Placed<PortName>>,
    /// How long a response may be asked for.
    pub(crate) retention: Duration,
    /// Bytes of a response, at most.
    pub(crate) max_response: usize,
}

pub(super) fn two_way(entry: Option<Entry<'_>>) -> Option<TwoWay> {
    let entry = entry?;
    match entry.switch()? {
        Switch::Off => None,
        Switch::On => Some(with(entry.place, None)),
        Switch::With(section) => Some(with(entry.place, Some(&section))),
    }
}

fn with(place: Place, section: Option<&Section<'_>>) -> TwoWay {
    if let Some(section) = section {
        section.refuse_others(KEYS);
    }
    let retention = section.map(|s| s.duration_or("retention", RETENTIONS, RETENTION));
    let max_response = section.map(|s| s.size_or("max-response", MAX_RESPONSES, MAX_RESPONSE));
    TwoWay {
        place,
        response_port: section.and_then(|section| target(section.get("response-port"))),
        retention: retention.unwrap_or(RETENTION),
        max_response: usize::try_from(max_response.unwrap_or(MAX_RESPONSE)).unwrap_or(usize::MAX),
    }
}

impl TwoWay {
    /// As the dispatcher wants it.
    pub(crate) fn model(&self) -> model::TwoWay {
        model::TwoWay {
            response_port: self.response_port.as_ref().map(|port| port.value.clone()),
            retention: self.retention,
            max_response: self.max_response,
        }
    }
}
