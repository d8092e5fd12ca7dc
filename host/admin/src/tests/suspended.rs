//! Lists of suspended messages, and decisions about many of them.

use model::{ErrorInfo, LaneBy, MessageId, OnFailure, OrderedDelivery};
use serde_json::{Value, json};

use super::fixture::{Host, port};

const LIST: &str = "/v1/messages/suspended";
const RESUME: &str = "/v1/messages/suspended/resume";
const TERMINATE: &str = "/v1/messages/suspended/terminate";

fn error(code: &str) -> ErrorInfo {
    ErrorInfo::new(code, "no such customer")
}

async fn ids(host: &Host, query: &str) -> Vec<String> {
    let answer = host.get(&format!("{LIST}?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    let messages = answer.json["messages"].as_array().unwrap().iter();
    messages
        .map(|entry| entry["id"].as_str().unwrap().to_owned())
        .collect()
}

/// A port whose messages do not wait for one that failed, which then can no longer be resumed.
fn skipping() -> model::SendPort {
    let mut orders = port("orders");
    orders.ordered = Some(OrderedDelivery {
        by: LaneBy::Port,
        on_failure: OnFailure::Skip,
    });
    orders
}

#[tokio::test]
async fn suspended_messages_say_why() {
    let mut host = Host::start();
    let id = host.suspended("poison", error("http-400")).await;
    let answer = host
        .get("/v1/messages/suspended?port=orders&limit=10")
        .await;
    let [entry] = &answer.json["messages"].as_array().unwrap()[..] else {
        panic!("{}", answer.json)
    };
    assert_eq!(entry["id"], id.to_string());
    assert_eq!(
        (&entry["port"], &entry["transport"]),
        (&"orders".into(), &"primary".into())
    );
    assert_eq!(entry["attempts"], 1);
    assert_eq!(
        (&entry["code"], &entry["text"]),
        (&"http-400".into(), &"no such customer".into())
    );
    assert_eq!(entry["size"], 6);
    assert_eq!(
        (&entry["resumable"], &entry["edited"]),
        (&true.into(), &false.into())
    );
    assert_eq!(answer.json["next"], Value::Null);
}

#[tokio::test]
async fn a_filter_chooses() {
    let mut host = Host::start();
    let one = host.suspended("one", error("http-400")).await.to_string();
    let two = host.suspended("two", error("http-404")).await.to_string();
    let all = ids(&host, "").await;
    assert_eq!(all, [one.clone(), two.clone()]);
    assert_eq!(ids(&host, "code=http-404").await, [two.as_str()]);
    assert_eq!(ids(&host, "port=orders&resumable=true").await, all);
    let future = "2100-01-01T00:00:00%2B01:00";
    assert_eq!(
        ids(&host, &format!("until={future}&since=1970-01-01T00:00:00Z")).await,
        all
    );
    for nothing in [
        "port=others".to_owned(),
        "resumable=false".to_owned(),
        format!("since={future}"),
        "until=1970-01-01T00:00:00Z".to_owned(),
    ] {
        assert!(ids(&host, &nothing).await.is_empty(), "{nothing}");
    }
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let mut host = Host::start();
    let mut all = Vec::new();
    for body in ["1", "2", "3"] {
        all.push(host.suspended(body, error("x")).await.to_string());
    }
    let first = host.get("/v1/messages/suspended?limit=2").await.json;
    assert_eq!(first["next"], all[1]);
    // The message that ended the page may be gone by the time the next one is asked for.
    let path = format!("/v1/messages/{}/terminate", all[1]);
    assert_eq!(host.ask("POST", &path, None).await.status, 200);
    let rest = host
        .get(&format!("{LIST}?limit=2&after={}", all[1]))
        .await
        .json;
    assert_eq!(rest["messages"][0]["id"], all[2]);
    assert_eq!(rest["next"], Value::Null);
    let unknown = MessageId::new(host.message_box.box_id(), 4711);
    let answer = host.get(&format!("{LIST}?after={unknown}")).await;
    answer.problem(410, "cursor-lost");
}

#[tokio::test]
async fn queries_that_make_no_sense_are_refused() {
    let host = Host::start();
    for wrong in [
        "limit=0",
        "limit=10001",
        "limit=x",
        "prot=orders",
        "port=a%20b",
        "since=yesterday",
        "until=2026-01-31",
        "resumable=perhaps",
        "after=42",
    ] {
        let answer = host.get(&format!("{LIST}?{wrong}")).await;
        answer.problem(400, "malformed");
    }
}

#[tokio::test]
async fn messages_are_resumed_by_id_or_by_filter() {
    let mut host = Host::start();
    let one = host.suspended("one", error("http-400")).await;
    let two = host.suspended("two", error("http-404")).await;
    let unknown = MessageId::new(host.message_box.box_id(), 4711);
    let by_id = json!({"ids": [one.to_string(), unknown.to_string()]});
    let answer = host.ask("POST", RESUME, Some(by_id)).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    assert_eq!(
        (&answer.json["resumed"], &answer.json["skipped"]),
        (&1.into(), &0.into())
    );
    let refused = &answer.json["refused"][0];
    assert_eq!(
        (&refused["id"], &refused["code"]),
        (&unknown.to_string().into(), &"unknown-message".into())
    );
    assert!(
        refused["reason"]
            .as_str()
            .unwrap()
            .contains("is not in the message box")
    );
    let (message, _) = host.delivered().await;
    assert_eq!((message.id, message.earlier_attempts), (one, 1));

    let answer = host
        .ask("POST", RESUME, Some(json!({"code": "http-404"})))
        .await;
    assert_eq!(
        answer.json,
        json!({"resumed": 1, "skipped": 0, "refused": []})
    );
    assert_eq!(host.delivered().await.0.id, two);
}

#[tokio::test]
async fn what_would_break_the_order_is_passed_over() {
    let mut host = Host::serving(vec![skipping()]);
    let id = host.suspended("one", error("x")).await;
    let answer = host.ask("POST", RESUME, Some(json!({"all": true}))).await;
    assert_eq!(
        answer.json,
        json!({"resumed": 0, "skipped": 1, "refused": []})
    );
    let answer = host
        .ask("POST", RESUME, Some(json!({"ids": [id.to_string()]})))
        .await;
    assert_eq!(answer.json["refused"][0]["code"], "not-resumable");
    let answer = host
        .ask("POST", TERMINATE, Some(json!({"resumable": false})))
        .await;
    assert_eq!(answer.json, json!({"terminated": 1, "refused": []}));
}

#[tokio::test]
async fn all_of_them_are_terminated_only_when_that_is_said() {
    let mut host = Host::start();
    for body in ["one", "two"] {
        host.suspended(body, error("x")).await;
    }
    for (wrong, expected) in [
        (json!({}), "say which messages"),
        (json!({"all": false}), "say which messages"),
        (json!({"all": true, "port": "orders"}), "exclude each other"),
        (json!({"all": true, "ids": []}), "exclude each other"),
        (json!({"prot": "orders"}), "unknown field `prot`"),
        (json!({"port": "a b"}), "cannot name a send port"),
        (json!({"ids": ["42"]}), "is not a message id"),
        (json!("all"), "invalid type"),
    ] {
        for path in [RESUME, TERMINATE] {
            let answer = host.ask("POST", path, Some(wrong.clone())).await;
            let detail = answer.problem(400, "malformed");
            assert!(detail.contains(expected), "{wrong}: {detail}");
        }
    }
    assert_eq!(ids(&host, "").await.len(), 2);
    let answer = host
        .ask("POST", TERMINATE, Some(json!({"all": true})))
        .await;
    assert_eq!(answer.json, json!({"terminated": 2, "refused": []}));
    assert!(ids(&host, "").await.is_empty());
}

#[tokio::test]
async fn a_body_that_does_not_say_that_it_is_json_is_refused() {
    let host = Host::start();
    for media_type in ["", "text/plain", "application/x-www-form-urlencoded"] {
        let request = axum::http::Request::post(TERMINATE)
            .header("content-type", media_type)
            .body("{\"all\":true}".into())
            .unwrap();
        let answer = host.send(request).await;
        answer.problem(415, "unsupported-media-type");
    }
    let huge = json!({"code": "x".repeat(3 << 20)});
    let answer = host.ask("POST", TERMINATE, Some(huge)).await;
    answer.problem(413, "body-too-large");
}
