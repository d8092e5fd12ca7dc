//! The backup transport: what the primary has given up goes another way, by another adapter, with a
//! budget of its own.

use std::time::Duration;

use model::{Properties, TransportSlot};

use crate::fixture::{Answer, Host, PortSpec, Receiver, until};

const SOON: Duration = Duration::from_millis(5);

/// A host whose port has a primary and a backup transport.
fn with_backup(primary: PortSpec, backup: PortSpec) -> Host {
    let host = Host::new();
    host.start_with(&primary, Some(&backup), |_| ());
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn b15_b54_b116_the_backup_delivers_what_the_primary_gives_up_under_the_same_id() {
    let receiver = Receiver::start().await;
    receiver.script("/primary", [Answer::Status(503), Answer::Status(503)]);
    receiver.script("/backup", [Answer::Status(503)]);
    let primary = PortSpec::http(&receiver, "/primary").retrying(1, SOON);
    let backup = PortSpec {
        adapter: "http-batch-adapter",
        ..PortSpec::http(&receiver, "/backup").retrying(2, SOON)
    };
    let host = with_backup(primary, backup);
    let id = host.publish("port", &[&[]]).await[0].to_string();
    host.delivered("port", 1).await;
    for path in ["/primary", "/backup"] {
        let requests = receiver.received(path);
        assert_eq!(requests.len(), 2, "{path}");
        assert!(requests.iter().all(|r| r.id() == id), "{path}");
    }
    let status = host.status("port");
    assert_eq!((status.moved, status.retried), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn b54_b55_each_transport_has_a_budget_and_the_last_one_suspends() {
    let host = with_backup(
        PortSpec::probe().retrying(1, SOON),
        PortSpec::of("probe-configured-adapter").retrying(2, SOON),
    );
    host.probe("retryable").await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(suspended.attempts, 2 + 3);
    assert_eq!(suspended.transport, TransportSlot::Backup);
    assert_eq!(suspended.error.text, "the probe was told to fail");
    let status = host.status("port");
    assert_eq!((status.moved, status.retried), (1, 1 + 2));
    // It fails there as it failed here: another transport is no help to a message that is at fault.
    host.probe("permanent").await;
    let transports: Vec<_> = host
        .suspended(2)
        .await
        .iter()
        .map(|s| s.transport)
        .collect();
    assert_eq!(transports, [TransportSlot::Backup, TransportSlot::Primary]);
}

/// An adapter that knows better than the budget, and what the backup's adapter is told of the message.
#[tokio::test(flavor = "multi_thread")]
async fn b15_an_adapter_may_give_the_primary_up_at_once() {
    let host = with_backup(
        PortSpec::probe().retrying(5, Duration::from_secs(3600)),
        PortSpec {
            address: "probe://backup".to_owned(),
            endpoint: vec![("way".to_owned(), "second".to_owned())],
            version: 8,
            ..PortSpec::probe().retrying(3, SOON)
        },
    );
    let moved = [("first", "next-transport"), ("probe", "describe")];
    host.publish("port", &[&moved]).await;
    let text = host.failure().await;
    for part in [
        "attempt=2 retries-left=3 ",
        "address=probe://backup version=8 ",
        "configuration=[way=second]",
    ] {
        assert!(text.contains(part), "{part:?} is missing: {text}");
    }
    assert_eq!(host.status("port").moved, 1);
}

/// What a message carries it carries everywhere: to the backup, and through the hands of a person.
#[tokio::test(flavor = "multi_thread")]
async fn b56_what_an_adapter_carries_survives_the_move_to_the_backup_and_a_resume() {
    let host = with_backup(PortSpec::probe().retrying(1, SOON), PortSpec::probe());
    // First attempt: resubmitted. Second: the budget of the primary ends. Third: on the backup.
    let properties = [
        ("first", "resubmit"),
        ("carry", "upload-id=7,probe=retryable"),
        ("probe", "not reached"),
    ];
    let id = host.publish("port", &[&properties]).await[0];
    let carries = |properties: &Properties| {
        let of = |name| properties.get(name).map(str::to_owned);
        (of("upload-id"), of("probe"))
    };
    let carried = (Some("7".to_owned()), Some("retryable".to_owned()));
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!(
        (suspended.attempts, suspended.transport),
        (3, TransportSlot::Backup)
    );
    assert_eq!(carries(&host.stored(id).await.properties), carried);

    // Resumed, it begins again on the primary and goes the same way.
    assert_eq!(host.resume(id).await.resumed, 1);
    assert_eq!(host.suspended(1).await[0].attempts, 6);
    assert_eq!(carries(&host.stored(id).await.properties), carried);
    assert_eq!(host.status("port").moved, 2);
}

/// An adapter changes nothing of a message but by `carry`: the redelivery is what was published.
#[tokio::test(flavor = "multi_thread")]
async fn b57_what_was_not_carried_is_not_seen_again() {
    let host = with_backup(PortSpec::probe(), PortSpec::probe());
    let properties = [("first", "fail"), ("probe", "describe"), ("colour", "blue")];
    host.publish("port", &[&properties]).await;
    let text = host.failure().await;
    assert!(text.contains("attempt=2 "), "{text}");
    assert!(
        text.contains("properties=[first=fail,probe=describe,colour=blue]"),
        "{text}"
    );
}

/// The backup's instances are its own: a primary whose adapter only traps delivers by the other.
#[tokio::test(flavor = "multi_thread")]
async fn b107_a_trap_of_the_primary_is_followed_by_the_backup() {
    let host = with_backup(PortSpec::probe(), PortSpec::of("null-adapter"));
    host.probe("trap").await;
    host.delivered("port", 1).await;
    let status = host.status("port");
    let lost: Vec<_> = status
        .transports
        .iter()
        .map(|transport| transport.pool.instances_lost > 0)
        .collect();
    assert_eq!(lost, [true, false]);
}

/// A restart between the two attempts: the message is where it was.
#[tokio::test(flavor = "multi_thread")]
async fn b52_b54_a_message_on_the_backup_stays_there_over_a_crash() {
    let host = with_backup(
        PortSpec::probe(),
        PortSpec::probe().retrying(1, Duration::from_secs(3600)),
    );
    let id = host.probe("retryable").await;
    until("the failure on the backup", async || {
        (host.status("port").retried == 1).then_some(())
    })
    .await;
    let host = host.crash().await;
    assert_eq!(host.stored(id).await.transport, TransportSlot::Backup);
    let primary = PortSpec::of("null-adapter");
    host.start_with(&primary, Some(&PortSpec::probe()), |_| ());
    // It waits there: what is published now goes by the primary meanwhile.
    host.probe("retryable").await;
    host.delivered("port", 1).await;
    let stored = host.stored(id).await;
    assert_eq!(
        (stored.transport, stored.earlier_attempts, stored.attempts),
        (TransportSlot::Backup, 1, 1)
    );
}
