//! `POST /v1/ports/{port}/messages`: a request becomes messages, and they become durable.
//!
//! One request is one transaction. The answer is 202 only after the commit; any other answer means
//! that nothing of the request was kept, except that a connection lost before the answer leaves both
//! possible, which is what `Idempotency-Key` is for.

mod accepted;
mod cloud_event;
mod content;
mod envelope;
mod event_json;
mod upload;

use std::time::SystemTime;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use message_box::{NewBody, NewMessage, Publication};
use model::Timestamp;

use crate::problem::Problem;
use crate::{AdminState, Limits, ndjson};

use accepted::accepted;
use content::Content;
use envelope::Envelope;
use upload::Upload;

pub(crate) async fn publish(
    State(state): State<AdminState>,
    port: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(port) = port.map_err(|rejection| Problem::malformed(rejection.body_text()))?;
    let (head, body) = request.into_parts();
    let mut upload = Upload::new(body, &head.headers, state.limits.max_body);
    let result = accept(&state, &port, &head.headers, &mut upload).await;
    if result.is_err() {
        upload.discard().await;
    }
    result
}

async fn accept(
    state: &AdminState,
    port: &str,
    headers: &HeaderMap,
    upload: &mut Upload,
) -> Result<Response, Problem> {
    // Before the body: a publisher need not send 64 MiB to learn that the port does not exist.
    let port = state.dispatcher.admit(port)?;
    upload.check_declared()?;
    let content = Content::of(headers)?;
    let envelope = Envelope::read(headers)?;
    let publication = Publication {
        idempotency_key: envelope.idempotency_key.clone(),
        messages: messages(state, content, headers, envelope, upload).await?,
    };
    let now = Timestamp::from_system(SystemTime::now());
    let published = state.message_box.publish(&port, publication, now).await?;
    Ok(accepted(&published))
}

async fn messages(
    state: &AdminState,
    content: Content,
    headers: &HeaderMap,
    mut envelope: Envelope,
    upload: &mut Upload,
) -> Result<Vec<NewMessage>, Problem> {
    let Limits {
        max_bulk_messages,
        stage_threshold,
        ..
    } = state.limits;
    match content {
        Content::Raw => {
            envelope.keep_content_type(headers)?;
            let body = upload.message_body(&state.message_box, stage_threshold);
            Ok(vec![envelope.message(body.await?)])
        }
        Content::BinaryEvent => {
            envelope.keep_content_type(headers)?;
            cloud_event::read_attributes(headers, &mut envelope.properties)?;
            let body = upload.message_body(&state.message_box, stage_threshold);
            Ok(vec![envelope.message(body.await?)])
        }
        Content::Event => {
            let text = upload.whole().await?;
            let event = event_json::read_one(&text, &envelope.properties)?;
            Ok(vec![NewMessage {
                body: NewBody::Inline(event.body),
                properties: event.properties,
                priority: envelope.priority,
            }])
        }
        Content::EventBatch => {
            let text = upload.whole().await?;
            let events = event_json::read_batch(&text, &envelope.properties, max_bulk_messages)?;
            let messages = events.into_iter().map(|event| NewMessage {
                body: NewBody::Inline(event.body),
                properties: event.properties,
                priority: envelope.priority,
            });
            Ok(messages.collect())
        }
        Content::Lines => {
            envelope.properties.set("content-type", "application/json");
            let text = upload.whole().await?;
            let Envelope {
                properties,
                priority,
                ..
            } = &envelope;
            let messages = ndjson::messages(&text, properties, *priority, max_bulk_messages)?;
            Ok(messages)
        }
    }
}

impl From<ndjson::NdjsonError> for Problem {
    fn from(error: ndjson::NdjsonError) -> Self {
        let problem = Self::malformed(error.to_string());
        match error {
            ndjson::NdjsonError::Line { line, column, .. } => {
                problem.with("line", line).with("column", column)
            }
            ndjson::NdjsonError::Empty => problem,
            ndjson::NdjsonError::TooMany { limit } => Self::too_many(limit),
        }
    }
}
