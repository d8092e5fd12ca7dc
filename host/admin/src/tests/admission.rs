//! What a port's policy gives a message or refuses, and what the headers say about it.

use std::time::Duration;

use model::{DynamicAdapter, Enlistment, LaneBy, OnFailure, OrderedDelivery, TwoWay};
use serde_json::json;

use super::fixture::{Host, port, post};
use crate::time::{now, parse, rfc3339};

const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

#[tokio::test]
async fn messages_expire_when_their_publisher_says() {
    let mut host = Host::start();
    let in_an_hour = now().after(Duration::from_secs(3600));
    let written = rfc3339(in_an_hour);
    host.post(&[("sendport-expires", &written)], "x")
        .await
        .accepted(1);
    assert_eq!(host.delivered().await.0.expires, Some(in_an_hour));

    let time_to_live = [("sendport-time-to-live", "1h"), LINES];
    let before = now();
    host.post(&time_to_live, "1\n2\n").await.accepted(2);
    for _ in 0..2 {
        let expires = host.delivered().await.0.expires.unwrap();
        let hour = Duration::from_secs(3600);
        assert!(before.after(hour) <= expires && expires <= now().after(hour));
    }
    host.post(&[], "x").await.accepted(1);
    assert_eq!(host.delivered().await.0.expires, None);
}

#[tokio::test]
async fn the_publisher_s_time_wins_over_the_port_s() {
    let mut orders = port("orders");
    orders.time_to_live = Some(Duration::from_secs(7200));
    let mut host = Host::serving(vec![orders]);
    let before = now();
    host.post(&[], "x").await.accepted(1);
    let expires = host.delivered().await.0.expires.unwrap();
    assert!(expires >= before.after(Duration::from_secs(7200)));
    let own = "2100-01-01T00:00:00+01:00";
    host.post(&[("sendport-expires", own)], "x")
        .await
        .accepted(1);
    assert_eq!(host.delivered().await.0.expires, Some(parse(own).unwrap()));
}

#[tokio::test]
async fn times_that_make_no_sense_are_refused() {
    let host = Host::start();
    let cases: [(&[(&str, &str)], &str); 5] = [
        (
            &[("sendport-expires", "tomorrow")],
            "\"tomorrow\" is not a point in time",
        ),
        (
            &[("sendport-expires", "2020-01-01T00:00:00Z")],
            "which has passed",
        ),
        (
            &[("sendport-time-to-live", "30")],
            "\"30\" is not a length of time",
        ),
        (&[("sendport-time-to-live", "0s")], "use 1ms or more"),
        (
            &[
                ("sendport-time-to-live", "1s"),
                ("sendport-expires", "2100-01-01T00:00:00Z"),
            ],
            "exclude each other",
        ),
    ];
    for (headers, expected) in cases {
        let answer = host.post(headers, "x").await;
        let detail = answer.problem(400, "malformed");
        assert!(detail.contains(expected), "{detail}");
        assert!(
            answer.json["header"]
                .as_str()
                .unwrap()
                .starts_with("sendport-")
        );
    }
    assert_eq!(host.kept().await, (0, 0));
}

#[tokio::test]
async fn a_repetition_that_comes_too_late_gets_its_ids() {
    let host = Host::start();
    let headers = [
        ("sendport-expires", "2020-01-01T00:00:00Z"),
        ("idempotency-key", "4711"),
    ];
    let first = host.post(&headers, "x").await;
    first.accepted(1);
    let again = host.post(&headers, "x").await;
    assert_eq!(
        again.json,
        json!({"ids": first.json["ids"], "repeated": true})
    );
}

