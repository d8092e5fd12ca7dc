//! Ordered lanes: of all messages with the same port and lane, only the first one, the *head*, may be
//! delivered. The others are rows in state 2, which no feed sees. All of it is in the rows, so that a
//! lane that nobody talks about costs nothing and a crash cannot tear one apart.
//!
//! - A new message is the head when no row of its lane exists, and queued behind it otherwise.
//! - When the head leaves the lane, the row with the smallest number becomes the head, in the same
//!   transaction: it is pending, due at once, on the primary transport.
//! - A head that waits for a retry (B65), or is suspended and may be resumed (B67), stays the head. One
//!   that may not be resumed leaves the lane, so that the next one proceeds (B66).

use std::borrow::Cow;

use model::{PortName, Timestamp, TransportSlot};
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};

use crate::round::Round;

/// Longer names, in bytes, are stored as their SHA-256: they stand in an index.
const LONGEST: usize = 256;

/// The lane's name as the rows hold it. Names mean nothing beyond being equal or not.
pub(crate) fn stored_name(lane: &str) -> Cow<'_, str> {
    if lane.len() <= LONGEST {
        return Cow::Borrowed(lane);
    }
    use std::fmt::Write as _;
    let mut name = String::from("sha256:");
    for byte in Sha256::digest(lane) {
        // Writing to a string never fails.
        write!(name, "{byte:02x}").unwrap_or_default();
    }
    Cow::Owned(name)
}

/// True when the lane has a head. Sees what the same transaction wrote.
pub(crate) fn is_busy(round: &Round<'_>, port: i64, lane: &str) -> rusqlite::Result<bool> {
    round
        .connection
        .prepare_cached(
            "SELECT 1 FROM message INDEXED BY message_lane WHERE port = ?1 AND lane = ?2 LIMIT 1",
        )?
        .exists((port, lane))
}

/// The head has left the lane: its row is gone, or has lost its lane. The next message follows.
pub(crate) fn advance(
    round: &mut Round<'_>,
    (port, name): (i64, &PortName),
    lane: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let next: Option<(i64, i64)> = round
        .connection
        .prepare_cached(
            "SELECT seq, due FROM message INDEXED BY message_lane \
             WHERE port = ?1 AND lane = ?2 AND state = 2 ORDER BY seq LIMIT 1",
        )?
        .query_row((port, lane), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((sequence, due)) = next {
        // Not earlier than now: a feed looks only at what came due since it last looked.
        let due = Timestamp(due).max(now);
        round
            .connection
            .prepare_cached("UPDATE message SET state = 0, due = ?2 WHERE seq = ?1")?
            .execute((sequence, due.0))?;
        round.alarms.add(name, TransportSlot::Primary, due);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_shortened_and_stay_different() {
        assert_eq!(stored_name("customer-7"), "customer-7");
        let (a, b) = ("a".repeat(1000), "a".repeat(1001));
        assert!(stored_name(&a).len() < LONGEST);
        assert_ne!(stored_name(&a), stored_name(&b));
    }
}
