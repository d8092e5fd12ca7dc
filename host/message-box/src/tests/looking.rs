//! Looking at one message, whatever its state.

use super::*;
use crate::{MessageState, StoredMessage};

async fn look(message_box: &MessageBox, id: MessageId) -> StoredMessage {
    message_box.message(id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_message_is_told_in_every_state() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let properties: Properties = [("z", "1"), ("a", "2")].into_iter().collect();
    let new = NewMessage {
        properties: properties.clone(),
        priority: Priority::new(7).unwrap(),
        lane: Some("l".into()),
        expires: Some(at(900)),
        expects_response: true,
        ..message("content")
    };
    let id = accept(&message_box, "p", [new]).await[0];
    let mut expected = StoredMessage {
        id,
        port: port("p"),
        state: MessageState::Pending { due: START },
        transport: TransportSlot::Primary,
        priority: Priority::new(7).unwrap(),
        attempts: 0,
        earlier_attempts: 0,
        accepted: START,
        expires: Some(at(900)),
        lane: Some("l".to_owned()),
        expects_response: true,
        error: None,
        size: 7,
        properties,
        edited: false,
    };
    assert_eq!(look(&message_box, id).await, expected);
    settle_all(&message_box, "p", resubmit(at(50), 1), at(1)).await;
    expected.state = MessageState::Pending { due: at(50) };
    expected.attempts = 1;
    assert_eq!(look(&message_box, id).await, expected);

    let claimed = claim_all(&primary(&message_box, "p"), at(50)).await;
    let batch = vec![Settlement {
        adapter: Some("http 1.2.3".into()),
        ..settlement(&claimed[0], suspend("no"))
    }];
    message_box.settle(batch, at(60)).await.unwrap();
    expected.state = MessageState::Suspended {
        at: at(60),
        adapter: Some("http 1.2.3".to_owned()),
        resumable: true,
    };
    expected.attempts = 4;
    expected.error = Some(ErrorInfo::new("http-400", "no"));
    assert_eq!(look(&message_box, id).await, expected);
    let body = message_box.body_of(id).await.unwrap().unwrap();
    assert_eq!(body.read_all().await.unwrap(), "content");
}

#[tokio::test]
async fn large_bodies_can_be_read_by_id() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let content = bodies::block(0, 600_000);
    let id = accept(&message_box, "p", [message(content.clone())]).await[0];
    let body = message_box.body_of(id).await.unwrap().unwrap();
    assert_eq!(body.size(), 600_000);
    assert_eq!(body.read_all().await.unwrap(), content);
    settle_all(&message_box, "p", Verdict::Delete, START).await;
    assert!(body.read_all().await.is_err());
}

#[tokio::test]
async fn nothing_is_said_about_messages_that_are_not_here() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let here = publish(&message_box, "p", 1).await[0];
    let foreign = MessageId::new(message_box.box_id() ^ 1, here.sequence());
    settle_all(&message_box, "p", Verdict::Delete, START).await;
    for id in [here, foreign] {
        assert_eq!(message_box.message(id).await.unwrap(), None);
        assert!(message_box.body_of(id).await.unwrap().is_none());
        assert!(message_box.original_of(id).await.unwrap().is_none());
    }
}
