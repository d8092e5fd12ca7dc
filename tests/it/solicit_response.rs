//! Two-way ports: what the destination answers is kept for the one who waits, together with the delivery
//! or not at all.

use std::time::Duration;

use bytes::Bytes;
use message_box::ResponseState;
use model::{Answer as Reply, ErrorInfo, MessageId, Response, SendPort, TwoWay};

use crate::fixture::{Answer, Host, PortSpec, Receiver, message, name, until};

const PATIENT: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(5);

/// A port that takes responses of so many bytes.
fn two_way(max_response: usize) -> impl FnOnce(&mut SendPort) {
    move |port| {
        port.two_way = Some(TwoWay {
            response_port: Some(name("answers")),
            retention: Duration::from_secs(3600),
            max_response,
        });
    }
}

fn host(spec: &PortSpec, max_response: usize) -> Host {
    let host = Host::new();
    host.start_with(spec, None, two_way(max_response));
    host
}

async fn response(host: &Host, id: MessageId) -> Response {
    match host.answer(id).await {
        Reply::Response(response) => response,
        Reply::Failed(error) => panic!("{id} has failed: {error}"),
    }
}

async fn suspension(host: &Host, id: MessageId) -> ErrorInfo {
    let state = host.response(id).await;
    let ResponseState::Waiting {
        suspended: Some(error),
    } = state
    else {
        panic!("{state:?}")
    };
    error
}

/// However an adapter says that it has sent a message: the response is there when the message is gone.
#[tokio::test(flavor = "multi_thread")]
async fn b72_response_and_deletion_are_one() {
    for (adapter, probe) in [
        ("probe-adapter", "respond"),
        ("probe-adapter", "respond-pending"),
        ("probe-batch-adapter", "respond"),
        ("probe-batch-adapter", "respond-pending"),
        ("probe-sync-adapter", "respond"),
        ("probe-sync-batch-adapter", "respond"),
    ] {
        let host = host(&PortSpec::of(adapter), 1024);
        let question = [("probe", probe), ("body", "<response/>")];
        let id = host.publish("port", &[&question]).await[0];
        until("the end of the message", async || {
            (host.audit().await.delivered == 1).then_some(())
        })
        .await;
        // No waiting: both were one transaction.
        let state = host.response(id).await;
        let ResponseState::Ready {
            answer: Reply::Response(response),
            ..
        } = state
        else {
            panic!("{adapter} {probe}: {state:?}")
        };
        assert_eq!(&response.body[..], b"<response/>", "{adapter} {probe}");
        assert_eq!(response.properties.get("answered-by"), Some("probe"));
        let routed = host.kept("answers").await.remove(0);
        let about = id.to_string();
        assert_eq!(routed.properties.get("correlation-id"), Some(&*about));
        assert_eq!(routed.properties.get("answered-by"), Some("probe"));
        assert_eq!(routed.size, response.body.len() as u64);
    }
}

/// The response was left, and then the message failed: nobody gets it. Delivered later, it has another.
#[tokio::test(flavor = "multi_thread")]
async fn b72_a_response_of_a_failed_attempt_is_forgotten() {
    let host = host(&PortSpec::probe(), 1024);
    let id = host
        .publish(
            "port",
            &[&[("first", "respond-then-fail"), ("probe", "ok")]],
        )
        .await[0];
    host.suspended(1).await;
    suspension(&host, id).await;
    assert!(host.kept("answers").await.is_empty());
    host.resume(id).await;
    let response = response(&host, id).await;
    assert_eq!(response, Response::default(), "nothing was left this time");
}

#[tokio::test(flavor = "multi_thread")]
async fn b73_a_one_way_port_refuses_responses_and_keeps_none() {
    for adapter in [
        "probe-adapter",
        "probe-batch-adapter",
        "probe-sync-adapter",
        "probe-sync-batch-adapter",
    ] {
        let host = Host::with(&PortSpec::of(adapter));
        let id = host.probe("respond").await;
        let text = host.failure().await;
        assert!(text.contains("one-way"), "{text}");
        assert_eq!(host.response(id).await, ResponseState::NotExpected);
        host.probe("ok").await;
        host.delivered("port", 1).await;
    }
}

