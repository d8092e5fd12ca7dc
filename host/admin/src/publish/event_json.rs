//! CloudEvents in their JSON format: one event, or an array of them.
//!
//! The data stays as it was written: numbers keep their digits and objects their order.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use message_box::{NewBody, NewMessage};
use model::Properties;
use serde_json::Value;
use serde_json::value::RawValue;

use super::cloud_event::{check_name, check_required, header_value};
use super::envelope::Envelope;
use crate::ndjson::json_problem;
use crate::problem::Problem;

/// What an event without `datacontenttype` has (JSON format §3.1).
const DEFAULT_CONTENT_TYPE: &str = "application/json";

/// An event as a message.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) body: Bytes,
    pub(super) properties: Properties,
}

impl Event {
    /// As a message of the request that brought it.
    pub(super) fn message(self, envelope: &Envelope) -> NewMessage {
        envelope.message_with(NewBody::Inline(self.body), self.properties)
    }
}

/// Structured mode: the text is one event.
pub(super) fn read_one(text: &Bytes, common: &Properties) -> Result<Event, Problem> {
    let json = utf8(text)?;
    let members = serde_json::from_str(json).map_err(|error| not_an("object", &error))?;
    read(text, &members, common).map_err(Problem::malformed)
}

/// Batched mode: the text is an array of events.
pub(super) fn read_batch(
    text: &Bytes,
    common: &Properties,
    limit: usize,
) -> Result<Vec<Event>, Problem> {
    let json = utf8(text)?;
    let elements: Vec<&RawValue> =
        serde_json::from_str(json).map_err(|error| not_an("array", &error))?;
    if elements.is_empty() {
        return Err(Problem::malformed("the batch holds no event"));
    }
    if elements.len() > limit {
        return Err(Problem::too_many(limit));
    }
    let read_element = |(index, element): (usize, &&RawValue)| {
        serde_json::from_str(element.get())
            .map_err(|error| format!("not a JSON object: {}", json_problem(&error)))
            .and_then(|members| read(text, &members, common))
            .map_err(|problem| {
                let detail = format!("event {index} of the batch: {problem}; none was accepted");
                Problem::malformed(detail).with("index", index)
            })
    };
    elements.iter().enumerate().map(read_element).collect()
}

/// The members of one event, not looked into yet.
type Members<'a> = BTreeMap<String, &'a RawValue>;

fn read(text: &Bytes, members: &Members<'_>, common: &Properties) -> Result<Event, String> {
    let mut properties = common.clone();
    for (name, value) in members {
        if !matches!(name.as_str(), "data" | "data_base64" | "datacontenttype") {
            check_name(name)?;
            if let Some(value) = attribute(name, value)? {
                properties.set(format!("ce-{name}"), header_value(&value));
            }
        }
    }
    check_required(&properties)?;
    let content_type = match members.get("datacontenttype") {
        Some(value) => attribute("datacontenttype", value)?,
        None => None,
    };
    let data = members.get("data").copied();
    let base64 = members.get("data_base64").copied();
    let has_data = data.is_some() || base64.is_some();
    let default = has_data.then(|| DEFAULT_CONTENT_TYPE.to_owned());
    let content_type = content_type.or(default);
    let body = match (data, base64) {
        (Some(_), Some(_)) => return Err("it has both data and data_base64".to_owned()),
        (Some(data), None) => json_data(text, data, content_type.as_deref())?,
        (None, Some(data)) => base64_data(data)?,
        (None, None) => Bytes::new(),
    };
    if let Some(content_type) = content_type {
        properties.set("content-type", content_type);
    }
    Ok(Event { body, properties })
}

/// An attribute's value as text; `None` for null, which means absent.
fn attribute(name: &str, value: &RawValue) -> Result<Option<String>, String> {
    match serde_json::from_str(value.get()).map_err(|error| json_problem(&error))? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Bool(value) => Ok(Some(value.to_string())),
        Value::Number(number) if number.is_i64() => Ok(Some(number.to_string())),
        _ => Err(format!(
            "the attribute {name:?} must be a text, a whole number, true or false"
        )),
    }
}

/// `data`: JSON as it is, except that a text of another type was only put in quotes to fit into JSON.
fn json_data(text: &Bytes, data: &RawValue, content_type: Option<&str>) -> Result<Bytes, String> {
    if data.get().starts_with('"') && !content_type.is_none_or(is_json) {
        let unquoted: String =
            serde_json::from_str(data.get()).map_err(|error| json_problem(&error))?;
        return Ok(unquoted.into());
    }
    Ok(text.slice_ref(data.get().as_bytes()))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence.ends_with("/json") || essence.ends_with("+json")
}

fn base64_data(data: &RawValue) -> Result<Bytes, String> {
    let encoded: String =
        serde_json::from_str(data.get()).map_err(|_| "data_base64 must be a text".to_owned())?;
    let decoded = STANDARD.decode(encoded);
    let decoded = decoded.map_err(|error| format!("data_base64 is not base64: {error}"))?;
    Ok(decoded.into())
}

fn utf8(text: &Bytes) -> Result<&str, Problem> {
    std::str::from_utf8(text).map_err(|error| {
        let at = error.valid_up_to();
        Problem::malformed(format!("the body is not UTF-8: byte {at}"))
    })
}

fn not_an(kind: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let problem = json_problem(error);
    let detail = format!("line {line}, column {column}: expected a JSON {kind}: {problem}");
    Problem::malformed(detail)
        .with("line", line)
        .with("column", column)
}
