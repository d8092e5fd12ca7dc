//! What went wrong, as a client gets to read it: RFC 9457 problem details.
//!
//! A client learns what it can act on. What only the operator can act on goes to the log. Which error is
//! which problem is said in `refused`.

mod refused;

use std::time::Duration;

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// When a client should try again after 503: a restart takes about that long.
const RESTART: Duration = Duration::from_secs(5);

/// An answer that is not a success.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    /// The last part of the type URI; a program can test it.
    kind: &'static str,
    title: &'static str,
    detail: String,
    /// When it may be worth trying again.
    retry_after: Option<Duration>,
    /// Further members of the document, boxed to keep the `Err` of every handler small.
    members: Box<Map<String, Value>>,
}

impl Problem {
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            title,
            detail: detail.into(),
            retry_after: None,
            members: Box::default(),
        }
    }

    /// Adds a member a program can read.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Says when to try again.
    pub(crate) fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// 400: the request itself is wrong.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        let title = "Malformed request";
        Self::new(StatusCode::BAD_REQUEST, "malformed", title, detail)
    }

    /// 404: no port of that name.
    fn unknown_port(detail: String) -> Self {
        let title = "No such port";
        Self::new(StatusCode::NOT_FOUND, "unknown-port", title, detail)
    }

    /// 404: no message of that id.
    pub(crate) fn unknown_message(detail: String) -> Self {
        let title = "No such message";
        Self::new(StatusCode::NOT_FOUND, "unknown-message", title, detail)
    }

    /// 413: the body has more bytes than the host takes.
    pub(crate) fn too_large(limit: u64) -> Self {
        let detail = format!(
            "the body is larger than {limit} bytes; send it in smaller parts, \
             or raise max-body in the host's configuration"
        );
        let title = "Body too large";
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body-too-large",
            title,
            detail,
        )
        .with("limit", limit)
    }

    /// 413: the body holds more messages than one transaction takes.
    pub(crate) fn too_many(limit: usize) -> Self {
        let detail = format!(
            "the body holds more than {limit} messages, the most one request may bring; \
             send them in several requests"
        );
        let title = "Too many messages";
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-many-messages",
            title,
            detail,
        )
        .with("limit", limit)
    }

    /// 415: a content that is not understood.
    pub(crate) fn unsupported(detail: impl Into<String>) -> Self {
        let title = "Unsupported media type";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "unsupported-media-type", title, detail)
    }

    /// 500: not the client's fault, and nothing the client can do.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = chain(error), "a request failed");
        let detail = "the host could not carry the request out; its log says why";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "internal", "Internal error", detail)
    }

    /// 503: not now.
    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self::new(status, "unavailable", "Not available now", detail).retry_after(RESTART)
    }
}

/// An error with all that caused it, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<_> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut document = json!({
            "type": format!("urn:sendport:problem:{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Value::Object(document) = &mut document {
            document.extend(*self.members);
        }
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        let content_type = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, content_type);
        if let Some(time) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds(time));
        }
        response
    }
}

/// A length of time as the header Retry-After writes it: whole seconds, never too few.
pub(crate) fn seconds(time: Duration) -> HeaderValue {
    let whole = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    HeaderValue::from(whole)
}

/// Answers for every path that is not a route.
pub(crate) async fn unknown_path(uri: Uri) -> Problem {
    let detail = format!("there is nothing at {}; see /v1/openapi.json", uri.path());
    let title = "No such resource";
    Problem::new(StatusCode::NOT_FOUND, "unknown-path", title, detail)
}

/// Answers for a route with another method.
pub(crate) async fn unknown_method(method: Method, uri: Uri) -> Problem {
    let path = uri.path();
    let detail = format!("{path} does not take {method}; see /v1/openapi.json");
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(status, "unknown-method", "Method not allowed", detail)
}
