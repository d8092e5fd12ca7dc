//! The egress log of the program: what adapters have sent out or were denied, line by line.

use std::path::Path;

use serde_json::Value;

use crate::fixture::{BusyServer, HIDDEN_FROM_TCP, Receiver, Site, port, until};

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
    let address = receiver.hidden("/orders");
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
