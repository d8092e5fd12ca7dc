//! The box and the model side by side: every step is done to both, and what can be seen must be the same.

use std::collections::BTreeMap;

use model::Emission;
use tokio::runtime::{Builder, Runtime};

use super::rows::Rows;
use super::*;
use crate::{Lease, MessageState, Refusal, Selection, SuspendedFilter};

pub(super) struct World {
    runtime: Runtime,
    fixture: Fixture,
    capacity: usize,
    message_box: Option<MessageBox>,
    feeds: Vec<PortFeed>,
    now: Timestamp,
    rows: Rows,
    /// Every id ever given.
    known: Vec<MessageId>,
    /// Every lease ever given, valid or not.
    given: Vec<(MessageId, Lease)>,
    /// The lanes of messages that were routed away, in order.
    routed: Vec<u8>,
    delivered: u64,
    terminated: u64,
}

impl World {
    pub(super) fn new(capacity: usize) -> Self {
        let mut world = Self {
            runtime: Builder::new_current_thread().build().unwrap(),
            fixture: Fixture::new(),
            capacity,
            message_box: None,
            feeds: Vec::new(),
            now: START,
            rows: Rows::default(),
            known: Vec::new(),
            given: Vec::new(),
            routed: Vec::new(),
            delivered: 0,
            terminated: 0,
        };
        world.reopen();
        world
    }

    fn message_box(&self) -> &MessageBox {
        self.message_box.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.feeds.clear();
        self.message_box = None;
        let config = Config {
            feed_capacity: self.capacity,
            ..self.fixture.config()
        };
        let message_box = MessageBox::open(config).unwrap();
        let feed = |slot| message_box.feed(&port("p"), slot);
        self.feeds = TransportSlot::ALL.map(feed).to_vec();
        self.message_box = Some(message_box);
        for row in self.rows.0.values_mut() {
            row.lease = None;
        }
        self.given.clear();
    }

    pub(super) fn step(&mut self, step: Step) {
        match step {
            Step::Publish(messages) => self.publish(messages),
            Step::Claim(slot, limit, lease) => self.claim(slot, limit, lease),
            Step::Settle(picks) => self.settle(&picks),
            Step::Resume(whom) => self.resume(whom),
            Step::Terminate(whom) => self.terminate(whom),
            Step::Edit(pick) => self.edit(pick),
            Step::Pass(millis) => self.now.0 += millis,
            Step::Crash => self.reopen(),
        }
        self.check();
    }

    /// What is counted, in the rows, in the counters and in memory.
    fn check(&self) {
        let audit = self.runtime.block_on(self.message_box().audit()).unwrap();
        let routed = self.routed.len() as u64;
        assert!(audit.holds, "{audit:?}");
        assert_eq!(audit.accepted, self.known.len() as u64 + routed);
        assert_eq!(audit.delivered, self.delivered);
        assert_eq!((audit.routed, audit.terminated), (routed, self.terminated));
        assert_eq!(audit.suspended, self.rows.suspended());
        assert_eq!(audit.pending, self.rows.pending() + routed);
        let pending = |name| self.message_box().pending(&port(name));
        assert_eq!(
            (pending("p"), pending("out")),
            (self.rows.pending(), routed)
        );
    }

    fn publish(&mut self, messages: Vec<(i64, Option<u8>)>) {
        let new = publication(messages.iter().map(|(priority, lane)| NewMessage {
            lane: lane.map(|lane| lane.to_string().into()),
            ..urgent(*priority)
        }));
        let name = port("p");
        let publish = self.message_box().publish(&name, new, self.now);
        let published = self.runtime.block_on(publish).unwrap();
        for (id, message) in published.ids.into_iter().zip(messages) {
            self.rows.add(id, message, self.now);
            self.known.push(id);
        }
    }

    fn claim(&mut self, slot: TransportSlot, limit: usize, lease: i64) {
        for row in self.rows.0.values_mut().filter(|row| row.slot == slot) {
            row.lease = row.lease.filter(|(_, until)| *until > self.now);
        }
        let expected = self.rows.available(slot, self.now);
        let until = Timestamp(self.now.0 + lease);
        let claim = self.feeds[slot.index()].claim(limit, self.now, until);
        let claim = self.runtime.block_on(claim).unwrap();
        let got = ids(&claim.messages);
        let enough = limit.min(expected.len()).min(self.capacity);
        assert!(got.len() >= enough, "{got:?} of {expected:?}");
        assert_eq!(got, expected[..got.len()]);
        for leased in &claim.messages {
            let message = &leased.message;
            let row = self.rows.0.get_mut(&message.id).unwrap();
            let edits = message.properties.get("edits").unwrap_or("0");
            assert_eq!(edits, row.edits.to_string());
            assert_eq!(
                (message.attempts, message.earlier_attempts),
                (row.attempts, row.earlier)
            );
            assert_eq!(
                (message.transport, message.lane.is_some()),
                (slot, row.lane.is_some())
            );
            row.lease = Some((leased.lease, until));
            self.given.push((message.id, leased.lease));
        }
        self.check_lanes();
        self.check_next_due(&claim, slot, limit);
    }

