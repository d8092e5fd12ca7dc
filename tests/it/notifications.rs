//! Who is told what became of messages: ACKs and NACKs, and failures that go to another port.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use message_box::StoredMessage;
use model::{MessageId, Notifications, SendPort};
use serde_json::Value;

use crate::fixture::{Answer, Host, PortSpec, Receiver, message, name, until};

const SOON: Duration = Duration::from_millis(5);
const LATER: Duration = Duration::from_secs(3600);

/// Of the messages that ask for it, or of all.
fn notifying(always: bool) -> impl FnOnce(&mut SendPort) {
    move |port| {
        port.notifications = Some(Notifications {
            port: name("receipts"),
            always,
            ack: true,
            nack: true,
        });
    }
}

fn routing(port: &mut SendPort) {
    port.failed_message_port = Some(name("failures"));
}

fn property<'a>(message: &'a StoredMessage, name: &str) -> Option<&'a str> {
    message.properties.get(name)
}

/// What a notification says: ACK or NACK, about which message, why.
fn said(message: &StoredMessage) -> [Option<&str>; 4] {
    ["notification", "correlation-id", "error.code", "error.text"].map(|of| property(message, of))
}

/// A host with a port that posts to the receiver's `/orders`.
fn orders(receiver: &Receiver, retries: u32, policy: impl FnOnce(&mut SendPort)) -> Host {
    let host = Host::new();
    let port = PortSpec::http(receiver, "/orders").retrying(retries, SOON);
    host.start_with(&port, None, policy);
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn b87_one_ack_for_each_delivered_message_that_asked() {
    let receiver = Receiver::start().await;
    let host = orders(&receiver, 0, notifying(false));
    let ids = host
        .publish(
            "port",
            &[
                &[("delivery-notification", "true"), ("ordering-key", "k")],
                &[],
                &[("delivery-notification", "false")],
            ],
        )
        .await;
    host.delivered("port", 3).await;
    // Committed together with the delivery: there is nothing to wait for.
    let kept = host.kept("receipts").await;
    assert_eq!(kept.len(), 1, "{kept:?}");
    let about = ids[0].to_string();
    assert_eq!(
        said(&kept[0]),
        [Some("ack"), Some(about.as_str()), None, None]
    );
    assert_eq!(property(&kept[0], "ordering-key"), Some("k"));
    assert_eq!(host.audit().await.accepted, 3 + 1);
}

/// B49: the NACK and the suspended message have the adapter's own words.
#[tokio::test(flavor = "multi_thread")]
async fn b88_b49_one_nack_at_the_end_and_none_for_the_retries() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Status(503); 3]);
    let host = orders(&receiver, 2, notifying(true));
    let id = host.publish("port", &[&[]]).await[0].to_string();
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(suspended.attempts, 3);
    let kept = host.kept("receipts").await;
    assert_eq!(kept.len(), 1, "{kept:?}");
    let text = "the destination answered 503";
    let nack = [
        Some("nack"),
        Some(id.as_str()),
        Some("http-503"),
        Some(text),
    ];
    assert_eq!(said(&kept[0]), nack);
    assert_eq!(suspended.error.text, text);
    assert_eq!(suspended.error.code.as_deref(), Some("http-503"));
    assert_eq!(property(&kept[0], "error.attempts"), Some("3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b49_an_error_set_with_an_outcome_batch_is_in_the_record_and_in_the_nack() {
    let host = Host::new();
    host.start_with(&PortSpec::probe(), None, notifying(true));
    host.probe("suspend").await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(suspended.error.text, "the probe was told to suspend");
    let nack = host.kept("receipts").await.remove(0);
    assert_eq!(
        property(&nack, "error.text"),
        Some("the probe was told to suspend")
    );
    // The record also says whose words they are.
    let adapter = suspended.adapter.unwrap_or_default();
    assert!(adapter.contains("Probe adapter"), "{adapter}");
    assert_eq!(property(&nack, "error.adapter"), Some(adapter.as_str()));
}

/// A resumed message ends a second time, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn b87_b88_a_message_that_is_resumed_and_delivered_has_a_nack_and_an_ack() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", [Answer::Status(400)]);
    let host = orders(&receiver, 0, notifying(true));
    let id = host.publish("port", &[&[]]).await[0];
    host.suspended(1).await;
    host.resume(id).await;
    host.delivered("port", 1).await;
    let kept = host.kept("receipts").await;
    let kinds: Vec<_> = kept.iter().map(|m| property(m, "notification")).collect();
    assert_eq!(kinds, [Some("nack"), Some("ack")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b89_where_nobody_is_told_a_wish_is_ignored() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", [Answer::Status(400)]);
    let host = orders(&receiver, 0, |_| ());
    let wish = [("delivery-notification", "true")];
    host.publish("port", &[&wish, &wish]).await;
    host.suspended(1).await;
    host.delivered("port", 1).await;
    assert_eq!(
        host.audit().await.accepted,
        2,
        "nothing was published besides"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_are_messages_that_another_port_sends() {
    let receiver = Receiver::start().await;
    let host = orders(&receiver, 0, notifying(true));
    host.start(&PortSpec {
        name: "receipts",
        ..PortSpec::http(&receiver, "/receipts")
    });
    let trace = [("traceparent", "00-abc-def-01")];
    let ids = host.publish_many("port", &trace, 20).await;
    host.delivered("receipts", 20).await;
    let received = receiver.received("/receipts");
    let mut about = BTreeSet::new();
    for receipt in &received {
        assert_eq!(receipt.header("traceparent"), Some("00-abc-def-01"));
        assert_eq!(receipt.header("content-type"), Some("application/json"));
        // An adapter that sends bodies only says all of it.
        let said: Value = serde_json::from_slice(&receipt.body).expect("JSON");
        assert_eq!(said["notification"], "ack", "{said}");
        about.insert(said["correlation-id"].to_string());
    }
    let ids: BTreeSet<_> = ids.iter().map(|id| format!("\"{id}\"")).collect();
    assert_eq!((received.len(), about), (20, ids));
}

#[tokio::test(flavor = "multi_thread")]
async fn b90_a_failure_goes_on_as_another_message_and_nothing_is_suspended() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Status(503); 2]);
    let host = orders(&receiver, 1, routing);
    let order = message(&[("colour", "blue")], "the order itself");
    let id = host.publish_messages("port", vec![order]).await[0].to_string();
    let failure = host.keeps("failures", 1).await.remove(0);
    let address = receiver.url("/orders");
    for (name, value) in [
        ("colour", "blue"),
        ("correlation-id", id.as_str()),
        ("error.code", "http-503"),
        ("error.text", "the destination answered 503"),
        ("error.port", "port"),
        ("error.address", address.as_str()),
        ("error.attempts", "2"),
    ] {
        assert_eq!(property(&failure, name), Some(value), "{name}");
    }
    let adapter = property(&failure, "error.adapter").unwrap_or_default();
    assert!(adapter.contains("HTTP adapter"), "{adapter}");
    assert_eq!(body(&host, failure.id).await, "the order itself");
    let audit = host.audit().await;
    assert_eq!((audit.routed, audit.suspended, audit.pending), (1, 0, 1));
}

/// The failed-message port is a port like any other: what it cannot send is suspended there.
#[tokio::test(flavor = "multi_thread")]
async fn b90_a_routed_failure_is_delivered_with_the_original_content() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Status(400); 3]);
    receiver.script("/failures", [Answer::Status(410)]);
    let host = orders(&receiver, 0, routing);
    host.start(&PortSpec {
        name: "failures",
        ..PortSpec::http(&receiver, "/failures")
    });
    let large: Vec<u8> = (0..400_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let orders = [
        Bytes::from("one"),
        Bytes::from("two"),
        Bytes::from(large.clone()),
    ];
    let orders = orders.map(|body| message(&[], body));
    host.publish_messages("port", orders.into()).await;
    host.delivered("failures", 2).await;
    host.suspended(1).await;
    let mut received: Vec<_> = receiver
        .received("/failures")
        .iter()
        .map(|r| r.size)
        .collect();
    received.sort_unstable();
    assert_eq!(received, [3, 3, large.len() as u64]);
    until("three routed messages", async || {
        (host.status("port").routed == 3).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b91_a_message_that_is_tried_again_is_no_failure_yet() {
    let host = Host::new();
    host.start_with(&PortSpec::probe().retrying(3, LATER), None, routing);
    host.publish("port", &[&[("probe", "retryable")], &[("probe", "never")]])
        .await;
    until("a retry", async || {
        (host.status("port").retried == 1).then_some(())
    })
    .await;
    assert!(host.kept("failures").await.is_empty());
    let audit = host.audit().await;
    assert_eq!((audit.accepted, audit.routed, audit.pending), (2, 0, 2));
}

async fn body(host: &Host, id: MessageId) -> Bytes {
    let body = host.message_box.body_of(id).await.expect("the body");
    let body = body.expect("the message is in the box");
    body.read_all().await.expect("all of it")
}
