//! What a request's headers say about its messages, whatever its body holds.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName};
use message_box::{NewBody, NewMessage};
use model::{Priority, Properties, Timestamp, property};

use super::lifetime;
use crate::header::text;
use crate::problem::Problem;

const ORDERING_KEY: &str = "sendport-ordering-key";
const PRIORITY: &str = "sendport-priority";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const PROPERTY_PREFIX: &str = "sendport-property-";

/// W3C Trace Context: goes with the message to its destination.
const TRACE_CONTEXT: [&str; 2] = ["traceparent", "tracestate"];

/// An idempotency key is kept with the messages: long enough for any UUID or hash, and no longer.
const LONGEST_KEY: usize = 255;

/// What all messages of a request have in common, and its idempotency key.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) properties: Properties,
    pub(super) priority: Priority,
    pub(super) expires: Option<Timestamp>,
    pub(super) idempotency_key: Option<String>,
}

impl Envelope {
    pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Result<Self, Problem> {
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
        ordering_key(headers, &mut properties)?;
        let idempotency_key = idempotency_key(headers)?;
        Ok(Self {
            properties,
            priority: priority(headers)?,
            expires: lifetime::expiry(headers, now, idempotency_key.is_some())?,
            idempotency_key,
        })
    }

    /// Takes the request's content type over: the body is the message's as it is.
    pub(super) fn keep_content_type(&mut self, headers: &HeaderMap) -> Result<(), Problem> {
        if let Some(value) = headers.get(CONTENT_TYPE) {
            let media_type = text(&CONTENT_TYPE, value)?;
            self.properties.set(property::CONTENT_TYPE, media_type);
        }
        Ok(())
    }

    /// The one message of the request.
    pub(super) fn message(mut self, body: NewBody) -> NewMessage {
        let properties = std::mem::take(&mut self.properties);
        self.message_with(body, properties)
    }

    /// One message of the request, with properties of its own.
    pub(super) fn message_with(&self, body: NewBody, properties: Properties) -> NewMessage {
        NewMessage {
            priority: self.priority,
            expires: self.expires,
            ..NewMessage::new(body, properties)
        }
    }
}

/// The lane of the messages, where the port orders by key; a property like any other.
fn ordering_key(headers: &HeaderMap, properties: &mut Properties) -> Result<(), Problem> {
    let Some(value) = headers.get(ORDERING_KEY) else {
        return Ok(());
    };
    let key = text(ORDERING_KEY, value)?;
    if key.is_empty() {
        let detail = format!("{ORDERING_KEY} is empty; leave it out for messages without order");
        return Err(Problem::malformed(detail).with("header", ORDERING_KEY));
    }
    if properties
        .get(property::ORDERING_KEY)
        .is_some_and(|other| other != key)
    {
        let detail = format!(
            "{ORDERING_KEY} and {PROPERTY_PREFIX}{} say different things; send one of them",
            property::ORDERING_KEY
        );
        return Err(Problem::malformed(detail).with("header", ORDERING_KEY));
    }
    properties.set(property::ORDERING_KEY, key);
    Ok(())
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
