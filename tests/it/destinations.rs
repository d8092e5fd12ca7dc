//! The HTTP adapters at a destination that does not answer as it should.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use crate::fixture::{Answer, Receiver, Site, port};

const ADAPTERS: [&str; 2] = ["http-adapter", "http-batch-adapter"];

/// A host with one port for each adapter, both at the same address and patient.
fn both(address: &str, more: &str) -> Site {
    let retry = "retry = { count = 1000, interval = \"50ms\" }";
    let ports =
        ADAPTERS.map(|adapter| port(adapter, adapter, address, &format!("{retry}\n{more}")));
    Site::new(&ports.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_is_down_gets_its_messages_when_it_is_up() {
    // Bound and not listening: the connection is refused, and nobody else can take the address.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    let site = both(&format!("http://{address}/orders"), "");
    let host = site.start().await;
    for adapter in ADAPTERS {
        host.api.accepted(adapter, "<order/>").await;
        host.api.failed(adapter, "http-connect").await;
        assert_eq!(host.api.port(adapter).await["stored"]["pending"], 1);
    }
    let receiver = Receiver::listen(socket.listen(64).expect("it listens"));
    for adapter in ADAPTERS {
        host.api.delivered(adapter, 1).await;
    }
    assert_eq!(receiver.received("/orders").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_closed_instead_of_an_answer_is_tried_again() {
    let receiver = Receiver::start().await;
    let site = both(&receiver.url("/orders"), "");
    let host = site.start().await;
    for adapter in ADAPTERS {
        receiver.script("/orders", [Answer::Closed, Answer::Closed]);
        host.api.accepted(adapter, "<order/>").await;
        host.api.delivered(adapter, 1).await;
        let running = host.api.port(adapter).await["running"].clone();
        assert_eq!(
            (&running["retried"], &running["last_error"]["code"]),
            (&2.into(), &"http-broken".into())
        );
    }
    assert_eq!(receiver.received("/orders").len(), 6);
}

/// Half a status line is no answer, and the message is tried again. A whole one is the answer, whatever
/// becomes of the rest.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_counts_if_its_status_has_arrived() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    let site = both(&format!("http://{address}/"), "");
    let host = site.start().await;
    for adapter in ADAPTERS {
        host.api.accepted(adapter, "<order/>").await;
        for answer in [
            "HTTP/1.1 20",
            "HTTP/1.1 200 OK\r\ncontent-length: 22\r\n\r\nhalf of it",
        ] {
            let (mut stream, _) = listener.accept().await.expect("the host connects");
            let mut request = Vec::new();
            while !request.ends_with(b"<order/>") {
                let read = stream.read_buf(&mut request).await.expect("the request");
                assert_ne!(read, 0, "the host closed the connection");
            }
            stream
                .write_all(answer.as_bytes())
                .await
                .expect("the host reads");
        }
        host.api.delivered(adapter, 1).await;
        assert_eq!(host.api.port(adapter).await["running"]["retried"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_in_time_is_asked_for_again() {
    let receiver = Receiver::start().await;
    let site = both(&receiver.url("/orders"), "config = { timeout = \"200ms\" }");
    let host = site.start().await;
    for adapter in ADAPTERS {
        receiver.script("/orders", [Answer::Held]);
        host.api.accepted(adapter, "<order/>").await;
        host.api.failed(adapter, "http-timeout").await;
        host.api.delivered(adapter, 1).await;
    }
    let received = receiver.received("/orders");
    assert_eq!(received[0].id(), received[1].id());
}

/// A destination that accepts connections and says nothing holds up its own port only.
#[tokio::test(flavor = "multi_thread")]
async fn b109_a_silent_destination_does_not_hold_up_the_others() {
    let receiver = Receiver::start().await;
    receiver.script("/silent", vec![Answer::Held; 100]);
    let ports = port("silent", "http-adapter", &receiver.url("/silent"), "")
        + &port("orders", "http-adapter", &receiver.url("/orders"), "");
    let site = Site::new(&format!("threads = 1\n{ports}"));
    let host = site.start().await;
    let lines: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    host.api.bulk("silent", &lines).await;
    // As many connections as one port may have are open and say nothing.
    receiver.has("/silent", 64).await;
    host.api.bulk("orders", &lines).await;
    host.api.delivered("orders", 100).await;
    assert_eq!(host.api.port("silent").await["stored"]["pending"], 100);
}
