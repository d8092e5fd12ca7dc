//! Who gets which message when: order, leases, due times.

use std::time::Duration;

use poll::is_ready;

use super::*;

/// A poll that tells whether a future is ready, without waiting.
mod poll {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    pub(super) fn is_ready(future: impl Future) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        matches!(pin!(future).poll(&mut context), Poll::Ready(_))
    }
}

#[tokio::test]
async fn messages_of_one_moment_come_by_priority_then_age_from_memory_and_from_disk() {
    let fixture = Fixture::new();
    let config = Config {
        feed_capacity: 3,
        ..fixture.config()
    };
    let message_box = MessageBox::open(config).unwrap();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    assert!(claim_all(&feed, START).await.is_empty());
    let mut expected = Vec::new();
    for priority in [5, 9, 1, 5, 9, 1, 5, 10, 5] {
        let one = publication([urgent(priority)]);
        let published = message_box.publish(&port("p"), one, START).await.unwrap();
        expected.push((priority, published.ids[0]));
    }
    expected.sort();
    let got = claim_all(&feed, START).await;
    let got: Vec<_> = got
        .iter()
        .map(|m| (i64::from(m.message.priority.get()), m.message.id))
        .collect();
    assert_eq!(got, expected);
}

/// One message of the priority, accepted so many seconds after the start.
async fn publish_at(message_box: &MessageBox, priority: i64, seconds: i64) -> MessageId {
    let one = publication([urgent(priority)]);
    let now = at(1000 * seconds);
    let published = message_box.publish(&port("p"), one, now).await;
    published.unwrap().ids[0]
}

#[tokio::test]
async fn a_step_of_priority_is_worth_a_minute_from_memory_and_from_disk() {
    for fresh in [true, false] {
        let fixture = Fixture::new();
        let config = Config {
            feed_capacity: 2,
            ..fixture.config()
        };
        let message_box = MessageBox::open(config).unwrap();
        let feed = primary(&message_box, "p");
        if fresh {
            assert!(claim_all(&feed, START).await.is_empty());
        }
        let mut expected = Vec::new();
        // The order in which they come, and the place in which they go.
        for (priority, seconds, place) in
            [(5, 0, 2), (4, 59, 1), (4, 61, 3), (1, 200, 0), (6, 1, 4)]
        {
            expected.push((place, publish_at(&message_box, priority, seconds).await));
        }
        expected.sort();
        let expected: Vec<_> = expected.into_iter().map(|(_, id)| id).collect();
        let got = claim_all(&feed, at(1_000_000)).await;
        assert_eq!(ids(&got), expected, "fresh: {fresh}");
    }
}

#[tokio::test]
async fn no_message_waits_for_ever_behind_more_urgent_ones() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = primary(&message_box, "p");
    let last = publish_at(&message_box, 10, 0).await;
    let mut seconds = 0;
    let waited = loop {
        publish_at(&message_box, 1, seconds).await;
        publish_at(&message_box, 1, seconds).await;
        let now = at(1000 * seconds);
        let claimed = feed.claim(1, now, FOREVER).await.unwrap().messages;
        if claimed[0].message.id == last {
            break seconds;
        }
        let done = settlements(&claimed, &Verdict::Delete);
        message_box.settle(done, now).await.unwrap();
        seconds += 10;
    };
    // Nine steps, and the backlog that half of the urgent ones make.
    assert_eq!(waited, 2 * 9 * 60);
}

#[tokio::test]
async fn an_urgent_message_overtakes_a_backlog() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 3000).await;
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    assert_eq!(
        feed.claim(1, START, FOREVER).await.unwrap().messages.len(),
        1
    );
    let one = publication([urgent(1)]);
    let late = message_box.publish(&port("p"), one, at(5)).await.unwrap();
    let next = feed.claim(2, at(5), FOREVER).await.unwrap().messages;
    assert_eq!(ids(&next)[0], late.ids[0]);
    assert_eq!(claim_all(&feed, at(5)).await.len(), 2998);
}

#[tokio::test]
async fn ports_do_not_see_each_other() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let (a, b) = (
        message_box.feed(&port("a"), TransportSlot::Primary),
        message_box.feed(&port("b"), TransportSlot::Primary),
    );
    let for_a = publish(&message_box, "a", 3).await;
    assert!(claim_all(&b, START).await.is_empty());
    assert_eq!(ids(&claim_all(&a, START).await), for_a);
}

#[tokio::test]
async fn b51_a_resubmitted_message_is_found_when_it_is_due_and_not_before() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    publish(&message_box, "p", 1).await;
    let claimed = feed.claim(1, START, at(100)).await.unwrap().messages;
    let again = settlements(&claimed, &resubmit(at(500), 1));
    message_box.settle(again, START).await.unwrap();

    let before = feed.claim(1, at(499), FOREVER).await.unwrap();
    assert!(before.messages.is_empty());
    assert_eq!(before.next_due, Some(at(500)));
    let then = feed.claim(1, at(500), FOREVER).await.unwrap();
    assert_eq!(then.messages[0].message.attempts, 1);
    assert_eq!(then.messages[0].message.id, claimed[0].message.id);
}

