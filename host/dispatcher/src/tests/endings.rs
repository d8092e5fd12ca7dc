//! What else happens when a message comes to its end: responses, notifications, failed-message routing.

use std::time::Duration;

use bytes::Bytes;
use message_box::ResponseState;
use model::transmit::Delivery;
use model::{
    Answer as Reply, ErrorInfo, Failure, Notifications, Outcome, PortName, Properties, Response,
    SendPort, TwoWay,
};

use super::host::{Host, delivered, held, port, unavailable, with_retries};
use super::scripted_pool::Answer;
use crate::clock;

fn name(text: &str) -> PortName {
    PortName::new(text).unwrap()
}

fn two_way(response_port: Option<&str>) -> SendPort {
    SendPort {
        two_way: Some(TwoWay {
            response_port: response_port.map(name),
            retention: Duration::from_secs(3600),
            max_response: 1024,
        }),
        ..with_retries(port("questions"), 0, Duration::ZERO)
    }
}

fn answered() -> Outcome {
    Outcome::Answered(Response {
        properties: [("content-type", "text/plain")].into_iter().collect(),
        body: Bytes::from_static(b"forty-two"),
    })
}

fn property(delivery: &Delivery, name: &str) -> Option<String> {
    delivery.message.properties.get(name).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b72_b98_the_response_is_there_when_the_solicit_message_is_gone_also_while_terminating() {
    let host = Host::new();
    let pool = host.start(two_way(Some("answers")), held);
    let answers = host.start(port("answers"), held);
    let ids = host.publish("questions", 2).await;
    let deliveries = pool.delivered(2).await;
    assert!(deliveries.iter().all(|d| d.max_response == Some(1024)));
    pool.settle(vec![(ids[0], answered())]).await.unwrap();
    // No waiting: both were one transaction.
    let state = host
        .message_box
        .response(ids[0], clock::now())
        .await
        .unwrap();
    let ResponseState::Ready {
        answer: Reply::Response(response),
        ..
    } = state
    else {
        panic!("{state:?}");
    };
    assert_eq!(&response.body[..], b"forty-two");
    let routed = answers.delivered(1).await.remove(0);
    assert_eq!(
        property(&routed, "correlation-id"),
        Some(ids[0].to_string())
    );
    assert_eq!(
        property(&routed, "content-type").as_deref(),
        Some("text/plain")
    );

    let drain = host
        .dispatcher
        .terminate_port("questions", Duration::from_secs(60));
    let answer = async {
        host.until("questions", |s| s.state == crate::PortState::Terminating)
            .await;
        assert!(
            host.dispatcher.admit("questions").is_err(),
            "B98: nothing new is taken"
        );
        pool.answer(ids[1], answered());
    };
    let (report, ()) = tokio::join!(drain, answer);
    assert_eq!(report.unwrap().settled(), 1);
    let state = host
        .message_box
        .response(ids[1], clock::now())
        .await
        .unwrap();
    assert!(matches!(state, ResponseState::Ready { .. }), "{state:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b76_b90_b91_a_failure_is_routed_and_the_one_who_waits_hears_of_it() {
    let host = Host::new();
    let mut questions = two_way(None);
    questions.failed_message_port = Some(name("failures"));
    host.start(questions, |_| Answer::Now(unavailable()));
    let failures = host.start(port("failures"), held);
    let id = host.publish("questions", 1).await[0];
    let routed = failures.delivered(1).await.remove(0);
    assert_eq!(property(&routed, "error.code").as_deref(), Some("http-503"));
    assert_eq!(
        property(&routed, "error.port").as_deref(),
        Some("questions")
    );
    assert_eq!(property(&routed, "correlation-id"), Some(id.to_string()));
    let adapter = property(&routed, "error.adapter").unwrap();
    assert!(adapter.contains("Scripted"), "{adapter}");
    let body = routed.message.body.read_all().await.unwrap();
    assert_eq!(&body[..], b"message 0", "the content is the original's");
    let status = host.until("questions", |s| s.routed == 1).await;
    assert_eq!(status.suspended, 0);
    let state = host.message_box.response(id, clock::now()).await.unwrap();
    let failed = matches!(&state, ResponseState::Ready { answer: Reply::Failed(error), .. } if error.code.as_deref() == Some("http-503"));
    assert!(failed, "{state:?}");
    let (_, suspended, pending) = host.audit().await;
    assert_eq!((suspended, pending), (0, 1), "B90: nothing is suspended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b87_b88_b89_one_notification_per_end_for_those_who_asked() {
    let host = Host::new();
    let mut orders = with_retries(port("orders"), 2, Duration::ZERO);
    orders.notifications = Some(Notifications {
        port: name("receipts"),
        always: false,
        ack: true,
        nack: true,
    });
    host.start(orders, |delivery: &Delivery| {
        match property(delivery, "fate").as_deref() {
            Some("fails") => Answer::Now(unavailable()),
            _ => Answer::Now(Outcome::Delivered),
        }
    });
    // B89: nobody takes its notifications.
    host.start(port("silent"), delivered);
    let receipts = host.start(port("receipts"), held);
    let with = |pairs: &[(&str, &str)]| -> Properties { pairs.iter().copied().collect() };
    let asked = ("delivery-notification", "true");
    let ids = host
        .publish_all(
            "orders",
            vec![with(&[asked]), with(&[asked, ("fate", "fails")]), with(&[])],
        )
        .await;
    host.publish_all("silent", vec![with(&[asked])]).await;
    host.until("orders", |s| s.delivered == 2 && s.suspended == 1)
        .await;
    host.until("silent", |s| s.delivered == 1).await;
    let mut seen: Vec<_> = receipts
        .delivered(2)
        .await
        .iter()
        .map(|d| {
            let text = |name| property(d, name).unwrap_or_default();
            (
                text("notification"),
                text("correlation-id"),
                text("error.code"),
            )
        })
        .collect();
    seen.sort_unstable();
    let expected = |kind: &str, id: model::MessageId, code: &str| {
        (kind.to_owned(), id.to_string(), code.to_owned())
    };
    assert_eq!(
        seen,
        [
            expected("ack", ids[0], ""),
            expected("nack", ids[1], "http-503")
        ]
    );
    assert_eq!(host.audit().await, (3, 1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b73_a_one_way_port_keeps_no_response() {
    let host = Host::new();
    host.start(port("orders"), |_| Answer::Now(answered()));
    let id = host.publish("orders", 1).await[0];
    host.until("orders", |s| s.delivered == 1).await;
    let state = host.message_box.response(id, clock::now()).await.unwrap();
    assert!(!matches!(state, ResponseState::Ready { .. }), "{state:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_waits_in_the_suspend_queue_may_still_be_answered() {
    let host = Host::new();
    let permanent = Outcome::Failed(Failure {
        error: ErrorInfo::new("bad", "no"),
        retry: model::Retry::Never,
    });
    let pool = host.start(two_way(None), held);
    let id = host.publish("questions", 1).await[0];
    pool.holds(1).await;
    pool.answer(id, permanent);
    host.until("questions", |s| s.suspended == 1).await;
    let state = host.message_box.response(id, clock::now()).await.unwrap();
    assert!(
        matches!(state, ResponseState::Waiting { suspended: Some(_) }),
        "{state:?}"
    );
    let selection = message_box::Selection::Ids(vec![id]);
    host.message_box
        .resume(selection, clock::now())
        .await
        .unwrap();
    pool.delivered(2).await;
    pool.answer(id, answered());
    host.until("questions", |s| s.delivered == 1).await;
    let state = host.message_box.response(id, clock::now()).await.unwrap();
    assert!(matches!(state, ResponseState::Ready { .. }), "{state:?}");
}
