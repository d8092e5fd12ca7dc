//! Ordered delivery: one message of a lane at a time, the next one when the one before is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use message_box::Refusal;
use model::{LaneBy, MessageId, Notifications, OnFailure, OrderedDelivery, SendPort};

use crate::fixture::{Answer, Host, PortSpec, Receiver, Site, message, name, port, until};

const SOON: Duration = Duration::from_millis(5);

/// By this, with ACKs for everything, which show the order of the deliveries.
fn ordered(by: LaneBy, on_failure: OnFailure) -> impl FnOnce(&mut SendPort) {
    move |port| {
        port.ordered = Some(OrderedDelivery { by, on_failure });
        port.notifications = Some(Notifications {
            port: name("receipts"),
            always: true,
            ack: true,
            nack: false,
        });
    }
}

/// Many instances and calls: nothing but the order keeps two messages from going at once.
fn wide(spec: PortSpec) -> PortSpec {
    PortSpec {
        instances: 4,
        ..spec
    }
}

/// A host with one ordered port.
fn host(spec: PortSpec, by: LaneBy, on_failure: OnFailure) -> Host {
    let host = Host::new();
    host.start_with(&spec, None, ordered(by, on_failure));
    host
}

/// Messages whose bodies are their numbers, from `first` on.
async fn numbered(host: &Host, first: usize, count: usize) -> Vec<MessageId> {
    let messages = (first..first + count).map(|n| message(&[], n.to_string()));
    host.publish_messages("port", messages.collect()).await
}

