//! Failed attempts: how often and how soon a message is tried again.

use std::time::Duration;

use model::RetryPolicy;

use crate::fixture::{Host, PortSpec, until};

fn retrying(count: u32, interval: Duration) -> PortSpec {
    PortSpec {
        retry: RetryPolicy {
            count,
            interval,
            ..RetryPolicy::default()
        },
        ..PortSpec::probe()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b50_attempts_are_one_more_than_the_retry_count() {
    let host = Host::with(&retrying(3, Duration::from_millis(5)));
    host.probe("retryable").await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(suspended.attempts, 4);
    assert_eq!(host.status("port").retried, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn b53_without_retries_the_first_failure_suspends() {
    let host = Host::with(&retrying(0, Duration::from_millis(5)));
    host.probe("retryable").await;
    assert_eq!(host.suspended(1).await[0].attempts, 1);
    assert_eq!(host.status("port").retried, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn b51_a_failed_message_is_not_due_before_its_interval() {
    let host = Host::with(&retrying(5, Duration::from_secs(3600)));
    host.probe("retryable").await;
    until("the retry", async || {
        (host.counts("port").await.scheduled == 1).then_some(())
    })
    .await;
    // Others pass it meanwhile.
    host.probe("ok").await;
    host.delivered("port", 1).await;
    assert_eq!(
        host.status("port").retried,
        1,
        "tried again before its time"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapters_own_delay_beats_the_interval() {
    let host = Host::with(&retrying(1, Duration::from_secs(3600)));
    host.publish(
        "port",
        &[&[("probe", "retryable-after"), ("after-ms", "20")]],
    )
    .await;
    assert_eq!(
        host.suspended(1).await[0].attempts,
        2,
        "the second attempt came soon"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_failure_costs_no_retries() {
    let host = Host::with(&retrying(5, Duration::from_millis(5)));
    host.probe("permanent").await;
    assert_eq!(host.suspended(1).await[0].attempts, 1);
}

/// The retry goes to an instance that knows nothing of the first attempt: only the box remembers.
#[tokio::test(flavor = "multi_thread")]
async fn b52_a_retry_survives_a_restart_and_needs_no_memory_of_the_adapter() {
    let host = Host::with(&retrying(2, Duration::from_millis(10)));
    host.probe("retryable").await;
    until("a retry", async || {
        (host.status("port").retried >= 1).then_some(())
    })
    .await;
    let host = host.restart().await;
    host.start(&retrying(2, Duration::from_millis(10)));
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(
        suspended.attempts, 3,
        "the restart neither charged nor forgave an attempt"
    );
}

/// What a message says about its own retries means nothing, neither its publisher's word nor what an
/// adapter carries: the count is the host's, and it ends.
#[tokio::test(flavor = "multi_thread")]
async fn b58_no_property_changes_the_retry_count() {
    let host = Host::with(&retrying(2, Duration::from_millis(5)));
    let said = [
        ("retry-count", "99"),
        ("RetryCount", "99"),
        ("retries-left", "99"),
        ("attempt", "0"),
        ("attempts", "0"),
    ];
    let published = [&said[..], &[("probe", "retryable")]].concat();
    let carry = "probe=retryable,retry-count=99,retries-left=99,attempt=1,attempts=0";
    let carried = [&said[..], &[("probe", "resubmit"), ("carry", carry)]].concat();
    host.publish("port", &[&published, &carried]).await;
    for suspended in host.suspended(2).await {
        assert_eq!(suspended.attempts, 3);
    }
    assert_eq!(host.status("port").retried, 4);
}
