//! What the writes of one transaction share: the numbers they use up, the counters they add to, the
//! ports they make, and whom to tell when it is on disk.

use std::sync::atomic::{AtomicU64, Ordering};

use model::{PortName, Timestamp, TransportSlot};
use rusqlite::Connection;

use crate::Error;
use crate::feeds::Feeds;
use crate::files::Location;
use crate::ports::Ports;
use crate::room::{Left, Limit, Room};
use crate::tally::Tally;

/// Sequence numbers reserved at once. The reservation is one row written per million messages instead of
/// one per commit; what is left of a block when the process ends is never used.
const BLOCK: u64 = 1_000_000;

/// One transaction of the writer.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) location: &'a Location,
    pub(crate) feeds: &'a Feeds,
    pub(crate) box_id: u64,
    pub(crate) ports: &'a Ports,
    pub(crate) sequence: &'a mut Sequence,
    pub(crate) next_body: &'a AtomicU64,
    pub(crate) inline_limit: usize,
    pub(crate) tally: Tally,
    pub(crate) room: &'a Room,
    /// What may still be published, once somebody has looked.
    pub(crate) left: Option<Left>,
    /// Ports that got their row in this transaction. Known to others only once it is on disk.
    pub(crate) new_ports: Vec<(PortName, i64)>,
    pub(crate) alarms: Alarms,
}

impl Round<'_> {
    /// The row of the port; made when there is none.
    pub(crate) fn port(&mut self, name: &PortName) -> rusqlite::Result<i64> {
        let known = self.ports.id(name);
        let new = || self.new_ports.iter().find(|(new, _)| new == name);
        if let Some(id) = known.or_else(|| new().map(|(_, id)| *id)) {
            return Ok(id);
        }
        let id = self
            .connection
            .prepare_cached("INSERT INTO port (name) VALUES (?1) RETURNING id")?
            .query_row([name.as_str()], |row| row.get(0))?;
        self.new_ports.push((name.clone(), id));
        Ok(id)
    }

    /// The number of a body that the writer itself stores.
    pub(crate) fn new_body(&self) -> u64 {
        self.next_body.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes room for new rows, or says what is full.
    pub(crate) fn take_room(&mut self, bytes: u64) -> rusqlite::Result<Result<(), Error>> {
        let needed = self.room.needed(bytes);
        let left = match self.left {
            Some(left) if left.bytes >= needed => left,
            // Looks again before it refuses: the transaction itself may have made room.
            _ => self.room.left(self.connection)?,
        };
        let rest = left.bytes.checked_sub(needed);
        self.left = Some(Left {
            bytes: rest.unwrap_or(left.bytes),
            ..left
        });
        Ok(match (rest, left.limit) {
            (Some(_), _) => Ok(()),
            (None, Limit::Size) => Err(self.location.full()),
            (None, Limit::Disk) => Err(self.location.disk_full()),
        })
    }
}

/// The feeds whose ports have messages that become available by this transaction and are not offered in
/// memory: they read the database at the time given.
#[derive(Debug, Default)]
pub(crate) struct Alarms(Vec<(PortName, TransportSlot, Timestamp)>);

impl Alarms {
    /// A message of the port is pending and due then.
    pub(crate) fn add(&mut self, port: &PortName, slot: TransportSlot, due: Timestamp) {
        // Few feeds take part in one transaction, so a search beats a map.
        let known = self
            .0
            .iter_mut()
            .find(|(name, known, _)| *known == slot && name == port);
        match known {
            Some((_, _, earliest)) => *earliest = due.min(*earliest),
            None => self.0.push((port.clone(), slot, due)),
        }
    }

    /// The transaction is on disk.
    pub(crate) fn ring(&self, feeds: &Feeds) {
        for (port, slot, due) in &self.0 {
            feeds.schedule(port, *slot, *due);
        }
    }
}

/// The numbers of messages: increasing, never used twice, whatever happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sequence {
    next: u64,
    /// On disk, this number is said to be the first unused one.
    reserved: u64,
}

impl Sequence {
    /// Goes on after everything an earlier process may have used.
    pub(crate) fn open(connection: &Connection) -> rusqlite::Result<Self> {
        let next = connection
            .query_row(
                "SELECT value FROM meta WHERE name = 'next_sequence'",
                [],
                |row| row.get::<_, i64>(0),
            )?
            .cast_unsigned();
        let mut sequence = Self {
            next,
            reserved: next,
        };
        sequence.reserve(connection, next)?;
        Ok(sequence)
    }

    /// `count` consecutive numbers; returns the first.
    pub(crate) fn take(&mut self, connection: &Connection, count: u64) -> rusqlite::Result<u64> {
        let first = self.next;
        let end = first + count;
        if end > self.reserved {
            self.reserve(connection, end)?;
        }
        self.next = end;
        Ok(first)
    }

    fn reserve(&mut self, connection: &Connection, from: u64) -> rusqlite::Result<()> {
        let reserved = from + BLOCK;
        connection
            .prepare_cached("UPDATE meta SET value = ?1 WHERE name = 'next_sequence'")?
            .execute([reserved.cast_signed()])?;
        self.reserved = reserved;
        Ok(())
    }

    /// The transaction came to nothing, and a reservation in it. Numbers taken stay taken.
    pub(crate) fn roll_back(&mut self, before: Self) {
        self.reserved = before.reserved;
    }
}
