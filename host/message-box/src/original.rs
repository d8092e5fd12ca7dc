//! What edited messages were before their first edit. Owns the table `original`; reading is in
//! `stored_message`.

use rusqlite::{Connection, OptionalExtension};

use crate::body;

/// Keeps the properties of a message that is edited for the first time. Its content is still its own.
pub(crate) fn keep_properties(connection: &Connection, sequence: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO original (seq, properties) \
             SELECT seq, properties FROM message WHERE seq = ?1",
        )?
        .execute([sequence])
        .map(drop)
}

/// The content of an edited message is about to be replaced: the first one is kept, any later one has
/// no more use.
pub(crate) fn keep_content(connection: &Connection, sequence: i64) -> rusqlite::Result<()> {
    let kept = connection
        .prepare_cached(
            "UPDATE original SET (size, body_id, body) = \
             (SELECT size, body_id, body FROM message WHERE message.seq = original.seq) \
             WHERE seq = ?1 AND size IS NULL",
        )?
        .execute([sequence])?;
    if kept > 0 {
        return Ok(());
    }
    let replaced = connection
        .prepare_cached("SELECT body_id FROM message WHERE seq = ?1")?
        .query_row([sequence], |row| row.get(0))
        .optional()?;
    remove_pieces(connection, replaced.flatten())
}

/// The message is gone, and with it what it was.
pub(crate) fn remove(connection: &Connection, sequence: i64) -> rusqlite::Result<()> {
    let removed = connection
        .prepare_cached("DELETE FROM original WHERE seq = ?1 RETURNING body_id")?
        .query_row([sequence], |row| row.get(0))
        .optional()?;
    remove_pieces(connection, removed.flatten())
}

fn remove_pieces(connection: &Connection, body_id: Option<i64>) -> rusqlite::Result<()> {
    match body_id {
        Some(body_id) => body::remove(connection, body_id.cast_unsigned()),
        None => Ok(()),
    }
}
