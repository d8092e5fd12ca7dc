//! Random histories against a model that is too simple to be wrong: a map of messages. A crash is one of
//! the steps.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::Lease;

#[derive(Clone, Debug)]
enum Step {
    Publish { priorities: Vec<i64> },
    Claim { limit: usize, lease: i64 },
    Settle { picks: Vec<(usize, Kind)> },
    Pass { millis: i64 },
    Crash,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Delete,
    Resubmit(i64),
    Suspend,
    Release,
}

/// A message as the model knows it.
#[derive(Clone, Debug)]
struct Row {
    priority: i64,
    due: Timestamp,
    attempts: u32,
    suspended: bool,
    lease: Option<(Lease, Timestamp)>,
}

struct World {
    runtime: Runtime,
    fixture: Fixture,
    capacity: usize,
    message_box: Option<MessageBox>,
    feed: Option<PortFeed>,
    now: Timestamp,
    rows: BTreeMap<MessageId, Row>,
    /// Every lease ever given, valid or not.
    given: Vec<(MessageId, Lease)>,
    accepted: u64,
}

impl World {
    fn new(capacity: usize) -> Self {
        let mut world = Self {
            runtime: Builder::new_current_thread().build().unwrap(),
            fixture: Fixture::new(),
            capacity,
            message_box: None,
            feed: None,
            now: START,
            rows: BTreeMap::new(),
            given: Vec::new(),
            accepted: 0,
        };
        world.reopen();
        world
    }

    fn message_box(&self) -> &MessageBox {
        self.message_box.as_ref().unwrap()
    }

