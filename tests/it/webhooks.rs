//! The HTTP adapters at a destination that answers: the request, and what each answer means.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::fixture::{Answer, Receiver, Site, port};

const DELIVERED: [u16; 4] = [200, 201, 202, 204];
const RETRIED: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];
const REFUSED: [u16; 6] = [301, 400, 401, 404, 410, 422];

const SOON: &str = "retry = { count = 5, interval = \"20ms\" }";

/// Times are whole milliseconds, cut off, on both sides.
const CUT_OFF: Duration = Duration::from_millis(2);

#[tokio::test(flavor = "multi_thread")]
async fn both_adapters_send_what_the_port_and_the_message_say() {
    let receiver = Receiver::start().await;
    let config = "config = { method = \"PUT\", content-type = \"application/xml\", \
                  idempotency-header = \"x-message\", \"header.x-tenant\" = \"7\" }";
    let adapters = ["http-adapter", "http-batch-adapter"];
    let ports =
        adapters.map(|name| port(name, name, &receiver.url(&format!("/{name}?a=b")), config));
    let site = Site::new(&ports.concat());
    let host = site.start().await;
    for adapter in adapters {
        let trace = [("traceparent", "00-1-2-01"), ("tracestate", "a=1")];
        let id = host
            .api
            .publish(adapter, &trace, "<order/>")
            .await
            .ids()
            .remove(0);
        let received = receiver.has(&format!("/{adapter}"), 1).await.remove(0);
        assert_eq!(
            (received.method.as_str(), received.body.as_slice()),
            ("PUT", b"<order/>".as_slice())
        );
        let expected = [
            ("content-type", "application/xml"),
            ("content-length", "8"),
            ("x-message", &id),
            ("x-tenant", "7"),
            ("traceparent", "00-1-2-01"),
            ("tracestate", "a=1"),
        ];
        for (name, value) in expected {
            assert_eq!(received.header(name), Some(value), "{adapter}: {name}");
        }
        assert_eq!(received.header("idempotency-key"), None);
        host.api.delivered(adapter, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b53_b116_http_adapter_takes_every_status_for_what_it_is() {
    every_status("http-adapter").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b53_b116_http_batch_adapter_takes_every_status_for_what_it_is() {
    every_status("http-batch-adapter").await;
}

/// One port per status: the first two answers are that status, all later ones 200.
async fn every_status(adapter: &str) {
    let receiver = Receiver::start().await;
    let statuses = [DELIVERED.as_slice(), &RETRIED, &REFUSED].concat();
    let mut ports = String::new();
    for status in &statuses {
        let path = format!("/{status}");
        receiver.script(&path, [Answer::Status(*status), Answer::Status(*status)]);
        let more = format!("{SOON}\ninstances = 1");
        ports += &port(&status.to_string(), adapter, &receiver.url(&path), &more);
    }
    let site = Site::new(&ports);
    let host = site.start().await;
    for status in &statuses {
        host.api
            .accepted(&status.to_string(), format!("for {status}"))
            .await;
    }
    for status in DELIVERED {
        host.api.delivered(&status.to_string(), 1).await;
        assert_eq!(
            receiver.received(&format!("/{status}")).len(),
            1,
            "{status}"
        );
    }
    for status in RETRIED {
        let name = status.to_string();
        host.api.delivered(&name, 1).await;
        let received = receiver.received(&format!("/{status}"));
        let ids: BTreeSet<_> = received.iter().map(|r| r.id()).collect();
        assert_eq!(
            (received.len(), ids.len()),
            (3, 1),
            "{status}: three attempts under one id"
        );
        let running = host.api.port(&name).await["running"].clone();
        assert_eq!(running["retried"], 2);
        assert_eq!(running["last_error"]["code"], format!("http-{status}"));
    }
    for status in REFUSED {
        let suspended = host.api.suspended(&status.to_string(), 1).await.remove(0);
        assert_eq!(suspended["code"], format!("http-{status}"));
        assert_eq!(suspended["attempts"], 1);
        assert_eq!(
            receiver.received(&format!("/{status}")).len(),
            1,
            "{status}"
        );
    }
    let audit = host.api.audit().await;
    let counts = [&audit["delivered"], &audit["suspended"], &audit["pending"]];
    assert_eq!(
        counts,
        [
            &json!(DELIVERED.len() + RETRIED.len()),
            &json!(REFUSED.len()),
            &json!(0)
        ]
    );
}

/// Attempts = retries + 1, then a person has to decide.
#[tokio::test(flavor = "multi_thread")]
async fn b50_a_destination_that_stays_broken_gets_every_attempt_and_then_none() {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Status(503); 10]);
    let retry = "retry = { count = 2, interval = \"10ms\" }";
    let site = Site::new(&port(
        "orders",
        "http-adapter",
        &receiver.url("/orders"),
        retry,
    ));
    let host = site.start().await;
    let id = host.api.accepted("orders", "<order/>").await;
    let suspended = host.api.suspended("orders", 1).await.remove(0);
    assert_eq!(
        (&suspended["id"], &suspended["attempts"]),
        (&json!(id), &json!(3))
    );
    assert_eq!(suspended["code"], "http-503");
    assert_eq!(receiver.received("/orders").len(), 3);
    assert_eq!(host.api.audit().await["suspended"], 1);
}

/// The port would try again after 10 ms; the destination asked for more. Its dates are read by its own
/// clock, which here is thirty years slow.
#[tokio::test(flavor = "multi_thread")]
async fn b51_retry_after_is_honoured_in_seconds_and_as_a_date() {
    let receiver = Receiver::start().await;
    let seconds = vec![("retry-after", "1")];
    let date = vec![
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("retry-after", "Sun, 06 Nov 1994 08:49:39 GMT"),
    ];
    receiver.script("/seconds", [Answer::With(429, seconds)]);
    receiver.script("/date", [Answer::With(503, date)]);
    let retry = "retry = { count = 1, interval = \"10ms\" }";
    let address = |path| receiver.url(path);
    let ports = port("seconds", "http-adapter", &address("/seconds"), retry)
        + &port("date", "http-batch-adapter", &address("/date"), retry);
    let site = Site::new(&ports);
    let host = site.start().await;
    for (name, asked) in [
        ("seconds", Duration::from_secs(1)),
        ("date", Duration::from_secs(2)),
    ] {
        host.api.accepted(name, "<order/>").await;
        host.api.delivered(name, 1).await;
        let received = receiver.received(&format!("/{name}"));
        let waited = received[1].at - received[0].at;
        assert!(
            waited + CUT_OFF >= asked,
            "{name}: came again after {waited:?}"
        );
    }
}
