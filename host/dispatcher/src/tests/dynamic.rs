//! Dynamic ports: every message says itself where it goes.

use std::sync::Arc;

use model::{DynamicAdapter, Properties, SendPort};

use super::host::{Host, delivered, port};
use super::scripted_pool::Script;
use crate::Refusal;

fn dynamic() -> SendPort {
    let adapter = |name: &str, transport_type: &str, prefix: &str| DynamicAdapter {
        name: name.to_owned(),
        transport_type: transport_type.to_owned(),
        prefixes: vec![prefix.to_owned()],
    };
    SendPort {
        dynamic: vec![
            adapter("http", "HTTP", "http://"),
            adapter("file", "FILE", "file://"),
        ],
        ..port("anywhere")
    }
}

fn to(address: &str, kind: Option<&str>) -> Properties {
    let mut properties = Properties::default();
    properties.set("address", address);
    if let Some(kind) = kind {
        properties.set("transport-type", kind);
    }
    properties
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b77_b78_b79_b80_each_message_goes_to_the_adapter_it_names() {
    let host = Host::new();
    let scripts: Vec<Script> = vec![Arc::new(delivered), Arc::new(delivered)];
    let started = host.start_all(dynamic(), scripts, None);
    let (http, file) = (started.primary(0), started.primary(1));
    let messages = vec![
        to("HTTP://a/", None),
        to("file:///out", None),
        to("http://b/", Some("file")),
        to("/out", Some("FILE")),
    ];
    host.publish_all("anywhere", messages).await;
    host.until("anywhere", |s| s.delivered == 4).await;
    let addresses = |pool: &super::scripted_pool::ScriptedPool| -> Vec<String> {
        let mut all: Vec<_> = pool
            .deliveries()
            .iter()
            .map(|d| d.address.to_string())
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(addresses(&http), ["HTTP://a/"]);
    assert_eq!(addresses(&file), ["/out", "file:///out", "http://b/"]);
    let bare = |d: &model::transmit::Delivery| d.configuration.entries.is_empty();
    assert!(http.deliveries().iter().all(bare), "B79");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_can_send_is_suspended_without_an_attempt() {
    let host = Host::new();
    let scripts: Vec<Script> = vec![Arc::new(delivered), Arc::new(delivered)];
    host.start_all(dynamic(), scripts, None);
    let id = host
        .publish_all("anywhere", vec![to("ftp://a/", None)])
        .await[0];
    host.until("anywhere", |s| s.suspended == 1).await;
    let suspended = host.suspended().await.remove(0);
    assert_eq!((suspended.id, suspended.attempts), (id, 0));
    assert_eq!(suspended.error.code.as_deref(), Some("no-adapter"));
    assert!(
        suspended.error.text.contains("ftp://a/"),
        "{}",
        suspended.error
    );
    assert!(suspended.resumable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_an_address_is_refused_when_it_is_published() {
    let host = Host::new();
    let scripts: Vec<Script> = vec![Arc::new(delivered), Arc::new(delivered)];
    host.start_all(dynamic(), scripts, None);
    let admission = host.dispatcher.admit("anywhere").unwrap();
    let body = message_box::NewBody::Inline(bytes::Bytes::new());
    let message = message_box::NewMessage::new(body, Properties::default());
    let refused = admission.complete(message, crate::clock::now());
    assert!(matches!(refused, Err(Refusal::NoAddress { .. })));
}
