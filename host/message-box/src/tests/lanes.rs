//! Ordered delivery: one message of a lane at a time, in the order of acceptance, whatever happens to the
//! one before.

use super::*;
use crate::{MessageState, Selection};

/// What can be claimed now, by body.
async fn bodies(message_box: &MessageBox, now: Timestamp) -> Vec<String> {
    let claimed = claim_all(&primary(message_box, "p"), now).await;
    let mut bodies = Vec::new();
    for leased in &claimed {
        let body = leased.message.body.read_all().await.unwrap();
        bodies.push(String::from_utf8(body.to_vec()).unwrap());
    }
    let back = settlements(&claimed, &Verdict::Release { alone: false });
    message_box.settle(back, now).await.unwrap();
    bodies
}

/// Two lanes of three messages, and one message in none.
async fn two_lanes(message_box: &MessageBox) -> Vec<MessageId> {
    let lane = |lane, body: &str| in_lane(lane, body.to_owned());
    let messages = [
        lane("a", "a1"),
        lane("a", "a2"),
        lane("b", "b1"),
        message("free"),
        lane("b", "b2"),
        lane("a", "a3"),
    ];
    accept(message_box, "p", messages).await
}

/// Settles the first message of lane a.
async fn settle_head(message_box: &MessageBox, verdict: Verdict, now: Timestamp) {
    let claimed = claim_all(&primary(message_box, "p"), now).await;
    let (heads, others): (Vec<_>, Vec<_>) = claimed
        .into_iter()
        .partition(|leased| leased.message.lane.as_deref() == Some("a"));
    assert_eq!(heads.len(), 1);
    let mut batch = settlements(&heads, &verdict);
    batch.extend(settlements(&others, &Verdict::Release { alone: false }));
    message_box.settle(batch, now).await.unwrap();
}

#[tokio::test]
async fn b64_b71_one_of_each_lane_is_out_and_the_next_only_after_the_delete() {
    for fresh in [true, false] {
        let fixture = Fixture::new();
        let mut message_box = fixture.open();
        if fresh {
            // A feed that knows its port is handed new messages in memory.
            assert!(bodies(&message_box, START).await.is_empty());
        }
        two_lanes(&message_box).await;
        if !fresh {
            drop(message_box);
            message_box = fixture.open();
        }
        assert_eq!(bodies(&message_box, START).await, ["a1", "b1", "free"]);
        settle_head(&message_box, Verdict::Delete, at(1)).await;
        assert_eq!(bodies(&message_box, at(1)).await, ["b1", "free", "a2"]);
        settle_head(&message_box, Verdict::Delete, at(2)).await;
        settle_head(&message_box, Verdict::Delete, at(3)).await;
        assert_eq!(bodies(&message_box, at(3)).await, ["b1", "free"]);
        assert_audit(&message_box, 3, 0).await;
    }
}

#[tokio::test]
async fn b64_a_batch_never_holds_two_of_a_lane_and_the_next_waits_for_the_commit() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    accept(&message_box, "p", (0..20).map(|_| in_lane("a", "x"))).await;
    let feed = primary(&message_box, "p");
    let mut order = Vec::new();
    loop {
        let claimed = feed.claim(64, at(5), FOREVER).await.unwrap().messages;
        let [only] = &claimed[..] else { break };
        assert!(claim_all(&feed, at(5)).await.is_empty());
        order.push(only.message.id);
        let done = settlements(&claimed, &Verdict::Delete);
        message_box.settle(done, at(5)).await.unwrap();
    }
    assert_eq!(order.len(), 20);
    assert!(order.is_sorted());
}

#[tokio::test]
async fn b65_a_head_that_waits_for_a_retry_blocks_its_lane_and_no_other() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    two_lanes(&message_box).await;
    settle_head(&message_box, resubmit(at(500), 1), at(1)).await;
    assert_eq!(bodies(&message_box, at(499)).await, ["b1", "free"]);
    assert_eq!(bodies(&message_box, at(500)).await, ["b1", "free", "a1"]);
    assert_audit(&message_box, 6, 0).await;
}

#[tokio::test]
async fn b66_a_head_that_cannot_be_resumed_leaves_its_lane_and_the_next_proceeds() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = two_lanes(&message_box).await;
    settle_head(&message_box, suspend_for_good("no"), at(1)).await;
    assert_eq!(bodies(&message_box, at(1)).await, ["b1", "free", "a2"]);
    let failed = message_box.message(ids[0]).await.unwrap().unwrap();
    assert_eq!(failed.lane, None);
    let terminated = message_box.terminate(Selection::Ids(vec![ids[0]]), at(2));
    assert_eq!(terminated.await.unwrap().terminated, 1);
    assert_eq!(bodies(&message_box, at(2)).await, ["b1", "free", "a2"]);
    assert_audit(&message_box, 5, 0).await;
}

#[tokio::test]
async fn b67_a_suspended_head_stops_its_lane_until_it_is_resumed() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = two_lanes(&message_box).await;
    settle_head(&message_box, suspend("no"), at(1)).await;
    assert_eq!(bodies(&message_box, at(9)).await, ["b1", "free"]);
    // What comes later waits as well, also after a restart.
    drop(message_box);
    let message_box = fixture.open();
    accept(&message_box, "p", [in_lane("a", "a4")]).await;
    assert_eq!(bodies(&message_box, at(9)).await, ["b1", "free"]);

    let resumed = message_box.resume(Selection::Ids(vec![ids[0]]), at(10));
    assert_eq!(resumed.await.unwrap().resumed, 1);
    assert_eq!(bodies(&message_box, at(10)).await, ["b1", "free", "a1"]);
    settle_head(&message_box, Verdict::Delete, at(11)).await;
    assert_eq!(bodies(&message_box, at(11)).await, ["b1", "free", "a2"]);
}

