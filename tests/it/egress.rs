//! What leaves a sandbox: where names lead, where answers send a guest, how many connections there are,
//! and what is written down of it all.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::fixture::{Answer, Host, PortSpec, Receiver, Site, port, until};

const SOON: Duration = Duration::from_millis(5);

/// Resolvers read it as 127.0.0.1, and nothing that looks at names does.
const HIDDEN: &str = "127.1";
/// The same, for who takes digits at the end for a typing error.
const HIDDEN_FROM_TCP: &str = "0x7f000001";

/// A URL of the receiver that does not look like one of this machine.
fn hidden(receiver: &Receiver, path: &str) -> String {
    receiver.url(path).replace("127.0.0.1", HIDDEN)
}

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
            address: hidden(&receiver, "/orders"),
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
            address: hidden(&receiver, "/orders"),
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

/// A port of the SMTP adapter.
fn mail(server: &str) -> PortSpec {
    let endpoint = [("from", "orders@example.org"), ("to", "sales@example.org")];
    let endpoint = endpoint.map(|(name, value)| (name.to_owned(), value.to_owned()));
    PortSpec {
        endpoint: endpoint.into(),
        address: format!("smtp://{server}"),
        ..PortSpec::of("smtp-adapter")
    }
}

/// A mail server that is silent until it is released, and then says that it is busy.
struct BusyServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    released: watch::Sender<bool>,
}

impl BusyServer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let (connections, released) = (Arc::new(AtomicUsize::new(0)), watch::Sender::new(false));
        let (count, release) = (connections.clone(), released.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(say_busy(stream, release.subscribe()));
            }
        });
        Self {
            address,
            connections,
            released,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    fn release(&self) {
        self.released.send_replace(true);
    }
}

