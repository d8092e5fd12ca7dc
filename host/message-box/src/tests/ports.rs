//! What is known of a port beside its messages: how many are pending, and what an operator said.

use model::Enlistment;

use super::*;
use crate::Selection;

#[tokio::test]
async fn pending_follows_every_commit_and_is_there_after_a_restart() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let name = port("p");
    assert_eq!(message_box.pending(&name), 0);
    let ids = publish(&message_box, "p", 4).await;
    assert_eq!(message_box.pending(&name), 4);
    let claimed = claim_all(&primary(&message_box, "p"), START).await;
    assert_eq!(message_box.pending(&name), 4);
    let batch = vec![
        settlement(&claimed[0], Verdict::Delete),
        settlement(&claimed[1], suspend("no")),
        settlement(&claimed[2], suspend("no")),
        settlement(&claimed[3], resubmit(at(50), 1)),
    ];
    message_box.settle(batch, at(1)).await.unwrap();
    assert_eq!(message_box.pending(&name), 1);
    let resume = message_box.resume(Selection::Ids(vec![ids[1]]), at(2));
    resume.await.unwrap();
    assert_eq!(message_box.pending(&name), 2);
    let terminate = message_box.terminate(Selection::Ids(vec![ids[2]]), at(2));
    terminate.await.unwrap();
    assert_eq!(message_box.pending(&name), 2);
    drop(message_box);
    let message_box = fixture.open();
    assert_eq!(message_box.pending(&name), 2);
    assert_audit(&message_box, 2, 0).await;
}

#[tokio::test]
async fn a_ports_state_is_kept_over_restarts_and_changes_nothing_here() {
    let fixture = Fixture::new();
    let first = fixture.open();
    publish(&first, "a", 1).await;
    for (name, state) in [("b", Enlistment::Stopped), ("a", Enlistment::Unenlisted)] {
        first.set_enlistment(&port(name), state).await.unwrap();
    }
    publish(&first, "c", 1).await;
    drop(first);
    let second = fixture.open();
    let expected = [
        (port("a"), Enlistment::Unenlisted),
        (port("b"), Enlistment::Stopped),
        (port("c"), Enlistment::Started),
    ];
    assert_eq!(second.enlistments().await.unwrap(), expected);
    assert_eq!(claim_all(&primary(&second, "a"), START).await.len(), 1);
    second
        .set_enlistment(&port("a"), Enlistment::Started)
        .await
        .unwrap();
    assert_eq!(
        second.enlistments().await.unwrap()[0].1,
        Enlistment::Started
    );
}
