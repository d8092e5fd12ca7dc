//! The record of hot swaps, and the deployments that outlive a restart.

use std::time::Duration;

use super::*;
use crate::{Deployment, SwapRecord, SwapResult};

fn record(name: &str, kind: &str, result: SwapResult) -> SwapRecord {
    SwapRecord {
        port: port(name),
        kind: kind.to_owned(),
        began: at(1),
        ended: at(2),
        from: "HTTP 1.0 sha256:aa".to_owned(),
        to: "HTTP 1.1 sha256:bb".to_owned(),
        changes: vec!["+ opens TCP connections".to_owned()],
        result,
    }
}

fn switched() -> SwapResult {
    SwapResult::Switched {
        in_flight: 12,
        settled: 9,
        handed_over: 3,
        lost: 0,
        perhaps_sent: vec![MessageId::new(1, 2), MessageId::new(1, 3)],
        interrupted: true,
        longest_pause: Duration::from_micros(4321),
    }
}

fn failed() -> SwapResult {
    SwapResult::Failed {
        reason: "initialize failed: no".to_owned(),
    }
}

fn deployment(digest: &str, previous: &str) -> Deployment {
    Deployment {
        port: port("p"),
        adapter: "http".to_owned(),
        digest: digest.to_owned(),
        configured: "aa".to_owned(),
        previous: previous.to_owned(),
    }
}

#[tokio::test]
async fn swaps_read_back_the_newest_first_and_survive_a_restart() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let (first, second) = (
        record("p", "deploy", switched()),
        record("q", "reload", failed()),
    );
    let third = record("p", "rollback", failed());
    let deployed = Some(deployment("bb", "aa"));
    message_box
        .record_swap(first.clone(), deployed)
        .await
        .unwrap();
    message_box.record_swap(second.clone(), None).await.unwrap();
    message_box.record_swap(third.clone(), None).await.unwrap();
    message_box.close().await.unwrap();
    drop(message_box);
    let message_box = fixture.open();
    let all = message_box.swaps(None, 10).await.unwrap();
    assert_eq!(all, [third.clone(), second, first.clone()]);
    let of_one = message_box.swaps(Some(&port("p")), 10).await.unwrap();
    assert_eq!(of_one, [third.clone(), first]);
    assert_eq!(message_box.swaps(None, 1).await.unwrap(), [third]);
    assert_eq!(
        message_box.deployments().await.unwrap(),
        [deployment("bb", "aa")]
    );
}

#[tokio::test]
async fn a_port_has_one_deployment_of_an_adapter() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    for (digest, previous) in [("bb", "aa"), ("cc", "bb")] {
        let deployed = Some(deployment(digest, previous));
        let swap = record("p", "deploy", switched());
        message_box.record_swap(swap, deployed).await.unwrap();
    }
    assert_eq!(
        message_box.deployments().await.unwrap(),
        [deployment("cc", "bb")]
    );
}

#[tokio::test]
async fn of_each_port_the_last_thousand_are_kept() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    message_box
        .record_swap(record("q", "deploy", failed()), None)
        .await
        .unwrap();
    for n in 0..1005 {
        let swap = record("p", &format!("deploy {n}"), failed());
        message_box.record_swap(swap, None).await.unwrap();
    }
    let of_p = message_box.swaps(Some(&port("p")), 2000).await.unwrap();
    assert_eq!((of_p.len(), of_p[999].kind.as_str()), (1000, "deploy 5"));
    assert_eq!(message_box.swaps(None, 2000).await.unwrap().len(), 1001);
}