/// Nobody has to leave a response: a destination that had nothing to say has answered all the same.
#[tokio::test(flavor = "multi_thread")]
async fn b72_a_delivery_without_a_response_is_an_empty_one() {
    let host = host(&PortSpec::of("null-adapter"), 1024);
    let id = host.probe("ok").await;
    assert_eq!(response(&host, id).await, Response::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn b76_who_waits_hears_of_a_failure_for_good_although_it_is_routed() {
    let receiver = Receiver::start().await;
    receiver.script("/ask", vec![Answer::Status(503); 2]);
    let host = Host::new();
    let spec = PortSpec::http(&receiver, "/ask").retrying(1, SOON);
    host.start_with(&spec, None, |port| {
        two_way(1024)(port);
        port.failed_message_port = Some(name("failures"));
    });
    let id = host.publish("port", &[&[]]).await[0];
    let Reply::Failed(error) = host.answer(id).await else {
        panic!("there is no response")
    };
    assert_eq!(error.code.as_deref(), Some("http-503"));
    assert_eq!(error.text, "the destination answered 503");
    assert_eq!(host.kept("failures").await.len(), 1);
    assert_eq!(host.audit().await.suspended, 0);
}

/// A person may still make an answer of a suspended one; when they give it up, that is the answer.
#[tokio::test(flavor = "multi_thread")]
async fn b76_a_terminated_message_is_answered_with_that() {
    let receiver = Receiver::start().await;
    receiver.script("/ask", [Answer::Status(400)]);
    let host = host(&PortSpec::http(&receiver, "/ask"), 1024);
    let id = host.publish("port", &[&[]]).await[0];
    host.suspended(1).await;
    let error = suspension(&host, id).await;
    assert_eq!(error.code.as_deref(), Some("http-400"));
    host.discard(id).await;
    let Reply::Failed(error) = host.answer(id).await else {
        panic!("there is no response")
    };
    assert_eq!(error.code.as_deref(), Some("terminated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn b72_what_an_http_destination_answers_comes_back() {
    for adapter in ["http-adapter", "http-batch-adapter"] {
        let receiver = Receiver::start().await;
        let large = Bytes::from("<answer/>".repeat(50_000));
        let answers = [
            Answer::Body("text/xml; charset=utf-8", Bytes::from_static(b"<answer/>")),
            Answer::Body("application/octet-stream", large.clone()),
            Answer::With(204, Vec::new()),
        ];
        receiver.script("/ask", answers);
        let host = host(
            &PortSpec {
                adapter,
                ..PortSpec::http(&receiver, "/ask")
            },
            1024 * 1024,
        );
        let mut responses = Vec::new();
        for n in 0..3 {
            let question = message(&[], n.to_string());
            let id = host.publish_messages("port", vec![question]).await[0];
            responses.push(response(&host, id).await);
        }
        let kinds = responses.iter().map(|r| r.properties.get("content-type"));
        let expected = [
            Some("text/xml; charset=utf-8"),
            Some("application/octet-stream"),
            None,
        ];
        assert!(kinds.eq(expected), "{adapter}");
        let bodies: Vec<_> = responses.into_iter().map(|r| r.body).collect();
        let expected = [Bytes::from_static(b"<answer/>"), large, Bytes::new()];
        assert!(bodies == expected, "{adapter}");
        assert_eq!(host.audit().await.suspended, 0);
    }
}

/// Many at once: everybody gets the answer to their own question.
#[tokio::test(flavor = "multi_thread")]
async fn b72_b114_no_response_is_another_ones() {
    let receiver = Receiver::start().await;
    let names: Vec<_> = (0..100).map(|n| format!("/{n}")).collect();
    for path in &names {
        receiver.script(path, [Answer::Body("text/plain", path.clone().into())]);
    }
    let host = Host::new();
    let spec = PortSpec {
        http: vec![receiver.url("/")],
        ..PortSpec::of("http-adapter")
    };
    host.start_dynamic(&[&spec], two_way(1024));
    let question = |path: &String| message(&[("address", &receiver.url(path))], path.clone());
    let questions = names.iter().map(question).collect();
    let ids = host.publish_messages("port", questions).await;
    for (id, path) in ids.into_iter().zip(names) {
        assert_eq!(response(&host, id).await.body, path);
    }
}

/// By the port's limit or the adapter's: the message has been sent, and a person is told what to do.
#[tokio::test(flavor = "multi_thread")]
async fn b74_a_response_that_is_too_large_is_refused_and_says_which_limit() {
    let body = || Answer::Body("text/plain", Bytes::from(vec![b'x'; 2000]));
    for adapter in ["http-adapter", "http-batch-adapter"] {
        for (port_limit, own_limit, code, part) in [
            (
                1000,
                "100000",
                "response-too-large",
                "2000 bytes of content, of which 1000 are allowed",
            ),
            (
                100_000,
                "1000",
                "http-response-too-large",
                "max-response, 1000 bytes",
            ),
        ] {
            let receiver = Receiver::start().await;
            receiver.script("/ask", [body(), body()]);
            let spec = PortSpec {
                adapter,
                endpoint: vec![("max-response".to_owned(), own_limit.to_owned())],
                ..PortSpec::http(&receiver, "/ask").retrying(5, SOON)
            };
            let host = host(&spec, port_limit);
            let id = host.publish("port", &[&[]]).await[0];
            host.suspended(1).await;
            let error = suspension(&host, id).await;
            assert_eq!(error.code.as_deref(), Some(code), "{adapter}: {error}");
            assert!(error.text.contains(part), "{adapter}: {error}");
            assert_eq!(receiver.received("/ask").len(), 1, "it is not sent again");
        }
    }
}

/// A response that comes while the port is terminating counts; a new question is not taken.
#[tokio::test(flavor = "multi_thread")]
async fn b98_a_response_is_taken_while_the_port_terminates() {
    let receiver = Receiver::start().await;
    receiver.script("/ask", [Answer::Held]);
    let host = host(&PortSpec::http(&receiver, "/ask"), 1024);
    let id = host.publish("port", &[&[]]).await[0];
    receiver.has("/ask", 1).await;
    let terminating = host.dispatcher.terminate_port("port", PATIENT);
    let answering = async {
        let refusal = until("a refusal", async || host.dispatcher.admit("port").err()).await;
        assert!(refusal.to_string().contains("port"), "{refusal}");
        assert!(matches!(
            host.response(id).await,
            ResponseState::Waiting { suspended: None }
        ));
        receiver.release();
    };
    let (report, ()) = tokio::join!(terminating, answering);
    let report = report.expect("terminated");
    assert_eq!((report.in_flight(), report.settled()), (1, 1));
    let response = response(&host, id).await;
    assert_eq!(response.properties.get("http-status"), Some("200"));
}

/// The answer outlives the message, the port and the host.
#[tokio::test(flavor = "multi_thread")]
async fn b72_b102_a_response_survives_a_crash() {
    let receiver = Receiver::start().await;
    receiver.script(
        "/ask",
        [Answer::Body("text/plain", Bytes::from_static(b"42"))],
    );
    let host = host(&PortSpec::http(&receiver, "/ask"), 1024);
    let id = host.publish("port", &[&[]]).await[0];
    response(&host, id).await;
    let host = host.crash().await;
    assert_eq!(&response(&host, id).await.body[..], b"42");
    assert_eq!(host.audit().await.pending, 1, "the published answer");
}
