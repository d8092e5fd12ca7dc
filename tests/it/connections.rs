//! Connections of a port: how many it uses at once, and that no other one uses them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use crate::fixture::{Answer, BusyServer, Host, PortSpec, Receiver, until};

const SOON: Duration = Duration::from_millis(5);

/// Over all instances, threads and pools of the port: one that is full holds up the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_uses_no_more_connections_at_once_than_it_may() {
    const MESSAGES: usize = 60;
    for adapter in ["http-adapter", "http-batch-adapter", "wasi-http-adapter"] {
        let receiver = Receiver::start().await;
        // Whoever may come is here then, and whoever may not would be as well.
        receiver.script("/orders", vec![Answer::Held; MESSAGES]);
        let host = Host::with(&PortSpec {
            adapter,
            connections: 3,
            instances: 4,
            // Each of them gets some.
            open_calls: 8,
            ..PortSpec::http(&receiver, "/orders")
        });
        host.publish_many("port", &[], MESSAGES).await;
        receiver.has("/orders", 3).await;
        until("a busy adapter", async || {
            (host.status("port").in_flight() == MESSAGES).then_some(())
        })
        .await;
        receiver.release();
        host.delivered("port", MESSAGES as u64).await;
        assert_eq!(receiver.most_under_way(), 3, "{adapter}");
    }
}

/// Those of `wasi:sockets` are refused, and the adapter is told why. The adapter keeps nothing but the
/// streams of a connection: they count.
#[tokio::test(flavor = "multi_thread")]
async fn a_tcp_connection_too_many_is_refused_until_another_ends() {
    let server = BusyServer::start().await;
    let host = Host::with(&PortSpec {
        connections: 1,
        ..BusyServer::port_to(&server.address.to_string())
    });
    host.publish("port", &[&[]]).await;
    until("a connection", async || {
        (server.connections() == 1).then_some(())
    })
    .await;
    host.publish("port", &[&[]]).await;
    let error = host.suspended(1).await.remove(0).error;
    let told = "all 1 connections of the port are in use";
    assert!(error.text.contains(told), "{error}");
    assert_eq!(server.connections(), 1);

    // Its connection is free when the first one has ended.
    server.release();
    host.suspended(2).await;
    until("another connection", async || {
        host.publish("port", &[&[]]).await;
        (server.connections() > 1).then_some(())
    })
    .await;
}

fn peers(receiver: &Receiver, path: &str) -> BTreeSet<SocketAddr> {
    let received = receiver.received(path);
    received.into_iter().map(|request| request.peer).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_two_ports_of_one_adapter_share_no_connection() {
    for adapter in ["http-adapter", "wasi-http-adapter"] {
        let receiver = Receiver::start().await;
        let host = Host::new();
        for (name, path) in [("one", "/one"), ("two", "/two")] {
            host.start(&PortSpec {
                name,
                adapter,
                ..PortSpec::http(&receiver, path)
            });
        }
        // In turn, so that each finds the other's connection unused.
        for count in 1..=5 {
            for name in ["one", "two"] {
                host.publish(name, &[&[]]).await;
                host.delivered(name, count).await;
            }
        }
        let [one, two] = ["/one", "/two"].map(|path| peers(&receiver, path));
        assert!(one.is_disjoint(&two), "{adapter}: {one:?} {two:?}");
        assert!(one.len() < 5, "they are kept: {one:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_a_ports_primary_and_backup_share_no_connection() {
    let receiver = Receiver::start().await;
    receiver.script("/primary", vec![Answer::Status(503); 5]);
    let host = Host::new();
    let primary = PortSpec::http(&receiver, "/primary").retrying(0, SOON);
    let backup = PortSpec::http(&receiver, "/backup");
    host.start_with(&primary, Some(&backup), |_| ());
    for count in 1..=5 {
        host.publish("port", &[&[]]).await;
        host.delivered("port", count).await;
    }
    let [primary, backup] = ["/primary", "/backup"].map(|path| peers(&receiver, path));
    assert!(primary.is_disjoint(&backup), "{primary:?} {backup:?}");
}
