//! CloudEvents in their three modes, good and bad.

use serde_json::json;

use super::fixture::{Host, properties};

const EVENT: (&str, &str) = ("content-type", "application/cloudevents+json");
const BATCH: (&str, &str) = ("content-type", "application/cloudevents-batch+json");

#[tokio::test]
async fn binary_mode_keeps_attributes_content_type_and_body() {
    let mut host = Host::start();
    let headers = [
        ("content-type", "text/plain"),
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/shop"),
        ("ce-type", "order.placed"),
        ("ce-subject", "Euro%20%E2%82%AC"),
    ];
    host.post(&headers, "data").await.accepted(1);
    let (message, body) = host.delivered().await;
    assert_eq!(body, "data");
    assert_eq!(properties(&message), headers);
}

#[tokio::test]
async fn structured_mode_becomes_what_binary_mode_would_be() {
    let mut host = Host::start();
    let event = r#"{"specversion":"1.0","id":"1","source":"/shop","type":"order.placed",
        "subject":"Euro €","count":3,"live":true,"nothing":null,
        "data":{"b": 1.10, "a": 12345678901234567890123}}"#;
    host.post(&[EVENT], event).await.accepted(1);
    let (message, body) = host.delivered().await;
    assert_eq!(body, r#"{"b": 1.10, "a": 12345678901234567890123}"#);
    let expected = [
        ("ce-count", "3"),
        ("ce-id", "1"),
        ("ce-live", "true"),
        ("ce-source", "/shop"),
        ("ce-specversion", "1.0"),
        ("ce-subject", "Euro%20%E2%82%AC"),
        ("ce-type", "order.placed"),
        ("content-type", "application/json"),
    ];
    assert_eq!(properties(&message), expected);
}

#[tokio::test]
async fn data_is_taken_out_of_its_json_wrapping_by_its_content_type() {
    let cases = [
        (json!({"data": "t"}), "\"t\""),
        (
            json!({"data": "<x/>", "datacontenttype": "application/xml"}),
            "<x/>",
        ),
        (
            json!({"data": "t", "datacontenttype": "application/problem+json"}),
            "\"t\"",
        ),
        (json!({"data": [1], "datacontenttype": "text/plain"}), "[1]"),
        (
            json!({"data_base64": "AAEC", "datacontenttype": "application/octet-stream"}),
            "\0\u{1}\u{2}",
        ),
        (json!({}), ""),
    ];
    let mut host = Host::start();
    for (members, expected) in cases {
        let mut event = json!({"specversion": "1.0", "id": "1", "source": "s", "type": "t"});
        event
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        host.post(&[EVENT], event.to_string()).await.accepted(1);
        let (message, body) = host.delivered().await;
        assert_eq!(body, expected, "{members}");
        let content_type = members["datacontenttype"].as_str();
        let content_type = content_type.or((members != json!({})).then_some("application/json"));
        assert_eq!(
            message.properties.get("content-type"),
            content_type,
            "{members}"
        );
    }
}

#[tokio::test]
async fn a_batch_is_one_message_per_event() {
    let mut host = Host::start();
    let event =
        |id| json!({"specversion": "1.0", "id": id, "source": "s", "type": "t", "data": id});
    let batch = json!([event("a"), event("b")]);
    let answer = host
        .post(&[BATCH, ("sendport-priority", "9")], batch.to_string())
        .await;
    answer.accepted(2);
    for id in ["a", "b"] {
        let (message, body) = host.delivered().await;
        assert_eq!(message.properties.get("ce-id"), Some(id));
        assert_eq!(message.priority.get(), 9);
        assert_eq!(body, format!("\"{id}\""));
    }
}

