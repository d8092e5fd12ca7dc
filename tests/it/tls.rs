//! https: whom a port trusts, what it shows, and that none of it is shared.

use adapter_runtime::{Credentials, CredentialsBuilder, HttpGrant, Secret};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::fixture::{
    Answer, Authority, Clients, Handshake, Host, Identity, PortSpec, Receiver, acceptor, until,
};

const BOTH: &[&SupportedProtocolVersion] = &[&TLS12, &TLS13];

/// The adapters that send by HTTP, each in its own way.
const ADAPTERS: [&str; 3] = ["http-adapter", "http-batch-adapter", "wasi-http-adapter"];

fn credentials(set: impl FnOnce(&mut CredentialsBuilder)) -> Credentials {
    let mut builder = CredentialsBuilder::default();
    set(&mut builder);
    builder.build()
}

/// Trusts this authority only.
fn trusting(authority: &Authority) -> Credentials {
    credentials(|builder| trust(builder, authority))
}

fn trust(builder: &mut CredentialsBuilder, authority: &Authority) {
    builder
        .authorities(&authority.pem(), true)
        .expect("an authority");
}

fn show(builder: &mut CredentialsBuilder, client: &Identity) {
    let key = Secret::new(client.key.clone());
    let shown = builder.client_certificate(&client.certificate, &key);
    shown.expect("a certificate and its key");
}

fn port(adapter: &'static str, receiver: &Receiver, credentials: Credentials) -> PortSpec {
    PortSpec {
        address: receiver.url("/orders"),
        credentials,
        ..PortSpec::of(adapter)
    }
}

