//! Secrets are named and never handed over: a destination sees what the adapter does not, and nothing that
//! the host writes down holds a value.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use adapter_runtime::{CredentialsBuilder, HttpGrant, Secret, Secrets};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::fixture::{
    Answer, Authority, BAD_INPUT, Clients, Host, PortSpec, Received, Receiver, Site, acceptor,
    message, port,
};

const TOKEN: &str = "t0ken-of-the-orders-8d1f";
const API_KEY: &str = "k3y-of-the-orders-55aa";
/// Two keys of 32 bytes, the old and the new one.
const OLD: &str = "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xkb2w=";
const NEW: &str = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU=";

/// The signatures that a request has, as its receiver finds out with a key that it knows.
fn verified(received: &Received, key: &str) -> usize {
    let key = STANDARD
        .decode(key.trim_start_matches("whsec_"))
        .expect("base64");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let content = signed_content(received);
    let verifies = |signature: &Vec<u8>| hmac::verify(&key, &content, signature).is_ok();
    signatures(received, "v1")
        .iter()
        .filter(|s| verifies(s))
        .count()
}

fn signed_content(received: &Received) -> Vec<u8> {
    let header = |name| {
        received
            .header(name)
            .unwrap_or_else(|| panic!("{name} is missing"))
    };
    let begin = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp"));
    [begin.as_bytes(), &received.body].concat()
}

fn signatures(received: &Received, version: &str) -> Vec<Vec<u8>> {
    let all = received
        .header("webhook-signature")
        .unwrap_or_default()
        .split(' ');
    let of_version = all.filter_map(|one| one.split_once(','));
    of_version
        .filter(|(its, _)| *its == version)
        .map(|(_, signature)| STANDARD.decode(signature).expect("base64"))
        .collect()
}

/// A site whose secrets come from a file, the environment and a command. `credentials` are those of the
/// port `orders`, and `more` further lines of it.
fn site(adapter: &str, receiver: &Receiver, credentials: &str, more: &str) -> Site {
    let retry = "retry = { count = 20, interval = \"50ms\" }";
    let lines = format!("{retry}\ncredentials = {credentials}\n{more}");
    let orders = port("orders", adapter, &receiver.url("/orders"), &lines);
    let site = Site::new(&format!("{SECRETS}{orders}"))
        .with_variable("SENDPORT_TEST_API_KEY", API_KEY)
        .with_variable("SENDPORT_LOG", "trace");
    site.write("token", format!("{TOKEN}\n"));
    site.write("old-key", OLD);
    site.write("new-key", NEW);
    site
}

const SECRETS: &str = r#"
[secrets.token]
file = "token"
[secrets.api-key]
env = "SENDPORT_TEST_API_KEY"
[secrets.old-key]
command = ["cat", "old-key"]
[secrets.new-key]
file = "new-key"
"#;

const ALL: &str = "{ authorization = { bearer = \"token\" }, headers = { x-api-key = \"api-key\" }, \
                   webhook-signature = { keys = [\"old-key\", \"new-key\"] } }";

fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    since_1970.expect("it is after 1970").as_secs()
}

/// Standard HTTP knows nothing of messages: its requests are signed when there is one message at a time.
#[tokio::test(flavor = "multi_thread")]
async fn a_destination_sees_what_the_adapter_does_not_and_verifies_it() {
    for (adapter, more) in [
        (
            "http-adapter",
            "config = { header.authorization = \"guest\", header.x-api-key = \"guest\" }",
        ),
        ("http-batch-adapter", ""),
        ("wasi-http-adapter", "open-calls = 1"),
    ] {
        let receiver = Receiver::start().await;
        receiver.script("/orders", [Answer::Status(503), Answer::Status(503)]);
        let site = site(adapter, &receiver, ALL, more);
        let before = now();
        let host = site.start().await;
        let id = host.api.accepted("orders", "<order/>").await;
        host.api.delivered("orders", 1).await;
        let received = receiver.received("/orders");
        assert_eq!(received.len(), 3, "{adapter}");
        for attempt in &received {
            assert_eq!(attempt.body, b"<order/>");
            let bearer = format!("Bearer {TOKEN}");
            for (name, value) in [
                ("authorization", bearer.as_str()),
                ("x-api-key", API_KEY),
                ("webhook-id", id.as_str()),
            ] {
                let values: Vec<_> = attempt.headers.get_all(name).iter().collect();
                assert_eq!(values, [value], "{adapter} {name}");
            }
            assert_eq!(signatures(attempt, "v1").len(), 2, "{adapter}");
            assert_eq!(
                (verified(attempt, OLD), verified(attempt, NEW)),
                (1, 1),
                "{adapter}"
            );
            let timestamp = attempt.header("webhook-timestamp").expect("a timestamp");
            let timestamp: u64 = timestamp.parse().expect("seconds");
            assert!(
                (before..=now()).contains(&timestamp),
                "{adapter}: {timestamp}"
            );
        }
        let url = host.api.url().to_owned();
        let status = site.run(&["status", "--json", "--url", &url]).await;
        assert_eq!(status.code, Some(0), "{status:?}");
        let ended = host.terminate().await;
        written_down_nowhere(&site, &[&status.stdout, &ended.stdout, &ended.stderr]);
    }
}

