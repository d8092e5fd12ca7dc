//! Suspended messages: what is on record about them, and what a person may decide.

use std::time::Duration;

use bytes::Bytes;
use message_box::{NewBody, Refusal, Selection, SuspendedFilter};
use model::{LaneBy, OnFailure, OrderedDelivery, SendPort};

use crate::fixture::{Answer, Host, PortSpec, Receiver, message, name, now, until};

const SOON: Duration = Duration::from_millis(5);

/// B46: the adapter is told that the engine has suspended a message of its batch. There is nothing left
/// for it to do, and it does nothing; what it did do is not counted twice.
#[tokio::test(flavor = "multi_thread")]
async fn b46_a_message_that_the_engine_has_suspended_is_settled() {
    let host = Host::with(&PortSpec::probe());
    let moving = [
        ("probe", "batch-of"),
        ("count", "2"),
        ("outcome", "next-transport"),
    ];
    let ids = host
        .publish("port", &[&moving, &[("probe", "batch-of"), ("count", "2")]])
        .await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!((suspended.id, suspended.attempts), (ids[0], 1));
    assert_eq!(suspended.error.text, "the probe was told to give up");
    host.delivered("port", 1).await;
    until("nothing in flight", async || {
        let status = host.status("port");
        (status.unresolved == 0 && status.in_flight() == 0).then_some(())
    })
    .await;
    let status = host.status("port");
    assert_eq!(
        (status.ignored, status.suspended, status.returned),
        (0, 1, 0)
    );
}

/// B49: every way of failing leaves the adapter's own words on record, whichever adapter it was.
#[tokio::test(flavor = "multi_thread")]
async fn b49_the_record_has_the_adapters_words_and_its_version() {
    for (adapter, probe, text) in [
        ("probe-adapter", "retryable", "the probe was told to fail"),
        (
            "probe-adapter",
            "permanent",
            "the probe was told to fail for good",
        ),
        ("probe-adapter", "suspend", "the probe was told to suspend"),
        (
            "probe-adapter",
            "next-transport",
            "the probe was told to give up",
        ),
        ("probe-adapter", "fail", "the probe was told to fail"),
        (
            "probe-batch-adapter",
            "refuse",
            "the probe was told to refuse",
        ),
        (
            "probe-batch-adapter",
            "fail-in-done",
            "the probe was told to fail",
        ),
        (
            "probe-batch-adapter",
            "done-error",
            "the probe was told to fail in done",
        ),
    ] {
        let host = Host::with(&PortSpec::of(adapter));
        host.probe(probe).await;
        let suspended = host.suspended(1).await.remove(0);
        assert_eq!(suspended.error.text, text, "{adapter} {probe}");
        assert_eq!(suspended.error.code.as_deref(), Some("probe"), "{probe}");
        let version = suspended.adapter.unwrap_or_default();
        assert!(version.starts_with("Probe "), "{version}");
    }
}

/// B59: with its whole budget, on the same id, counted on from where it was.
#[tokio::test(flavor = "multi_thread")]
async fn b59_b116_a_resumed_message_is_sent_again_as_the_same_one() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Status(503); 3]);
    let host = Host::with(&PortSpec::http(&receiver, "/orders").retrying(1, SOON));
    let id = host.publish("port", &[&[]]).await[0];
    assert_eq!(host.suspended(1).await[0].attempts, 2);
    assert_eq!(host.resume(id).await.resumed, 1);
    // Fails once more, and has a retry again.
    host.delivered("port", 1).await;
    let received = receiver.received("/orders");
    assert_eq!(received.len(), 4);
    assert!(received.iter().all(|r| r.id() == id.to_string()));
    let again = host.resume(id).await;
    assert_eq!(again.refused, [(id, Refusal::Unknown)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn b60_what_cannot_be_resumed_is_refused_alone_and_terminated() {
    let skip = |port: &mut SendPort| {
        port.ordered = Some(OrderedDelivery {
            by: LaneBy::Key,
            on_failure: OnFailure::Skip,
        });
    };
    let host = Host::new();
    host.start_with(&PortSpec::probe(), None, skip);
    let ids = host
        .publish(
            "port",
            &[
                &[("probe", "permanent"), ("ordering-key", "k")],
                &[("first", "permanent"), ("probe", "ok")],
                &[("probe", "ok"), ("ordering-key", "k")],
            ],
        )
        .await;
    host.delivered("port", 1).await;
    host.suspended(2).await;

    let [stuck, free, gone] = ids[..] else {
        panic!("{ids:?}")
    };
    let chosen = Selection::Ids(vec![stuck, free, gone]);
    let resumed = host.message_box.resume(chosen, now()).await;
    let resumed = resumed.expect("the decision");
    assert_eq!(resumed.resumed, 1);
    let refused = [(stuck, Refusal::NotResumable), (gone, Refusal::Unknown)];
    assert_eq!(resumed.refused, refused);
    host.delivered("port", 2).await;

    // By filter, it is passed over.
    let all = || {
        Selection::Filter(SuspendedFilter {
            port: Some(name("port")),
            ..SuspendedFilter::default()
        })
    };
    let resumed = host.message_box.resume(all(), now()).await;
    let resumed = resumed.expect("the decision");
    assert_eq!((resumed.resumed, resumed.skipped), (0, 1));
    let terminated = host.message_box.terminate(all(), now()).await;
    assert_eq!(terminated.expect("the decision").terminated, 1);
    let audit = host.audit().await;
    assert_eq!(
        (audit.suspended, audit.pending, audit.terminated),
        (0, 0, 1)
    );
}

/// A person mends what made a message fail; the adapter gets the mended one.
#[tokio::test(flavor = "multi_thread")]
async fn a_mended_message_is_sent_as_it_is_now() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", [Answer::Status(422)]);
    let host = Host::with(&PortSpec::http(&receiver, "/orders"));
    let order = message(&[("content-type", "text/xml")], "<oder/>");
    let id = host.publish_messages("port", vec![order]).await[0];
    host.suspended(1).await;
    let properties = [("content-type", "application/xml")].into_iter().collect();
    let body = NewBody::Inline(Bytes::from_static(b"<order/>"));
    let edited = host.message_box.edit(id, Some(properties), Some(body));
    edited.await.expect("edited");
    host.resume(id).await;
    host.delivered("port", 1).await;
    let received = receiver.received("/orders").remove(1);
    assert_eq!(received.body, b"<order/>");
    assert_eq!(received.header("content-type"), Some("application/xml"));
    assert_eq!(received.id(), id.to_string());
}
