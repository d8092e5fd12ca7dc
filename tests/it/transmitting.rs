//! One message per call: what its answer means, and what the host makes of silence.

use std::time::Duration;

use crate::fixture::{Host, PortSpec, message, until};

#[tokio::test(flavor = "multi_thread")]
async fn b13_a_message_answered_transmitted_is_deleted_by_the_engine() {
    let host = Host::with(&PortSpec::probe());
    host.probe("ok").await;
    host.delivered("port", 1).await;
    assert_eq!(host.audit().await.pending, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn b20_a_message_answered_pending_is_deleted_by_its_outcome_batch() {
    let host = Host::with(&PortSpec::probe());
    host.probe("pending-delete").await;
    host.delivered("port", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b19_b21_a_pending_message_stays_in_process_and_blocks_nobody() {
    let host = Host::with(&PortSpec::probe());
    host.publish("port", &[&[("probe", "never")], &[("probe", "hang")]])
        .await;
    until("both in the adapter", async || {
        (host.status("port").unresolved == 2).then_some(())
    })
    .await;
    let others = [[("probe", "ok")]; 50];
    host.publish("port", &others.each_ref().map(|o| o.as_slice()))
        .await;
    host.delivered("port", 50).await;
    // The port hears of its commits a moment later than the box.
    let status = until("only the two in the adapter", async || {
        Some(host.status("port")).filter(|status| status.unresolved == 2)
    })
    .await;
    assert_eq!((status.retried, status.suspended), (0, 0));
    assert_eq!(host.counts("port").await.pending, 2);
}

/// The original's stuck message cannot exist: the host sees the handle go.
#[tokio::test(flavor = "multi_thread")]
async fn b23_a_handle_dropped_without_an_outcome_is_a_failed_attempt_at_once() {
    let host = Host::with(&PortSpec::probe());
    host.probe("drop").await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(suspended.error.code.as_deref(), Some("forgotten"));
    assert_eq!(suspended.attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_dropped_before_the_answer_transmitted_is_delivered() {
    let host = Host::with(&PortSpec::probe());
    host.probe("drop-before-ok").await;
    host.delivered("port", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_sees_everything_about_its_message() {
    let endpoint = vec![("method".to_owned(), "PUT".to_owned())];
    let retry = model::RetryPolicy {
        count: 3,
        interval: Duration::from_secs(1),
        ..model::RetryPolicy::default()
    };
    let host = Host::with(&PortSpec {
        endpoint,
        retry,
        ..PortSpec::probe()
    });
    let id = host
        .publish("port", &[&[("probe", "describe"), ("colour", "blue")]])
        .await[0];
    let sum: u64 = b"<order/>".iter().map(|b| u64::from(*b)).sum();
    let expected = format!(
        "id={id} attempt=1 retries-left=3 send-port=port address=probe://here version=7 size=8 read=8 sum={sum} \
         properties=[probe=describe,colour=blue] configuration=[method=PUT]"
    );
    assert_eq!(host.failure().await, expected);
}

/// Bodies of every size arrive whole, also through short reads of one that stays in the box.
#[tokio::test(flavor = "multi_thread")]
async fn b106_bodies_arrive_whole_through_short_reads() {
    let host = Host::with(&PortSpec::probe());
    for size in [0, 1, 100_000, 128 * 1024, 128 * 1024 + 1, 1_000_003] {
        let body: Vec<u8> = (0..size).map(|i: u32| (i % 251).to_le_bytes()[0]).collect();
        let sum: u64 = body.iter().map(|b| u64::from(*b)).sum();
        let large = message(&[("probe", "describe")], body);
        let id = host.publish_messages("port", vec![large]).await[0];
        let text = until("the description", async || {
            let all = host
                .message_box
                .suspended(&message_box::SuspendedFilter::default(), None, 100)
                .await
                .expect("the list");
            all.into_iter().find(|s| s.id == id).map(|s| s.error.text)
        })
        .await;
        let whole = format!("size={size} read={size} sum={sum} ");
        assert!(text.contains(&whole), "{text} does not contain {whole}");
    }
}
