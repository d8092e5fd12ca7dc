//! The same publication twice is accepted once.

use super::*;
use crate::Published;

fn keyed(key: &str, bodies: &[&'static str]) -> Publication {
    Publication {
        idempotency_key: Some(key.to_owned()),
        ..publication(bodies.iter().map(|body| message(*body)))
    }
}

async fn publish_keyed(
    message_box: &MessageBox,
    name: &str,
    key: &str,
    bodies: &[&'static str],
    now: Timestamp,
) -> Result<Published, Error> {
    message_box
        .publish(&port(name), keyed(key, bodies), now)
        .await
}

#[tokio::test]
async fn a_repeat_gets_the_first_ids_also_after_a_restart_and_after_delivery() {
    let fixture = Fixture::new();
    let first = fixture.open();
    let one = publish_keyed(&first, "p", "k", &["a", "b"], START)
        .await
        .unwrap();
    assert!(!one.repeated);
    let all = claim_all(&first.feed(&port("p"), TransportSlot::Primary), START).await;
    let deleted = settlements(&all, &Verdict::Delete);
    first.settle(deleted, START).await.unwrap();
    drop(first);

    let second = fixture.open();
    let two = publish_keyed(&second, "p", "k", &["a", "b"], at(1))
        .await
        .unwrap();
    assert_eq!((two.ids, two.repeated), (one.ids, true));
    assert!(
        claim_all(&second.feed(&port("p"), TransportSlot::Primary), at(1))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn other_content_under_the_same_key_is_refused() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish_keyed(&message_box, "p", "k", &["ab", "c"], START)
        .await
        .unwrap();
    // The same bytes, cut differently.
    let refused = publish_keyed(&message_box, "p", "k", &["a", "bc"], START).await;
    assert!(matches!(refused, Err(Error::IdempotencyConflict { key }) if key == "k"));
    // Keys belong to a port.
    let other = publish_keyed(&message_box, "q", "k", &["a", "bc"], START).await;
    assert!(!other.unwrap().repeated);
    assert_eq!(message_box.audit().await.unwrap().accepted, 4);
}

#[tokio::test]
async fn repeats_in_the_same_transaction_are_seen() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let publishes = (0..50).map(|_| {
        let message_box = message_box.clone();
        tokio::spawn(async move {
            publish_keyed(&message_box, "p", "k", &["a"], START)
                .await
                .unwrap()
        })
    });
    let publishes: Vec<_> = publishes.collect();
    let mut answers = Vec::new();
    for publish in publishes {
        answers.push(publish.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|a| !a.repeated).count(), 1);
    assert!(answers.iter().all(|a| a.ids == answers[0].ids));
    assert_eq!(message_box.audit().await.unwrap().accepted, 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day_and_old_ones_are_removed() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let fixture = Fixture::new();
    let message_box = fixture.open();
    for key in ["a", "b", "c"] {
        publish_keyed(&message_box, "p", key, &["x"], START)
            .await
            .unwrap();
    }
    let still = publish_keyed(&message_box, "p", "a", &["x"], at(DAY - 1)).await;
    assert!(still.unwrap().repeated);
    let again = publish_keyed(&message_box, "p", "a", &["y"], at(DAY)).await;
    assert!(!again.unwrap().repeated);
    message_box.close().await.unwrap();
    let file = fixture.directory.path().join("box.sqlite");
    let keys: i64 = rusqlite::Connection::open(file)
        .unwrap()
        .query_row("SELECT count(*) FROM idempotency", [], |row| row.get(0))
        .unwrap();
    assert_eq!(keys, 1);
}

#[tokio::test]
async fn a_staged_body_and_the_same_in_one_go_are_the_same_content() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let mut stage = message_box.stage_body().await.unwrap();
    stage.write(Bytes::from_static(b"one")).await.unwrap();
    stage.write(Bytes::from_static(b"two")).await.unwrap();
    let staged = NewBody::Staged(stage.finish().await.unwrap());
    let publication = Publication {
        messages: vec![NewMessage {
            body: staged,
            ..message("")
        }],
        idempotency_key: Some("k".to_owned()),
    };
    message_box
        .publish(&port("p"), publication, START)
        .await
        .unwrap();
    let again = publish_keyed(&message_box, "p", "k", &["onetwo"], START).await;
    assert!(again.unwrap().repeated);
}
