//! Terminating: what is accepted is resolved, and what cannot be comes back.

use std::time::Duration;

use crate::fixture::{Host, PortSpec, until};

const PATIENT: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(300);

async fn in_flight(host: &Host, count: usize) {
    // By the pool's count and by the port's, which hears of its commits a moment later than the box.
    until("messages in flight", async || {
        let status = host.status("port");
        (status.in_flight() == count && status.unresolved == count).then_some(())
    })
    .await;
}

/// The probe keeps its messages until `terminate`, and resolves them there.
#[tokio::test(flavor = "multi_thread")]
async fn b95_terminate_returns_when_everything_accepted_is_resolved() {
    let host = Host::with(&PortSpec::probe());
    let late = [[("probe", "late")]; 5];
    host.publish("port", &late.each_ref().map(|m| m.as_slice()))
        .await;
    // Delivered after them: so the adapter has them all, and none of them is still on its way in.
    host.probe("ok").await;
    host.delivered("port", 1).await;
    in_flight(&host, 5).await;
    let report = host.terminate(PATIENT).await;
    let port = &report.ports[0];
    assert_eq!(
        (port.in_flight, port.settled, port.interrupted),
        (5, 5, false),
        "{report}"
    );
    assert!(port.handed_back.is_empty(), "{report}");
    assert_eq!(host.audit().await.delivered, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn b96_b100_after_terminate_nothing_reaches_the_adapter() {
    let host = Host::with(&PortSpec::probe());
    host.probe("ok").await;
    host.delivered("port", 1).await;
    host.terminate(PATIENT).await;
    assert!(
        host.dispatcher.admit("port").is_err(),
        "publishers are refused"
    );
    host.probe("ok").await;
    assert_eq!(host.status("port").instances(), 0);
    let audit = host.audit().await;
    assert_eq!((audit.delivered, audit.pending), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn b97_b113_the_deadline_ends_a_drain_and_nothing_is_lost_or_charged() {
    let host = Host::with(&PortSpec::probe());
    let ids = host
        .publish("port", &[&[("probe", "hang")], &[("probe", "never")]])
        .await;
    in_flight(&host, 2).await;
    let report = host.terminate(SHORT).await;
    let mut handed_back = report.ports[0].handed_back.clone();
    handed_back.sort();
    assert_eq!(handed_back, ids, "{report}");
    let audit = host.audit().await;
    assert_eq!((audit.pending, audit.suspended), (2, 0));
}

/// B99, B103: what came back is delivered after the restart, as the same attempt.
#[tokio::test(flavor = "multi_thread")]
async fn b99_b103_what_was_handed_back_is_delivered_after_the_restart() {
    let host = Host::with(&PortSpec::of("probe-adapter"));
    host.probe("never").await;
    in_flight(&host, 1).await;
    host.terminate(SHORT).await;
    let host = host.restart().await;
    host.start(&PortSpec::of("null-adapter"));
    host.delivered("port", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_hangs_or_traps_in_terminate_is_ended() {
    for (probe, deadline) in [("hang-in-terminate", SHORT), ("trap-in-terminate", PATIENT)] {
        let host = Host::with(&PortSpec::probe());
        host.probe(probe).await;
        host.delivered("port", 1).await;
        let report = host.terminate(deadline).await;
        assert!(report.ports[0].interrupted, "{probe}: {report}");
    }
}

/// B101 to B103: a crash, as the box sees it. Nothing accepted is lost, nothing delivered comes again.
#[tokio::test(flavor = "multi_thread")]
async fn b101_b102_b103_a_crash_redelivers_what_was_open_and_nothing_else() {
    let host = Host::with(&PortSpec::probe());
    host.publish(
        "port",
        &[
            &[("probe", "ok")],
            &[("probe", "never")],
            &[("probe", "hang")],
        ],
    )
    .await;
    host.delivered("port", 1).await;
    in_flight(&host, 2).await;
    let directory = host.directory.clone();
    // The ports' loops keep the box alive; closing it under them is what a crash leaves behind.
    host.message_box.close().await.expect("closed");
    drop(host);
    let host = Host::at(directory);
    host.start(&PortSpec::of("null-adapter"));
    host.delivered("port", 3).await;
    assert_eq!(host.audit().await.accepted, 3);
}
