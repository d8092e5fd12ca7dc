//! Decisions of prepared transactions.

use super::*;

async fn decided(message_box: &MessageBox, name: &str) -> Vec<String> {
    message_box.decided_transactions(&port(name)).await.unwrap()
}

#[tokio::test]
async fn a_decision_commits_with_its_settlements_and_stays_until_it_is_finished() {
    let fixture = Fixture::new();
    let first = fixture.open();
    publish(&first, "p", 2).await;
    let claimed = claim_all(&primary(&first, "p"), START).await;
    let batch = settlements(&claimed, &Verdict::Delete);
    first
        .settle_transaction(&port("p"), "t-1", batch, at(1))
        .await
        .unwrap();
    assert_audit(&first, 0, 0).await;
    drop(first);

    let second = fixture.open();
    assert_eq!(decided(&second, "p").await, ["t-1"]);
    assert!(decided(&second, "q").await.is_empty());
    // Twice is once.
    for (name, now) in [("t-0", 2), ("t-1", 3)] {
        second
            .settle_transaction(&port("p"), name, Vec::new(), at(now))
            .await
            .unwrap();
    }
    assert_eq!(decided(&second, "p").await, ["t-1", "t-0"]);
    for name in ["t-1", "never"] {
        second.finish_transaction(&port("p"), name).await.unwrap();
    }
    assert_eq!(decided(&second, "p").await, ["t-0"]);
}

#[tokio::test]
async fn a_refused_settlement_decides_nothing() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    publish(&message_box, "p", 2).await;
    let claimed = claim_all(&primary(&message_box, "p"), START).await;
    let gone = settlements(&claimed[..1], &Verdict::Delete);
    message_box.settle(gone, START).await.unwrap();
    let batch = settlements(&claimed, &Verdict::Delete);
    let refused = message_box
        .settle_transaction(&port("p"), "t", batch, START)
        .await;
    assert_eq!(strangers(refused), [claimed[0].message.id]);
    assert!(decided(&message_box, "p").await.is_empty());
    assert_audit(&message_box, 1, 0).await;
}

#[tokio::test]
async fn a_name_has_a_limit() {
    let fixture = Fixture::new();
    let name = "x".repeat(2000);
    let message_box = fixture.open();
    let refused = message_box
        .settle_transaction(&port("p"), &name, Vec::new(), START)
        .await;
    assert!(
        matches!(refused, Err(Error::TooLarge { size: 2000, .. })),
        "{refused:?}"
    );
}