    fn reopen(&mut self) {
        self.feed = None;
        self.message_box = None;
        let config = Config {
            feed_capacity: self.capacity,
            ..self.fixture.config()
        };
        let message_box = MessageBox::open(config).unwrap();
        self.feed = Some(message_box.feed(&port("p")));
        self.message_box = Some(message_box);
        for row in self.rows.values_mut() {
            row.lease = None;
        }
        self.given.clear();
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Publish { priorities } => self.publish(&priorities),
            Step::Claim { limit, lease } => self.claim(limit, lease),
            Step::Settle { picks } => self.settle(&picks),
            Step::Pass { millis } => self.now.0 += millis,
            Step::Crash => self.reopen(),
        }
        let audit = self.runtime.block_on(self.message_box().audit()).unwrap();
        assert!(audit.holds, "{audit:?}");
        assert_eq!(audit.accepted, self.accepted);
        assert_eq!(audit.suspended + audit.pending, self.rows.len() as u64);
    }

    fn publish(&mut self, priorities: &[i64]) {
        let new = publication(priorities.iter().map(|p| urgent(*p)));
        let name = port("p");
        let publish = self.message_box().publish(&name, new, self.now);
        let published = self.runtime.block_on(publish).unwrap();
        for (id, priority) in published.ids.into_iter().zip(priorities) {
            let row = Row {
                priority: *priority,
                due: self.now,
                attempts: 0,
                suspended: false,
                lease: None,
            };
            assert!(self.rows.insert(id, row).is_none(), "{id} was used twice");
            self.accepted += 1;
        }
    }

    /// What a claim must bring, in this order.
    fn available(&self) -> Vec<MessageId> {
        let mut free: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, row)| !row.suspended && row.due <= self.now && row.lease.is_none())
            .map(|(id, row)| (row.priority, row.due, *id))
            .collect();
        free.sort();
        free.into_iter().map(|(_, _, id)| id).collect()
    }

    fn claim(&mut self, limit: usize, lease: i64) {
        for row in self.rows.values_mut() {
            row.lease = row.lease.filter(|(_, until)| *until > self.now);
        }
        let expected = self.available();
        let until = Timestamp(self.now.0 + lease);
        let claim = self.feed.as_ref().unwrap().claim(limit, self.now, until);
        let claim = self.runtime.block_on(claim).unwrap();
        let got = ids(&claim.messages);
        let enough = limit.min(expected.len()).min(self.capacity);
        assert!(got.len() >= enough, "{got:?} of {expected:?}");
        assert_eq!(got, expected[..got.len()]);
        for leased in &claim.messages {
            let row = self.rows.get_mut(&leased.message.id).unwrap();
            assert_eq!(leased.message.attempts, row.attempts);
            row.lease = Some((leased.lease, until));
            self.given.push((leased.message.id, leased.lease));
        }
        self.check_next_due(&claim, limit);
    }

    /// Nothing becomes available by itself without being announced.
    fn check_next_due(&self, claim: &Claim, limit: usize) {
        if claim.messages.len() == limit {
            return;
        }
        let later = self.rows.values().filter(|row| !row.suspended);
        let earliest = later
            .map(|row| row.lease.map_or(row.due, |(_, until)| until))
            .filter(|time| *time > self.now)
            .min();
        if let Some(earliest) = earliest {
            assert!(
                claim.next_due.is_some_and(|due| due <= earliest),
                "{claim:?} {earliest}"
            );
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
            let row = self.rows.get(&id);
            let held = row
                .and_then(|row| row.lease)
                .is_some_and(|(l, _)| l == lease);
            let attempts = row.map_or(0, |row| row.attempts) + 1;
            let verdict = match kind {
                Kind::Delete => Verdict::Delete,
                Kind::Resubmit(wait) => resubmit(Timestamp(self.now.0 + wait), attempts),
                Kind::Suspend => suspend("model"),
                Kind::Release => Verdict::Release { alone: false },
            };
            if held && changes.iter().all(|(other, _)| *other != id) {
                changes.push((id, verdict.clone()));
            } else {
                wrong.push(id);
            }
            batch.push(Settlement { id, lease, verdict });
        }
        let settle = self.message_box().settle(batch, self.now);
        let result = self.runtime.block_on(settle);
        if !wrong.is_empty() {
            assert_eq!(strangers(result), wrong);
            return;
        }
        result.unwrap();
        for (id, verdict) in changes {
            self.apply(id, verdict);
        }
    }

    fn apply(&mut self, id: MessageId, verdict: Verdict) {
        let row = self.rows.get_mut(&id).unwrap();
        row.lease = None;
        match verdict {
            Verdict::Delete => drop(self.rows.remove(&id)),
            Verdict::Resubmit { due, attempts, .. } => {
                row.due = due;
                row.attempts = attempts;
            }
            Verdict::Suspend { .. } => row.suspended = true,
            Verdict::Release { .. } => {}
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        4 => Just(Kind::Delete),
        3 => (0..60_i64).prop_map(Kind::Resubmit),
        1 => Just(Kind::Suspend),
        2 => Just(Kind::Release),
    ];
    prop_oneof![
        5 => vec(1..=10_i64, 1..6).prop_map(|priorities| Step::Publish { priorities }),
        6 => (1..9_usize, 1..80_i64).prop_map(|(limit, lease)| Step::Claim { limit, lease }),
        5 => vec((0..1000_usize, kind), 1..5).prop_map(|picks| Step::Settle { picks }),
        3 => (1..50_i64).prop_map(|millis| Step::Pass { millis }),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn b101_b102_b103_every_history_agrees_with_the_model(
        steps in vec(step(), 1..60),
        capacity in prop_oneof![Just(2_usize), Just(5), Just(2048)],
    ) {
        let mut world = World::new(capacity);
        for step in steps {
            world.step(step);
        }
        // Whatever happened, a restart finds exactly what is left.
        world.reopen();
        world.now = Timestamp(i64::MAX - 1);
        let expected = world.available();
        let feed = world.feed.clone().unwrap();
        let found = world.runtime.block_on(claim_all(&feed, world.now));
        prop_assert_eq!(ids(&found), expected);
    }
}
