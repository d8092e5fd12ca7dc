//! Behaviours that report through transport batches.

use wit_bindgen::spawn_local;

use crate::bindings::sendport::adapter::transport_proxy::{self, LogLevel, get_batch};
use crate::bindings::sendport::adapter::types::{Disposition, Failure, Message};
use crate::probe::{COLLECTED, KEPT, error, number, permanent, retryable};

/// Answers pending and reports in a task of its own, unless the behaviour says otherwise.
pub(crate) async fn act(probe: &str, msg: Message) -> Result<Disposition, Failure> {
    match probe {
        "pending-delete" => spawn_local(delete(vec![msg])),
        // Delivered the second time, which the carried property tells from the first.
        "resubmit" if msg.property("seen").is_some() => return Ok(Disposition::Transmitted),
        "resubmit" | "suspend" | "next-transport" | "fail" => {
            spawn_local(decide(probe.to_owned(), msg))
        }
        "batch-of" => {
            let count = number(&msg, "count");
            if let Some(all) = collect(msg, count) {
                spawn_local(delete(all));
            }
        }
        "two-batches" => {
            if let Some(both) = collect(msg, 2) {
                spawn_local(two_batches(both));
            }
        }
        "empty-done" => return empty_done().await,
        "report-kept" => return report_kept(msg).await,
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
    if let Err(failure) = batch.done().await {
        complain(&failure.text);
    }
}

/// One batch with the operation of that name. `resubmit` takes the property `not-before`, in
/// milliseconds since 1970.
async fn decide(operation: String, msg: Message) {
    let batch = get_batch();
    match operation.as_str() {
        "resubmit" => {
            let not_before = msg
                .property("not-before")
                .map(|_| number(&msg, "not-before"));
            batch.resubmit(msg, not_before, &[("seen".to_owned(), "yes".to_owned())]);
        }
        "suspend" => batch.move_to_suspend_queue(msg, &error("the probe was told to suspend")),
        "next-transport" => {
            batch.move_to_next_transport(msg, &error("the probe was told to give up"))
        }
        _ => batch.fail(msg, &retryable(None)),
    }
    if let Err(failure) = batch.done().await {
        complain(&failure.text);
    }
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
        if let Err(failure) = batch.done().await {
            complain(&failure.text);
        }
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

/// One batch over this message and all that `never` has kept, which the host may have taken back.
/// Says what became of it in a failure of this message, which a failed batch hands back.
async fn report_kept(msg: Message) -> Result<Disposition, Failure> {
    let batch = get_batch();
    for message in KEPT.take() {
        batch.delete_message(message);
    }
    batch.delete_message(msg);
    match batch.done().await {
        Ok(()) => Ok(Disposition::Pending),
        Err(failure) => {
            let operations = failure.operations.iter().map(|operation| {
                match (&operation.msg, operation.culprit) {
                    (Some(_), true) => "culprit",
                    (Some(_), false) => "innocent",
                    (None, true) => "culprit-gone",
                    (None, false) => "gone",
                }
            });
            let operations: Vec<_> = operations.collect();
            let reason = format!(
                "{:?} [{}]: {}",
                failure.reason,
                operations.join(","),
                failure.text
            );
            Err(permanent(&reason))
        }
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
    if let Err(failure) = batch.done().await {
        complain(&failure.text);
    }
}

fn collect(msg: Message, enough: u64) -> Option<Vec<Message>> {
    COLLECTED.with_borrow_mut(|collected| {
        collected.push(msg);
        (collected.len() as u64 >= enough).then(|| std::mem::take(collected))
    })
}

fn complain(text: &str) {
    transport_proxy::log(LogLevel::Error, text);
}
