//! A message box with a limit: full is an answer, not an accident.

use serde_json::json;

use crate::fixture::{Answer, Receiver, Site};

const BODY: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_box_refuses_publishers_delivers_and_takes_messages_again() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Held; 1000]);
    let site = Site::orders("max-box-size = \"2MiB\"", &receiver);
    let host = site.start().await;
    let mut accepted = 0;
    let refused = loop {
        let reply = host.api.publish("orders", &[], "x".repeat(BODY)).await;
        if reply.status != 202 {
            break reply;
        }
        accepted += 1;
        assert!(
            accepted * BODY < 2 << 20,
            "the box holds more than its limit"
        );
    };
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (507, Some("application/problem+json"))
    );
    let detail = refused.json()["detail"].to_string();
    assert!(
        detail.contains("publish again when messages have been delivered"),
        "{detail}"
    );
    assert!(accepted > 20, "only {accepted} messages fitted");

    // Neither a bulk nor a body that is written piece by piece leaves a part of itself behind.
    let ndjson = [("content-type", "application/x-ndjson")];
    let lines = vec![format!("\"{}\"", "x".repeat(BODY)); 10].join("\n");
    assert_eq!(host.api.publish("orders", &ndjson, lines).await.status, 507);
    assert_eq!(
        host.api
            .publish("orders", &[], "x".repeat(3 << 20))
            .await
            .status,
        507
    );
    let audit = host.api.audit().await;
    assert_eq!(
        (&audit["accepted"], &audit["pending"]),
        (&json!(accepted), &json!(accepted))
    );

    receiver.release();
    host.api.delivered("orders", accepted).await;
    for n in 1..=10 {
        host.api.accepted("orders", "x".repeat(BODY)).await;
        host.api.delivered("orders", accepted + n).await;
    }
    assert_eq!(receiver.received("/orders").len(), accepted + 10);
}

/// A full box must be able to start, too.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_box_is_emptied_after_a_restart() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Held; 1000]);
    let site = Site::orders("max-box-size = \"2MiB\"", &receiver);
    let host = site.start().await;
    let mut accepted = 0;
    while host
        .api
        .publish("orders", &[], "x".repeat(BODY))
        .await
        .status
        == 202
    {
        accepted += 1;
    }
    host.kill().await;
    receiver.script("/orders", []);
    let host = site.start().await;
    host.api.delivered("orders", accepted).await;
    host.api.accepted("orders", "x".repeat(BODY)).await;
    host.api.delivered("orders", accepted + 1).await;
}
