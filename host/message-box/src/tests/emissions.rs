//! Messages that settlements publish: routed failures, notifications, responses.

use model::Emission;

use super::bodies::block;
use super::*;

const MIB: usize = 1024 * 1024;

fn emission(name: &str, body: Option<Bytes>) -> Emission {
    Emission {
        port: port(name),
        body,
        properties: [("correlation-id", "c")].into_iter().collect(),
        priority: Priority::new(2).unwrap(),
        lane: None,
        expires: Some(at(99)),
    }
}

fn route(name: &str, body: Option<Bytes>) -> Verdict {
    Verdict::Route(Box::new(emission(name, body)))
}

/// Claims the only message of the port and settles it with emissions.
async fn settle_with(message_box: &MessageBox, verdict: Verdict, emissions: Vec<Emission>) {
    let claimed = claim_all(&primary(message_box, "p"), at(1)).await;
    let batch = vec![Settlement {
        emissions,
        ..settlement(&claimed[0], verdict)
    }];
    message_box.settle(batch, at(1)).await.unwrap();
}

#[tokio::test]
async fn b90_a_routed_failure_is_a_message_of_the_other_port_and_nothing_is_suspended() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = primary(&message_box, "errors");
    assert!(claim_all(&feed, START).await.is_empty());
    let original = publish(&message_box, "p", 1).await[0];
    settle_with(&message_box, route("errors", None), Vec::new()).await;
    feed.changed().await;
    let found = claim_all(&feed, at(1)).await;
    let message = &found[0].message;
    assert_ne!(message.id, original);
    assert_eq!((message.port.as_str(), message.accepted), ("errors", at(1)));
    assert_eq!((message.priority.get(), message.expires), (2, Some(at(99))));
    assert_eq!(message.properties.get("correlation-id"), Some("c"));
    assert_eq!(message.body.read_all().await.unwrap(), "body 0");
    assert_eq!(message_box.message(original).await.unwrap(), None);

    let counts = message_box.counts(at(1)).await.unwrap();
    assert_eq!((counts[0].accepted, counts[0].pending), (1, 1));
    assert_eq!((counts[1].routed, counts[1].delivered), (1, 0));
    assert_eq!((counts[1].pending, counts[1].bytes), (0, 0));
    let audit = message_box.audit().await.unwrap();
    assert_eq!((audit.routed, audit.holds), (1, true));
    assert_audit(&message_box, 1, 0).await;
}

#[tokio::test]
async fn b90_a_routed_large_body_is_handed_over_without_copying() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    accept(&message_box, "p", [message(block(0, MIB))]).await;
    settle_with(&message_box, route("errors", None), Vec::new()).await;
    let claimed = claim_all(&primary(&message_box, "errors"), at(1)).await;
    let body = &claimed[0].message.body;
    assert_eq!(body.read_all().await.unwrap(), block(0, MIB));
    drop(claimed);
    message_box.close().await.unwrap();
    assert_eq!(rows(&fixture, "piece"), 4);
    let message_box = fixture.open();
    settle_all(&message_box, "errors", Verdict::Delete, at(2)).await;
    message_box.close().await.unwrap();
    assert_eq!(rows(&fixture, "piece"), 0);
}

#[tokio::test]
async fn emissions_without_content_get_a_copy_whatever_becomes_of_the_message() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    accept(&message_box, "p", [message(block(0, MIB))]).await;
    let copies = vec![emission("a", None), emission("b", None)];
    settle_with(&message_box, route("errors", None), copies).await;
    for name in ["a", "b", "errors"] {
        let claimed = claim_all(&primary(&message_box, name), at(1)).await;
        let body = claimed[0].message.body.read_all().await.unwrap();
        assert_eq!(body, block(0, MIB), "{name}");
        let done = settlements(&claimed, &Verdict::Delete);
        message_box.settle(done, at(2)).await.unwrap();
    }
    assert_audit(&message_box, 0, 0).await;
    message_box.close().await.unwrap();
    assert_eq!(rows(&fixture, "piece"), 0);
}

