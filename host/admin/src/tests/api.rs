//! The document, and paths that are none.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use super::fixture::{Host, post};
use crate::{openapi, routes};

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
    let answer = host.send(post("a/b", &[], "x")).await;
    answer.problem(404, "unknown-path");
    assert_eq!(host.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn the_document_names_exactly_the_routes() {
    let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
    let mut documented = BTreeSet::new();
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            documented.insert((method.as_str(), path.as_str()));
            let id = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(id), "{id} stands for two operations");
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
