//! Editing suspended messages, and what they were before.

use super::*;
use crate::{Refusal, Selection};

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().copied().collect()
}

fn body(text: &'static str) -> Option<NewBody> {
    Some(NewBody::Inline(Bytes::from_static(text.as_bytes())))
}

/// One suspended message with a property and the body "first".
async fn suspended(message_box: &MessageBox) -> MessageId {
    let new = NewMessage {
        properties: properties(&[("k", "1")]),
        ..message("first")
    };
    let id = accept(message_box, "p", [new]).await[0];
    settle_all(message_box, "p", suspend("no"), at(1)).await;
    id
}

async fn content(message_box: &MessageBox, id: MessageId) -> Bytes {
    let body = message_box.body_of(id).await.unwrap().unwrap();
    body.read_all().await.unwrap()
}

async fn original(message_box: &MessageBox, id: MessageId) -> (Properties, Bytes) {
    let (properties, body) = message_box.original_of(id).await.unwrap().unwrap();
    (properties, body.read_all().await.unwrap())
}

#[tokio::test]
async fn an_edited_message_is_delivered_as_edited_and_the_original_is_kept_until_then() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let id = suspended(&message_box).await;
    assert!(message_box.original_of(id).await.unwrap().is_none());
    let first = (properties(&[("k", "1")]), Bytes::from_static(b"first"));
    let edits = [
        (Some(properties(&[("k", "2")])), None, "2", "first"),
        (None, body("second, longer"), "2", "second, longer"),
        (Some(properties(&[("k", "3")])), body("3rd"), "3", "3rd"),
    ];
    for (names, new, k, text) in edits {
        message_box.edit(id, names, new).await.unwrap();
        let stored = message_box.message(id).await.unwrap().unwrap();
        assert_eq!(stored.properties.get("k"), Some(k));
        assert_eq!((stored.size, stored.edited), (text.len() as u64, true));
        assert_eq!(content(&message_box, id).await, text);
        assert_eq!(original(&message_box, id).await, first);
        let counts = message_box.counts(at(1)).await.unwrap();
        assert_eq!(counts[0].bytes, text.len() as u64);
    }
    let listed = message_box.suspended(&Default::default(), None, 1).await;
    assert!(listed.unwrap()[0].edited);
    drop(message_box);

    let message_box = fixture.open();
    let resume = message_box.resume(Selection::Ids(vec![id]), at(2));
    resume.await.unwrap();
    let claimed = claim_all(&primary(&message_box, "p"), at(2)).await;
    let delivered = &claimed[0].message;
    assert_eq!(delivered.properties.get("k"), Some("3"));
    assert_eq!(delivered.body.read_all().await.unwrap(), "3rd");
    assert_eq!(original(&message_box, id).await, first);
    let done = settlements(&claimed, &Verdict::Delete);
    message_box.settle(done, at(3)).await.unwrap();
    assert_eq!(message_box.counts(at(3)).await.unwrap()[0].bytes, 0);
    assert_audit(&message_box, 0, 0).await;
    message_box.close().await.unwrap();
    assert_eq!(rows(&fixture, "original"), 0);
}

#[tokio::test]
async fn large_bodies_can_be_edited_and_no_piece_is_left() {
    let fixture = Fixture::new();
    let config = Config {
        inline_limit: 10,
        ..fixture.config()
    };
    let message_box = MessageBox::open(config).unwrap();
    let large = |byte: u8| Bytes::from(vec![byte; 300_000]);
    let id = accept(&message_box, "p", [message(large(1))]).await[0];
    settle_all(&message_box, "p", suspend("no"), at(1)).await;
    for byte in 2..5 {
        let new = Some(NewBody::Inline(large(byte)));
        message_box.edit(id, None, new).await.unwrap();
        assert_eq!(content(&message_box, id).await, large(byte));
    }
    message_box.edit(id, None, body("small")).await.unwrap();
    assert_eq!(content(&message_box, id).await, "small");
    assert_eq!(original(&message_box, id).await.1, large(1));
    message_box.close().await.unwrap();
    // The original's two pieces.
    assert_eq!(rows(&fixture, "piece"), 2);

    let message_box = fixture.open();
    let resume = message_box.resume(Selection::Ids(vec![id]), at(2));
    resume.await.unwrap();
    settle_all(&message_box, "p", Verdict::Delete, at(2)).await;
    message_box.close().await.unwrap();
    assert_eq!((rows(&fixture, "piece"), rows(&fixture, "stage")), (0, 0));
}

#[tokio::test]
async fn only_suspended_messages_are_edited() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let pending = publish(&message_box, "p", 1).await[0];
    let unknown = MessageId::new(message_box.box_id(), pending.sequence() + 1);
    let cases = [
        (pending, Refusal::NotSuspended),
        (unknown, Refusal::Unknown),
    ];
    for (id, expected) in cases {
        let refused = message_box.edit(id, None, body("x")).await.unwrap_err();
        assert!(refused.to_string().contains(&id.to_string()), "{refused}");
        assert!(
            matches!(refused, Error::Refused { id: i, reason } if (i, reason) == (id, expected))
        );
    }
    assert_eq!(content(&message_box, pending).await, "body 0");
    assert_eq!(
        message_box.body_of(unknown).await.unwrap().map(|_| ()),
        None
    );
}

#[tokio::test]
async fn a_refused_edit_of_a_large_body_leaves_no_piece() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let pending = publish(&message_box, "p", 1).await[0];
    let large = NewBody::Inline(vec![1; 400_000].into());
    let refused = message_box.edit(pending, None, Some(large)).await;
    assert!(matches!(refused, Err(Error::Refused { .. })));
    message_box.close().await.unwrap();
    assert_eq!((rows(&fixture, "piece"), rows(&fixture, "stage")), (0, 0));
}
