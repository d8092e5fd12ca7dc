//! The answer 202: the ids of what is now durable, and on a two-way port where its responses will be.

use std::fmt::Write as _;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use message_box::Published;
use model::MessageId;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Written by hand: a bulk answer holds thousands of ids, and none of them needs escaping.
pub(super) fn accepted(published: &Published, is_two_way: bool) -> Response {
    const ID_LENGTH: usize = 39;
    let mut json = String::with_capacity(32 + published.ids.len() * ID_LENGTH);
    json.push_str("{\"ids\":");
    list(&mut json, &published.ids, "", "");
    write!(json, ",\"repeated\":{}", published.repeated).expect("a String takes everything");
    if is_two_way {
        json.push_str(",\"responses\":");
        list(&mut json, &published.ids, "/v1/messages/", "/response");
    }
    json.push('}');
    let content_type = HeaderValue::from_static("application/json");
    let mut response = (StatusCode::ACCEPTED, [(CONTENT_TYPE, content_type)], json).into_response();
    if published.repeated {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, yes);
    }
    response
}

fn list(json: &mut String, ids: &[MessageId], before: &str, after: &str) {
    json.push('[');
    for (nth, id) in ids.iter().enumerate() {
        let comma = if nth == 0 { "" } else { "," };
        write!(json, "{comma}\"{before}{id}{after}\"").expect("a String takes everything");
    }
    json.push(']');
}