/// The message box, the cache of compiled adapters, logs and answers: only where the secrets come from.
#[track_caller]
fn written_down_nowhere(site: &Site, said: &[&str]) {
    let mut files = Vec::new();
    collect(&site.path("."), &mut files);
    let sources = ["token", "old-key", "new-key"].map(|name| site.path("./").join(name));
    let contents = files
        .iter()
        .filter(|file| !sources.contains(file))
        .map(|file| (file.display().to_string(), fs::read(file).expect("a file")));
    let said = said
        .iter()
        .map(|text| ("an answer".to_owned(), text.as_bytes().to_owned()));
    let all: Vec<_> = contents.chain(said).collect();
    assert!(
        all.iter().any(|(name, _)| name.ends_with("box.sqlite")),
        "{files:?}"
    );
    for (name, content) in all {
        for secret in [TOKEN, API_KEY, &OLD[6..], &NEW[6..]] {
            // In the encodings in which a header could have come along.
            for form in [secret.to_owned(), STANDARD.encode(secret)] {
                let found = content.windows(form.len()).any(|w| w == form.as_bytes());
                assert!(!found, "{name} holds {form}");
            }
        }
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
}

/// Both keys for a while, then only the new one: no request in between that a receiver cannot verify.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_changed_without_a_gap() {
    let receiver = Receiver::start().await;
    let keys = |names: &str| format!("{{ webhook-signature = {{ keys = [{names}] }} }}");
    for (nth, names, by_old, by_new) in [
        (1, "\"old-key\"", 1, 0),
        (2, "\"old-key\", \"new-key\"", 1, 1),
        (3, "\"new-key\"", 0, 1),
    ] {
        let site = site("http-adapter", &receiver, &keys(names), "");
        let host = site.start().await;
        host.api.accepted("orders", "<order/>").await;
        host.api.delivered("orders", 1).await;
        let received = receiver.has("/orders", nth).await.remove(nth - 1);
        assert_eq!(
            (verified(&received, OLD), verified(&received, NEW)),
            (by_old, by_new)
        );
    }
}

/// The program makes a pair of keys; one half signs, the other verifies. Then a symmetric one.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_program_makes_sign_what_the_receiver_verifies() {
    let receiver = Receiver::start().await;
    let credentials = "{ webhook-signature = { keys = [\"new-key\", \"old-key\"] } }";
    let site = site("http-adapter", &receiver, credentials, "");
    let made = site
        .run(&["secret", "generate-webhook-key", "--asymmetric"])
        .await;
    let (private, public) = made.stdout.split_once('\n').expect("two lines");
    assert!(private.starts_with("whsk_"), "{private}");
    let public = public
        .trim_end()
        .strip_prefix("whpk_")
        .expect("a public key");
    let made = site.run(&["secret", "generate-webhook-key"]).await;
    let symmetric = made.stdout.trim_end();
    assert!(symmetric.starts_with("whsec_"), "{symmetric}");
    site.write("new-key", private);
    site.write("old-key", symmetric);
    let host = site.start().await;
    host.api.accepted("orders", "<order/>").await;
    host.api.delivered("orders", 1).await;
    let received = receiver.received("/orders").remove(0);
    assert_eq!(verified(&received, symmetric), 1);
    let public = STANDARD.decode(public).expect("base64");
    let public = UnparsedPublicKey::new(&ED25519, public);
    let [signature] = signatures(&received, "v1a")
        .try_into()
        .expect("one signature");
    assert!(
        public
            .verify(&signed_content(&received), &signature)
            .is_ok()
    );
}

/// Larger than what is kept in memory for a message: read from the box in pieces, twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_signed_without_being_held() {
    let receiver = Receiver::start().await;
    let credentials = "{ webhook-signature = { keys = [\"old-key\"] } }";
    let site = site("http-adapter", &receiver, credentials, "");
    let host = site.start().await;
    let body: Vec<u8> = (0..5_000_000_u32)
        .map(|n| (n % 251).to_le_bytes()[0])
        .collect();
    host.api.accepted("orders", body.clone()).await;
    host.api.delivered("orders", 1).await;
    let received = receiver.received("/orders").remove(0);
    assert_eq!(received.size, 5_000_000);
    // The receiver keeps only the beginning.
    let received = Received { body, ..received };
    assert_eq!(verified(&received, OLD), 1);
}

