//! A message: its identity, its properties, its place in the queue.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Body, PortName, Timestamp, TransportSlot};

/// The identity of a message and its idempotency key: the same on every delivery, unique over boxes.
///
/// Written as a UUID of version 8 (RFC 9562): the first 48 bits name the message box, the last 62 the
/// message within it. The sequence number is also the row in the box, so that finding a message by its
/// id needs no second index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(u128);

const BOX_BITS: u128 = (1 << 48) - 1;
const SEQUENCE_BITS: u128 = (1 << 62) - 1;

/// A text that is not the id of a message.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is not a message id: expected a UUID such as 0190a5c3-7e21-8000-8000-00000000002a"
)]
pub struct IdError {
    /// What was given.
    pub text: String,
}

impl MessageId {
    /// The id of message `sequence` in the box `box_id`; bits that do not fit are cut off.
    pub fn new(box_id: u64, sequence: u64) -> Self {
        let (b, s) = (
            u128::from(box_id) & BOX_BITS,
            u128::from(sequence) & SEQUENCE_BITS,
        );
        Self(b << 80 | 0x8 << 76 | 0b10 << 62 | s)
    }

    /// The message box that accepted the message.
    pub fn box_id(self) -> u64 {
        u64::try_from(self.0 >> 80).unwrap_or_default()
    }

    /// The number of the message within its box: larger means accepted later.
    pub fn sequence(self) -> u64 {
        u64::try_from(self.0 & SEQUENCE_BITS).unwrap_or_default()
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v = self.0;
        let group = |shift: u32, bits: u32| (v >> shift) & ((1 << bits) - 1);
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            group(96, 32),
            group(80, 16),
            group(64, 16),
            group(48, 16),
            group(0, 48)
        )
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MessageId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError {
            text: text.to_owned(),
        };
        let lengths = text.split('-').map(str::len);
        if !lengths.eq([8, 4, 4, 4, 12]) {
            return Err(error());
        }
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(error());
        }
        let id = Self(u128::from_str_radix(&digits, 16).map_err(|_| error())?);
        // Anything that this box could not have written is a typing error, not an unknown message.
        if Self::new(id.box_id(), id.sequence()) == id {
            Ok(id)
        } else {
            Err(error())
        }
    }
}

/// 1 is sent first, 10 last; 5 unless told otherwise (BizTalk's range and default).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

/// A priority outside 1 to 10.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("priority {0} is out of range: use 1 (first) to 10 (last)")]
pub struct PriorityError(pub i64);

impl Priority {
    /// All priorities, the most urgent first.
    pub const ALL: std::ops::RangeInclusive<u8> = 1..=10;

    /// Checks the range.
    pub fn new(value: i64) -> Result<Self, PriorityError> {
        match u8::try_from(value) {
            Ok(v) if Self::ALL.contains(&v) => Ok(Self(v)),
            _ => Err(PriorityError(value)),
        }
    }

    /// 1 to 10.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self(5)
    }
}

/// What is known about a message beside its body: names and values, in the order they were set.
///
/// BizTalk's message context. Names are compared exactly. `content-type`, `traceparent`, `tracestate`
/// and the CloudEvents attributes (`ce-id`, `ce-source`, …) have the meaning of the HTTP headers of
/// those names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(Vec<(String, String)>);

impl Properties {
    /// The value of a property.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    /// Sets a property, replacing an earlier value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, v)) => *v = value,
            None => self.0.push((name, value)),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Properties {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut properties = Self::default();
        for (name, value) in pairs {
            properties.set(name, value);
        }
        properties
    }
}

/// An accepted message as it leaves the box: everything but its lease.
#[derive(Clone, Debug)]
pub struct Message {
    /// Identity and idempotency key.
    pub id: MessageId,
    /// The send port it was published to.
    pub port: PortName,
    /// When the box accepted it.
    pub accepted: Timestamp,
    /// Its place among the due messages of its port.
    pub priority: Priority,
    /// The transport it is on: the backup once the primary has given it up.
    pub transport: TransportSlot,
    /// Failed attempts that were charged on the current transport.
    pub attempts: u32,
    /// Failed attempts on the transports before that one.
    pub earlier_attempts: u32,
    /// Not delivered from this time on.
    pub expires: Option<Timestamp>,
    /// On an ordered port, the lane whose head it is: the next message of the lane comes after it.
    pub lane: Option<Arc<str>>,
    /// Names and values given by the publisher, or carried over by an adapter from an earlier attempt.
    pub properties: Properties,
    /// The content.
    pub body: Body,
}

impl Message {
    /// The number of the next attempt, over all transports; the first is 1.
    pub fn attempt(&self) -> u32 {
        self.earlier_attempts
            .saturating_add(self.attempts)
            .saturating_add(1)
    }

    /// True when its time to live is over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_version_8_uuid_that_reads_back() {
        for (b, s) in [(0, 0), (1, 42), ((1 << 48) - 1, (1 << 62) - 1)] {
            let id = MessageId::new(b, s);
            assert_eq!((id.box_id(), id.sequence()), (b, s));
            let text = id.to_string();
            assert_eq!(text.as_bytes()[14], b'8', "version: {text}");
            assert!(
                matches!(text.as_bytes()[19], b'8'..=b'b'),
                "variant: {text}"
            );
            assert_eq!(text.parse(), Ok(id));
        }
    }

    #[test]
    fn a_text_that_is_no_id_says_so() {
        let typed = [
            "",
            "42",
            "0190a5c3-7e21-4000-8000-00000000002a",
            "0190a5c3-7e21-8000-8000-0000000000+a",
        ];
        for text in typed {
            assert!(text.parse::<MessageId>().is_err(), "{text}");
        }
    }

    #[test]
    fn priorities_are_one_to_ten() {
        assert_eq!(Priority::default().get(), 5);
        for value in [0, 11, -1, i64::MAX] {
            assert_eq!(Priority::new(value), Err(PriorityError(value)));
        }
    }
}
