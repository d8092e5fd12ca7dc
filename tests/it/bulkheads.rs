//! What ports do not share: instances, memory, threads, connections. One's trouble is nobody else's.

use std::collections::BTreeMap;
use std::time::Duration;

use message_box::NewMessage;

use crate::fixture::{Host, PortSpec, Receiver, message, until};

const PATIENT: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(200);

/// As many messages for the probe.
async fn probes(host: &Host, port: &str, probe: &str, count: usize) {
    let messages = (0..count).map(|_| message(&[("probe", probe)], "<order/>"));
    host.publish_messages(port, messages.collect()).await;
}

/// Better than the original, whose ports share an object: the code is one, the instances are the ports'.
#[tokio::test(flavor = "multi_thread")]
async fn b08_two_ports_of_one_adapter_share_its_code_and_nothing_else() {
    let host = Host::with(&PortSpec::probe());
    host.start(&PortSpec {
        name: "neighbour",
        ..PortSpec::probe()
    });
    // Each instance keeps what it is given until it is told otherwise, or terminated.
    for port in ["port", "neighbour"] {
        probes(&host, port, "late", 3).await;
        until("messages in the adapter", async || {
            (host.status(port).in_flight() == 3).then_some(())
        })
        .await;
        assert_eq!(host.status(port).instances(), 1);
    }
    let version = |port| host.status(port).transports[0].version.clone();
    assert_eq!(version("port"), version("neighbour"));

    probes(&host, "neighbour", "release", 1).await;
    host.delivered("neighbour", 4).await;
    let report = host.dispatcher.terminate_port("neighbour", PATIENT).await;
    report.expect("terminated");
    // Neither the other one's release nor its end has reached these.
    let status = host.status("port");
    assert_eq!((status.unresolved, status.delivered), (3, 0));
    probes(&host, "port", "release", 1).await;
    host.delivered("port", 4).await;
}

/// Better than the original, where it would hold the engine's threads: a port whose adapter computes
/// without end, in as many instances as there are threads and more, and is tried again for ever.
#[tokio::test(flavor = "multi_thread")]
async fn b17_an_adapter_that_computes_for_ever_holds_up_no_other_port() {
    for adapter in ["probe-adapter", "probe-sync-adapter"] {
        let spinning = PortSpec {
            instances: 4,
            ..PortSpec::of(adapter).retrying(1_000_000, Duration::ZERO)
        };
        let host = Host::with(&spinning);
        host.start(&PortSpec {
            name: "neighbour",
            ..PortSpec::of(adapter)
        });
        probes(&host, "port", "spin", 8).await;
        until("a spinning port", async || {
            (host.status("port").unresolved > 0).then_some(())
        })
        .await;
        probes(&host, "neighbour", "ok", 100).await;
        host.delivered("neighbour", 100).await;
        let counts = host.counts("port").await;
        assert_eq!((counts.delivered, counts.pending), (0, 8), "{adapter}");
        host.terminate(SHORT).await;
        host.audit().await;
    }
}

/// A neighbour that traps again and again: every other message is delivered once, at its first attempt.
#[tokio::test(flavor = "multi_thread")]
async fn b107_b109_traps_of_one_port_are_not_seen_on_another() {
    let host = Host::with(&PortSpec::probe().retrying(20, Duration::ZERO));
    host.start(&PortSpec {
        name: "neighbour",
        ..PortSpec::probe()
    });
    probes(&host, "port", "trap", 3).await;
    for _ in 0..10 {
        probes(&host, "neighbour", "pending-delete", 20).await;
    }
    host.delivered("neighbour", 200).await;
    let neighbour = host.status("neighbour");
    assert_eq!((neighbour.retried, neighbour.returned), (0, 0));
    assert_eq!(neighbour.transports[0].pool.instances_lost, 0);
    host.suspended(3).await;
}

/// B114: many messages for one endpoint at once, over shared connections and settings, in instances that
/// have many calls open. Every request is one message, whole, with its own headers and nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn b114_no_message_is_mixed_with_another() {
    const MESSAGES: usize = 500;
    for adapter in ["http-adapter", "http-batch-adapter", "wasi-http-adapter"] {
        let receiver = Receiver::start().await;
        let host = Host::with(&PortSpec {
            adapter,
            instances: 2,
            open_calls: 128,
            high_watermark: 512,
            ..PortSpec::http(&receiver, "/orders")
        });
        let messages: Vec<_> = (0..MESSAGES).map(order).collect();
        let ids = host.publish_messages("port", messages).await;
        host.delivered("port", MESSAGES as u64).await;
        let received = receiver.received("/orders");
        assert_eq!(received.len(), MESSAGES, "{adapter}");
        let bodies: BTreeMap<_, _> = received.iter().map(|r| (r.body.clone(), r)).collect();
        for (n, id) in ids.iter().enumerate() {
            let request = bodies.get(body(n).as_bytes());
            let request = request.unwrap_or_else(|| panic!("{adapter}: {n} is missing"));
            // The standard adapter knows nothing of properties and keys.
            if adapter == "wasi-http-adapter" {
                continue;
            }
            assert_eq!(request.id(), id.to_string(), "{adapter}: {n}");
            let own = n.to_string();
            assert_eq!(request.header("x-order"), Some(own.as_str()), "{adapter}");
            let kind = format!("text/x-{}", n % 7);
            assert_eq!(request.header("content-type"), Some(kind.as_str()));
            let odd = (n % 2 == 1).then_some("yes");
            assert_eq!(request.header("x-odd"), odd, "{adapter}: {n}");
        }
    }
}

fn order(n: usize) -> NewMessage {
    let (number, kind) = (n.to_string(), format!("text/x-{}", n % 7));
    let mut properties = vec![
        ("http.header.x-order", number.as_str()),
        ("content-type", kind.as_str()),
    ];
    if n % 2 == 1 {
        properties.push(("http.header.x-odd", "yes"));
    }
    message(&properties, body(n))
}

/// Of different lengths, so that a part of another one would show.
fn body(n: usize) -> String {
    format!("<order n=\"{n}\">{}</order>", "x".repeat(n * 37 % 4001))
}

/// B114, between ports: two ports of one adapter, each with headers of its own in its settings.
#[tokio::test(flavor = "multi_thread")]
async fn b114_no_setting_of_one_port_reaches_a_message_of_another() {
    let receiver = Receiver::start().await;
    let host = Host::new();
    let ports = ["one", "two", "three"];
    let paths = ["/one", "/two", "/three"];
    for (name, path) in ports.into_iter().zip(paths) {
        host.start(&PortSpec {
            name,
            endpoint: vec![("header.x-tenant".to_owned(), name.to_owned())],
            ..PortSpec::http(&receiver, path)
        });
    }
    for n in 0..10 {
        for port in ports {
            let messages = (0..10).map(|m| message(&[], format!("{port} {n} {m}")));
            host.publish_messages(port, messages.collect()).await;
        }
    }
    for (name, path) in ports.into_iter().zip(paths) {
        host.delivered(name, 100).await;
        for request in receiver.received(path) {
            assert_eq!(request.header("x-tenant"), Some(name));
            assert!(request.body.starts_with(format!("{name} ").as_bytes()));
        }
    }
}
