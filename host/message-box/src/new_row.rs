//! The row of a new message: what publishing and emissions have in common.

use model::{Priority, Timestamp};
use rusqlite::{CachedStatement, Connection};

use crate::lane;
use crate::round::Round;

const INSERT: &str = "INSERT INTO message \
    (seq, port, state, priority, due, attempts, accepted, size, body_id, properties, body, \
     lane, expires, expects_response) \
    VALUES (?1, ?2, ?3, ?4, ?5, 0, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

/// A message that gets its row, due at once.
#[derive(Debug)]
pub(crate) struct NewRow<'a> {
    pub(crate) sequence: u64,
    pub(crate) port: i64,
    pub(crate) priority: Priority,
    pub(crate) now: Timestamp,
    /// As it is stored.
    pub(crate) lane: Option<&'a str>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) expects_response: bool,
    /// As JSON.
    pub(crate) properties: &'a str,
    pub(crate) content: Content<'a>,
}

/// A body as its message's row holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// In the row.
    Inline(&'a [u8]),
    /// In pieces that are in the box.
    Pieces { body_id: u64, size: u64 },
}

impl Content<'_> {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Pieces { size, .. } => *size,
        }
    }

    pub(crate) fn inline(&self) -> Option<&[u8]> {
        match self {
            Self::Inline(bytes) => Some(bytes),
            Self::Pieces { .. } => None,
        }
    }

    pub(crate) fn body_id(&self) -> Option<i64> {
        match self {
            Self::Inline(_) => None,
            Self::Pieces { body_id, .. } => Some(body_id.cast_signed()),
        }
    }
}

/// What [`NewRow::insert`] needs, once for any number of rows.
pub(crate) fn inserting(connection: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    connection.prepare_cached(INSERT)
}

impl NewRow<'_> {
    /// Inserts it; true when it waits behind the head of its lane.
    pub(crate) fn insert(
        &self,
        round: &Round<'_>,
        insert: &mut CachedStatement<'_>,
    ) -> rusqlite::Result<bool> {
        let queued = match self.lane {
            Some(lane) => lane::is_busy(round, self.port, lane)?,
            None => false,
        };
        insert.execute((
            self.sequence.cast_signed(),
            self.port,
            if queued { 2 } else { 0 },
            self.priority.get(),
            self.now.0,
            self.content.size().cast_signed(),
            self.content.body_id(),
            self.properties,
            self.content.inline(),
            self.lane,
            self.expires.map(|expires| expires.0),
            self.expects_response,
        ))?;
        Ok(queued)
    }
}
