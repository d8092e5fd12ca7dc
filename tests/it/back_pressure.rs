//! The high watermark, and that one port's trouble is nobody else's.

use std::time::Duration;

use crate::fixture::{Host, PortSpec, until};

#[tokio::test(flavor = "multi_thread")]
async fn b92_no_more_messages_are_out_than_the_high_watermark() {
    let host = Host::with(&PortSpec {
        high_watermark: 4,
        ..PortSpec::probe()
    });
    let many = [[("probe", "never")]; 20];
    host.publish("port", &many.each_ref().map(|m| m.as_slice()))
        .await;
    until("a full port", async || {
        (host.status("port").unresolved == 4).then_some(())
    })
    .await;
    // Whatever wakes the port now must not make it claim more.
    for _ in 0..20 {
        host.probe("never").await;
        let status = host.status("port");
        assert!(
            status.unresolved <= 4 && status.pool.in_flight <= 4,
            "{status:?}"
        );
    }
    assert_eq!(host.counts("port").await.pending, 40);
}

/// B109: bulkheads. A port whose adapter hangs with everything it may hold does not slow another.
#[tokio::test(flavor = "multi_thread")]
async fn b109_a_stuck_port_does_not_hold_up_its_neighbour() {
    let host = Host::with(&PortSpec::probe());
    host.start(&PortSpec {
        name: "neighbour",
        ..PortSpec::probe()
    });
    let stuck = [[("probe", "hang")]; 300];
    host.publish("port", &stuck.each_ref().map(|m| m.as_slice()))
        .await;
    let fine = [[("probe", "ok")]; 300];
    host.publish("neighbour", &fine.each_ref().map(|m| m.as_slice()))
        .await;
    host.delivered("neighbour", 300).await;
    assert_eq!(host.counts("port").await.delivered, 0);
    let report = host.terminate(Duration::from_millis(200)).await;
    let stuck = &report.ports[0];
    assert_eq!(
        (stuck.settled, stuck.handed_back.is_empty()),
        (0, false),
        "{report}"
    );
}
