//! The status: ports, transports, the box, the audit.

use std::time::Duration;

use model::{BreakerPolicy, Enlistment, ErrorInfo, Failure, Outcome, PortName, ServiceWindow};

use super::fixture::{Host, port, transport};
use crate::{Status, Window};

#[tokio::test]
async fn the_status_shows_ports_box_and_audit() {
    let mut host = Host::start();
    for body in ["one", "two", "three"] {
        host.post(&[], body).await.accepted(1);
    }
    let (one, _) = host.delivered().await;
    let (two, _) = host.delivered().await;
    let error = ErrorInfo::new("http-400", "the destination does not want it");
    let batch = vec![
        (one.id, Outcome::Delivered),
        (two.id, Outcome::Suspend(error)),
    ];
    host.settle(batch).await;

    let answer = host.get("/v1/status").await;
    let status: Status = serde_json::from_value(answer.json).unwrap();
    assert_eq!(status.version, "1.2.3");
    assert_eq!(
        u64::from_str_radix(&status.box_id, 16),
        Ok(host.message_box.box_id())
    );
    let [port] = &status.ports[..] else {
        panic!("{:?}", status.ports)
    };
    assert_eq!(port.port, "orders");
    let running = port.running.as_ref().unwrap();
    assert_eq!(
        (running.adapter.as_str(), running.address.as_str()),
        ("recorder", "test://orders")
    );
    assert_eq!(running.state, "started");
    let stored = &port.stored;
    assert_eq!((stored.accepted, stored.delivered), (3, 1));
    assert_eq!((stored.pending, stored.suspended, stored.bytes), (1, 1, 8));
    assert!(stored.oldest_pending.is_some());
    assert_eq!((stored.routed, stored.terminated), (0, 0));
    let audit = status.audit;
    assert_eq!(
        (
            audit.accepted,
            audit.delivered,
            audit.suspended,
            audit.pending
        ),
        (3, 1, 1, 1)
    );
    assert!(audit.holds);
}

async fn status(host: &Host) -> Status {
    serde_json::from_value(host.get("/v1/status").await.json).unwrap()
}

#[tokio::test]
async fn every_way_out_is_shown_without_its_password() {
    let mut orders = port("orders");
    orders.primary = transport("https://me:secret@one.example/in");
    orders.primary.breaker = Some(BreakerPolicy {
        failures: 5,
        pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(60),
    });
    let mut backup = transport("smtp://two.example?password=secret");
    backup.adapter = "mail".to_owned();
    backup.window = Some(ServiceWindow::parse("00:00", "24:00", None, "UTC").unwrap());
    orders.backup = Some(backup);
    let host = Host::serving(vec![orders]);
    // A breaker is shown from the port's first turn on.
    let running = loop {
        let running = status(&host).await.ports.remove(0).running.unwrap();
        if running.transports[0].breaker.is_some() {
            break running;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(running.address, "https://me:***@one.example/in");
    let [primary, backup] = &running.transports[..] else {
        panic!("{:?}", running.transports)
    };
    assert_eq!(
        (primary.slot.as_str(), primary.adapter.as_str()),
        ("primary", "recorder")
    );
    assert_eq!(primary.address, running.address);
    assert_eq!(primary.version.as_deref(), Some("recorder 1.0"));
    assert_eq!(primary.breaker.as_ref().unwrap().state, "closed");
    assert_eq!(primary.window, None);
    assert_eq!(
        (backup.slot.as_str(), backup.adapter.as_str()),
        ("backup", "mail")
    );
    assert_eq!(backup.address, "smtp://two.example?password=***");
    assert_eq!(backup.breaker, None);
    assert!(matches!(
        backup.window,
        Some(Window {
            open: true,
            until: Some(_)
        })
    ));
    let answer = host.get("/v1/status").await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
}

#[tokio::test]
async fn an_open_breaker_says_until_when() {
    let mut orders = port("orders");
    orders.primary.breaker = Some(BreakerPolicy {
        failures: 1,
        pause: Duration::from_secs(3600),
        longest_pause: Duration::from_secs(3600),
    });
    let mut host = Host::serving(vec![orders]);
    host.post(&[], "x").await.accepted(1);
    let (message, _) = host.delivered().await;
    let failure = Failure::retryable(ErrorInfo::new("http-503", "busy"));
    host.settle(vec![(message.id, Outcome::Failed(failure))])
        .await;
    // The batch is committed before the loop has written everything on its board.
    let breaker = loop {
        let running = status(&host).await.ports.remove(0).running.unwrap();
        match running.transports[0].breaker.clone() {
            Some(breaker) if breaker.state != "closed" => break breaker,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(breaker.state, "open");
    assert!(breaker.until.is_some() && breaker.failures.is_none());
}

#[tokio::test]
async fn what_the_operator_wants_is_shown_for_every_port() {
    let host = Host::start();
    let old = PortName::new("old").unwrap();
    let unenlisted = Enlistment::Unenlisted;
    host.message_box
        .set_enlistment(&old, unenlisted)
        .await
        .unwrap();
    host.dispatcher
        .set_enlistment("orders", Enlistment::Stopped)
        .await
        .unwrap();
    let status = status(&host).await;
    let ports = status.ports.iter();
    let ports: Vec<_> = ports
        .map(|p| (p.port.as_str(), p.enlistment.as_str()))
        .collect();
    assert_eq!(ports, [("orders", "stopped"), ("old", "unenlisted")]);
    assert!(status.ports[1].running.is_none());
}

#[tokio::test]
async fn terminated_messages_are_part_of_the_sum() {
    let mut host = Host::start();
    let id = host
        .suspended("poison", ErrorInfo::new("http-400", "no"))
        .await;
    let path = format!("/v1/messages/{id}/terminate");
    assert_eq!(host.ask("POST", &path, None).await.status, 200);
    let status = status(&host).await;
    let (audit, stored) = (status.audit, &status.ports[0].stored);
    assert_eq!(
        (audit.accepted, audit.terminated, audit.suspended),
        (1, 1, 0)
    );
    assert!(audit.holds);
    assert_eq!(
        (stored.terminated, stored.suspended, stored.bytes),
        (1, 0, 0)
    );
}
