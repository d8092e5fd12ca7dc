//! The suspend queue: lists in pages, by filter, while it changes.

use super::*;
use crate::{Selection, SuspendedFilter, SuspendedMessage};

fn everything() -> SuspendedFilter {
    SuspendedFilter::default()
}

async fn list(message_box: &MessageBox, filter: &SuspendedFilter) -> Vec<MessageId> {
    let all = message_box.suspended(filter, None, usize::MAX).await;
    self::ids_of(&all.unwrap())
}

fn ids_of(messages: &[SuspendedMessage]) -> Vec<MessageId> {
    messages.iter().map(|message| message.id).collect()
}

fn failed(code: &str, resumable: bool) -> Verdict {
    Verdict::Suspend {
        attempts: 1,
        error: ErrorInfo::new(code, "text"),
        resumable,
    }
}

/// One message on the port, suspended at the time.
async fn suspended(message_box: &MessageBox, name: &str, how: Verdict, now: i64) -> MessageId {
    let id = publish(message_box, name, 1).await[0];
    settle_all(message_box, name, how, at(now)).await;
    id
}

#[tokio::test]
async fn each_part_of_a_filter_narrows_the_list() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let a = suspended(&message_box, "p", failed("x", true), 10).await;
    let b = suspended(&message_box, "q", failed("y", true), 20).await;
    let c = suspended(&message_box, "p", failed("y", false), 30).await;
    let of = |port: Option<&str>, code: Option<&str>, resumable| SuspendedFilter {
        port: port.map(self::port),
        code: code.map(str::to_owned),
        resumable,
        ..everything()
    };
    let between = |since, until| SuspendedFilter {
        since: Some(at(since)),
        until: Some(at(until)),
        ..everything()
    };
    let cases = [
        (everything(), vec![a, b, c]),
        (of(Some("p"), None, None), vec![a, c]),
        (of(Some("none"), None, None), vec![]),
        (of(None, Some("y"), None), vec![b, c]),
        (of(Some("p"), Some("y"), None), vec![c]),
        (of(None, None, Some(true)), vec![a, b]),
        (of(None, Some("y"), Some(false)), vec![c]),
        (between(10, 30), vec![a, b]),
        (between(11, 31), vec![b, c]),
        (between(21, 30), vec![]),
    ];
    for (filter, expected) in cases {
        assert_eq!(list(&message_box, &filter).await, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn an_entry_says_what_is_known() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let id = publish(&message_box, "p", 1).await[0];
    let claimed = claim_all(&primary(&message_box, "p"), START).await;
    let batch = vec![Settlement {
        adapter: Some("http 1.2.3".into()),
        ..settlement(&claimed[0], suspend_for_good("no"))
    }];
    message_box.settle(batch, at(3)).await.unwrap();
    let all = message_box.suspended(&everything(), None, 9).await.unwrap();
    let expected = SuspendedMessage {
        id,
        port: port("p"),
        accepted: START,
        suspended_at: at(3),
        transport: TransportSlot::Primary,
        attempts: 1,
        error: ErrorInfo::new("http-400", "no"),
        adapter: Some("http 1.2.3".to_owned()),
        resumable: false,
        edited: false,
        size: 6,
    };
    assert_eq!(all, [expected]);
}

#[tokio::test]
async fn pages_put_together_are_the_list_also_of_one_moment() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    for (name, now) in [("p", 9), ("q", 5), ("p", 5)] {
        publish(&message_box, name, 700).await;
        settle_all(&message_box, name, failed(name, true), at(now)).await;
    }
    let of_p = SuspendedFilter {
        port: Some(port("p")),
        ..everything()
    };
    let coded = SuspendedFilter {
        code: Some("p".to_owned()),
        ..everything()
    };
    for (filter, expected) in [(everything(), 2100), (of_p, 1400), (coded, 1400)] {
        let whole = list(&message_box, &filter).await;
        assert_eq!(whole.len(), expected);
        let mut pages = Vec::new();
        loop {
            let after = pages.last().copied();
            let page = message_box.suspended(&filter, after, 300).await.unwrap();
            pages.extend(ids_of(&page));
            if page.len() < 300 {
                break;
            }
        }
        assert_eq!(pages, whole, "{filter:?}");
    }
}

#[tokio::test]
async fn a_page_goes_on_after_a_message_that_is_gone() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let mut all = Vec::new();
    for now in 0..6 {
        all.push(suspended(&message_box, "p", failed("x", true), now).await);
    }
    let first = message_box.suspended(&everything(), None, 2).await.unwrap();
    let decided = Selection::Ids(ids_of(&first));
    message_box.terminate(decided, at(9)).await.unwrap();
    let second = message_box.suspended(&everything(), Some(all[1]), 2).await;
    let second = ids_of(&second.unwrap());
    assert_eq!(second, all[2..4]);
    // Resumed, and suspended again: it was seen, and is not where it was.
    message_box
        .resume(Selection::Ids(second), at(9))
        .await
        .unwrap();
    settle_all(&message_box, "p", failed("x", true), at(9)).await;
    let third = message_box.suspended(&everything(), Some(all[3]), 9).await;
    assert_eq!(ids_of(&third.unwrap()), [all[4], all[5], all[2], all[3]]);
}

#[tokio::test]
async fn a_list_that_cannot_go_on_says_so() {
    let fixture = Fixture::new();
    let message_box = fixture.open();
    let here = suspended(&message_box, "p", failed("x", true), 1).await;
    let pending = publish(&message_box, "p", 1).await[0];
    for stranger in [
        pending,
        MessageId::new(message_box.box_id() ^ 1, here.sequence()),
    ] {
        let lost = message_box
            .suspended(&everything(), Some(stranger), 9)
            .await;
        assert!(matches!(lost, Err(Error::CursorLost { id }) if id == stranger));
    }
    // One that ended no page, but is still suspended, is as good.
    let rest = message_box.suspended(&everything(), Some(here), 9).await;
    assert!(rest.unwrap().is_empty());
}
