//! What the caller decides about a box. Plain data; nothing here touches a file.

use std::path::PathBuf;

/// Bodies up to this size stay in the message's row. Above it the pages of a row chain up and a claim
/// would drag the whole body into memory; below it one read brings everything.
pub const DEFAULT_INLINE_LIMIT: usize = 128 * 1024;

/// Messages that one feed, of a port and transport, keeps in memory. Large enough that reading a backlog costs little per
/// message, small enough that a slice is read in some ten milliseconds.
pub const DEFAULT_FEED_CAPACITY: usize = 2048;

/// Bytes of bodies and properties that one feed keeps in memory.
pub const DEFAULT_FEED_BYTES: usize = 32 * 1024 * 1024;

/// How to open a message box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The directory that holds the box and nothing else; created when it does not exist.
    pub directory: PathBuf,
    /// The database file may grow to this many bytes; without it, until the disk is full. The log beside
    /// it comes on top (about 64 MiB). A few percent are kept for settling, so that a full box can always
    /// be emptied; less than a few hundred KiB leave no room for messages.
    pub max_size: Option<u64>,
    /// Larger bodies are stored in pieces and read in pieces; see [`DEFAULT_INLINE_LIMIT`].
    pub inline_limit: usize,
    /// Messages in the memory of one feed; see [`DEFAULT_FEED_CAPACITY`]. At least one.
    pub feed_capacity: usize,
    /// Bytes in the memory of one feed; see [`DEFAULT_FEED_BYTES`].
    pub feed_bytes: usize,
}

impl Config {
    /// A box in `directory` with the default limits.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            max_size: None,
            inline_limit: DEFAULT_INLINE_LIMIT,
            feed_capacity: DEFAULT_FEED_CAPACITY,
            feed_bytes: DEFAULT_FEED_BYTES,
        }
    }
}
