//! `sendport suspended show`: everything that is known about one message, and what can be done with it.

use std::fmt::Write as _;
use std::path::Path;

use admin::message::MessageReport;
use anyhow::Context as _;
use bytesize::ByteSize;
use futures::TryStreamExt as _;
use http_body_util::BodyExt as _;
use model::{MessageId, property};

use super::{Queue, one_line};
use crate::cli::Common;
use crate::client::empty;
use crate::output;
use crate::save::{Destination, pieces};

pub(super) async fn show(
    id: MessageId,
    save_body: Option<&Path>,
    common: &Common,
) -> anyhow::Result<()> {
    let queue = Queue::open(&common.host).await?;
    let report = queue.show(id).await?;
    if let Some(path) = save_body {
        save(&queue, id, path).await?;
    }
    queue.close().await?;
    // The body and something about it would be neither.
    if save_body.is_some_and(|path| path == Path::new("-")) {
        return Ok(());
    }
    if common.json {
        return output::print_json(&report);
    }
    output::print(&as_text(&report))
}

async fn save(queue: &Queue, id: MessageId, path: &Path) -> anyhow::Result<()> {
    match queue {
        Queue::Host(client) => {
            let request = client.request("GET", &format!("/v1/messages/{id}/body"));
            let answer = client.open(request.body(empty())?).await?;
            let content = answer.into_body().into_data_stream();
            let content = content.map_err(anyhow::Error::from);
            Destination::open(path).await?.save(content).await
        }
        Queue::Box(message_box, _) => {
            let body = message_box.body_of(id).await?;
            let body = body.context("the message is gone")?;
            Destination::open(path).await?.save(pieces(body)).await
        }
    }
}

fn as_text(message: &MessageReport) -> String {
    let content_type = message.properties.get(property::CONTENT_TYPE);
    let content_type = content_type
        .map(|text| format!(", {text}"))
        .unwrap_or_default();
    let rows = [
        ("message", Some(message.id.clone())),
        ("port", Some(message.port.clone())),
        ("state", Some(state(message))),
        ("error", error(message)),
        ("adapter", message.adapter.clone()),
        ("attempts", Some(attempts(message))),
        ("accepted", Some(message.accepted.clone())),
        ("expires", message.expires.clone()),
        ("priority", Some(message.priority.to_string())),
        (
            "lane",
            message.lane.as_ref().map(|lane| format!("{lane:?}")),
        ),
        (
            "response",
            message.expects_response.then(|| "expected".to_owned()),
        ),
        (
            "body",
            Some(format!("{}{content_type}", ByteSize(message.size))),
        ),
        (
            "edited",
            message
                .edited
                .then(|| "yes; the original is kept".to_owned()),
        ),
    ];
    let mut text = String::new();
    for (name, value) in rows {
        if let Some(value) = value {
            line(&mut text, &format!("{name:<10}{}", one_line(&value)));
        }
    }
    for (nth, (name, value)) in message.properties.iter().enumerate() {
        let heading = if nth == 0 { "property" } else { "" };
        line(
            &mut text,
            &format!("{heading:<10}{}", one_line(&format!("{name}={value}"))),
        );
    }
    line(&mut text, &what_next(message));
    text
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes everything");
}

fn state(message: &MessageReport) -> String {
    match (&message.suspended, &message.due) {
        (Some(since), _) => format!("{} since {since}", message.state),
        (None, Some(due)) => format!("{}, due {due}", message.state),
        (None, None) => message.state.clone(),
    }
}

fn error(message: &MessageReport) -> Option<String> {
    let error = message.error.as_ref()?;
    Some(match &error.code {
        Some(code) => format!("{} ({code})", error.text),
        None => error.text.clone(),
    })
}

fn attempts(message: &MessageReport) -> String {
    let (here, before) = (message.attempts, message.earlier_attempts);
    match before {
        0 => format!("{here} on the {} transport", message.transport),
        _ => format!(
            "{here} on the {} transport, {before} before",
            message.transport
        ),
    }
}

/// What can be done with it, as commands.
fn what_next(message: &MessageReport) -> String {
    if message.can.is_empty() {
        return "nothing needs to be decided about it".to_owned();
    }
    let commands: Vec<_> = message.can.iter().map(String::as_str).collect();
    let commands = commands.join("|");
    format!("you can: sendport suspended {commands} {}", message.id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use admin::ErrorReport;

    use super::*;

    fn message() -> MessageReport {
        MessageReport {
            id: "00000000-0001-8000-8000-00000000002a".to_owned(),
            port: "orders".to_owned(),
            state: "suspended".to_owned(),
            can: vec![
                "resume".to_owned(),
                "terminate".to_owned(),
                "edit".to_owned(),
            ],
            accepted: "2026-01-31T17:00:00.000Z".to_owned(),
            due: None,
            suspended: Some("2026-01-31T18:00:00.000Z".to_owned()),
            expires: None,
            priority: 5,
            transport: "backup".to_owned(),
            adapter: Some("HTTP adapter 1.0".to_owned()),
            attempts: 2,
            earlier_attempts: 4,
            error: Some(ErrorReport {
                code: Some("http-400".to_owned()),
                text: "no such customer".to_owned(),
            }),
            lane: Some("customer-7".to_owned()),
            expects_response: false,
            edited: false,
            size: 6,
            properties: BTreeMap::from([
                ("content-type".to_owned(), "text/plain".to_owned()),
                ("ordering-key".to_owned(), "customer-7".to_owned()),
            ]),
        }
    }

    #[test]
    fn a_message_for_people() {
        let expected = "\
message   00000000-0001-8000-8000-00000000002a
port      orders
state     suspended since 2026-01-31T18:00:00.000Z
error     no such customer (http-400)
adapter   HTTP adapter 1.0
attempts  2 on the backup transport, 4 before
accepted  2026-01-31T17:00:00.000Z
priority  5
lane      \"customer-7\"
body      6 B, text/plain
property  content-type=text/plain
          ordering-key=customer-7
you can: sendport suspended resume|terminate|edit 00000000-0001-8000-8000-00000000002a
";
        assert_eq!(as_text(&message()), expected);
    }

    #[test]
    fn what_needs_nobody_says_so() {
        let message = MessageReport {
            state: "pending".to_owned(),
            can: Vec::new(),
            suspended: None,
            due: Some("2026-01-31T19:00:00.000Z".to_owned()),
            ..message()
        };
        let text = as_text(&message);
        assert!(
            text.contains("state     pending, due 2026-01-31T19:00:00.000Z\n"),
            "{text}"
        );
        assert!(
            text.ends_with("nothing needs to be decided about it\n"),
            "{text}"
        );
    }
}
