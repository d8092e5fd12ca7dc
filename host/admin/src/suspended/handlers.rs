//! `GET /v1/messages/suspended`, `POST /v1/messages/suspended/resume` and `terminate`.

use axum::Json;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use bytes::Bytes;

use super::{Page, Resumed, Suspended, Terminated};
use crate::problem::Problem;
use crate::{AdminState, json};

pub(crate) async fn list_suspended(
    State(state): State<AdminState>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Suspended>, Problem> {
    let Query(page) = page?;
    Ok(Json(super::list(&state.message_box, &page).await?))
}

pub(crate) async fn resume_suspended(
    State(state): State<AdminState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Resumed>, Problem> {
    let choice = json::read(&headers, &body?)?;
    Ok(Json(super::resume(&state.message_box, &choice).await?))
}

pub(crate) async fn terminate_suspended(
    State(state): State<AdminState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Terminated>, Problem> {
    let choice = json::read(&headers, &body?)?;
    Ok(Json(super::terminate(&state.message_box, &choice).await?))
}
