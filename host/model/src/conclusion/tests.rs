//! What a message's end leads to, as tables.

use std::time::Duration;

use super::*;
use crate::{Body, MessageId, RetryPolicy, Transport, TransportSlot};

const NOW: Timestamp = Timestamp(5_000);

fn name(text: &str) -> PortName {
    PortName::new(text).expect("a name")
}

fn port() -> SendPort {
    let transport = Transport {
        adapter: "http".to_owned(),
        address: "http://there/".into(),
        retry: RetryPolicy::default(),
        configuration: Arc::default(),
        window: None,
        breaker: None,
    };
    SendPort::new(name("orders"), transport)
}

fn message(properties: &[(&str, &str)]) -> Message {
    Message {
        id: MessageId::new(1, 42),
        port: name("orders"),
        accepted: Timestamp(0),
        priority: Priority::new(2).expect("in range"),
        transport: TransportSlot::Primary,
        attempts: 3,
        earlier_attempts: 1,
        expires: None,
        lane: None,
        properties: properties.iter().copied().collect(),
        body: Body::Inline(Bytes::from_static(b"content")),
    }
}

fn suspend() -> Verdict {
    Verdict::Suspend {
        attempts: 4,
        error: ErrorInfo::new("http-503", "busy"),
        resumable: true,
    }
}

fn concluded(
    port: &SendPort,
    message: &Message,
    verdict: Verdict,
    response: Option<Response>,
) -> Conclusion {
    conclude(port, message, "HTTP adapter 1.0", verdict, response, NOW)
}

fn notifying(always: bool, ack: bool, nack: bool) -> SendPort {
    SendPort {
        notifications: Some(Notifications {
            port: name("receipts"),
            always,
            ack,
            nack,
        }),
        ..port()
    }
}

#[test]
fn a_port_without_policy_adds_nothing() {
    for verdict in [Verdict::Delete, suspend(), Verdict::Release { alone: true }] {
        let asked = message(&[("delivery-notification", "true")]);
        let conclusion = concluded(&port(), &asked, verdict.clone(), None);
        assert_eq!(conclusion, Conclusion::only(verdict), "B89");
    }
}

#[test]
fn b72_b73_only_a_two_way_port_keeps_a_response() {
    let response = Response {
        properties: [("content-type", "text/plain")].into_iter().collect(),
        body: Bytes::from_static(b"answer"),
    };
    let one_way = concluded(
        &port(),
        &message(&[]),
        Verdict::Delete,
        Some(response.clone()),
    );
    assert_eq!(one_way.answer, None, "B73");
    let mut two_way = port();
    two_way.two_way = Some(TwoWay {
        response_port: Some(name("answers")),
        retention: Duration::from_secs(60),
        max_response: 100,
    });
    let conclusion = concluded(
        &two_way,
        &message(&[]),
        Verdict::Delete,
        Some(response.clone()),
    );
    assert_eq!(conclusion.answer, Some(Answer::Response(response)));
    let routed = &conclusion.emissions[0];
    assert_eq!(
        (routed.port.as_str(), routed.body.as_deref()),
        ("answers", Some(&b"answer"[..]))
    );
    assert_eq!(routed.properties.get("content-type"), Some("text/plain"));
    let id = message(&[]).id.to_string();
    assert_eq!(routed.properties.get("correlation-id"), Some(id.as_str()));
}

#[test]
fn b87_b88_who_is_asked_to_is_told_once_and_at_the_end_only() {
    let kinds = |port: &SendPort, properties: &[(&str, &str)], verdict| -> Vec<String> {
        let conclusion = concluded(port, &message(properties), verdict, None);
        let emissions = conclusion.emissions.iter();
        emissions
            .map(|e| {
                e.properties
                    .get("notification")
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    };
    let asked = [("delivery-notification", "true")];
    let declined = [("delivery-notification", "false")];
    assert_eq!(
        kinds(&notifying(true, true, true), &[], Verdict::Delete),
        ["ack"]
    );
    assert_eq!(
        kinds(&notifying(true, true, true), &[], suspend()),
        ["nack"]
    );
    assert_eq!(
        kinds(&notifying(true, true, true), &declined, Verdict::Delete),
        [""; 0]
    );
    assert_eq!(
        kinds(&notifying(true, false, true), &[], Verdict::Delete),
        [""; 0]
    );
    assert_eq!(
        kinds(&notifying(false, true, true), &[], Verdict::Delete),
        [""; 0]
    );
    assert_eq!(
        kinds(&notifying(false, true, true), &asked, Verdict::Delete),
        ["ack"]
    );
    let retry = Verdict::Resubmit {
        due: NOW,
        attempts: 1,
        carry: Properties::default(),
        error: None,
    };
    assert_eq!(
        kinds(&notifying(true, true, true), &[], retry),
        [""; 0],
        "B88: none per retry"
    );
}

#[test]
fn a_notification_says_the_same_in_its_content() {
    let conclusion = concluded(&notifying(true, true, true), &message(&[]), suspend(), None);
    let nack = &conclusion.emissions[0];
    let content = nack.body.as_deref().expect("a content of its own");
    let content: serde_json::Value = serde_json::from_slice(content).expect("JSON");
    let id = message(&[]).id.to_string();
    for (name, value) in [
        ("notification", "nack"),
        ("notification.port", "orders"),
        ("correlation-id", id.as_str()),
        ("error.code", "http-503"),
    ] {
        assert_eq!(content[name], value, "{name}");
        assert_eq!(nack.properties.get(name), Some(value), "{name}");
    }
}

#[test]
fn b90_a_message_that_would_be_suspended_goes_to_the_failed_message_port() {
    let routing = SendPort {
        failed_message_port: Some(name("failures")),
        ..port()
    };
    let message = message(&[("order", "7")]);
    let conclusion = concluded(&routing, &message, suspend(), None);
    let Verdict::Route(clone) = conclusion.verdict else {
        panic!("nothing is suspended: {:?}", conclusion.verdict);
    };
    assert_eq!(
        (clone.port.as_str(), &clone.body, clone.priority),
        ("failures", &None, message.priority)
    );
    let id = message.id.to_string();
    for (property, value) in [
        ("order", "7"),
        ("correlation-id", id.as_str()),
        ("error.code", "http-503"),
        ("error.text", "busy"),
        ("error.port", "orders"),
        ("error.adapter", "HTTP adapter 1.0"),
        ("error.address", "http://there/"),
        ("error.attempts", "5"),
        ("error.time", "5000"),
    ] {
        assert_eq!(clone.properties.get(property), Some(value), "{property}");
    }
}

#[test]
fn b76_who_waits_hears_of_a_failure_also_when_the_message_is_routed() {
    let mut routing = port();
    routing.failed_message_port = Some(name("failures"));
    routing.two_way = Some(TwoWay {
        response_port: None,
        retention: Duration::from_secs(60),
        max_response: 100,
    });
    let conclusion = concluded(&routing, &message(&[]), suspend(), None);
    assert_eq!(
        conclusion.answer,
        Some(Answer::Failed(ErrorInfo::new("http-503", "busy")))
    );
    let retried = concluded(
        &routing,
        &message(&[]),
        Verdict::Release { alone: false },
        None,
    );
    assert_eq!(retried.answer, None);
}
