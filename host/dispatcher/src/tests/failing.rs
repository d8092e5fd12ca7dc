//! What fails and is tried again: the storage, the start of a pool.

use std::time::Duration;

use model::Outcome;
use model::transmit::BatchFailureReason;

use super::host::{Host, delivered, held, port, with_watermark};
use super::scripted_pool::ScriptedPool;
use crate::PortState;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_is_not_committed_leaves_its_messages_with_the_adapter() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    host.publish("orders", 2).await;
    let ids = pool.holds(2).await;

    let database = rusqlite::Connection::open(database_of(&host)).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let both = ids.iter().map(|id| (*id, Outcome::Delivered)).collect();
    let batch = pool.sink.settle(both);
    // Reported while the batch is being committed: counts because that fails.
    pool.answer(ids[0], Outcome::Delivered);
    let failure = batch.await.unwrap_err();
    assert_eq!(failure.reason, BatchFailureReason::Storage);
    assert!(failure.culprits.is_empty());

    database.execute_batch("ROLLBACK").unwrap();
    host.until("orders", |s| s.delivered == 1).await;
    // About the other one nothing was reported: the adapter tries again.
    pool.settle(vec![(ids[1], Outcome::Delivered)])
        .await
        .unwrap();
    assert_eq!(host.audit().await, (2, 0, 0));
    assert_eq!(pool.deliveries().len(), 2);
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
    let pool = ScriptedPool::new(enlisted.sink(), delivered);
    pool.fail_starts(1);
    enlisted.start(pool.clone(), true);
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
