//! A full box refuses new messages, goes on settling, and recovers by itself.

use super::*;

const KIB: usize = 1024;

fn small(fixture: &Fixture) -> MessageBox {
    let config = Config {
        max_size: Some(2 * 1024 * 1024),
        ..fixture.config()
    };
    MessageBox::open(config).unwrap()
}

async fn publish_one(message_box: &MessageBox, size: usize) -> Result<(), Error> {
    let one = publication([message(vec![1; size])]);
    message_box.publish(&port("p"), one, START).await.map(drop)
}

#[tokio::test]
async fn a_full_box_refuses_publishes_settles_and_recovers() {
    let fixture = Fixture::new();
    let message_box = small(&fixture);
    let feed = message_box.feed(&port("p"), TransportSlot::Primary);
    let mut rounds = Vec::new();
    for _ in 0..3 {
        let mut accepted = 0;
        let refusal = loop {
            match publish_one(&message_box, KIB).await {
                Ok(()) => accepted += 1,
                Err(error) => break error,
            }
        };
        assert!(
            matches!(
                refusal,
                Error::Full {
                    limit: 2_097_152,
                    ..
                }
            ),
            "{refusal}"
        );
        rounds.push(accepted);

        let mut claimed = claim_all(&feed, START).await;
        assert_eq!(claimed.len(), accepted);
        // Every verdict works on a full box, also the ones that make rows longer.
        let last = claimed.split_off(accepted - 100);
        let longer = Verdict::Resubmit {
            due: START,
            attempts: 1,
            carry: [("note", "x".repeat(500))].into_iter().collect(),
            error: Some(ErrorInfo::new("http-503", "busy")),
        };
        message_box
            .settle(settlements(&last, &longer), START)
            .await
            .unwrap();
        message_box
            .settle(settlements(&claimed, &Verdict::Delete), START)
            .await
            .unwrap();
        let rest = claim_all(&feed, START).await;
        assert_eq!(rest.len(), 100);
        message_box
            .settle(settlements(&rest, &Verdict::Delete), START)
            .await
            .unwrap();
    }
    assert!(rounds.iter().all(|n| *n > 1000), "{rounds:?}");
    let audit = message_box.audit().await.unwrap();
    assert_eq!((audit.pending, audit.holds), (0, true));
    let file = fixture.directory.path().join("box.sqlite");
    message_box.close().await.unwrap();
    assert!(file.metadata().unwrap().len() <= 2 * 1024 * 1024);
}

#[tokio::test]
async fn one_caller_too_many_does_not_hurt_the_others() {
    let fixture = Fixture::new();
    let message_box = small(&fixture);
    let sizes = [KIB, 64 * KIB, 100 * KIB, 90 * KIB];
    let publishes = (0..100).map(|n| {
        let message_box = message_box.clone();
        tokio::spawn(async move { publish_one(&message_box, sizes[n % sizes.len()]).await })
    });
    let publishes: Vec<_> = publishes.collect();
    let mut accepted = 0;
    for publish in publishes {
        match publish.await.unwrap() {
            Ok(()) => accepted += 1,
            Err(error) => assert!(matches!(error, Error::Full { .. }), "{error}"),
        }
    }
    assert!((1..100).contains(&accepted), "{accepted}");
    assert_eq!(
        claim_all(&message_box.feed(&port("p"), TransportSlot::Primary), START)
            .await
            .len(),
        accepted
    );
    assert!(message_box.audit().await.unwrap().holds);
}

#[tokio::test]
async fn a_body_that_does_not_fit_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let message_box = small(&fixture);
    let refusal = publish_one(&message_box, 4 * 1024 * KIB).await;
    assert!(matches!(refusal, Err(Error::Full { .. })), "{refusal:?}");
    // Its pieces are gone: a body of half the box fits.
    publish_one(&message_box, 1024 * KIB).await.unwrap();
}

#[tokio::test]
async fn properties_have_a_limit() {
    let fixture = Fixture::new();
    let one = publication([NewMessage {
        properties: [("p", "x".repeat(2 * 1024 * KIB))].into_iter().collect(),
        ..message("")
    }]);
    let refusal = fixture.open().publish(&port("p"), one, START).await;
    assert!(
        matches!(
            refusal,
            Err(Error::TooLarge {
                what: "properties",
                ..
            })
        ),
        "{refusal:?}"
    );
}
