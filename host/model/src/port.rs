//! A send port: a destination and the policy for reaching it. What each part of the policy means is in
//! its own module; this one only puts them together.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{
    DynamicAdapter, Notifications, OrderedDelivery, RateLimit, Transport, TransportSlot, TwoWay,
};

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

/// A destination with its policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendPort {
    /// Its name.
    pub name: PortName,
    /// The way out.
    pub primary: Transport,
    /// The way out for what the primary has given up. BizTalk: backup (secondary) transport.
    pub backup: Option<Transport>,
    /// For a dynamic port, the adapters that its messages may name; empty for a static one. The address
    /// and configuration of `primary` then mean nothing.
    pub dynamic: Vec<DynamicAdapter>,
    /// Messages handed to the adapter and not yet resolved, at most, over both transports.
    pub high_watermark: usize,
    /// How long one delivery may take before the host takes the message back as failed.
    pub delivery_timeout: Duration,
    /// Whether messages wait for each other.
    pub ordered: Option<OrderedDelivery>,
    /// Whether a response is expected. BizTalk: solicit-response port.
    pub two_way: Option<TwoWay>,
    /// Where a message goes instead of being suspended. BizTalk: failed message routing.
    pub failed_message_port: Option<PortName>,
    /// Who is told what became of messages.
    pub notifications: Option<Notifications>,
    /// Messages expire this long after they were accepted, unless their publisher says otherwise.
    pub time_to_live: Option<Duration>,
    /// Messages handed to the adapter in a span of time, at most.
    pub rate_limit: Option<RateLimit>,
    /// Publishers are refused while so many messages are pending.
    pub backlog_limit: Option<u64>,
}

impl SendPort {
    /// A static one-way port with no policy but its transport's.
    pub fn new(name: PortName, primary: Transport) -> Self {
        Self {
            name,
            primary,
            backup: None,
            dynamic: Vec::new(),
            high_watermark: 1024,
            delivery_timeout: Duration::from_secs(60),
            ordered: None,
            two_way: None,
            failed_message_port: None,
            notifications: None,
            time_to_live: None,
            rate_limit: None,
            backlog_limit: None,
        }
    }

    /// One of its transports; the primary when there is no backup.
    pub fn transport(&self, slot: TransportSlot) -> &Transport {
        match (slot, &self.backup) {
            (TransportSlot::Backup, Some(backup)) => backup,
            _ => &self.primary,
        }
    }

    /// True when a message on this transport can be moved on.
    pub fn has_next(&self, slot: TransportSlot) -> bool {
        slot == TransportSlot::Primary && self.backup.is_some()
    }

    /// True when every message says itself where it goes.
    pub fn is_dynamic(&self) -> bool {
        !self.dynamic.is_empty()
    }
}
