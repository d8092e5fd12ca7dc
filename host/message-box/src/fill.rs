//! Reading due messages from the database into a feed. Runs on the writer's thread between two
//! transactions, so no row changes while it reads; does not lease anything.

use std::sync::Arc;

use bytes::Bytes;
use model::{Body, Message, MessageId, PortName, Priority, Timestamp, TransportSlot};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Rows};

use crate::feed::{Admission, Place, Reading, Waiting};
use crate::feeds::Feeds;
use crate::properties;
use crate::reader::Reader;
use crate::stored_body::StoredBody;

const NEXT_DUE: &str = "SELECT due FROM message INDEXED BY message_pending \
    WHERE state = 0 AND port = ?1 AND transport = ?2 AND priority = ?3 AND due > ?4 \
    ORDER BY due LIMIT 1";

const ROW: &str = "SELECT accepted, priority, due, attempts, size, body_id, properties, body, \
    earlier_attempts, expires, lane, edited FROM message WHERE seq = ?1";

/// The due messages of one priority. The priority is part of the text because ten of these statements
/// are in use at once, and the cache keeps one of each text.
fn due_of(priority: u8) -> String {
    format!(
        "SELECT due, seq FROM message INDEXED BY message_pending \
         WHERE state = 0 AND port = ?1 AND transport = ?2 AND priority = {priority} \
         AND due BETWEEN ?3 AND ?4 ORDER BY due, seq"
    )
}

/// One port and transport, and what its rows need to become messages.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) bodies: &'a Reader,
    pub(crate) box_id: u64,
    pub(crate) port: &'a PortName,
    pub(crate) port_id: i64,
    pub(crate) slot: TransportSlot,
}

/// The due rows of one priority, read one ahead.
struct Queue<'a> {
    priority: u8,
    rows: Rows<'a>,
    first: Option<Place>,
}

impl Queue<'_> {
    fn advance(&mut self) -> rusqlite::Result<()> {
        self.first = match self.rows.next()? {
            Some(row) => {
                let (due, sequence) = (Timestamp(row.get(0)?), row.get::<_, i64>(1)?);
                Some(Place::new(self.priority, due, sequence.cast_unsigned()))
            }
            None => None,
        };
        Ok(())
    }
}

impl Source<'_> {
    /// Brings into the feed what `reading` asks for.
    pub(crate) fn fill(
        &self,
        feeds: &Feeds,
        feed: usize,
        reading: Reading,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let from = match reading {
            Reading::Backlog => Timestamp(i64::MIN),
            Reading::CameDue(since) => since,
        };
        let more = self.merge(feeds, feed, reading, (from, now))?;
        feeds.end_reading(feed, reading, more, self.next_due(now)?);
        Ok(())
    }

    /// Reads the priorities side by side, in the order of delivery, so that no more is loaded than what
    /// stays in memory; true when some were left in the database.
    fn merge(
        &self,
        feeds: &Feeds,
        feed: usize,
        reading: Reading,
        (from, to): (Timestamp, Timestamp),
    ) -> rusqlite::Result<bool> {
        let mut statements = Priority::ALL
            .map(|priority| {
                let statement = self.connection.prepare_cached(&due_of(priority))?;
                Ok((priority, statement))
            })
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let mut queues = Vec::with_capacity(statements.len());
        for (priority, statement) in &mut statements {
            let mut queue = Queue {
                priority: *priority,
                rows: statement.query((self.port_id, number(self.slot), from.0, to.0))?,
                first: None,
            };
            queue.advance()?;
            queues.push(queue);
        }
        let mut row = self.connection.prepare_cached(ROW)?;
        loop {
            let firsts = queues
                .iter_mut()
                .filter_map(|queue| queue.first.map(|place| (place, queue)));
            let Some((place, queue)) = firsts.min_by_key(|(place, _)| *place) else {
                return Ok(false);
            };
            match feeds.admission(feed, place, reading) {
                Admission::Wanted => feeds.insert(feed, self.load(place.sequence(), &mut row)?),
                Admission::Known => {}
                Admission::Beyond => return Ok(true),
            }
            queue.advance()?;
        }
    }

    fn load(&self, sequence: u64, row: &mut CachedStatement<'_>) -> rusqlite::Result<Waiting> {
        row.query_row([sequence.cast_signed()], |row| {
            let body_id = row.get::<_, Option<i64>>(5)?.map(i64::cast_unsigned);
            let message = Message {
                id: MessageId::new(self.box_id, sequence),
                port: self.port.clone(),
                accepted: Timestamp(row.get(0)?),
                priority: Priority::new(row.get(1)?).unwrap_or_default(),
                transport: self.slot,
                attempts: row.get(3)?,
                earlier_attempts: row.get(8)?,
                expires: row.get::<_, Option<i64>>(9)?.map(Timestamp),
                lane: row.get_ref(10)?.as_str_or_null()?.map(Arc::from),
                properties: properties::from_column(row, 6)?,
                body: body(self.bodies, row, (4, 5, 7))?,
            };
            Ok(Waiting {
                message: Arc::new(message),
                due: Timestamp(row.get(2)?),
                body_id,
                edited: row.get(11)?,
            })
        })
    }

    /// The earliest message that is not due yet.
    fn next_due(&self, now: Timestamp) -> rusqlite::Result<Option<Timestamp>> {
        let mut statement = self.connection.prepare_cached(NEXT_DUE)?;
        let mut earliest = None;
        for priority in Priority::ALL {
            let due = statement
                .query_row((self.port_id, number(self.slot), priority, now.0), |row| {
                    row.get(0)
                })
                .optional()?
                .map(Timestamp);
            earliest = earliest.into_iter().chain(due).min();
        }
        Ok(earliest)
    }
}

/// The body that a row holds or names, by the columns of its size, its pieces and its bytes.
pub(crate) fn body(
    reader: &Reader,
    row: &Row<'_>,
    (size, body_id, bytes): (usize, usize, usize),
) -> rusqlite::Result<Body> {
    Ok(match row.get::<_, Option<i64>>(body_id)? {
        Some(id) => {
            let size = row.get::<_, i64>(size)?.cast_unsigned();
            StoredBody::new(reader.clone(), id.cast_unsigned(), size).into_body()
        }
        None => Body::Inline(Bytes::copy_from_slice(row.get_ref(bytes)?.as_blob()?)),
    })
}

/// A transport as rows hold it.
pub(crate) fn number(slot: TransportSlot) -> i64 {
    match slot {
        TransportSlot::Primary => 0,
        TransportSlot::Backup => 1,
    }
}

/// What [`number`] wrote.
pub(crate) fn slot(number: i64) -> TransportSlot {
    match number {
        0 => TransportSlot::Primary,
        _ => TransportSlot::Backup,
    }
}
