//! Requests that are refused: why, and that nothing of them is kept.

use std::time::Duration;

use super::fixture::{Host, LIMITS, port, post};

const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

#[tokio::test]
async fn an_unknown_port_is_answered_with_the_nearest_name() {
    let host = Host::start();
    let answer = host.send(post("ordres", &[], "x")).await;
    let detail = answer.problem(404, "unknown-port");
    assert!(detail.contains("did you mean \"orders\"?"), "{detail}");
    let answer = host.send(post("%ff", &[], "x")).await;
    answer.problem(400, "malformed");
}

#[tokio::test]
async fn a_terminating_host_says_when_to_come_back() {
    let host = Host::start();
    host.dispatcher.terminate(Duration::from_secs(1)).await;
    let answer = host.post(&[], "x").await;
    answer.problem(503, "unavailable");
    assert_eq!(answer.headers["retry-after"], "5");
    assert_eq!(host.kept().await, (0, 0));
}

#[tokio::test]
async fn a_closed_box_is_an_outage_not_an_error() {
    let host = Host::start();
    host.message_box.close().await.unwrap();
    host.post(&[], "x").await.problem(503, "unavailable");
    host.get("/v1/status").await.problem(503, "unavailable");
}

#[tokio::test]
async fn a_full_box_is_insufficient_storage() {
    let host = Host::with_box_size(vec![port("orders")], Some(1 << 20));
    let body = vec![b'x'; 60 << 10];
    let mut accepted = 0;
    let answer = loop {
        let answer = host.post(&[], body.clone()).await;
        if answer.status != 202 {
            break answer;
        }
        accepted += 1;
        assert!(accepted < 100, "the box takes more than its limit");
    };
    assert!(answer.problem(507, "box-full").contains("full"));
    let bytes = accepted * body.len() as u64;
    assert_eq!(host.kept().await, (accepted, bytes));
}

#[tokio::test]
async fn a_bad_line_refuses_all_lines() {
    let host = Host::start();
    let answer = host.post(&[LINES], "{\"a\":1}\n{\"a\":}\n").await;
    let detail = answer.problem(400, "malformed");
    assert!(detail.starts_with("line 2, column 6: "), "{detail}");
    assert_eq!(
        (&answer.json["line"], &answer.json["column"]),
        (&2.into(), &6.into())
    );
    let answer = host.post(&[LINES], "\n\n").await;
    answer.problem(400, "malformed");
    let answer = host.post(&[LINES], "1\n".repeat(101)).await;
    let detail = answer.problem(413, "too-many-messages");
    assert!(detail.contains("100 messages"), "{detail}");
    assert_eq!(host.kept().await, (0, 0));
}

#[tokio::test]
async fn a_key_for_other_content_is_a_conflict() {
    let host = Host::start();
    let key = [("idempotency-key", "k")];
    host.post(&key, "one").await.accepted(1);
    let answer = host.post(&key, "two").await;
    answer.problem(422, "idempotency-conflict");
    assert_eq!(host.kept().await, (1, 3));
}

#[tokio::test]
async fn bad_headers_are_named() {
    let host = Host::start();
    let long = "k".repeat(256);
    let cases = [
        (
            "sendport-priority",
            "0",
            "priority 0 is out of range: use 1 (first) to 10 (last)",
        ),
        (
            "sendport-priority",
            "high",
            "sendport-priority is \"high\"; use a number from 1",
        ),
        (
            "idempotency-key",
            "",
            "Idempotency-Key has 0 bytes; use 1 to 255",
        ),
        ("idempotency-key", &long, "Idempotency-Key has 256 bytes"),
        (
            "sendport-property-",
            "x",
            "the header sendport-property-NAME has no NAME",
        ),
    ];
    for (name, value, expected) in cases {
        let answer = host.post(&[(name, value)], "x").await;
        let detail = answer.problem(400, "malformed");
        assert!(detail.starts_with(expected), "{detail}");
    }
    let mut request = post("orders", &[], "x");
    let value = axum::http::HeaderValue::from_bytes(b"\xff").unwrap();
    request.headers_mut().insert("sendport-property-a", value);
    let answer = host.send(request).await;
    let detail = answer.problem(400, "malformed");
    assert_eq!(detail, "the header sendport-property-a is not UTF-8");
    assert_eq!(host.kept().await, (0, 0));
}

#[tokio::test]
async fn bulk_bodies_have_the_same_limit_as_others() {
    let host = Host::start();
    let line = "1 ".repeat(usize::try_from(LIMITS.max_body).unwrap());
    let answer = host.post(&[LINES], line).await;
    answer.problem(413, "body-too-large");
    assert_eq!(host.kept().await, (0, 0));
}
