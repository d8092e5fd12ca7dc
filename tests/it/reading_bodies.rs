//! Bodies as adapters read them: complete or an error, and the properties before them.

use bytes::Bytes;
use rusqlite::Connection;

use crate::fixture::{Host, PortSpec, Receiver, digest, message};

/// More than a message's row holds, in several pieces.
const LARGE: u32 = 700_000;

fn large() -> Bytes {
    (0..LARGE).map(|n| n.to_le_bytes()[0]).collect()
}

/// A box with a message that has lost the second half of its body, and two small ones around it.
async fn with_a_torn_body(properties: &[(&str, &str)]) -> Host {
    let host = Host::new();
    let small = || message(&[("probe", "ok")], "<order/>");
    let torn = message(properties, large());
    host.publish_messages("port", vec![small(), torn, small()])
        .await;
    let database = host.directory.path().join("box/box.sqlite");
    let connection = Connection::open(database).expect("the box is an SQLite database");
    let removed = connection
        .execute(
            "DELETE FROM piece WHERE id > (SELECT min(id) FROM piece)",
            [],
        )
        .expect("pieces are removed");
    assert_eq!(removed, 2);
    host
}

/// The read fails, which ends an instance that has no words for it; the others go on.
#[tokio::test(flavor = "multi_thread")]
async fn b104_a_body_that_cannot_be_read_fails_its_message_and_no_other() {
    let host = with_a_torn_body(&[("probe", "describe")]).await;
    host.start(&PortSpec::probe());
    host.delivered("port", 2).await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(suspended.size, u64::from(LARGE));
    let text = suspended.error.text;
    assert!(text.contains("cannot read the message body"), "{text}");
    host.probe("ok").await;
    host.delivered("port", 3).await;
}

/// The host reads the body for the HTTP adapter: it can say what happened, and half of a message is no
/// request at the destination.
#[tokio::test(flavor = "multi_thread")]
async fn b104_half_a_body_is_no_request() {
    let receiver = Receiver::start().await;
    for adapter in ["http-adapter", "http-batch-adapter", "wasi-http-adapter"] {
        let host = with_a_torn_body(&[]).await;
        let path = format!("/{adapter}");
        host.start(&PortSpec {
            adapter,
            // One at a time: what is sent beside a message that ends the instance may come twice.
            open_calls: 1,
            ..PortSpec::http(&receiver, &path)
        });
        host.delivered("port", 2).await;
        let suspended = host.suspended(1).await.remove(0);
        assert_eq!(suspended.attempts, 1, "{adapter}");
        let text = suspended.error.text;
        assert!(
            text.contains("cannot read the message body"),
            "{adapter}: {text}"
        );
        let sizes: Vec<_> = receiver.received(&path).iter().map(|r| r.size).collect();
        assert_eq!(sizes, [8, 8], "{adapter}");
    }
}

/// A file that is not whole has no name.
#[tokio::test(flavor = "multi_thread")]
async fn b104_half_a_body_is_no_file() {
    let host = with_a_torn_body(&[]).await;
    let directory = tempfile::tempdir().expect("a directory");
    host.start(&PortSpec {
        directory: Some(directory.path().to_owned()),
        ..PortSpec::of("file-adapter")
    });
    host.delivered("port", 2).await;
    host.suspended(1).await;
    let entries = std::fs::read_dir(directory.path()).expect("the directory is there");
    let visible = entries
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let sizes: Vec<_> = visible
        .map(|entry| entry.metadata().expect("a file").len())
        .collect();
    assert_eq!(sizes, [8, 8]);
}

/// Nothing writes properties while a body is read: all of them are there before its first byte.
#[tokio::test(flavor = "multi_thread")]
async fn b105_all_properties_are_there_before_the_body() {
    let receiver = Receiver::start().await;
    let host = Host::with(&PortSpec::http(&receiver, "/orders"));
    let names: Vec<_> = (0..50).map(|n| format!("http.header.x-{n}")).collect();
    let mut properties: Vec<_> = names.iter().map(|name| (name.as_str(), "here")).collect();
    properties.push(("content-type", "text/plain"));
    host.publish_messages("port", vec![message(&properties, large())])
        .await;
    host.delivered("port", 1).await;
    let received = receiver.received("/orders").remove(0);
    assert_eq!(received.digest, digest(&large()));
    assert_eq!(received.header("content-type"), Some("text/plain"));
    for n in 0..50 {
        assert_eq!(received.header(&format!("x-{n}")), Some("here"), "{n}");
    }
}

/// B31: a message answered transmitted is not the adapter's any more. A handle that it keeps all the same
/// reads nothing.
#[tokio::test(flavor = "multi_thread")]
async fn b31_a_kept_handle_of_a_message_that_was_sent_reads_nothing() {
    let host = Host::with(&PortSpec::probe());
    host.publish_messages(
        "port",
        vec![message(&[("probe", "keep-after-ok")], large())],
    )
    .await;
    host.delivered("port", 1).await;
    host.probe("read-kept").await;
    let text = host.failure().await;
    assert_eq!(text, "size=700000 read=0 sum=0");
}
