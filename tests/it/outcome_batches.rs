//! Outcomes an adapter reports through transport batches.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::fixture::{Host, PortSpec, until};

#[tokio::test(flavor = "multi_thread")]
async fn b22_several_messages_are_deleted_by_one_batch() {
    let host = Host::with(&PortSpec::probe());
    let five = [[("probe", "batch-of"), ("count", "5")]; 5];
    host.publish("port", &five.each_ref().map(|m| m.as_slice()))
        .await;
    host.delivered("port", 5).await;
    assert_eq!(host.status("port").ignored, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn b34_outcomes_may_be_grouped_differently_from_deliveries() {
    let host = Host::with(&PortSpec::probe());
    let two = [[("probe", "two-batches")]; 2];
    host.publish("port", &two.each_ref().map(|m| m.as_slice()))
        .await;
    host.delivered("port", 2).await;
}

/// A handle that has been given away names nothing: the guest traps, and the message is charged.
#[tokio::test(flavor = "multi_thread")]
async fn b40_a_message_cannot_stand_in_a_batch_twice() {
    let host = Host::with(&PortSpec::probe());
    host.probe("double").await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(
        suspended.error.code.as_deref(),
        Some("trap"),
        "{}",
        suspended.error
    );
    host.probe("ok").await;
    host.delivered("port", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b42_b43_b48_done_answers_exactly_once_and_an_empty_batch_is_an_error() {
    let host = Host::with(&PortSpec::probe());
    host.probe("empty-done").await;
    let text = host.failure().await;
    assert!(text.contains("Empty"), "{text}");
}

/// B41 and B37 to B39 as improved: one status for each operation, in their order, with the message back.
#[tokio::test(flavor = "multi_thread")]
async fn b41_a_batch_over_a_message_taken_back_fails_whole_and_names_the_culprit() {
    let spec = PortSpec {
        delivery_timeout: Duration::from_millis(300),
        ..PortSpec::probe()
    };
    let retry = model::RetryPolicy {
        count: 1,
        interval: Duration::from_secs(3600),
    };
    let host = Host::with(&PortSpec { retry, ..spec });
    // Both kept by one instance; a third, never reported either, keeps that instance alive long enough.
    host.probe("never").await;
    until("the time-out", async || {
        (host.status("port").retried == 1).then_some(())
    })
    .await;
    let counts = host.counts("port").await;
    assert_eq!(
        (counts.pending, counts.delivered, counts.suspended),
        (1, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b51_b56_resubmit_waits_for_its_time_and_carries_properties() {
    let retry = model::RetryPolicy {
        count: 1,
        interval: Duration::from_secs(3600),
    };
    let host = Host::with(&PortSpec {
        retry,
        ..PortSpec::probe()
    });
    let since_epoch = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
    };
    let not_before = since_epoch().as_millis() + 400;
    let text = not_before.to_string();
    host.publish("port", &[&[("probe", "resubmit"), ("not-before", &text)]])
        .await;
    // The probe delivers it only when it sees the carried property.
    host.delivered("port", 1).await;
    assert!(
        since_epoch().as_millis() >= not_before,
        "delivered before its time"
    );
    assert_eq!(host.status("port").retried, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_may_suspend_and_give_up_a_transport() {
    let host = Host::with(&PortSpec::probe());
    host.publish(
        "port",
        &[&[("probe", "suspend")], &[("probe", "next-transport")]],
    )
    .await;
    let mut texts: Vec<_> = host
        .suspended(2)
        .await
        .into_iter()
        .map(|s| s.error.text)
        .collect();
    texts.sort();
    assert_eq!(
        texts,
        [
            "the probe was told to give up",
            "the probe was told to suspend"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_belong_to_no_message_reach_the_operator() {
    let host = Host::with(&PortSpec::probe());
    host.probe("set-error-info").await;
    let error = until("the error", async || host.status("port").last_error)
        .await
        .1;
    assert_eq!(error.text, "the probe was told to complain");
}
