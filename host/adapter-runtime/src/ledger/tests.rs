//! What decides about a lent message, and that nothing decides twice.

use std::sync::Arc;

use bytes::Bytes;
use model::{
    Body, EndpointConfiguration, Message, PortName, Priority, Properties, Timestamp, TransportSlot,
};

use super::*;

/// The delivery of a message, for this room's tests.
pub(crate) fn delivery(sequence: u64) -> Delivery {
    let message = Message {
        id: MessageId::new(1, sequence),
        port: PortName::new("port").expect("a name"),
        accepted: Timestamp(0),
        priority: Priority::default(),
        transport: TransportSlot::Primary,
        attempts: 0,
        earlier_attempts: 0,
        expires: None,
        lane: None,
        properties: Properties::default(),
        body: Body::Inline(Bytes::new()),
    };
    Delivery {
        message: Arc::new(message),
        address: Arc::from("null://"),
        configuration: Arc::new(EndpointConfiguration::default()),
        retries_left: 0,
        max_response: None,
        alone: false,
    }
}

fn lent() -> (Ledger, Ticket) {
    let mut ledger = Ledger::default();
    let ticket = ledger.lend(Arc::new(delivery(1)), Instant::now());
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

fn response(text: &'static str) -> Response {
    Response {
        properties: Properties::default(),
        body: Bytes::from(text),
    }
}

const LATER: Duration = Duration::from_secs(9);

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
    assert_eq!(
        ledger.settling(ticket, Outcome::Delivered),
        Outcome::Delivered
    );
    ledger.answered(ticket, Answer::Failed(broken()));
    ledger.dropped(ticket);
    assert_eq!(ledger.expire(Instant::now() + LATER, Duration::ZERO), 0);
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
fn what_was_taken_back_cannot_be_decided() {
    let (mut ledger, ticket) = lent();
    ledger.answered(ticket, Answer::Pending);
    assert_eq!(ledger.expire(Instant::now() + LATER, LATER / 2), 1);
    assert_eq!(outcomes(&mut ledger).len(), 1);
    assert!(!ledger.holds(ticket) && !ledger.dropped(ticket));
    ledger.answered(ticket, Answer::Transmitted);
    assert_eq!(outcomes(&mut ledger), []);
    let refused = ledger.respond(ticket, response("late"));
    let code = refused.err().and_then(|error| error.code);
    assert_eq!(code.as_deref(), Some("taken-back"));
}

#[test]
fn the_end_of_an_instance_leaves_commits_to_themselves() {
    let (mut ledger, settling) = lent();
    ledger.batched(settling);
    ledger.settling(settling, Outcome::Delivered);
    ledger.lend(Arc::new(delivery(2)), Instant::now());
    assert_eq!(ledger.abandon(), [MessageId::new(1, 2)]);
    assert_eq!(ledger.undecided(), 0);
}

#[test]
fn what_was_not_carried_out_leaves_without_an_outcome() {
    let (mut ledger, ticket) = lent();
    ledger.batched(ticket);
    ledger.settling(ticket, Outcome::Delivered);
    ledger.released(ticket);
    assert_eq!((ledger.undecided(), ledger.in_flight()), (0, 0));
    assert_eq!(outcomes(&mut ledger), []);
}

#[test]
fn a_response_counts_with_the_delivery_however_that_comes_about() {
    let (mut ledger, ticket) = lent();
    ledger.respond(ticket, response("first")).expect("held");
    ledger.respond(ticket, response("second")).expect("held");
    ledger.answered(ticket, Answer::Transmitted);
    assert_eq!(
        outcomes(&mut ledger),
        [Outcome::Answered(response("second"))]
    );

    let (mut ledger, ticket) = lent();
    ledger.respond(ticket, response("yes")).expect("held");
    ledger.answered(ticket, Answer::Pending);
    ledger.batched(ticket);
    assert_eq!(
        ledger.settling(ticket, Outcome::Delivered),
        Outcome::Answered(response("yes"))
    );
}

#[test]
fn a_response_is_forgotten_with_any_other_outcome() {
    let (mut ledger, ticket) = lent();
    ledger.respond(ticket, response("no")).expect("held");
    ledger.answered(ticket, Answer::Failed(broken()));
    assert_eq!(outcomes(&mut ledger), [Outcome::Failed(broken())]);

    let suspend = Outcome::Suspend(ErrorInfo::new("x", "a person should look"));
    let (mut ledger, ticket) = lent();
    ledger.respond(ticket, response("no")).expect("held");
    ledger.batched(ticket);
    assert_eq!(ledger.settling(ticket, suspend.clone()), suspend);
}

#[test]
fn a_transaction_is_settled_whole_or_not_at_all() {
    let mut ledger = Ledger::default();
    let tickets: Vec<Ticket> = (1..=2)
        .map(|n| ledger.lend(Arc::new(delivery(n)), Instant::now()))
        .collect();
    let ids = [MessageId::new(1, 1), MessageId::new(1, 2)];
    assert_eq!(ledger.settling_all(&tickets).as_deref(), Some(&ids[..]));
    assert_eq!(ledger.expire(Instant::now() + LATER, Duration::ZERO), 0);

    let late = ledger.lend(Arc::new(delivery(3)), Instant::now());
    ledger.expire(Instant::now() + LATER, Duration::ZERO);
    let other = ledger.lend(Arc::new(delivery(4)), Instant::now());
    assert_eq!(ledger.settling_all(&[other, late]), None);
    assert_eq!(
        ledger.expire(Instant::now() + LATER, Duration::ZERO),
        1,
        "nothing is being committed: the other one can still expire"
    );
}

#[test]
fn b107_alone_a_message_is_the_culprit_and_among_others_a_suspect() {
    let error = ErrorInfo::new("trap", "unreachable");
    let ids = [MessageId::new(1, 1), MessageId::new(1, 2)];
    assert_eq!(
        blame(&ids[..1], &error),
        [(ids[0], Outcome::Failed(Failure::retryable(error.clone())))]
    );
    assert_eq!(
        blame(&ids, &error),
        ids.map(|id| (id, Outcome::Suspect(error.clone())))
    );
    assert_eq!(blame(&[], &error), []);
}

#[test]
fn handles_of_decided_messages_are_counted_until_they_are_dropped() {
    let mut ledger = Ledger::default();
    let large = |n| {
        let mut delivery = delivery(n);
        let message = Arc::get_mut(&mut delivery.message).expect("nobody else has it");
        message.body = Body::Inline(Bytes::from(vec![0; 1024 * 1024]));
        Arc::new(delivery)
    };
    // Dropped before the answer, as most are; put into a batch; kept.
    let mut kept = Vec::new();
    for n in 0..48 {
        let ticket = ledger.lend(large(n), Instant::now());
        match n % 3 {
            0 => assert!(!ledger.dropped(ticket)),
            1 => ledger.batched(ticket),
            _ => kept.push(ticket),
        }
        ledger.answered(ticket, Answer::Transmitted);
    }
    assert!(ledger.is_hoarding(), "16 MiB and 16 heads");
    assert!(!ledger.dropped(kept[0]));
    assert!(!ledger.is_hoarding());
    ledger.batched(kept[1]);
    for n in 0..3 {
        let ticket = ledger.lend(large(n), Instant::now());
        ledger.expire(Instant::now() + LATER, Duration::ZERO);
        kept.push(ticket);
    }
    assert!(ledger.is_hoarding(), "what was taken back counts as well");
}

mod bill {
    use super::*;
    use crate::bill::Usage;

    const MS: Duration = Duration::from_millis(1);

    fn cpu(time: Duration) -> Usage {
        Usage {
            cpu: time,
            ..Usage::default()
        }
    }

    fn lend(ledger: &mut Ledger, n: u64) -> Ticket {
        ledger.lend(Arc::new(delivery(n)), Instant::now())
    }

    /// What a message has cost, when it ends now.
    fn charge(ledger: &mut Ledger, ticket: Ticket) -> Duration {
        ledger.answered(ticket, Answer::Transmitted);
        ledger.last_charge().usage.cpu
    }

    #[test]
    fn a_message_that_is_alone_pays_for_everything() {
        let mut ledger = Ledger::default();
        ledger.charge(cpu(5 * MS), 1);
        let ticket = lend(&mut ledger, 1);
        ledger.charge(cpu(7 * MS), 1);
        ledger.focus(ticket);
        ledger.charge(cpu(10 * MS), 1);
        ledger.unfocus();
        ledger.charge(cpu(11 * MS), 1);
        assert_eq!(ledger.largest_cpu(), 6 * MS);
        assert_eq!(charge(&mut ledger, ticket), 6 * MS, "not for the start");
        assert_eq!(ledger.last_charge().memory, 1);
        assert_eq!(ledger.deliveries().0, 1);
    }

    #[test]
    fn what_is_done_for_one_message_is_charged_to_it_alone() {
        let mut ledger = Ledger::default();
        let (one, two) = (lend(&mut ledger, 1), lend(&mut ledger, 2));
        ledger.focus(one);
        ledger.charge(cpu(3 * MS), 0);
        ledger.focus(two);
        ledger.charge(cpu(10 * MS), 0);
        assert_eq!(ledger.largest_cpu(), 7 * MS);
        assert_eq!(charge(&mut ledger, one), 3 * MS);
        assert_eq!(charge(&mut ledger, two), 7 * MS);
    }

    /// One that waits for long is not charged for the many that come and go meanwhile.
    #[test]
    fn what_cannot_be_told_apart_is_shared_by_all_that_were_there_since() {
        let mut ledger = Ledger::default();
        let waiting = lend(&mut ledger, 1);
        for n in 1..=9 {
            let ticket = lend(&mut ledger, 1 + n);
            ledger.charge(cpu(10 * MS * u32::try_from(n).expect("few")), 0);
            assert_eq!(charge(&mut ledger, ticket), 5 * MS, "two were there");
        }
        assert_eq!(charge(&mut ledger, waiting), 9 * MS, "90 ms for ten");
    }

    #[test]
    fn a_clock_that_is_set_back_charges_nobody_twice() {
        let mut ledger = Ledger::default();
        let ticket = lend(&mut ledger, 1);
        ledger.charge(cpu(10 * MS), 0);
        ledger.charge(cpu(8 * MS), 0);
        ledger.charge(cpu(11 * MS), 0);
        assert_eq!(charge(&mut ledger, ticket), 11 * MS);
    }

    #[test]
    fn every_way_out_of_the_ledger_ends_a_delivery() {
        let mut ledger = Ledger::default();
        let tickets: Vec<_> = (0..5).map(|n| lend(&mut ledger, n)).collect();
        ledger.answered(tickets[0], Answer::Transmitted);
        ledger.settled(tickets[1]);
        ledger.released(tickets[2]);
        ledger.returned(tickets[3]);
        ledger.moved(tickets[4], Usage::bytes(3, 4));
        assert_eq!(ledger.abandon().len(), 1);
        assert_eq!(ledger.deliveries().0, 5);
        assert_eq!(ledger.last_charge().usage, Usage::bytes(3, 4));
    }
}
