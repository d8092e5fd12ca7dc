//! The SMTP adapter and a mail server that somebody else wrote.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use adapter_runtime::{Limits, Secret, Secrets};
use message_box::NewMessage;
use model::ErrorInfo;

use crate::fixture::{
    BoxFile, Host, Mail, MailServer, PASSWORD, PortSpec, Site, USER, digest, message, port, until,
};

const SOON: Duration = Duration::from_millis(20);

/// A port that writes to a mailbox, with further settings.
fn to(server: &MailServer, mailbox: &str, settings: &[(&str, &str)]) -> PortSpec {
    let from = [("from", "Orders <orders@example.org>"), ("to", mailbox)];
    let all = from.iter().chain(settings);
    PortSpec {
        address: server.address(),
        endpoint: all
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        ..PortSpec::of("smtp-adapter").retrying(1000, SOON)
    }
}

async fn publish(host: &Host, message: NewMessage) -> String {
    host.publish_messages("port", vec![message]).await[0].to_string()
}

/// Waits until the port has failed with that code; says how.
async fn failed(host: &Host, code: &str) -> ErrorInfo {
    until(code, async || {
        let (_, error) = host.status("port").last_error?;
        (error.code.as_deref() == Some(code)).then_some(error)
    })
    .await
}

/// A mail's Message-ID, which must have the message's id in it.
fn message_id<'a>(mail: &'a Mail, id: &str) -> &'a str {
    let header = mail.header("message-id").expect("every mail has one");
    assert!(header.contains(id), "{header} is not of {id}");
    header
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_with_its_header_and_body() {
    let server = MailServer::start().await;
    let settings = [
        ("cc", "Büro <office@example.org>"),
        ("bcc", "audit@example.org"),
        ("subject", "Order %property:number% für %property:party%"),
    ];
    let host = Host::with(&to(&server, "sales@example.org", &settings));
    let body = "Guten Tag,\n.\nzwölf Brötchen.\n";
    let order = [("number", "4711"), ("party", "Bäckerei")];
    let id = publish(&host, message(&order, body)).await;
    host.delivered("port", 1).await;
    let mail = server.has(1).await.remove(0);
    assert_eq!(mail.from, "orders@example.org");
    let mut to = mail.to.clone();
    to.sort();
    let everybody = [
        "audit@example.org",
        "office@example.org",
        "sales@example.org",
    ];
    assert_eq!(to, everybody);
    for (name, value) in [
        ("from", "Orders <orders@example.org>"),
        ("to", "sales@example.org"),
        ("subject", "Order 4711 für Bäckerei"),
        ("content-type", "text/plain; charset=utf-8"),
    ] {
        assert_eq!(mail.header(name), Some(value), "{name}");
    }
    let cc = mail.header("cc").expect("a copy");
    assert!(cc.contains("office@example.org"), "{cc}");
    assert!(mail.header("bcc").is_none() && mail.header("date").is_some());
    message_id(&mail, &id);
    assert_eq!(String::from_utf8_lossy(&mail.body), body);
}

/// Over as few connections as there are mails at a time.
#[tokio::test(flavor = "multi_thread")]
async fn many_mails_are_all_there_once_and_share_connections() {
    let server = MailServer::start().await;
    let host = Host::with(&to(&server, "sales@example.org", &[]));
    let orders = (0..60).map(|n| message(&[], format!("order {n}\n")));
    let ids = host.publish_messages("port", orders.collect()).await;
    host.delivered("port", 60).await;
    let mails = server.has(60).await;
    let mut bodies: Vec<_> = mails.iter().map(|mail| mail.body.clone()).collect();
    bodies.sort();
    let mut expected: Vec<_> = (0..60)
        .map(|n| format!("order {n}\n").into_bytes())
        .collect();
    expected.sort();
    assert!(bodies == expected, "{}", bodies.len());
    for id in ids {
        let id = id.to_string();
        let count = mails
            .iter()
            .filter(|mail| mail.header("message-id").is_some_and(|h| h.contains(&id)))
            .count();
        assert_eq!(count, 1, "{id}");
    }
    assert!(server.connections() < 60, "{}", server.connections());
}

