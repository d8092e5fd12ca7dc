//! `sendport publish`: to the running host, or straight into its message box when none is running.

use std::time::{Duration, SystemTime};

use admin::time::rfc3339;
use anyhow::{Context as _, bail};
use dispatcher::{Admission, Refusal};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use message_box::{MessageBox, NewMessage, Publication};
use model::{Enlistment, Properties, SendPort, Timestamp, property};
use serde::Deserialize;

use crate::cli::Publish;
use crate::client::{Client, Target};
use crate::config::{Config, written};
use crate::input::Input;
use crate::{limits, output, storage};

const NDJSON: &str = "application/x-ndjson";

/// Without a host nobody works a backlog off: trying again soon is no use.
const BACKLOG_RETRY: Duration = Duration::from_secs(30);

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
    if let Some(expires) = publish.expires {
        request = request.header("sendport-expires", rfc3339(expires));
    }
    if let Some(time) = publish.time_to_live {
        request = request.header("sendport-time-to-live", written(time));
    }
    if let Some(key) = &publish.ordering_key {
        request = request.header("sendport-ordering-key", key.as_bytes());
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
    let port = config.port(publish.port.as_str())?.unloaded();
    let message_box = storage::open_without_host(config)?;
    admit(&message_box, &port).await?;
    let messages = messages(&message_box, config, publish, input).await?;
    let now = Timestamp::from_system(SystemTime::now());
    let publication = Publication {
        messages: complete(messages, publish, &port, now)?,
        idempotency_key: publish.idempotency_key.clone(),
    };
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

/// Refuses what a running host would refuse: to publishers it must not matter whether there is one.
async fn admit(message_box: &MessageBox, port: &SendPort) -> anyhow::Result<()> {
    let name = port.name.clone();
    let mut enlistments = message_box.enlistments().await?.into_iter();
    if enlistments.any(|(of, state)| of == name && state == Enlistment::Unenlisted) {
        bail!(Refusal::Unenlisted { port: name });
    }
    match port.backlog_limit {
        Some(limit) if message_box.pending(&name) >= limit => bail!(Refusal::BacklogFull {
            port: name,
            limit,
            retry_after: BACKLOG_RETRY,
        }),
        _ => Ok(()),
    }
}

/// Gives the messages what the publisher and the port say about all of them.
fn complete(
    messages: Vec<NewMessage>,
    publish: &Publish,
    port: &SendPort,
    now: Timestamp,
) -> anyhow::Result<Vec<NewMessage>> {
    // A repetition should get the ids of the first time, also when it comes too late.
    if let Some(expires) = publish.expires
        && expires <= now
        && publish.idempotency_key.is_none()
    {
        let (expires, now) = (rfc3339(expires), rfc3339(now));
        bail!("--expires is {expires}, which has passed: it is {now}");
    }
    let by_time_to_live = publish.time_to_live.map(|time| now.after(time));
    let expires = publish.expires.or(by_time_to_live);
    let admission = Admission::of(port);
    let completed = messages.into_iter().map(|message| {
        let message = NewMessage { expires, ..message };
        Ok(admission.complete(message, now)?)
    });
    completed.collect()
}

async fn messages(
    message_box: &MessageBox,
    config: &Config,
    publish: &Publish,
    mut input: Input,
) -> anyhow::Result<Vec<NewMessage>> {
    let file = || publish.file.display();
    let limits = limits::limits(config);
    let mut properties = properties(publish);
    if publish.ndjson {
        properties.set(property::CONTENT_TYPE, "application/json");
        let text = input.whole().await;
        let text = text.with_context(|| format!("cannot read {}", file()))?;
        let most = limits.max_bulk_messages;
        let messages = admin::ndjson::messages(&text, &properties, publish.priority, most);
        return messages.with_context(|| file().to_string());
    }
    let body = input
        .message_body(message_box, limits.stage_threshold)
        .await?;
    Ok(vec![NewMessage {
        priority: publish.priority,
        ..NewMessage::new(body, properties)
    }])
}

/// The same as the host makes of the headers that [`over_http`] sends.
fn properties(publish: &Publish) -> Properties {
    let mut properties: Properties = publish.properties.iter().cloned().collect();
    if let Some(content_type) = &publish.content_type {
        properties.set(property::CONTENT_TYPE, content_type);
    }
    if let Some(key) = &publish.ordering_key {
        properties.set(property::ORDERING_KEY, key);
    }
    properties
}
