//! A part of the messages goes to another version, and what both do is seen.

use std::sync::Arc;
use std::time::Duration;

use model::transmit::OutcomeSink;
use model::{CanaryPolicy, CanaryShare, CanaryVerdict, judge};

use super::host::{Host, delivered, port, unavailable};
use super::scripted_pool::{Answer, Script, ScriptedPool};
use crate::{CanaryBoard, Generation, Pools, PortState};

const PATIENCE: Duration = Duration::from_secs(60);

/// A generation of two pools, and what is seen of them.
fn canary(share: CanaryShare, old: Script, new: Script) -> (Generation, CanaryBoard) {
    let board = CanaryBoard::default();
    let made = board.clone();
    let factory = move |sink: Arc<dyn OutcomeSink>| {
        let old = ScriptedPool::new(board.old_sink(sink.clone()), old.clone());
        let new = ScriptedPool::new(board.new_sink(sink), new.clone());
        Ok(Pools {
            primary: vec![board.pool(share, old, new)],
            backup: None,
        })
    };
    let generation = Generation {
        settings: port("orders"),
        factory: Arc::new(factory),
    };
    (generation, made)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_of_the_messages_goes_to_the_new_version_and_its_failures_are_seen() {
    let host = Host::new();
    host.start(port("orders"), delivered);
    let fails: Script = Arc::new(|d| match d.message.attempt() {
        1 => Answer::Now(unavailable()),
        _ => Answer::Now(model::Outcome::Delivered),
    });
    let (generation, board) = canary(CanaryShare::Percent(25), Arc::new(delivered), fails);
    host.dispatcher.replace(generation, PATIENCE).await.unwrap();
    host.publish("orders", 400).await;
    let status = host.until("orders", |s| s.delivered == 400).await;
    let version = status.transports[0].version.clone().unwrap_or_default();
    assert!(version.contains("canary, 25 %"), "{version}");
    let (old, new) = board.showings();
    // Of 400 messages, and of the retries, every fourth.
    assert!((100..=150).contains(&new.failed), "{new:?}");
    assert_eq!(old.delivered + new.delivered, 400);
    assert_eq!(old.failed, 0);
    let verdict = judge(&CanaryPolicy::default(), &old, &new);
    assert!(matches!(verdict, CanaryVerdict::RollBack(_)), "{verdict:?}");
    // Back to one version.
    let (generation, _) = Host::generation(port("orders"), delivered);
    let swap = host.dispatcher.replace(generation, PATIENCE).await.unwrap();
    assert_eq!(swap.map(|swap| swap.lost), Some(0));
    host.until("orders", |s| s.state == PortState::Started)
        .await;
    assert_eq!(host.audit().await, (400, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_messages_go_to_the_new_version_and_the_others_to_the_old() {
    let host = Host::new();
    let first = CanaryShare::First(7);
    let (generation, board) = canary(first, Arc::new(delivered), Arc::new(delivered));
    let enlisted = host.dispatcher.enlist(generation.settings);
    enlisted.start(generation.factory, true).unwrap();
    host.publish("orders", 50).await;
    host.until("orders", |s| s.delivered == 50).await;
    let (old, new) = board.showings();
    assert_eq!((old.delivered, new.delivered), (43, 7));
    assert!(new.median.is_some());
}