/// A body that has to be in memory to be signed, and is too large: it fails for good, saying what to do.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_signed_is_not_sent() {
    let receiver = Receiver::start().await;
    let keys = |keys: &[&str]| {
        let mut builder = CredentialsBuilder::default();
        for key in keys {
            builder
                .webhook_key(&Secret::new((*key).to_owned()))
                .expect("a key");
        }
        builder.build()
    };
    let asymmetric = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";
    for (adapter, keys, reason) in [
        ("http-adapter", keys(&[OLD, asymmetric]), "whsec_"),
        (
            "wasi-http-adapter",
            keys(&[OLD]),
            "HttpRequestBodySize(Some(1048576))",
        ),
    ] {
        let host = Host::with(&PortSpec {
            address: receiver.url("/orders"),
            credentials: keys,
            open_calls: 1,
            ..PortSpec::of(adapter)
        });
        let large = message(&[], vec![b'x'; 1024 * 1024 + 1]);
        let fits = message(&[], vec![b'x'; 1024 * 1024]);
        host.publish_messages("port", vec![large]).await;
        let error = host.failure().await;
        assert!(error.contains(reason), "{adapter}: {error}");
        assert_eq!(receiver.received("/orders").len(), 0, "{adapter}");
        host.publish_messages("port", vec![fits]).await;
        host.delivered("port", 1).await;
        let sent = receiver.received("/orders").len();
        assert_eq!(sent, 1, "{adapter}");
        receiver.forget("/orders");
    }
}

/// In an instance with several messages nobody knows which one a request of `wasi:http` is about.
#[tokio::test(flavor = "multi_thread")]
async fn standard_http_requests_that_could_be_about_any_message_are_refused() {
    let receiver = Receiver::start().await;
    let mut builder = CredentialsBuilder::default();
    builder
        .webhook_key(&Secret::new(OLD.to_owned()))
        .expect("a key");
    let spec = PortSpec {
        address: receiver.url("/orders"),
        credentials: builder.build(),
        ..PortSpec::of("wasi-http-adapter")
    };
    let host = Host::with(&spec);
    host.publish_many("port", &[], 50).await;
    let suspended = crate::fixture::until("all messages", async || {
        let counts = host.counts("port").await;
        (counts.delivered + counts.suspended == 50).then_some(counts.suspended)
    });
    assert!(suspended.await > 0);
    for message in host.suspended(1).await {
        for part in ["the request was not signed", "open-calls = 1"] {
            assert!(message.error.text.contains(part), "{}", message.error);
        }
    }
    // What was sent was about one message, and is signed as that one.
    for received in receiver.received("/orders") {
        assert_eq!(verified(&received, OLD), 1);
    }
}

/// Also by an adapter that may reach more than its own address.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_do_not_go_to_further_hosts() {
    let receiver = Receiver::start().await;
    for adapter in ["http-adapter", "http-batch-adapter", "wasi-http-adapter"] {
        let mut builder = CredentialsBuilder::default();
        builder
            .bearer(&Secret::new(TOKEN.to_owned()))
            .expect("a token");
        builder.cover(HttpGrant::parse(&receiver.url("/covered")).expect("a URL"));
        let spec = PortSpec {
            http: vec![receiver.url("/")],
            credentials: builder.build(),
            ..PortSpec::of(adapter)
        };
        let host = Host::new();
        host.start_dynamic(&[&spec], |_| ());
        let addresses = ["/covered", "/covered/below", "/other", "/covered-not"];
        let urls = addresses.map(|path| receiver.url(path));
        for url in &urls {
            host.publish("port", &[&[("address", url)]]).await;
        }
        host.delivered("port", 4).await;
        for (path, is_covered) in addresses.iter().zip([true, true, false, false]) {
            let received = receiver.has(path, 1).await.remove(0);
            let authorization = received.header("authorization");
            assert_eq!(authorization.is_some(), is_covered, "{adapter} {path}");
            receiver.forget(path);
        }
    }
}

