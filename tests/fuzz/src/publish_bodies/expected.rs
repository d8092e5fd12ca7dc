//! What messages an accepted request must have become, found by other means than the host's.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::host::Kept;

/// The bodies of the messages, in order.
pub(super) enum Expected<'a> {
    /// Exactly these.
    Bytes(Vec<&'a [u8]>),
    /// The data of these events.
    Events(Vec<Value>),
}

impl<'a> Expected<'a> {
    /// `None` when the body cannot be looked into by simple means, such as numbers of a thousand digits.
    pub(super) fn of(headers: &HeaderMap, body: &'a Bytes) -> Option<Self> {
        let media_type = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
        let media_type = String::from_utf8_lossy(media_type.unwrap_or_default());
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let is_event = headers.keys().any(|name| name.as_str().starts_with("ce-"));
        match essence.to_ascii_lowercase().as_str() {
            "application/cloudevents+json" => {
                let event = serde_json::from_slice(body).ok()?;
                Some(Self::Events(vec![event]))
            }
            "application/cloudevents-batch+json" => {
                let events = serde_json::from_slice(body).ok()?;
                Some(Self::Events(events))
            }
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" if !is_event => {
                Some(Self::Bytes(lines(body)))
            }
            _ => Some(Self::Bytes(vec![body])),
        }
    }

    pub(super) fn check(&self, kept: &[Kept]) {
        match self {
            Self::Bytes(bodies) => {
                let kept: Vec<&[u8]> = kept.iter().map(|kept| kept.body.as_ref()).collect();
                assert_eq!(&kept, bodies);
            }
            Self::Events(events) => {
                assert_eq!(kept.len(), events.len());
                for (kept, event) in kept.iter().zip(events) {
                    check_event(kept, event);
                }
            }
        }
    }
}

/// The lines that hold anything, without their ends.
fn lines(body: &[u8]) -> Vec<&[u8]> {
    let lines = body.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.filter(|line| !line.trim_ascii().is_empty()).collect()
}

/// The attributes are properties and the data is the body.
fn check_event(kept: &Kept, event: &Value) {
    let Kept {
        properties, body, ..
    } = kept;
    for attribute in ["id", "source", "type"] {
        let is_there = properties.get(&format!("ce-{attribute}")).is_some();
        assert!(is_there, "{attribute} is lost: {kept:?}");
    }
    assert_eq!(properties.get("ce-specversion"), Some("1.0"), "{kept:?}");
    if let Some(encoded) = event["data_base64"].as_str() {
        let data = STANDARD.decode(encoded).expect("it was accepted");
        assert_eq!(body, &data, "{kept:?}");
        return;
    }
    let Some(data) = event.get("data") else {
        assert!(body.is_empty(), "{kept:?}");
        return;
    };
    let is_text = data.as_str().is_some_and(|text| text.as_bytes() == body);
    let is_json = serde_json::from_slice(body).is_ok_and(|body: Value| &body == data);
    assert!(is_text || is_json, "{kept:?} instead of {data}");
}
