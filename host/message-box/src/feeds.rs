//! All feeds and all leases, under one lock that is held for moments and never across IO.
//!
//! A message is in one place at a time: in a feed's `ready`, under a lease, or only in the database.
//! Both kinds of memory change under the same lock, so none can be lost or doubled between them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{MessageId, PortName, Timestamp, TransportSlot, Verdict};
use tokio::sync::Notify;

use crate::Error;
use crate::claim::{Claim, Leased};
use crate::feed::{Admission, Capacity, Feed, Place, Reading, Waiting};
use crate::leases::Leases;
use crate::settle::Settlement;

#[derive(Debug)]
pub(crate) struct Feeds {
    capacity: Capacity,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    /// By port, one per transport, the primary first.
    numbers: HashMap<PortName, [Option<usize>; 2]>,
    feeds: Vec<Feed>,
    leases: Leases,
}

impl Feeds {
    pub(crate) fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
        }
    }

    /// The number of the feed of a port and transport, made on the first call, and its bell.
    pub(crate) fn open(&self, port: &PortName, slot: TransportSlot) -> (usize, Arc<Notify>) {
        let mut state = self.lock();
        let number = match state.number(port, slot) {
            Some(number) => number,
            None => {
                let number = state.feeds.len();
                state.feeds.push(Feed::new(self.capacity));
                state.leases.add_feed();
                let numbers = state.numbers.entry(port.clone()).or_default();
                numbers[slot.index()] = Some(number);
                number
            }
        };
        (number, Arc::clone(&state.feeds[number].changed))
    }

    /// Nothing is handed out any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Serves a claim from memory; `None` when the database must be read first.
    pub(crate) fn claim(
        &self,
        feed: usize,
        limit: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Claim>, Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        state.expire(feed, now);
        Ok(match state.feeds[feed].reading(limit, now) {
            Some(_) => None,
            None => Some(state.take(feed, limit, until)),
        })
    }

    /// Serves what is in memory after the database was read.
    pub(crate) fn take(&self, feed: usize, limit: usize, until: Timestamp) -> Result<Claim, Error> {
        let mut state = self.lock();
        if state.closed {
            return Err(Error::Closed);
        }
        Ok(state.take(feed, limit, until))
    }

    /// What the writer has to read for a claim, if anything is still missing.
    pub(crate) fn begin_reading(
        &self,
        feed: usize,
        limit: usize,
        now: Timestamp,
    ) -> Option<Reading> {
        let feed = &mut self.lock().feeds[feed];
        let reading = feed.reading(limit, now)?;
        feed.begin_reading();
        Some(reading)
    }

    pub(crate) fn admission(&self, feed: usize, place: Place, reading: Reading) -> Admission {
        let state = self.lock();
        if state.leases.is_held(place.sequence()) {
            return Admission::Known;
        }
        state.feeds[feed].admission(place, reading)
    }

    pub(crate) fn insert(&self, feed: usize, waiting: Waiting) {
        self.lock().feeds[feed].insert(waiting);
    }

    pub(crate) fn end_reading(
        &self,
        feed: usize,
        reading: Reading,
        more: bool,
        next_due: Option<Timestamp>,
    ) {
        self.lock().feeds[feed].end_reading(reading, more, next_due);
    }

    /// Messages in the database become available at that time, by what was just committed.
    pub(crate) fn schedule(&self, port: &PortName, slot: TransportSlot, due: Timestamp) {
        let mut state = self.lock();
        if let Some(number) = state.number(port, slot) {
            let feed = &mut state.feeds[number];
            feed.schedule(due);
            feed.changed.notify_one();
        }
    }

    /// Freshly published messages, after their commit. Only asked to make them when somebody listens.
    pub(crate) fn offer<I: IntoIterator<Item = Waiting>>(
        &self,
        port: &PortName,
        messages: impl FnOnce() -> I,
    ) {
        let mut state = self.lock();
        let Some(number) = state.number(port, TransportSlot::Primary) else {
            return;
        };
        let feed = &mut state.feeds[number];
        for waiting in messages() {
            feed.offer(waiting);
        }
        feed.changed.notify_one();
    }

    /// Checks all leases and holds the messages for the settlement, or names those that are not held.
    pub(crate) fn begin_settling(
        &self,
        settlements: &[Settlement],
        box_id: u64,
    ) -> Result<Vec<Waiting>, Vec<MessageId>> {
        let mut state = self.lock();
        let mut held = Vec::with_capacity(settlements.len());
        let mut strangers = Vec::new();
        for Settlement { id, lease, .. } in settlements {
            let known = (id.box_id() == box_id)
                .then(|| state.leases.begin_settling(id.sequence(), *lease))
                .flatten();
            match known {
                Some(waiting) => held.push(waiting),
                None => strangers.push(*id),
            }
        }
        if strangers.is_empty() {
            return Ok(held);
        }
        for waiting in held {
            state.leases.cancel_settling(waiting.sequence());
        }
        Err(strangers)
    }

    /// The transaction failed; every lease is as it was.
    pub(crate) fn cancel_settling(&self, settlements: &[Settlement]) {
        let mut state = self.lock();
        for settlement in settlements {
            state.leases.cancel_settling(settlement.id.sequence());
        }
    }

    /// The transaction is on disk: leases end, and what can be delivered again is offered.
    pub(crate) fn end_settling(&self, settlements: &[Settlement]) {
        let mut state = self.lock();
        for settlement in settlements {
            state.end(settlement);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&self, port: &PortName, slot: TransportSlot) -> Option<usize> {
        self.numbers.get(port).and_then(|slots| slots[slot.index()])
    }

    fn expire(&mut self, feed: usize, now: Timestamp) {
        for waiting in self.leases.expire(feed, now) {
            self.feeds[feed].offer(waiting);
        }
    }

    fn take(&mut self, number: usize, limit: usize, until: Timestamp) -> Claim {
        let feed = &mut self.feeds[number];
        let mut messages = Vec::with_capacity(limit.min(64));
        while messages.len() < limit {
            let Some(waiting) = feed.pop() else { break };
            let message = Arc::clone(&waiting.message);
            messages.push(Leased {
                alone: self.leases.is_alone(waiting.sequence()),
                lease: self.leases.grant(number, waiting, until),
                message,
            });
        }
        if feed.is_short_of(limit - messages.len()) {
            // Memory ended before the database did: the caller must not wait for a publish.
            feed.changed.notify_one();
        }
        let expiry = self.leases.next_expiry(number);
        Claim {
            messages,
            next_due: feed.next_due().into_iter().chain(expiry).min(),
        }
    }

    fn end(&mut self, settlement: &Settlement) {
        let sequence = settlement.id.sequence();
        let Some((number, waiting)) = self.leases.end_settling(sequence) else {
            return;
        };
        let feed = &mut self.feeds[number];
        match &settlement.verdict {
            Verdict::Release { alone } => {
                if *alone {
                    self.leases.set_alone(sequence, true);
                }
                feed.offer(waiting);
                feed.changed.notify_one();
            }
            Verdict::Resubmit { due, .. } => {
                self.leases.set_alone(sequence, false);
                feed.schedule(*due);
                feed.changed.notify_one();
            }
            // On the backup, the message is free again; that feed is told by the round's alarms.
            Verdict::NextTransport { .. }
            | Verdict::Delete
            | Verdict::Route(_)
            | Verdict::Suspend { .. } => self.leases.set_alone(sequence, false),
        }
    }
}
