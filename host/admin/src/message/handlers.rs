//! `GET` and `PATCH /v1/messages/{id}`, `POST /v1/messages/{id}/resume` and `terminate`.

use axum::Json;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use bytes::Bytes;
use message_box::{Refusal, Selection};
use model::MessageId;
use serde::Serialize;

use super::{Changes, MessageReport, edit, message_id, show};
use crate::problem::Problem;
use crate::time::now;
use crate::{AdminState, json};

/// What has become of a message.
#[derive(Debug, Serialize)]
pub(crate) struct Decided {
    id: String,
    /// `pending` or `terminated`.
    state: &'static str,
}

pub(crate) async fn show_one(
    State(state): State<AdminState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<MessageReport>, Problem> {
    Ok(Json(show(&state.message_box, message_id(id)?).await?))
}

pub(crate) async fn patch(
    State(state): State<AdminState>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<MessageReport>, Problem> {
    let id = message_id(id)?;
    let changes: Changes = json::read(&headers, &body?)?;
    if changes.is_empty() {
        let detail = "nothing is changed; name properties in \"set\" or \"unset\"";
        return Err(Problem::malformed(detail));
    }
    Ok(Json(edit(&state.message_box, id, &changes, None).await?))
}

pub(crate) async fn resume_one(
    State(state): State<AdminState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Decided>, Problem> {
    let id = message_id(id)?;
    let resumed = state.message_box.resume(Selection::Ids(vec![id]), now());
    decided(id, "pending", resumed.await?.refused)
}

pub(crate) async fn terminate_one(
    State(state): State<AdminState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Decided>, Problem> {
    let id = message_id(id)?;
    let terminated = state.message_box.terminate(Selection::Ids(vec![id]), now());
    decided(id, "terminated", terminated.await?.refused)
}

fn decided(
    id: MessageId,
    state: &'static str,
    refused: Vec<(MessageId, Refusal)>,
) -> Result<Json<Decided>, Problem> {
    match refused.into_iter().next() {
        Some((id, reason)) => Err(message_box::Error::Refused { id, reason }.into()),
        None => Ok(Json(Decided {
            id: id.to_string(),
            state,
        })),
    }
}
