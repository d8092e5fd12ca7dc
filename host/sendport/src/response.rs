//! `sendport response`: what the destination of a two-way port answered to a message.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use admin::time::rfc3339;
use admin::{ErrorReport, Unanswered};
use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures::stream;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use message_box::ResponseState;
use model::{Answer, MessageId, Timestamp, property};
use serde::Serialize;
use tokio::time::Instant;

use crate::cli::ResponseArguments;
use crate::client::{Client, Target, empty, understood, with_query};
use crate::config::{Config, written};
use crate::save::Destination;
use crate::{output, storage};

/// The longest that one request may wait; a longer wait is several requests.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

const PROPERTY_PREFIX: &str = "sendport-property-";

/// What has become of the exchange.
#[derive(Debug)]
enum Outcome {
    Answered(Answered),
    Unanswered(Unanswered),
}

/// A response.
#[derive(Debug, Serialize)]
struct Answered {
    /// `answered`.
    state: &'static str,
    /// Until when it can be fetched.
    kept_until: Option<String>,
    /// `content-type` among them.
    properties: BTreeMap<String, String>,
    size: usize,
    /// When it is a text and goes nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip)]
    body: Bytes,
}

pub(crate) async fn response(arguments: ResponseArguments) -> anyhow::Result<()> {
    let ResponseArguments {
        id,
        wait,
        output,
        common,
    } = arguments;
    let outcome = match Target::find(&common.host).await? {
        Target::Host(client) => over_http(&client, id, wait).await?,
        Target::Nobody(config) => directly(&config, id).await?,
    };
    match outcome {
        Outcome::Answered(answered) if common.json => as_json(answered, output.as_deref()).await,
        Outcome::Answered(answered) => {
            let to = output.as_deref().unwrap_or(Path::new("-"));
            save(&answered, to).await
        }
        Outcome::Unanswered(unanswered) => {
            if common.json {
                output::print_json(&unanswered)?;
            }
            bail!(reason(id, &unanswered))
        }
    }
}

async fn over_http(client: &Client, id: MessageId, wait: Duration) -> anyhow::Result<Outcome> {
    let end = Instant::now().checked_add(wait);
    loop {
        let left = end.map_or(LONGEST_WAIT, |end| end - Instant::now());
        let wait = [("wait", written(left.min(LONGEST_WAIT)))];
        let path = with_query(&format!("/v1/messages/{id}/response"), &wait)?;
        let answer = client.open(client.request("GET", &path).body(empty())?);
        let answer = answer.await?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = client.collect(answer).await?;
        if status != StatusCode::ACCEPTED {
            return Ok(Outcome::Answered(Answered::read(&headers, body)));
        }
        let unanswered: Unanswered = understood(&body)?;
        let is_over = end.is_some_and(|end| end <= Instant::now());
        // What a person has to decide first is not waited for.
        if is_over || unanswered.error.is_some() {
            return Ok(Outcome::Unanswered(unanswered));
        }
    }
}

async fn directly(config: &Config, id: MessageId) -> anyhow::Result<Outcome> {
    let message_box = storage::open_existing(config)?;
    let now = Timestamp::from_system(SystemTime::now());
    let state = message_box.response(id, now).await?;
    message_box.close().await?;
    match state {
        ResponseState::Unknown => bail!(
            "there is no message {id} and no response to it: it never was, it was on a one-way port, \
             or its response is no longer kept"
        ),
        ResponseState::NotExpected => {
            bail!("message {id} is on a one-way port: nobody will answer it")
        }
        ResponseState::Waiting { suspended } => {
            output::complain("no host is running: nothing changes until it does");
            Ok(Outcome::Unanswered(Unanswered {
                state: if suspended.is_some() {
                    "suspended"
                } else {
                    "pending"
                }
                .to_owned(),
                error: suspended.map(ErrorReport::from),
            }))
        }
        ResponseState::Ready {
            answer: Answer::Failed(error),
            ..
        } => bail!("message {id} will not be answered: {error}"),
        ResponseState::Ready {
            answer: Answer::Response(response),
            until,
        } => {
            let pairs = response.properties.iter();
            let properties = pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
            let until = Some(rfc3339(until));
            Ok(Outcome::Answered(Answered::new(
                properties,
                until,
                response.body,
            )))
        }
    }
}

fn reason(id: MessageId, unanswered: &Unanswered) -> String {
    match &unanswered.error {
        None => format!("message {id} is not answered yet; --wait says how long to wait for it"),
        Some(error) => format!(
            "message {id} is suspended ({}): 'sendport suspended show {id}' says what can be done",
            error.text
        ),
    }
}

async fn save(answered: &Answered, to: &Path) -> anyhow::Result<()> {
    let body = stream::iter([Ok(answered.body.clone())]);
    Destination::open(to).await?.save(body).await
}

async fn as_json(mut answered: Answered, to: Option<&Path>) -> anyhow::Result<()> {
    match to {
        Some(to) => save(&answered, to).await?,
        None => {
            let text = String::from_utf8(answered.body.to_vec());
            let text = text.context("the response is no text: name a file with --output")?;
            answered.text = Some(text);
        }
    }
    output::print_json(&answered)
}

impl Answered {
    fn new(properties: BTreeMap<String, String>, kept_until: Option<String>, body: Bytes) -> Self {
        Self {
            state: "answered",
            kept_until,
            properties,
            size: body.len(),
            text: None,
            body,
        }
    }

    /// The host's answer: the body is the response, its properties are headers.
    fn read(headers: &HeaderMap, body: Bytes) -> Self {
        let text = |value: &hyper::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let mut properties = BTreeMap::new();
        if let Some(value) = headers.get(CONTENT_TYPE) {
            properties.insert(property::CONTENT_TYPE.to_owned(), text(value));
        }
        for (name, value) in headers {
            if let Some(name) = name.as_str().strip_prefix(PROPERTY_PREFIX) {
                properties.insert(name.to_owned(), text(value));
            }
        }
        let kept_until = headers.get("sendport-kept-until").map(text);
        Self::new(properties, kept_until, body)
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn headers_are_properties_again() {
        let headers = [
            ("content-type", "text/plain"),
            ("sendport-property-status", "accepted"),
            ("sendport-kept-until", "2026-01-31T18:00:00.000Z"),
            ("date", "x"),
        ];
        let headers = headers.iter().map(|(name, value)| {
            let name = hyper::header::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let answered = Answered::read(&headers.collect(), Bytes::from_static(b"ok"));
        let properties: Vec<_> = answered.properties.iter().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            pair("content-type", "text/plain"),
            pair("status", "accepted"),
        ];
        assert_eq!(
            properties,
            expected.iter().map(|(n, v)| (n, v)).collect::<Vec<_>>()
        );
        assert_eq!(
            answered.kept_until.as_deref(),
            Some("2026-01-31T18:00:00.000Z")
        );
        assert_eq!(answered.size, 2);
    }

    #[test]
    fn a_suspended_message_is_said_to_need_somebody() {
        let id = MessageId::new(1, 42);
        let pending = Unanswered {
            state: "pending".to_owned(),
            error: None,
        };
        assert!(reason(id, &pending).contains("--wait"));
        let suspended = Unanswered {
            state: "suspended".to_owned(),
            error: Some(ErrorReport {
                code: None,
                text: "no such customer".to_owned(),
            }),
        };
        let reason = reason(id, &suspended);
        assert!(reason.contains("no such customer") && reason.contains("suspended show"));
    }
}
