//! Ordered delivery: one message of a lane at a time, the next after the one before is gone.

use std::time::Duration;

use message_box::Selection;
use model::{LaneBy, MessageId, OnFailure, OrderedDelivery, Outcome, Properties, SendPort};

use super::host::{Host, delivered, held, port, unavailable, with_retries};
use super::scripted_pool::Answer;
use crate::clock;

fn ordered(name: &str, by: LaneBy, on_failure: OnFailure) -> SendPort {
    SendPort {
        ordered: Some(OrderedDelivery { by, on_failure }),
        ..with_retries(port(name), 1, Duration::ZERO)
    }
}

fn key(key: &str) -> Properties {
    [("ordering-key", key)].into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b64_each_message_goes_alone_and_after_the_one_before_is_deleted() {
    let host = Host::new();
    let pool = host.start(ordered("orders", LaneBy::Port, OnFailure::Stop), held);
    let mut expected = host.publish("orders", 20).await;
    for place in 0..20 {
        if place == 10 {
            expected.extend(host.publish("orders", 1).await);
        }
        assert_eq!(pool.holds(1).await, [expected[place]]);
        let (gone, _, _) = host.audit().await;
        assert_eq!(
            gone, place as u64,
            "its predecessors' deletions are committed"
        );
        pool.answer(expected[place], Outcome::Delivered);
    }
    host.until("orders", |s| s.delivered == 20).await;
    assert_eq!(pool.peak(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b65_a_message_that_waits_for_its_retry_holds_up_its_lane_and_no_other() {
    let host = Host::new();
    let mut orders = ordered("orders", LaneBy::Key, OnFailure::Stop);
    orders.primary.retry.interval = Duration::from_secs(3600);
    let pool = host.start(orders, held);
    let ids = host
        .publish_all("orders", vec![key("a"), key("a"), key("b"), key("b")])
        .await;
    assert_eq!(pool.holds(2).await, [ids[0], ids[2]]);
    pool.answer(ids[0], unavailable());
    pool.answer(ids[2], Outcome::Delivered);
    host.until("orders", |s| s.retried == 1 && s.delivered == 1)
        .await;
    pool.delivered(3).await;
    assert_eq!(pool.holds(1).await, [ids[3]], "the lane b goes on, a waits");
    pool.answer(ids[3], Outcome::Delivered);
    host.until("orders", |s| s.delivered == 2).await;
    assert_eq!(host.audit().await, (2, 0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b66_skipping_lets_the_next_one_go_and_the_failed_one_never_again() {
    let host = Host::new();
    let orders = ordered("orders", LaneBy::Port, OnFailure::Skip);
    let first = std::sync::OnceLock::new();
    let pool = host.start(orders, move |delivery| {
        let is_first = *first.get_or_init(|| delivery.message.id) == delivery.message.id;
        Answer::Now(if is_first {
            unavailable()
        } else {
            Outcome::Delivered
        })
    });
    let ids = host.publish("orders", 3).await;
    host.until("orders", |s| s.delivered == 2 && s.suspended == 1)
        .await;
    let seen: Vec<MessageId> = pool.deliveries().iter().map(|d| d.message.id).collect();
    assert_eq!(seen, [ids[0], ids[0], ids[1], ids[2]]);
    assert!(!host.suspended().await[0].resumable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b67_a_lane_stops_at_its_failure_until_somebody_decides() {
    let host = Host::new();
    let pool = host.start(ordered("orders", LaneBy::Port, OnFailure::Stop), held);
    let ids = host.publish("orders", 3).await;
    let fail = async || {
        for _ in 0..2 {
            pool.holds(1).await;
            pool.answer(ids[0], unavailable());
        }
    };
    fail().await;
    host.until("orders", |s| s.suspended == 1).await;
    assert_eq!(host.audit().await, (0, 1, 2));
    assert_eq!(pool.deliveries().len(), 2, "its successors wait");

    // Resumed, it is first again; terminated, the next one is.
    let head = || Selection::Ids(vec![ids[0]]);
    host.message_box.resume(head(), clock::now()).await.unwrap();
    fail().await;
    host.until("orders", |s| s.suspended == 2).await;
    host.message_box
        .terminate(head(), clock::now())
        .await
        .unwrap();
    assert_eq!(pool.holds(1).await, [ids[1]]);
    pool.answer(ids[1], Outcome::Delivered);
    assert_eq!(pool.delivered(6).await[5].message.id, ids[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b71_a_blocked_lane_or_port_holds_up_no_other() {
    let host = Host::new();
    let blocked = host.start(ordered("blocked", LaneBy::Port, OnFailure::Stop), held);
    host.start(ordered("quick", LaneBy::Port, OnFailure::Stop), delivered);
    host.publish("blocked", 5).await;
    blocked.holds(1).await;
    host.publish("quick", 50).await;
    host.until("quick", |s| s.delivered == 50).await;
    assert_eq!(host.status("blocked").delivered, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b68_after_a_crash_a_lane_goes_on_where_it_was() {
    let host = Host::new();
    let orders = || ordered("orders", LaneBy::Key, OnFailure::Stop);
    let pool = host.start(orders(), held);
    let all: Vec<_> = (0..30).map(|n| key(["a", "b", "c"][n % 3])).collect();
    let ids = host.publish_all("orders", all).await;
    let first = pool.holds(3).await;
    pool.answer(first[0], Outcome::Delivered);
    host.until("orders", |s| s.delivered == 1).await;
    host.dispatcher.terminate(Duration::ZERO).await;
    let host = host.restart().await;
    let pool = host.start(orders(), delivered);
    host.until("orders", |s| s.delivered == 29).await;
    for lane in 0..3 {
        let mine = |id: &MessageId| {
            ids.iter()
                .position(|i| i == id)
                .is_some_and(|n| n % 3 == lane)
        };
        let order: Vec<_> = pool
            .deliveries()
            .iter()
            .map(|d| d.message.id)
            .filter(mine)
            .collect();
        assert!(order.is_sorted(), "lane {lane}: {order:?}");
    }
    assert_eq!(host.audit().await, (30, 0, 0));
}
