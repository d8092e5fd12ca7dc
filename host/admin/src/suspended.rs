//! `GET /v1/messages/suspended`: the messages that wait for a person, and why.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use message_box::SuspendedMessage;
use model::PortName;
use serde::{Deserialize, Serialize};

use crate::AdminState;
use crate::problem::Problem;
use crate::status::rfc3339;

/// Messages in one answer, unless the client says otherwise; and the most it may ask for.
const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 10_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    port: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Suspended {
    messages: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    id: String,
    port: String,
    accepted: String,
    suspended: String,
    attempts: u32,
    code: Option<String>,
    text: String,
    size: u64,
}

pub(crate) async fn suspended(
    State(state): State<AdminState>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Suspended>, Problem> {
    let Query(filter) = filter.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
    let limit = filter.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LARGEST_LIMIT).contains(&limit) {
        let detail = format!("limit is {limit}; use 1 to {LARGEST_LIMIT}");
        return Err(Problem::malformed(detail));
    }
    // A port that is no longer configured may still have messages: the box is asked, not the dispatcher.
    let port = filter.port.as_deref().map(PortName::new).transpose();
    let port = port.map_err(|error| Problem::malformed(error.to_string()))?;
    let messages = state.message_box.suspended(port.as_ref(), limit).await?;
    let messages = messages.into_iter().map(Entry::from).collect();
    Ok(Json(Suspended { messages }))
}

impl From<SuspendedMessage> for Entry {
    fn from(message: SuspendedMessage) -> Self {
        Self {
            id: message.id.to_string(),
            port: message.port.to_string(),
            accepted: rfc3339(message.accepted),
            suspended: rfc3339(message.suspended_at),
            attempts: message.attempts,
            code: message.error.code,
            text: message.error.text,
            size: message.size,
        }
    }
}
