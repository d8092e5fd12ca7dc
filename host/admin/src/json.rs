//! JSON that comes in: read strictly, and refused with the place where it is wrong.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::ndjson::json_problem;
use crate::problem::Problem;

/// The body of a request that asks for a change. Its type must be named: a browser sends no such
/// request to another site without asking that site first.
pub(crate) fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = media_type.unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = "send JSON, with the header Content-Type: application/json";
        return Err(Problem::unsupported(detail));
    }
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let problem = json_problem(&error);
        Problem::malformed(format!("line {line}, column {column}: {problem}"))
            .with("line", line)
            .with("column", column)
    })
}
