//! Counts and the audit agree with what was done.

use super::*;

#[tokio::test]
async fn counts_follow_what_happens_and_survive_a_restart() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "empty", 0).await;
    publish(&message_box, "p", 5).await;
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    let claimed = feed.claim(3, at(1), FOREVER).await.unwrap().messages;
    let batch = vec![
        settlement(&claimed[0], Verdict::Delete),
        settlement(&claimed[1], suspend("no")),
        settlement(&claimed[2], resubmit(at(50), 1)),
    ];
    message_box.settle(batch, at(2)).await.unwrap();

    let counts = message_box.counts(at(2)).await.unwrap();
    assert_eq!(counts.len(), 2);
    assert_eq!((counts[0].port.as_str(), counts[0].accepted), ("empty", 0));
    let counted = &counts[1];
    assert_eq!((counted.accepted, counted.delivered), (5, 1));
    assert_eq!(
        (counted.pending, counted.scheduled, counted.suspended),
        (3, 1, 1)
    );
    assert_eq!(
        (counted.bytes, counted.oldest_pending),
        (4 * 6, Some(START))
    );

    let audit = message_box.audit().await.unwrap();
    assert_eq!((audit.accepted, audit.delivered), (5, 1));
    assert_eq!((audit.suspended, audit.pending, audit.holds), (1, 3, true));
    drop((message_box, feed));
    assert_eq!(fixture.open().audit().await.unwrap(), audit);
}

#[tokio::test]
async fn the_oldest_pending_message_is_found_wherever_it_waits() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let oldest = async |now| {
        let counts = message_box.counts(at(now)).await.unwrap();
        counts[0].oldest_pending
    };
    let publish_at = async |now, new| {
        let one = publication([new]);
        let published = message_box.publish(&port("p"), one, at(now)).await;
        published.unwrap()
    };
    publish_at(1, in_lane("a", "head")).await;
    publish_at(2, in_lane("a", "next")).await;
    // The head is suspended, the next one is queued behind it and in no feed.
    settle_all(&message_box, "p", suspend("no"), at(3)).await;
    publish_at(4, urgent(1)).await;
    assert_eq!(oldest(4).await, Some(at(2)));
    let feed = primary(&message_box, "p");
    let claimed = claim_all(&feed, at(5)).await;
    let again = settlements(&claimed, &resubmit(at(900), 1));
    message_box.settle(again, at(5)).await.unwrap();
    let all = crate::Selection::Filter(crate::SuspendedFilter::default());
    message_box.terminate(all, at(6)).await.unwrap();
    publish_at(7, message("new")).await;
    assert_eq!(oldest(7).await, Some(at(2)));
    // The lane is delivered; what waits for a retry is older than the new one.
    let claimed = feed.claim(1, at(7), FOREVER).await.unwrap().messages;
    let done = settlements(&claimed, &Verdict::Delete);
    message_box.settle(done, at(8)).await.unwrap();
    assert_eq!(oldest(8).await, Some(at(4)));
    settle_all(&message_box, "p", next_transport(1), at(900)).await;
    assert_eq!(oldest(900).await, Some(at(4)));
    let counts = message_box.counts(at(900)).await.unwrap();
    assert_eq!((counts[0].pending, counts[0].terminated), (2, 1));
    assert_audit(&message_box, 2, 0).await;
}

#[tokio::test]
async fn the_audit_compares_rows_with_counters_port_by_port() {
    // The totals are right in each case; only the ports, or the states, are not.
    let wrong = [
        "UPDATE port SET pending = pending + 1 WHERE name = 'p'",
        "UPDATE port SET suspended = 1, pending = pending - 1 WHERE name = 'p'",
        "UPDATE message SET port = (SELECT id FROM port WHERE name = 'q') WHERE seq = 1",
        "UPDATE port SET terminated = 1",
        "UPDATE port SET routed = 1",
    ];
    for sql in wrong {
        let fixture = Fixture::new();
        let message_box = fixture.open();
        publish(&message_box, "p", 2).await;
        publish(&message_box, "q", 2).await;
        assert_audit(&message_box, 4, 0).await;
        message_box.close().await.unwrap();
        let file = fixture.directory.path().join("box.sqlite");
        let connection = rusqlite::Connection::open(file).unwrap();
        assert!(connection.execute(sql, []).unwrap() > 0);
        drop(connection);
        assert!(!fixture.open().audit().await.unwrap().holds, "{sql}");
    }
}

#[tokio::test]
async fn the_audit_sees_a_row_that_went_missing() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 2).await;
    message_box.close().await.unwrap();
    let file = fixture.directory.path().join("box.sqlite");
    let connection = rusqlite::Connection::open(file).unwrap();
    let removed = connection.execute(
        "DELETE FROM message WHERE seq = (SELECT min(seq) FROM message)",
        [],
    );
    assert_eq!(removed, Ok(1));
    drop(connection);
    assert!(!fixture.open().audit().await.unwrap().holds);
}
