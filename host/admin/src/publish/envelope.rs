//! What a request's headers say about its messages, whatever its body holds.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use message_box::{NewBody, NewMessage};
use model::{Priority, Properties};

use crate::problem::Problem;

const PRIORITY: &str = "sendport-priority";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const PROPERTY_PREFIX: &str = "sendport-property-";

/// W3C Trace Context: goes with the message to its destination.
const TRACE_CONTEXT: [&str; 2] = ["traceparent", "tracestate"];

/// An idempotency key is kept with the messages: long enough for any UUID or hash, and no longer.
const LONGEST_KEY: usize = 255;

/// Properties, priority and idempotency key of a request.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) properties: Properties,
    pub(super) priority: Priority,
    pub(super) idempotency_key: Option<String>,
}

impl Envelope {
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut properties = Properties::default();
        for name in TRACE_CONTEXT {
            let values = headers.get_all(name).iter();
            let values = values.map(|value| text(name, value));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            if !values.is_empty() {
                // RFC 9110 §5.3: several lines of one header are one list.
                properties.set(name, values.join(","));
            }
        }
        for (header, value) in headers {
            match header.as_str().strip_prefix(PROPERTY_PREFIX) {
                None => {}
                Some("") => {
                    let detail = format!("the header {PROPERTY_PREFIX}NAME has no NAME");
                    return Err(Problem::malformed(detail));
                }
                Some(name) => properties.set(name, text(header, value)?),
            }
        }
        Ok(Self {
            properties,
            priority: priority(headers)?,
            idempotency_key: idempotency_key(headers)?,
        })
    }

    /// Takes the request's content type over: the body is the message's as it is.
    pub(super) fn keep_content_type(&mut self, headers: &HeaderMap) -> Result<(), Problem> {
        if let Some(value) = headers.get(CONTENT_TYPE) {
            let media_type = text(&CONTENT_TYPE, value)?;
            self.properties.set("content-type", media_type);
        }
        Ok(())
    }

    /// The one message of the request.
    pub(super) fn message(self, body: NewBody) -> NewMessage {
        NewMessage {
            body,
            properties: self.properties,
            priority: self.priority,
        }
    }
}

/// A header's value as text. Headers are bytes; properties are text.
pub(super) fn text(name: impl AsRef<str>, value: &HeaderValue) -> Result<&str, Problem> {
    std::str::from_utf8(value.as_bytes()).map_err(|_| {
        let name = name.as_ref();
        Problem::malformed(format!("the header {name} is not UTF-8")).with("header", name)
    })
}

fn priority(headers: &HeaderMap) -> Result<Priority, Problem> {
    let Some(value) = headers.get(PRIORITY) else {
        return Ok(Priority::default());
    };
    let written = text(PRIORITY, value)?;
    let problem = |detail: String| Problem::malformed(detail).with("header", PRIORITY);
    let number = written.trim().parse().map_err(|_| {
        let detail = format!("{PRIORITY} is {written:?}; use a number from 1 (first) to 10 (last)");
        problem(detail)
    })?;
    Priority::new(number).map_err(|error| problem(error.to_string()))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let name = HeaderName::from_static(IDEMPOTENCY_KEY);
    let Some(value) = headers.get(&name) else {
        return Ok(None);
    };
    let key = text(&name, value)?;
    if key.is_empty() || key.len() > LONGEST_KEY {
        let length = key.len();
        let detail = format!(
            "Idempotency-Key has {length} bytes; use 1 to {LONGEST_KEY}, a UUID for instance"
        );
        return Err(Problem::malformed(detail).with("header", IDEMPOTENCY_KEY));
    }
    Ok(Some(key.to_owned()))
}
