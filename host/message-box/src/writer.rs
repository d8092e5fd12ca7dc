//! The thread that owns the read-write connection. It takes what has queued up, commits it in one
//! transaction for all callers at once (group commit), and only then answers.
//!
//! When a transaction fails, everything in it is tried again on its own, settlements first, so that one
//! caller's failure is never another's. The thread ends when the box is closed or its last handle is
//! dropped; the lock on the directory ends with it.

use std::slice;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::Receiver;

use model::Timestamp;
use rusqlite::{Connection, ErrorCode};

use crate::Error;
use crate::claim::Fill;
use crate::command::{Audience, Command, Outcome, Reply, Write};
use crate::feeds::Feeds;
use crate::files::{Location, Lock};
use crate::fill::Source;
use crate::ports::Ports;
use crate::reader::Reader;
use crate::response::Purge;
use crate::room::Room;
use crate::round::{Alarms, Round, Sequence};
use crate::tally::Tally;
use crate::waiters::Waiters;

/// A transaction is closed at this many rows or bytes. More per commit gains little beyond some hundred
/// rows, and everybody in it waits for the slowest.
const ROUND_ROWS: usize = 1024;
const ROUND_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) location: Location,
    pub(crate) lock: Lock,
    pub(crate) queue: Receiver<Command>,
    pub(crate) feeds: Arc<Feeds>,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) bodies: Reader,
    pub(crate) box_id: u64,
    pub(crate) ports: Arc<Ports>,
    pub(crate) sequence: Sequence,
    pub(crate) next_body: Arc<AtomicU64>,
    pub(crate) inline_limit: usize,
    pub(crate) room: Room,
    pub(crate) purge: Purge,
}

/// What one turn of the loop has taken from the queue.
#[derive(Default)]
struct Taken {
    writes: Vec<Write>,
    fills: Vec<Fill>,
    barriers: Vec<Reply<()>>,
    end: Option<End>,
    rows: usize,
    bytes: u64,
}

enum End {
    Close(Reply<()>),
    Stop,
}

impl Taken {
    fn add(&mut self, command: Command) {
        match command {
            Command::Write(write) => {
                self.rows += write.rows();
                self.bytes += write.bytes();
                self.writes.push(write);
            }
            Command::Fill(fill) => self.fills.push(fill),
            Command::Barrier(reply) => self.barriers.push(reply),
            Command::Close(reply) => self.end = Some(End::Close(reply)),
            Command::Stop => self.end = Some(End::Stop),
        }
    }

    fn is_enough(&self) -> bool {
        self.end.is_some() || self.rows >= ROUND_ROWS || self.bytes >= ROUND_BYTES
    }
}

impl Writer {
    /// The thread's whole life.
    pub(crate) fn run(mut self) {
        while let Ok(first) = self.queue.recv() {
            let mut taken = Taken::default();
            taken.add(first);
            while !taken.is_enough()
                && let Ok(next) = self.queue.try_recv()
            {
                taken.add(next);
            }
            self.write(taken.writes);
            // After the commit: a fill sees no row that may still vanish.
            for fill in taken.fills {
                self.fill(fill);
            }
            for reply in taken.barriers {
                // A caller that has gone away needs no answer.
                drop(reply.send(Ok(())));
            }
            match taken.end {
                Some(End::Close(reply)) => return self.close(reply),
                Some(End::Stop) => return,
                None => {}
            }
        }
    }

    fn write(&mut self, writes: Vec<Write>) {
        if writes.is_empty() {
            return;
        }
        let now = writes.iter().filter_map(Write::now).max();
        self.write_all(writes);
        if let Some(now) = now {
            self.purge(now);
        }
    }

    fn write_all(&mut self, writes: Vec<Write>) {
        match self.commit(&writes) {
            Ok(outcomes) => self.committed(writes, outcomes),
            Err(error) => {
                tracing::debug!(%error, writes = writes.len(), "transaction failed; trying one by one");
                let (first, then): (Vec<_>, Vec<_>) =
                    writes.into_iter().partition(Write::makes_room);
                for write in first.into_iter().chain(then) {
                    self.write_alone(write);
                }
            }
        }
    }

