//! Large bodies: staged while they come, bounded, and gone without a trace when they break off.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures::stream;

use super::fixture::{Host, LIMITS, post};

/// A body of so many bytes in pieces of 10,000, and then perhaps the end of the connection.
fn pieces(size: usize, broken: bool) -> Body {
    let whole: Vec<u8> = (0..size).map(pattern).collect();
    let pieces = whole.chunks(10_000).map(Bytes::copy_from_slice).map(Ok);
    let end = broken.then(|| Err(io::Error::other("connection reset")));
    Body::from_stream(stream::iter(pieces.chain(end).collect::<Vec<_>>()))
}

/// Bytes that show when pieces are out of order.
fn pattern(index: usize) -> u8 {
    u8::try_from(index % 251).unwrap()
}

#[tokio::test]
async fn a_large_body_arrives_as_it_was_sent() {
    let mut host = Host::start();
    for size in [LIMITS.stage_threshold, LIMITS.stage_threshold + 1, 1 << 20] {
        host.post(&[("content-type", "a/b")], pieces(size, false))
            .await
            .accepted(1);
        let (message, body) = host.delivered().await;
        assert_eq!(body.len(), size);
        assert!(
            body.iter()
                .enumerate()
                .all(|(index, byte)| *byte == pattern(index))
        );
        assert_eq!(message.properties.get("content-type"), Some("a/b"));
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
    let host = Host::start();
    let one_more = usize::try_from(LIMITS.max_body).unwrap() + 1;
    let unannounced = post("orders", &[], pieces(one_more, false));
    let length = one_more.to_string();
    let announced = post(
        "orders",
        &[("content-length", &length)],
        pieces(one_more, false),
    );
    for request in [unannounced, announced] {
        let answer = host.send(request).await;
        let detail = answer.problem(413, "body-too-large");
        assert!(
            detail.contains("1048576 bytes") && detail.contains("max-body"),
            "{detail}"
        );
        assert_eq!(answer.json["limit"], 1 << 20);
    }
    assert_eq!(host.kept().await, (0, 0));
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let mut host = Host::start();
    for size in [100, LIMITS.stage_threshold * 4] {
        host.post(&[], pieces(size, true))
            .await
            .problem(400, "malformed");
    }
    let lines = [("content-type", "application/x-ndjson")];
    let broken = Body::from_stream(stream::iter([
        Ok(Bytes::from_static(b"{}\n")),
        Err(io::Error::other("connection reset")),
    ]));
    host.post(&lines, broken).await.problem(400, "malformed");
    assert_eq!(host.kept().await, (0, 0));
    // Nor does it leave anything that would be in the way.
    host.post(&[], pieces(100, false)).await.accepted(1);
    assert_eq!(host.delivered().await.1.len(), 100);
}

#[tokio::test]
async fn the_same_content_is_the_same_whether_staged_or_not() {
    let host = Host::start();
    let size = LIMITS.stage_threshold * 3;
    let key = [("idempotency-key", "large")];
    host.post(&key, pieces(size, false)).await.accepted(1);
    let again = host.post(&key, pieces(size, false)).await;
    assert_eq!(again.json["repeated"], true);
    assert_eq!(host.kept().await, (1, size as u64));
}
