//! Guests that trap, spin, hoard or never answer: the host and everybody else go on.

use std::time::Duration;

use model::RetryPolicy;

use crate::fixture::{Host, PortSpec, until};

/// The code under which the only message of a probe was suspended; the port works afterwards.
async fn end_of(probe: &str, spec: PortSpec) -> (String, String) {
    let host = Host::with(&spec);
    host.start(&PortSpec {
        name: "neighbour",
        ..PortSpec::probe()
    });
    host.probe(probe).await;
    host.publish("neighbour", &[&[("probe", "ok")]]).await;
    host.delivered("neighbour", 1).await;
    let error = host.suspended(1).await.remove(0).error;
    host.probe("ok").await;
    host.delivered("port", 1).await;
    assert!(
        host.status("port").transports[0].pool.instances_lost > 0,
        "the instance should have ended"
    );
    (error.code.unwrap_or_default(), error.text)
}

#[tokio::test(flavor = "multi_thread")]
async fn b107_a_trap_is_charged_to_its_message_and_hurts_nobody_else() {
    let (code, text) = end_of("trap", PortSpec::probe()).await;
    assert_eq!(code, "trap");
    assert!(text.contains("unreachable"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_trap() {
    assert_eq!(end_of("panic", PortSpec::probe()).await.0, "trap");
}

#[tokio::test(flavor = "multi_thread")]
async fn b108_a_spinning_guest_is_interrupted() {
    let (code, text) = end_of("spin", PortSpec::probe()).await;
    assert_eq!(code, "trap");
    assert!(
        text.contains("interrupted") && text.contains("limits.cpu-per-message"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_hoards_memory_ends_at_its_limit() {
    assert_eq!(end_of("allocate", PortSpec::probe()).await.0, "trap");
}

#[tokio::test(flavor = "multi_thread")]
async fn b112_a_message_kept_for_too_long_is_taken_back() {
    let impatient = PortSpec {
        delivery_timeout: Duration::from_millis(300),
        ..PortSpec::probe()
    };
    for probe in ["never", "hang"] {
        let (code, _) = end_of(probe, impatient.clone()).await;
        assert_eq!(code, "delivery-timeout", "{probe}");
    }
}

/// One message among many makes its instance trap: the others lose neither a retry nor their delivery.
#[tokio::test(flavor = "multi_thread")]
async fn b107_the_culprit_is_found_among_many() {
    let retry = RetryPolicy {
        count: 1,
        interval: Duration::from_millis(5),
        ..RetryPolicy::default()
    };
    let host = Host::with(&PortSpec {
        retry,
        ..PortSpec::probe()
    });
    let mut probes = vec![[("probe", "pending-delete")]; 101];
    probes[50] = [("probe", "trap")];
    let probes: Vec<_> = probes.iter().map(|p| p.as_slice()).collect();
    host.publish("port", &probes).await;
    host.delivered("port", 100).await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(
        (suspended.error.code.as_deref(), suspended.attempts),
        (Some("trap"), 2)
    );
    assert_eq!(
        host.status("port").retried,
        1,
        "only the culprit is charged"
    );
    host.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_behind_a_spinning_guest_are_delivered() {
    let host = Host::with(&PortSpec::probe());
    host.probe("spin").await;
    until("the spin", async || {
        (host.status("port").unresolved == 1).then_some(())
    })
    .await;
    let others = [[("probe", "ok")]; 30];
    host.publish("port", &others.each_ref().map(|o| o.as_slice()))
        .await;
    host.delivered("port", 30).await;
    assert_eq!(host.suspended(1).await[0].attempts, 1);
}
