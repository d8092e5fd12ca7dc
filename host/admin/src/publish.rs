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
mod lifetime;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use message_box::{NewMessage, Publication};
use model::property;

use crate::problem::Problem;
use crate::time::now;
use crate::upload::Upload;
use crate::{AdminState, Limits, ndjson};

use accepted::accepted;
use content::Content;
use envelope::Envelope;

pub(crate) async fn publish(
    State(state): State<AdminState>,
    port: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(port) = port?;
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
    let admission = state.dispatcher.admit(port)?;
    upload.check_declared()?;
    let content = Content::of(headers)?;
    let envelope = Envelope::read(headers, now())?;
    let idempotency_key = envelope.idempotency_key.clone();
    let messages = messages(state, content, headers, envelope, upload).await?;
    // Uploads take their time, and a time to live that the port gives begins now.
    let now = now();
    let complete = |(index, message)| {
        let completed = admission.complete(message, now);
        completed.map_err(|refusal| Problem::from(refusal).with("index", index))
    };
    let messages = messages.into_iter().enumerate().map(complete);
    let publication = Publication {
        messages: messages.collect::<Result<_, _>>()?,
        idempotency_key,
    };
    let message_box = &state.message_box;
    let published = message_box
        .publish(&admission.port, publication, now)
        .await?;
    Ok(accepted(&published, admission.is_two_way()))
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
            Ok(vec![event.message(&envelope)])
        }
        Content::EventBatch => {
            let text = upload.whole().await?;
            let events = event_json::read_batch(&text, &envelope.properties, max_bulk_messages)?;
            let messages = events.into_iter().map(|event| event.message(&envelope));
            Ok(messages.collect())
        }
        Content::Lines => {
            envelope
                .properties
                .set(property::CONTENT_TYPE, "application/json");
            let text = upload.whole().await?;
            let Envelope {
                properties,
                priority,
                expires,
                ..
            } = &envelope;
            let mut messages = ndjson::messages(&text, properties, *priority, max_bulk_messages)?;
            for message in &mut messages {
                message.expires = *expires;
            }
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