    /// Said on its own, although it follows from what the model makes available: at most one message of a
    /// lane is out, and none before it is left.
    fn check_lanes(&self) {
        let mut out = BTreeMap::new();
        for (id, row) in self.rows.0.iter().filter(|(_, row)| row.lease.is_some()) {
            if let Some(lane) = row.lane {
                assert_eq!(out.insert(lane, id), None, "two of lane {lane} are out");
                let mut before = self.rows.0.range(..id);
                assert!(before.all(|(_, other)| other.lane != Some(lane)));
            }
        }
    }

    /// Nothing becomes available by itself without being announced.
    fn check_next_due(&self, claim: &Claim, slot: TransportSlot, limit: usize) {
        if claim.messages.len() == limit {
            return;
        }
        let later = self.rows.deliverable(slot);
        let earliest = later
            .map(|(_, row)| row.lease.map_or(row.due, |(_, until)| until))
            .filter(|time| *time > self.now)
            .min();
        if let Some(earliest) = earliest {
            assert!(
                claim.next_due.is_some_and(|due| due <= earliest),
                "{claim:?} {earliest}"
            );
        }
    }

    fn verdict(&self, id: MessageId, kind: Kind) -> Verdict {
        let attempts = self.rows.0.get(&id).map_or(0, |row| row.attempts) + 1;
        match kind {
            Kind::Delete => Verdict::Delete,
            Kind::Resubmit(wait) => resubmit(Timestamp(self.now.0 + wait), attempts),
            Kind::NextTransport => next_transport(attempts),
            Kind::Suspend { resumable: true } => suspend("model"),
            Kind::Suspend { resumable: false } => suspend_for_good("model"),
            Kind::Release => Verdict::Release { alone: false },
            Kind::Route(lane) => Verdict::Route(Box::new(Emission {
                port: port("out"),
                body: None,
                properties: Properties::default(),
                priority: Priority::default(),
                lane: Some(lane.to_string().into()),
                expires: None,
            })),
        }
    }

    fn settle(&mut self, picks: &[(usize, Kind)]) {
        if self.given.is_empty() {
            return;
        }
        let mut batch = Vec::new();
        let mut changes: Vec<(MessageId, Verdict)> = Vec::new();
        let mut wrong = Vec::new();
        for (pick, kind) in picks {
            let (id, lease) = self.given[pick % self.given.len()];
            let row = self.rows.0.get(&id);
            let held = row
                .and_then(|row| row.lease)
                .is_some_and(|(l, _)| l == lease);
            let verdict = self.verdict(id, *kind);
            if held && changes.iter().all(|(other, _)| *other != id) {
                changes.push((id, verdict.clone()));
            } else {
                wrong.push(id);
            }
            batch.push(Settlement::new(id, lease, verdict));
        }
        let settle = self.message_box().settle(batch, self.now);
        let result = self.runtime.block_on(settle);
        if !wrong.is_empty() {
            assert_eq!(strangers(result), wrong);
            return;
        }
        result.unwrap();
        for (id, verdict) in changes {
            match &verdict {
                Verdict::Delete => self.delivered += 1,
                Verdict::Route(emission) => {
                    let lane = emission.lane.as_deref().unwrap();
                    self.routed.push(lane.parse().unwrap());
                }
                _ => {}
            }
            self.rows.apply(id, &verdict, self.now);
        }
    }

    /// The messages that a decision is about, and the selection that says so.
    fn select(&self, whom: Option<usize>) -> (Vec<MessageId>, Selection) {
        match whom.filter(|_| !self.known.is_empty()) {
            Some(pick) => {
                let ids = vec![self.known[pick % self.known.len()]];
                (ids.clone(), Selection::Ids(ids))
            }
            None => {
                let ids = self.known.iter().copied();
                let suspended = |id: &MessageId| {
                    let row = self.rows.0.get(id);
                    row.is_some_and(|row| row.suspended.is_some())
                };
                let filter = SuspendedFilter::default();
                (ids.filter(suspended).collect(), Selection::Filter(filter))
            }
        }
    }

