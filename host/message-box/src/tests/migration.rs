//! Boxes of earlier versions: opened, brought to the present layout, and delivered from.

use rusqlite::Connection;

use super::*;
use crate::{MessageState, Selection, schema};

/// A box as version 1 wrote it: three pending messages, one of them with a large body and one scheduled,
/// a suspended one, and counters that say so.
fn version_1(fixture: &Fixture) {
    let file = fixture.directory.path().join("box.sqlite");
    let connection = Connection::open(file).unwrap();
    connection
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    connection.execute_batch(schema::VERSION_1).unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x53506278; PRAGMA user_version = 1;
             UPDATE meta SET value = 5 WHERE name = 'next_sequence';
             UPDATE meta SET value = 77 WHERE name = 'box_id';
             INSERT INTO port VALUES (1, 'p', 9, 6, 12), (2, 'q', 1, 0, 3);
             INSERT INTO message VALUES
               (1, 1, 0, 5, 1000000, 0, 1000000, NULL, NULL, NULL, 3, NULL, '{\"k\":\"v\"}', X'6f6e65'),
               (2, 1, 0, 1, 1000500, 2, 1000000, NULL, 'c', 'busy', 3, NULL, '{}', X'74776f'),
               (3, 1, 1, 5, 1000000, 4, 1000000, 1000003, 'http-400', 'no', 6, NULL, '{}', X'6661696c6564'),
               (4, 2, 0, 5, 1000000, 0, 1000000, NULL, NULL, NULL, 3, 9, '{}', NULL);
             INSERT INTO piece VALUES (9 * 1048576, X'626967');",
        )
        .unwrap();
}

#[tokio::test]
async fn a_box_of_version_1_opens_counts_and_delivers() {
    let fixture = Fixture::new();
    version_1(&fixture);
    let message_box = fixture.open();
    let id = |sequence| MessageId::new(77, sequence);
    assert_eq!(message_box.pending(&port("p")), 2);
    assert_eq!(message_box.pending(&port("q")), 1);
    let audit = message_box.audit().await.unwrap();
    assert!(audit.holds, "{audit:?}");
    assert_eq!((audit.accepted, audit.delivered), (10, 6));
    assert_eq!((audit.pending, audit.suspended), (3, 1));
    let counts = message_box.counts(START).await.unwrap();
    assert_eq!((counts[0].pending, counts[0].scheduled), (2, 1));
    assert_eq!((counts[0].suspended, counts[0].bytes), (1, 12));

    let claimed = claim_all(&primary(&message_box, "p"), at(500)).await;
    assert_eq!(ids(&claimed), [id(2), id(1)]);
    assert_eq!(claimed[0].message.attempts, 2);
    assert_eq!(claimed[1].message.properties.get("k"), Some("v"));
    let large = claim_all(&primary(&message_box, "q"), at(500)).await;
    assert_eq!(large[0].message.body.read_all().await.unwrap(), "big");

    let failed = message_box.message(id(3)).await.unwrap().unwrap();
    let state = MessageState::Suspended {
        at: at(3),
        adapter: None,
        resumable: true,
    };
    assert_eq!((failed.state, failed.attempts), (state, 4));
    let resume = message_box.resume(Selection::Ids(vec![id(3)]), at(501));
    assert_eq!(resume.await.unwrap().resumed, 1);
    let resumed = claim_all(&primary(&message_box, "p"), at(501)).await;
    for batch in [claimed, large, resumed] {
        let done = settlements(&batch, &Verdict::Delete);
        message_box.settle(done, at(502)).await.unwrap();
    }
    assert_audit(&message_box, 0, 0).await;
    message_box.close().await.unwrap();
    assert_eq!(rows(&fixture, "piece"), 0);
}

#[tokio::test]
async fn a_migrated_box_is_like_a_new_one() {
    let (old, new) = (Fixture::new(), Fixture::new());
    version_1(&old);
    let layout = |fixture: &Fixture| -> Vec<String> {
        drop(fixture.open());
        let file = fixture.directory.path().join("box.sqlite");
        let connection = Connection::open(file).unwrap();
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
            .unwrap();
        let texts = statement.query_map([], |row| row.get(0)).unwrap();
        texts.collect::<Result<_, _>>().unwrap()
    };
    let (old, new) = (layout(&old), layout(&new));
    assert_eq!(old, new);
    // The file explains itself.
    let explained = |sql: &String| sql.contains("the others are in state 2");
    assert!(new.iter().any(explained));
}
