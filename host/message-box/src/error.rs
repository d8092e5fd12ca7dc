//! Everything a box can refuse, by what the caller can do about it.

use std::io;
use std::path::PathBuf;

use model::MessageId;

use crate::decide::Refusal;

/// Why the message box did not do what it was asked. Whatever failed left nothing half done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another handle, here or in another process, holds the box.
    #[error(
        "the message box in {} is in use{}: stop the other process first, or choose another directory",
        path.display(),
        by(*owner)
    )]
    Locked {
        /// The box's directory.
        path: PathBuf,
        /// The process that holds it, as far as it has said so.
        owner: Option<u32>,
    },
    /// The files may be read but not written.
    #[error(
        "the message box at {} cannot be written: make the directory and the files in it writable for this user",
        path.display()
    )]
    ReadOnly {
        /// What could not be written.
        path: PathBuf,
    },
    /// A later version wrote the box. It was not touched.
    #[error(
        "the message box {} has layout version {found}, this program knows versions up to {supported}: use the program that wrote it, or a newer one; nothing was changed",
        path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this program understands.
        supported: i64,
    },
    /// The file belongs to something else. It was not touched.
    #[error(
        "{} is not a message box ({reason}): choose another directory, or move the file away; nothing was changed",
        path.display()
    )]
    NotABox {
        /// The database file.
        path: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// The directory or a file in it cannot be used at all.
    #[error(
        "cannot use {} for a message box: {source}; give a directory that exists or can be created",
        path.display()
    )]
    Unusable {
        /// What was tried.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The box has its configured size. Settling still works.
    #[error(
        "the message box {} is full (limit {limit} bytes): publish again when messages have been delivered, or raise the limit",
        path.display()
    )]
    Full {
        /// The database file.
        path: PathBuf,
        /// Its configured limit in bytes.
        limit: u64,
    },
    /// The volume has no room left.
    #[error(
        "no space left on the disk of the message box {}: free some space; the box goes on by itself",
        path.display()
    )]
    DiskFull {
        /// The database file.
        path: PathBuf,
    },
    /// Some of the messages are not held under the lease given. None of the settlements took effect.
    #[error(
        "nothing was settled: {} no longer held under the lease given (its time was up, or it was settled before)",
        subjects(ids)
    )]
    NotLeased {
        /// Those messages.
        ids: Vec<MessageId>,
    },
    /// A person's decision about one message cannot be carried out.
    #[error("message {id} {reason}")]
    Refused {
        /// The message.
        id: MessageId,
        /// Why.
        reason: Refusal,
    },
    /// A list cannot go on where it ended.
    #[error(
        "the list cannot go on after message {id}: it is no longer suspended; list again from the beginning"
    )]
    CursorLost {
        /// The last message of the page before.
        id: MessageId,
    },
    /// The idempotency key stands for other content.
    #[error(
        "idempotency key {key:?} was used within the last 24 hours for other content: use a new key for new content"
    )]
    IdempotencyConflict {
        /// The key.
        key: String,
    },
    /// More than the layout of the box can hold.
    #[error("{what} of {size} bytes are too large for the message box (limit {limit} bytes)")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// A staged body was given to a box that does not hold it.
    #[error("the body was staged in another message box: stage it in the box that publishes it")]
    StagedElsewhere,
    /// The box was closed.
    #[error("the message box is closed: open it again")]
    Closed,
    /// The database failed in a way nothing above describes.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// An unexpected failure of the database.
#[derive(Debug, thiserror::Error)]
#[error(
    "the message box {} failed: {source}; check the disk, then open the box again",
    path.display()
)]
pub struct StorageError {
    /// The database file.
    pub path: PathBuf,
    /// What SQLite said.
    #[source]
    pub source: rusqlite::Error,
}

fn by(owner: Option<u32>) -> String {
    owner.map_or_else(String::new, |pid| format!(" by process {pid}"))
}

/// The first few of possibly many messages, with the verb that fits their number.
fn subjects(ids: &[MessageId]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<_> = ids.iter().take(SHOWN).map(ToString::to_string).collect();
    match ids.len() {
        1 => format!("message {} is", shown.join("")),
        n if n > SHOWN => format!("messages {} and {} more are", shown.join(", "), n - SHOWN),
        _ => format!("messages {} are", shown.join(", ")),
    }
}