async fn server(server: &Identity, clients: Clients<'_>) -> Receiver {
    Receiver::start_tls(acceptor(server, clients, BOTH)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_an_authority_of_the_ports_own_is_reached() {
    let authority = Authority::new("ours");
    for adapter in ADAPTERS {
        let receiver = server(&authority.server(), Clients::Anybody).await;
        let host = Host::with(&port(adapter, &receiver, trusting(&authority)));
        host.publish_many("port", &[], 20).await;
        host.delivered("port", 20).await;
        let received = receiver.received("/orders");
        assert_eq!(received.len(), 20, "{adapter}");
        assert!(received.iter().all(|r| r.client.is_none()), "{adapter}");
    }
}

/// Beside those of the system: not instead of them.
#[tokio::test(flavor = "multi_thread")]
async fn an_authority_may_be_trusted_beside_those_of_the_system() {
    let authority = Authority::new("ours");
    let receiver = server(&authority.server(), Clients::Anybody).await;
    let beside = credentials(|builder| {
        let trusted = builder.authorities(&authority.pem(), false);
        trusted.expect("an authority");
    });
    let host = Host::with(&port("http-adapter", &receiver, beside));
    host.publish_many("port", &[], 1).await;
    host.delivered("port", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_authority_is_refused_with_what_to_do() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let receiver = server(&theirs.server(), Clients::Anybody).await;
    for trusted in [Credentials::default(), trusting(&ours)] {
        let host = Host::with(&port("http-adapter", &receiver, trusted));
        host.publish_many("port", &[], 1).await;
        let error = host.failure().await;
        for part in [
            "UnknownIssuer",
            "authority that is not trusted",
            "authorities = ",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
    let host = Host::with(&port("wasi-http-adapter", &receiver, trusting(&ours)));
    host.publish_many("port", &[], 1).await;
    let error = host.failure().await;
    assert!(error.contains("TlsCertificateError"), "{error}");
    assert_eq!(receiver.received("/orders").len(), 0);
    assert_eq!(receiver.handshakes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_name_is_refused() {
    let authority = Authority::new("ours");
    let other = authority.server_of("other.example");
    let receiver = server(&other, Clients::Anybody).await;
    let host = Host::with(&port("http-adapter", &receiver, trusting(&authority)));
    host.publish_many("port", &[], 1).await;
    let error = host.failure().await;
    assert!(error.contains("for another name"), "{error}");
    assert_eq!(receiver.received("/orders").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_a_certificate_gets_that_of_the_port() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("theirs"));
    let client = clients.client("orders");
    for adapter in ADAPTERS {
        for version in BOTH {
            let demands = Clients::MustShow(&clients);
            let tls = acceptor(&authority.server(), demands, &[version]);
            let receiver = Receiver::start_tls(tls).await;
            let host = Host::with(&port(adapter, &receiver, trusting(&authority)));
            host.publish_many("port", &[], 1).await;
            let error = host.failure().await;
            if adapter != "wasi-http-adapter" {
                assert!(
                    error.contains("client-certificate = "),
                    "{version:?}: {error}"
                );
            }
            assert_eq!(receiver.received("/orders").len(), 0);

            let shown = credentials(|builder| {
                trust(builder, &authority);
                show(builder, &client);
            });
            let host = Host::with(&port(adapter, &receiver, shown));
            host.publish_many("port", &[], 1).await;
            host.delivered("port", 1).await;
            let received = receiver.received("/orders").remove(0);
            assert_eq!(received.client, Some(client.der()), "{adapter} {version:?}");
        }
    }
}

#[test]
fn a_certificate_and_the_key_of_another_are_refused() {
    let authority = Authority::new("ours");
    let (one, other) = (authority.client("one"), authority.client("other"));
    let mut builder = CredentialsBuilder::default();
    let mut show = |certificate: &str, key: &str| {
        let shown = builder.client_certificate(certificate, &Secret::new(key.to_owned()));
        shown.map_err(|error| error.to_string())
    };
    assert_eq!(show(&one.certificate, &one.key), Ok(()));
    let mixed = show(&one.certificate, &other.key).expect_err("the key is another's");
    assert!(mixed.contains("cannot be used"), "{mixed}");
    let no_key = show(&one.certificate, &one.certificate).expect_err("there is no key");
    assert!(no_key.contains("not a private key in PEM"), "{no_key}");
    let no_certificate = show(&one.key, &one.key).expect_err("there is no certificate");
    assert!(
        no_certificate.contains("no certificate"),
        "{no_certificate}"
    );
}

/// One host, two paths of it: what is not covered goes over connections of its own, without a name.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_port_shows_is_for_the_urls_it_is_meant_for_and_no_other() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("theirs"));
    let client = clients.client("orders");
    for adapter in ADAPTERS {
        let receiver = server(&authority.server(), Clients::MayShow(&clients)).await;
        let covered = |path: &str| HttpGrant::parse(&receiver.url(path)).expect("a URL");
        let shown = credentials(|builder| {
            trust(builder, &authority);
            show(builder, &client);
            let token = Secret::new("t0ken".to_owned());
            builder.bearer(&token).expect("a token");
            builder.cover(covered("/covered"));
        });
        let host = Host::new();
        let spec = PortSpec {
            http: vec![receiver.url("/")],
            credentials: shown,
            ..PortSpec::of(adapter)
        };
        host.start_dynamic(&[&spec], |_| ());
        let [covered, other] = ["/covered", "/other"].map(|path| receiver.url(path));
        let addresses = [&covered, &other, &covered, &other];
        let messages = addresses.map(|address| [("address", address.as_str())]);
        let messages: Vec<&[_]> = messages.iter().map(<[_; 1]>::as_slice).collect();
        host.publish("port", &messages).await;
        host.delivered("port", 2).await;
        for received in receiver.received("/covered") {
            assert_eq!(received.header("authorization"), Some("Bearer t0ken"));
            assert_eq!(received.client, Some(client.der()));
        }
        assert_eq!(receiver.received("/covered").len(), 2);
        // The authority is trusted where the credentials are for, and nowhere else.
        assert_eq!(host.suspended(2).await.len(), 2);
        assert_eq!(receiver.received("/other").len(), 0);
    }
}

/// Ports have sessions of their own: a destination cannot tell from one that it knows the other.
#[tokio::test(flavor = "multi_thread")]
async fn tls_sessions_are_resumed_within_a_port_and_never_shared_between_ports() {
    let authority = Authority::new("ours");
    for version in BOTH {
        let tls = acceptor(&authority.server(), Clients::Anybody, &[version]);
        let receiver = Receiver::start_tls(tls).await;
        // A connection per message, so that every message is a handshake.
        let closing = || Answer::With(200, vec![("connection", "close")]);
        receiver.script("/orders", (0..100).map(|_| closing()));
        let host = Host::new();
        let spec = port("http-adapter", &receiver, trusting(&authority));
        host.start(&spec);
        let neighbour = PortSpec {
            name: "neighbour",
            ..spec
        };
        host.start(&neighbour);
        let mut expected = Vec::new();
        for (name, nth, handshake) in [
            ("port", 1, Handshake::Full),
            ("port", 2, Handshake::Resumed),
            ("neighbour", 1, Handshake::Full),
            ("neighbour", 2, Handshake::Resumed),
            ("port", 3, Handshake::Resumed),
        ] {
            host.publish_many(name, &[], 1).await;
            host.delivered(name, nth).await;
            expected.push(handshake);
            let handshakes = until("a handshake for every message", async || {
                let handshakes = receiver.handshakes();
                (handshakes.len() >= expected.len()).then_some(handshakes)
            });
            assert_eq!(handshakes.await, expected, "{version:?}");
        }
    }
}
