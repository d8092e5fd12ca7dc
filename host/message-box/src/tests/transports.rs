//! The backup transport: a feed of its own, a budget of its own.

use super::*;
use crate::MessageState;

fn backup(message_box: &MessageBox) -> PortFeed {
    message_box.feed(&port("p"), TransportSlot::Backup)
}

#[tokio::test]
async fn b54_a_message_moved_on_is_claimed_through_the_backup_only() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = publish(&message_box, "p", 3).await;
    assert!(claim_all(&backup(&message_box), START).await.is_empty());
    let feed = primary(&message_box, "p");
    let claimed = feed.claim(1, START, FOREVER).await.unwrap().messages;
    let moved = settlements(&claimed, &next_transport(4));
    message_box.settle(moved, at(7)).await.unwrap();
    // The backup's loop hears of it.
    backup(&message_box).changed().await;

    check(&message_box, &ids).await;
    drop((message_box, feed));
    check(&fixture.open(), &ids).await;
}

/// The first message is on the backup after four attempts, the others are on the primary.
async fn check(message_box: &MessageBox, expected: &[MessageId]) {
    let feed = primary(message_box, "p");
    assert_eq!(ids(&claim_all(&feed, at(7)).await), expected[1..]);
    let found = claim_all(&backup(message_box), at(7)).await;
    assert_eq!(ids(&found), expected[..1]);
    let message = &found[0].message;
    assert_eq!(message.transport, TransportSlot::Backup);
    assert_eq!((message.attempts, message.earlier_attempts), (0, 4));
    assert_eq!(message.attempt(), 5);
}

#[tokio::test]
async fn b55_a_message_that_fails_on_the_backup_is_suspended_with_all_its_attempts() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = publish(&message_box, "p", 1).await;
    settle_all(&message_box, "p", next_transport(2), START).await;
    let feed = backup(&message_box);
    for (verdict, now) in [(resubmit(at(50), 1), at(1)), (suspend("no"), at(50))] {
        let claimed = claim_all(&feed, now).await;
        assert_eq!(self::ids(&claimed), ids);
        let batch = settlements(&claimed, &verdict);
        message_box.settle(batch, now).await.unwrap();
    }
    let all = message_box.suspended(&Default::default(), None, 9).await;
    let all = all.unwrap();
    assert_eq!(
        (all[0].transport, all[0].attempts),
        (TransportSlot::Backup, 6)
    );
    assert_audit(&message_box, 0, 1).await;
}

#[tokio::test]
async fn a_retry_on_the_backup_stays_there() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = publish(&message_box, "p", 1).await;
    settle_all(&message_box, "p", next_transport(1), START).await;
    let claimed = claim_all(&backup(&message_box), START).await;
    let again = settlements(&claimed, &resubmit(at(9), 1));
    message_box.settle(again, at(1)).await.unwrap();
    let stored = message_box.message(ids[0]).await.unwrap().unwrap();
    assert_eq!(stored.transport, TransportSlot::Backup);
    assert_eq!(stored.state, MessageState::Pending { due: at(9) });
    assert_eq!(stored.error, Some(ErrorInfo::new("http-503", "busy")));
    assert!(
        claim_all(&primary(&message_box, "p"), at(9))
            .await
            .is_empty()
    );
    let found = claim_all(&backup(&message_box), at(9)).await;
    assert_eq!(
        (found[0].message.attempts, found[0].message.earlier_attempts),
        (1, 1)
    );
}

#[tokio::test]
async fn a_lane_goes_on_on_the_primary_after_its_head_left_by_the_backup() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    accept(&message_box, "p", [in_lane("a", "1"), in_lane("a", "2")]).await;
    settle_all(&message_box, "p", next_transport(1), START).await;
    assert!(
        claim_all(&primary(&message_box, "p"), at(9))
            .await
            .is_empty()
    );
    let claimed = claim_all(&backup(&message_box), at(1)).await;
    let done = settlements(&claimed, &Verdict::Delete);
    message_box.settle(done, at(2)).await.unwrap();
    assert_eq!(claim_all(&primary(&message_box, "p"), at(2)).await.len(), 1);
}
