//! What fails and is tried again: the storage, the start of a pool.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use model::Outcome;
use model::transmit::BatchFailureReason;

use super::host::{Host, delivered, held, port, with_watermark};
use super::scripted_pool::ScriptedPool;
use crate::{Pools, PortState};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_is_settled_again_until_the_storage_takes_it() {
    let host = Host::new();
    let pool = host.start(with_watermark(port("orders"), 2), held);
    let ids = host.publish("orders", 3).await;
    pool.holds(2).await;

    // Another program keeps the database locked for longer than the box waits for it.
    let database = rusqlite::Connection::open(database_of(&host)).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    pool.answer(ids[0], Outcome::Delivered);
    let failing = |state: &PortState| matches!(state, PortState::Failing { .. });
    let status = host.until("orders", |s| failing(&s.state)).await;
    assert_eq!((status.delivered, status.unresolved), (0, 2));
    assert_eq!(
        status.last_error.unwrap().1.code.as_deref(),
        Some("message-box")
    );

    database.execute_batch("ROLLBACK").unwrap();
    host.until("orders", |s| s.delivered == 1).await;
    pool.holds(2).await;
    pool.answer(ids[1], Outcome::Delivered);
    pool.answer(ids[2], Outcome::Delivered);
    host.until("orders", |s| {
        s.delivered == 3 && s.state == PortState::Started
    })
    .await;
    assert_eq!(pool.deliveries().len(), 3, "nothing was delivered twice");
}

/// B45, B47: the adapter waits; trying again is the host's work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b47_a_batch_is_tried_again_until_the_storage_takes_it() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    host.publish("orders", 2).await;
    let ids = pool.holds(2).await;

    let database = rusqlite::Connection::open(database_of(&host)).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let both = ids.iter().map(|id| (*id, Outcome::Delivered)).collect();
    let batch = tokio::spawn(pool.sink.settle(both));
    let failing = |state: &PortState| matches!(state, PortState::Failing { .. });
    host.until("orders", |s| failing(&s.state)).await;
    assert!(!batch.is_finished(), "nobody is told before it is on disk");

    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(batch.await.unwrap(), Ok(()));
    assert_eq!(host.audit().await, (2, 0, 0));
    assert_eq!(pool.deliveries().len(), 2);
}

/// A transaction is not tried again: its other half is rolled back meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b82_a_decision_that_is_not_committed_leaves_its_messages_with_the_adapter() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    host.publish("orders", 2).await;
    let ids = pool.holds(2).await;

    let database = rusqlite::Connection::open(database_of(&host)).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let decided = pool.sink.decide_transaction("t".into(), ids.clone());
    // Reported while the decision is being committed: counts because that fails.
    pool.answer(ids[0], Outcome::Delivered);
    let failure = decided.await.unwrap_err();
    assert_eq!(failure.reason, BatchFailureReason::Storage);

    database.execute_batch("ROLLBACK").unwrap();
    host.until("orders", |s| s.delivered == 1).await;
    assert_eq!(pool.sink.decided_transactions().await, Ok(Vec::new()));
    pool.decide("t2", &ids[1..]).await.unwrap();
    assert_eq!(host.audit().await, (2, 0, 0));
    assert_eq!(
        pool.sink.decided_transactions().await,
        Ok(vec!["t2".to_owned()])
    );
    pool.sink.finish_transaction("t2".into()).await.unwrap();
    assert_eq!(pool.sink.decided_transactions().await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_does_not_wait_for_ever_for_a_storage_that_is_gone() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    let ids = host.publish("orders", 2).await;
    pool.holds(2).await;
    host.message_box.close().await.unwrap();
    pool.answer(ids[0], Outcome::Delivered);
    let report = host.dispatcher.terminate(Duration::from_millis(20)).await;
    // Delivered or not, nothing of it is on disk: both are delivered again.
    assert_eq!(report.ports[0].handed_back, ids);
    assert_eq!(report.perhaps_sent().collect::<Vec<_>>(), ids);
    let host = host.restart().await;
    host.start(port("orders"), delivered);
    host.until("orders", |s| s.delivered == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_wait_for_an_eager_pool_that_does_not_start_at_first() {
    let host = Host::new();
    host.publish("orders", 5).await;
    let enlisted = host.dispatcher.enlist(port("orders"));
    assert_eq!(host.status("orders").state, PortState::Starting);
    let made = Arc::new(OnceLock::new());
    let slot = made.clone();
    let factory = move |sink| {
        let pool = slot.get_or_init(|| ScriptedPool::new(sink, Arc::new(delivered)));
        pool.fail_starts(1);
        Ok(Pools {
            primary: vec![pool.clone()],
            backup: None,
        })
    };
    enlisted.start(Arc::new(factory), true).unwrap();
    let pool: &Arc<ScriptedPool> = made.get().unwrap();
    let error = "the adapter is missing (no-such-file)".to_owned();
    let failing = PortState::Failing { error };
    host.until("orders", |s| s.state == failing).await;
    assert!(pool.deliveries().is_empty());
    let status = host.until("orders", |s| s.delivered == 5).await;
    assert_eq!((status.state, pool.starts()), (PortState::Started, 2));
}

fn database_of(host: &Host) -> std::path::PathBuf {
    host.directory.path().join("box.sqlite")
}
