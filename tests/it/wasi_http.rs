//! An adapter that knows nothing of sendport's HTTP interface: standard `wasi:http` 0.3, same pool, same
//! grants.

use std::collections::BTreeSet;

use crate::fixture::{Answer, Receiver, Site, digest, port};

fn site(receiver: &Receiver) -> Site {
    let retry = "retry = { count = 20, interval = \"50ms\" }";
    Site::new(&port(
        "orders",
        "wasi-http-adapter",
        &receiver.url("/orders"),
        retry,
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_http_delivers_whole_bodies_over_shared_connections() {
    const MESSAGES: usize = 300;
    let receiver = Receiver::start().await;
    let site = site(&receiver);
    let host = site.start().await;
    let lines: Vec<_> = (0..MESSAGES).map(|n| format!("{{\"n\":{n}}}")).collect();
    host.api.bulk("orders", &lines).await;
    host.api.delivered("orders", MESSAGES).await;
    let received = receiver.received("/orders");
    let digests: BTreeSet<_> = received.iter().map(|r| r.digest.clone()).collect();
    let expected: BTreeSet<_> = lines.iter().map(|line| digest(line.as_bytes())).collect();
    assert_eq!((received.len(), digests), (MESSAGES, expected));
    // The library's own sender would have opened one for every message.
    let connections = receiver.connections();
    assert!(connections < MESSAGES, "{connections} connections");
}

#[tokio::test(flavor = "multi_thread")]
async fn b106_a_large_body_streams_through_the_guest() {
    let receiver = Receiver::start().await;
    let site = site(&receiver);
    let host = site.start().await;
    let body: Vec<u8> = (0..16_000_000_u32)
        .map(|n| (n % 251).to_le_bytes()[0])
        .collect();
    let expected = digest(&body);
    host.api.accepted("orders", body).await;
    host.api.delivered("orders", 1).await;
    assert_eq!(receiver.received("/orders").remove(0).digest, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_http_failures_follow_the_ports_policy() {
    let receiver = Receiver::start().await;
    let answers = [
        Answer::Status(503),
        Answer::Closed,
        Answer::Status(200),
        Answer::Status(400),
    ];
    receiver.script("/orders", answers);
    let site = site(&receiver);
    let host = site.start().await;
    host.api.accepted("orders", "<order/>").await;
    host.api.delivered("orders", 1).await;
    assert_eq!(host.api.port("orders").await["running"]["retried"], 2);
    host.api.accepted("orders", "<bad-order/>").await;
    assert_eq!(host.api.suspended("orders", 1).await[0]["code"], "http-400");
}
