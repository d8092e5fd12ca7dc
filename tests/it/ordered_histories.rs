//! Random histories on a port that orders by key: publishing, failures, what people decide, crashes. However
//! they go, every key keeps its order and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use message_box::{MessageState, SuspendedFilter};
use model::{LaneBy, MessageId, Notifications, OnFailure, OrderedDelivery, SendPort};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::fixture::{Host, PortSpec, name, until};

const KEYS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    /// Messages with their keys.
    Publish(Vec<(usize, Fate)>),
    /// A person resumes one of the suspended messages, or terminates it.
    Resume(usize),
    Discard(usize),
    /// Everything goes as far as it can.
    Rest,
    Crash,
}

/// How a message fares at the probe.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Delivered,
    /// Delivered by an outcome batch.
    Reported,
    /// Delivered at the second attempt.
    Retried,
    /// Suspended, and delivered once it is resumed.
    Resumed,
    /// Suspended as often as it is resumed.
    Doomed,
    /// Its first instance traps.
    Trapped,
}

impl Fate {
    fn properties(self) -> [(&'static str, &'static str); 2] {
        let (first, probe) = match self {
            Self::Delivered => ("ok", "ok"),
            Self::Reported => ("pending-delete", "pending-delete"),
            Self::Retried => ("retryable", "ok"),
            Self::Resumed => ("permanent", "pending-delete"),
            Self::Doomed => ("permanent", "permanent"),
            Self::Trapped => ("trap", "ok"),
        };
        [("first", first), ("probe", probe)]
    }
}

fn policy(port: &mut SendPort) {
    port.ordered = Some(OrderedDelivery {
        by: LaneBy::Key,
        on_failure: OnFailure::Stop,
    });
    // An ACK is committed together with the deletion: their order is the order of the deliveries.
    port.notifications = Some(Notifications {
        port: name("receipts"),
        always: true,
        ack: true,
        nack: false,
    });
}

fn start(host: &Host) {
    let spec = PortSpec {
        instances: 3,
        ..PortSpec::probe().retrying(2, Duration::from_millis(2))
    };
    host.start_with(&spec, None, policy);
}

/// The host and what was done to it.
struct World {
    host: Host,
    /// By key, in the order in which they were published.
    published: BTreeMap<&'static str, Vec<MessageId>>,
    discarded: BTreeSet<MessageId>,
}

impl World {
    fn new() -> Self {
        let host = Host::new();
        start(&host);
        Self {
            host,
            published: BTreeMap::new(),
            discarded: BTreeSet::new(),
        }
    }

    async fn step(mut self, step: Step) -> Self {
        match step {
            Step::Publish(messages) => self.publish(&messages).await,
            Step::Resume(pick) => {
                if let Some(id) = self.suspended(pick).await {
                    assert_eq!(self.host.resume(id).await.resumed, 1);
                }
            }
            Step::Discard(pick) => {
                if let Some(id) = self.suspended(pick).await {
                    self.discard(id).await;
                }
            }
            Step::Rest => self.rest().await,
            Step::Crash => {
                self.host = self.host.crash().await;
                start(&self.host);
            }
        }
        self.host.audit().await;
        self
    }

    async fn publish(&mut self, messages: &[(usize, Fate)]) {
        let properties: Vec<_> = messages
            .iter()
            .map(|(key, fate)| {
                let [first, probe] = fate.properties();
                [first, probe, ("ordering-key", KEYS[*key])]
            })
            .collect();
        let properties: Vec<_> = properties.iter().map(|p| p.as_slice()).collect();
        let ids = self.host.publish("port", &properties).await;
        for (id, (key, _)) in ids.into_iter().zip(messages) {
            self.published.entry(KEYS[*key]).or_default().push(id);
        }
    }

    async fn suspended(&self, pick: usize) -> Option<MessageId> {
        let filter = SuspendedFilter::default();
        let all = self.host.message_box.suspended(&filter, None, 1000).await;
        let all = all.expect("the list");
        (!all.is_empty()).then(|| all[pick % all.len()].id)
    }

    async fn discard(&mut self, id: MessageId) {
        assert_eq!(self.host.discard(id).await.terminated, 1);
        self.discarded.insert(id);
    }

    /// Waits until every lane is empty or stopped at its head.
    async fn rest(&self) {
        until("lanes that are empty or stopped", async || {
            let kept = self.host.kept("port").await;
            let moves = |state: &MessageState| matches!(state, MessageState::Pending { .. });
            (!kept.iter().any(|message| moves(&message.state))).then_some(())
        })
        .await;
    }

    /// Lets everything come to an end: half of what is suspended is given another chance before.
    async fn finish(&mut self) {
        for round in 0.. {
            self.rest().await;
            match self.suspended(round).await {
                None => break,
                Some(id) if round % 2 == 0 => drop(self.host.resume(id).await),
                Some(id) => self.discard(id).await,
            }
        }
        assert!(self.host.kept("port").await.is_empty());
    }

    /// Every message was delivered once or given up by a person, and every key's in their order.
    async fn check(&self) {
        let receipts = self.host.kept("receipts").await;
        let about = receipts
            .iter()
            .map(|ack| ack.properties.get("correlation-id"));
        let delivered: Vec<MessageId> = about
            .map(|id| id.expect("an ACK").parse().expect("an id"))
            .collect();
        for (key, published) in &self.published {
            let arrived = delivered.iter().filter(|id| published.contains(id));
            let expected = published.iter().filter(|id| !self.discarded.contains(id));
            assert!(
                arrived.clone().eq(expected),
                "{key}: {:?} of {published:?}",
                arrived.collect::<Vec<_>>()
            );
        }
        let audit = self.host.audit().await;
        let published: usize = self.published.values().map(Vec::len).sum();
        let counts = [
            audit.accepted,
            audit.delivered,
            audit.terminated,
            audit.pending,
        ];
        let discarded = self.discarded.len();
        let receipts = delivered.len();
        let expected = [published + receipts, receipts, discarded, receipts];
        assert_eq!(counts, expected.map(|count| count as u64));
    }
}

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![
        4 => Just(Fate::Delivered),
        3 => Just(Fate::Reported),
        3 => Just(Fate::Retried),
        2 => Just(Fate::Resumed),
        1 => Just(Fate::Doomed),
        1 => Just(Fate::Trapped),
    ];
    prop_oneof![
        6 => vec((0..KEYS.len(), fate), 1..12).prop_map(Step::Publish),
        3 => (0..1000_usize).prop_map(Step::Resume),
        2 => (0..1000_usize).prop_map(Step::Discard),
        2 => Just(Step::Rest),
        3 => Just(Step::Crash),
    ]
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(2).enable_all();
    builder.build().expect("a runtime")
}

proptest! {
    // A case takes a while; a failing one is not worth hours of being made smaller.
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn b64_b67_b68_b103_every_key_keeps_its_order_and_nothing_is_lost(steps in vec(step(), 15..25)) {
        runtime().block_on(async {
            let mut world = World::new();
            for step in steps {
                world = world.step(step).await;
            }
            world.finish().await;
            world.check().await;
        });
    }
}
