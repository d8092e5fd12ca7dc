//! `kill -9` at any moment: what was acknowledged is delivered, what was settled is not delivered again.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;

use crate::fixture::{Answer, Process, Receiver, Site, digest, until};

const ROUNDS: usize = 15;
const PUBLISHERS: usize = 4;

/// Ids that were acknowledged, and the digest of what was published.
type Acknowledged = BTreeMap<String, String>;

/// 202 only after the commit: the host is killed right after an answer, in every round after a few more.
#[tokio::test(flavor = "multi_thread")]
async fn b101_b103_every_acknowledged_message_is_delivered_whenever_the_host_is_killed() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let mut acknowledged = Acknowledged::new();
    for round in 0..ROUNDS {
        let host = site.start().await;
        acknowledged.extend(publish_until_killed(host, round).await);
    }
    let host = site.start().await;
    until("an empty box", async || {
        (host.api.audit().await["pending"] == 0).then_some(())
    })
    .await;

    let audit = host.api.audit().await;
    assert_eq!(
        (&audit["suspended"], &audit["delivered"]),
        (&0.into(), &audit["accepted"])
    );
    let received = receiver.received("/orders");
    let received: BTreeSet<_> = received
        .iter()
        .map(|r| (r.id().to_owned(), r.digest.clone()))
        .collect();
    assert!(
        acknowledged.len() >= ROUNDS,
        "{} were acknowledged",
        acknowledged.len()
    );
    let lost: Vec<_> = acknowledged
        .into_iter()
        .filter(|ack| !received.contains(ack))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    // Publications whose answer was lost in the kill may be there too, but whole and under one id each.
    assert_eq!(audit["accepted"], received.len());
}

/// Publishes from several clients and kills the host right after some answer.
async fn publish_until_killed(host: Process, round: usize) -> Acknowledged {
    let enough = 1 + round * 5;
    let (acknowledge, mut answers) = mpsc::unbounded_channel();
    for publisher in 0..PUBLISHERS {
        let (api, acknowledge) = (host.api.clone(), acknowledge.clone());
        tokio::spawn(async move {
            for n in 0.. {
                let body =
                    format!("<order round=\"{round}\" publisher=\"{publisher}\" n=\"{n}\"/>");
                let sum = digest(body.as_bytes());
                let Ok(reply) = api.try_publish("orders", body).await else {
                    break;
                };
                // The test is over when nobody listens any more.
                if acknowledge.send((reply.ids().remove(0), sum)).is_err() {
                    break;
                }
            }
        });
    }
    drop(acknowledge);
    let mut acknowledged = Acknowledged::new();
    while acknowledged.len() < enough {
        let (id, sum) = answers
            .recv()
            .await
            .expect("publishers publish until the host is killed");
        acknowledged.insert(id, sum);
    }
    host.kill().await;
    while let Some((id, sum)) = answers.recv().await {
        acknowledged.insert(id, sum);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn b102_what_was_settled_before_the_crash_is_never_delivered_again() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let host = site.start().await;
    let lines: Vec<_> = (0..50).map(|n| n.to_string()).collect();
    let ids: BTreeSet<_> = host.api.bulk("orders", &lines).await.into_iter().collect();
    host.api.delivered("orders", 50).await;
    host.kill().await;

    let host = site.start().await;
    let last = host.api.accepted("orders", "after the crash").await;
    host.api.delivered("orders", 51).await;
    assert_eq!(host.api.audit().await["pending"], 0);
    let received: Vec<_> = receiver
        .received("/orders")
        .iter()
        .map(|r| r.id().to_owned())
        .collect();
    assert_eq!(received.len(), 51, "some messages came twice");
    assert!(received[..50].iter().all(|id| ids.contains(id)));
    assert_eq!(received[50], last);
}

/// Sent and not settled is what nobody can know after a crash: it comes again, under the same id.
#[tokio::test(flavor = "multi_thread")]
async fn b18_b101_b103_b116_what_was_in_flight_comes_again_under_the_same_id() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", [Answer::Held, Answer::Held, Answer::Held]);
    let site = Site::orders("", &receiver);
    let host = site.start().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(host.api.accepted("orders", format!("{n}")).await);
    }
    receiver.has("/orders", 3).await;
    host.kill().await;

    let host = site.start().await;
    host.api.delivered("orders", 3).await;
    let received = receiver.received("/orders");
    for id in &ids {
        assert_eq!(received.iter().filter(|r| r.id() == id).count(), 2, "{id}");
    }
    // A crash is not the destination's fault: no retry was charged for it.
    assert_eq!(host.api.port("orders").await["running"]["retried"], 0);
}
