//! Requests that are accepted: raw bodies, NDJSON, properties, priority, idempotency.

use serde_json::json;

use super::fixture::{Host, properties};

#[tokio::test]
async fn any_body_is_a_message_with_its_content_type() {
    let mut host = Host::start();
    let answer = host
        .post(&[("content-type", "application/xml")], "<order/>")
        .await;
    answer.accepted(1);
    assert_eq!(answer.json["repeated"], false);
    let (message, body) = host.delivered().await;
    assert_eq!(answer.json["ids"][0], message.id.to_string());
    assert_eq!(body, "<order/>");
    assert_eq!(properties(&message), [("content-type", "application/xml")]);
    assert_eq!(message.priority.get(), 5);
}

#[tokio::test]
async fn an_empty_body_is_a_message_too() {
    let mut host = Host::start();
    host.post(&[], "").await.accepted(1);
    let (message, body) = host.delivered().await;
    assert!(body.is_empty() && message.properties.is_empty());
}

#[tokio::test]
async fn headers_become_properties_and_priority() {
    let mut host = Host::start();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [
        ("traceparent", trace),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
        ("sendport-property-source-file-name", "größe.xml"),
        ("sendport-priority", "1"),
        ("x-other", "not ours"),
    ];
    host.post(&headers, "x").await.accepted(1);
    let (message, _) = host.delivered().await;
    let expected = [
        ("traceparent", trace),
        ("tracestate", "a=1,b=2"),
        ("source-file-name", "größe.xml"),
    ];
    assert_eq!(properties(&message), expected);
    assert_eq!(message.priority.get(), 1);
}

#[tokio::test]
async fn every_line_of_ndjson_is_a_message() {
    let mut host = Host::start();
    let headers = [
        ("content-type", "application/x-ndjson"),
        ("sendport-property-run", "7"),
    ];
    let answer = host.post(&headers, "{\"n\":1}\n\n{\"n\":2}\r\n[3]").await;
    answer.accepted(3);
    for (nth, expected) in ["{\"n\":1}", "{\"n\":2}", "[3]"].into_iter().enumerate() {
        let (message, body) = host.delivered().await;
        assert_eq!(body, expected);
        assert_eq!(answer.json["ids"][nth], message.id.to_string());
        let expected = [("run", "7"), ("content-type", "application/json")];
        assert_eq!(properties(&message), expected);
    }
}

#[tokio::test]
async fn a_repeated_key_returns_the_same_ids_and_publishes_nothing() {
    let host = Host::start();
    let headers = [
        ("idempotency-key", "4711"),
        ("content-type", "application/x-ndjson"),
    ];
    let first = host.post(&headers, "1\n2\n").await;
    first.accepted(2);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = host.post(&headers, "1\n2\n").await;
    again.accepted(2);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(
        again.json,
        json!({"ids": first.json["ids"], "repeated": true})
    );
    assert_eq!(host.kept().await.0, 2);
}
