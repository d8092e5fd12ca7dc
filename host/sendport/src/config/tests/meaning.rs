//! What keys mean, in the words of the model.

use std::path::Path;
use std::time::Duration;

use model::{
    Backoff, BreakerPolicy, LaneBy, OnFailure, OrderedDelivery, RateLimit, RetryPolicy, SendPort,
    ServiceWindow, TransportSlot,
};

use super::{ADAPTER, PORT, parse, port};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_port_that_says_nothing_has_no_policy_but_its_retries() {
    let port = port("").unloaded();
    let SendPort {
        ordered,
        two_way,
        failed_message_port,
        notifications,
        time_to_live,
        rate_limit,
        backlog_limit,
        backup,
        ..
    } = &port;
    assert_eq!(port.primary.retry, RetryPolicy::default());
    assert!(port.primary.window.is_none() && port.primary.breaker.is_none());
    assert!(ordered.is_none() && two_way.is_none() && notifications.is_none());
    assert!(failed_message_port.is_none() && backup.is_none() && !port.is_dynamic());
    assert_eq!(
        (time_to_live, rate_limit, backlog_limit),
        (&None, &None, &None)
    );
}

#[test]
fn retries() {
    let exponential = |seconds| Backoff::Exponential {
        cap: Duration::from_secs(seconds),
    };
    let cases = [
        ("{}", 3, 300, Backoff::Fixed, 0),
        ("{ count = 0 }", 0, 300, Backoff::Fixed, 0),
        (
            "{ count = 1000, jitter = 100 }",
            1000,
            300,
            Backoff::Fixed,
            100,
        ),
        (
            "{ backoff = \"fixed\", interval = \"1s\" }",
            3,
            1,
            Backoff::Fixed,
            0,
        ),
        (
            "{ backoff = \"exponential\" }",
            3,
            300,
            exponential(3600),
            0,
        ),
        (
            "{ backoff = \"exponential\", cap = \"6m\" }",
            3,
            300,
            exponential(360),
            0,
        ),
        (
            "{ backoff = \"exponential\", interval = \"2h\" }",
            3,
            7200,
            exponential(7200),
            0,
        ),
    ];
    for (written, count, interval, backoff, jitter) in cases {
        let expected = RetryPolicy {
            count,
            interval: Duration::from_secs(interval),
            backoff,
            jitter,
        };
        let read = port(&format!("retry = {written}")).unloaded().primary.retry;
        assert_eq!(read, expected, "{written}");
    }
}

#[test]
fn windows() {
    let days = ["mon", "tue"].map(str::to_owned);
    let berlin = ServiceWindow::parse("22:00", "06:00", Some(&days), "Europe/Berlin");
    let utc = ServiceWindow::parse("08:00", "24:00", None, "UTC");
    let cases = [
        (
            "{ from = \"22:00\", to = \"06:00\", days = [\"mon\", \"tue\"], zone = \"Europe/Berlin\" }",
            berlin,
            "22:00 to 06:00, mon tue, Europe/Berlin",
        ),
        (
            "{ from = \"08:00\", to = \"24:00\" }",
            utc,
            "08:00 to 24:00, every day, UTC",
        ),
    ];
    for (written, hours, text) in cases {
        let port = port(&format!("window = {written}"));
        assert_eq!(port.unloaded().primary.window, hours.ok(), "{written}");
        let transport = port.destination.transports()[0];
        assert_eq!(
            transport.window.as_ref().map(|w| w.text.as_str()),
            Some(text)
        );
    }
}

#[test]
fn circuit_breakers() {
    let cases = [
        ("{}", 5, 30, 600),
        (
            "{ failures = 1, pause = \"1s\", longest-pause = \"2s\" }",
            1,
            1,
            2,
        ),
        ("{ pause = \"1h\" }", 5, 3600, 3600),
    ];
    for (written, failures, pause, longest) in cases {
        let expected = BreakerPolicy {
            failures,
            pause: Duration::from_secs(pause),
            longest_pause: Duration::from_secs(longest),
        };
        let port = port(&format!("circuit-breaker = {written}")).unloaded();
        assert_eq!(port.primary.breaker, Some(expected), "{written}");
    }
}

