//! Responses: kept with the settlement, asked for, waited for, forgotten.

use model::{Answer, Response};

use super::*;
use crate::{ResponseState, Selection};

fn two_way(body: &'static str) -> NewMessage {
    NewMessage {
        expects_response: true,
        ..message(body)
    }
}

fn response(text: &'static str) -> Answer {
    Answer::Response(Response {
        properties: [("content-type", "text/plain")].into_iter().collect(),
        body: Bytes::from_static(text.as_bytes()),
    })
}

/// Claims everything on the port and settles it with the answer, which is kept for 100 ms.
async fn answer_all(message_box: &MessageBox, verdict: Verdict, answer: Answer, now: Timestamp) {
    let claimed = claim_all(&primary(message_box, "p"), now).await;
    let with = |leased| Settlement {
        answer: Some(answer.clone()),
        answer_until: Timestamp(now.0 + 100),
        ..settlement(leased, verdict.clone())
    };
    let batch = claimed.iter().map(with).collect();
    message_box.settle(batch, now).await.unwrap();
}

async fn state(message_box: &MessageBox, id: MessageId, now: i64) -> ResponseState {
    message_box.response(id, at(now)).await.unwrap()
}

#[tokio::test]
async fn b72_a_response_and_the_deletion_of_its_message_commit_together() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = accept(&message_box, "p", [two_way("a"), two_way("b")]).await;
    let waiting = ResponseState::Waiting { suspended: None };
    assert_eq!(state(&message_box, ids[0], 0).await, waiting);

    // A batch that is refused answers nothing.
    let claimed = claim_all(&primary(&message_box, "p"), START).await;
    let gone = settlements(&claimed[1..], &Verdict::Delete);
    message_box.settle(gone, START).await.unwrap();
    let with = |leased| Settlement {
        answer: Some(response("yes")),
        answer_until: at(100),
        ..settlement(leased, Verdict::Delete)
    };
    let batch = claimed.iter().map(with).collect();
    let refused = message_box.settle(batch, START).await;
    assert_eq!(strangers(refused), [ids[1]]);
    assert_eq!(state(&message_box, ids[0], 0).await, waiting);

    let batch = vec![with(&claimed[0])];
    message_box.settle(batch, START).await.unwrap();
    let ready = ResponseState::Ready {
        answer: response("yes"),
        until: at(100),
    };
    assert_eq!(state(&message_box, ids[0], 99).await, ready);
    drop(message_box);
    let message_box = fixture.open();
    assert_eq!(state(&message_box, ids[0], 99).await, ready);
    assert_eq!(
        state(&message_box, ids[0], 100).await,
        ResponseState::Unknown
    );
    assert_eq!(message_box.message(ids[0]).await.unwrap(), None);
}

#[tokio::test]
async fn what_can_be_said_about_a_response_follows_the_message() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let one_way = publish(&message_box, "q", 1).await[0];
    assert_eq!(
        state(&message_box, one_way, 0).await,
        ResponseState::NotExpected
    );
    let unknown = MessageId::new(message_box.box_id(), 999_999);
    let foreign = MessageId::new(message_box.box_id() ^ 1, one_way.sequence());
    for id in [unknown, foreign] {
        assert_eq!(state(&message_box, id, 0).await, ResponseState::Unknown);
    }
    let id = accept(&message_box, "p", [two_way("a")]).await[0];
    settle_all(&message_box, "p", suspend("no"), at(1)).await;
    let suspended = Some(ErrorInfo::new("http-400", "no"));
    assert_eq!(
        state(&message_box, id, 1).await,
        ResponseState::Waiting { suspended }
    );
    let resume = message_box.resume(Selection::Ids(vec![id]), at(2));
    resume.await.unwrap();
    let waiting = ResponseState::Waiting { suspended: None };
    assert_eq!(state(&message_box, id, 2).await, waiting);
}

