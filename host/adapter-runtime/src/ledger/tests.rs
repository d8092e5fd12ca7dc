//! What decides about a lent message, and that nothing decides twice.

use std::sync::Arc;

use bytes::Bytes;
use model::{Body, EndpointConfiguration, Message, PortName, Priority, Properties, Timestamp};

use super::*;

fn delivery() -> Arc<Delivery> {
    let message = Message {
        id: MessageId::new(1, 1),
        port: PortName::new("port").expect("a name"),
        accepted: Timestamp(0),
        priority: Priority::default(),
        attempts: 0,
        properties: Properties::default(),
        body: Body::Inline(Bytes::new()),
    };
    Arc::new(Delivery {
        message: Arc::new(message),
        address: Arc::from("null://"),
        configuration: Arc::new(EndpointConfiguration::default()),
        retries_left: 0,
        alone: false,
    })
}

fn lent() -> (Ledger, Ticket) {
    let mut ledger = Ledger::default();
    let ticket = ledger.lend(delivery(), Instant::now());
    (ledger, ticket)
}

fn outcomes(ledger: &mut Ledger) -> Vec<Outcome> {
    ledger
        .take_resolved()
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect()
}

fn broken() -> Failure {
    Failure::retryable(ErrorInfo::new("x", "broken"))
}

#[test]
fn the_answer_of_a_call_decides() {
    let (mut ledger, ticket) = lent();
    ledger.answered(ticket, Answer::Transmitted);
    assert_eq!(outcomes(&mut ledger), [Outcome::Delivered]);
    let (mut ledger, ticket) = lent();
    ledger.answered(ticket, Answer::Failed(broken()));
    assert_eq!(outcomes(&mut ledger), [Outcome::Failed(broken())]);
}

#[test]
fn a_drop_inside_the_call_waits_for_its_answer() {
    let (mut ledger, ticket) = lent();
    assert!(!ledger.dropped(ticket));
    ledger.answered(ticket, Answer::Transmitted);
    assert_eq!(outcomes(&mut ledger), [Outcome::Delivered]);
    let (mut ledger, ticket) = lent();
    ledger.dropped(ticket);
    ledger.answered(ticket, Answer::Pending);
    assert_eq!(outcomes(&mut ledger), [forgotten()]);
}

#[test]
fn a_drop_of_a_pending_message_is_a_failed_attempt_at_once() {
    let (mut ledger, ticket) = lent();
    ledger.answered(ticket, Answer::Pending);
    assert!(ledger.dropped(ticket));
    assert_eq!(outcomes(&mut ledger), [forgotten()]);
}

#[test]
fn a_commit_under_way_is_the_only_thing_that_decides() {
    let (mut ledger, ticket) = lent();
    ledger.batched(ticket);
    ledger.settling(ticket);
    ledger.answered(ticket, Answer::Failed(broken()));
    ledger.dropped(ticket);
    assert_eq!(
        ledger.expire(Instant::now() + Duration::from_secs(9), Duration::ZERO),
        0
    );
    assert_eq!(outcomes(&mut ledger), []);
    ledger.settled(ticket);
    assert_eq!(
        (ledger.undecided(), ledger.in_flight()),
        (0, 1),
        "until the batch is dropped"
    );
    ledger.acknowledged(1);
    assert_eq!(ledger.in_flight(), 0);
}

#[test]
fn what_was_taken_back_cannot_be_decided_or_handed_back() {
    let (mut ledger, ticket) = lent();
    ledger.answered(ticket, Answer::Pending);
    assert_eq!(
        ledger.expire(
            Instant::now() + Duration::from_secs(2),
            Duration::from_secs(1)
        ),
        1
    );
    assert_eq!(outcomes(&mut ledger).len(), 1);
    assert!(!ledger.holds(ticket) && !ledger.handed_back(ticket) && !ledger.dropped(ticket));
    ledger.answered(ticket, Answer::Transmitted);
    assert_eq!(outcomes(&mut ledger), []);
}

#[test]
fn the_end_of_an_instance_leaves_commits_to_themselves() {
    let (mut ledger, settling) = lent();
    ledger.batched(settling);
    ledger.settling(settling);
    ledger.lend(delivery(), Instant::now());
    assert_eq!(ledger.abandon().len(), 1);
    assert_eq!(ledger.undecided(), 0);
}
