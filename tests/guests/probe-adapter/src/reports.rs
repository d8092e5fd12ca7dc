//! Behaviours that report through transport batches.
//!
//! What the host answers to a batch that it does not carry out completely becomes an error that belongs
//! to no message: the reason, the operations that made it fail, and the host's words.

use wit_bindgen::spawn_local;

use crate::bindings::sendport::adapter::transport_proxy::{
    BatchFailure, BatchFailureReason, TransportBatch, get_batch, set_error_info,
};
use crate::bindings::sendport::adapter::types::{Disposition, Failure, Message};
use crate::probe::{COLLECTED, error, number, permanent, retryable};

/// Answers pending and reports in a task of its own, unless the behaviour says otherwise.
pub(crate) async fn act(probe: &str, msg: Message) -> Result<Disposition, Failure> {
    match probe {
        "pending-delete" => spawn_local(delete(vec![msg])),
        // Delivered the second time, which the carried property tells from the first.
        "resubmit" if msg.property("seen").is_some() => return Ok(Disposition::Transmitted),
        "resubmit" | "suspend" | "next-transport" | "fail" => {
            let operation = probe.to_owned();
            spawn_local(async move {
                let batch = get_batch();
                decide(&batch, &operation, msg);
                report(&batch).await;
            });
        }
        "batch-of" => {
            let count = number(&msg, "count");
            if let Some(all) = collect(msg, count) {
                spawn_local(decide_all(all));
            }
        }
        "two-batches" => {
            if let Some(both) = collect(msg, 2) {
                spawn_local(two_batches(both));
            }
        }
        "empty-done" => return empty_done().await,
        _ => spawn_local(double(msg)),
    }
    Ok(Disposition::Pending)
}

/// One batch that says all of them were sent.
pub(crate) async fn delete(messages: Vec<Message>) {
    if messages.is_empty() {
        return;
    }
    let batch = get_batch();
    for message in messages {
        batch.delete_message(message);
    }
    report(&batch).await;
}

/// One batch that says of each message what its property `outcome` says; sent, when it has none.
async fn decide_all(messages: Vec<Message>) {
    let batch = get_batch();
    for message in messages {
        match message.property("outcome") {
            Some(operation) => decide(&batch, &operation, message),
            None => batch.delete_message(message),
        }
    }
    report(&batch).await;
}

/// Adds the operation of that name. `resubmit` takes the property `not-before`, in milliseconds since
/// 1970, and carries `seen=yes` and what the property `carry` says: `name=value,name=value`.
fn decide(batch: &TransportBatch, operation: &str, msg: Message) {
    match operation {
        "resubmit" => {
            let not_before = msg
                .property("not-before")
                .map(|_| number(&msg, "not-before"));
            let carry = carried(&msg);
            batch.resubmit(msg, not_before, &carry);
        }
        "suspend" => batch.move_to_suspend_queue(msg, &error("the probe was told to suspend")),
        "next-transport" => {
            batch.move_to_next_transport(msg, &error("the probe was told to give up"))
        }
        _ => batch.fail(msg, &retryable(None)),
    }
}

fn carried(msg: &Message) -> Vec<(String, String)> {
    let more = msg.property("carry").unwrap_or_default();
    let more = more.split(',').filter_map(|pair| pair.split_once('='));
    std::iter::once(("seen", "yes"))
        .chain(more)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Two batches open at once, the messages not in the order they came: how an adapter groups its
/// outcomes is its own business.
async fn two_batches(mut both: Vec<Message>) {
    let (first, second) = (get_batch(), get_batch());
    while let Some(message) = both.pop() {
        let batch = if both.is_empty() { &second } else { &first };
        batch.delete_message(message);
    }
    for batch in [second, first] {
        report(&batch).await;
    }
}

/// A batch without an operation. The text of its failure becomes the message's own.
async fn empty_done() -> Result<Disposition, Failure> {
    match get_batch().done().await {
        Ok(()) => Err(permanent("an empty batch was accepted")),
        Err(failure) => Err(permanent(&format!(
            "{:?}: {}",
            failure.reason, failure.text
        ))),
    }
}

/// Names one message in two operations, which takes a forged handle.
async fn double(msg: Message) {
    let batch = get_batch();
    #[expect(unsafe_code, reason = "the test is what the host does about it")]
    // SAFETY: not sound as Rust sees it; a handle is only a number to the host, which checks it.
    let forged = unsafe { Message::from_handle(msg.handle()) };
    batch.delete_message(msg);
    batch.delete_message(forged);
    report(&batch).await;
}

/// Carries a batch out. A failure is told to the operator as `no-next-transport [1,4]: …`.
async fn report(batch: &TransportBatch) {
    if let Err(failure) = batch.done().await {
        set_error_info(&error(&told(&failure)));
    }
}

fn told(failure: &BatchFailure) -> String {
    let reason = match failure.reason {
        BatchFailureReason::Empty => "empty",
        BatchFailureReason::NotYours => "not-yours",
        BatchFailureReason::NoNextTransport => "no-next-transport",
        BatchFailureReason::ShuttingDown => "shutting-down",
    };
    let culprits: Vec<_> = failure.culprits.iter().map(u32::to_string).collect();
    format!("{reason} [{}]: {}", culprits.join(","), failure.text)
}

fn collect(msg: Message, enough: u64) -> Option<Vec<Message>> {
    COLLECTED.with_borrow_mut(|collected| {
        collected.push(msg);
        (collected.len() as u64 >= enough).then(|| std::mem::take(collected))
    })
}
