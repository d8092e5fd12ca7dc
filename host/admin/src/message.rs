//! One message in the box: what is known about it, its content, and what a person does with it.
//!
//! The functions are public because the command line does the same without a host.

mod changes;
mod content;
mod handlers;
mod report;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use message_box::{MessageBox, NewBody};
use model::MessageId;

use crate::message_error::MessageError;
use crate::problem::Problem;

pub use changes::Changes;
pub use report::{MessageReport, Original};

pub(crate) use content::{body, original, original_body, put_body};
pub(crate) use handlers::{patch, resume_one, show_one, terminate_one};

/// Everything that is known about a message but its body.
pub async fn show(message_box: &MessageBox, id: MessageId) -> Result<MessageReport, MessageError> {
    let message = message_box.message(id).await?;
    let message = message.ok_or_else(|| MessageError::unknown(id))?;
    Ok(message.into())
}

/// Changes a suspended message: its properties, its body, or both. Of two people who change properties
/// at the same moment, the second one wins.
pub async fn edit(
    message_box: &MessageBox,
    id: MessageId,
    changes: &Changes,
    body: Option<NewBody>,
) -> Result<MessageReport, MessageError> {
    let properties = match changes.is_empty() {
        true => None,
        false => {
            let message = message_box.message(id).await?;
            let message = message.ok_or_else(|| MessageError::unknown(id))?;
            Some(changes.apply(&message.properties)?)
        }
    };
    message_box.edit(id, properties, body).await?;
    show(message_box, id).await
}

/// The message that a path names.
pub(crate) fn message_id(id: Result<Path<String>, PathRejection>) -> Result<MessageId, Problem> {
    let Path(text) = id?;
    text.parse()
        .map_err(|error: model::IdError| Problem::malformed(error.to_string()))
}
