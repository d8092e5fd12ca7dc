//! What is known about a message, as JSON.

use std::collections::BTreeMap;

use message_box::{MessageState, StoredMessage};
use model::{Properties, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error_report::ErrorReport;
use crate::time::rfc3339;

/// A message in the box. Times are RFC 3339.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct MessageReport {
    /// The message.
    pub id: String,
    /// Its port.
    pub port: String,
    /// `pending` (also while it is being delivered), `queued` behind others of its lane, or `suspended`.
    pub state: String,
    /// What can be done with it: `resume`, `terminate`, `edit`.
    pub can: Vec<String>,
    /// When it was accepted.
    pub accepted: String,
    /// Of a pending one: not delivered before this time.
    pub due: Option<String>,
    /// Of a suspended one: since when.
    pub suspended: Option<String>,
    /// Not delivered from this time on.
    pub expires: Option<String>,
    /// 1 is sent first, 10 last.
    pub priority: u8,
    /// The transport it is on: `primary` or `backup`.
    pub transport: String,
    /// Of a suspended one: the adapter that failed, and its version, when that is known.
    pub adapter: Option<String>,
    /// Failed attempts on that transport.
    pub attempts: u32,
    /// Failed attempts on the transports before, and before it was resumed.
    pub earlier_attempts: u32,
    /// Why it failed last, if it did.
    pub error: Option<ErrorReport>,
    /// The lane it is in, on an ordered port.
    pub lane: Option<String>,
    /// It is on a two-way port.
    pub expects_response: bool,
    /// A person has changed it: what it was before is kept.
    pub edited: bool,
    /// Size of its body in bytes.
    pub size: u64,
    /// Names and values.
    pub properties: BTreeMap<String, String>,
}

/// What an edited message was before anybody changed it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Original {
    /// The message.
    pub id: String,
    /// Size of its body in bytes.
    pub size: u64,
    /// Names and values.
    pub properties: BTreeMap<String, String>,
}

/// The parts of a message's state that depend on what it waits for.
#[derive(Default)]
struct Standing {
    state: &'static str,
    due: Option<Timestamp>,
    suspended: Option<Timestamp>,
    adapter: Option<String>,
    can: &'static [&'static str],
}

impl From<StoredMessage> for MessageReport {
    fn from(message: StoredMessage) -> Self {
        let standing = Standing::of(message.state);
        Self {
            id: message.id.to_string(),
            port: message.port.to_string(),
            state: standing.state.to_owned(),
            can: standing.can.iter().map(|what| (*what).to_owned()).collect(),
            accepted: rfc3339(message.accepted),
            due: standing.due.map(rfc3339),
            suspended: standing.suspended.map(rfc3339),
            expires: message.expires.map(rfc3339),
            priority: message.priority.get(),
            transport: message.transport.as_str().to_owned(),
            adapter: standing.adapter,
            attempts: message.attempts,
            earlier_attempts: message.earlier_attempts,
            error: message.error.map(ErrorReport::from),
            lane: message.lane,
            expects_response: message.expects_response,
            edited: message.edited,
            size: message.size,
            properties: map(&message.properties),
        }
    }
}

impl Standing {
    fn of(state: MessageState) -> Self {
        match state {
            MessageState::Pending { due } => Self {
                state: "pending",
                due: Some(due),
                ..Self::default()
            },
            MessageState::Queued => Self {
                state: "queued",
                ..Self::default()
            },
            MessageState::Suspended {
                at,
                adapter,
                resumable,
            } => Self {
                state: "suspended",
                suspended: Some(at),
                adapter,
                can: match resumable {
                    true => &["resume", "terminate", "edit"],
                    false => &["terminate", "edit"],
                },
                ..Self::default()
            },
        }
    }
}

/// Properties by name: JSON objects have no order.
pub(super) fn map(properties: &Properties) -> BTreeMap<String, String> {
    let pairs = properties.iter();
    pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
}
