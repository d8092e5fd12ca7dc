//! Reading due messages from the database into a port's feed. Runs on the writer's thread between two
//! transactions, so no row changes while it reads; does not lease anything.

use std::sync::Arc;

use bytes::Bytes;
use model::{Body, Message, MessageId, PortName, Priority, Timestamp};
use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row};

use crate::feed::{Admission, Place, Reading, Waiting};
use crate::feeds::Feeds;
use crate::properties;
use crate::reader::Reader;
use crate::stored_body::StoredBody;

const DUE: &str = "SELECT due, seq FROM message INDEXED BY message_pending \
    WHERE state = 0 AND port = ?1 AND priority = ?2 AND due BETWEEN ?3 AND ?4 ORDER BY due, seq";

const NEXT_DUE: &str = "SELECT due FROM message INDEXED BY message_pending \
    WHERE state = 0 AND port = ?1 AND priority = ?2 AND due > ?3 ORDER BY due LIMIT 1";

const ROW: &str = "SELECT accepted, attempts, size, body_id, properties, body \
    FROM message WHERE seq = ?1";

/// One port and what its rows need to become messages.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) bodies: &'a Reader,
    pub(crate) box_id: u64,
    pub(crate) port: &'a PortName,
    pub(crate) port_id: i64,
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
        let mut rows = self.connection.prepare_cached(ROW)?;
        let mut more = false;
        for priority in Priority::ALL {
            more |= self.fill_priority(feeds, feed, reading, priority, (from, now), &mut rows)?;
        }
        feeds.end_reading(feed, reading, more, self.next_due(now)?);
        Ok(())
    }

    /// The due messages of one priority; true when some were left in the database.
    fn fill_priority(
        &self,
        feeds: &Feeds,
        feed: usize,
        reading: Reading,
        priority: u8,
        (from, to): (Timestamp, Timestamp),
        rows: &mut CachedStatement<'_>,
    ) -> rusqlite::Result<bool> {
        let mut due = self.connection.prepare_cached(DUE)?;
        let mut found = due.query((self.port_id, priority, from.0, to.0))?;
        while let Some(row) = found.next()? {
            let place = Place {
                priority,
                due: Timestamp(row.get(0)?),
                sequence: row.get::<_, i64>(1)?.cast_unsigned(),
            };
            match feeds.admission(feed, place, reading) {
                Admission::Wanted => feeds.insert(feed, self.load(place, rows)?),
                Admission::Known => {}
                Admission::Beyond => return Ok(true),
            }
        }
        Ok(false)
    }

    fn load(&self, place: Place, rows: &mut CachedStatement<'_>) -> rusqlite::Result<Waiting> {
        rows.query_row([place.sequence.cast_signed()], |row| {
            let body_id = row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned);
            let message = Message {
                id: MessageId::new(self.box_id, place.sequence),
                port: self.port.clone(),
                accepted: Timestamp(row.get(0)?),
                priority: Priority::new(place.priority.into()).unwrap_or_default(),
                attempts: row.get(1)?,
                properties: properties::from_json(row.get_ref(4)?.as_str()?).map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(error))
                })?,
                body: self.body(row, body_id)?,
            };
            Ok(Waiting {
                message: Arc::new(message),
                due: place.due,
                body_id,
            })
        })
    }

    fn body(&self, row: &Row<'_>, body_id: Option<u64>) -> rusqlite::Result<Body> {
        Ok(match body_id {
            Some(id) => {
                let size = row.get::<_, i64>(2)?.cast_unsigned();
                StoredBody::new(self.bodies.clone(), id, size).into_body()
            }
            None => Body::Inline(Bytes::copy_from_slice(row.get_ref(5)?.as_blob()?)),
        })
    }

    /// The earliest message that is not due yet.
    fn next_due(&self, now: Timestamp) -> rusqlite::Result<Option<Timestamp>> {
        let mut statement = self.connection.prepare_cached(NEXT_DUE)?;
        let mut earliest = None;
        for priority in Priority::ALL {
            let due = statement
                .query_row((self.port_id, priority, now.0), |row| row.get(0))
                .optional()?
                .map(Timestamp);
            earliest = earliest.into_iter().chain(due).min();
        }
        Ok(earliest)
    }
}
