//! Content of messages on its way out: bodies as they are, properties as headers.
//!
//! Whoever wrote the content, it is not this host: browsers are told to save it, not to run it.

use std::io;

use axum::body::Body as ResponseBody;
use axum::http::header::{
    CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use model::{Body, Properties, property};

const PROPERTY_PREFIX: &str = "sendport-property-";

/// How many properties cannot stand in a header.
const LEFT_OUT: HeaderName = HeaderName::from_static("sendport-properties-left-out");

/// What has no content type.
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Read from the box at once, and so much of it in memory at most.
const PIECE: u64 = 256 << 10;

/// A body with its content type, read while it is sent.
pub(crate) fn body(body: Body, properties: &Properties) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.size()));
    describe(&mut headers, properties);
    let content = match body {
        Body::Inline(bytes) => ResponseBody::from(bytes),
        stored => ResponseBody::from_stream(pieces(stored)),
    };
    (headers, content).into_response()
}

/// A body with its content type, and everything else that is known about it as headers.
pub(crate) fn answer(body: Bytes, properties: &Properties) -> Response {
    let mut headers = HeaderMap::new();
    describe(&mut headers, properties);
    let mut left_out = 0_u64;
    for (name, value) in properties.iter() {
        if name == property::CONTENT_TYPE {
            continue;
        }
        let name = HeaderName::try_from(format!("{PROPERTY_PREFIX}{name}"));
        match (name, HeaderValue::from_bytes(value.as_bytes())) {
            (Ok(name), Ok(value)) => drop(headers.append(name, value)),
            _ => left_out += 1,
        }
    }
    if left_out > 0 {
        headers.insert(LEFT_OUT, HeaderValue::from(left_out));
    }
    (headers, body).into_response()
}

fn describe(headers: &mut HeaderMap, properties: &Properties) {
    let media_type = properties.get(property::CONTENT_TYPE);
    let media_type = media_type.and_then(|text| HeaderValue::from_bytes(text.as_bytes()).ok());
    headers.insert(CONTENT_TYPE, media_type.unwrap_or(BYTES));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// The pieces of a stored body. One that cannot be read ends the connection before its time, so that
/// nobody takes the part for the whole.
fn pieces(body: Body) -> impl futures::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((body, 0_u64), |(body, offset)| async move {
        if offset >= body.size() {
            return Ok(None);
        }
        let piece = body.read(offset, PIECE).await.map_err(io::Error::other)?;
        if piece.is_empty() {
            let text = format!("the body ends after {offset} of {} bytes", body.size());
            return Err(io::Error::other(text));
        }
        let next = offset + piece.len() as u64;
        Ok(Some((piece, (body, next))))
    })
}
