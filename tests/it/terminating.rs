//! The program's end by signals, and its commands beside a running and a stopped host.

use serde_json::Value;

use crate::fixture::{Answer, Ended, Process, Receiver, Site, until};

/// A host that has handed so many messages to a receiver that does not answer them.
async fn with_in_flight(config: &str, count: usize) -> (Site, Receiver, Process) {
    let receiver = Receiver::start().await;
    receiver.script("/orders", vec![Answer::Held; count]);
    let site = Site::orders(config, &receiver);
    let host = site.start().await;
    for n in 0..count {
        host.api
            .accepted("orders", format!("<order n=\"{n}\"/>"))
            .await;
    }
    receiver.has("/orders", count).await;
    (site, receiver, host)
}

/// The row of the drain report that begins with that word: in flight, settled, handed back.
fn row(ended: &Ended, name: &str) -> Vec<usize> {
    let mut lines = ended
        .stdout
        .lines()
        .skip_while(|line| !line.contains("handed back"));
    let line = lines.find(|line| line.split_whitespace().next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no row {name}: {ended:?}"));
    line.split_whitespace()
        .skip(1)
        .take(3)
        .map(|n| n.parse().expect("a number"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn b95_b96_sigterm_waits_for_what_is_in_flight_refuses_the_rest_and_reports() {
    for signal in ["TERM", "INT"] {
        let (site, receiver, host) = with_in_flight("", 5).await;
        host.signal(signal).await;
        host.complained("stopping: waiting up to 30s for messages in flight")
            .await;
        let refused = until("a refusal", async || {
            let reply = host.api.publish("orders", &[], "too late").await;
            (reply.status != 202).then_some(reply)
        })
        .await;
        assert_eq!(
            (refused.status, refused.header("retry-after")),
            (503, Some("5"))
        );
        assert!(
            refused.json()["detail"]
                .to_string()
                .contains("publish again when it is back")
        );
        receiver.release();
        let ended = host.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(row(&ended, "orders"), [5, 5, 0]);
        assert_eq!(row(&ended, "total"), [5, 5, 0]);
        let audit = stored(&site).await["audit"].clone();
        assert_eq!(
            (&audit["delivered"], &audit["holds"]),
            (&5.into(), &true.into()),
            "{audit}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b99_b113_the_deadline_ends_the_drain_and_the_next_start_delivers() {
    let (site, receiver, host) = with_in_flight("drain-deadline = \"1s\"", 3).await;
    let ended = host.terminate().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(row(&ended, "orders"), [3, 0, 3]);
    // The requests were sent: whether they took effect only the destination knows, and the report says so.
    assert!(
        ended
            .stdout
            .contains("may have been sent, will be delivered again: 3"),
        "{ended:?}"
    );
    let ids: Vec<_> = receiver
        .received("/orders")
        .iter()
        .map(|r| r.id().to_owned())
        .collect();
    assert!(ids.iter().all(|id| ended.stdout.contains(id)), "{ended:?}");
    assert_eq!(stored(&site).await["audit"]["pending"], 3);

    let host = site.start().await;
    host.api.delivered("orders", 3).await;
    let received = receiver.received("/orders");
    for id in &ids {
        assert_eq!(received.iter().filter(|r| r.id() == id).count(), 2);
    }
    assert_eq!(host.api.port("orders").await["running"]["retried"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_the_host_at_once_and_loses_nothing() {
    let (site, _receiver, host) = with_in_flight("", 2).await;
    host.signal("TERM").await;
    host.complained("a second signal ends it at once").await;
    host.signal("INT").await;
    let ended = host.ended().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert!(ended.stderr.contains("stopped at once"), "{ended:?}");
    let host = site.start().await;
    host.api.delivered("orders", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_messages_ends_at_once() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let ended = site.start().await.terminate().await;
    assert_eq!((ended.code, row(&ended, "total")), (Some(0), vec![0, 0, 0]));
}

/// What the box holds when no host runs, by the command line.
async fn stored(site: &Site) -> Value {
    let ended = site.run(&["status", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("no host is running"), "{ended:?}");
    serde_json::from_str(&ended.stdout).expect("JSON and nothing else")
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_the_same_of_a_running_and_a_stopped_host() {
    let (site, _receiver, host) = with_in_flight("drain-deadline = \"0s\"", 2).await;
    let ended = site
        .run(&["status", "--json", "--url", host.api.url()])
        .await;
    let running: Value = serde_json::from_str(&ended.stdout).expect("JSON and nothing else");
    assert_eq!(running["ports"][0]["running"]["in_flight"], 2, "{ended:?}");
    let table = site.run(&["status", "--url", host.api.url()]).await.stdout;
    let audit = "accepted 2 = delivered 0 + routed 0 + terminated 0 + suspended 0 + pending 2";
    let audit = format!("{audit}: the sum holds\n");
    assert!(table.ends_with(&audit), "{table}");
    host.terminate().await;
    let stopped = stored(&site).await;
    assert_eq!(stopped["ports"][0]["running"], Value::Null);
    assert_eq!(stopped["audit"], running["audit"]);
    assert_eq!(stopped["box_id"], running["box_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn publish_reaches_the_destination_by_a_running_and_by_a_stopped_host() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    site.write("order.xml", "<order/>");
    let typed = [
        "publish",
        "orders",
        "order.xml",
        "--content-type",
        "application/xml",
    ];
    let header = [
        "--property",
        "http.header.x-tenant=7",
        "--idempotency-key",
        "k",
    ];
    let publish = [typed.as_slice(), &header].concat();
    let stopped = site.run(&publish).await;
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert!(stopped.stderr.contains("no host is running"), "{stopped:?}");

    let host = site.start().await;
    let running = site
        .run(&[publish.as_slice(), &["--url", host.api.url()]].concat())
        .await;
    assert_eq!(
        running.stdout, stopped.stdout,
        "the same key and content are the same message"
    );
    assert!(running.stderr.contains("accepted earlier"), "{running:?}");
    let lines = [
        "publish",
        "orders",
        "-",
        "--ndjson",
        "--url",
        host.api.url(),
    ];
    let lines = site.run_with(&lines, b"{\"n\":1}\n{\"n\":2}\n").await;
    assert_eq!(
        (lines.code, lines.stdout.lines().count()),
        (Some(0), 2),
        "{lines:?}"
    );

    host.api.delivered("orders", 3).await;
    let received = receiver.received("/orders");
    let order = received
        .iter()
        .find(|r| r.body == b"<order/>")
        .expect("the order arrived");
    assert_eq!(order.id(), stopped.stdout.trim());
    assert_eq!(order.header("content-type"), Some("application/xml"));
    assert_eq!(order.header("x-tenant"), Some("7"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_host_on_the_same_box_is_refused_and_told_who_has_it() {
    let receiver = Receiver::start().await;
    let site = Site::orders("", &receiver);
    let host = site.start().await;
    let in_use = format!(
        "is in use by process {}: stop the other process first",
        host.pid()
    );
    for command in [["run", "sendport.toml"], ["status", "--json"]] {
        let second = site.run(&command).await;
        assert_eq!(second.code, Some(1), "{second:?}");
        assert!(second.stderr.contains(&in_use), "{second:?}");
    }
    // The first has not noticed.
    host.api.accepted("orders", "<order/>").await;
    host.api.delivered("orders", 1).await;
}
