//! One generation in the place of another while messages flow (B110): each message is settled by one of
//! them, and the numbers say so.

use std::sync::Arc;
use std::time::Duration;

use model::transmit::OutcomeSink;
use model::{
    BreakerPolicy, Enlistment, ErrorInfo, LaneBy, OnFailure, OrderedDelivery, Outcome, Properties,
    RateLimit, SendPort,
};

use super::host::{Host, delivered, held, port, unavailable, with_retries};
use super::scripted_pool::Answer;
use crate::{BreakerStatus, ControlError, Generation, Pools, PortState, Throttling};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b110_the_old_generation_finishes_what_it_has_and_the_new_one_gets_the_rest() {
    let host = Host::new();
    let old = host.start(port("orders"), held);
    let first = host.publish("orders", 3).await;
    old.holds(3).await;
    let (generation, new) = Host::generation(port("orders"), held);
    let dispatcher = host.dispatcher.clone();
    let swap = tokio::spawn(async move { dispatcher.replace(generation, PATIENCE).await });
    host.until("orders", |status| status.leaving == 1).await;
    let second = host.publish("orders", 2).await;
    let new = new.primary(0);
    assert_eq!(new.holds(2).await, second);
    // Outcomes of the old one still count, and those that it tells about others' messages do not.
    old.answer(second[0], Outcome::Delivered);
    old.settle(vec![
        (first[0], Outcome::Delivered),
        (first[1], Outcome::Delivered),
    ])
    .await
    .unwrap();
    old.answer(first[2], Outcome::Delivered);
    let swap = swap.await.unwrap().unwrap().expect("the port was running");
    assert_eq!((swap.in_flight, swap.settled, swap.lost), (3, 3, 0));
    assert_eq!((swap.handed_over.len(), swap.perhaps_sent.len()), (0, 0));
    assert_eq!(old.submitted_after_terminate(), 0);
    assert_eq!(new.held_now(), second);
    for id in second {
        new.answer(id, Outcome::Delivered);
    }
    let status = host.until("orders", |status| status.delivered == 5).await;
    assert_eq!((status.leaving, status.state), (0, PortState::Started));
    assert_eq!(host.audit().await, (5, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_old_generation_does_not_finish_in_time_is_handed_to_the_new_one() {
    let host = Host::new();
    let old = host.start(port("orders"), held);
    let ids = host.publish("orders", 4).await;
    old.holds(4).await;
    let (generation, new) = Host::generation(port("orders"), delivered);
    let swap = host
        .dispatcher
        .replace(generation, Duration::from_millis(50))
        .await
        .unwrap()
        .expect("the port was running");
    assert_eq!((swap.in_flight, swap.settled, swap.lost), (4, 0, 0));
    assert_eq!((&swap.handed_over, &swap.perhaps_sent), (&ids, &ids));
    let again = new.primary(0).delivered(4).await;
    assert!(again.iter().all(|d| d.message.attempt() == 1), "no charge");
    host.until("orders", |status| status.delivered == 4).await;
    assert_eq!(host.audit().await, (4, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generation_that_does_not_start_changes_nothing() {
    let host = Host::new();
    let old = host.start(port("orders"), held);
    let ids = host.publish("orders", 1).await;
    old.holds(1).await;
    let factory = |sink: Arc<dyn OutcomeSink>| {
        let pool = super::scripted_pool::ScriptedPool::new(sink, Arc::new(held));
        pool.fail_starts(1);
        Ok(Pools {
            primary: vec![pool],
            backup: None,
        })
    };
    let no_pools = |_: Arc<dyn OutcomeSink>| Err(ErrorInfo::new("grant", "no such directory"));
    let factories: [Arc<dyn crate::PoolFactory>; 2] = [Arc::new(factory), Arc::new(no_pools)];
    for factory in factories {
        let settings = port("orders");
        let result = host
            .dispatcher
            .replace(Generation { settings, factory }, PATIENCE)
            .await;
        assert!(
            matches!(result, Err(ControlError::Start { .. })),
            "{result:?}"
        );
    }
    let status = host.status("orders");
    assert_eq!((status.state, status.leaving), (PortState::Started, 0));
    old.answer(ids[0], Outcome::Delivered);
    host.until("orders", |status| status.delivered == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_switches_between_two_of_its_messages() {
    let ordered = || SendPort {
        ordered: Some(OrderedDelivery {
            by: LaneBy::Key,
            on_failure: OnFailure::Stop,
        }),
        ..port("orders")
    };
    let host = Host::new();
    let old = host.start(ordered(), held);
    let key = |key: &str| -> Properties { [("ordering-key", key)].into_iter().collect() };
    let ids = host
        .publish_all("orders", vec![key("a"), key("a"), key("b")])
        .await;
    old.holds(2).await;
    let (generation, new) = Host::generation(ordered(), held);
    let dispatcher = host.dispatcher.clone();
    let swap = tokio::spawn(async move { dispatcher.replace(generation, PATIENCE).await });
    host.until("orders", |status| status.leaving == 1).await;
    let new = new.primary(0);
    old.answer(ids[2], Outcome::Delivered);
    host.until("orders", |status| status.delivered == 1).await;
    assert_eq!(new.held_now(), [], "the lane's first is with the old one");
    old.answer(ids[0], Outcome::Delivered);
    assert_eq!(new.holds(1).await, [ids[1]]);
    assert_eq!(swap.await.unwrap().unwrap().map(|swap| swap.lost), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn swaps_of_a_port_wait_for_each_other_and_none_loses_a_message() {
    let host = Host::new();
    host.start(port("orders"), delivered);
    let swaps = (0..10).map(|_| {
        let (generation, _) = Host::generation(port("orders"), delivered);
        let dispatcher = host.dispatcher.clone();
        tokio::spawn(async move { dispatcher.replace(generation, PATIENCE).await })
    });
    let swaps: Vec<_> = swaps.collect();
    for _ in 0..50 {
        host.publish("orders", 10).await;
    }
    for swap in swaps {
        let swap = swap.await.unwrap().unwrap().expect("the port was running");
        assert_eq!(swap.lost, 0, "{swap:?}");
        assert_eq!(swap.in_flight, swap.settled + swap.handed_over.len());
    }
    let status = host.until("orders", |status| status.delivered == 500).await;
    assert_eq!((status.leaving, status.unresolved), (0, 0));
    assert_eq!(host.audit().await, (500, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_breaker_and_a_used_up_rate_are_inherited() {
    let careful = || {
        let mut port = with_retries(port("orders"), 5, Duration::ZERO);
        port.rate_limit = Some(RateLimit {
            messages: 1,
            per: Duration::from_secs(3600),
        });
        port.primary.breaker = Some(BreakerPolicy {
            failures: 1,
            pause: Duration::from_secs(3600),
            longest_pause: Duration::from_secs(3600),
        });
        port
    };
    let is_open = |breaker| matches!(breaker, Some(BreakerStatus::Open { .. }));
    let host = Host::new();
    host.start(careful(), |_| Answer::Now(unavailable()));
    host.publish("orders", 1).await;
    host.until("orders", |s| is_open(s.transports[0].breaker))
        .await;
    let (generation, new) = Host::generation(careful(), delivered);
    host.dispatcher.replace(generation, PATIENCE).await.unwrap();
    host.until("orders", |s| is_open(s.transports[0].breaker))
        .await;
    assert_eq!(new.primary(0).deliveries().len(), 0);
    // Another policy is another breaker; the rate limit is the same.
    let mut other = careful();
    other.primary.breaker = None;
    let (generation, new) = Host::generation(other, delivered);
    host.dispatcher.replace(generation, PATIENCE).await.unwrap();
    let limited = host.until("orders", |s| s.throttled.is_some()).await;
    assert_eq!(limited.throttled, Some(Throttling::RateLimit));
    assert!(limited.transports[0].breaker.is_none());
    assert_eq!(
        new.primary(0).deliveries().len(),
        0,
        "the one was used before"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_port_is_swapped_and_stays_stopped() {
    let host = Host::new();
    host.start(port("orders"), delivered);
    let stop = host
        .dispatcher
        .set_enlistment("orders", Enlistment::Stopped);
    stop.await.unwrap();
    let ids = host.publish("orders", 1).await;
    let (generation, new) = Host::generation(port("orders"), delivered);
    host.dispatcher.replace(generation, PATIENCE).await.unwrap();
    let status = host
        .until("orders", |s| s.state == PortState::Stopped)
        .await;
    assert_eq!(status.enlistment, Enlistment::Stopped);
    assert_eq!(new.primary(0).deliveries().len(), 0);
    let start = host
        .dispatcher
        .set_enlistment("orders", Enlistment::Started);
    start.await.unwrap();
    let got = new.primary(0).delivered(1).await;
    assert_eq!(got[0].message.id, ids[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_port_starts_again_with_the_new_generation() {
    let host = Host::new();
    let old = host.start(port("orders"), delivered);
    let terminated = host.dispatcher.terminate_port("orders", PATIENCE).await;
    terminated.unwrap();
    let (generation, new) = Host::generation(port("orders"), delivered);
    let swap = host.dispatcher.replace(generation, PATIENCE).await.unwrap();
    assert_eq!(swap, None, "there was nothing to drain");
    assert_eq!(host.status("orders").state, PortState::Terminated);
    let start = host
        .dispatcher
        .set_enlistment("orders", Enlistment::Started);
    start.await.unwrap();
    host.publish("orders", 1).await;
    assert_eq!(new.primary(0).delivered(1).await.len(), 1);
    assert_eq!(old.deliveries().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminating_the_host_drains_both_generations() {
    let host = Host::new();
    let old = host.start(port("orders"), held);
    host.publish("orders", 2).await;
    old.holds(2).await;
    let (generation, new) = Host::generation(port("orders"), held);
    let dispatcher = host.dispatcher.clone();
    let swap = tokio::spawn(async move { dispatcher.replace(generation, PATIENCE).await });
    host.until("orders", |status| status.leaving == 1).await;
    host.publish("orders", 3).await;
    new.primary(0).holds(3).await;
    let dispatcher = host.dispatcher.clone();
    let terminate = tokio::spawn(async move { dispatcher.terminate(PATIENCE).await });
    for pool in [old, new.primary(0)] {
        for id in pool.held_now() {
            pool.answer(id, Outcome::Delivered);
        }
    }
    let report = terminate.await.unwrap();
    assert_eq!(report.ports.len(), 1, "one row: {report}");
    assert_eq!((report.in_flight(), report.settled()), (5, 5), "{report}");
    assert_eq!(
        swap.await.unwrap().unwrap().map(|swap| swap.settled),
        Some(2)
    );
    let (generation, _) = Host::generation(port("orders"), held);
    let late = host.dispatcher.replace(generation, PATIENCE).await;
    assert!(matches!(late, Err(ControlError::Terminating)), "{late:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_port_is_drained_and_forgotten_and_its_messages_stay() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    host.start(port("others"), delivered);
    let ids = host.publish("orders", 2).await;
    pool.holds(2).await;
    let dispatcher = host.dispatcher.clone();
    let remove = tokio::spawn(async move { dispatcher.remove("orders", PATIENCE).await });
    host.until("orders", |s| s.state == PortState::Terminating)
        .await;
    pool.answer(ids[0], Outcome::Delivered);
    pool.answer(ids[1], Outcome::Returned);
    let drain = remove.await.unwrap().unwrap();
    assert_eq!((drain.settled, drain.handed_back), (1, vec![ids[1]]));
    assert_eq!(host.dispatcher.status().len(), 1);
    assert!(host.dispatcher.admit("orders").is_err());
    host.publish("others", 1).await;
    host.until("others", |status| status.delivered == 1).await;
    // Enlisted anew, it goes on where it was.
    let again = host.start(port("orders"), delivered);
    assert_eq!(again.delivered(1).await[0].message.id, ids[1]);
    host.until("orders", |status| status.delivered == 1).await;
    assert_eq!(host.audit().await, (3, 0, 0));
}
