//! What people decide: resume and terminate, by id and by filter.

use super::*;
use crate::{MessageState, Refusal, Selection, SuspendedFilter};

fn everything() -> Selection {
    Selection::Filter(SuspendedFilter::default())
}

#[tokio::test]
async fn b59_a_resumed_message_can_be_claimed_also_when_its_port_is_stopped() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = primary(&message_box, "p");
    let ids = publish(&message_box, "p", 1).await;
    settle_all(&message_box, "p", suspend("no"), at(1)).await;
    message_box
        .set_enlistment(&port("p"), model::Enlistment::Stopped)
        .await
        .unwrap();
    assert!(claim_all(&feed, at(2)).await.is_empty());

    let resumed = message_box.resume(Selection::Ids(ids.clone()), at(9));
    assert_eq!(resumed.await.unwrap().resumed, 1);
    feed.changed().await;
    assert!(claim_all(&feed, at(8)).await.is_empty());
    assert_eq!(self::ids(&claim_all(&feed, at(9)).await), ids);
}

#[tokio::test]
async fn b56_a_resumed_message_begins_anew_and_keeps_what_it_was_told() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let new = NewMessage {
        expires: Some(at(4)),
        ..message("x")
    };
    let ids = accept(&message_box, "p", [new]).await;
    let carry = Verdict::Resubmit {
        due: at(1),
        attempts: 1,
        carry: [("k", "v")].into_iter().collect(),
        error: None,
    };
    settle_all(&message_box, "p", carry, START).await;
    settle_all(&message_box, "p", next_transport(2), at(1)).await;
    let feed = message_box.feed(&port("p"), TransportSlot::Backup);
    let claimed = claim_all(&feed, at(1)).await;
    assert_eq!(claimed[0].message.expires, Some(at(4)));
    let batch = settlements(&claimed, &suspend("no"));
    message_box.settle(batch, at(5)).await.unwrap();
    message_box.resume(everything(), at(6)).await.unwrap();

    let found = claim_all(&primary(&message_box, "p"), at(6)).await;
    let message = &found[0].message;
    assert_eq!((message.attempts, message.earlier_attempts), (0, 6));
    assert_eq!(
        (message.expires, message.properties.get("k")),
        (None, Some("v"))
    );
    let stored = message_box.message(ids[0]).await.unwrap().unwrap();
    assert_eq!(stored.state, MessageState::Pending { due: at(6) });
    assert_eq!(stored.error, Some(ErrorInfo::new("http-400", "no")));
    assert_audit(&message_box, 1, 0).await;
}

#[tokio::test]
async fn b60_a_message_that_cannot_be_resumed_is_refused_and_can_be_terminated() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let lost = publish(&message_box, "p", 1).await[0];
    settle_all(&message_box, "p", suspend_for_good("no"), at(1)).await;
    let good = publish(&message_box, "p", 1).await[0];
    settle_all(&message_box, "p", suspend("no"), at(1)).await;

    let resume = message_box.resume(Selection::Ids(vec![lost, good]), at(2));
    let resumed = resume.await.unwrap();
    assert_eq!((resumed.resumed, resumed.skipped), (1, 0));
    assert_eq!(resumed.refused, [(lost, Refusal::NotResumable)]);
    // By filter it is passed over.
    let resumed = message_box.resume(everything(), at(2)).await.unwrap();
    assert_eq!((resumed.resumed, resumed.skipped), (0, 1));
    assert!(resumed.refused.is_empty());
    let terminate = message_box.terminate(Selection::Ids(vec![lost]), at(2));
    assert_eq!(terminate.await.unwrap().terminated, 1);
    assert_eq!(message_box.message(lost).await.unwrap(), None);
    assert_audit(&message_box, 1, 0).await;
}

