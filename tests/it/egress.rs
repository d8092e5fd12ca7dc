//! Where a sandbox's requests and connections may lead: names, redirects, look-ups.

use std::sync::Arc;

use crate::fixture::{Answer, BusyServer, HIDDEN_FROM_TCP, Host, PortSpec, Receiver};

fn granted(networks: &[&str]) -> Vec<String> {
    networks.iter().map(|&network| network.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_a_name_that_leads_to_this_machine_is_denied_over_http() {
    for (adapter, code) in [
        ("http-adapter", "http-denied"),
        ("http-batch-adapter", "http-denied"),
        ("wasi-http-adapter", "http-no-answer"),
    ] {
        let receiver = Receiver::start().await;
        let host = Host::with(&PortSpec {
            adapter,
            address: receiver.hidden("/orders"),
            // Not of use to anybody who is at home.
            networks: granted(&["private", "link-local", "10.0.0.0/8"]),
            ..PortSpec::probe()
        });
        host.publish("port", &[&[]]).await;
        let error = host.suspended(1).await.remove(0).error;
        assert_eq!(error.code.as_deref(), Some(code), "{adapter}: {error}");
        let told = match adapter {
            "wasi-http-adapter" => "HttpRequestDenied",
            _ => "127.1 is at 127.0.0.1, a loopback address",
        };
        assert!(error.text.contains(told), "{adapter}: {error}");
        if code == "http-denied" {
            let advice = "networks = [\"127.0.0.1/32\"]";
            assert!(error.text.contains(advice), "{error}");
        }
        assert_eq!(receiver.connections(), 0, "{adapter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_a_port_grants_is_reached_by_name() {
    for network in ["loopback", "127.0.0.0/8", "127.0.0.1"] {
        let receiver = Receiver::start().await;
        let host = Host::with(&PortSpec {
            address: receiver.hidden("/orders"),
            networks: granted(&["10.0.0.0/8", network]),
            ..PortSpec::of("http-adapter")
        });
        host.publish("port", &[&[]]).await;
        host.delivered("port", 1).await;
    }
}

/// Who writes localhost, or an address, means it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_for_what_it_is_needs_no_network() {
    let receiver = Receiver::start().await;
    let localhost = receiver.url("/orders").replace("127.0.0.1", "localhost");
    for address in [localhost, receiver.url("/orders")] {
        let host = Host::with(&PortSpec {
            address,
            ..PortSpec::of("http-adapter")
        });
        host.publish("port", &[&[]]).await;
        host.delivered("port", 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_a_name_that_leads_to_this_machine_is_denied_over_tcp() {
    let server = BusyServer::start().await;
    server.release();
    let name = format!("{HIDDEN_FROM_TCP}:{}", server.address.port());
    for (networks, code, connections) in [
        (granted(&["private"]), "tcp-denied", 0),
        (granted(&["loopback"]), "smtp-421", 1),
    ] {
        let host = Host::with(&PortSpec {
            networks,
            ..BusyServer::port_to(&name)
        });
        host.publish("port", &[&[]]).await;
        let error = host.suspended(1).await.remove(0).error;
        assert_eq!(error.code.as_deref(), Some(code), "{error}");
        assert_eq!(server.connections(), connections, "{error}");
    }
}

/// A name server belongs to whoever owns the name: what is asked there has left the sandbox.
#[tokio::test(flavor = "multi_thread")]
async fn b115_only_granted_names_are_looked_up() {
    let host = Host::new();
    let elsewhere = Arc::from("smtp://secret.example.org:25");
    host.start_with(&BusyServer::port_to("localhost:25"), None, |port| {
        port.primary.address = elsewhere;
    });
    host.publish("port", &[&[]]).await;
    let error = host.suspended(1).await.remove(0).error;
    assert_eq!(error.code.as_deref(), Some("tcp-denied"), "{error}");
    assert!(error.text.contains("secret.example.org"), "{error}");
}

/// The host's own client follows none: a redirect is an answer like others.
#[tokio::test(flavor = "multi_thread")]
async fn b115_the_host_follows_no_redirect() {
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    let location: &'static str = elsewhere.url("/secret").leak();
    receiver.script("/orders", [Answer::With(307, vec![("location", location)])]);
    let host = Host::with(&PortSpec {
        // Even where it might.
        http: vec![elsewhere.url("/")],
        ..PortSpec::http(&receiver, "/orders")
    });
    host.publish("port", &[&[]]).await;
    let error = host.suspended(1).await.remove(0).error;
    assert_eq!(error.code.as_deref(), Some("http-307"), "{error}");
    assert_eq!(elsewhere.connections(), 0);
}

/// A guest that follows one makes a request that is judged like every other.
#[tokio::test(flavor = "multi_thread")]
async fn b115_a_redirect_that_a_guest_follows_is_checked_again() {
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    let denied = [
        elsewhere.url("/secret"),
        receiver.url("/not-granted"),
        receiver.hidden("/orders"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://metadata.google.internal/".to_owned(),
    ];
    let locations = denied.iter().map(|location| &*location.clone().leak());
    let answers = locations.map(|location| Answer::With(302, vec![("location", location)]));
    receiver.script("/orders", answers);
    let host = Host::with(&PortSpec {
        adapter: "wasi-http-adapter",
        ..PortSpec::http(&receiver, "/orders")
    });
    host.publish_many("port", &[], denied.len()).await;
    for suspended in host.suspended(denied.len()).await {
        let text = suspended.error.text;
        assert!(text.contains("HttpRequestDenied"), "{text}");
    }
    assert_eq!(receiver.received("/orders").len(), denied.len());
    assert_eq!(elsewhere.connections(), 0);

    // One that leads to what is granted is followed.
    let location: &'static str = receiver.url("/orders/moved").leak();
    receiver.script("/orders", [Answer::With(302, vec![("location", location)])]);
    host.publish("port", &[&[]]).await;
    host.delivered("port", 1).await;
    assert_eq!(receiver.received("/orders/moved").len(), 1);
}