async fn say_busy(mut stream: TcpStream, mut released: watch::Receiver<bool>) {
    let mut heard = Vec::new();
    tokio::select! {
        // The client speaks second. If anything comes, it is the end of it.
        _ = stream.read_to_end(&mut heard) => return,
        released = released.wait_for(|released| *released) => drop(released),
    }
    // It may be gone already.
    stream.write_all(b"421 busy\r\n").await.ok();
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
            ..mail(&name)
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
    host.start_with(&mail("localhost:25"), None, |port| {
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
        hidden(&receiver, "/orders"),
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
        ..mail(&server.address.to_string())
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

/// The lines of an egress log about a port.
fn lines(file: &Path, port: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(file).expect("the log is there");
    let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"));
    let lines = text.lines().map(line);
    lines.filter(|line: &Value| line["port"] == port).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_goes_out_is_written_down_and_by_which_grant() {
    let receiver = Receiver::start().await;
    let closed = BusyServer::start().await;
    closed.release();
    let address = receiver.url("/orders?key=s3cret");
    let smtp = format!("smtp://{}", closed.address);
    let settings = "config = { from = \"a@example.org\", to = \"b@example.org\" }";
    let never = "retry = { count = 0 }";
    let ports = [
        port("client", "http-adapter", &address, never),
        port("batch", "http-batch-adapter", &address, never),
        port("standard", "wasi-http-adapter", &address, never),
        port(
            "mail",
            "smtp-adapter",
            &smtp,
            &format!("{never}\n{settings}"),
        ),
    ];
    let log = "egress-log = { file = \"logs/egress.jsonl\" }";
    let site = Site::new(&format!("{log}\n{}", ports.concat()));
    let host = site.start().await;
    let mut ids = Vec::new();
    for (nth, name) in ["client", "batch", "standard", "mail"]
        .into_iter()
        .enumerate()
    {
        ids.push(host.api.accepted(name, "<order/>").await);
        match name {
            "mail" => drop(host.api.suspended(name, 1).await),
            _ => host.api.delivered(name, 1).await,
        }
        assert_eq!(ids.len(), nth + 1);
    }
    host.terminate().await;

    let file = site.path("logs/egress.jsonl");
    for (name, way, id) in [
        ("client", "http-client", &ids[0]),
        ("batch", "http-client", &ids[1]),
        ("standard", "wasi-http", &ids[2]),
    ] {
        let [line] = &lines(&file, name)[..] else {
            panic!("{:?}", lines(&file, name));
        };
        let url = receiver.url("/orders");
        let told = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(told("message"), *id, "{line}");
        assert_eq!(
            (told("way"), told("method")),
            (way.to_owned(), "POST".to_owned())
        );
        assert_eq!((told("target"), told("rule")), (url.clone(), url), "{line}");
        assert_eq!(
            (told("address"), told("verdict")),
            ("127.0.0.1".to_owned(), "allowed".to_owned())
        );
        assert_eq!(
            (&line["bytes_out"], &line["bytes_in"]),
            (&Value::from(8), &Value::from(0))
        );
        assert_eq!(
            (&line["status"], &line["error"]),
            (&Value::from(200), &Value::Null)
        );
        assert!(told("adapter").contains(" sha256:"), "{line}");
        assert!(
            line["milliseconds"].is_number() && line["time"].is_string(),
            "{line}"
        );
    }
    let [line] = &lines(&file, "mail")[..] else {
        panic!("{:?}", lines(&file, "mail"));
    };
    let server = closed.address.to_string();
    assert_eq!(
        (&line["way"], &line["target"]),
        (&Value::from("tcp"), &Value::from(&*server))
    );
    assert_eq!(
        (&line["verdict"], &line["rule"]),
        (&Value::from("allowed"), &Value::from(&*server))
    );
    assert_eq!(line["message"], Value::from(&*ids[3]), "it was alone");
    let all = std::fs::read_to_string(&file).expect("the log is there");
    assert!(!all.contains("s3cret"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_what_is_denied_is_written_down_and_why() {
    let receiver = Receiver::start().await;
    let address = hidden(&receiver, "/orders");
    let server = BusyServer::start().await;
    let smtp = format!("smtp://{HIDDEN_FROM_TCP}:{}", server.address.port());
    let settings = "config = { from = \"a@example.org\", to = \"b@example.org\" }";
    let never = "retry = { count = 0 }";
    let ports = [
        port("client", "http-adapter", &address, never),
        port("standard", "wasi-http-adapter", &address, never),
        port(
            "mail",
            "smtp-adapter",
            &smtp,
            &format!("{never}\n{settings}"),
        ),
    ];
    let log = "egress-log = { file = \"egress.jsonl\", max-size = \"1MiB\", keep = 1 }";
    let site = Site::new(&format!("{log}\n{}", ports.concat()));
    let host = site.start().await;
    for (name, way, target, method) in [
        ("client", "http-client", "/orders", Value::from("POST")),
        ("standard", "wasi-http", "/orders", Value::from("POST")),
        ("mail", "tcp", ":", Value::Null),
    ] {
        let id = host.api.accepted(name, "<order/>").await;
        host.api.suspended(name, 1).await;
        let lines = until("a line about it", async || {
            let lines = lines(&site.path("egress.jsonl"), name);
            (!lines.is_empty()).then_some(lines)
        })
        .await;
        let [line] = &lines[..] else {
            panic!("{lines:?}");
        };
        assert_eq!(
            (&line["verdict"], &line["way"]),
            (&Value::from("denied"), &Value::from(way))
        );
        let rule = line["rule"].as_str().unwrap_or_default();
        assert!(rule.contains("127.0.0.1, a loopback address"), "{line}");
        assert!(
            line["target"].as_str().is_some_and(|t| t.contains(target)),
            "{line}"
        );
        assert_eq!(
            (&line["method"], &line["message"]),
            (&method, &Value::from(&*id))
        );
        assert_eq!(
            (&line["address"], &line["status"]),
            (&Value::from("127.0.0.1"), &Value::Null)
        );
        // And in the host's own log, for whoever does not know of the other one.
        host.complained(&format!("port={name} way={way}")).await;
    }
    assert_eq!((receiver.connections(), server.connections()), (0, 0));
}