#[tokio::test]
async fn what_is_unknown_or_not_suspended_is_named_and_hurts_no_other() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let suspended = publish(&message_box, "p", 1).await[0];
    settle_all(&message_box, "p", suspend("no"), at(1)).await;
    let pending = publish(&message_box, "p", 1).await[0];
    let stranger = MessageId::new(message_box.box_id() ^ 1, suspended.sequence());
    let ids = vec![stranger, pending, suspended, suspended];
    let refused = [
        (stranger, Refusal::Unknown),
        (pending, Refusal::NotSuspended),
    ];

    let resume = message_box.resume(Selection::Ids(ids.clone()), at(2));
    let resumed = resume.await.unwrap();
    assert_eq!((resumed.resumed, &resumed.refused[..2]), (1, &refused[..]));
    assert_eq!(resumed.refused[2], (suspended, Refusal::NotSuspended));
    settle_all(&message_box, "p", suspend("no"), at(3)).await;
    let mut ids = ids;
    ids[1] = MessageId::new(message_box.box_id(), pending.sequence() + 1);
    let terminate = message_box.terminate(Selection::Ids(ids), at(4));
    let terminated = terminate.await.unwrap();
    assert_eq!(terminated.terminated, 1);
    let reasons: Vec<_> = terminated.refused.iter().map(|(_, why)| *why).collect();
    assert_eq!(reasons, [Refusal::Unknown; 3]);
    assert_audit(&message_box, 0, 1).await;
}

#[tokio::test]
async fn a_large_selection_is_decided_in_slices_while_publishing_goes_on() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    for name in ["p", "q"] {
        publish(&message_box, name, 2500).await;
        settle_all(&message_box, name, suspend(name), at(1)).await;
    }
    let of_p = Selection::Filter(SuspendedFilter {
        port: Some(port("p")),
        ..SuspendedFilter::default()
    });
    let (resumed, _) = tokio::join!(
        message_box.resume(of_p, at(2)),
        publish(&message_box, "q", 10)
    );
    assert_eq!(resumed.unwrap().resumed, 2500);
    assert_eq!(
        claim_all(&primary(&message_box, "p"), at(2)).await.len(),
        2500
    );
    assert_eq!(message_box.pending(&port("p")), 2500);
    assert_eq!(message_box.pending(&port("q")), 10);
    let terminated = message_box.terminate(everything(), at(2)).await.unwrap();
    assert_eq!(terminated.terminated, 2500);
    let counts = message_box.counts(at(2)).await.unwrap();
    assert_eq!((counts[1].terminated, counts[1].suspended), (2500, 0));
    assert_audit(&message_box, 2510, 0).await;
}

#[tokio::test]
async fn a_filter_leaves_alone_what_was_suspended_later() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    for now in [5, 10, 15] {
        publish(&message_box, "p", 1).await;
        settle_all(&message_box, "p", suspend("no"), at(now)).await;
    }
    let resumed = message_box.resume(everything(), at(10)).await.unwrap();
    assert_eq!(resumed.resumed, 2);
    assert_audit(&message_box, 2, 1).await;
}

#[tokio::test]
async fn a_terminated_message_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let config = Config {
        inline_limit: 10,
        ..fixture.config()
    };
    let message_box = MessageBox::open(config).unwrap();
    let large = || NewBody::Inline(vec![7; 600_000].into());
    let ids = accept(
        &message_box,
        "p",
        (0..3).map(|_| NewMessage::new(large(), Properties::default())),
    )
    .await;
    settle_all(&message_box, "p", suspend("no"), at(1)).await;
    let edit = message_box.edit(ids[0], None, Some(large()));
    edit.await.unwrap();
    let terminated = message_box.terminate(everything(), at(2)).await.unwrap();
    assert_eq!(terminated.terminated, 3);
    assert_eq!(message_box.counts(at(2)).await.unwrap()[0].bytes, 0);
    message_box.close().await.unwrap();
    for table in ["message", "piece", "original", "stage"] {
        assert_eq!(rows(&fixture, table), 0, "{table}");
    }
}

#[tokio::test]
async fn large_bodies_are_removed_a_few_at_a_time() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let mib = 1024 * 1024;
    for _ in 0..9 {
        accept(&message_box, "p", [message(vec![1; 8 * mib])]).await;
    }
    settle_all(&message_box, "p", suspend("no"), at(1)).await;
    let terminated = message_box.terminate(everything(), at(2)).await.unwrap();
    assert_eq!(terminated.terminated, 9);
    assert_audit(&message_box, 0, 0).await;
}
