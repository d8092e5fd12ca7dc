//! Which suspended messages a decision is about: given by their ids, by a filter, or all of them, in so
//! many words.

use message_box::{Selection, SuspendedFilter};
use model::{MessageId, PortName};
use serde::{Deserialize, Serialize};

use super::page::option;
use crate::message_error::MessageError;
use crate::time;

/// Messages named in one request, at most.
const MOST_IDS: usize = 10_000;

/// The body of `POST /v1/messages/suspended/resume` and `terminate`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// These messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<Vec<String>>,
    /// All of them. Has to be said, so that nobody empties the queue by an empty object.
    #[serde(default)]
    pub all: bool,
    /// Messages of this port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// Messages suspended for an error with this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Messages suspended at this time or later (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Messages suspended before this time (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Messages that can be resumed, or cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumable: Option<bool>,
}

impl Choice {
    pub(super) fn selection(&self) -> Result<Selection, MessageError> {
        let filter = self.filter()?;
        let is_filter = filter != SuspendedFilter::default();
        match (&self.ids, self.all, is_filter) {
            (Some(ids), false, false) => Ok(Selection::Ids(read_ids(ids)?)),
            (None, true, false) | (None, false, true) => Ok(Selection::Filter(filter)),
            (None, false, false) => Err(MessageError::Malformed(
                "say which messages: ids, a filter (port, code, since, until, resumable), \
                 or {\"all\": true} for all of them"
                    .to_owned(),
            )),
            _ => Err(MessageError::Malformed(
                "ids, a filter and {\"all\": true} exclude each other; send one of them".to_owned(),
            )),
        }
    }

    fn filter(&self) -> Result<SuspendedFilter, MessageError> {
        Ok(SuspendedFilter {
            port: option("port", self.port.as_deref(), PortName::new)?,
            code: self.code.clone(),
            since: option("since", self.since.as_deref(), time::parse)?,
            until: option("until", self.until.as_deref(), time::parse)?,
            resumable: self.resumable,
        })
    }
}

fn read_ids(texts: &[String]) -> Result<Vec<MessageId>, MessageError> {
    if texts.len() > MOST_IDS {
        let text = format!("there are more than {MOST_IDS} ids; send them in several requests");
        return Err(MessageError::Malformed(text));
    }
    let ids = texts.iter().map(|text| text.parse());
    let ids = ids.collect::<Result<_, model::IdError>>();
    ids.map_err(|error| MessageError::Malformed(format!("ids: {error}")))
}
