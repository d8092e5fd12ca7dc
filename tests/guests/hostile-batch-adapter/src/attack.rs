//! What every guest is: something that attacks in one of the calls of a batch.

use crate::bindings::sendport::adapter::types::{
    BatchLimits, ErrorInfo, Failure, Message, MessageFailure,
};

/// What `done` returns.
pub(crate) type Done = Result<Vec<MessageFailure>, Failure>;

/// A guest. What it does not attack in is innocent.
pub(crate) trait Attack {
    /// What `begin-batch` answers.
    fn limits() -> BatchLimits {
        BatchLimits {
            max_messages: 16,
            max_bytes: 0,
        }
    }

    /// A message with the property `attack` is added.
    fn take(_msg: &Message) {}

    /// A batch with at least one such message is to be sent.
    async fn done(_messages: Vec<Message>) -> Done {
        Ok(Vec::new())
    }
}

/// True when the message asks for an attack.
pub(crate) fn is_ordered(msg: &Message) -> bool {
    msg.property("attack").is_some()
}

/// The message of that number was not sent, for that reason.
pub(crate) fn failed(index: u32, text: &str) -> MessageFailure {
    MessageFailure {
        index,
        failure: Failure::Permanent(error(text)),
    }
}

pub(crate) fn error(text: &str) -> ErrorInfo {
    ErrorInfo {
        code: Some("hostile".to_owned()),
        text: text.to_owned(),
    }
}

pub(crate) fn trap() -> ! {
    core::arch::wasm32::unreachable()
}
