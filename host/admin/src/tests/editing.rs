//! One message: looking at it, repairing it, resuming it.

use axum::body::Body;
use axum::http::Request;
use model::{ErrorInfo, MessageId, Outcome};
use serde_json::json;

use super::fixture::{Answer, Host, LIMITS};

fn error() -> ErrorInfo {
    ErrorInfo::new("http-400", "no such customer")
}

fn unknown(host: &Host) -> MessageId {
    MessageId::new(host.message_box.box_id(), 4711)
}

/// A suspended message of type text/plain.
async fn suspended(host: &mut Host, body: impl Into<Body>) -> MessageId {
    let headers = [("content-type", "text/plain"), ("sendport-property-a", "1")];
    host.post(&headers, body).await.accepted(1);
    let (message, _) = host.delivered().await;
    host.settle(vec![(message.id, Outcome::Suspend(error()))])
        .await;
    message.id
}

async fn put(
    host: &Host,
    id: MessageId,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::put(format!("/v1/messages/{id}/body"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    host.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn everything_that_is_known_is_shown() {
    let mut host = Host::start();
    let id = suspended(&mut host, "poison").await;
    let report = host.get(&format!("/v1/messages/{id}")).await.json;
    for (name, expected) in [
        ("id", json!(id.to_string())),
        ("port", json!("orders")),
        ("state", json!("suspended")),
        ("can", json!(["resume", "terminate", "edit"])),
        ("transport", json!("primary")),
        ("attempts", json!(1)),
        ("earlier_attempts", json!(0)),
        ("priority", json!(5)),
        (
            "error",
            json!({"code": "http-400", "text": "no such customer"}),
        ),
        ("size", json!(6)),
        (
            "properties",
            json!({"content-type": "text/plain", "a": "1"}),
        ),
        ("edited", json!(false)),
        ("expects_response", json!(false)),
        ("lane", json!(null)),
        ("due", json!(null)),
    ] {
        assert_eq!(report[name], expected, "{name}");
    }
    assert!(report["suspended"].is_string() && report["accepted"].is_string());
    host.post(&[], "x").await.accepted(1);
    let (pending, _) = host.delivered().await;
    let report = host.get(&format!("/v1/messages/{}", pending.id)).await.json;
    assert_eq!(
        (&report["state"], &report["can"]),
        (&"pending".into(), &json!([]))
    );
    assert!(report["due"].is_string() && report["suspended"].is_null());
}

#[tokio::test]
async fn a_body_is_given_out_as_it_is_and_not_to_be_run() {
    let mut host = Host::start();
    let large = vec![b'x'; LIMITS.stage_threshold * 9];
    for body in [b"small".to_vec(), large] {
        let id = suspended(&mut host, body.clone()).await;
        let answer = host.get(&format!("/v1/messages/{id}/body")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, body);
        assert_eq!(answer.headers["content-type"], "text/plain");
        assert_eq!(answer.headers["content-length"], body.len().to_string());
        assert_eq!(answer.headers["content-disposition"], "attachment");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
    host.post(&[], "untyped").await.accepted(1);
    let (message, _) = host.delivered().await;
    let answer = host.get(&format!("/v1/messages/{}/body", message.id)).await;
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
}

#[tokio::test]
async fn an_edited_message_is_sent_as_it_is_now_and_its_original_is_kept() {
    let mut host = Host::start();
    let id = suspended(&mut host, "poison").await;
    let path = format!("/v1/messages/{id}");
    let answer = host.get(&format!("{path}/original")).await;
    answer.problem(404, "not-edited");
    let changes = json!({"set": {"b": "2", "content-type": "text/xml"}, "unset": ["a"]});
    let report = host.ask("PATCH", &path, Some(changes)).await.json;
    assert_eq!(
        report["properties"],
        json!({"content-type": "text/xml", "b": "2"})
    );
    assert_eq!(report["edited"], true);
    let answer = put(&host, id, &[], "cure").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json["size"]),
        (200, &4.into())
    );
    let original = host.get(&format!("{path}/original")).await.json;
    let properties = json!({"content-type": "text/plain", "a": "1"});
    assert_eq!(
        original,
        json!({"id": id.to_string(), "size": 6, "properties": properties})
    );
    let answer = host.get(&format!("{path}/original/body")).await;
    assert_eq!(answer.body, "poison");
    assert_eq!(answer.headers["content-type"], "text/plain");

    let answer = host.ask("POST", &format!("{path}/resume"), None).await;
    assert_eq!(
        answer.json,
        json!({"id": id.to_string(), "state": "pending"})
    );
    let (message, body) = host.delivered().await;
    assert_eq!((message.id, &body[..]), (id, &b"cure"[..]));
    assert_eq!(message.properties.get("content-type"), Some("text/xml"));
}

#[tokio::test]
async fn a_large_new_body_is_stored_as_it_comes_and_may_bring_its_type() {
    let mut host = Host::start();
    let id = suspended(&mut host, "poison").await;
    let body = vec![b'x'; LIMITS.stage_threshold * 3];
    let answer = put(&host, id, &[("content-type", "a/b")], body.clone()).await;
    assert_eq!(answer.json["size"], body.len());
    assert_eq!(answer.json["properties"]["content-type"], "a/b");
    let answer = host.get(&format!("/v1/messages/{id}/body")).await;
    assert_eq!(
        (&answer.body[..], &answer.headers["content-type"]),
        (&body[..], &"a/b".parse().unwrap())
    );
}

#[tokio::test]
async fn bodies_that_cannot_be_taken_change_nothing() {
    let mut host = Host::start();
    let id = suspended(&mut host, "poison").await;
    let one_more = vec![b'x'; usize::try_from(LIMITS.max_body).unwrap() + 1];
    put(&host, id, &[], one_more)
        .await
        .problem(413, "body-too-large");
    let answer = put(&host, id, &[("content-encoding", "gzip")], "x").await;
    answer.problem(415, "unsupported-media-type");
    let broken = futures::stream::iter([Ok("half"), Err(std::io::Error::other("reset"))]);
    put(&host, id, &[], Body::from_stream(broken))
        .await
        .problem(400, "malformed");
    let report = host.get(&format!("/v1/messages/{id}")).await.json;
    assert_eq!(
        (&report["size"], &report["edited"]),
        (&6.into(), &false.into())
    );
}

#[tokio::test]
async fn changes_that_make_no_sense_are_refused() {
    let mut host = Host::start();
    let id = suspended(&mut host, "poison").await;
    for (wrong, expected) in [
        (json!({}), "nothing is changed"),
        (json!({"set": {"A": "x"}}), "cannot name a property"),
        (json!({"set": {"b": "x\ny"}}), "line breaks"),
        (json!({"unset": ["b"]}), "no property \"b\""),
        (
            json!({"set": {"a": "2"}, "unset": ["a"]}),
            "both set and unset",
        ),
        (json!({"sets": {}}), "unknown field `sets`"),
        (json!({"set": {"a": 1}}), "invalid type"),
    ] {
        let answer = host
            .ask("PATCH", &format!("/v1/messages/{id}"), Some(wrong))
            .await;
        let detail = answer.problem(400, "malformed");
        assert!(detail.contains(expected), "{detail}");
    }
}

#[tokio::test]
async fn what_is_not_suspended_is_left_alone() {
    let mut host = Host::start();
    host.post(&[], "x").await.accepted(1);
    let (message, _) = host.delivered().await;
    let path = format!("/v1/messages/{}", message.id);
    let set = json!({"set": {"a": "x"}});
    for (method, path, body) in [
        ("PATCH", path.clone(), Some(set)),
        ("PUT", format!("{path}/body"), None),
        ("POST", format!("{path}/resume"), None),
        ("POST", format!("{path}/terminate"), None),
    ] {
        let answer = host.ask(method, &path, body).await;
        let detail = answer.problem(409, "not-suspended");
        assert!(detail.contains("is not suspended"), "{detail}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let host = Host::start();
    let unknown = unknown(&host);
    let set = json!({"set": {"a": "x"}});
    let foreign = MessageId::new(host.message_box.box_id() ^ 1, 1);
    for id in [unknown, foreign] {
        let path = format!("/v1/messages/{id}");
        for (method, path, body) in [
            ("GET", path.clone(), None),
            ("PATCH", path.clone(), Some(set.clone())),
            ("GET", format!("{path}/body"), None),
            ("PUT", format!("{path}/body"), None),
            ("GET", format!("{path}/original"), None),
            ("GET", format!("{path}/original/body"), None),
            ("POST", format!("{path}/resume"), None),
            ("POST", format!("{path}/terminate"), None),
        ] {
            let answer = host.ask(method, &path, body).await;
            answer.problem(404, "unknown-message");
        }
    }
    for path in [
        "/v1/messages/42",
        "/v1/messages/42/body",
        "/v1/messages/suspended/body",
    ] {
        host.get(path).await.problem(400, "malformed");
    }
}
