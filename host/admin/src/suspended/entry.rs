//! A suspended message in a list.

use message_box::SuspendedMessage;
use serde::{Deserialize, Serialize};

use crate::time::rfc3339;

/// A message that waits for a person.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct SuspendedEntry {
    /// The message.
    pub id: String,
    /// Its port.
    pub port: String,
    /// When it was accepted (RFC 3339).
    pub accepted: String,
    /// When it was suspended (RFC 3339).
    pub suspended: String,
    /// The transport on which it failed last: `primary` or `backup`.
    pub transport: String,
    /// The adapter that failed, and its version, when that is known.
    pub adapter: Option<String>,
    /// Failed attempts on all transports.
    pub attempts: u32,
    /// Why, as a word for programs.
    pub code: Option<String>,
    /// Why, for people.
    pub text: String,
    /// False when it can only be terminated.
    pub resumable: bool,
    /// A person has changed it.
    pub edited: bool,
    /// Size of its body in bytes.
    pub size: u64,
}

impl From<SuspendedMessage> for SuspendedEntry {
    fn from(message: SuspendedMessage) -> Self {
        Self {
            id: message.id.to_string(),
            port: message.port.to_string(),
            accepted: rfc3339(message.accepted),
            suspended: rfc3339(message.suspended_at),
            transport: message.transport.as_str().to_owned(),
            adapter: message.adapter,
            attempts: message.attempts,
            code: message.error.code,
            text: message.error.text,
            resumable: message.resumable,
            edited: message.edited,
            size: message.size,
        }
    }
}
