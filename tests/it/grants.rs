//! What an adapter may reach: what its port grants, and nothing else (B115).

use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::fixture::{Host, PortSpec, Receiver};

/// The standard client has the same grants as the host's own.
#[tokio::test(flavor = "multi_thread")]
async fn b115_standard_http_reaches_what_is_granted_and_nothing_else() {
    let receiver = Receiver::start().await;
    let host = Host::new();
    let spec = PortSpec {
        http: vec![receiver.url("/granted/")],
        ..PortSpec::of("wasi-http-adapter")
    };
    host.start_dynamic(&[&spec], |_| ());
    let [granted, denied] = ["/granted/1", "/secret"].map(|path| receiver.url(path));
    host.publish("port", &[&[("address", &granted)], &[("address", &denied)]])
        .await;
    host.delivered("port", 1).await;
    let error = host.suspended(1).await.remove(0).error;
    assert!(error.text.contains("Denied"), "{error}");
    assert_eq!(receiver.received("/secret").len(), 0);
}

/// A port that may connect there, and whose own address grants nothing.
fn mail(tcp: Vec<String>) -> PortSpec {
    let endpoint = [("from", "orders@example.org"), ("to", "sales@example.org")];
    let endpoint = endpoint.map(|(name, value)| (name.to_owned(), value.to_owned()));
    PortSpec {
        endpoint: endpoint.into(),
        tcp,
        ..PortSpec::of("smtp-adapter")
    }
}

/// A mail server that says that it is busy, which shows that it was reached. Listens until the test ends.
async fn busy_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The client may be gone already.
            stream.write_all(b"421 busy\r\n").await.ok();
        }
    });
    address.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_a_tcp_connection_that_is_not_granted_is_denied_and_named() {
    let server = busy_server().await;
    let elsewhere = busy_server().await;
    for (granted, code) in [
        (vec![], "tcp-denied"),
        (vec![elsewhere], "tcp-denied"),
        (vec![server.clone()], "smtp-421"),
    ] {
        let host = Host::new();
        let address = Arc::from(format!("smtp://{server}"));
        host.start_with(&mail(granted), None, |port| port.primary.address = address);
        host.publish("port", &[&[]]).await;
        let error = host.suspended(1).await.remove(0).error;
        assert_eq!(error.code.as_deref(), Some(code), "{error}");
        assert!(error.text.contains(&server), "{error}");
    }
}
