//! Status, suspended messages, the document, and paths that are none.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use model::{ErrorInfo, Outcome};
use serde_json::Value;

use super::fixture::{Host, post};
use crate::{Status, openapi, routes};

#[tokio::test]
async fn the_status_shows_ports_box_and_audit() {
    let mut host = Host::start();
    for body in ["one", "two", "three"] {
        host.post(&[], body).await.accepted(1);
    }
    let (one, _) = host.delivered().await;
    let (two, _) = host.delivered().await;
    let error = ErrorInfo::new("http-400", "the destination does not want it");
    let batch = vec![
        (one.id, Outcome::Delivered),
        (two.id, Outcome::Suspend(error)),
    ];
    host.sink.settle(batch).await.unwrap();

    let answer = host.get("/v1/status").await;
    let status: Status = serde_json::from_value(answer.json).unwrap();
    assert_eq!(status.version, "1.2.3");
    assert_eq!(
        u64::from_str_radix(&status.box_id, 16),
        Ok(host.message_box.box_id())
    );
    let [port] = &status.ports[..] else {
        panic!("{:?}", status.ports)
    };
    assert_eq!(port.port, "orders");
    let running = port.running.as_ref().unwrap();
    assert_eq!(
        (running.adapter.as_str(), running.address.as_str()),
        ("recorder", "test://orders")
    );
    assert_eq!(running.state, "started");
    let stored = &port.stored;
    assert_eq!((stored.accepted, stored.delivered), (3, 1));
    assert_eq!((stored.pending, stored.suspended, stored.bytes), (1, 1, 8));
    assert!(stored.oldest_pending.is_some());
    let audit = status.audit;
    assert_eq!(
        (
            audit.accepted,
            audit.delivered,
            audit.suspended,
            audit.pending
        ),
        (3, 1, 1, 1)
    );
    assert!(audit.holds);
}

#[tokio::test]
async fn suspended_messages_say_why() {
    let mut host = Host::start();
    host.post(&[], "poison").await.accepted(1);
    let (message, _) = host.delivered().await;
    let error = ErrorInfo::new("http-400", "no such customer");
    host.sink
        .settle(vec![(message.id, Outcome::Suspend(error))])
        .await
        .unwrap();

    let answer = host
        .get("/v1/messages/suspended?port=orders&limit=10")
        .await;
    let [entry] = &answer.json["messages"].as_array().unwrap()[..] else {
        panic!("{}", answer.json)
    };
    assert_eq!(entry["id"], message.id.to_string());
    assert_eq!(entry["port"], "orders");
    assert_eq!(entry["attempts"], 1);
    assert_eq!(
        (&entry["code"], &entry["text"]),
        (&"http-400".into(), &"no such customer".into())
    );
    assert_eq!(entry["size"], 6);
    let answer = host.get("/v1/messages/suspended?port=others").await;
    assert_eq!(answer.json["messages"], Value::Array(Vec::new()));
    for wrong in [
        "limit=0",
        "limit=10001",
        "limit=x",
        "prot=orders",
        "port=a%20b",
    ] {
        let answer = host.get(&format!("/v1/messages/suspended?{wrong}")).await;
        answer.problem(400, "malformed");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let host = Host::start();
    let answer = host.get("/v1/stats").await;
    assert!(
        answer
            .problem(404, "unknown-path")
            .contains("/v1/openapi.json")
    );
    let answer = host.get("/v1/ports/orders/messages").await;
    answer.problem(405, "unknown-method");
    assert_eq!(answer.headers["allow"], "POST");
    host.send(post("a/b", &[], "x"))
        .await
        .problem(404, "unknown-path");
    assert_eq!(host.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn the_document_names_exactly_the_routes() {
    let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.insert((method.as_str(), path.as_str()));
        }
    }
    let routes = routes();
    let routed: BTreeSet<_> = routes
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .collect();
    assert_eq!(documented, routed);

    let host = Host::start();
    assert_eq!(host.get("/v1/openapi.json").await.json, document);
    for (method, path) in routed {
        let request = Request::builder()
            .method(method.to_uppercase().as_str())
            .uri(path);
        let answer = host.send(request.body(Body::empty()).unwrap()).await;
        let kind = answer.json["type"].as_str().unwrap_or_default();
        assert!(
            !kind.ends_with("unknown-path") && !kind.ends_with("unknown-method"),
            "{path}"
        );
    }
}
