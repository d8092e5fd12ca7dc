//! Publishing to the real program over HTTP: what is accepted arrives, what is not leaves no trace.

use serde_json::json;

use crate::fixture::{Receiver, Site};

const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_message_arrives_with_everything_that_was_said_about_it() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let host = site.start().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [
        ("content-type", "application/xml"),
        ("traceparent", trace),
        ("sendport-priority", "1"),
        ("sendport-property-http.header.x-tenant", "7"),
        (
            "sendport-property-source-party",
            "not a header of the destination",
        ),
    ];
    let reply = host.api.publish("orders", &headers, "<order/>").await;
    assert_eq!(reply.json()["repeated"], false);
    let id = reply.ids().remove(0);
    let received = receiver.has("/orders", 1).await.remove(0);
    assert_eq!(
        (received.method.as_str(), received.body.as_slice()),
        ("POST", b"<order/>".as_slice())
    );
    assert_eq!(received.id(), id);
    assert_eq!(received.header("content-type"), Some("application/xml"));
    assert_eq!(received.header("traceparent"), Some(trace));
    assert_eq!(received.header("x-tenant"), Some("7"));
    assert_eq!(received.header("source-party"), None);
    host.api.delivered("orders", 1).await;
    let audit = host.api.audit().await;
    assert_eq!(
        (&audit["accepted"], &audit["pending"]),
        (&json!(1), &json!(0))
    );
}

/// All three modes of CloudEvents come in; out go events in binary mode.
#[tokio::test(flavor = "multi_thread")]
async fn cloud_events_of_every_mode_leave_in_binary_mode() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let host = site.start().await;
    let event = |id: &str| {
        json!({
            "specversion": "1.0", "id": id, "source": "/shop", "type": "order.placed",
            "datacontenttype": "application/json", "data": {"n": 1.50}
        })
    };
    let binary = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "binary"),
        ("ce-source", "/shop"),
        ("ce-type", "order.placed"),
    ];
    let structured = [("content-type", "application/cloudevents+json")];
    let batch = [("content-type", "application/cloudevents-batch+json")];
    let events = json!([event("first"), event("second")]).to_string();
    let published = [
        host.api
            .publish("orders", &binary, r#"{"n":1.5}"#)
            .await
            .ids()
            .len(),
        host.api
            .publish("orders", &structured, event("structured").to_string())
            .await
            .ids()
            .len(),
        host.api.publish("orders", &batch, events).await.ids().len(),
    ];
    assert_eq!(published, [1, 1, 2]);
    let received = receiver.has("/orders", 4).await;
    let mut ids: Vec<_> = received.iter().filter_map(|r| r.header("ce-id")).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["binary", "first", "second", "structured"]);
    for received in &received {
        assert_eq!(received.header("ce-source"), Some("/shop"));
        assert_eq!(received.header("ce-type"), Some("order.placed"));
        assert_eq!(received.header("content-type"), Some("application/json"));
        assert_eq!(received.body, br#"{"n":1.5}"#);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_a_message_and_one_bad_line_refuses_them_all() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let host = site.start().await;
    let ids = host
        .api
        .publish("orders", &[NDJSON], "{\"n\":1}\n\n[2]\n\"3\"\n")
        .await
        .ids();
    assert_eq!(ids.len(), 3);
    let mut bodies: Vec<_> = receiver
        .has("/orders", 3)
        .await
        .into_iter()
        .map(|r| r.body)
        .collect();
    bodies.sort();
    assert_eq!(
        bodies,
        [b"\"3\"".to_vec(), b"[2]".to_vec(), b"{\"n\":1}".to_vec()]
    );

    let reply = host
        .api
        .publish("orders", &[NDJSON], "{\"n\":1}\n{\"n\":2}\n{\"n\":\n{}")
        .await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (400, Some("application/problem+json"))
    );
    let problem = reply.json();
    assert_eq!(problem["line"], 3, "{problem}");
    let detail = problem["detail"].as_str().expect("a text");
    assert!(
        detail.starts_with("line 3, ") && detail.ends_with("no line was accepted"),
        "{detail}"
    );
    assert_eq!(host.api.audit().await["accepted"], 3);
}

/// The key outlives the process: a publisher that lost its answer in a crash repeats and learns the id.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_under_the_same_key_publishes_nothing_also_after_a_crash() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let host = site.start().await;
    let key = [("idempotency-key", "order-4711")];
    let first = host.api.publish("orders", &key, "<order/>").await;
    assert_eq!(first.header("idempotency-replayed"), None);
    let repeat = host.api.publish("orders", &key, "<order/>").await;
    assert_eq!(repeat.ids(), first.ids());
    assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
    host.kill().await;

    let host = site.start().await;
    let repeat = host.api.publish("orders", &key, "<order/>").await;
    assert_eq!(
        (repeat.ids(), &repeat.json()["repeated"]),
        (first.ids(), &json!(true))
    );
    let other = host.api.publish("orders", &key, "<another-order/>").await;
    assert_eq!(other.status, 422);
    assert_eq!(host.api.audit().await["accepted"], 1);
    host.api.delivered("orders", 1).await;
}

/// Port, headers and body; the status and a part of the answer's detail.
type Refused<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_why_and_leaves_nothing() {
    let receiver = Receiver::start().await;
    let site = Site::orders("max-body = \"2KiB\"", &receiver);
    let host = site.start().await;
    let large = "x".repeat(2049);
    let event = ("content-type", "application/cloudevents+json");
    let cases: [Refused<'_>; 8] = [
        ("ordres", &[], "a", 404, "did you mean \"orders\"?"),
        ("orders", &[], &large, 413, "raise max-body"),
        (
            "orders",
            &[("content-encoding", "gzip")],
            "a",
            415,
            "send the body as it is",
        ),
        (
            "orders",
            &[("sendport-priority", "11")],
            "a",
            400,
            "use 1 (first) to 10 (last)",
        ),
        (
            "orders",
            &[("idempotency-key", "")],
            "a",
            400,
            "use 1 to 255",
        ),
        ("orders", &[event], "{\"id\":\"1\"}", 400, "is missing"),
        (
            "orders",
            &[event],
            "{",
            400,
            "line 1, column 1: expected a JSON object",
        ),
        ("orders", &[NDJSON], "\n\n", 400, "every line is empty"),
    ];
    for (port, headers, body, status, expected) in cases {
        let reply = host.api.publish(port, headers, body.to_owned()).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (status, Some("application/problem+json"))
        );
        let problem = reply.json();
        let detail = problem["detail"].as_str().expect("a text");
        assert!(detail.contains(expected), "{detail}");
        assert_eq!(problem["status"], status);
    }
    // A body of exactly the limit is none too large.
    host.api.accepted("orders", "x".repeat(2048)).await;
    assert_eq!(host.api.audit().await["accepted"], 1);
}
