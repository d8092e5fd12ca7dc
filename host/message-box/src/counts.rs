//! What is in the box, for operators: counts by port, and the audit that every accepted message is
//! accounted for. Reads only; the counters are written by the rounds.

use model::{PortName, Timestamp};
use rusqlite::{Connection, Row};

use crate::{Error, MessageBox, ports};

/// The messages of one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortCounts {
    /// The port.
    pub port: PortName,
    /// Waiting for delivery or being delivered, the scheduled ones and those behind the heads of their
    /// lanes included.
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
    /// Messages that ever went on as others (failed-message routing).
    pub routed: u64,
    /// Messages ever discarded by a person.
    pub terminated: u64,
}

/// The proof that nothing was lost or doubled: counters of what came and went against what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Counter: messages ever accepted.
    pub accepted: u64,
    /// Counter: messages ever delivered.
    pub delivered: u64,
    /// Counter: messages that ever went on as others.
    pub routed: u64,
    /// Counter: messages ever discarded by a person.
    pub terminated: u64,
    /// Rows: suspended messages.
    pub suspended: u64,
    /// Rows: pending messages.
    pub pending: u64,
    /// Whether, for every port, accepted = delivered + routed + terminated + suspended + pending, and the
    /// counters of suspended and pending messages are those of the rows.
    pub holds: bool,
}

impl MessageBox {
    /// What is in the box, by port; all ports that ever got a message, in the order of their names. Costs
    /// the more the more messages are scheduled for later, not the more there are.
    pub async fn counts(&self, now: Timestamp) -> Result<Vec<PortCounts>, Error> {
        let read = move |connection: &Connection| counts(connection, now);
        self.inner.lists.ask(read).await
    }

    /// The port's messages that wait for delivery or are being delivered. From memory; exact, and changed
    /// before the caller of what changed it hears.
    pub fn pending(&self, port: &PortName) -> u64 {
        self.inner.ports.pending(port)
    }

    /// Checks that every message ever accepted was delivered, routed or terminated, or is still here. Counts
    /// all of them.
    pub async fn audit(&self) -> Result<Audit, Error> {
        self.inner.lists.ask(audit).await
    }
}

/// A message that is not late was due when it was accepted, so the first by due time of each transport
/// and priority and the first of the late ones, to which the queued belong, are all that can be the oldest.
const COUNTS: &str = "\
    WITH queue (transport, priority) AS (SELECT t.column1, p.column1 FROM \
        (VALUES (0), (1)) AS t, \
        (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) AS p) \
    SELECT port.name, bytes, accepted, delivered, routed, terminated, suspended, pending, \
        (SELECT sum((SELECT count(*) FROM message INDEXED BY message_pending \
            WHERE state = 0 AND port = port.id AND transport = queue.transport \
            AND priority = queue.priority AND due > ?1)) FROM queue), \
        (SELECT min((SELECT accepted FROM message INDEXED BY message_pending \
            WHERE state = 0 AND port = port.id AND transport = queue.transport \
            AND priority = queue.priority ORDER BY due, seq LIMIT 1)) FROM queue), \
        (SELECT accepted FROM message INDEXED BY message_late \
            WHERE (state = 2 OR state = 0 AND due > accepted) AND port = port.id \
            ORDER BY accepted LIMIT 1) \
    FROM port ORDER BY port.name";

fn counts(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<PortCounts>> {
    connection
        .prepare_cached(COUNTS)?
        .query_map([now.0], |row| {
            let oldest = [row.get::<_, Option<i64>>(9)?, row.get(10)?];
            Ok(PortCounts {
                port: ports::name(row.get_ref(0)?.as_str()?)?,
                bytes: number(row, 1)?,
                accepted: number(row, 2)?,
                delivered: number(row, 3)?,
                routed: number(row, 4)?,
                terminated: number(row, 5)?,
                suspended: number(row, 6)?,
                pending: number(row, 7)?,
                scheduled: number(row, 8)?,
                oldest_pending: oldest.into_iter().flatten().min().map(Timestamp),
            })
        })?
        .collect()
}

/// One statement, so that rows and counters are seen at the same moment.
const AUDIT: &str = "\
    WITH held (id, n) AS (SELECT port, count(*) FROM message INDEXED BY message_suspended \
        WHERE state = 1 GROUP BY port) \
    SELECT accepted, delivered, routed, terminated, suspended, pending, coalesce(held.n, 0), \
        (SELECT count(*) FROM message INDEXED BY message_pending \
            WHERE state = 0 AND port = port.id), \
        (SELECT count(*) FROM message INDEXED BY message_late \
            WHERE (state = 2 OR state = 0 AND due > accepted) AND state = 2 AND port = port.id) \
    FROM port LEFT JOIN held USING (id)";

fn audit(connection: &Connection) -> rusqlite::Result<Audit> {
    let mut audit = Audit {
        accepted: 0,
        delivered: 0,
        routed: 0,
        terminated: 0,
        suspended: 0,
        pending: 0,
        holds: true,
    };
    let mut statement = connection.prepare_cached(AUDIT)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let accepted = number(row, 0)?;
        let gone = [number(row, 1)?, number(row, 2)?, number(row, 3)?];
        let counted = (number(row, 4)?, number(row, 5)?);
        let found = (number(row, 6)?, number(row, 7)? + number(row, 8)?);
        let known = gone.iter().sum::<u64>() + found.0 + found.1;
        audit.accepted += accepted;
        audit.delivered += gone[0];
        audit.routed += gone[1];
        audit.terminated += gone[2];
        audit.suspended += found.0;
        audit.pending += found.1;
        audit.holds &= accepted == known && counted == found;
    }
    Ok(audit)
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    // A counter that went below zero is seen by the audit, as one that is far too large.
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    /// How a statement reads the messages.
    fn plan(sql: &str) -> Vec<String> {
        let mut steps = schema::plan(&schema::in_memory(), sql);
        steps.retain(|step| step.contains("message"));
        steps
    }

    #[test]
    fn counting_reads_no_more_of_a_port_than_what_is_scheduled() {
        let steps = plan(COUNTS);
        assert_eq!(steps.len(), 3, "{steps:#?}");
        for step in steps {
            assert!(step.starts_with("SEARCH message USING"), "{step}");
        }
    }

    #[test]
    fn the_audit_counts_in_indexes_alone() {
        let steps = plan(AUDIT);
        assert_eq!(steps.len(), 3, "{steps:#?}");
        for step in steps {
            assert!(step.contains("message USING COVERING INDEX"), "{step}");
        }
    }
}