#[test]
fn b54_a_backup_has_a_policy_of_its_own() {
    let port = port(
        "retry = { count = 1 }\ncircuit-breaker = {}\n\
         [ports.orders.config]\nmethod = \"PUT\"\n\
         [ports.orders.backup]\nadapter = \"http\"\naddress = \"http://other/\"\n\
         retry = { count = 7 }\nwindow = { from = \"08:00\", to = \"09:00\" }\n\
         config = { header.x-a = \"b\" }\n",
    )
    .unloaded();
    let backup = port.transport(TransportSlot::Backup);
    assert!(port.has_next(TransportSlot::Primary));
    assert_eq!((&*backup.address, backup.retry.count), ("http://other/", 7));
    assert!(backup.window.is_some() && backup.breaker.is_none());
    let entries = [("header.x-a".to_owned(), "b".to_owned())];
    assert_eq!(backup.configuration.entries, entries);
    assert_eq!(port.primary.retry.count, 1);
    assert!(port.primary.window.is_none() && port.primary.breaker.is_some());
}

#[test]
fn order() {
    let cases = [
        ("false", None),
        ("true", Some((LaneBy::Port, OnFailure::Stop))),
        ("{}", Some((LaneBy::Port, OnFailure::Stop))),
        ("{ by = \"port\" }", Some((LaneBy::Port, OnFailure::Stop))),
        (
            "{ by = \"key\", on-failure = \"skip\" }",
            Some((LaneBy::Key, OnFailure::Skip)),
        ),
    ];
    for (written, expected) in cases {
        let expected = expected.map(|(by, on_failure)| OrderedDelivery { by, on_failure });
        let port = port(&format!("ordered = {written}")).unloaded();
        assert_eq!(port.ordered, expected, "{written}");
    }
}

#[test]
fn two_way_ports() {
    let cases = [
        ("true", 86_400, 1 << 20),
        ("{}", 86_400, 1 << 20),
        (
            "{ retention = \"30s\", max-response = \"64MiB\" }",
            30,
            64 << 20,
        ),
        ("{ max-response = 100 }", 86_400, 100),
    ];
    for (written, retention, max_response) in cases {
        let expected = model::TwoWay {
            response_port: None,
            retention: Duration::from_secs(retention),
            max_response,
        };
        let port = port(&format!("two-way = {written}")).unloaded();
        assert_eq!(port.two_way, Some(expected), "{written}");
    }
    assert_eq!(port("two-way = false").unloaded().two_way, None);
}

#[test]
fn ports_that_lead_to_others() {
    let text = format!(
        "{ADAPTER}{PORT}failed-message-port = \"failed\"\ntwo-way = {{ response-port = \"told\" }}\n\
         notifications = {{ port = \"told\", always = true, ack = false }}\n\
         [ports.failed]\nadapter = \"http\"\naddress = \"http://f/\"\n\
         [ports.told]\nadapter = \"http\"\naddress = \"http://t/\"\n"
    );
    let port = parse(&text).unwrap().ports.remove(0).unloaded();
    let notifications = port.notifications.unwrap();
    let two_way = port.two_way.unwrap();
    assert_eq!(port.failed_message_port.unwrap().as_str(), "failed");
    assert_eq!(two_way.response_port.unwrap().as_str(), "told");
    assert_eq!(notifications.port.as_str(), "told");
    assert!(notifications.always && !notifications.ack && notifications.nack);
}

#[test]
fn limits() {
    let read = port("time-to-live = \"2h\"\nbacklog-limit = 7\nhigh-watermark = 3").unloaded();
    assert_eq!(read.time_to_live, Some(7200 * SECOND));
    assert_eq!((read.backlog_limit, read.high_watermark), (Some(7), 3));
    for (written, messages, per) in [
        ("\"100/s\"", 100, SECOND),
        ("\"6000 / m\"", 6000, 60 * SECOND),
        ("\"10/h\"", 10, 3600 * SECOND),
        ("{ messages = 5, per = \"2s\" }", 5, 2 * SECOND),
        ("{ messages = 5 }", 5, SECOND),
    ] {
        let port = port(&format!("rate-limit = {written}")).unloaded();
        assert_eq!(
            port.rate_limit,
            Some(RateLimit { messages, per }),
            "{written}"
        );
    }
}

