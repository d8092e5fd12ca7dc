//! What an operator may do to a port: start, stop, unenlist, terminate, start again.

use std::time::Duration;

use message_box::Selection;
use model::{Enlistment, Outcome, Priority};

use super::host::{Host, delivered, held, port, with_retries, with_watermark};
use super::scripted_pool::Answer;
use crate::{ControlError, PortState, Refusal, clock};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b61_b59_a_stopped_port_takes_messages_and_keeps_them_also_over_a_restart() {
    let host = Host::new();
    let pool = host.start(port("orders"), delivered);
    host.dispatcher
        .set_enlistment("orders", Enlistment::Stopped)
        .await
        .unwrap();
    host.until("orders", |s| s.state == PortState::Stopped)
        .await;
    host.publish("orders", 3).await;
    assert!(host.dispatcher.admit("orders").is_ok());
    assert!(pool.deliveries().is_empty());
    host.terminate().await;

    let host = host.restart().await;
    host.dispatcher.recall().await.unwrap();
    let pool = host.start(port("orders"), delivered);
    host.until("orders", |s| s.state == PortState::Stopped)
        .await;
    assert!(pool.deliveries().is_empty());
    host.dispatcher
        .set_enlistment("orders", Enlistment::Started)
        .await
        .unwrap();
    host.until("orders", |s| s.delivered == 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_lets_what_is_in_flight_end() {
    let host = Host::new();
    let pool = host.start(with_watermark(port("orders"), 2), held);
    host.publish("orders", 5).await;
    let ids = pool.holds(2).await;
    host.dispatcher
        .set_enlistment("orders", Enlistment::Stopped)
        .await
        .unwrap();
    host.until("orders", |s| s.state == PortState::Stopped)
        .await;
    for id in ids {
        pool.answer(id, Outcome::Delivered);
    }
    host.until("orders", |s| s.delivered == 2).await;
    assert_eq!(
        (pool.deliveries().len(), host.audit().await),
        (2, (2, 0, 3))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unenlisted_port_takes_nothing() {
    let host = Host::new();
    host.start(port("orders"), delivered);
    host.dispatcher
        .set_enlistment("orders", Enlistment::Unenlisted)
        .await
        .unwrap();
    let refusal = host.dispatcher.admit("orders").unwrap_err();
    assert!(matches!(refusal, Refusal::Unenlisted { .. }), "{refusal}");
    let unknown = host
        .dispatcher
        .set_enlistment("order", Enlistment::Started)
        .await;
    let text = unknown.unwrap_err().to_string();
    assert!(text.contains("did you mean \"orders\""), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_is_terminated_alone_and_can_be_started_again() {
    let host = Host::new();
    let started = host.start_all(port("orders"), vec![std::sync::Arc::new(held)], None);
    host.start(port("other"), delivered);
    host.publish("orders", 2).await;
    started.primary(0).holds(2).await;
    let report = host
        .dispatcher
        .terminate_port("orders", Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((report.in_flight(), report.handed_back()), (2, 2));
    assert!(matches!(
        host.dispatcher.admit("orders"),
        Err(Refusal::Terminating { .. })
    ));
    host.publish("other", 1).await;
    host.until("other", |s| s.delivered == 1).await;

    host.dispatcher
        .set_enlistment("orders", Enlistment::Started)
        .await
        .unwrap();
    let pool = started.primary(0);
    for id in pool.holds(2).await {
        pool.answer(id, Outcome::Delivered);
    }
    host.until("orders", |s| s.delivered == 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_still_terminating_is_not_started_by_half() {
    let host = Host::new();
    let pool = host.start(port("orders"), held);
    let id = host.publish("orders", 1).await[0];
    pool.holds(1).await;
    let drain = host
        .dispatcher
        .terminate_port("orders", Duration::from_secs(60));
    let operator = async {
        host.until("orders", |s| s.state == PortState::Terminating)
            .await;
        let started = host
            .dispatcher
            .set_enlistment("orders", Enlistment::Started);
        let refused = started.await.unwrap_err();
        assert!(
            matches!(refused, ControlError::StillTerminating { .. }),
            "{refused}"
        );
        pool.answer(id, Outcome::Delivered);
    };
    let (report, ()) = tokio::join!(drain, operator);
    assert_eq!(report.unwrap().settled(), 1);
    host.dispatcher
        .set_enlistment("orders", Enlistment::Started)
        .await
        .unwrap();
    host.until("orders", |s| s.state == PortState::Started)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_ports_of_an_adapter_are_terminated_together() {
    let host = Host::new();
    let mut elsewhere = port("elsewhere");
    elsewhere.primary.adapter = "another".to_owned();
    for port in [port("a"), port("b"), elsewhere] {
        host.start(port, delivered);
    }
    let soon = Duration::from_secs(60);
    let report = host
        .dispatcher
        .terminate_adapter("scripted", soon)
        .await
        .unwrap();
    let names: Vec<_> = report.ports.iter().map(|p| p.port.to_string()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(host.status("elsewhere").state, PortState::Started);
    let unknown = host.dispatcher.terminate_adapter("script", soon).await;
    assert!(matches!(unknown, Err(ControlError::UnknownAdapter { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_backlog_refuses_publishers_until_it_is_shorter() {
    let host = Host::new();
    let mut orders = with_watermark(port("orders"), 1);
    orders.backlog_limit = Some(10);
    let pool = host.start(orders, held);
    host.publish("orders", 10).await;
    let refusal = host.dispatcher.admit("orders").unwrap_err();
    assert!(
        matches!(refusal, Refusal::BacklogFull { limit: 10, .. }),
        "{refusal}"
    );
    let id = pool.holds(1).await[0];
    pool.answer(id, Outcome::Delivered);
    host.until("orders", |s| s.delivered == 1).await;
    assert!(host.dispatcher.admit("orders").is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b59_a_resumed_message_has_its_whole_budget_again() {
    let host = Host::new();
    let pool = host.start(with_retries(port("orders"), 1, Duration::ZERO), |_| {
        Answer::Now(super::host::unavailable())
    });
    let id = host.publish("orders", 1).await[0];
    host.until("orders", |s| s.suspended == 1).await;
    let selection = Selection::Ids(vec![id]);
    host.message_box
        .resume(selection, clock::now())
        .await
        .unwrap();
    host.until("orders", |s| s.suspended == 2).await;
    let attempts: Vec<_> = pool
        .deliveries()
        .iter()
        .map(|d| d.message.attempt())
        .collect();
    assert_eq!(attempts, [1, 2, 3, 4], "B116: attempts are counted on");
    assert_eq!(pool.deliveries()[2].message.priority, Priority::default());
}
