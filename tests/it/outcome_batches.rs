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

/// B37 to B39 as improved: the host leaves out what it has taken back, names it, and commits the rest.
/// The probe reports two messages with one batch when it is terminated, and complains of what it is told.
#[tokio::test(flavor = "multi_thread")]
async fn b37_b39_a_batch_over_a_message_taken_back_is_committed_without_it() {
    let delivery_timeout = Duration::from_secs(3);
    let host = Host::with(&PortSpec {
        delivery_timeout,
        ..PortSpec::probe()
    });
    let taken_back = host.probe("late").await;
    until("the first", async || {
        (host.status("port").in_flight() == 1).then_some(())
    })
    .await;
    // So much younger that it is still the adapter's when the other one's time is up.
    tokio::time::sleep(delivery_timeout * 2 / 3).await;
    host.probe("late").await;
    host.suspended(1).await;
    host.terminate(Duration::from_secs(30)).await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(suspended.id, taken_back);
    assert_eq!(suspended.error.code.as_deref(), Some("delivery-timeout"));
    assert_eq!(host.audit().await.delivered, 1);
    let (_, told) = host.status("port").last_error.expect("the probe complains");
    assert!(told.text.contains("not-yours"), "{told}");
}

/// B38 as improved: the error is typed, and only the message that cannot move on is sunk.
#[tokio::test(flavor = "multi_thread")]
async fn b37_b38_moving_on_without_a_backup_sinks_only_what_it_must() {
    let host = Host::with(&PortSpec::probe());
    let probes: [&[(&str, &str)]; 3] = [
        &[("probe", "batch-of"), ("count", "3")],
        &[
            ("probe", "batch-of"),
            ("count", "3"),
            ("outcome", "next-transport"),
        ],
        &[("probe", "batch-of"), ("count", "3")],
    ];
    host.publish("port", &probes).await;
    host.delivered("port", 2).await;
    host.suspended(1).await;
    until("the probe's complaint", async || {
        let (_, told) = host.status("port").last_error?;
        told.text.contains("no-next-transport [1]").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b51_b56_resubmit_waits_for_its_time_and_carries_properties() {
    let retry = model::RetryPolicy {
        count: 1,
        interval: Duration::from_secs(3600),
        ..model::RetryPolicy::default()
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