#[tokio::test]
async fn malformed_events_say_what_is_wrong() {
    let host = Host::start();
    let complete = r#""specversion":"1.0","id":"1","source":"s","type":"t""#;
    let cases = [
        (
            "nonsense".to_owned(),
            "line 1, column 2: expected a JSON object: expected ident",
        ),
        ("[]".to_owned(), "expected a JSON object"),
        (
            "{}".to_owned(),
            "the CloudEvents attribute \"id\" is missing",
        ),
        (
            complete.replace("1.0", "0.3"),
            "the CloudEvents specversion is \"0.3\"; this host takes \"1.0\"",
        ),
        (
            complete.replace("\"t\"", "\"\""),
            "attribute \"type\" is missing",
        ),
        (
            format!("{complete},\"Upper\":\"x\""),
            "\"Upper\" cannot name a CloudEvents attribute",
        ),
        (
            format!("{complete},\"list\":[1]"),
            "the attribute \"list\" must be a text",
        ),
        (
            format!("{complete},\"data\":1,\"data_base64\":\"\""),
            "both data and data_base64",
        ),
        (
            format!("{complete},\"data_base64\":\"*\""),
            "data_base64 is not base64",
        ),
        (
            format!("{complete},\"data_base64\":7"),
            "data_base64 must be a text",
        ),
    ];
    for (text, expected) in cases {
        let text = if text.starts_with('"') {
            format!("{{{text}}}")
        } else {
            text
        };
        let answer = host.post(&[EVENT], text.clone()).await;
        let detail = answer.problem(400, "malformed");
        assert!(detail.contains(expected), "{text}: {detail}");
    }
    assert_eq!(host.kept().await, (0, 0));
}

#[tokio::test]
async fn one_bad_event_refuses_its_batch_by_index() {
    let host = Host::start();
    let event = json!({"specversion": "1.0", "id": "1", "source": "s", "type": "t"});
    let batch = json!([event, event, {"specversion": "1.0"}]);
    let answer = host.post(&[BATCH], batch.to_string()).await;
    let detail = answer.problem(400, "malformed");
    assert!(
        detail.starts_with("event 2 of the batch: the CloudEvents attribute \"id\""),
        "{detail}"
    );
    assert_eq!(answer.json["index"], 2);
    let answer = host.post(&[BATCH], "[]").await;
    assert_eq!(answer.problem(400, "malformed"), "the batch holds no event");
    let batch = json!(vec![event; 101]);
    let answer = host.post(&[BATCH], batch.to_string()).await;
    answer.problem(413, "too-many-messages");
    assert_eq!(host.kept().await, (0, 0));
}

#[tokio::test]
async fn malformed_binary_events_say_what_is_wrong() {
    let host = Host::start();
    let complete = [
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "s"),
        ("ce-type", "t"),
    ];
    for missing in 0..complete.len() {
        let mut headers = complete.to_vec();
        let (name, _) = headers.remove(missing);
        let answer = host.post(&headers, "x").await;
        let name = name.strip_prefix("ce-").unwrap();
        let expected = format!("the CloudEvents attribute {name:?} is missing");
        assert_eq!(answer.problem(400, "malformed"), expected);
    }
    let extra = |name, value| [&complete[..], &[(name, value)]].concat();
    let answer = host.post(&extra("ce-data_content", "x"), "x").await;
    assert!(
        answer
            .problem(400, "malformed")
            .contains("\"data_content\" cannot name")
    );
    let answer = host
        .post(&extra("ce-datacontenttype", "text/plain"), "x")
        .await;
    assert!(answer.problem(400, "malformed").contains("Content-Type"));
    assert_eq!(host.kept().await, (0, 0));
}

#[tokio::test]
async fn other_formats_are_not_understood() {
    let host = Host::start();
    let xml = [("content-type", "application/cloudevents+xml")];
    let answer = host.post(&xml, "<event/>").await;
    assert!(
        answer
            .problem(415, "unsupported-media-type")
            .contains("application/cloudevents+json")
    );
    let answer = host.post(&[("content-encoding", "gzip")], "x").await;
    assert!(
        answer
            .problem(415, "unsupported-media-type")
            .contains("gzip")
    );
    host.post(&[("content-encoding", "identity")], "x")
        .await
        .accepted(1);
}
