//! Terminating: what is in flight may finish, what does not is delivered again, nothing more is fed.

use std::sync::Arc;
use std::time::Duration;

use model::transmit::{BatchFailureReason, OutcomeSink};
use model::{ErrorInfo, Outcome};

use super::host::{Host, delivered, held, port, with_retries, with_watermark};
use crate::{Pools, PortState};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b95_a_drain_ends_when_everything_in_flight_is_resolved() {
    let host = Host::new();
    let pool = host.start(with_watermark(port("orders"), 3), held);
    host.publish("orders", 10).await;
    let ids = pool.holds(3).await;
    let drain = host.terminate();
    let answers = async {
        host.until("orders", |s| s.state == PortState::Terminating)
            .await;
        pool.answer(ids[0], Outcome::Delivered);
        // A batch is still taken; the last message keeps the drain waiting until it is answered.
        pool.settle(vec![(ids[1], Outcome::Delivered)])
            .await
            .unwrap();
        assert_eq!(host.status("orders").state, PortState::Terminating);
        pool.answer(ids[2], Outcome::Delivered);
    };
    let (report, ()) = tokio::join!(drain, answers);
    let port = &report.ports[0];
    assert_eq!((port.in_flight, port.settled), (3, 3));
    assert!(port.handed_back.is_empty() && !port.interrupted);
    assert_eq!(host.status("orders").state, PortState::Terminated);
    assert_eq!(host.audit().await, (3, 0, 7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b113_b103_what_is_not_resolved_by_the_deadline_is_delivered_again_without_a_charge() {
    let host = Host::new();
    let orders = || with_retries(port("orders"), 0, Duration::from_secs(3600));
    let pool = host.start(orders(), held);
    host.publish("orders", 4).await;
    let ids = pool.holds(4).await;
    pool.answer(ids[0], Outcome::Delivered);
    host.until("orders", |s| s.delivered == 1).await;
    let report = host.dispatcher.terminate(Duration::from_millis(20)).await;
    let drained = &report.ports[0];
    assert_eq!((drained.in_flight, drained.settled), (3, 0));
    assert_eq!(drained.handed_back, ids[1..]);
    assert_eq!(drained.perhaps_sent, ids[1..]);
    assert_eq!(report.handed_back(), 3);

    // B99: too late for the old instance …
    let late = pool.settle(vec![(ids[1], Outcome::Delivered)]).await;
    assert_eq!(late.unwrap_err().reason, BatchFailureReason::ShuttingDown);
    pool.answer(ids[2], Outcome::Delivered);
    // … and a second request is answered with the first report.
    assert_eq!(host.terminate().await.ports, report.ports);

    let host = host.restart().await;
    let pool = host.start(orders(), delivered);
    host.until("orders", |s| s.delivered == 3).await;
    let again = pool.deliveries();
    assert!(again.iter().all(|d| d.message.attempts == 0));
    assert_eq!(host.audit().await, (4, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b100_nothing_is_submitted_after_terminate() {
    let host = Host::new();
    let pool = host.start(with_watermark(port("orders"), 4), delivered);
    host.publish("orders", 2000).await;
    pool.delivered(100).await;
    // Reports of this pool may still be on their way when it says that it has terminated.
    let report = host.terminate().await;
    assert_eq!(report.in_flight(), report.settled() + report.handed_back());
    host.publish("orders", 10).await;
    let (delivered, _, pending) = host.audit().await;
    assert_eq!(delivered + pending, 2010);
    assert_eq!(delivered, pool.deliveries().len() as u64);
    assert_eq!(pool.submitted_after_terminate(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_was_never_started_drains_at_once_and_starts_no_more() {
    let host = Host::new();
    let enlisted = host.dispatcher.enlist(port("orders"));
    let report = host.terminate().await;
    assert_eq!(report.in_flight(), 0);
    let factory =
        |_: Arc<dyn OutcomeSink>| -> Result<Pools, ErrorInfo> { panic!("not asked for pools") };
    enlisted.start(Arc::new(factory), true).unwrap();
    assert_eq!(host.status("orders").state, PortState::Terminated);
}