    fn resume(&mut self, whom: Option<usize>) {
        let (ids, selection) = self.select(whom);
        let resume = self.message_box().resume(selection, self.now);
        let result = self.runtime.block_on(resume).unwrap();
        let (mut resumed, mut refused) = (0, Vec::new());
        for id in ids {
            match self.rows.0.get(&id).map(|row| row.suspended) {
                Some(Some(true)) => {
                    self.rows.resume(id, self.now);
                    resumed += 1;
                }
                Some(Some(false)) => refused.push((id, Refusal::NotResumable)),
                Some(None) => refused.push((id, Refusal::NotSuspended)),
                None => refused.push((id, Refusal::Unknown)),
            }
        }
        assert_eq!(result.resumed, resumed);
        match whom {
            Some(_) if !self.known.is_empty() => assert_eq!(result.refused, refused),
            _ => assert_eq!(result.skipped, refused.len() as u64),
        }
    }

    fn terminate(&mut self, whom: Option<usize>) {
        let (ids, selection) = self.select(whom);
        let terminate = self.message_box().terminate(selection, self.now);
        let result = self.runtime.block_on(terminate).unwrap();
        let mut terminated = 0;
        for id in ids {
            let row = self.rows.0.get(&id);
            if row.is_some_and(|row| row.suspended.is_some()) {
                self.rows.remove(id, self.now);
                terminated += 1;
            }
        }
        assert_eq!(result.terminated, terminated);
        self.terminated += terminated;
    }

    fn edit(&mut self, pick: usize) {
        if self.known.is_empty() {
            return;
        }
        let id = self.known[pick % self.known.len()];
        let row = self.rows.0.get_mut(&id);
        let row = row.filter(|row| row.suspended.is_some());
        let edits = row.as_ref().map_or(0, |row| row.edits) + 1;
        let properties = [("edits", edits.to_string())].into_iter().collect();
        let message_box = self.message_box.as_ref().unwrap();
        let edit = message_box.edit(id, Some(properties), None);
        let result = self.runtime.block_on(edit);
        assert_eq!(result.is_ok(), row.is_some());
        if let Some(row) = row {
            row.edits = edits;
        }
    }

    /// Whatever happened, a restart finds exactly what is left.
    pub(super) fn finish(mut self) {
        self.reopen();
        for id in &self.known {
            let found = self.runtime.block_on(self.message_box().message(*id));
            let row = self.rows.0.get(id);
            let state = found.unwrap().map(|message| message.state);
            match row.map(|row| row.suspended) {
                Some(Some(_)) => assert!(matches!(state, Some(MessageState::Suspended { .. }))),
                Some(None) if self.rows.is_head(*id) => {
                    assert!(matches!(state, Some(MessageState::Pending { .. })));
                }
                Some(None) => assert_eq!(state, Some(MessageState::Queued)),
                None => assert_eq!(state, None),
            }
        }
        self.now = Timestamp(i64::MAX - 1);
        for slot in TransportSlot::ALL {
            let expected = self.rows.available(slot, self.now);
            let feed = &self.feeds[slot.index()];
            let found = self.runtime.block_on(claim_all(feed, self.now));
            assert_eq!(ids(&found), expected);
        }
        self.drain_routed();
    }

    /// What was routed away is delivered at the other port, each lane in order.
    fn drain_routed(&mut self) {
        let message_box = self.message_box.as_ref().unwrap();
        let feed = primary(message_box, "out");
        let mut delivered: [Vec<MessageId>; 2] = Default::default();
        loop {
            let found = self.runtime.block_on(claim_all(&feed, self.now));
            if found.is_empty() {
                break;
            }
            for leased in &found {
                let lane: usize = leased.message.lane.as_deref().unwrap().parse().unwrap();
                delivered[lane].push(leased.message.id);
            }
            let done = settlements(&found, &Verdict::Delete);
            let settled = self.runtime.block_on(message_box.settle(done, self.now));
            settled.unwrap();
        }
        for (lane, ids) in delivered.iter().enumerate() {
            let expected = self.routed.iter().filter(|l| usize::from(**l) == lane);
            assert_eq!(ids.len(), expected.count());
            assert!(ids.is_sorted());
        }
    }
}