#[tokio::test]
async fn b52_another_process_finds_a_resubmitted_message_as_well() {
    let fixture = Fixture::new();
    let first = fixture.open();
    publish(&first, "p", 1).await;
    let claimed = claim_all(&first.feed(&port("p"), TransportSlot::Primary), START).await;
    let again = settlements(&claimed, &resubmit(at(500), 1));
    first.settle(again, START).await.unwrap();
    drop(first);

    let feed = fixture.open().feed(&port("p"), TransportSlot::Primary);
    let before = feed.claim(1, at(499), FOREVER).await.unwrap();
    assert_eq!((before.messages.len(), before.next_due), (0, Some(at(500))));
    assert_eq!(claim_all(&feed, at(500)).await[0].message.attempts, 1);
}

#[tokio::test]
async fn what_came_due_is_sorted_in_before_the_backlog() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    let one = publication([urgent(1)]);
    let urgent = message_box.publish(&port("p"), one, START).await.unwrap();
    let claimed = feed.claim(1, START, FOREVER).await.unwrap().messages;
    let again = settlements(&claimed, &resubmit(at(10), 1));
    message_box.settle(again, START).await.unwrap();
    publish(&message_box, "p", 3000).await;
    let first = feed.claim(5, at(9), FOREVER).await.unwrap().messages;
    assert!(!ids(&first).contains(&urgent.ids[0]));
    let next = feed.claim(5, at(10), FOREVER).await.unwrap().messages;
    assert_eq!(ids(&next)[0], urgent.ids[0]);
    assert_eq!(claim_all(&feed, at(10)).await.len(), 2991);
}

#[tokio::test]
async fn an_expired_lease_is_claimed_again_and_its_settlement_refused() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    publish(&message_box, "p", 2).await;
    let old = feed.claim(2, START, at(100)).await.unwrap();
    assert_eq!(old.next_due, Some(at(100)));
    assert!(
        feed.claim(2, at(99), FOREVER)
            .await
            .unwrap()
            .messages
            .is_empty()
    );
    let new = feed.claim(1, at(100), FOREVER).await.unwrap();
    assert_eq!(new.messages[0].message.id, old.messages[0].message.id);
    assert_ne!(new.messages[0].lease, old.messages[0].lease);

    let late = settlements(&old.messages[..1], &Verdict::Delete);
    let refused = message_box.settle(late, at(100)).await;
    assert_eq!(strangers(refused), [old.messages[0].message.id]);
    let right = settlements(&new.messages, &Verdict::Delete);
    message_box.settle(right, at(100)).await.unwrap();
}

#[tokio::test]
async fn an_expired_lease_that_nobody_took_can_still_settle() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 1).await;
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    let claimed = feed.claim(1, START, at(1)).await.unwrap().messages;
    let late = settlements(&claimed, &Verdict::Delete);
    message_box.settle(late, at(1000)).await.unwrap();
    assert!(claim_all(&feed, at(1000)).await.is_empty());
}

#[tokio::test]
async fn a_waiting_loop_hears_of_publish_release_and_resubmission() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    assert!(!is_ready(feed.changed()));
    publish(&message_box, "p", 1).await;
    assert!(is_ready(feed.changed()));
    assert!(!is_ready(feed.changed()));
    for verdict in [Verdict::Release { alone: false }, resubmit(START, 1)] {
        let claimed = feed.claim(1, START, FOREVER).await.unwrap().messages;
        assert_eq!(claimed.len(), 1);
        let back = settlements(&claimed, &verdict);
        message_box.settle(back, START).await.unwrap();
        assert!(is_ready(feed.changed()), "{verdict:?}");
    }
    assert_eq!(claim_all(&feed, START).await.len(), 1);
}

#[tokio::test]
async fn a_claim_cut_short_by_memory_rings_at_once() {
    let fixture = Fixture::new();
    let config = Config {
        feed_bytes: 10_000,
        ..fixture.config()
    };
    let message_box = MessageBox::open(config).unwrap();
    let large = (0..20).map(|_| message(vec![7; 4000]));
    let large = publication(large);
    message_box.publish(&port("p"), large, START).await.unwrap();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    let mut got = 0;
    while got < 20 {
        let claim = feed.claim(20, START, FOREVER).await.unwrap();
        assert!(!claim.messages.is_empty());
        got += claim.messages.len();
        assert_eq!(is_ready(feed.changed()), got < 20);
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_hides_no_message_for_good() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let one = publication([message("from the future")]);
    message_box
        .publish(&port("p"), one, at(60_000))
        .await
        .unwrap();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    let early = feed.claim(1, START, FOREVER).await.unwrap();
    assert_eq!(
        (early.messages.len(), early.next_due),
        (0, Some(at(60_000)))
    );
    let later = START.after(Duration::from_secs(60));
    assert_eq!(claim_all(&feed, later).await.len(), 1);
}
