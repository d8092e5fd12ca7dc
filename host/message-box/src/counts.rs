//! What is in the box, for operators: counts by port, the suspended messages, and the audit that every
//! accepted message is accounted for. Reads only; the counters are written by the rounds.

use model::{ErrorInfo, MessageId, PortName, Timestamp};
use rusqlite::Connection;
use rusqlite::types::Type;

/// The messages of one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortCounts {
    /// The port.
    pub port: PortName,
    /// Waiting for delivery or being delivered, the scheduled ones included.
    pub pending: u64,
    /// Of those, the ones that are not due yet.
    pub scheduled: u64,
    /// Waiting for a person.
    pub suspended: u64,
    /// Size of the bodies of all of them.
    pub bytes: u64,
    /// When the oldest pending message was accepted.
    pub oldest_pending: Option<Timestamp>,
    /// Messages ever accepted.
    pub accepted: u64,
    /// Messages ever delivered.
    pub delivered: u64,
}

/// A message that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspendedMessage {
    /// The message.
    pub id: MessageId,
    /// Its port.
    pub port: PortName,
    /// When it was accepted.
    pub accepted: Timestamp,
    /// When it was suspended.
    pub suspended_at: Timestamp,
    /// Failed attempts.
    pub attempts: u32,
    /// Why it was suspended.
    pub error: ErrorInfo,
    /// Size of its body in bytes.
    pub size: u64,
}

/// The proof that nothing was lost or doubled: counters of what came and went against what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Counter: messages ever accepted.
    pub accepted: u64,
    /// Counter: messages ever delivered.
    pub delivered: u64,
    /// Rows: suspended messages.
    pub suspended: u64,
    /// Rows: pending messages.
    pub pending: u64,
    /// Whether accepted = delivered + suspended + pending.
    pub holds: bool,
}

/// All ports in the order of their names. The pending ones are counted in their index.
const COUNTS: &str = "\
    SELECT port.name, port.bytes, port.accepted, port.delivered, \
        (SELECT count(*) FROM message INDEXED BY message_suspended \
            WHERE state = 1 AND port = port.id), \
        waiting.n, waiting.scheduled, (SELECT accepted FROM message WHERE seq = waiting.first) \
    FROM port LEFT JOIN (\
        SELECT port AS id, count(*) AS n, sum(due > ?1) AS scheduled, min(seq) AS first \
        FROM message INDEXED BY message_pending WHERE state = 0 GROUP BY port\
    ) AS waiting ON waiting.id = port.id ORDER BY port.name";

pub(crate) fn counts(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<PortCounts>> {
    connection
        .prepare_cached(COUNTS)?
        .query_map([now.0], |row| {
            let number = |column| -> rusqlite::Result<u64> {
                let value: Option<i64> = row.get(column)?;
                Ok(value.unwrap_or(0).cast_unsigned())
            };
            Ok(PortCounts {
                port: port_name(row.get_ref(0)?.as_str()?)?,
                bytes: number(1)?,
                accepted: number(2)?,
                delivered: number(3)?,
                suspended: number(4)?,
                pending: number(5)?,
                scheduled: number(6)?,
                oldest_pending: row.get::<_, Option<i64>>(7)?.map(Timestamp),
            })
        })?
        .collect()
}

/// The messages suspended first come first.
const SUSPENDED: &str = "\
    SELECT seq, name, message.accepted, suspended, attempts, error_code, error_text, size \
    FROM message INDEXED BY message_suspended JOIN port ON port.id = message.port \
    WHERE state = 1 AND (?1 IS NULL OR name = ?1) ORDER BY suspended, seq LIMIT ?2";

pub(crate) fn suspended(
    connection: &Connection,
    box_id: u64,
    port: Option<&str>,
    limit: usize,
) -> rusqlite::Result<Vec<SuspendedMessage>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(SUSPENDED)?
        .query_map((port, limit), |row| {
            let error = ErrorInfo {
                code: row.get(5)?,
                text: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
            };
            Ok(SuspendedMessage {
                id: MessageId::new(box_id, row.get::<_, i64>(0)?.cast_unsigned()),
                port: port_name(row.get_ref(1)?.as_str()?)?,
                accepted: Timestamp(row.get(2)?),
                suspended_at: Timestamp(row.get(3)?),
                attempts: row.get(4)?,
                error,
                size: row.get::<_, i64>(7)?.cast_unsigned(),
            })
        })?
        .collect()
}

/// One statement, so that both sides are seen at the same moment.
const AUDIT: &str = "\
    SELECT (SELECT coalesce(sum(accepted), 0) FROM port), \
        (SELECT coalesce(sum(delivered), 0) FROM port), \
        (SELECT count(*) FROM message INDEXED BY message_suspended WHERE state = 1), \
        (SELECT count(*) FROM message INDEXED BY message_pending WHERE state = 0)";

pub(crate) fn audit(connection: &Connection) -> rusqlite::Result<Audit> {
    connection.prepare_cached(AUDIT)?.query_row([], |row| {
        let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
        let (accepted, delivered) = (number(0)?, number(1)?);
        let (suspended, pending) = (number(2)?, number(3)?);
        Ok(Audit {
            accepted,
            delivered,
            suspended,
            pending,
            holds: accepted == delivered + suspended + pending,
        })
    })
}

pub(crate) fn port_name(text: &str) -> rusqlite::Result<PortName> {
    PortName::new(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(e)))
}
