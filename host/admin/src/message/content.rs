//! `GET` and `PUT /v1/messages/{id}/body`, `GET /v1/messages/{id}/original` and its body: content, read
//! and written piece by piece.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use message_box::MessageState;
use model::{Body, MessageId, Properties, property};

use super::report::map;
use super::{Changes, MessageReport, Original, edit, message_id};
use crate::header::{refuse_encoded, text};
use crate::message_error::MessageError;
use crate::problem::Problem;
use crate::upload::Upload;
use crate::{AdminState, download};

pub(crate) async fn body(
    State(state): State<AdminState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = message_id(id)?;
    let message = state.message_box.message(id).await?;
    let body = state.message_box.body_of(id).await?;
    match (message, body) {
        (Some(message), Some(body)) => Ok(download::body(body, &message.properties)),
        _ => Err(MessageError::unknown(id).into()),
    }
}

pub(crate) async fn original(
    State(state): State<AdminState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Original>, Problem> {
    let id = message_id(id)?;
    let (properties, body) = original_of(&state, id).await?;
    Ok(Json(Original {
        id: id.to_string(),
        size: body.size(),
        properties: map(&properties),
    }))
}

pub(crate) async fn original_body(
    State(state): State<AdminState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let (properties, body) = original_of(&state, message_id(id)?).await?;
    Ok(download::body(body, &properties))
}

async fn original_of(
    state: &AdminState,
    id: MessageId,
) -> Result<(Properties, Body), MessageError> {
    match state.message_box.original_of(id).await? {
        Some(original) => Ok(original),
        None if state.message_box.message(id).await?.is_some() => Err(MessageError::NotEdited(id)),
        None => Err(MessageError::unknown(id)),
    }
}

/// Replaces the body of a suspended message, and its content type when the request names one.
pub(crate) async fn put_body(
    State(state): State<AdminState>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Json<MessageReport>, Problem> {
    let id = message_id(id)?;
    let (head, body) = request.into_parts();
    let mut upload = Upload::new(body, &head.headers, state.limits.max_body);
    let result = replace(&state, id, &head.headers, &mut upload).await;
    if result.is_err() {
        upload.discard().await;
    }
    result.map(Json)
}

async fn replace(
    state: &AdminState,
    id: MessageId,
    headers: &HeaderMap,
    upload: &mut Upload,
) -> Result<MessageReport, Problem> {
    // Before the body: nobody need send 64 MiB to learn that the message is not suspended.
    check_suspended(state, id).await?;
    upload.check_declared()?;
    refuse_encoded(headers)?;
    let mut changes = Changes::default();
    if let Some(value) = headers.get(CONTENT_TYPE) {
        let media_type = text(&CONTENT_TYPE, value)?.to_owned();
        changes
            .set
            .insert(property::CONTENT_TYPE.to_owned(), media_type);
    }
    let body = upload.message_body(&state.message_box, state.limits.stage_threshold);
    let body = Some(body.await?);
    Ok(edit(&state.message_box, id, &changes, body).await?)
}

async fn check_suspended(state: &AdminState, id: MessageId) -> Result<(), MessageError> {
    let reason = match state
        .message_box
        .message(id)
        .await?
        .map(|message| message.state)
    {
        Some(MessageState::Suspended { .. }) => return Ok(()),
        Some(_) => message_box::Refusal::NotSuspended,
        None => message_box::Refusal::Unknown,
    };
    Err(message_box::Error::Refused { id, reason }.into())
}
