//! Reports outcomes to the host: those that are known together go together.
//!
//! One report is under way at a time. What becomes known meanwhile waits and goes with the next one,
//! so reports grow by themselves when the host is slow, and there is no timer.

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

/// Reports a group; when the host refuses it, once more without the culprits.
async fn settle(group: Vec<Known>) {
    let (mut operations, mut airborne) = (Vec::new(), Vec::new());
    for known in group {
        operations.push((known.message, known.outcome));
        airborne.push(known.airborne);
    }
    let Err((failure, outcomes)) = report_once(operations).await else {
        return;
    };
    if failure.reason == BatchFailureReason::ShuttingDown {
        // The host delivers the messages again after its restart: letting go of them is all there is.
        return;
    }
    let operations = failure
        .operations
        .into_iter()
        .map(|operation| (operation.msg, operation.culprit));
    let (innocent, culprits) = separate(operations, outcomes);
    if culprits > 0 {
        refused(culprits, &failure.text);
    }
    let again = innocent.len();
    if again > 0
        && let Err((failure, _)) = report_once(innocent).await
        && failure.reason != BatchFailureReason::ShuttingDown
    {
        refused(again, &failure.text);
    }
}

/// One transport batch. The outcomes come back with the failure, since only the messages went away.
async fn report_once(
    operations: Vec<(Message, Outcome)>,
) -> Result<(), (BatchFailure, Vec<Outcome>)> {
    let batch = transport_proxy::get_batch();
    let mut outcomes = Vec::with_capacity(operations.len());
    for (message, outcome) in operations {
        match &outcome {
            Ok(()) => batch.delete_message(message),
            Err(failure) => batch.fail(message, failure),
        }
        outcomes.push(outcome);
    }
    // The batch is dropped after `done`: until then the host counts its messages as in flight.
    batch.done().await.map_err(|failure| (failure, outcomes))
}

/// Who may go into another report, and how many may not.
fn separate<M>(
    operations: impl Iterator<Item = (Option<M>, bool)>,
    outcomes: Vec<Outcome>,
) -> (Vec<(M, Outcome)>, usize) {
    let all = outcomes.len();
    let innocent: Vec<_> = operations
        .zip(outcomes)
        .filter_map(|((message, culprit), outcome)| Some((message.filter(|_| !culprit)?, outcome)))
        .collect();
    let culprits = all - innocent.len();
    (innocent, culprits)
}

fn refused(count: usize, text: &str) {
    let text = format!("the host refused to record {count} outcomes: {text}");
    set_error_info(&ErrorInfo::new("outcome-refused", text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Failure;

    #[test]
    fn b38_only_the_innocent_are_reported_again() {
        let outcomes = vec![Ok(()), Ok(()), Err(Failure::permanent("no")), Ok(())];
        let operations = [
            (Some('a'), false),
            (Some('b'), true),
            (Some('c'), false),
            (None, false),
        ];
        let (innocent, culprits) = separate(operations.into_iter(), outcomes);
        assert_eq!(culprits, 2);
        let letters: Vec<_> = innocent
            .iter()
            .map(|(letter, outcome)| (*letter, outcome.is_ok()))
            .collect();
        assert_eq!(letters, [('a', true), ('c', false)]);
    }

    #[test]
    fn an_operation_the_host_does_not_answer_for_is_not_reported_again() {
        let (innocent, culprits) = separate([(Some('a'), false)].into_iter(), vec![Ok(()), Ok(())]);
        assert_eq!((innocent.len(), culprits), (1, 1));
    }
}
