//! Outcomes as an author answers them, and as the contract wants them.

use crate::raw::types::MessageFailure;
use crate::{BatchLimits, ErrorInfo, Failure, Outcome};

/// The limits where there is no adapter: whatever comes is refused, one message at a time.
pub(super) const REFUSED: BatchLimits = BatchLimits {
    max_messages: 1,
    max_bytes: 0,
};

/// As many outcomes as messages, whatever the author has answered.
pub(super) fn complete(mut outcomes: Vec<Outcome>, messages: usize) -> Vec<Outcome> {
    if outcomes.len() != messages {
        let missing = Err(defect(outcomes.len(), messages));
        outcomes.resize(messages, missing);
    }
    outcomes
}

/// The same outcomes when there is one for every message. A transaction stands or falls as a whole:
/// nobody knows which of its messages an incomplete answer speaks of.
pub(super) fn exact(outcomes: Vec<Outcome>, messages: usize) -> Result<Vec<Outcome>, Failure> {
    match outcomes.len() {
        answered if answered != messages => Err(defect(answered, messages)),
        _ => Ok(outcomes),
    }
}

fn defect(answered: usize, messages: usize) -> Failure {
    let text = format!("the adapter answered {answered} outcomes for {messages} messages");
    Failure::retryable(ErrorInfo::new("adapter-defect", text))
}

/// The failures among the outcomes, each with its message's place.
pub(super) fn failures(outcomes: Vec<Outcome>) -> Vec<MessageFailure> {
    let numbered = (0..).zip(outcomes);
    numbered
        .filter_map(|(index, outcome)| {
            let failure = outcome.err()?;
            Some(MessageFailure { index, failure })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_named_by_its_place() {
        let outcomes = vec![
            Ok(()),
            Err(Failure::permanent("no")),
            Ok(()),
            Err(Failure::retryable("later")),
        ];
        let places: Vec<_> = failures(outcomes)
            .iter()
            .map(|failure| failure.index)
            .collect();
        assert_eq!(places, [1, 3]);
    }

    #[test]
    fn a_message_without_an_outcome_has_failed_and_too_many_outcomes_are_ignored() {
        let places = |answered, messages| -> Vec<u32> {
            let outcomes = complete(vec![Ok(()); answered], messages);
            failures(outcomes)
                .iter()
                .map(|failure| failure.index)
                .collect()
        };
        assert_eq!(places(2, 4), [2, 3]);
        assert_eq!(places(3, 2), [0; 0]);
    }

    #[test]
    fn a_transaction_needs_an_outcome_for_every_message() {
        assert!(exact(vec![Ok(()); 2], 2).is_ok());
        for answered in [1, 3] {
            let failure = exact(vec![Ok(()); answered], 2).unwrap_err();
            assert_eq!(failure.error().code.as_deref(), Some("adapter-defect"));
        }
    }
}