    fn write_alone(&mut self, write: Write) {
        let mut result = self.commit(slice::from_ref(&write));
        if write.makes_room() && result.as_ref().is_err_and(is_full) {
            // The log could not grow. Once it is written back it starts again at its beginning and needs
            // no new space on the disk.
            drop(self.checkpoint("PRAGMA wal_checkpoint(RESTART)"));
            result = self.commit(slice::from_ref(&write));
        }
        match result {
            Ok(outcomes) => self.committed(vec![write], outcomes),
            Err(error) => write.failed(self.explain(error)),
        }
    }

    /// One transaction with all writes, or none of them.
    fn commit(&mut self, writes: &[Write]) -> rusqlite::Result<Vec<Outcome>> {
        let before = self.sequence;
        let mut outcomes = Vec::with_capacity(writes.len());
        let result = self.transact(writes, &mut outcomes);
        if result.is_err() {
            if !self.connection.is_autocommit()
                && let Err(error) = self.connection.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "cannot roll back");
            }
            self.sequence.roll_back(before);
            for (write, outcome) in writes.iter().zip(&outcomes) {
                write.cancel(outcome, &self.feeds);
            }
        }
        result.map(|()| outcomes)
    }

    fn transact(&mut self, writes: &[Write], outcomes: &mut Vec<Outcome>) -> rusqlite::Result<()> {
        let connection = &self.connection;
        execute(connection, "BEGIN IMMEDIATE")?;
        let mut round = Round {
            connection,
            location: &self.location,
            feeds: &self.feeds,
            box_id: self.box_id,
            ports: &self.ports,
            sequence: &mut self.sequence,
            next_body: &self.next_body,
            inline_limit: self.inline_limit,
            tally: Tally::default(),
            room: &self.room,
            left: None,
            new_ports: Vec::new(),
            alarms: Alarms::default(),
        };
        for write in writes {
            outcomes.push(write.apply(&mut round)?);
        }
        round.tally.write(connection)?;
        execute(connection, "COMMIT")?;
        let Round {
            new_ports,
            tally,
            alarms,
            ..
        } = round;
        self.ports.committed(new_ports, &tally);
        // Whoever is rung here asks this thread to read, which it does after `committed`.
        alarms.ring(&self.feeds);
        Ok(())
    }

    fn committed(&self, writes: Vec<Write>, outcomes: Vec<Outcome>) {
        let audience = Audience {
            feeds: &self.feeds,
            waiters: &self.waiters,
            bodies: &self.bodies,
            box_id: self.box_id,
        };
        for (write, outcome) in writes.into_iter().zip(outcomes) {
            write.committed(outcome, &audience);
        }
    }

    /// Now and then removes responses whose time is over.
    fn purge(&mut self, now: Timestamp) {
        if let Err(error) = self.purge.run(&self.connection, now) {
            tracing::debug!(%error, "could not remove old responses yet");
        }
    }

    fn fill(&self, fill: Fill) {
        // An earlier fill of this turn, or a publish, may have brought what was missing.
        let reading = self.feeds.begin_reading(fill.feed, fill.limit, fill.now);
        let Some(reading) = reading else {
            drop(fill.reply.send(Ok(())));
            return;
        };
        let filled = match self.ports.id(&fill.port) {
            Some(port_id) => Source {
                connection: &self.connection,
                bodies: &self.bodies,
                box_id: self.box_id,
                port: &fill.port,
                port_id,
                slot: fill.slot,
            }
            .fill(&self.feeds, fill.feed, reading, fill.now),
            None => {
                self.feeds.end_reading(fill.feed, reading, false, None);
                Ok(())
            }
        };
        // A claimer that has gone away leaves what was read for the next one.
        drop(fill.reply.send(filled.map_err(|error| self.explain(error))));
    }

    fn close(self, reply: Reply<()>) {
        let result = self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)");
        let result = result.map_err(|error| self.explain(error));
        let Self {
            connection, lock, ..
        } = self;
        drop(connection);
        // The caller may open the box again as soon as it has the answer.
        drop(lock);
        drop(reply.send(result));
    }

    fn checkpoint(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.query_row(sql, [], |_| Ok(()))
    }

    fn explain(&self, error: rusqlite::Error) -> Error {
        if is_full(&error) && self.room.is_used_up(&self.connection) {
            return self.location.full();
        }
        self.location.error(error)
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}
