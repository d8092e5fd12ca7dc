//! Outcome batches of which some messages were taken back, and those that the engine finds fault with.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::ErrorInfo;

use super::*;
use crate::context::tests::context;
use crate::ledger::tests::delivery;
use crate::message::LentMessage;
use crate::recording_sink::RecordingSink;

/// A context with a batch of so many deletions; those at these places are taken back before `done`.
fn batch_of(
    count: u64,
    taken_back: &[u64],
) -> (Context, Resource<TransportBatch>, Arc<RecordingSink>) {
    let sink = Arc::new(RecordingSink::default());
    let mut context = context(&sink);
    let batch = context.table.push(TransportBatch::default()).expect("room");
    let past = Instant::now();
    for n in 0..count {
        let delivery = Arc::new(delivery(n));
        let late = if taken_back.contains(&n) { 0 } else { 60 };
        let since = past + Duration::from_secs(late);
        let ticket = context.ledger().lend(delivery.clone(), since);
        let message = LentMessage { delivery, ticket };
        let message = context.table.push(message).expect("room");
        context
            .add(&batch, message, Outcome::Delivered)
            .expect("added");
    }
    context
        .ledger()
        .expire(past + Duration::from_secs(30), Duration::from_secs(10));
    context.ledger().take_resolved();
    (context, batch, sink)
}

fn failed(reason: BatchFailureReason, culprits: &[usize]) -> Result<(), BatchFailure> {
    Err(BatchFailure {
        reason,
        text: "what the engine says".to_owned(),
        culprits: culprits.to_vec(),
    })
}

/// What came of a batch.
struct Done {
    /// The messages that went to the engine.
    submitted: Vec<u64>,
    /// What the guest is told.
    result: Result<(), wit::BatchFailure>,
    context: Context,
    sink: Arc<RecordingSink>,
}

impl Done {
    /// Of a batch of `count`, when the engine answers this.
    fn of(count: u64, taken_back: &[u64], answer: Result<(), BatchFailure>) -> Self {
        let (mut context, batch, sink) = batch_of(count, taken_back);
        let (submitted, result) = match context.begin_done(&batch).expect("a batch") {
            Ok((submission, outcomes)) => {
                assert_eq!(context.ledger().undecided(), outcomes.len());
                let result = context.end_done(&batch, &submission, answer);
                let ids = outcomes.iter().map(|(id, _)| id.sequence()).collect();
                (ids, result.expect("a batch"))
            }
            Err(failure) => (Vec::new(), Err(failure)),
        };
        Self {
            submitted,
            result,
            context,
            sink,
        }
    }

    fn failure(&self) -> (wit::BatchFailureReason, &[u32]) {
        let failure = self.result.as_ref().expect_err("a failure");
        (failure.reason, &failure.culprits)
    }

    /// Messages undecided, and in flight.
    fn left(&mut self) -> (usize, usize) {
        let ledger = self.context.ledger();
        (ledger.undecided(), ledger.in_flight())
    }
}

#[test]
fn b48_an_empty_batch_is_told_so() {
    let done = Done::of(0, &[], Ok(()));
    assert_eq!(done.failure(), (wit::BatchFailureReason::Empty, &[][..]));
}

#[test]
fn a_batch_that_is_carried_out_is_in_flight_until_it_is_dropped() {
    let mut done = Done::of(3, &[], Ok(()));
    assert!(done.result.is_ok());
    assert_eq!((done.submitted.len(), done.left()), (3, (0, 3)));
}

#[test]
fn what_was_taken_back_is_named_and_the_rest_is_settled() {
    let mut done = Done::of(4, &[0, 2], Ok(()));
    assert_eq!(done.submitted, [1, 3]);
    let expected = (wit::BatchFailureReason::NotYours, &[0, 2][..]);
    assert_eq!(done.failure(), expected);
    assert_eq!(done.left(), (0, 2));
}

#[test]
fn a_batch_of_which_nothing_is_left_never_reaches_the_engine() {
    let mut done = Done::of(2, &[0, 1], failed(BatchFailureReason::Storage, &[]));
    assert_eq!(done.submitted, [0; 0]);
    let expected = (wit::BatchFailureReason::NotYours, &[0, 1][..]);
    assert_eq!(done.failure(), expected);
    assert_eq!(done.left(), (0, 0));
}

#[test]
fn b37_b38_the_engines_culprits_are_named_by_the_guests_numbers() {
    let answer = failed(BatchFailureReason::NoNextTransport, &[0, 2]);
    let mut done = Done::of(5, &[1, 4], answer);
    assert_eq!(done.submitted, [0, 2, 3]);
    let expected = (wit::BatchFailureReason::NoNextTransport, &[0, 1, 3, 4][..]);
    assert_eq!(done.failure(), expected);
    let text = &done.result.as_ref().expect_err("a failure").text;
    for words in ["what the engine says", "taken 2 of the batch's messages"] {
        assert!(text.contains(words), "{text}");
    }
    assert_eq!(done.left(), (0, 3), "nothing is handed back");
}

#[test]
fn b99_nothing_of_a_batch_is_carried_out_while_the_host_shuts_down() {
    let mut done = Done::of(3, &[1], failed(BatchFailureReason::ShuttingDown, &[]));
    let expected = (wit::BatchFailureReason::ShuttingDown, &[][..]);
    assert_eq!(done.failure(), expected);
    assert_eq!(done.left(), (0, 0));
    assert_eq!(done.sink.take(), [], "nobody says what becomes of them,");
    assert_eq!(done.context.ledger().abandon(), [], "not even the end");
}

#[test]
fn what_the_box_could_not_commit_comes_back() {
    let done = Done::of(2, &[], failed(BatchFailureReason::Storage, &[]));
    let expected = (wit::BatchFailureReason::ShuttingDown, &[][..]);
    assert_eq!(done.failure(), expected);
    let returned = |n| (MessageId::new(1, n), Outcome::Returned);
    assert_eq!(done.sink.take(), [returned(0), returned(1)]);
}

#[test]
fn the_outcomes_are_the_guests() {
    let (mut context, batch, _sink) = batch_of(1, &[]);
    let why = ErrorInfo::new("x", "look at it");
    context.table.get_mut(&batch).expect("a batch").operations[0].outcome =
        Outcome::Suspend(why.clone());
    let begun = context.begin_done(&batch).expect("a batch");
    let (_, outcomes) = begun.expect("one operation");
    assert_eq!(outcomes, [(MessageId::new(1, 0), Outcome::Suspend(why))]);
}
