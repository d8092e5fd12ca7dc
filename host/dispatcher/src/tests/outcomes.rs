//! What each outcome leads to, and that each message has one.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use message_box::SuspendedFilter;
use model::{ErrorInfo, Failure, Outcome, Properties, Retry};

use super::host::{Host, delivered, held, port, unavailable, with_retries, with_watermark};
use super::scripted_pool::Answer;
use crate::{PortState, Refusal, clock};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_published_message_is_delivered_once() {
    let host = Host::new();
    // Half of them wait before the port is up, the others are published while it runs.
    let mut published = host.publish("orders", 500).await;
    let pool = host.start(port("orders"), delivered);
    for _ in 0..50 {
        published.extend(host.publish("orders", 10).await);
    }
    let status = host.until("orders", |s| s.delivered == 1000).await;
    assert_eq!(status.unresolved, 0);
    assert_eq!(status.state, PortState::Started);
    assert!(status.last_progress.is_some());
    let deliveries = pool.deliveries();
    let ids: HashSet<_> = deliveries.iter().map(|d| d.message.id).collect();
    assert_eq!(deliveries.len(), 1000);
    assert_eq!(ids, published.into_iter().collect());
    assert_eq!(&*deliveries[0].address, "somewhere://else");
    assert_eq!(deliveries[0].retries_left, 1);
    assert_eq!(host.audit().await, (1000, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b92_no_more_than_the_high_watermark_is_unresolved() {
    let host = Host::new();
    host.publish("orders", 300).await;
    let pool = host.start(with_watermark(port("orders"), 7), held);
    for round in 0..300 {
        let left = (300 - round).min(7);
        let ids = pool.holds(left).await;
        assert!(host.status("orders").unresolved <= 7);
        pool.answer(ids[0], Outcome::Delivered);
    }
    host.until("orders", |s| s.delivered == 300).await;
    assert_eq!(pool.peak(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b50_b53_attempts_are_one_more_than_the_retries_then_the_message_is_suspended() {
    let host = Host::new();
    for retries in [0, 3] {
        let name = format!("retries-{retries}");
        let port = with_retries(port(&name), retries, Duration::ZERO);
        let pool = host.start(port, |_| Answer::Now(unavailable()));
        let ids = host.publish(&name, 1).await;
        let status = host.until(&name, |s| s.suspended == 1).await;
        assert_eq!(status.retried, u64::from(retries));
        assert_eq!(
            status.last_error.unwrap().1.code.as_deref(),
            Some("http-503")
        );
        let left: Vec<_> = pool.deliveries().iter().map(|d| d.retries_left).collect();
        assert_eq!(left, (0..=retries).rev().collect::<Vec<_>>());
        let suspended = host
            .message_box
            .suspended(&SuspendedFilter::default(), None, 10)
            .await
            .unwrap();
        let found = suspended.iter().find(|m| m.id == ids[0]).unwrap();
        assert_eq!(found.attempts, retries + 1);
    }
    assert_eq!(host.audit().await, (0, 2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b51_a_message_is_not_delivered_again_before_its_time() {
    let host = Host::new();
    let wait = Duration::from_millis(300);
    let after = Outcome::Failed(Failure {
        error: ErrorInfo::new("http-429", "slow down"),
        retry: Retry::After(wait),
    });
    let mut carry = Properties::default();
    carry.set("upload-id", "7");
    for (name, by_adapter) in [("after", true), ("resubmit", false), ("interval", false)] {
        let policy_interval = if name == "interval" {
            wait
        } else {
            Duration::from_secs(3600)
        };
        let pool = host.start(with_retries(port(name), 1, policy_interval), held);
        let ids = host.publish(name, 1).await;
        pool.holds(1).await;
        let not_before = clock::now().after(wait);
        let outcome = match name {
            "interval" => unavailable(),
            _ if by_adapter => after.clone(),
            _ => Outcome::Resubmit {
                not_before: Some(not_before),
                carry: carry.clone(),
            },
        };
        pool.answer(ids[0], outcome);
        let again = pool.delivered(2).await.pop().unwrap();
        assert!(clock::now() >= not_before, "{name}: too early");
        assert_eq!((again.message.id, again.message.attempts), (ids[0], 1));
        assert_eq!(again.retries_left, 0);
        let carried = again.message.properties.get("upload-id");
        assert_eq!(carried.is_some(), name == "resubmit");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_handed_back_is_not_charged_and_a_suspect_comes_back_alone() {
    let host = Host::new();
    let pool = host.start(with_retries(port("orders"), 0, Duration::ZERO), held);
    let id = host.publish("orders", 1).await[0];
    pool.delivered(1).await;
    pool.answer(id, Outcome::Returned);
    pool.delivered(2).await;
    pool.answer(id, Outcome::Suspect(ErrorInfo::new("trap", "unreachable")));
    let deliveries = pool.delivered(3).await;
    let seen: Vec<_> = deliveries
        .iter()
        .map(|d| (d.message.attempts, d.alone))
        .collect();
    assert_eq!(seen, [(0, false), (0, false), (0, true)]);
    pool.answer(id, Outcome::Delivered);
    let status = host.until("orders", |s| s.delivered == 1).await;
    assert_eq!((status.returned, status.retried), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b112_a_message_that_is_never_answered_is_retried_and_the_late_answer_ignored() {
    let host = Host::new();
    let mut orders = with_retries(port("orders"), 1, Duration::from_secs(3600));
    orders.delivery_timeout = Duration::from_millis(50);
    let pool = host.start(orders, held);
    let ids = host.publish("orders", 3).await;
    pool.holds(3).await;
    let status = host.until("orders", |s| s.retried == 3).await;
    let (_, error) = status.last_error.unwrap();
    assert_eq!(error.code.as_deref(), Some("delivery-timeout"));
    // They are scheduled for later; what the adapter says now is about a delivery that is over.
    pool.answer(ids[0], Outcome::Delivered);
    let late = vec![(ids[1], Outcome::Delivered), (ids[2], Outcome::Delivered)];
    let failure = pool.settle(late).await.unwrap_err();
    assert_eq!(failure.culprits, [0, 1]);
    host.until("orders", |s| s.ignored == 1).await;
    assert_eq!(host.audit().await, (0, 0, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_threads_report_at_once_and_each_message_counts_once() {
    let host = Host::new();
    let n = 2000;
    let pool = host.start(with_watermark(port("orders"), n), held);
    host.publish("orders", n).await;
    let ids = Arc::new(pool.holds(n).await);
    let committed = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (sink, ids, committed) = (pool.sink.clone(), ids.clone(), committed.clone());
            let runtime = tokio::runtime::Handle::current();
            // Threads of their own, as a pool has them. All report every message.
            std::thread::spawn(move || {
                for chunk in ids.chunks(10) {
                    let all = chunk.iter().map(|id| (*id, Outcome::Delivered)).collect();
                    if thread % 2 == 0 {
                        sink.resolved(all);
                    } else if runtime.block_on(sink.settle(all)).is_ok() {
                        committed.fetch_add(chunk.len(), Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    tokio::task::spawn_blocking(|| threads.into_iter().for_each(|t| t.join().unwrap()))
        .await
        .unwrap();
    let status = host.until("orders", |s| s.unresolved == 0).await;
    assert_eq!(status.delivered, n as u64);
    // Four of the eight say it with `resolved`: each word but the one that counted was too late.
    let by_batch = committed.load(Ordering::Relaxed) as u64;
    let said = 4 * n as u64;
    let expected = said - (n as u64 - by_batch);
    let status = host
        .until("orders", |s| s.ignored >= expected - by_batch)
        .await;
    assert!(status.ignored <= expected);
    assert_eq!(host.audit().await, (n as u64, 0, 0));
}

#[tokio::test]
async fn a_publisher_is_told_what_to_do_about_a_port_that_takes_nothing() {
    let host = Host::new();
    let refusal = host.dispatcher.admit("orders").unwrap_err();
    assert!(refusal.to_string().contains("none is configured"));
    host.start(port("orders"), delivered);
    assert_eq!(
        host.dispatcher.admit("orders").unwrap().port.as_str(),
        "orders"
    );
    let refusal = host.dispatcher.admit("order").unwrap_err();
    assert!(matches!(refusal, Refusal::UnknownPort { .. }));
    host.terminate().await;
    let refusal = host.dispatcher.admit("orders").unwrap_err();
    assert!(matches!(refusal, Refusal::Terminating { .. }));
}
