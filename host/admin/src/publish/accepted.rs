//! The answer 202: the ids of what is now durable.

use std::fmt::Write as _;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use message_box::Published;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Written by hand: a bulk answer holds thousands of ids, and none of them needs escaping.
pub(super) fn accepted(published: &Published) -> Response {
    const ID_LENGTH: usize = 39;
    let mut json = String::with_capacity(32 + published.ids.len() * ID_LENGTH);
    json.push_str("{\"ids\":[");
    for (nth, id) in published.ids.iter().enumerate() {
        let comma = if nth == 0 { "" } else { "," };
        write!(json, "{comma}\"{id}\"").expect("a String takes everything");
    }
    write!(json, "],\"repeated\":{}}}", published.repeated).expect("a String takes everything");
    let content_type = HeaderValue::from_static("application/json");
    let mut response = (StatusCode::ACCEPTED, [(CONTENT_TYPE, content_type)], json).into_response();
    if published.repeated {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, yes);
    }
    response
}
