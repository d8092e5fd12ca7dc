//! `GET /v1/openapi.json`: the hand-written description of this API.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

pub(crate) const DOCUMENT: &str = include_str!("../openapi.json");

pub(crate) async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}