/// The certificate as well: another path of the same server is asked over a connection of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_from_secrets_is_shown_where_it_is_meant_for() {
    let (authority, clients) = (Authority::new("ours"), Authority::new("theirs"));
    let client = clients.client("orders");
    let both: &[_] = &[&rustls::version::TLS12, &rustls::version::TLS13];
    let may_show = Clients::MayShow(&clients);
    let tls = acceptor(&authority.server(), may_show, both);
    let receiver = Receiver::start_tls(tls).await;
    let (covered, other) = (receiver.url("/covered"), receiver.url("/other"));
    // The whole system trusts the authority, so that all of the server can be reached.
    let site = Site::new(&format!(
        r#"
[secrets.client-key]
file = "client.key"
[ports.any]
dynamic = true
grants = {{ http = ["{other}", "{covered}"] }}
credentials = {{ for = ["{covered}"], client-certificate = {{ certificate = "client.pem", key = "client-key" }} }}
[adapters.http-adapter]
component = "{}"
"#,
        crate::fixture::component("http-adapter").display()
    ));
    site.write("client.pem", &client.certificate);
    site.write("client.key", &client.key);
    site.write("system.pem", authority.pem());
    let trust = site.path("system.pem").display().to_string();
    let site = site.with_variable("SSL_CERT_FILE", trust);
    let host = site.start().await;
    for address in [&covered, &other, &covered, &other] {
        site.write("order.xml", "<order/>");
        let address = format!("address={address}");
        let url = host.api.url().to_owned();
        let arguments = [
            "publish",
            "any",
            "order.xml",
            "--property",
            &address,
            "--url",
            &url,
        ];
        let published = site.run(&arguments).await;
        assert_eq!(published.code, Some(0), "{published:?}");
    }
    host.api.delivered("any", 4).await;
    let shown = |path| -> Vec<_> {
        let received = receiver.received(path).into_iter();
        received.map(|received| received.client).collect()
    };
    assert_eq!(shown("/covered"), [Some(client.der()), Some(client.der())]);
    assert_eq!(shown("/other"), [None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn read_another_ports_secret() {
    let secret = |name: &str| (name.to_owned(), Secret::new(format!("s3cret of {name}")));
    let secrets: Secrets = ["ours", "theirs"].map(secret).into_iter().collect();
    let port = |name, granted: &[&str]| PortSpec {
        name,
        secrets: secrets.grant(granted.iter().copied()),
        ..PortSpec::of("secret-adapter")
    };
    for (granted, asked, told) in [
        (&["ours"][..], "ours", "the secret is \"s3cret of ours\""),
        (&["ours"], "theirs", "does not grant a secret of this name"),
        // Whether there is one is not said.
        (&["ours"], "nobodys", "does not grant a secret of this name"),
        (&["ours"], "", "does not grant a secret of this name"),
        (&[], "ours", "does not grant a secret of this name"),
    ] {
        let host = Host::with(&port("port", granted));
        host.start(&port("neighbour", &["theirs"]));
        host.publish("port", &[&[("secret", asked)]]).await;
        let error = host.failure().await;
        assert!(error.contains(told), "{granted:?} {asked}: {error}");
        assert!(!error.contains("s3cret of theirs"), "{error}");
    }
}

/// Every mistake at its line, in the words of what to do, and without a value.
#[tokio::test(flavor = "multi_thread")]
async fn check_says_which_secrets_are_missing_and_shows_none() {
    let receiver = Receiver::start().await;
    let site = site(
        "http-adapter",
        &receiver,
        ALL,
        "grants = { secrets = [\"token\"] }",
    );
    let everybody = fs::Permissions::from_mode(0o644);
    fs::set_permissions(site.path("token"), everybody).expect("the rights are set");
    let checked = site.run(&["check"]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    for part in [
        "the bearer token 'token', the header x-api-key from 'api-key'",
        "webhook signatures by 'old-key', 'new-key'",
        "the adapter may read 'token'",
        "note: secret old-key: its command, cat, was run",
        "note: secret token: every user of this machine can read",
    ] {
        assert!(checked.stdout.contains(part), "{part}: {}", checked.stdout);
    }
    fs::remove_file(site.path("old-key")).expect("it is removed");
    fs::remove_file(site.path("token")).expect("it is removed");
    site.write("new-key", "whsec_dG9vLXNob3J0");
    let wrong = site.run(&["check"]).await;
    let text = fs::read_to_string(site.path("sendport.toml")).expect("the configuration");
    let line = |key: &str| {
        let found = text.lines().position(|line| line.starts_with(key));
        found.unwrap_or_else(|| panic!("{key} is not in the configuration")) + 1
    };
    let at = |key: &str| format!("sendport.toml:{}:", line(key));
    wrong.refused(
        BAD_INPUT,
        &[
            &at("file = \"token\""),
            "key 'secrets.token.file': the secret cannot be read: cannot read the file",
            &at("command = [\"cat\""),
            "key 'secrets.old-key.command': the secret cannot be read: cat failed (exit status: 1)",
            &at("credentials = "),
            "key 'ports.orders.credentials.webhook-signature.keys': the secret 'new-key' cannot be used: \
             a whsec_ key has 24 to 64 bytes, this one 9",
        ],
    );
    let ended = site.run(&["run"]).await;
    ended.refused(BAD_INPUT, &["secrets.token.file"]);
    for said in [
        &checked.stdout,
        &checked.stderr,
        &wrong.stderr,
        &ended.stderr,
    ] {
        for secret in [TOKEN, API_KEY, &OLD[6..], &NEW[6..], "dG9vLXNob3J0"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}
