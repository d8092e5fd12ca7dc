//! Adapters without async functions: one message, or one batch, at a time in an instance, and what their
//! answers mean.

use std::time::Duration;

use adapter_runtime::Limits;
use model::TransportSlot;

use crate::fixture::{Host, PortSpec, Receiver, message, until};

const PATIENT: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(5);

fn single() -> PortSpec {
    PortSpec::of("probe-sync-adapter")
}

/// Batches of so many messages, at most.
fn batched(max_messages: &str) -> PortSpec {
    PortSpec {
        handler: vec![("max-messages".to_owned(), max_messages.to_owned())],
        ..PortSpec::of("probe-sync-batch-adapter")
    }
}

async fn publish(host: &Host, probes: &[&str]) {
    let messages = probes
        .iter()
        .map(|probe| message(&[("probe", probe)], "<order/>"));
    host.publish_messages("port", messages.collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_a_message_sent_without_an_error_is_deleted_by_the_engine() {
    for spec in [single(), batched("8")] {
        let host = Host::with(&PortSpec {
            instances: 3,
            ..spec
        });
        publish(&host, &["ok"; 100]).await;
        host.delivered("port", 100).await;
        let status = host.status("port");
        assert_eq!((status.ignored, status.returned, status.retried), (0, 0, 0));
        assert_eq!(host.audit().await.pending, 0);
    }
}

/// The order of calls; each message is a call of its own, and the next one comes when it has returned.
#[tokio::test(flavor = "multi_thread")]
async fn b04_b13_the_calls_of_an_instance() {
    let host = Host::with(&single());
    publish(&host, &["ok", "ok", "calls"]).await;
    let calls = "initialize transmit-message transmit-message transmit-message";
    assert_eq!(host.failure().await, calls);
    // It is terminated in good order.
    let report = host.terminate(PATIENT).await;
    let port = &report.ports[0];
    assert!(!port.interrupted && port.handed_back.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_b16_a_failure_costs_a_retry_and_the_last_one_suspends_with_its_text() {
    for spec in [single(), batched("8")] {
        let host = Host::with(&spec.retrying(2, SOON));
        publish(&host, &["retryable", "ok"]).await;
        host.delivered("port", 1).await;
        let suspended = host.suspended(1).await.remove(0);
        assert_eq!(suspended.attempts, 3);
        assert_eq!(suspended.error.text, "the probe was told to fail");
        assert_eq!(suspended.error.code.as_deref(), Some("probe"));
        assert_eq!(host.status("port").retried, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b14_a_failed_message_is_not_due_before_its_interval() {
    let host = Host::with(&single().retrying(1, Duration::from_secs(3600)));
    publish(&host, &["retryable"]).await;
    until("the retry", async || {
        (host.counts("port").await.scheduled == 1).then_some(())
    })
    .await;
    publish(&host, &["ok"]).await;
    host.delivered("port", 1).await;
    assert_eq!(host.status("port").retried, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_without_retries_a_failed_message_moves_to_the_backup() {
    let receiver = Receiver::start().await;
    for (spec, path) in [(single(), "/single"), (batched("8"), "/batched")] {
        let host = Host::new();
        let backup = PortSpec::http(&receiver, path);
        host.start_with(&spec, Some(&backup), |_| ());
        publish(&host, &["retryable"]).await;
        host.delivered("port", 1).await;
        assert_eq!(receiver.received(path).len(), 1);
        assert_eq!(host.status("port").moved, 1);
        // A message that is at fault would fail there as well.
        publish(&host, &["permanent"]).await;
        let suspended = host.suspended(1).await.remove(0);
        assert_eq!(suspended.transport, TransportSlot::Primary);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b107_b108_an_instance_that_traps_or_spins_costs_its_message_only() {
    for (spec, probe) in [
        (single(), "trap"),
        (single(), "spin"),
        (batched("8"), "trap"),
        (batched("8"), "trap-in-transmit"),
        (batched("8"), "spin"),
    ] {
        let host = Host::with(&spec);
        publish(&host, &["ok", "ok", probe, "ok", "ok"]).await;
        host.delivered("port", 4).await;
        let suspended = host.suspended(1).await.remove(0);
        assert_eq!(suspended.attempts, 1, "{probe}");
        assert_eq!(suspended.error.code.as_deref(), Some("trap"), "{probe}");
        publish(&host, &["ok"]).await;
        host.delivered("port", 5).await;
        host.audit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b24_b26_the_order_of_calls_also_of_a_small_batch() {
    let host = Host::with(&batched("8"));
    publish(&host, &["calls"]).await;
    assert_eq!(
        host.failure().await,
        "get-batch begin-batch transmit-message done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b25_no_batch_is_larger_than_the_adapter_allows() {
    let host = Host::with(&batched("5"));
    publish(&host, &["calls"; 42]).await;
    let suspended = host.suspended(42).await;
    let calls = suspended.iter().map(|suspended| &suspended.error.text);
    let sizes: Vec<_> = calls
        .map(|calls| {
            let pushed = calls.strip_prefix("get-batch begin-batch ");
            let pushed = pushed.and_then(|calls| calls.strip_suffix(" done"));
            let pushed: Vec<_> = pushed.expect("first and last calls").split(' ').collect();
            assert!(pushed.iter().all(|call| *call == "transmit-message"));
            pushed.len()
        })
        .collect();
    assert!(sizes.iter().all(|size| (1..=5).contains(size)), "{sizes:?}");
    assert!(sizes.contains(&5), "none was full although 42 waited");
}

#[tokio::test(flavor = "multi_thread")]
async fn b30_what_done_does_not_name_is_deleted() {
    let host = Host::with(&batched("8"));
    publish(&host, &["ok", "fail-in-done", "ok", "retryable", "ok"]).await;
    host.delivered("port", 3).await;
    let texts = host.suspended(2).await.into_iter().map(|s| s.error.text);
    assert!(texts.eq(["the probe was told to fail"; 2]));
}

/// Improved: the original cleared the batch and charged everybody.
#[tokio::test(flavor = "multi_thread")]
async fn b27_b28_a_refused_message_costs_only_itself() {
    let host = Host::with(&batched("8"));
    publish(&host, &["ok", "refuse", "ok"]).await;
    host.delivered("port", 2).await;
    assert_eq!(host.failure().await, "the probe was told to refuse");
    // A batch in which everything is refused is cleared, and the adapter goes on.
    publish(&host, &["refuse"]).await;
    host.suspended(2).await;
    publish(&host, &["ok"]).await;
    host.delivered("port", 3).await;
}

/// When `done` itself fails, nothing of the batch was sent: everything that was taken on is charged, once,
/// and nothing that was refused before.
#[tokio::test(flavor = "multi_thread")]
async fn b29_a_failed_done_fails_everything_it_was_to_send() {
    let host = Host::with(&batched("8"));
    publish(&host, &["ok", "fail-done", "refuse", "ok"]).await;
    let suspended = host.suspended(4).await;
    let mut texts: Vec<_> = suspended.iter().map(|s| s.error.text.as_str()).collect();
    texts.sort_unstable();
    let in_done = "the probe was told to fail in done";
    let refused = "the probe was told to refuse";
    assert_eq!(texts, [in_done, in_done, in_done, refused]);
    assert!(suspended.iter().all(|s| s.attempts == 1));
    assert_eq!(host.counts("port").await.delivered, 0);
}

/// What a synchronous adapter reports that belongs to no message.
#[tokio::test(flavor = "multi_thread")]
async fn errors_that_belong_to_no_message_reach_the_operator() {
    for spec in [single(), batched("8")] {
        let host = Host::with(&spec);
        publish(&host, &["set-error-info"]).await;
        host.delivered("port", 1).await;
        let error = until("the error", async || host.status("port").last_error)
            .await
            .1;
        assert_eq!(error.text, "the probe was told to complain");
    }
}

/// Several messages at once take several instances. The port makes them as they are needed.
#[tokio::test(flavor = "multi_thread")]
async fn as_many_instances_as_the_port_allows_serve_it() {
    let host = Host::with(&PortSpec {
        instances: 3,
        limits: Limits {
            cpu_per_message: Duration::from_millis(500),
            ..Limits::default()
        },
        ..single()
    });
    publish(&host, &["spin"; 3]).await;
    until("three instances", async || {
        (host.status("port").instances() == 3).then_some(())
    })
    .await;
    host.suspended(3).await;
}

/// What waits behind it comes back, and is delivered after the restart.
#[tokio::test(flavor = "multi_thread")]
async fn b95_b99_terminate_ends_a_call_that_does_not_return_and_keeps_what_waits() {
    let host = Host::with(&single());
    publish(&host, &["spin", "ok", "ok"]).await;
    until("the spin", async || {
        (host.status("port").unresolved == 3).then_some(())
    })
    .await;
    host.terminate(Duration::from_millis(1)).await;
    let audit = host.audit().await;
    assert_eq!(
        audit.accepted,
        audit.pending + audit.delivered + audit.suspended
    );
    let host = host.restart().await;
    host.start(&PortSpec::of("null-adapter"));
    until("an empty port", async || {
        (host.audit().await.pending == 0).then_some(())
    })
    .await;
    let audit = host.audit().await;
    assert_eq!(audit.delivered + audit.suspended, 3);
}
