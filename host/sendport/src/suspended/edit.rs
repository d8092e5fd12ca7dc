//! `sendport suspended edit`: repairing a message before it is resumed.

use std::path::Path;

use admin::message::{self, Changes, MessageReport};
use anyhow::Context as _;
use hyper::header::CONTENT_LENGTH;
use model::MessageId;

use super::Queue;
use crate::cli::EditArguments;
use crate::client::{Client, understood};
use crate::input::Input;
use crate::{limits, output};

pub(super) async fn edit(arguments: EditArguments) -> anyhow::Result<()> {
    let EditArguments {
        id,
        properties,
        unset,
        body,
        common,
    } = arguments;
    let changes = Changes {
        set: properties.into_iter().collect(),
        unset,
    };
    let queue = Queue::open(&common.host).await?;
    let report = match &queue {
        Queue::Host(client) => over_http(client, id, &changes, body.as_deref()).await?,
        Queue::Box(message_box, config) => {
            let threshold = limits::limits(config).stage_threshold;
            let body = match &body {
                Some(path) => {
                    let mut input = Input::open(path).await?;
                    Some(input.message_body(message_box, threshold).await?)
                }
                None => None,
            };
            message::edit(message_box, id, &changes, body).await?
        }
    };
    queue.close().await?;
    if common.json {
        return output::print_json(&report);
    }
    let commands = report.can.join("|");
    output::print(&format!(
        "message {id} is changed, the original is kept; you can: sendport suspended {commands} {id}\n"
    ))
}

/// The body first: it is what may fail half-way, and then nothing is changed at all.
async fn over_http(
    client: &Client,
    id: MessageId,
    changes: &Changes,
    body: Option<&Path>,
) -> anyhow::Result<MessageReport> {
    let mut report = None;
    if let Some(path) = body {
        let input = Input::open(path).await?;
        let mut request = client.request("PUT", &format!("/v1/messages/{id}/body"));
        if let Some(size) = input.size {
            request = request.header(CONTENT_LENGTH, size);
        }
        let request = request.body(input.into_body());
        let request = request.context("the body cannot be sent over HTTP")?;
        report = Some(understood(&client.send(request).await?)?);
    }
    match report {
        Some(report) if changes.is_empty() => Ok(report),
        replaced => {
            let path = format!("/v1/messages/{id}");
            let changed = client.tell("PATCH", &path, changes).await;
            match replaced {
                Some(_) => changed.context("the body is replaced, but the properties are not"),
                None => changed,
            }
        }
    }
}
