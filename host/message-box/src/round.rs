//! What the writes of one transaction share: the numbers they use up and the counters they add to.

use std::collections::HashMap;

use model::PortName;
use rusqlite::Connection;

use crate::Error;
use crate::feeds::Feeds;
use crate::files::Location;
use crate::room::{Left, Limit, Room};

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
    pub(crate) ports: &'a HashMap<PortName, i64>,
    pub(crate) sequence: &'a mut Sequence,
    pub(crate) tally: Tally,
    pub(crate) room: &'a Room,
    /// What may still be published, once somebody has looked.
    pub(crate) left: Option<Left>,
}

impl Round<'_> {
    /// The row of the port.
    pub(crate) fn port(&self, name: &PortName) -> i64 {
        *self
            .ports
            .get(name)
            .expect("ports are read at the start and added before the first publish")
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

/// Changes to the counters of ports, written once at the end of the transaction.
#[derive(Debug, Default)]
pub(crate) struct Tally(Vec<(i64, Counters)>);

#[derive(Debug, Default)]
struct Counters {
    accepted: u64,
    delivered: u64,
    bytes_in: u64,
    bytes_out: u64,
}

impl Tally {
    pub(crate) fn accepted(&mut self, port: i64, messages: usize, bytes: u64) {
        let counters = self.of(port);
        counters.accepted += messages as u64;
        counters.bytes_in += bytes;
    }

    pub(crate) fn delivered(&mut self, port: i64, bytes: u64) {
        let counters = self.of(port);
        counters.delivered += 1;
        counters.bytes_out += bytes;
    }

    pub(crate) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut update = connection.prepare_cached(
            "UPDATE port SET accepted = accepted + ?2, delivered = delivered + ?3, \
             bytes = bytes + ?4 - ?5 WHERE id = ?1",
        )?;
        for (port, counters) in &self.0 {
            update.execute((
                port,
                counters.accepted.cast_signed(),
                counters.delivered.cast_signed(),
                counters.bytes_in.cast_signed(),
                counters.bytes_out.cast_signed(),
            ))?;
        }
        Ok(())
    }

    /// Few ports take part in one transaction, so a search beats a map.
    fn of(&mut self, port: i64) -> &mut Counters {
        let index = match self.0.iter().position(|(id, _)| *id == port) {
            Some(index) => index,
            None => {
                self.0.push((port, Counters::default()));
                self.0.len() - 1
            }
        };
        &mut self.0[index].1
    }
}
