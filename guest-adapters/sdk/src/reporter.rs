//! Reports outcomes to the host: those that are known together go together.
//!
//! One report is under way at a time. What becomes known meanwhile waits and goes with the next one,
//! so reports grow by themselves when the host is slow, and there is no timer. Nothing is reported
//! twice: the host carries out every outcome of a report that it can, whatever it says of the others.

use std::cell::{Cell, RefCell};

use wit_bindgen::yield_async;

use crate::flight::Airborne;
use crate::raw::transport_proxy::{self, BatchFailure, BatchFailureReason, set_error_info};
use crate::{ErrorInfo, Message, Outcome};

/// What is known and not reported yet, of one instance.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    known: RefCell<Vec<Known>>,
    reporting: Cell<bool>,
}

/// A message with its outcome; in flight until the report is done.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) message: Message,
    pub(crate) outcome: Outcome,
    pub(crate) airborne: Airborne<'static>,
}

/// Clears the mark of a report under way, also when its task is cancelled.
struct UnderWay<'a>(&'a Cell<bool>);

impl Reporter {
    /// Adds outcomes. True when nobody is reporting: then the caller must call [`Reporter::report`].
    #[must_use]
    pub(crate) fn add(&self, known: impl IntoIterator<Item = Known>) -> bool {
        self.known.borrow_mut().extend(known);
        !self.reporting.get()
    }

    /// Reports what is known, at most `most` outcomes at once, until nothing is left.
    pub(crate) async fn report(&self, most: usize) {
        if self.reporting.replace(true) {
            return;
        }
        let _under_way = UnderWay(&self.reporting);
        // Calls that have arrived already come first: their outcomes may go with this report.
        yield_async().await;
        while let Some(group) = self.next(most.max(1)) {
            settle(group).await;
        }
    }

    fn next(&self, most: usize) -> Option<Vec<Known>> {
        let mut known = self.known.borrow_mut();
        if known.len() <= most {
            return Some(std::mem::take(&mut *known)).filter(|group| !group.is_empty());
        }
        Some(known.drain(..most).collect())
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Reports a group with one transport batch.
async fn settle(group: Vec<Known>) {
    let batch = transport_proxy::get_batch();
    let mut airborne = Vec::with_capacity(group.len());
    for known in group {
        match known.outcome {
            Ok(()) => batch.delete_message(known.message),
            Err(failure) => batch.fail(known.message, &failure),
        }
        airborne.push(known.airborne);
    }
    // The batch is dropped after `done`: until then the host counts its messages as in flight.
    if let Err(failure) = batch.done().await
        && let Some(problem) = problem(&failure)
    {
        set_error_info(&problem);
    }
}

/// What an operator should hear of a report that was not carried out completely. A host that shuts down
/// delivers the messages again after its restart, which is nobody's problem.
fn problem(failure: &BatchFailure) -> Option<ErrorInfo> {
    if failure.reason == BatchFailureReason::ShuttingDown {
        return None;
    }
    let (refused, text) = (failure.culprits.len(), &failure.text);
    let text = format!("the host refused to record {refused} outcomes: {text}");
    Some(ErrorInfo::new("outcome-refused", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(reason: BatchFailureReason, culprits: Vec<u32>) -> BatchFailure {
        BatchFailure {
            reason,
            text: "2 messages are no longer yours".to_owned(),
            culprits,
        }
    }

    #[test]
    fn b38_only_the_culprits_are_complained_about() {
        let problem = problem(&failure(BatchFailureReason::NotYours, vec![1, 3])).unwrap();
        assert_eq!(problem.code.as_deref(), Some("outcome-refused"));
        assert_eq!(
            problem.text,
            "the host refused to record 2 outcomes: 2 messages are no longer yours"
        );
    }

    #[test]
    fn a_shutdown_is_no_problem() {
        assert!(problem(&failure(BatchFailureReason::ShuttingDown, vec![0])).is_none());
    }
}
