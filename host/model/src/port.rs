//! A send port: a destination and the policy for reaching it.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The name of a send port: letters, digits, `-`, `_` and `.`; at most 128 bytes. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortName(Arc<str>);

/// A text that cannot name a port.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} cannot name a send port: use 1 to 128 letters, digits, '-', '_' or '.', beginning with a letter or digit"
)]
pub struct PortNameError {
    /// What was given.
    pub text: String,
}

impl PortName {
    /// Checks the text.
    pub fn new(text: &str) -> Result<Self, PortNameError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let begins = text
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphanumeric());
        if begins && text.len() <= 128 && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(PortNameError {
                text: text.to_owned(),
            })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for PortName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// How often and how soon a transport is tried again. Attempts = 1 + `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Retries after the first attempt; 0 means one attempt only. BizTalk's RetryCount, 0 to 1000.
    pub count: u32,
    /// Time from a failure to the next attempt, unless the adapter asks for another. BizTalk's RetryInterval.
    pub interval: Duration,
}

impl Default for RetryPolicy {
    /// BizTalk's defaults: three retries, five minutes apart.
    fn default() -> Self {
        Self {
            count: 3,
            interval: Duration::from_secs(300),
        }
    }
}

/// Settings of one port that its adapter reads with every message (BizTalk's endpoint configuration).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointConfiguration {
    /// Changes when the settings change, so that an adapter may keep what it parsed (SPLastUpdatedTime).
    pub version: u64,
    /// Names and values.
    pub entries: Vec<(String, String)>,
}

/// One way out of a port.
#[derive(Clone, Debug)]
pub struct Transport {
    /// The adapter, by its name in the configuration.
    pub adapter: String,
    /// Where messages go: a URL, a directory, whatever the adapter's prefixes say. OutboundTransportLocation.
    pub address: Arc<str>,
    /// How often it is tried.
    pub retry: RetryPolicy,
    /// What the adapter may read about this port.
    pub configuration: Arc<EndpointConfiguration>,
}

/// A destination with its policy.
#[derive(Clone, Debug)]
pub struct SendPort {
    /// Its name.
    pub name: PortName,
    /// The way out.
    pub primary: Transport,
    /// Messages handed to the adapter and not yet resolved, at most.
    pub high_watermark: usize,
    /// How long one delivery may take before the host takes the message back as failed.
    pub delivery_timeout: Duration,
}
