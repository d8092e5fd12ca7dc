//! The model: what must be true of the messages of one port.

use std::collections::BTreeMap;

use super::*;
use crate::Lease;

/// A message as the model knows it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) priority: i64,
    pub(super) lane: Option<u8>,
    pub(super) due: Timestamp,
    pub(super) slot: TransportSlot,
    pub(super) attempts: u32,
    pub(super) earlier: u32,
    /// Whether it may be resumed, when it is suspended.
    pub(super) suspended: Option<bool>,
    pub(super) edits: usize,
    pub(super) lease: Option<(Lease, Timestamp)>,
}

/// All of them. Those that are gone are gone.
#[derive(Debug, Default)]
pub(super) struct Rows(pub(super) BTreeMap<MessageId, Row>);

impl Rows {
    pub(super) fn add(
        &mut self,
        id: MessageId,
        (priority, lane): (i64, Option<u8>),
        now: Timestamp,
    ) {
        let row = Row {
            priority,
            lane,
            due: now,
            slot: TransportSlot::Primary,
            attempts: 0,
            earlier: 0,
            suspended: None,
            edits: 0,
            lease: None,
        };
        assert!(self.0.insert(id, row).is_none(), "{id} was used twice");
    }

    pub(super) fn pending(&self) -> u64 {
        let pending = self.0.values().filter(|row| row.suspended.is_none());
        pending.count() as u64
    }

    pub(super) fn suspended(&self) -> u64 {
        self.0.len() as u64 - self.pending()
    }

    /// The oldest of its lane, or in none.
    pub(super) fn is_head(&self, id: MessageId) -> bool {
        let lane = self.0[&id].lane;
        let mut before = self.0.range(..id);
        lane.is_none() || before.all(|(_, other)| other.lane != lane)
    }

    /// Pending messages that may be delivered by this transport, now or later.
    pub(super) fn deliverable(
        &self,
        slot: TransportSlot,
    ) -> impl Iterator<Item = (MessageId, &Row)> {
        let rows = self.0.iter().map(|(id, row)| (*id, row));
        rows.filter(move |(id, row)| {
            row.suspended.is_none() && row.slot == slot && self.is_head(*id)
        })
    }

    /// What a claim must bring, in this order.
    pub(super) fn available(&self, slot: TransportSlot, now: Timestamp) -> Vec<MessageId> {
        let mut free: Vec<_> = self
            .deliverable(slot)
            .filter(|(_, row)| row.due <= now && row.lease.is_none())
            .map(|(id, row)| (row.due.0 + (row.priority - 5) * 60_000, id))
            .collect();
        free.sort();
        free.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn apply(&mut self, id: MessageId, verdict: &Verdict, now: Timestamp) {
        let row = self.0.get_mut(&id).unwrap();
        row.lease = None;
        match verdict {
            Verdict::Delete | Verdict::Route(_) => self.remove(id, now),
            Verdict::Resubmit { due, attempts, .. } => {
                row.due = *due;
                row.attempts = *attempts;
            }
            Verdict::NextTransport { attempts, .. } => {
                row.slot = TransportSlot::Backup;
                row.due = now;
                row.earlier += attempts;
                row.attempts = 0;
            }
            Verdict::Suspend {
                attempts,
                resumable,
                ..
            } => {
                row.suspended = Some(*resumable);
                row.attempts = *attempts;
                if !resumable {
                    let lane = row.lane.take();
                    self.succeed(lane, now);
                }
            }
            Verdict::Release { .. } => {}
        }
    }

    pub(super) fn resume(&mut self, id: MessageId, now: Timestamp) {
        let row = self.0.get_mut(&id).unwrap();
        row.suspended = None;
        row.slot = TransportSlot::Primary;
        row.due = now;
        row.earlier += row.attempts;
        row.attempts = 0;
    }

    pub(super) fn remove(&mut self, id: MessageId, now: Timestamp) {
        let lane = self.0.remove(&id).and_then(|row| row.lane);
        self.succeed(lane, now);
    }

    /// The next one of the lane is due when it becomes the head, not earlier.
    fn succeed(&mut self, lane: Option<u8>, now: Timestamp) {
        let rows = self.0.values_mut();
        let mut rows = rows.filter(|row| lane.is_some() && row.lane == lane);
        if let Some(row) = rows.next() {
            row.due = row.due.max(now);
        }
    }
}
