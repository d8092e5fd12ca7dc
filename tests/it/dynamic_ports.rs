//! Dynamic ports: every message says itself where it goes, and the port says how far it may.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::fixture::{Host, PortSpec, Receiver, message};

/// HTTP below these URLs, and files into this directory.
fn start(host: &Host, urls: Vec<String>, directory: &Path) {
    let http = PortSpec {
        http: urls,
        ..PortSpec::of("http-adapter")
    };
    let file = PortSpec {
        directory: Some(directory.to_owned()),
        ..PortSpec::of("file-adapter")
    };
    host.start_dynamic(&[&http, &file], |_| ());
}

fn written(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut contents: Vec<_> = files
        .map(|file| fs::read_to_string(file).expect("a file"))
        .collect();
    contents.sort_unstable();
    contents
}

/// The bodies that have come to a path, as a set.
fn arrived(receiver: &Receiver, path: &str) -> BTreeSet<Vec<u8>> {
    receiver
        .received(path)
        .into_iter()
        .map(|r| r.body)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b77_b78_b80_address_and_type_find_the_adapter() {
    let receiver = Receiver::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let host = Host::new();
    start(&host, vec![receiver.url("/")], directory.path());
    let url = receiver.url("/orders");
    let capitals = url.replace("http://", "HTTP://");
    let file = format!("file://{}", directory.path().display());
    let shouted = file.replace("file://", "FILE://");
    let messages = [
        // B77: by prefix, in any spelling.
        ("1", url.as_str(), None),
        ("2", capitals.as_str(), None),
        ("3", file.as_str(), None),
        ("4", shouted.as_str(), None),
        // B78: the type wins over the prefix.
        ("5", url.as_str(), Some("FILE")),
        ("6", url.as_str(), Some("Http")),
        // B80: without a prefix, the type says it all.
        ("7", "orders", Some("file")),
    ];
    let messages = messages.map(|(body, address, kind)| {
        let mut properties = vec![("address", address)];
        properties.extend(kind.map(|kind| ("transport-type", kind)));
        message(&properties, body)
    });
    host.publish_messages("port", messages.into()).await;
    host.delivered("port", 7).await;
    let by_http = ["1", "2", "6"].map(|body| body.as_bytes().to_vec());
    assert_eq!(arrived(&receiver, "/orders"), by_http.into());
    assert_eq!(written(directory.path()), ["3", "4", "5", "7"]);
}

/// B79: there is no endpoint configuration; the adapter's defaults apply.
#[tokio::test(flavor = "multi_thread")]
async fn b79_a_dynamic_message_comes_without_endpoint_configuration() {
    let host = Host::new();
    let spec = PortSpec {
        endpoint: vec![("colour".to_owned(), "blue".to_owned())],
        ..PortSpec::probe()
    };
    host.start_dynamic(&[&spec], |_| ());
    let properties = [("probe", "describe"), ("address", "probe://elsewhere")];
    host.publish("port", &[&properties]).await;
    let text = host.failure().await;
    assert!(
        text.contains("address=probe://elsewhere version=0 "),
        "{text}"
    );
    assert!(text.ends_with("configuration=[]"), "{text}");
}

/// Each address of a dynamic port has its own messages, in one adapter and under the eyes of one port.
#[tokio::test(flavor = "multi_thread")]
async fn b77_many_addresses_at_once_each_get_their_own() {
    let receiver = Receiver::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let host = Host::new();
    start(&host, vec![receiver.url("/")], directory.path());
    let paths: Vec<_> = (0..20).map(|n| format!("/{n}")).collect();
    let message = |n: usize| {
        let path = &paths[n % 20];
        let address = receiver.url(path);
        message(&[("address", &address)], format!("{path} {n}"))
    };
    host.publish_messages("port", (0..200).map(message).collect())
        .await;
    host.delivered("port", 200).await;
    for path in &paths {
        let bodies = arrived(&receiver, path);
        assert_eq!(bodies.len(), 10, "{path}");
        let own = |body: &Vec<u8>| body.starts_with(format!("{path} ").as_bytes());
        assert!(bodies.iter().all(own), "{path}: {bodies:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b77_what_nobody_answers_to_is_suspended_without_an_attempt() {
    let receiver = Receiver::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let host = Host::new();
    start(&host, vec![receiver.url("/")], directory.path());
    let url = receiver.url("/");
    let messages: [&[(&str, &str)]; 2] = [
        &[("address", "ftp://elsewhere/")],
        &[("address", &url), ("transport-type", "FTP")],
    ];
    host.publish("port", &messages).await;
    for suspended in host.suspended(2).await {
        assert_eq!(suspended.error.code.as_deref(), Some("no-adapter"));
        assert_eq!(suspended.attempts, 0);
        let text = suspended.error.text;
        assert!(
            text.to_ascii_lowercase().contains("ftp") && text.contains("there are"),
            "{text}"
        );
    }
}

/// B115: an address that a message brings along grants nothing.
#[tokio::test(flavor = "multi_thread")]
async fn b115_a_message_cannot_reach_what_its_port_does_not_grant() {
    let receiver = Receiver::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let host = Host::new();
    start(&host, vec![receiver.url("/granted/")], directory.path());
    let other = Receiver::start().await;
    let denied = [
        receiver.url("/secret"),
        receiver.url("/granted/../secret"),
        receiver.url("/granted/%2e%2e/secret"),
        receiver.url("/granted"),
        other.url("/granted/"),
        receiver.url("/granted/").replace("http://", "http://user@"),
    ];
    for address in &denied {
        host.publish("port", &[&[("address", address)]]).await;
    }
    let granted = receiver.url("/granted/1");
    host.publish("port", &[&[("address", &granted)]]).await;
    host.delivered("port", 1).await;
    for suspended in host.suspended(denied.len()).await {
        assert_eq!(suspended.error.code.as_deref(), Some("http-denied"));
        assert_eq!(suspended.attempts, 1, "no retry helps");
        let text = suspended.error.text;
        assert!(text.contains("grants.http"), "{text}");
        assert!(
            denied.iter().any(|address| text.contains(address)),
            "{text}"
        );
    }
    assert_eq!(
        receiver.connections(),
        1,
        "only what is granted was reached"
    );
    assert_eq!(other.connections(), 0);
}

/// B115: the directory is the port's. What an address says about files is not looked at.
#[tokio::test(flavor = "multi_thread")]
async fn b115_a_message_cannot_name_another_directory() {
    let outside = tempfile::tempdir().expect("a directory");
    let granted = tempfile::tempdir().expect("a directory");
    let host = Host::new();
    start(&host, Vec::new(), granted.path());
    let elsewhere = [
        format!("file://{}", outside.path().display()),
        outside.path().display().to_string(),
        format!("./../../{}", outside.path().display()),
    ];
    for address in &elsewhere {
        host.publish("port", &[&[("address", address)]]).await;
    }
    host.delivered("port", 3).await;
    assert!(written(outside.path()).is_empty());
    assert_eq!(written(granted.path()).len(), 3);
}

/// A port without a directory grants none.
#[tokio::test(flavor = "multi_thread")]
async fn b115_without_a_directory_nothing_is_written() {
    let host = Host::new();
    host.start_dynamic(&[&PortSpec::of("file-adapter")], |_| ());
    host.publish("port", &[&[("address", "file:///tmp")]]).await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(suspended.error.code.as_deref(), Some("file-no-directory"));
}
