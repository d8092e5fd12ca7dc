//! The rules for an outcome batch, checked before anything is done for it.

use std::collections::HashSet;

use crate::MessageId;

/// An outcome batch that cannot be carried out.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BatchError {
    /// Nothing was added before `done` (B48).
    #[error("the outcome batch is empty")]
    Empty,
    /// One message stands in the batch twice (B40).
    #[error("message {0} stands in the outcome batch twice")]
    Twice(MessageId),
}

/// Checks that the batch holds at least one message and none of them twice.
pub fn validate(messages: impl IntoIterator<Item = MessageId>) -> Result<(), BatchError> {
    let mut seen = HashSet::new();
    for id in messages {
        if !seen.insert(id) {
            return Err(BatchError::Twice(id));
        }
    }
    if seen.is_empty() {
        Err(BatchError::Empty)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b40_b48_a_batch_holds_each_message_once_and_at_least_one() {
        let id = |n| MessageId::new(1, n);
        assert_eq!(validate([]), Err(BatchError::Empty));
        assert_eq!(validate([id(1), id(2)]), Ok(()));
        assert_eq!(
            validate([id(1), id(2), id(1)]),
            Err(BatchError::Twice(id(1)))
        );
    }
}
