//! The table of messages that were handed to a pool and are not settled yet, and the rule that each of
//! them is resolved once.
//!
//! Owned by one loop, so that the order in which reports arrive is the order in which they count. An
//! entry is known by message *and* lease: a message may be claimed again before the loop has seen that
//! its last settlement was committed, and the late news must not remove the new entry.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;
use std::time::Duration;

use message_box::Lease;
use model::{Message, MessageId, Outcome};
use tokio::time::Instant;

/// What is needed to settle a message.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) lease: Lease,
    pub(crate) message: Arc<Message>,
    /// The route it went by,
    pub(crate) route: usize,
    /// and which of the route's pools has it.
    pub(crate) pool: usize,
}

/// What an outcome that nobody waits for leads to.
#[derive(Debug)]
pub(crate) enum Resolution {
    /// It is the first: settle it. The outcome comes back with what is needed for that.
    Counts(Held, Outcome),
    /// An outcome batch is being committed for the message; this outcome counts should that fail.
    Deferred,
    /// The message is not here, or its fate is decided: too late.
    TooLate,
}

#[derive(Debug)]
struct Entry {
    held: Held,
    since: Instant,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Nothing was heard yet.
    WithAdapter,
    /// In an outcome batch that is being committed. What was reported beside it is kept.
    InBatch(Option<Outcome>),
    /// Decided; leaves when the settlement is committed.
    Decided,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Unresolved {
    entries: HashMap<MessageId, Entry>,
}

impl Unresolved {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Enters a claimed message. False when an adapter still has it: its lease ran out (a clock was set,
    /// say), and the new lease takes the place of the old one instead of a second delivery.
    pub(crate) fn enter(&mut self, id: MessageId, held: Held, now: Instant) -> bool {
        let entry = |held| Entry {
            held,
            since: now,
            phase: Phase::WithAdapter,
        };
        match self.entries.entry(id) {
            Slot::Vacant(slot) => {
                slot.insert(entry(held));
                true
            }
            Slot::Occupied(mut slot) => match slot.get().phase {
                Phase::WithAdapter => {
                    slot.get_mut().held.lease = held.lease;
                    false
                }
                // Decided before, or else it could not have been claimed: the news is on its way.
                Phase::InBatch(_) | Phase::Decided => {
                    slot.insert(entry(held));
                    true
                }
            },
        }
    }

    /// An outcome that nobody waits for.
    pub(crate) fn resolve(&mut self, id: MessageId, outcome: Outcome) -> Resolution {
        let Some(entry) = self.entries.get_mut(&id) else {
            return Resolution::TooLate;
        };
        match &mut entry.phase {
            Phase::WithAdapter => {
                entry.phase = Phase::Decided;
                Resolution::Counts(entry.held.clone(), outcome)
            }
            Phase::InBatch(deferred @ None) => {
                *deferred = Some(outcome);
                Resolution::Deferred
            }
            Phase::InBatch(Some(_)) | Phase::Decided => Resolution::TooLate,
        }
    }

    /// Takes these for an outcome batch; `None` for each that is not the adapter's to decide about. No id
    /// may be there twice.
    pub(crate) fn take_batch(&mut self, ids: &[MessageId]) -> Vec<Option<Held>> {
        let entries = &mut self.entries;
        let take = |id| match entries.get_mut(id)? {
            entry @ Entry {
                phase: Phase::WithAdapter,
                ..
            } => {
                entry.phase = Phase::InBatch(None);
                Some(entry.held.clone())
            }
            _ => None,
        };
        ids.iter().map(take).collect()
    }

    /// The transaction of this message took no effect: it is the adapter's again. Returns what was reported
    /// about it meanwhile.
    pub(crate) fn give_back(&mut self, id: MessageId, lease: Lease) -> Option<Outcome> {
        let entry = self.entries.get_mut(&id)?;
        if entry.held.lease != lease {
            return None;
        }
        match std::mem::replace(&mut entry.phase, Phase::WithAdapter) {
            Phase::InBatch(deferred) => deferred,
            other => {
                entry.phase = other;
                None
            }
        }
    }

    /// Its settlement is committed, or refused for good. `None` when it is not here under this lease.
    pub(crate) fn remove(&mut self, id: MessageId, lease: Lease) -> Option<Held> {
        match self.entries.entry(id) {
            Slot::Occupied(slot) if slot.get().held.lease == lease => Some(slot.remove().held),
            _ => None,
        }
    }

    /// Messages that an adapter has had for longer than `limit`.
    pub(crate) fn overdue(&self, limit: Duration, now: Instant) -> Vec<MessageId> {
        self.with_adapter(|entry| now.duration_since(entry.since) > limit)
    }

    /// Messages of which nothing was heard.
    pub(crate) fn unheard(&self) -> Vec<MessageId> {
        self.with_adapter(|_| true)
    }

    /// Every message here.
    pub(crate) fn ids(&self) -> impl Iterator<Item = MessageId> {
        self.entries.keys().copied()
    }

    /// Route and pool of every message here.
    pub(crate) fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.entries
            .values()
            .map(|entry| (entry.held.route, entry.held.pool))
    }

    fn with_adapter(&self, is_meant: impl Fn(&Entry) -> bool) -> Vec<MessageId> {
        let entries = self.entries.iter();
        entries
            .filter(|(_, e)| matches!(e.phase, Phase::WithAdapter) && is_meant(e))
            .map(|(id, _)| *id)
            .collect()
    }
}
