//! Stopped and unenlisted ports: what an operator says about a port, and what it does to messages.

use std::time::Duration;

use model::Enlistment;

use crate::fixture::{Answer, Host, PortSpec, Receiver, until};

async fn set(host: &Host, to: Enlistment) {
    let set = host.dispatcher.set_enlistment("port", to).await;
    set.expect("the port's state is set");
}

/// Better than being suspended one by one: nobody has to resume them one by one.
#[tokio::test(flavor = "multi_thread")]
async fn b61_messages_for_a_stopped_port_wait_for_its_start() {
    let receiver = Receiver::start().await;
    let host = Host::with(&PortSpec::http(&receiver, "/orders"));
    set(&host, Enlistment::Stopped).await;
    host.start(&PortSpec {
        name: "other",
        ..PortSpec::http(&receiver, "/other")
    });
    host.publish_many("port", &[], 5).await;
    host.publish("other", &[&[]]).await;
    host.delivered("other", 1).await;
    let counts = host.counts("port").await;
    assert_eq!((counts.pending, counts.suspended), (5, 0));
    assert!(receiver.received("/orders").is_empty());
    set(&host, Enlistment::Started).await;
    host.delivered("port", 5).await;
}

/// It is still stopped after a restart, also after a crash.
#[tokio::test(flavor = "multi_thread")]
async fn b61_a_stopped_port_stays_stopped_over_a_crash() {
    let receiver = Receiver::start().await;
    let spec = PortSpec::http(&receiver, "/orders");
    let host = Host::with(&spec);
    set(&host, Enlistment::Stopped).await;
    host.publish_many("port", &[], 3).await;
    let host = host.crash().await;
    host.dispatcher.recall().await.expect("recalled");
    host.start(&spec);
    host.start(&PortSpec {
        name: "other",
        ..PortSpec::http(&receiver, "/other")
    });
    host.publish("other", &[&[]]).await;
    host.delivered("other", 1).await;
    assert!(receiver.received("/orders").is_empty());
    set(&host, Enlistment::Started).await;
    host.delivered("port", 3).await;
}

/// Not as in the original, where resuming overrides the stop: a stopped port sends nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn b59_a_message_resumed_on_a_stopped_port_goes_with_its_start() {
    let host = Host::with(&PortSpec::probe());
    let id = host
        .publish("port", &[&[("first", "permanent"), ("probe", "ok")]])
        .await[0];
    host.suspended(1).await;
    set(&host, Enlistment::Stopped).await;
    assert_eq!(host.resume(id).await.resumed, 1);
    let counts = host.counts("port").await;
    assert_eq!(
        (counts.pending, counts.suspended, counts.delivered),
        (1, 0, 0)
    );
    set(&host, Enlistment::Started).await;
    host.delivered("port", 1).await;
}

/// Stopping lets what the adapter has come to its end.
#[tokio::test(flavor = "multi_thread")]
async fn b61_what_is_in_flight_at_the_stop_is_delivered() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", [Answer::Held]);
    let host = Host::with(&PortSpec {
        high_watermark: 1,
        ..PortSpec::http(&receiver, "/orders")
    });
    host.publish_many("port", &[], 3).await;
    receiver.has("/orders", 1).await;
    set(&host, Enlistment::Stopped).await;
    receiver.release();
    host.delivered("port", 1).await;
    until("nothing in flight", async || {
        (host.status("port").unresolved == 0).then_some(())
    })
    .await;
    assert_eq!(host.counts("port").await.pending, 2);
    set(&host, Enlistment::Started).await;
    host.delivered("port", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unenlisted_port_takes_nothing_and_says_what_to_do() {
    let host = Host::with(&PortSpec::probe());
    set(&host, Enlistment::Unenlisted).await;
    let refusal = host.dispatcher.admit("port").expect_err("refused");
    assert!(refusal.to_string().contains("unenlisted"), "{refusal}");
    set(&host, Enlistment::Started).await;
    host.probe("ok").await;
    host.delivered("port", 1).await;
    host.terminate(Duration::from_secs(10)).await;
}