#[test]
fn a_dynamic_port_may_use_all_adapters_or_those_it_names() {
    let adapters = "[adapters.b]\ncomponent = \"b\"\n[adapters.a]\ncomponent = \"a\"\n";
    let names = |lines: &str| {
        let text = format!("{adapters}[ports.any]\ndynamic = true\n{lines}\n");
        let port = parse(&text).unwrap().ports.remove(0);
        let port = port.unloaded();
        assert!(
            port.is_dynamic() && port.primary.configuration.entries.is_empty(),
            "B79"
        );
        port.dynamic.into_iter().map(|a| a.name).collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["b", "a"], "in the order of the file");
    assert_eq!(names("adapters = [\"a\"]"), ["a"]);
    assert_eq!(
        names("retry = { count = 1 }\nwindow = { from = \"08:00\", to = \"09:00\" }"),
        ["b", "a"]
    );
    assert!(!port("dynamic = false").is_dynamic());
    let text = format!("{adapters}[ports.any]\ndynamic = true\nordered = {{ by = \"address\" }}\n");
    let ordered = parse(&text).unwrap().ports.remove(0).unloaded().ordered;
    assert_eq!(
        ordered.map(|ordered| ordered.by),
        Some(LaneBy::Address),
        "B70"
    );
}

#[test]
fn an_adapter_can_be_known_better_than_it_says() {
    let text = format!(
        "{ADAPTER}eager = true\ntransport-type = \"WEB\"\naddress-prefixes = [\"web://\"]\n\
         ordered-delivery = false\ntwo-way = true\nallow-unknown-keys = true\nhigh-watermark = 9\n"
    );
    let adapter = parse(&text).unwrap().adapters.remove(0);
    let overrides = adapter.overrides;
    assert_eq!(overrides.eager, Some(true));
    assert_eq!(overrides.transport_type.as_deref(), Some("WEB"));
    assert_eq!(overrides.address_prefixes, Some(vec!["web://".to_owned()]));
    assert_eq!(
        (overrides.ordered_delivery, overrides.two_way),
        (Some(false), Some(true))
    );
    assert!(adapter.allow_unknown_keys);
    assert_eq!(adapter.high_watermark, Some(9));
}

#[test]
fn paths_are_relative_to_the_file() {
    let text = format!(
        "[host]\ndata-directory = \"box\"\n{ADAPTER}{PORT}grants = {{ directory = \"/out\" }}\n"
    );
    let config = parse(&text).unwrap();
    assert_eq!(config.host.data_directory, Path::new("etc/box"));
    assert_eq!(config.host.cache_directory, Path::new("etc/box/cache"));
    assert_eq!(config.adapters[0].component, Path::new("etc/http.wasm"));
    let directory = config.ports[0].grants.directory.as_ref().unwrap();
    assert_eq!(directory.value.path, Path::new("/out"));
}

#[test]
fn adapters_get_text_and_a_version_that_follows_it() {
    let with = |config: &str| {
        port(&format!(
            "[ports.orders.config]
{config}"
        ))
        .unloaded()
    };
    let one = with("text = \"t\"\nnumber = 0x10\ntruth = true\nheader.x-key = \"k\"\n")
        .primary
        .configuration;
    let entries: Vec<_> = one
        .entries
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        entries,
        [
            ("text", "t"),
            ("number", "16"),
            ("truth", "true"),
            ("header.x-key", "k")
        ]
    );
    assert_ne!(
        one.version,
        with("text = \"u\"\n").primary.configuration.version
    );
}

#[test]
fn a_host_on_every_interface_is_reached_over_loopback() {
    for (listen, url) in [
        ("0.0.0.0:1", "http://127.0.0.1:1"),
        ("[::]:1", "http://[::1]:1"),
        ("10.1.2.3:1", "http://10.1.2.3:1"),
    ] {
        let config = parse(&format!("[host]\nlisten = \"{listen}\"\n")).unwrap();
        assert_eq!(config.host.url(), url);
    }
}
