//! Which suspended messages a list shows: a filter, where to begin, and how many.

use message_box::SuspendedFilter;
use model::{MessageId, PortName};
use serde::{Deserialize, Serialize};

use crate::message_error::MessageError;
use crate::time;

/// Messages in one answer, unless the client says otherwise; and the most it may ask for.
const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 10_000;

/// The query of `GET /v1/messages/suspended`. What is absent says nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Messages of this port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Messages suspended for an error with this code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Messages suspended at this time or later (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Messages suspended before this time (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Messages that can be resumed, or cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumable: Option<bool>,
    /// Messages that come after this one in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl Page {
    pub(super) fn read(&self) -> Result<(SuspendedFilter, Option<MessageId>, usize), MessageError> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            let text = format!("limit is {limit}; use 1 to {LARGEST_LIMIT}");
            return Err(MessageError::Malformed(text));
        }
        let filter = SuspendedFilter {
            // One that is no longer configured may still have messages.
            port: option("port", self.port.as_deref(), PortName::new)?,
            code: self.code.clone(),
            since: option("since", self.since.as_deref(), time::parse)?,
            until: option("until", self.until.as_deref(), time::parse)?,
            resumable: self.resumable,
        };
        let after = option("after", self.after.as_deref(), str::parse)?;
        Ok((filter, after, limit))
    }
}

/// Reads a value if it is there.
pub(super) fn option<'a, T, E: std::fmt::Display>(
    name: &str,
    text: Option<&'a str>,
    read: impl Fn(&'a str) -> Result<T, E>,
) -> Result<Option<T>, MessageError> {
    let value = text.map(read).transpose();
    value.map_err(|error| MessageError::Malformed(format!("{name}: {error}")))
}
