//! Transmitter batches: the engine pushes, the adapter sends them together.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fixture::{Host, PortSpec, until};

fn batch(max_messages: &str) -> PortSpec {
    let handler = vec![("max-messages".to_owned(), max_messages.to_owned())];
    PortSpec {
        handler,
        ..PortSpec::of("probe-batch-adapter")
    }
}

async fn publish(host: &Host, probes: &[&str]) {
    let properties: Vec<_> = probes.iter().map(|probe| [("probe", *probe)]).collect();
    let properties: Vec<_> = properties.iter().map(|p| p.as_slice()).collect();
    host.publish("port", &properties).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b24_b26_the_order_of_calls_also_of_a_small_batch() {
    let host = Host::with(&batch("8"));
    publish(&host, &["calls"]).await;
    assert_eq!(
        host.failure().await,
        "get-batch begin-batch transmit-message done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn b25_no_batch_is_larger_than_the_adapter_allows() {
    let host = Host::with(&batch("5"));
    publish(&host, &["calls"; 42]).await;
    let mut batches = 0;
    for suspended in host.suspended(42).await {
        let calls = suspended.error.text;
        let pushed = calls.matches("transmit-message").count();
        assert!((1..=5).contains(&pushed), "{calls}");
        assert!(
            calls.starts_with("get-batch begin-batch transmit-message"),
            "{calls}"
        );
        assert!(calls.ends_with(" transmit-message done"), "{calls}");
        batches += usize::from(pushed == 5);
    }
    assert!(batches > 0, "no batch was full although 42 messages waited");
}

/// Improved: in the original an adapter has to sort a batch by port before it can send it.
#[tokio::test(flavor = "multi_thread")]
async fn b33_a_batch_never_holds_messages_of_two_ports() {
    for adapter in ["probe-batch-adapter", "probe-sync-batch-adapter"] {
        let host = Host::new();
        for name in ["port", "other"] {
            host.start(&PortSpec {
                name,
                adapter,
                linger: Duration::from_millis(20),
                ..batch("64")
            });
        }
        for _ in 0..4 {
            for name in ["port", "other"] {
                host.publish_many(name, &[("probe", "calls")], 5).await;
            }
        }
        let suspended = host.suspended(40).await;
        for name in ["port", "other"] {
            // Every message tells of its batch. So many tell of a batch of five as there are in batches of
            // five: five, ten, … unless somebody else's were among them.
            let own = suspended.iter().filter(|s| s.port.as_str() == name);
            let mut told = BTreeMap::new();
            for text in own.map(|s| &s.error.text) {
                *told
                    .entry(text.matches("transmit-message").count())
                    .or_insert(0) += 1;
            }
            assert!(
                told.iter().all(|(size, messages)| messages % size == 0),
                "{name}: {told:?}"
            );
            assert_eq!(told.values().sum::<usize>(), 20, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b30_messages_answered_transmitted_are_deleted_when_done_returns() {
    let host = Host::with(&batch("8"));
    publish(&host, &["ok"; 20]).await;
    host.delivered("port", 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b32_b36_pending_messages_are_resolved_by_outcome_batches() {
    let host = Host::with(&batch("8"));
    publish(&host, &["pending", "ok", "pending"]).await;
    host.delivered("port", 3).await;
}

/// Improved: the original cleared the batch and charged everybody.
#[tokio::test(flavor = "multi_thread")]
async fn b27_b28_a_refused_message_costs_only_itself() {
    let host = Host::with(&batch("8"));
    publish(&host, &["ok", "refuse", "ok"]).await;
    host.delivered("port", 2).await;
    assert_eq!(host.failure().await, "the probe was told to refuse");
    // A batch in which everything is refused is cleared, and the adapter goes on.
    publish(&host, &["refuse"]).await;
    host.suspended(2).await;
    publish(&host, &["ok"]).await;
    host.delivered("port", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b111_a_message_that_fails_in_done_costs_only_itself() {
    let host = Host::with(&batch("8"));
    publish(&host, &["ok", "fail-in-done", "ok"]).await;
    host.delivered("port", 2).await;
    assert_eq!(host.failure().await, "the probe was told to fail");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_done_fails_what_it_was_to_send() {
    let host = Host::with(&batch("1"));
    publish(&host, &["done-error"]).await;
    assert_eq!(host.failure().await, "the probe was told to fail in done");
}

/// A trap in `done` ends the instance; the culprit is found by delivering the suspects alone.
#[tokio::test(flavor = "multi_thread")]
async fn b107_a_trap_in_done_is_charged_to_the_culprit_only() {
    let host = Host::with(&batch("8"));
    publish(&host, &["ok", "trap-in-done", "ok", "ok"]).await;
    host.delivered("port", 3).await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(
        (suspended.error.code.as_deref(), suspended.attempts),
        (Some("trap"), 1)
    );
    until("idle", async || {
        (host.status("port").unresolved == 0).then_some(())
    })
    .await;
}