/// The bodies that have come to a path.
fn bodies(receiver: &Receiver, path: &str) -> Vec<String> {
    let received = receiver.received(path).into_iter();
    received
        .map(|r| String::from_utf8(r.body).expect("a text"))
        .collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b64_messages_arrive_one_after_the_other_whatever_could_go_at_once() {
    for adapter in ["http-adapter", "http-batch-adapter"] {
        let receiver = Receiver::start().await;
        let spec = PortSpec {
            adapter,
            ..PortSpec::http(&receiver, "/orders")
        };
        let host = host(wide(spec), LaneBy::Port, OnFailure::Stop);
        receiver.script("/orders", [Answer::Held]);
        for part in 0..10 {
            numbered(&host, 20 * part, 20).await;
        }
        receiver.has("/orders", 1).await;
        until("one message that is out", async || {
            (host.status("port").unresolved == 1).then_some(())
        })
        .await;
        assert_eq!(host.counts("port").await.delivered, 0, "{adapter}");
        assert_eq!(bodies(&receiver, "/orders"), numbers(0..1), "{adapter}");
        receiver.release();
        host.delivered("port", 200).await;
        assert_eq!(bodies(&receiver, "/orders"), numbers(0..200), "{adapter}");
    }
}

/// The first one is answered pending and not reported before the host takes it back. The others are
/// reported by tasks of their own, in four instances.
#[tokio::test(flavor = "multi_thread")]
async fn b64_a_pending_message_holds_its_successors_until_its_outcome_is_known() {
    let spec = PortSpec {
        delivery_timeout: Duration::from_secs(1),
        ..PortSpec::probe().retrying(3, SOON)
    };
    let host = host(wide(spec), LaneBy::Port, OnFailure::Stop);
    let pending = [("first", "never"), ("probe", "pending-delete")];
    let mut ids = host.publish("port", &[&pending]).await;
    ids.extend(host.publish_many("port", &pending[1..], 50).await);
    host.delivered("port", 51).await;
    assert_eq!(acks(&host).await, ids);
    assert!(host.status("port").retried > 0, "the first was taken back");
}

/// Synchronous adapters are run in several instances, and still each lane is one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn b64_synchronous_instances_keep_the_order_too() {
    for adapter in ["probe-sync-adapter", "probe-sync-batch-adapter"] {
        let host = host(wide(PortSpec::of(adapter)), LaneBy::Port, OnFailure::Stop);
        let mut ids = Vec::new();
        for _ in 0..10 {
            ids.extend(numbered(&host, 0, 10).await);
        }
        host.delivered("port", 100).await;
        assert_eq!(acks(&host).await, ids, "{adapter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b65_a_message_that_waits_for_its_retry_holds_up_its_lane() {
    let receiver = Receiver::start().await;
    let spec = PortSpec::http(&receiver, "/orders").retrying(3, Duration::from_millis(50));
    let host = host(wide(spec), LaneBy::Port, OnFailure::Stop);
    let failures = vec![Answer::Status(503), Answer::Closed, Answer::Status(429)];
    receiver.script("/orders", failures);
    numbered(&host, 0, 20).await;
    host.delivered("port", 20).await;
    let expected = [numbers(0..1), numbers(0..1), numbers(0..1), numbers(0..20)].concat();
    assert_eq!(bodies(&receiver, "/orders"), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn b66_b60_skipping_passes_the_failed_one_which_can_only_be_terminated() {
    let receiver = Receiver::start().await;
    let spec = PortSpec::http(&receiver, "/orders").retrying(1, SOON);
    let host = host(spec, LaneBy::Port, OnFailure::Skip);
    receiver.script("/orders", vec![Answer::Status(503); 2]);
    let ids = numbered(&host, 0, 5).await;
    host.delivered("port", 4).await;
    let expected = [numbers(0..1), numbers(0..5)].concat();
    assert_eq!(bodies(&receiver, "/orders"), expected);
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!((suspended.id, suspended.resumable), (ids[0], false));

    let resumed = host.resume(ids[0]).await;
    assert_eq!(resumed.refused, [(ids[0], Refusal::NotResumable)]);
    let text = resumed.refused[0].1.to_string();
    assert!(text.contains("terminate it"), "{text}");
    assert_eq!(host.discard(ids[0]).await.terminated, 1);
    let audit = host.audit().await;
    assert_eq!((audit.terminated, audit.suspended), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn b67_a_lane_stops_at_its_failure_until_a_person_decides() {
    let receiver = Receiver::start().await;
    let host = host(
        wide(PortSpec::http(&receiver, "/orders")),
        LaneBy::Port,
        OnFailure::Stop,
    );
    receiver.script("/orders", vec![Answer::Status(400); 2]);
    let ids = numbered(&host, 0, 5).await;
    let suspended = host.suspended(1).await.remove(0);
    assert_eq!((suspended.id, suspended.resumable), (ids[0], true));
    // New messages come behind the others and free nothing.
    numbered(&host, 5, 5).await;
    assert_eq!(host.counts("port").await.pending, 9);

    // Resumed, it is the first again. It fails again, and is given up.
    assert_eq!(host.resume(ids[0]).await.resumed, 1);
    host.suspended(1).await;
    assert_eq!(bodies(&receiver, "/orders"), ["0", "0"]);
    assert_eq!(host.discard(ids[0]).await.terminated, 1);
    host.delivered("port", 9).await;
    let expected = [numbers(0..1), numbers(0..10)].concat();
    assert_eq!(bodies(&receiver, "/orders"), expected);
}

/// A key is a lane: it keeps its order, and a stopped one holds up no other. Messages without one go freely.
#[tokio::test(flavor = "multi_thread")]
async fn b64_b67_every_key_is_a_lane_of_its_own() {
    const KEYS: [&str; 4] = ["a", "b", "c", "d"];
    let receiver = Receiver::start().await;
    let host = host(
        wide(PortSpec::http(&receiver, "/orders")),
        LaneBy::Key,
        OnFailure::Stop,
    );
    let first = message(&[("ordering-key", "a")], "a refused");
    receiver.script("/orders", [Answer::Status(400)]);
    let refused = host.publish_messages("port", vec![first]).await[0];
    host.suspended(1).await;
    let order = |n: usize| match KEYS.get(n % 5) {
        Some(key) => message(&[("ordering-key", key)], format!("{key} {n}")),
        None => message(&[], format!("- {n}")),
    };
    host.publish_messages("port", (0..200).map(order).collect())
        .await;
    host.delivered("port", 160).await;
    assert!(
        bodies(&receiver, "/orders")[1..]
            .iter()
            .all(|body| !body.starts_with('a')),
        "the lane a is stopped"
    );
    host.discard(refused).await;
    host.delivered("port", 200).await;
    let mut lanes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for body in &bodies(&receiver, "/orders")[1..] {
        let (key, number) = body.split_once(' ').expect("a key and a number");
        let number = number.parse().expect("a number");
        lanes.entry(key.to_owned()).or_default().push(number);
    }
    for key in KEYS {
        assert_eq!(lanes[key].len(), 40, "{key}");
        assert!(lanes[key].is_sorted(), "{key}: {:?}", lanes[key]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b70_a_dynamic_port_orders_by_address() {
    let receiver = Receiver::start().await;
    let host = Host::new();
    let spec = PortSpec {
        http: vec![receiver.url("/")],
        ..PortSpec::of("http-adapter")
    };
    let by_address = ordered(LaneBy::Address, OnFailure::Stop);
    host.start_dynamic(&[&wide(spec)], by_address);
    let paths = ["/a", "/b", "/c"];
    // The first at /a is not answered, so that all of /a waits for it.
    receiver.script("/a", [Answer::Held]);
    let addresses = paths.map(|path| receiver.url(path));
    let order = |n: usize| message(&[("address", &addresses[n % 3])], n.to_string());
    host.publish_messages("port", (0..90).map(order).collect())
        .await;
    host.delivered("port", 60).await;
    assert_eq!(bodies(&receiver, "/a"), ["0"]);
    receiver.release();
    host.delivered("port", 90).await;
    for (place, path) in paths.into_iter().enumerate() {
        let expected: Vec<_> = (place..90).step_by(3).map(|n| n.to_string()).collect();
        assert_eq!(bodies(&receiver, path), expected, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b71_a_blocked_ordered_port_holds_up_no_other() {
    let receiver = Receiver::start().await;
    receiver.script("/blocked", [Answer::Held]);
    let host = host(
        PortSpec::http(&receiver, "/blocked"),
        LaneBy::Port,
        OnFailure::Stop,
    );
    numbered(&host, 0, 10).await;
    receiver.has("/blocked", 1).await;
    let other = PortSpec {
        name: "other",
        ..PortSpec::http(&receiver, "/other")
    };
    host.start_with(&other, None, ordered(LaneBy::Port, OnFailure::Stop));
    let messages = (0..100).map(|n: usize| message(&[], n.to_string()));
    host.publish_messages("other", messages.collect()).await;
    host.delivered("other", 100).await;
    assert_eq!(bodies(&receiver, "/other"), numbers(0..100));
    assert_eq!(host.counts("port").await.delivered, 0);
    receiver.release();
    host.delivered("port", 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b69_a_port_in_order_has_no_backup() {
    let backup = "ordered = true\n[ports.orders.backup]\nadapter = \"http-adapter\"\n\
                  address = \"http://127.0.0.1:1/b\"";
    let site = Site::new(&port(
        "orders",
        "http-adapter",
        "http://127.0.0.1:1/a",
        backup,
    ));
    let refused = site.run(&["check", "sendport.toml"]).await;
    assert_ne!(refused.code, Some(0), "{refused:?}");
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(said.contains("has no backup transport"), "{said}");
}

/// B68, B103: killed in the middle, again and again. At the destination every key is in order: a message
/// may come twice, but never after one that was published later.
#[tokio::test(flavor = "multi_thread")]
async fn b68_b103_the_order_survives_kills() {
    const ROUNDS: usize = 6;
    let receiver = Receiver::start().await;
    let more =
        "ordered = { by = \"key\" }\ninstances = 2\nretry = { count = 20, interval = \"10ms\" }";
    let site = Site::new(&port(
        "orders",
        "http-adapter",
        &receiver.url("/orders"),
        more,
    ));
    for round in 0..ROUNDS {
        let host = site.start().await;
        let some = receiver.received("/orders").len() + 5 * round;
        receiver.script(
            "/orders",
            [Answer::Status(200), Answer::Status(503), Answer::Closed],
        );
        for n in 0..30 {
            let key = ["a", "b", "c"][n % 3];
            let properties = [("sendport-property-ordering-key", key)];
            let body = format!("{key} {}", 30 * round + n);
            let published = host.api.publish("orders", &properties, body).await;
            assert_eq!(published.status, 202, "{published:?}");
        }
        receiver.has("/orders", some).await;
        host.kill().await;
    }
    let host = site.start().await;
    host.api.delivered("orders", 30 * ROUNDS).await;
    let bodies = bodies(&receiver, "/orders");
    for key in ["a", "b", "c"] {
        let of_key = bodies.iter().filter_map(|body| body.strip_prefix(key));
        let arrived: Vec<usize> = of_key
            .map(|number| number.trim().parse().expect("a number"))
            .collect();
        assert!(arrived.is_sorted(), "{key}: {arrived:?}");
        let mut once = arrived;
        once.dedup();
        assert_eq!(once.len(), 10 * ROUNDS, "{key}: {once:?}");
    }
}

/// The messages in the order in which they were delivered.
async fn acks(host: &Host) -> Vec<MessageId> {
    let kept = host.kept("receipts").await;
    let about = kept.iter().map(|ack| ack.properties.get("correlation-id"));
    about
        .map(|id| id.expect("an ACK").parse().expect("an id"))
        .collect()
}
