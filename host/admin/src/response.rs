//! `GET /v1/messages/{id}/response`: what the destination of a two-way port answered, waited for if asked.
//!
//! Waiting costs one entry in memory, which goes with the request, however that ends.

use std::time::Duration;

use axum::Extension;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use message_box::ResponseState;
use model::{Answer, ErrorInfo, MessageId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::error_report::ErrorReport;
use crate::message::message_id;
use crate::problem::{Problem, seconds};
use crate::server::Stopping;
use crate::time::{self, now, rfc3339};
use crate::{AdminState, download};

/// The longest wait of one request.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// When to ask again for a response that is on its way, and for one that needs a person first.
const ASK_AGAIN: Duration = Duration::from_secs(1);
const ASK_LATER: Duration = Duration::from_secs(60);

/// Until when a response can be fetched.
const KEPT_UNTIL: HeaderName = HeaderName::from_static("sendport-kept-until");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wait {
    wait: Option<String>,
}

/// Why there is no response yet.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Unanswered {
    /// `pending`, or `suspended`: a person has to decide first.
    pub state: String,
    /// Why it was suspended.
    pub error: Option<ErrorReport>,
}

pub(crate) async fn response(
    State(state): State<AdminState>,
    stopping: Option<Extension<Stopping>>,
    id: Result<Path<String>, PathRejection>,
    wait: Result<Query<Wait>, QueryRejection>,
) -> Result<Response, Problem> {
    let id = message_id(id)?;
    let Query(wait) = wait?;
    let deadline = Instant::now() + wait.duration()?;
    let stopped = async {
        match stopping {
            Some(Extension(stopping)) => stopping.begun().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        exchange = settled(&state, id, deadline) => answer(id, exchange?),
        () = stopped => {
            Err(Problem::unavailable("the host is stopping; ask again when it is back"))
        }
    }
}

impl Wait {
    fn duration(&self) -> Result<Duration, Problem> {
        let Some(text) = &self.wait else {
            return Ok(Duration::ZERO);
        };
        let wait = time::parse_duration(text);
        let wait = wait.map_err(|error| Problem::malformed(format!("wait: {error}")))?;
        if wait > LONGEST_WAIT {
            let longest = humantime::format_duration(LONGEST_WAIT);
            let detail = format!("wait is {text}; use at most {longest}, and ask again");
            return Err(Problem::malformed(detail));
        }
        Ok(wait)
    }
}

/// The state of the exchange when it has ended, when it has changed (the message was suspended, say), or
/// when the time is up.
async fn settled(
    state: &AdminState,
    id: MessageId,
    deadline: Instant,
) -> Result<ResponseState, message_box::Error> {
    let mut first = None;
    loop {
        // Before looking, so that nothing slips through between the two.
        let changed = state.message_box.response_changed(id);
        let current = state.message_box.response(id, now()).await?;
        let is_open = matches!(current, ResponseState::Waiting { .. });
        if !is_open || *first.get_or_insert_with(|| current.clone()) != current {
            return Ok(current);
        }
        // Only a box that was closed wakes everybody at once; it says so when it is asked again.
        if tokio::time::timeout_at(deadline, changed).await.is_err() {
            return Ok(current);
        }
    }
}

fn answer(id: MessageId, exchange: ResponseState) -> Result<Response, Problem> {
    match exchange {
        ResponseState::Unknown => {
            let detail = format!(
                "there is no message {id} and no response to it: it never was, it was on a one-way \
                 port, or its response is no longer kept"
            );
            Err(Problem::unknown_message(detail))
        }
        ResponseState::NotExpected => {
            let detail = format!("message {id} is on a one-way port: nobody will answer it");
            let title = "No response is expected";
            Err(Problem::new(StatusCode::CONFLICT, "one-way", title, detail))
        }
        ResponseState::Waiting { suspended } => Ok(unanswered(suspended)),
        ResponseState::Ready {
            answer: Answer::Response(response),
            until,
        } => {
            let answer = download::answer(response.body, &response.properties);
            Ok(kept(answer, until))
        }
        ResponseState::Ready {
            answer: Answer::Failed(error),
            until,
        } => {
            let detail = format!("message {id} will not be answered: {error}");
            let status = StatusCode::BAD_GATEWAY;
            let title = "The exchange has failed for good";
            let problem = Problem::new(status, "exchange-failed", title, detail)
                .with("code", error.code)
                .with("text", error.text);
            Ok(kept(problem.into_response(), until))
        }
    }
}

fn unanswered(suspended: Option<ErrorInfo>) -> Response {
    let (state, again) = match suspended {
        None => ("pending", ASK_AGAIN),
        Some(_) => ("suspended", ASK_LATER),
    };
    let unanswered = Unanswered {
        state: state.to_owned(),
        error: suspended.map(ErrorReport::from),
    };
    let headers = [(RETRY_AFTER, seconds(again))];
    (StatusCode::ACCEPTED, headers, Json(unanswered)).into_response()
}

fn kept(mut answer: Response, until: Timestamp) -> Response {
    if let Ok(until) = HeaderValue::try_from(rfc3339(until)) {
        answer.headers_mut().insert(KEPT_UNTIL, until);
    }
    answer
}
