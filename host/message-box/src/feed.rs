//! The feed of one port and transport: the messages that go out next by that way, in memory. Pure rules;
//! no SQL, no lock.
//!
//! - The order of delivery is by *rank*, then by sequence. The rank is the due time, moved by one minute
//!   for every step of priority: a message overtakes what came less than a minute per step before it,
//!   and none waits for ever because more urgent ones keep coming.
//! - `ready` is always a *prefix* of the due and unleased messages in that order. `backlog` says that more of them may be in the database. So serving `ready`
//!   from the front is always right, and throwing away its end is always safe.
//! - A message that becomes available (published, released, lease expired) is *offered*. With a backlog
//!   it is taken only when it comes before the end of `ready`; otherwise it would overtake. What is
//!   declined stays in the database and sets `backlog`.
//! - Messages due in the future are never in memory. `next_due` is not later than the earliest of them;
//!   once it has passed, the database is asked before anything is served.
//! - The database is read by the writer's thread only (see `fill`), while `offer` may come from any
//!   thread. What is declined or thrown out during a read may have been passed over by it, so it is
//!   remembered (`missed`) and keeps `backlog` up.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Body, Message, Priority, Timestamp};
use tokio::sync::Notify;

/// Memory that a stored body or a message without body is taken to need.
const MESSAGE_BYTES: usize = 512;

/// What one step of priority is worth, in milliseconds of due time.
pub(crate) const PRIORITY_STEP: i64 = 60_000;

/// Where a message stands in the order of delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    rank: i64,
    sequence: u64,
}

impl Place {
    pub(crate) fn new(priority: u8, due: Timestamp, sequence: u64) -> Self {
        let steps = i64::from(priority) - i64::from(Priority::default().get());
        Self {
            rank: due.0.saturating_add(steps * PRIORITY_STEP),
            sequence,
        }
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// A message with what the box must know about its row.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) message: Arc<Message>,
    pub(crate) due: Timestamp,
    /// Names the pieces of a stored body.
    pub(crate) body_id: Option<u64>,
    /// A person has changed it, so that there is an original to remove with it.
    pub(crate) edited: bool,
}

impl Waiting {
    pub(crate) fn sequence(&self) -> u64 {
        self.message.id.sequence()
    }

    fn place(&self) -> Place {
        Place::new(self.message.priority.get(), self.due, self.sequence())
    }

    fn bytes(&self) -> usize {
        let body = match &self.message.body {
            Body::Inline(bytes) => bytes.len(),
            Body::Stored { .. } => 0,
        };
        let properties = self.message.properties.iter();
        let lane = self.message.lane.as_ref().map_or(0, |lane| lane.len());
        MESSAGE_BYTES + body + lane + properties.map(|(n, v)| n.len() + v.len()).sum::<usize>()
    }
}

/// What a feed may keep in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// What to read from the database for a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Everything that is due, from the first to where memory ends.
    Backlog,
    /// What came due since this time, to be sorted in.
    CameDue(Timestamp),
}

/// Whether a row found in the database belongs into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Yes.
    Wanted,
    /// It is there already, or leased.
    Known,
    /// No, and neither does any row after it.
    Beyond,
}

#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) changed: Arc<Notify>,
    capacity: Capacity,
    ready: BTreeMap<Place, Waiting>,
    bytes: usize,
    backlog: bool,
    missed: bool,
    next_due: Option<Timestamp>,
}

impl Feed {
    /// A feed that knows nothing yet: the port may have any number of messages in the database.
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self {
            changed: Arc::default(),
            capacity,
            ready: BTreeMap::new(),
            bytes: 0,
            backlog: true,
            missed: false,
            next_due: None,
        }
    }

    /// What must be read before `limit` messages can be served in the right order.
    pub(crate) fn reading(&self, limit: usize, now: Timestamp) -> Option<Reading> {
        if self.is_short_of(limit) {
            return Some(Reading::Backlog);
        }
        self.next_due
            .filter(|due| *due <= now)
            .map(Reading::CameDue)
    }

    /// Fewer than `limit` in memory, and maybe more in the database.
    pub(crate) fn is_short_of(&self, limit: usize) -> bool {
        self.backlog && self.ready.len() < limit
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.next_due
    }

    /// The first message in order of delivery.
    pub(crate) fn pop(&mut self) -> Option<Waiting> {
        let (_, waiting) = self.ready.pop_first()?;
        self.bytes -= waiting.bytes();
        Some(waiting)
    }

    /// A message has become available: remembers it, or that the database has it.
    pub(crate) fn offer(&mut self, waiting: Waiting) {
        if self.backlog && self.is_after_all(waiting.place()) {
            self.decline();
        } else {
            self.insert(waiting);
        }
    }

    /// A message that is due later is in the database.
    pub(crate) fn schedule(&mut self, due: Timestamp) {
        self.next_due = Some(self.next_due.map_or(due, |earlier| earlier.min(due)));
    }

    /// A read of the database begins.
    pub(crate) fn begin_reading(&mut self) {
        self.missed = false;
    }

    /// Judges a row that the current read has found. Rows come in the order of delivery.
    pub(crate) fn admission(&self, place: Place, reading: Reading) -> Admission {
        if self.ready.contains_key(&place) {
            return Admission::Known;
        }
        // A whole read goes on where `ready` ends; a partial one must not leave a gap behind it.
        let ends = reading != Reading::Backlog && self.backlog || self.is_full();
        if ends && self.is_after_all(place) {
            Admission::Beyond
        } else {
            Admission::Wanted
        }
    }

    /// Adds a message in its place; what no longer fits leaves at the end.
    pub(crate) fn insert(&mut self, waiting: Waiting) {
        self.bytes += waiting.bytes();
        self.ready.insert(waiting.place(), waiting);
        while self.ready.len() > 1
            && (self.ready.len() > self.capacity.messages || self.bytes > self.capacity.bytes)
        {
            if let Some((_, last)) = self.ready.pop_last() {
                self.bytes -= last.bytes();
            }
            self.decline();
        }
    }

    /// A read has ended; `more` when it stopped before the last due row.
    pub(crate) fn end_reading(
        &mut self,
        reading: Reading,
        more: bool,
        next_due: Option<Timestamp>,
    ) {
        self.backlog = match reading {
            Reading::Backlog => more || self.missed,
            Reading::CameDue(_) => more || self.backlog,
        };
        self.next_due = next_due;
    }

    fn decline(&mut self) {
        self.backlog = true;
        self.missed = true;
    }

    fn is_full(&self) -> bool {
        self.ready.len() >= self.capacity.messages || self.bytes >= self.capacity.bytes
    }

    fn is_after_all(&self, place: Place) -> bool {
        self.ready
            .last_key_value()
            .is_none_or(|(last, _)| place > *last)
    }
}