#[tokio::test]
async fn emissions_have_content_of_their_own_of_any_size_also_after_a_restart() {
    let fixture = Fixture::new();
    let first = fixture.open();
    publish(&first, "p", 1).await;
    let own = [Bytes::new(), Bytes::from_static(b"ack"), block(0, MIB)];
    let emissions = own.iter().map(|body| emission("acks", Some(body.clone())));
    settle_with(&first, Verdict::Delete, emissions.collect()).await;
    drop(first);
    let second = fixture.open();
    let claimed = claim_all(&primary(&second, "acks"), at(1)).await;
    assert_eq!(claimed.len(), 3);
    for (leased, expected) in claimed.iter().zip(own) {
        let message = &leased.message;
        assert_eq!(message.body.read_all().await.unwrap(), expected);
    }
    assert_audit(&second, 3, 0).await;
}

#[tokio::test]
async fn a_message_that_is_replaced_takes_its_pieces_with_it() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    accept(&message_box, "p", [message(block(0, MIB))]).await;
    let other = Some(Bytes::from_static(b"sorry"));
    settle_with(&message_box, route("errors", other), Vec::new()).await;
    message_box.close().await.unwrap();
    assert_eq!(rows(&fixture, "piece"), 0);
}

#[tokio::test]
async fn a_refused_settlement_emits_nothing() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 2).await;
    let claimed = claim_all(&primary(&message_box, "p"), START).await;
    let gone = settlements(&claimed[..1], &Verdict::Delete);
    message_box.settle(gone, START).await.unwrap();
    let with = |leased| Settlement {
        emissions: vec![emission("acks", Some(Bytes::new()))],
        ..settlement(leased, Verdict::Delete)
    };
    let batch = claimed.iter().rev().map(with).collect();
    let refused = message_box.settle(batch, START).await;
    assert_eq!(strangers(refused), [claimed[0].message.id]);
    assert_eq!(message_box.pending(&port("acks")), 0);
    assert!(
        claim_all(&primary(&message_box, "acks"), START)
            .await
            .is_empty()
    );
    assert_audit(&message_box, 1, 0).await;
}

#[tokio::test]
async fn emissions_join_lanes() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 1).await;
    let laned = |body: &'static str| Emission {
        lane: Some("a".into()),
        ..emission("q", Some(Bytes::from_static(body.as_bytes())))
    };
    let emissions = vec![laned("1"), laned("2")];
    settle_with(&message_box, Verdict::Delete, emissions).await;
    for expected in ["1", "2"] {
        let claimed = claim_all(&primary(&message_box, "q"), at(2)).await;
        assert_eq!(claimed.len(), 1);
        let body = claimed[0].message.body.read_all().await.unwrap();
        assert_eq!(body, expected);
        let done = settlements(&claimed, &Verdict::Delete);
        message_box.settle(done, at(2)).await.unwrap();
    }
}

#[tokio::test]
async fn a_full_box_still_settles_with_emissions() {
    let fixture = Fixture::new();
    let config = Config {
        max_size: Some(2 * MIB as u64),
        ..fixture.config()
    };
    let message_box = MessageBox::open(config).unwrap();
    let full = loop {
        let one = publication([message(vec![1; 1024])]);
        if let Err(error) = message_box.publish(&port("p"), one, START).await {
            break error;
        }
    };
    assert!(matches!(full, Error::Full { .. }), "{full}");
    let claimed = claim_all(&primary(&message_box, "p"), START).await;
    for batch in claimed.chunks(64) {
        let with = |leased| Settlement {
            emissions: vec![emission("acks", Some(Bytes::new()))],
            ..settlement(leased, route("errors", None))
        };
        let batch = batch.iter().map(with).collect();
        message_box.settle(batch, START).await.unwrap();
    }
    assert_eq!(message_box.pending(&port("acks")), claimed.len() as u64);
    assert_audit(&message_box, 2 * claimed.len() as u64, 0).await;
}
