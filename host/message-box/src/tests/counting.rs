//! Counts and the audit agree with what was done.

use super::*;

#[tokio::test]
async fn counts_follow_what_happens_and_survive_a_restart() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "empty", 0).await;
    publish(&message_box, "p", 5).await;
    let feed = message_box.feed(&port("p"));
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