#[tokio::test(flavor = "multi_thread")]
async fn b50_a_mailbox_that_takes_mail_later_gets_it_later() {
    let server = MailServer::start().await;
    let host = Host::with(&to(&server, "later@example.org", &[]));
    let id = publish(&host, message(&[], "order\n")).await;
    let error = failed(&host, "smtp-451").await;
    assert!(error.text.contains("takes mail later"), "{error}");
    server.accept_later();
    host.delivered("port", 1).await;
    message_id(&server.has(1).await[0], &id);
    assert!(host.status("port").retried > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn b53_a_refused_mail_is_suspended_with_the_servers_words() {
    let server = MailServer::start().await;
    let table = [
        (
            "refuse-550@example.org",
            "smtp-550",
            "550 5.1.1 this mailbox refuses mail",
        ),
        (
            "reject-content@example.org",
            "smtp-554",
            "does not like the content",
        ),
    ];
    for (mailbox, code, words) in table {
        let host = Host::with(&to(&server, mailbox, &[]));
        publish(&host, message(&[], "order\n")).await;
        let suspended = host.suspended(1).await.remove(0);
        assert_eq!(suspended.attempts, 1, "{mailbox}");
        let error = suspended.error;
        assert_eq!(error.code.as_deref(), Some(code), "{error}");
        assert!(error.text.contains(words), "{error}");
    }
    assert_eq!(server.mails().len(), 0);
}

/// Neither a header nor a command of the protocol can be smuggled in, be it by a property or by a body.
#[tokio::test(flavor = "multi_thread")]
async fn b114_no_property_begins_a_header_and_no_body_ends_the_mail() {
    let server = MailServer::start().await;
    let settings = [
        ("subject", "Order %property:number%"),
        ("to-from-message", "true"),
    ];
    let host = Host::with(&to(&server, "sales@example.org", &settings));
    let smuggled = "eve@example.org";
    for properties in [
        [
            ("number", "1\r\nBcc: eve@example.org"),
            ("to", "a@example.org"),
        ],
        [
            ("number", "1\nBcc: eve@example.org"),
            ("to", "a@example.org"),
        ],
        [
            ("number", "1"),
            ("to", "a@example.org>\r\nRCPT TO:<eve@example.org"),
        ],
        [
            ("number", "1"),
            ("to", "a@example.org\r\nBcc: eve@example.org"),
        ],
    ] {
        publish(&host, message(&properties, "order\n")).await;
    }
    for suspended in host.suspended(4).await {
        assert_eq!(
            suspended.error.code.as_deref(),
            Some("mail"),
            "{}",
            suspended.error
        );
    }

    let body = format!("order\r\n.\r\nMAIL FROM:<x@example.org>\r\nRCPT TO:<{smuggled}>\r\n");
    let plain = [("number", "2"), ("to", "a@example.org")];
    publish(&host, message(&plain, body.clone())).await;
    host.delivered("port", 1).await;
    let mails = server.has(1).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["a@example.org"]);
    let found = String::from_utf8_lossy(&mails[0].body).replace("\r\n", "\n");
    assert_eq!(found, body.replace("\r\n", "\n"));
    assert!(!server.log().contains(&format!("=> {smuggled}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn b106_a_large_attachment_arrives_byte_for_byte() {
    let server = MailServer::start().await;
    let settings = [
        ("body-as", "attachment"),
        ("attachment-name", "%property:number%.bin"),
        ("content-type", "application/octet-stream"),
    ];
    let host = Host::with(&PortSpec {
        // Less than the mail is long: it goes piece by piece.
        limits: Limits {
            memory: 8 * 1024 * 1024,
            ..Limits::default()
        },
        delivery_timeout: Duration::from_secs(300),
        ..to(&server, "archive@example.org", &settings)
    });
    let body: Vec<u8> = (0..20_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    publish(&host, message(&[("number", "4711")], body.clone())).await;
    host.delivered("port", 1).await;
    let mail = server.has(1).await.remove(0);
    let [attachment] = mail.attachments.as_slice() else {
        panic!("{} attachments", mail.attachments.len())
    };
    assert_eq!(attachment.name, "4711.bin");
    assert_eq!(attachment.media_type, "application/octet-stream");
    assert_eq!(attachment.content.len(), body.len());
    let mut lines = mail.raw.split(|byte| *byte == b'\n');
    assert!(
        lines.all(|line| line.len() <= 998),
        "longer than a line may be"
    );
    assert_eq!(digest(&attachment.content), digest(&body));
}

#[tokio::test(flavor = "multi_thread")]
async fn b50_mails_wait_for_a_server_that_is_down() {
    let mut server = MailServer::start().await;
    let host = Host::with(&to(&server, "sales@example.org", &[]));
    let mut ids = vec![publish(&host, message(&[], "first\n")).await];
    host.delivered("port", 1).await;
    server.has(1).await;
    // Its connection is kept, and found broken with the next mail.
    server.stop();
    ids.push(publish(&host, message(&[], "second\n")).await);
    failed(&host, "tcp-refused").await;
    server.start_again().await;
    host.delivered("port", 2).await;
    let mails = server.has(2).await;
    for (mail, id) in mails.iter().zip(&ids) {
        message_id(mail, id);
    }
    assert_eq!(mails.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn b115_a_server_that_is_not_granted_is_never_connected_to() {
    let server = MailServer::start().await;
    let granted = MailServer::start().await;
    let host = Host::new();
    // What the port may reach is another server than the one its messages go to.
    let address = Arc::from(server.address());
    host.start_with(&to(&granted, "sales@example.org", &[]), None, |port| {
        port.primary.address = address;
    });
    publish(&host, message(&[], "order\n")).await;
    let error = host.suspended(1).await.remove(0).error;
    assert_eq!(error.code.as_deref(), Some("tcp-denied"), "{error}");
    assert!(error.text.contains("127.0.0.1"), "{error}");
    assert_eq!((server.connections(), granted.connections()), (0, 0));
}

/// A configuration whose port `orders` writes to a mailbox.
fn site(server: &MailServer, mailbox: &str, interval: &str) -> Site {
    let config = format!(
        "retry = {{ count = 1000, interval = \"{interval}\" }}\n\
         config = {{ from = \"orders@example.org\", to = \"{mailbox}\", \
         subject = \"Order %property:number%\" }}"
    );
    Site::new(&port("orders", "smtp-adapter", &server.address(), &config))
}

/// Sent, and killed before anybody could write that down: the mail comes twice, and shows that it is one.
#[tokio::test(flavor = "multi_thread")]
async fn b18_b116_a_mail_that_comes_twice_has_one_message_id() {
    let server = MailServer::start().await;
    // Long enough to lock the box between two attempts.
    let site = site(&server, "later@example.org", "5s");
    let host = site.start().await;
    let number = [("sendport-property-number", "4711")];
    let published = host.api.publish("orders", &number, "twelve rolls\n").await;
    let id = published.ids().remove(0);
    until("a first attempt that is written down", async || {
        (host.api.port("orders").await["running"]["retried"] == 1).then_some(())
    })
    .await;
    let locked = BoxFile::of_site(&site).lock();
    server.accept_later();
    server.has(1).await;
    host.kill().await;
    drop(locked);

    let host = site.start().await;
    host.api.delivered("orders", 1).await;
    let mails = server.has(2).await;
    assert_eq!(mails.len(), 2);
    assert_eq!(message_id(&mails[0], &id), message_id(&mails[1], &id));
    assert_eq!(mails[0].header("subject"), Some("Order 4711"));
    assert_eq!(mails[0].body, mails[1].body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_what_the_mail_server_said() {
    let server = MailServer::start().await;
    let site = site(&server, "refuse-553@example.org", "50ms");
    let host = site.start().await;
    let number = [("sendport-property-number", "4711")];
    let id = host
        .api
        .publish("orders", &number, "order\n")
        .await
        .ids()
        .remove(0);
    let suspended = host.api.suspended("orders", 1).await.remove(0);
    assert_eq!(
        (&suspended["id"], &suspended["code"]),
        (&id.into(), &"smtp-553".into())
    );
    // The mailbox is given up for another one, and the message resumed.
    let config = fs::read_to_string(site.path("sendport.toml")).expect("the configuration");
    host.terminate().await;
    site.write("sendport.toml", config.replace("refuse-553@", "sales@"));
    let host = site.start().await;
    let resumed = ["suspended", "resume", "--all", "--url", host.api.url()];
    let resumed = site.run(&resumed).await;
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    host.api.delivered("orders", 1).await;
    assert_eq!(server.has(1).await[0].to, ["sales@example.org"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_takes_its_password_from_the_configuration_or_from_a_secret() {
    let server = MailServer::start().await;
    let secret = ("relay".to_owned(), Secret::new(PASSWORD.to_owned()));
    let secrets: Secrets = [secret].into_iter().collect();
    let private = |key, value| {
        to(
            &server,
            "private@example.org",
            &[("user", USER), (key, value)],
        )
    };
    let in_clear = private("password", PASSWORD);
    let granted = PortSpec {
        secrets: secrets.grant(["relay"]),
        ..private("password-secret", "relay")
    };
    for (nth, port) in [(1, &in_clear), (2, &granted)] {
        let host = Host::with(port);
        publish(&host, message(&[], "<order/>")).await;
        host.delivered("port", 1).await;
        server.has(nth).await;
    }

    let not_granted = private("password-secret", "relay").retrying(0, SOON);
    let host = Host::with(&not_granted);
    publish(&host, message(&[], "<order/>")).await;
    let error = host.failure().await;
    assert!(error.contains("grants.secrets"), "{error}");
    assert_eq!(server.mails().len(), 2);
}
