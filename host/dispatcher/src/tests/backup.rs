//! The backup transport: its own adapter, budget and window.

use std::time::Duration;

use model::{ErrorInfo, Outcome, RetryPolicy, SendPort, ServiceWindow, TransportSlot};

use super::host::{Host, delivered, held, port, transport, unavailable};
use super::scripted_pool::Answer;

fn with_backup(retries: u32) -> SendPort {
    let mut backup = transport("backup://there");
    backup.retry = RetryPolicy {
        count: retries,
        interval: Duration::ZERO,
        ..RetryPolicy::default()
    };
    SendPort {
        backup: Some(backup),
        ..port("orders")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b15_b54_what_the_primary_gives_up_goes_by_the_backup_with_its_own_budget() {
    let host = Host::new();
    let failing = |_: &_| Answer::Now(unavailable());
    let (primary, backup) = host.start_with_backup(with_backup(2), failing, failing);
    let id = host.publish("orders", 1).await[0];
    let status = host.until("orders", |s| s.suspended == 1).await;
    assert_eq!((status.moved, status.retried), (1, 3));
    let seen = |pool: &super::scripted_pool::ScriptedPool| -> Vec<_> {
        let deliveries = pool.deliveries().into_iter();
        deliveries
            .map(|d| (d.message.attempt(), d.retries_left, d.address.to_string()))
            .collect()
    };
    let there = |attempt, left, address: &str| (attempt, left, address.to_owned());
    let (first, second) = ("somewhere://else", "backup://there");
    assert_eq!(seen(&primary), [there(1, 1, first), there(2, 0, first)]);
    let expected = [
        there(3, 2, second),
        there(4, 1, second),
        there(5, 0, second),
    ];
    assert_eq!(seen(&backup), expected);
    let suspended = host.suspended().await.remove(0);
    assert_eq!((suspended.id, suspended.attempts), (id, 5), "B55");
    assert_eq!(suspended.transport, TransportSlot::Backup);
    let version = suspended.adapter.unwrap_or_default();
    assert!(version.contains("Scripted"), "{version}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b15_an_adapter_may_move_a_message_at_once_and_a_restart_does_not_move_it_back() {
    let host = Host::new();
    let (primary, backup) = host.start_with_backup(with_backup(0), held, held);
    let id = host.publish("orders", 1).await[0];
    primary.holds(1).await;
    let gone = Outcome::NextTransport(ErrorInfo::new("gone", "it is gone"));
    primary.settle(vec![(id, gone)]).await.unwrap();
    backup.holds(1).await;
    host.dispatcher.terminate(Duration::ZERO).await;
    let host = host.restart().await;
    let (primary, backup) = host.start_with_backup(with_backup(0), delivered, delivered);
    host.until("orders", |s| s.delivered == 1).await;
    assert_eq!(
        (primary.deliveries().len(), backup.deliveries().len()),
        (0, 1)
    );
}

/// Somebody takes the backup out of the configuration while messages are on it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_a_backup_that_is_no_longer_there_goes_by_the_primary() {
    let host = Host::new();
    let (primary, backup) = host.start_with_backup(with_backup(0), held, held);
    let id = host.publish("orders", 1).await[0];
    primary.holds(1).await;
    let gone = Outcome::NextTransport(ErrorInfo::new("gone", "it is gone"));
    primary.settle(vec![(id, gone)]).await.unwrap();
    backup.holds(1).await;
    host.dispatcher.terminate(Duration::ZERO).await;
    let host = host.restart().await;
    let pool = host.start(port("orders"), delivered);
    host.until("orders", |s| s.delivered == 1).await;
    assert_eq!(&*pool.deliveries()[0].address, "somewhere://else");
    let report = host.terminate().await;
    assert_eq!(
        (report.in_flight(), report.ports[0].interrupted),
        (0, false)
    );
}

/// The window of the primary is shut for another day; the backup has none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_transport_has_a_window_of_its_own() {
    let host = Host::new();
    let (primary, backup) = host.start_with_backup(with_backup(0), held, delivered);
    let id = host.publish("orders", 2).await[0];
    let ids = primary.holds(2).await;
    let gone = || Outcome::NextTransport(ErrorInfo::new("gone", "it is gone"));
    primary.settle(vec![(id, gone())]).await.unwrap();
    host.until("orders", |s| s.delivered == 1).await;
    host.dispatcher.terminate(Duration::ZERO).await;
    let host = host.restart().await;
    let mut port = with_backup(0);
    port.primary.window = Some(shut());
    let (primary, backup_again) = host.start_with_backup(port, delivered, delivered);
    let status = host
        .until("orders", |s| s.transports[0].window.is_some())
        .await;
    let shut = matches!(
        status.transports[0].window,
        Some(model::WindowState::Closed { .. })
    );
    assert!(shut, "{status:?}");
    assert_eq!(host.audit().await, (1, 0, 1));
    assert_eq!(
        (primary.deliveries().len(), backup_again.deliveries().len()),
        (0, 0)
    );
    assert_eq!((ids.len(), backup.deliveries().len()), (2, 1));
}

/// A window that is shut today, whatever the time is.
pub(super) fn shut() -> ServiceWindow {
    let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].map(str::to_owned);
    let windows = days.iter().map(|day| {
        ServiceWindow::parse("00:00", "24:00", Some(std::slice::from_ref(day)), "UTC").unwrap()
    });
    let now = crate::clock::now();
    let is_far = |window: &ServiceWindow| match window.at(now) {
        model::WindowState::Closed { until } => until.until(now) > Duration::from_secs(3600),
        model::WindowState::Open { .. } => false,
    };
    windows.into_iter().find(is_far).unwrap()
}
