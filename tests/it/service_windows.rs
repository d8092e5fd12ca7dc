//! Service windows: hours in which a transport may be used. Messages wait for them, and cost nothing.

use std::time::Duration;

use message_box::MessageState;
use model::{SendPort, ServiceWindow, WindowState};

use crate::fixture::{Answer, Host, PortSpec, Receiver, now, until};

/// Times are whole milliseconds, cut off, on both sides.
const CUT_OFF: Duration = Duration::from_millis(2);

/// A window that is shut for another hour at least, whatever the time is.
fn shut() -> ServiceWindow {
    let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"].map(str::to_owned);
    let windows = days
        .map(|day| ServiceWindow::parse("00:00", "24:00", Some(&[day]), "UTC").expect("a window"));
    let is_far = |window: &ServiceWindow| match window.at(now()) {
        WindowState::Closed { until } => until.until(now()) > Duration::from_secs(3600),
        WindowState::Open { .. } => false,
    };
    windows.into_iter().find(is_far).expect("a day that is far")
}

/// A window that is open all day, every day.
fn open() -> ServiceWindow {
    ServiceWindow::parse("00:00", "24:00", None, "UTC").expect("a window")
}

fn with(window: ServiceWindow) -> impl FnOnce(&mut SendPort) {
    move |port| port.primary.window = Some(window)
}

#[tokio::test(flavor = "multi_thread")]
async fn b62_a_message_before_the_window_waits_and_the_adapter_is_not_called() {
    let receiver = Receiver::start().await;
    let spec = PortSpec::http(&receiver, "/orders");
    let host = Host::new();
    host.start_with(&spec, None, with(shut()));
    host.start(&PortSpec {
        name: "other",
        ..PortSpec::http(&receiver, "/other")
    });
    host.publish("port", &[&[], &[]]).await;
    host.publish("other", &[&[]]).await;
    host.delivered("other", 1).await;
    let status = host.status("port");
    assert!(matches!(
        status.transports[0].window,
        Some(WindowState::Closed { .. })
    ));
    assert_eq!((status.unresolved, status.instances()), (0, 0));
    assert_eq!(host.counts("port").await.pending, 2);
    assert!(receiver.received("/orders").is_empty());

    // The operator opens it.
    let host = host.restart().await;
    host.start_with(&spec, None, with(open()));
    host.delivered("port", 2).await;
    assert_eq!(host.audit().await.suspended, 0);
}

/// What waits for its retry through a closed window goes at its own time when that comes in an open one,
/// neither with the opening nor after another interval.
#[tokio::test(flavor = "multi_thread")]
async fn b63_a_retry_that_falls_due_in_an_open_window_goes_at_its_time() {
    let interval = Duration::from_secs(2);
    let receiver = Receiver::start().await;
    receiver.script("/orders", [Answer::Status(503)]);
    let spec = PortSpec::http(&receiver, "/orders").retrying(1, interval);
    let host = Host::new();
    host.start_with(&spec, None, with(open()));
    let id = host.publish("port", &[&[]]).await[0];
    until("the first attempt", async || {
        (host.status("port").retried == 1).then_some(())
    })
    .await;
    let host = host.restart().await;
    host.start_with(&spec, None, with(shut()));
    until("a closed window", async || {
        let window = host.status("port").transports[0].window;
        matches!(window, Some(WindowState::Closed { .. })).then_some(())
    })
    .await;
    let host = host.restart().await;
    host.start_with(&spec, None, with(open()));
    host.delivered("port", 1).await;
    let received = receiver.received("/orders");
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|r| r.id() == id.to_string()));
    let apart = received[1].at - received[0].at;
    assert!(apart + CUT_OFF >= interval, "tried again after {apart:?}");
}

/// One that falls due in a closed window waits for the window, and is not charged for the wait.
#[tokio::test(flavor = "multi_thread")]
async fn b62_b63_a_retry_that_falls_due_in_a_closed_window_waits_for_it() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", [Answer::Status(503)]);
    let spec = PortSpec::http(&receiver, "/orders").retrying(1, Duration::from_millis(500));
    let host = Host::new();
    host.start_with(&spec, None, with(open()));
    let id = host.publish("port", &[&[]]).await[0];
    until("the first attempt", async || {
        (host.status("port").retried == 1).then_some(())
    })
    .await;
    let host = host.restart().await;
    host.start_with(&spec, None, with(shut()));
    let stored = host.stored(id).await;
    let MessageState::Pending { due } = stored.state else {
        panic!("{stored:?}")
    };
    until("the time of the retry", async || {
        (due < now()).then_some(())
    })
    .await;
    host.start(&PortSpec {
        name: "other",
        ..PortSpec::http(&receiver, "/other")
    });
    host.publish("other", &[&[]]).await;
    host.delivered("other", 1).await;
    assert_eq!(receiver.received("/orders").len(), 1);
    assert_eq!(host.stored(id).await, stored);

    let host = host.restart().await;
    host.start_with(&spec, None, with(open()));
    host.delivered("port", 1).await;
    assert_eq!(receiver.received("/orders").len(), 2);
}
