//! What every guest is: something that attacks in one of the calls it gets.

use crate::bindings::sendport::adapter::types::{ErrorInfo, Failure, Message};

/// A guest. What it does not attack in is innocent.
pub(crate) trait Attack {
    /// A message with the property `attack`.
    fn transmit(_msg: Message) -> Result<(), Failure> {
        Ok(())
    }

    fn terminate() {}
}

pub(crate) fn error(text: &str) -> ErrorInfo {
    ErrorInfo {
        code: Some("hostile".to_owned()),
        text: text.to_owned(),
    }
}
