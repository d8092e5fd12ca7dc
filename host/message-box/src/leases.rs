//! Who holds which message until when. In memory only: the box has one owner, and when that dies, every
//! message is free again (B101, B103). Knows nothing of ports' feeds beyond their number.

use std::collections::{HashMap, HashSet};

use model::Timestamp;

use crate::feed::Waiting;

/// The right to settle one message, valid until it expires or the message is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease(u64);

#[derive(Debug)]
struct Held {
    lease: Lease,
    feed: usize,
    until: Timestamp,
    /// A settlement is on its way to the disk; until it has arrived or failed, nobody else may have it.
    settling: bool,
    waiting: Waiting,
}

#[derive(Debug, Default)]
pub(crate) struct Leases {
    last: u64,
    held: HashMap<u64, Held>,
    /// Messages to be delivered with no other one beside them, until they are settled otherwise.
    alone: HashSet<u64>,
    /// Per feed, a time before which none of its leases expires. May be early, never late.
    expiries: Vec<Option<Timestamp>>,
}

impl Leases {
    /// Room for one more feed.
    pub(crate) fn add_feed(&mut self) {
        self.expiries.push(None);
    }

    /// Leases a message that is free.
    pub(crate) fn grant(&mut self, feed: usize, waiting: Waiting, until: Timestamp) -> Lease {
        self.last += 1;
        let lease = Lease(self.last);
        self.expect_expiry(feed, until);
        let held = Held {
            lease,
            feed,
            until,
            settling: false,
            waiting,
        };
        self.held.insert(held.waiting.sequence(), held);
        lease
    }

    pub(crate) fn is_held(&self, sequence: u64) -> bool {
        self.held.contains_key(&sequence)
    }

    pub(crate) fn is_alone(&self, sequence: u64) -> bool {
        self.alone.contains(&sequence)
    }

    /// From now on the message is delivered alone, or no longer.
    pub(crate) fn set_alone(&mut self, sequence: u64, alone: bool) {
        if alone {
            self.alone.insert(sequence);
        } else {
            self.alone.remove(&sequence);
        }
    }

    /// No lease of the feed expires before this time.
    pub(crate) fn next_expiry(&self, feed: usize) -> Option<Timestamp> {
        self.expiries[feed]
    }

    /// Ends the leases of a feed whose time is up.
    pub(crate) fn expire(&mut self, feed: usize, now: Timestamp) -> Vec<Waiting> {
        if self.expiries[feed].is_none_or(|earliest| earliest > now) {
            return Vec::new();
        }
        // Rare: about once per lease time, because the estimate is exact again afterwards.
        let mut earliest: Option<Timestamp> = None;
        let expired = self.held.extract_if(|_, held| {
            if held.feed != feed || held.settling {
                return false;
            }
            if held.until > now {
                earliest = Some(earliest.map_or(held.until, |e| e.min(held.until)));
            }
            held.until <= now
        });
        let expired = expired.map(|(_, held)| held.waiting).collect();
        self.expiries[feed] = earliest;
        expired
    }

    /// Marks a message as being settled when it is held under this very lease.
    pub(crate) fn begin_settling(&mut self, sequence: u64, lease: Lease) -> Option<Waiting> {
        let held = self.held.get_mut(&sequence)?;
        if held.lease != lease || held.settling {
            return None;
        }
        held.settling = true;
        Some(held.waiting.clone())
    }

    /// The settlement did not happen: the lease is as it was.
    pub(crate) fn cancel_settling(&mut self, sequence: u64) {
        if let Some(held) = self.held.get_mut(&sequence) {
            held.settling = false;
            let (feed, until) = (held.feed, held.until);
            self.expect_expiry(feed, until);
        }
    }

    /// The settlement has happened: the lease is gone.
    pub(crate) fn end_settling(&mut self, sequence: u64) -> Option<(usize, Waiting)> {
        let held = self.held.remove(&sequence)?;
        Some((held.feed, held.waiting))
    }

    fn expect_expiry(&mut self, feed: usize, until: Timestamp) {
        let earliest = &mut self.expiries[feed];
        *earliest = Some(earliest.map_or(until, |e| e.min(until)));
    }
}
