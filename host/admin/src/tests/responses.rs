//! Responses: fetched, waited for, missing for good.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures::poll;
use model::{ErrorInfo, MessageId, Outcome, Response, TwoWay};
use serde_json::json;

use super::fixture::{Answer, Host, port, post, send};
use crate::time::now;

/// A host with a two-way port.
fn host() -> Host {
    let mut questions = port("questions");
    questions.two_way = Some(TwoWay {
        response_port: None,
        retention: Duration::from_secs(3600),
        max_response: 1 << 20,
    });
    Host::serving(vec![questions, port("orders")])
}

async fn ask(host: &mut Host) -> MessageId {
    host.send(post("questions", &[], "how are you?"))
        .await
        .accepted(1);
    host.delivered().await.0.id
}

fn path(id: MessageId) -> String {
    format!("/v1/messages/{id}/response")
}

fn answered() -> Outcome {
    let pairs = [
        ("content-type", "text/plain"),
        ("status", "fine"),
        ("two words", "x"),
        ("lines", "a\nb"),
    ];
    Outcome::Answered(Response {
        properties: pairs.into_iter().collect(),
        body: "well".into(),
    })
}

#[track_caller]
fn is_the_response(answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.json);
    assert_eq!(answer.body, "well");
    assert_eq!(answer.headers["content-type"], "text/plain");
    assert_eq!(answer.headers["sendport-property-status"], "fine");
    // What no header can hold is counted, not lost in silence.
    assert_eq!(answer.headers["sendport-properties-left-out"], "2");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert!(answer.headers.contains_key("sendport-kept-until"));
}

#[tokio::test]
async fn a_response_is_there_as_often_as_it_is_asked_for() {
    let mut host = host();
    let id = ask(&mut host).await;
    host.settle_on("questions", vec![(id, answered())]).await;
    for _ in 0..2 {
        is_the_response(&host.get(&path(id)).await);
    }
}

#[tokio::test]
async fn one_that_waits_gets_it_when_it_comes() {
    let mut host = host();
    let id = ask(&mut host).await;
    let waiting = format!("{}?wait=5m", path(id));
    let mut waiting = std::pin::pin!(host.get(&waiting));
    assert!(poll!(waiting.as_mut()).is_pending());
    host.settle_on("questions", vec![(id, answered())]).await;
    is_the_response(&waiting.await);
}

#[tokio::test]
async fn without_a_wait_the_state_is_told_at_once() {
    let mut host = host();
    let id = ask(&mut host).await;
    for query in ["", "?wait=0s", "?wait=1ms"] {
        let answer = host.get(&format!("{}{query}", path(id))).await;
        assert_eq!(answer.status, 202);
        assert_eq!(answer.json, json!({"state": "pending", "error": null}));
        assert_eq!(answer.headers["retry-after"], "1");
    }
}

#[tokio::test]
async fn one_that_waits_is_told_when_a_person_has_to_decide() {
    let mut host = host();
    let id = ask(&mut host).await;
    let waiting = format!("{}?wait=5m", path(id));
    let mut waiting = std::pin::pin!(host.get(&waiting));
    assert!(poll!(waiting.as_mut()).is_pending());
    // The box answers in the order it is asked: the request above has seen a pending message.
    host.message_box.response(id, now()).await.unwrap();
    let error = ErrorInfo::new("http-400", "no such customer");
    host.settle_on("questions", vec![(id, Outcome::Suspend(error))])
        .await;
    let answer = waiting.await;
    assert_eq!(answer.status, 202);
    let error = json!({"code": "http-400", "text": "no such customer"});
    assert_eq!(answer.json, json!({"state": "suspended", "error": error}));
    assert_eq!(answer.headers["retry-after"], "60");
}

#[tokio::test]
async fn a_suspended_message_may_still_be_answered() {
    let mut host = host();
    let id = ask(&mut host).await;
    let error = ErrorInfo::new("http-400", "no such customer");
    host.settle_on("questions", vec![(id, Outcome::Suspend(error))])
        .await;
    let request = Request::get(format!("{}?wait=5m", path(id)));
    let request = request.body(Body::empty()).unwrap();
    let mut waiting = std::pin::pin!(send(host.router.clone(), request));
    assert!(poll!(waiting.as_mut()).is_pending());
    let resume = format!("/v1/messages/{id}/resume");
    assert_eq!(host.ask("POST", &resume, None).await.status, 200);
    assert_eq!(host.delivered().await.0.id, id);
    host.settle_on("questions", vec![(id, answered())]).await;
    is_the_response(&waiting.await);
}

#[tokio::test]
async fn b76_an_exchange_that_failed_for_good_says_so() {
    let mut host = host();
    let id = ask(&mut host).await;
    let error = ErrorInfo::new("http-400", "no such customer");
    host.settle_on("questions", vec![(id, Outcome::Suspend(error))])
        .await;
    let waiting = format!("{}?wait=5m", path(id));
    let mut waiting = std::pin::pin!(host.get(&waiting));
    assert!(poll!(waiting.as_mut()).is_pending());
    let terminate = format!("/v1/messages/{id}/terminate");
    assert_eq!(host.ask("POST", &terminate, None).await.status, 200);
    let answer = waiting.await;
    let detail = answer.problem(502, "exchange-failed");
    assert!(detail.contains("will not be answered"), "{detail}");
    assert_eq!(answer.json["code"], "terminated");
    assert!(answer.json["text"].is_string());
}

#[tokio::test]
async fn what_nobody_will_answer_is_said_to_be_so() {
    let mut host = host();
    let unknown = MessageId::new(host.message_box.box_id(), 4711);
    let answer = host.get(&format!("{}?wait=5m", path(unknown))).await;
    answer.problem(404, "unknown-message");
    host.post(&[], "x").await.accepted(1);
    let (one_way, _) = host.delivered().await;
    let answer = host.get(&format!("{}?wait=5m", path(one_way.id))).await;
    answer.problem(409, "one-way");
    for wrong in ["wait=6m", "wait=soon", "wiat=1s"] {
        let answer = host.get(&format!("{}?{wrong}", path(unknown))).await;
        answer.problem(400, "malformed");
    }
    host.get("/v1/messages/42/response")
        .await
        .problem(400, "malformed");
}

#[tokio::test]
async fn one_that_waits_learns_that_the_box_was_closed() {
    let mut host = host();
    let id = ask(&mut host).await;
    let waiting = format!("{}?wait=5m", path(id));
    let mut waiting = std::pin::pin!(host.get(&waiting));
    assert!(poll!(waiting.as_mut()).is_pending());
    host.message_box.close().await.unwrap();
    waiting.await.problem(503, "unavailable");
}
