//! Why a person's command about messages was not carried out.

use model::MessageId;

/// A command about messages that was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The command makes no sense.
    #[error("{0}")]
    Malformed(String),
    /// The message is as it was published: there is no other original.
    #[error("message {0} was never edited: it is its own original")]
    NotEdited(MessageId),
    /// The message box refused it, or failed.
    #[error(transparent)]
    Box(#[from] message_box::Error),
}

impl MessageError {
    /// There is no such message.
    pub(crate) fn unknown(id: MessageId) -> Self {
        let reason = message_box::Refusal::Unknown;
        Self::Box(message_box::Error::Refused { id, reason })
    }
}
