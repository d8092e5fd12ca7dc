//! Settling: all or nothing, and what each verdict leaves behind.

use super::*;
use crate::SuspendedFilter;

#[tokio::test]
async fn a_batch_with_one_stranger_takes_no_effect_at_all() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    publish(&message_box, "p", 3).await;
    let claimed = feed.claim(3, START, FOREVER).await.unwrap().messages;
    let gone = settlements(&claimed[..1], &Verdict::Delete);
    message_box.settle(gone, START).await.unwrap();

    let batch = settlements(&claimed, &Verdict::Delete);
    let refused = message_box.settle(batch, START).await;
    assert_eq!(strangers(refused), [claimed[0].message.id]);
    // The others are still held under the same leases, and still there.
    assert_eq!(message_box.audit().await.unwrap().pending, 2);
    assert!(
        feed.claim(3, START, FOREVER)
            .await
            .unwrap()
            .messages
            .is_empty()
    );
    let rest = settlements(&claimed[1..], &Verdict::Delete);
    message_box.settle(rest, START).await.unwrap();
    assert_eq!(message_box.audit().await.unwrap().pending, 0);
}

#[tokio::test]
async fn a_message_twice_in_a_batch_is_refused() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 1).await;
    let claimed = claim_all(&message_box.feed(&port("p"), TransportSlot::Primary), START).await;
    let twice = [&claimed[..], &claimed[..]].concat();
    let batch = settlements(&twice, &Verdict::Delete);
    let refused = message_box.settle(batch, START).await;
    assert_eq!(strangers(refused), ids(&claimed));
    assert_eq!(message_box.audit().await.unwrap().pending, 1);
}

#[tokio::test]
async fn a_message_of_another_box_is_a_stranger() {
    let (here, there) = (Fixture::new(), Fixture::new());
    let (here, there) = (here.open(), there.open());
    publish(&here, "p", 1).await;
    publish(&there, "p", 1).await;
    claim_all(&here.feed(&port("p"), TransportSlot::Primary), START).await;
    let theirs = claim_all(&there.feed(&port("p"), TransportSlot::Primary), START).await;
    let batch = settlements(&theirs, &Verdict::Delete);
    assert_eq!(strangers(here.settle(batch, START).await), ids(&theirs));
}

#[tokio::test]
async fn b56_carried_properties_are_there_at_the_redelivery() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let properties = [("a", "1"), ("b", "2")].into_iter().collect();
    let one = publication([NewMessage {
        properties,
        ..message("x")
    }]);
    message_box.publish(&port("p"), one, START).await.unwrap();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    let claimed = claim_all(&feed, START).await;
    let verdict = Verdict::Resubmit {
        due: at(1),
        attempts: 1,
        carry: [("b", "3"), ("c", "4")].into_iter().collect(),
        error: Some(ErrorInfo::new("http-503", "busy")),
    };
    let batch = settlements(&claimed, &verdict);
    message_box.settle(batch, START).await.unwrap();
    let again = claim_all(&feed, at(1)).await;
    let expected: Properties = [("a", "1"), ("b", "3"), ("c", "4")].into_iter().collect();
    assert_eq!(again[0].message.properties, expected);
}

#[tokio::test]
async fn a_release_charges_nothing_and_remembers_alone_until_settled() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    publish(&message_box, "p", 2).await;
    let mut claimed = claim_all(&feed, START).await;
    assert!(claimed.iter().all(|m| !m.alone));
    let batch = vec![
        settlement(&claimed[0], Verdict::Release { alone: true }),
        settlement(&claimed[1], Verdict::Release { alone: false }),
    ];
    message_box.settle(batch, START).await.unwrap();

    claimed = claim_all(&feed, START).await;
    assert_eq!([claimed[0].alone, claimed[1].alone], [true, false]);
    assert!(claimed.iter().all(|m| m.message.attempts == 0));
    // Handed back once more: it is still a suspect.
    let back = settlements(&claimed, &Verdict::Release { alone: false });
    message_box.settle(back, START).await.unwrap();
    claimed = claim_all(&feed, START).await;
    assert!(claimed[0].alone);
    // A failed attempt of its own ends that.
    let again = settlements(&claimed[..1], &resubmit(START, 1));
    message_box.settle(again, START).await.unwrap();
    claimed = claim_all(&feed, START).await;
    assert_eq!((claimed.len(), claimed[0].alone), (1, false));
}

#[tokio::test]
async fn a_suspended_message_is_listed_and_not_delivered() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 1).await;
    publish(&message_box, "q", 1).await;
    for name in ["p", "q"] {
        let claimed = claim_all(
            &message_box.feed(&port(name), TransportSlot::Primary),
            START,
        )
        .await;
        let batch = settlements(&claimed, &suspend(name));
        message_box.settle(batch, at(3)).await.unwrap();
        assert!(
            claim_all(
                &message_box.feed(&port(name), TransportSlot::Primary),
                FOREVER
            )
            .await
            .is_empty()
        );
    }
    let all = message_box
        .suspended(&SuspendedFilter::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(all.len(), 2);
    let of_q = SuspendedFilter {
        port: Some(port("q")),
        ..SuspendedFilter::default()
    };
    let only = message_box.suspended(&of_q, None, 10).await.unwrap();
    assert_eq!(only, all[1..]);
    assert_eq!(only[0].error, ErrorInfo::new("http-400", "q"));
    assert_eq!((only[0].attempts, only[0].suspended_at), (4, at(3)));
    assert_eq!((only[0].accepted, only[0].size), (START, 6));
    assert_eq!(
        message_box
            .suspended(&SuspendedFilter::default(), None, 1)
            .await
            .unwrap(),
        all[..1]
    );
}