#[tokio::test]
async fn the_ordering_key_is_a_property_and_makes_the_lane() {
    let mut orders = port("orders");
    orders.ordered = Some(OrderedDelivery {
        by: LaneBy::Key,
        on_failure: OnFailure::Stop,
    });
    let mut host = Host::serving(vec![orders]);
    host.post(&[("sendport-ordering-key", "customer-7")], "x")
        .await
        .accepted(1);
    let (message, _) = host.delivered().await;
    assert_eq!(message.properties.get("ordering-key"), Some("customer-7"));
    assert_eq!(message.lane.as_deref(), Some("customer-7"));
    let both = [
        ("sendport-ordering-key", "a"),
        ("sendport-property-ordering-key", "b"),
    ];
    let answer = host.post(&both, "x").await;
    assert!(
        answer
            .problem(400, "malformed")
            .contains("different things")
    );
    let answer = host.post(&[("sendport-ordering-key", "")], "x").await;
    assert!(answer.problem(400, "malformed").contains("is empty"));
    let long = "k".repeat(2000);
    let answer = host.post(&[("sendport-ordering-key", &long)], "x").await;
    assert!(
        answer
            .problem(422, "unacceptable-message")
            .contains("2000 bytes")
    );
}

#[tokio::test]
async fn a_dynamic_port_needs_an_address_for_every_message() {
    let mut anywhere = port("anywhere");
    anywhere.dynamic = vec![DynamicAdapter {
        name: "recorder".to_owned(),
        transport_type: "TEST".to_owned(),
        prefixes: vec!["test://".to_owned()],
    }];
    let mut host = Host::serving(vec![anywhere]);
    let answer = host.send(post("anywhere", &[LINES], "1\n2\n")).await;
    let detail = answer.problem(422, "unacceptable-message");
    assert!(detail.contains("'address'"), "{detail}");
    assert_eq!(answer.json["index"], 0);
    let address = [("sendport-property-address", "test://there")];
    host.send(post("anywhere", &address, "x")).await.accepted(1);
    assert_eq!(
        host.delivered().await.0.properties.get("address"),
        Some("test://there")
    );
}

#[tokio::test]
async fn a_full_backlog_says_when_to_come_back() {
    let mut orders = port("orders");
    orders.backlog_limit = Some(2);
    let host = Host::serving(vec![orders]);
    host.post(&[LINES], "1\n2\n").await.accepted(2);
    let answer = host.post(&[], "x").await;
    answer.problem(429, "backlog-full");
    assert_eq!(answer.json["limit"], 2);
    assert_eq!(answer.headers["retry-after"], "1");
    let stopped = Enlistment::Stopped;
    host.dispatcher
        .set_enlistment("orders", stopped)
        .await
        .unwrap();
    assert_eq!(host.post(&[], "x").await.headers["retry-after"], "30");
    assert_eq!(host.kept().await.0, 2);
}

#[tokio::test]
async fn an_unenlisted_port_takes_nothing_and_a_stopped_one_keeps() {
    let host = Host::start();
    let set = |to| host.dispatcher.set_enlistment("orders", to);
    set(Enlistment::Unenlisted).await.unwrap();
    let answer = host.post(&[], "x").await;
    assert!(
        answer
            .problem(503, "unenlisted")
            .contains("sendport port start orders")
    );
    set(Enlistment::Stopped).await.unwrap();
    host.post(&[], "x").await.accepted(1);
    assert_eq!(host.kept().await.0, 1);
}

#[tokio::test]
async fn a_two_way_port_says_where_its_responses_will_be() {
    let mut questions = port("questions");
    questions.two_way = Some(TwoWay {
        response_port: None,
        retention: Duration::from_secs(3600),
        max_response: 1 << 20,
    });
    let host = Host::serving(vec![questions, port("orders")]);
    let answer = host.send(post("questions", &[LINES], "1\n2\n")).await;
    answer.accepted(2);
    for nth in 0..2 {
        let id = answer.json["ids"][nth].as_str().unwrap();
        let expected = format!("/v1/messages/{id}/response");
        assert_eq!(answer.json["responses"][nth], expected);
    }
    let answer = host.post(&[], "x").await;
    assert!(answer.json.get("responses").is_none());
}
