//! `sendport publish`: to the running host, or straight into its message box when none is running.

use std::time::SystemTime;

use anyhow::Context as _;
use bytes::BytesMut;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use message_box::{MessageBox, NewBody, NewMessage, Publication};
use model::{Properties, Timestamp};
use serde::Deserialize;

use crate::cli::Publish;
use crate::client::{Client, Target};
use crate::config::Config;
use crate::input::Input;
use crate::{limits, output, storage};

const NDJSON: &str = "application/x-ndjson";

/// What became durable.
#[derive(Deserialize)]
struct Published {
    ids: Vec<String>,
    repeated: bool,
}

pub(crate) async fn publish(publish: Publish) -> anyhow::Result<()> {
    let target = Target::find(&publish.host).await?;
    let input = Input::open(&publish.file).await?;
    let published = match target {
        Target::Host(client) => over_http(&client, &publish, input).await?,
        Target::Nobody(config) => directly(&config, &publish, input).await?,
    };
    output::complain(&match (published.repeated, published.ids.len()) {
        (true, _) => {
            "accepted earlier under this idempotency key; nothing new was published".into()
        }
        (false, 1) => "1 message accepted".to_owned(),
        (false, n) => format!("{n} messages accepted"),
    });
    output::print(
        &published
            .ids
            .iter()
            .map(|id| format!("{id}\n"))
            .collect::<String>(),
    )
}

async fn over_http(client: &Client, publish: &Publish, input: Input) -> anyhow::Result<Published> {
    let path = format!("/v1/ports/{}/messages", publish.port);
    let mut request = client.request("POST", &path);
    let content_type = publish.content_type.as_deref();
    if let Some(content_type) = content_type.or(publish.ndjson.then_some(NDJSON)) {
        request = request.header(CONTENT_TYPE, content_type);
    }
    for (name, value) in &publish.properties {
        request = request.header(format!("sendport-property-{name}"), value.as_bytes());
    }
    if let Some(key) = &publish.idempotency_key {
        request = request.header("idempotency-key", key.as_bytes());
    }
    if let Some(size) = input.size {
        request = request.header(CONTENT_LENGTH, size);
    }
    request = request.header("sendport-priority", u16::from(publish.priority.get()));
    let request = request
        .body(input.into_body())
        .context("the message cannot be sent over HTTP")?;
    let answer = client.send(request).await?;
    serde_json::from_slice(&answer).context("the host's answer is not understood")
}

async fn directly(config: &Config, publish: &Publish, input: Input) -> anyhow::Result<Published> {
    let port = config.port(publish.port.as_str())?;
    let message_box = storage::open_without_host(config)?;
    let publication = Publication {
        messages: messages(&message_box, config, publish, input).await?,
        idempotency_key: publish.idempotency_key.clone(),
    };
    let now = Timestamp::from_system(SystemTime::now());
    let published = message_box.publish(&port.name, publication, now).await?;
    message_box.close().await?;
    output::complain(
        "no host is running: published into its message box, to be delivered when it runs",
    );
    Ok(Published {
        ids: published.ids.iter().map(ToString::to_string).collect(),
        repeated: published.repeated,
    })
}

async fn messages(
    message_box: &MessageBox,
    config: &Config,
    publish: &Publish,
    mut input: Input,
) -> anyhow::Result<Vec<NewMessage>> {
    let cannot_read = || format!("cannot read {}", publish.file.display());
    let limits = limits::limits(config);
    let mut properties = properties(publish);
    if publish.ndjson {
        properties.set("content-type", "application/json");
        let text = input.whole().await.with_context(cannot_read)?;
        let most = limits.max_bulk_messages;
        let messages = admin::ndjson::messages(&text, &properties, publish.priority, most);
        return messages.with_context(|| publish.file.display().to_string());
    }
    let mut beginning = BytesMut::new();
    let mut stage = None;
    while let Some(piece) = input.piece().await.with_context(cannot_read)? {
        match &mut stage {
            None if beginning.len() + piece.len() <= limits.stage_threshold => {
                beginning.extend_from_slice(&piece);
            }
            None => {
                let mut opened = message_box.stage_body().await?;
                opened.write(beginning.split().freeze()).await?;
                opened.write(piece).await?;
                stage = Some(opened);
            }
            Some(stage) => stage.write(piece).await?,
        }
    }
    let body = match stage {
        Some(stage) => NewBody::Staged(stage.finish().await?),
        None => NewBody::Inline(beginning.freeze()),
    };
    Ok(vec![NewMessage {
        body,
        properties,
        priority: publish.priority,
    }])
}

/// The same as the host makes of the headers that [`over_http`] sends.
fn properties(publish: &Publish) -> Properties {
    let mut properties: Properties = publish.properties.iter().cloned().collect();
    if let Some(content_type) = &publish.content_type {
        properties.set("content-type", content_type);
    }
    properties
}
