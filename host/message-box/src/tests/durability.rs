//! What is on disk stays, what was removed stays away: a handle dropped without closing stands for a
//! crash, because nothing is written when it is dropped.

use super::*;

#[tokio::test]
async fn b101_b103_a_restart_finds_every_unresolved_message() {
    let fixture = Fixture::new();
    let first = fixture.open();
    let published = publish(&first, "p", 20).await;
    let feed = first.feed(&port("p"), TransportSlot::Primary);
    let claimed = feed.claim(10, START, FOREVER).await.unwrap().messages;
    assert_eq!(claimed.len(), 10);
    drop((first, feed));

    let second = fixture.open();
    let found = claim_all(&second.feed(&port("p"), TransportSlot::Primary), START).await;
    assert_eq!(ids(&found), published);
    let bodies = found.iter().map(|m| m.message.body.clone());
    for (n, body) in bodies.enumerate() {
        assert_eq!(body.read_all().await.unwrap(), format!("body {n}"));
    }
}

#[tokio::test]
async fn b102_a_restart_never_finds_a_deleted_message() {
    let fixture = Fixture::new();
    let first = fixture.open();
    publish(&first, "p", 10).await;
    let feed = first.feed(&port("p"), TransportSlot::Primary);
    let claimed = feed.claim(6, START, FOREVER).await.unwrap().messages;
    let deleted = settlements(&claimed[..4], &Verdict::Delete);
    first.settle(deleted, START).await.unwrap();
    drop((first, feed));

    let second = fixture.open();
    let found = ids(&claim_all(&second.feed(&port("p"), TransportSlot::Primary), START).await);
    assert_eq!(found.len(), 6);
    assert!(claimed[..4].iter().all(|m| !found.contains(&m.message.id)));
    assert!(second.audit().await.unwrap().holds);
}

#[tokio::test]
async fn a_box_keeps_its_number_and_never_uses_an_id_twice() {
    let fixture = Fixture::new();
    let mut seen = Vec::new();
    let mut numbers = Vec::new();
    for _ in 0..3 {
        let message_box = fixture.open();
        numbers.push(message_box.box_id());
        seen.extend(publish(&message_box, "p", 5).await);
        let all = claim_all(&message_box.feed(&port("p"), TransportSlot::Primary), START).await;
        let deleted = settlements(&all, &Verdict::Delete);
        message_box.settle(deleted, START).await.unwrap();
    }
    assert!(numbers.iter().all(|n| *n == numbers[0]));
    assert!(seen.is_sorted());
    seen.dedup();
    assert_eq!(seen.len(), 15);
    assert_ne!(Fixture::new().open().box_id(), numbers[0]);
}

#[tokio::test]
async fn what_a_message_knows_survives_a_restart() {
    let fixture = Fixture::new();
    let first = fixture.open();
    let properties: Properties = [("z", "1"), ("a", "2")].into_iter().collect();
    let new = NewMessage {
        properties: properties.clone(),
        ..urgent(3)
    };
    let publication = publication([new]);
    first.publish(&port("p"), publication, at(7)).await.unwrap();
    first.close().await.unwrap();

    let found = claim_all(
        &fixture.open().feed(&port("p"), TransportSlot::Primary),
        at(7),
    )
    .await;
    let message = &found[0].message;
    assert_eq!(message.port, port("p"));
    assert_eq!(message.accepted, at(7));
    assert_eq!(message.priority.get(), 3);
    assert_eq!(message.attempts, 0);
    assert_eq!(message.properties, properties);
}

#[tokio::test]
async fn after_closing_every_call_says_so() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    publish(&message_box, "p", 1).await;
    message_box.close().await.unwrap();

    let one = publication([message("late")]);
    let refused = message_box.publish(&port("p"), one, START).await;
    assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
    let refused = feed.claim(1, START, FOREVER).await;
    assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
    let refused = message_box.settle(Vec::new(), START).await;
    assert!(matches!(refused, Err(Error::Closed)), "{refused:?}");
    assert!(matches!(
        message_box.counts(Timestamp(0)).await,
        Err(Error::Closed)
    ));
    assert!(matches!(message_box.close().await, Err(Error::Closed)));
    // The closed handles are still there, and yet the box is free.
    assert_eq!(
        claim_all(
            &fixture.open().feed(&port("p"), TransportSlot::Primary),
            START
        )
        .await
        .len(),
        1
    );
}