#[tokio::test]
async fn b67_terminating_a_suspended_head_lets_its_lane_go_on() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = two_lanes(&message_box).await;
    let feed = primary(&message_box, "p");
    settle_head(&message_box, suspend("no"), at(1)).await;
    // Drains the bell of what was given back.
    feed.changed().await;
    let terminate = message_box.terminate(Selection::Ids(vec![ids[0]]), at(2));
    terminate.await.unwrap();
    feed.changed().await;
    assert_eq!(bodies(&message_box, at(2)).await, ["b1", "free", "a2"]);
    assert_audit(&message_box, 5, 0).await;
}

#[tokio::test]
async fn a_routed_head_lets_its_lane_go_on_also_when_it_joins_the_same_lane_again() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    two_lanes(&message_box).await;
    let again = model::Emission {
        port: port("p"),
        body: None,
        properties: Properties::default(),
        priority: Priority::default(),
        lane: Some("a".into()),
        expires: None,
    };
    settle_head(&message_box, Verdict::Route(Box::new(again)), at(1)).await;
    assert_eq!(bodies(&message_box, at(1)).await, ["b1", "free", "a2"]);
    settle_head(&message_box, Verdict::Delete, at(2)).await;
    settle_head(&message_box, Verdict::Delete, at(3)).await;
    assert_eq!(bodies(&message_box, at(3)).await, ["b1", "free", "a1"]);
}

#[tokio::test]
async fn an_emptied_lane_begins_again() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    for round in 0..3 {
        accept(&message_box, "p", [in_lane("a", "1"), in_lane("a", "2")]).await;
        settle_all(&message_box, "p", Verdict::Delete, at(round)).await;
        settle_all(&message_box, "p", Verdict::Delete, at(round)).await;
        assert_audit(&message_box, 0, 0).await;
    }
}

#[tokio::test]
async fn lanes_belong_to_a_port_and_long_names_do_not_run_together() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let long = "x".repeat(100_000);
    let other = format!("{long}y");
    for name in ["p", "q"] {
        let messages = [&long, &other, &long].map(|lane| in_lane(lane, "m"));
        accept(&message_box, name, messages).await;
    }
    for name in ["p", "q"] {
        let claimed = claim_all(&primary(&message_box, name), START).await;
        assert_eq!(claimed.len(), 2);
        assert_ne!(claimed[0].message.lane, claimed[1].message.lane);
    }
}

#[tokio::test]
async fn publications_of_one_commit_see_each_other() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let feed = primary(&message_box, "p");
    assert!(claim_all(&feed, START).await.is_empty());
    let publishes = (0..50).map(|_| {
        let message_box = message_box.clone();
        tokio::spawn(async move { accept(&message_box, "p", [in_lane("a", "x")]).await })
    });
    for publish in publishes.collect::<Vec<_>>() {
        publish.await.unwrap();
    }
    assert_eq!(claim_all(&feed, START).await.len(), 1);
    assert_audit(&message_box, 50, 0).await;
}

#[tokio::test]
async fn a_queued_message_says_so_and_counts_as_pending() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let ids = accept(&message_box, "p", [in_lane("a", "1"), in_lane("a", "2")]).await;
    let queued = message_box.message(ids[1]).await.unwrap().unwrap();
    assert_eq!(queued.state, MessageState::Queued);
    assert_eq!(queued.lane.as_deref(), Some("a"));
    assert_eq!(message_box.pending(&port("p")), 2);
    let counts = message_box.counts(at(1)).await.unwrap();
    assert_eq!((counts[0].pending, counts[0].scheduled), (2, 0));
}

#[tokio::test]
async fn a_hundred_thousand_lanes_have_a_head_each() {
    const LANES: usize = 100_000;
    const LONGER: usize = LANES / 10;
    let fixture = Fixture::new();
    let message_box = fixture.open();
    for (turn, lanes) in [("1", LANES), ("2", LONGER)] {
        for first in (0..lanes).step_by(1000) {
            let lanes = (first..first + 1000).map(|n| in_lane(&format!("lane-{n}"), turn));
            accept(&message_box, "p", lanes).await;
        }
    }
    assert_eq!(message_box.pending(&port("p")), (LANES + LONGER) as u64);
    let feed = primary(&message_box, "p");
    for (turn, expected, left) in [(1, LANES, LONGER), (2, LONGER, 0)] {
        let mut heads = 0;
        loop {
            let claimed = feed.claim(1000, at(turn), FOREVER).await.unwrap().messages;
            if claimed.is_empty() {
                break;
            }
            heads += claimed.len();
            // What follows is due in the next turn.
            let done = settlements(&claimed, &Verdict::Delete);
            message_box.settle(done, at(turn + 1)).await.unwrap();
        }
        assert_eq!(heads, expected, "turn {turn}");
        assert_eq!(message_box.pending(&port("p")), left as u64);
    }
    assert_audit(&message_box, 0, 0).await;
}
