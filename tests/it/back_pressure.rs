//! The high watermark, and that one port's trouble is nobody else's.

use std::time::Duration;

use dispatcher::{PortState, Throttling};

use crate::fixture::{Answer, Host, PortSpec, Receiver, until};

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
            status.unresolved <= 4 && status.in_flight() <= 4,
            "{status:?}"
        );
    }
    assert_eq!(host.counts("port").await.pending, 40);
}

/// The state that an operator sees while a port is held back; what is not handed over stays in the box.
#[tokio::test(flavor = "multi_thread")]
async fn b93_b94_a_port_at_its_watermark_says_so_and_takes_nothing_out_of_the_box() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Held; 3]);
    let host = Host::with(&PortSpec {
        high_watermark: 3,
        ..PortSpec::http(&receiver, "/orders")
    });
    assert_eq!(host.status("port").throttled, None);
    host.publish_many("port", &[], 50).await;
    receiver.has("/orders", 3).await;
    // The loop writes its board at the end of a turn, when the receiver may long have what the turn sent.
    let status = until("a throttled port", async || {
        let status = host.status("port");
        let is_full = (status.unresolved, status.in_flight()) == (3, 3);
        (is_full && status.throttled == Some(Throttling::HighWatermark)).then_some(status)
    })
    .await;
    assert_eq!(
        (status.high_watermark, status.state),
        (3, PortState::Started)
    );
    assert_eq!(host.counts("port").await.pending, 50);
    assert_eq!(receiver.received("/orders").len(), 3);

    receiver.release();
    host.delivered("port", 50).await;
    until("a port that is not held back", async || {
        host.status("port").throttled.is_none().then_some(())
    })
    .await;
}

/// Over all ports of an adapter.
#[tokio::test(flavor = "multi_thread")]
async fn b92_b93_the_watermark_of_an_adapter_holds_over_its_ports() {
    let host = Host::new();
    host.dispatcher.watermark("probe-adapter", 4);
    for name in ["port", "other"] {
        host.start(&PortSpec {
            name,
            ..PortSpec::probe()
        });
        host.publish_many(name, &[("probe", "late")], 10).await;
    }
    let both = || ["port", "other"].map(|name| host.status(name));
    let waits = Some(Throttling::AdapterWatermark);
    until("a throttled port", async || {
        let [one, two] = both();
        let full = one.unresolved + two.unresolved == 4;
        (full && (one.throttled == waits || two.throttled == waits)).then_some(())
    })
    .await;
    let [one, two] = both();
    assert!(one.in_flight() + two.in_flight() <= 4, "{one:?} {two:?}");
    assert_eq!(host.audit().await.pending, 20);
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
