//! Publications remembered by their idempotency key for a day. Owns its table and the fingerprint of
//! content; knows nothing of messages.

use model::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

/// How long a key is remembered, in milliseconds.
const REMEMBERED: i64 = 24 * 60 * 60 * 1000;

/// Old keys removed with every new one: more than one, so that the table shrinks to a day's keys; few,
/// so that no publish pays for a day.
const FORGOTTEN_AT_ONCE: i64 = 4;

/// SHA-256 of the content of a publication.
pub(crate) type Fingerprint = [u8; 32];

/// A key that was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// For the same content.
    Same {
        /// The first message it became.
        first: u64,
        /// How many there were.
        count: u64,
    },
    /// For other content.
    Different,
}

/// What the key stands for, unless it is new or forgotten. Sees what the same transaction wrote.
pub(crate) fn find(
    connection: &Connection,
    port: i64,
    key: &str,
    fingerprint: &Fingerprint,
    now: Timestamp,
) -> rusqlite::Result<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT fingerprint, first_seq, count FROM idempotency \
             WHERE port = ?1 AND key = ?2 AND created > ?3",
        )?
        .query_row((port, key, now.0.saturating_sub(REMEMBERED)), |row| {
            if row.get_ref(0)?.as_blob()? != fingerprint {
                return Ok(Known::Different);
            }
            Ok(Known::Same {
                first: row.get::<_, i64>(1)?.cast_unsigned(),
                count: row.get::<_, i64>(2)?.cast_unsigned(),
            })
        })
        .optional()
}

/// Remembers a key for the messages `first .. first + count` and forgets a few old ones.
pub(crate) fn remember(
    connection: &Connection,
    port: i64,
    key: &str,
    fingerprint: &Fingerprint,
    (first, count): (u64, u64),
    now: Timestamp,
) -> rusqlite::Result<()> {
    // REPLACE: the key may still be there although its time is over.
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO idempotency (port, key, fingerprint, first_seq, count, created) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            port,
            key,
            fingerprint,
            first.cast_signed(),
            count.cast_signed(),
            now.0,
        ))?;
    connection
        .prepare_cached(
            "DELETE FROM idempotency WHERE (port, key) IN (SELECT port, key FROM idempotency \
             WHERE created <= ?1 ORDER BY created LIMIT ?2)",
        )?
        .execute((now.0.saturating_sub(REMEMBERED), FORGOTTEN_AT_ONCE))?;
    Ok(())
}

/// Makes a fingerprint. Every part is preceded by its length or has a fixed one, so that no two
/// different publications run together to the same bytes.
#[derive(Default)]
pub(crate) struct Printer(Sha256);

impl Printer {
    pub(crate) fn body(&mut self, digest: &[u8; 32]) {
        self.0.update(digest);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text);
    }

    pub(crate) fn number(&mut self, number: u8) {
        self.0.update([number]);
    }

    pub(crate) fn finish(self) -> Fingerprint {
        self.0.finalize().into()
    }
}
