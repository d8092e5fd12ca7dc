//! Which kind of content a request has, from its headers.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

use crate::header::{refuse_encoded, text};
use crate::problem::Problem;

/// How the body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The body is the message.
    Raw,
    /// CloudEvents, binary mode: the body is the data, the attributes are headers.
    BinaryEvent,
    /// CloudEvents, structured mode: one JSON object.
    Event,
    /// CloudEvents, batched mode: an array of them.
    EventBatch,
    /// One JSON message per line.
    Lines,
}

impl Content {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        refuse_encoded(headers)?;
        let media_type = match headers.get(CONTENT_TYPE) {
            Some(value) => text(&CONTENT_TYPE, value)?,
            None => "",
        };
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/cloudevents+json" => Ok(Self::Event),
            "application/cloudevents-batch+json" => Ok(Self::EventBatch),
            other if other.starts_with("application/cloudevents") => {
                Err(Problem::unsupported(format!(
                    "{essence} is not understood; send application/cloudevents+json, \
                     application/cloudevents-batch+json, or the attributes as ce- headers"
                )))
            }
            _ if is_binary_event(headers) => Ok(Self::BinaryEvent),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Self::Lines),
            _ => Ok(Self::Raw),
        }
    }
}

fn is_binary_event(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("ce-"))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn content(headers: &[(&'static str, &'static str)]) -> Content {
        let pairs = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        Content::of(&pairs.collect()).expect("understood")
    }

    #[test]
    fn the_headers_say_what_the_body_is() {
        let typed = |media_type| content(&[("content-type", media_type)]);
        assert_eq!(content(&[]), Content::Raw);
        assert_eq!(typed("application/json"), Content::Raw);
        assert_eq!(typed("application/x-ndjson"), Content::Lines);
        assert_eq!(typed("Application/JSONL; charset=utf-8"), Content::Lines);
        assert_eq!(typed("application/ndjson"), Content::Lines);
        let event = "application/cloudevents+json; charset=utf-8";
        assert_eq!(typed(event), Content::Event);
        let batch = "application/cloudevents-batch+json";
        assert_eq!(typed(batch), Content::EventBatch);
        let binary = [("content-type", "application/json"), ("ce-id", "1")];
        assert_eq!(content(&binary), Content::BinaryEvent);
        // CloudEvents' HTTP binding: the media type decides before the headers do.
        assert_eq!(
            content(&[("content-type", event), ("ce-id", "1")]),
            Content::Event
        );
    }
}