#[tokio::test]
async fn b76_an_exchange_that_fails_for_good_is_answered_with_the_error() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let id = accept(&message_box, "p", [two_way("a")]).await[0];
    let error = ErrorInfo {
        code: None,
        text: "nobody there".to_owned(),
    };
    let routed = Verdict::Route(Box::new(model::Emission {
        port: port("errors"),
        body: None,
        properties: Properties::default(),
        priority: Priority::default(),
        lane: None,
        expires: None,
    }));
    let answer = Answer::Failed(error);
    answer_all(&message_box, routed, answer.clone(), START).await;
    let until = at(100);
    assert_eq!(
        state(&message_box, id, 1).await,
        ResponseState::Ready { answer, until }
    );
}

#[tokio::test]
async fn a_terminated_message_is_answered_when_somebody_expects_it() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = accept(&message_box, "p", [two_way("a"), message("b")]).await;
    settle_all(&message_box, "p", suspend("no"), at(1)).await;
    let waiter = message_box.response_changed(ids[0]);
    let terminate = message_box.terminate(Selection::Ids(ids.clone()), at(2));
    terminate.await.unwrap();
    waiter.await;
    let ResponseState::Ready { answer, until } = state(&message_box, ids[0], 2).await else {
        panic!("the one who waits must hear");
    };
    assert!(until > at(3_600_000));
    assert!(matches!(answer, Answer::Failed(error) if error.code.as_deref() == Some("terminated")));
    assert_eq!(state(&message_box, ids[1], 2).await, ResponseState::Unknown);
}

#[tokio::test]
async fn whoever_waits_hears_of_the_answer_or_of_the_suspension() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = accept(&message_box, "p", [two_way("a"), two_way("b")]).await;
    let early = [ids[0], ids[0], ids[1]].map(|id| message_box.response_changed(id));
    let tasks = early.map(tokio::spawn);
    settle_all(&message_box, "p", suspend("no"), at(1)).await;
    for task in tasks {
        task.await.unwrap();
    }
    let resume = message_box.resume(Selection::Ids(ids.clone()), at(2));
    resume.await.unwrap();
    // Registered before the answer, polled after it: nothing is lost.
    let waiter = message_box.response_changed(ids[0]);
    answer_all(&message_box, Verdict::Delete, response("yes"), at(3)).await;
    waiter.await;
    assert!(matches!(
        state(&message_box, ids[0], 4).await,
        ResponseState::Ready { .. }
    ));
    assert_eq!(message_box.inner.waiters.len(), 0);
}

#[tokio::test]
async fn ten_thousand_waiters_leave_nothing_behind() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = accept(&message_box, "p", (0..10_000).map(|_| two_way("a"))).await;
    let waiters: Vec<_> = ids
        .iter()
        .map(|id| message_box.response_changed(*id))
        .collect();
    assert_eq!(message_box.inner.waiters.len(), 10_000);
    let (told, dropped): (Vec<_>, Vec<_>) = waiters
        .into_iter()
        .enumerate()
        .partition(|(n, _)| n % 2 == 0);
    drop(dropped);
    assert_eq!(message_box.inner.waiters.len(), 5_000);
    answer_all(&message_box, Verdict::Delete, response("yes"), at(1)).await;
    for (_, waiter) in told {
        waiter.await;
    }
    assert_eq!(message_box.inner.waiters.len(), 0);
}

#[tokio::test]
async fn closing_the_box_ends_all_waiting() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = accept(&message_box, "p", [two_way("a")]).await;
    let waiter = message_box.response_changed(ids[0]);
    message_box.close().await.unwrap();
    waiter.await;
    let refused = message_box.response(ids[0], START).await;
    assert!(matches!(refused, Err(Error::Closed)));
}

#[tokio::test]
async fn old_responses_are_removed_while_the_box_is_used() {
    const MINUTE: i64 = 60_000;
    let fixture = Fixture::new();
    let message_box = fixture.open();
    accept(&message_box, "p", (0..600).map(|_| two_way("a"))).await;
    answer_all(&message_box, Verdict::Delete, response("yes"), at(1)).await;
    // Before a minute has passed nobody looks; then the first slices go, write by write.
    for now in [200, MINUTE, 2 * MINUTE + 1, 2 * MINUTE + 2, 2 * MINUTE + 3] {
        let one = publication([message("x")]);
        message_box.publish(&port("q"), one, at(now)).await.unwrap();
    }
    message_box.close().await.unwrap();
    assert_eq!(rows(&fixture, "response"), 0);
}
