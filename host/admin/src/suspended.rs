//! The messages that wait for a person: which ones there are, why, and what is decided about many of
//! them at once.
//!
//! The functions are public because the command line does the same without a host.

mod choice;
mod entry;
mod handlers;
mod page;

use message_box::MessageBox;
use model::MessageId;
use serde::{Deserialize, Serialize};

use crate::message_error::MessageError;
use crate::time::now;

pub use choice::Choice;
pub use entry::SuspendedEntry;
pub use page::Page;

pub(crate) use handlers::{list_suspended, resume_suspended, terminate_suspended};

/// One page of suspended messages, those suspended first first.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Suspended {
    /// The messages.
    pub messages: Vec<SuspendedEntry>,
    /// The page after this one begins after that message; absent on the last page.
    pub next: Option<String>,
}

/// How resuming went.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Resumed {
    /// Messages that are pending again.
    pub resumed: u64,
    /// Messages that fit the filter and cannot be resumed.
    pub skipped: u64,
    /// Of those asked for by id, the ones that were not resumed.
    pub refused: Vec<Refused>,
}

/// How terminating went.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Terminated {
    /// Messages that are gone.
    pub terminated: u64,
    /// Of those asked for by id, the ones that were not terminated.
    pub refused: Vec<Refused>,
}

/// A message about which the decision could not be carried out.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The message.
    pub id: String,
    /// `unknown-message`, `not-suspended` or `not-resumable`.
    pub code: String,
    /// Why, for people.
    pub reason: String,
}

/// One page of the suspended messages that fit.
pub async fn list(message_box: &MessageBox, page: &Page) -> Result<Suspended, MessageError> {
    let (filter, after, limit) = page.read()?;
    let messages = message_box.suspended(&filter, after, limit).await?;
    let last = messages.last().filter(|_| messages.len() == limit);
    Ok(Suspended {
        next: last.map(|message| message.id.to_string()),
        messages: messages.into_iter().map(SuspendedEntry::from).collect(),
    })
}

/// Puts the chosen messages back into their queues.
pub async fn resume(message_box: &MessageBox, choice: &Choice) -> Result<Resumed, MessageError> {
    let resumed = message_box.resume(choice.selection()?, now()).await?;
    Ok(Resumed {
        resumed: resumed.resumed,
        skipped: resumed.skipped,
        refused: refused(resumed.refused),
    })
}

/// Removes the chosen messages for good.
pub async fn terminate(
    message_box: &MessageBox,
    choice: &Choice,
) -> Result<Terminated, MessageError> {
    let terminated = message_box.terminate(choice.selection()?, now()).await?;
    Ok(Terminated {
        terminated: terminated.terminated,
        refused: refused(terminated.refused),
    })
}

fn refused(refused: Vec<(MessageId, message_box::Refusal)>) -> Vec<Refused> {
    let refused = refused.into_iter().map(|(id, refusal)| Refused {
        id: id.to_string(),
        code: code(refusal).to_owned(),
        reason: refusal.to_string(),
    });
    refused.collect()
}

/// A refusal as a word for programs.
pub(crate) fn code(refusal: message_box::Refusal) -> &'static str {
    match refusal {
        message_box::Refusal::Unknown => "unknown-message",
        message_box::Refusal::NotSuspended => "not-suspended",
        message_box::Refusal::NotResumable => "not-resumable",
    }
}
