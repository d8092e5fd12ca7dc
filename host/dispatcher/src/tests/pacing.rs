//! When messages may go: rate limits, breakers, windows, time to live, the watermark of an adapter.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use message_box::{NewBody, NewMessage, Publication};
use model::{BreakerPolicy, Outcome, PortName, Properties, RateLimit};

use super::backup::shut;
use super::host::{Host, delivered, held, port, unavailable, with_retries, with_watermark};
use super::scripted_pool::Answer;
use crate::{BreakerStatus, Throttling, clock};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_is_not_exceeded() {
    let host = Host::new();
    let mut orders = port("orders");
    orders.rate_limit = Some(RateLimit {
        messages: 20,
        per: Duration::from_secs(1),
    });
    host.publish("orders", 50).await;
    let began = tokio::time::Instant::now();
    host.start(orders, delivered);
    host.until("orders", |s| s.throttled == Some(Throttling::RateLimit))
        .await;
    host.until("orders", |s| s.delivered == 50).await;
    // Twenty at once, then thirty at twenty a second: no sooner, however much later.
    let least = Duration::from_millis(1400);
    assert!(began.elapsed() >= least, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_breaker_keeps_messages_and_their_retries_until_a_probe_succeeds() {
    let host = Host::new();
    let mut orders = with_watermark(with_retries(port("orders"), 0, Duration::ZERO), 1);
    orders.primary.breaker = Some(BreakerPolicy {
        failures: 3,
        pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(100),
    });
    let works = Arc::new(AtomicBool::new(false));
    let switch = works.clone();
    let pool = host.start(orders, move |_| {
        Answer::Now(match switch.load(Ordering::SeqCst) {
            true => Outcome::Delivered,
            false => unavailable(),
        })
    });
    host.publish("orders", 1000).await;
    let open =
        |s: &crate::PortStatus| matches!(s.transports[0].breaker, Some(BreakerStatus::Open { .. }));
    host.until("orders", open).await;
    // At least one probe has failed; meanwhile next to nothing was spent.
    pool.delivered(5).await;
    works.store(true, Ordering::SeqCst);
    let status = host
        .until("orders", |s| s.delivered + s.suspended == 1000)
        .await;
    assert!(
        status.suspended < 500,
        "{} messages were spent on a dead destination",
        status.suspended
    );
    let closed = Some(BreakerStatus::Closed { failures: 0 });
    host.until("orders", |s| s.transports[0].breaker == closed)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b62_through_a_closed_window_nothing_goes() {
    let host = Host::new();
    let mut orders = port("orders");
    orders.primary.window = Some(shut());
    let pool = host.start(orders, delivered);
    host.start(port("other"), delivered);
    host.publish("orders", 3).await;
    host.publish("other", 3).await;
    host.until("other", |s| s.delivered == 3).await;
    assert_eq!(pool.deliveries().len(), 0);
    assert_eq!(host.audit().await, (3, 0, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_time_is_over_is_suspended_and_not_sent() {
    let host = Host::new();
    let body = NewBody::Inline(Bytes::new());
    let over = NewMessage {
        expires: Some(clock::now()),
        ..NewMessage::new(body, Properties::default())
    };
    let publication = Publication {
        messages: vec![over],
        idempotency_key: None,
    };
    let orders = PortName::new("orders").unwrap();
    let published = host.message_box.publish(&orders, publication, clock::now());
    let id = published.await.unwrap().ids[0];
    host.publish("orders", 1).await;
    let pool = host.start(port("orders"), delivered);
    let status = host
        .until("orders", |s| s.expired == 1 && s.delivered == 1)
        .await;
    assert_eq!(status.suspended, 1);
    let suspended = host.suspended().await.remove(0);
    assert_eq!((suspended.id, suspended.attempts), (id, 0));
    assert_eq!(suspended.error.code.as_deref(), Some("expired"));
    assert_eq!(pool.deliveries().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b92_the_watermark_of_an_adapter_holds_over_all_its_ports() {
    let host = Host::new();
    host.dispatcher.watermark("scripted", 5);
    let pools = [host.start(port("a"), held), host.start(port("b"), held)];
    host.publish("a", 20).await;
    host.publish("b", 20).await;
    let of_both = || pools.iter().map(|p| p.deliveries().len()).sum::<usize>();
    host.until("a", |_| of_both() == 5).await;
    let waits = Some(Throttling::AdapterWatermark);
    let throttled = |name: &str| host.status(name).throttled == waits;
    host.until("a", |_| throttled("a") || throttled("b")).await;
    for round in 0..40 {
        let ids: Vec<_> = pools.iter().map(|p| p.deliveries()).collect();
        let out: usize = ids.iter().map(Vec::len).sum();
        assert!(out <= round + 5, "{out} handed over after {round} ends");
        let next = pools
            .iter()
            .find_map(|pool| Some((pool, pool.held_now().pop()?)));
        let (pool, id) = next.unwrap();
        pool.answer(id, Outcome::Delivered);
        let done = round as u64 + 1;
        host.until("a", |s| s.delivered + host.status("b").delivered == done)
            .await;
        let expected = (round + 6).min(40);
        host.until("a", |_| of_both() == expected).await;
    }
    assert_eq!(host.audit().await, (40, 0, 0));
}
