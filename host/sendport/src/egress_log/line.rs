//! A record as a line of the egress log.

use std::time::SystemTime;

use adapter_runtime::{EgressRecord, EgressVerdict};
use serde::Serialize;

/// One line. What is not known is left out.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Line<'a> {
    Egress(Box<Egress<'a>>),
    /// So many records are not in the log.
    Missing {
        time: String,
        missing: u64,
    },
}

/// What the fields mean is said in [`EgressRecord`].
#[derive(Debug, Serialize)]
pub(super) struct Egress<'a> {
    time: String,
    port: &'a str,
    adapter: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    way: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    verdict: &'static str,
    /// The grant, or why not.
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    milliseconds: f64,
}

impl<'a> Line<'a> {
    pub(super) fn of(record: &'a EgressRecord) -> Self {
        let (verdict, rule) = match &record.verdict {
            EgressVerdict::Allowed(grant) => ("allowed", &**grant),
            EgressVerdict::Denied(why) => ("denied", why.as_str()),
        };
        Self::Egress(Box::new(Egress {
            time: time(record.at),
            port: record.port.as_str(),
            adapter: &record.adapter,
            message: record.message.map(|id| id.to_string()),
            way: record.way.to_string(),
            method: record.method.as_deref(),
            target: &record.target,
            address: record.address.map(|address| address.to_string()),
            verdict,
            rule,
            bytes_out: record.bytes_out,
            bytes_in: record.bytes_in,
            status: record.status,
            error: record.error.as_deref(),
            milliseconds: milliseconds(record.duration.as_micros()),
        }))
    }

    pub(super) fn missing(at: SystemTime, missing: u64) -> Self {
        let time = time(at);
        Self::Missing { time, missing }
    }
}

fn time(at: SystemTime) -> String {
    humantime::format_rfc3339_millis(at).to_string()
}

/// To the microsecond.
fn milliseconds(micros: u128) -> f64 {
    let micros = u32::try_from(micros).unwrap_or(u32::MAX);
    f64::from(micros) / 1000.0
}
