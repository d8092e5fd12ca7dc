//! Tests of the whole box through its public interface; what they share.

use bytes::Bytes;
use model::{ErrorInfo, MessageId, PortName, Priority, Properties, Timestamp, Verdict};
use tempfile::TempDir;

use crate::{
    Claim, Config, Error, Leased, MessageBox, NewBody, NewMessage, PortFeed, Publication,
    Settlement,
};

mod bodies;
mod claiming;
mod counting;
mod durability;
mod idempotency;
mod limits;
mod opening;
mod races;
mod reference_model;
mod settling;

/// Far enough from zero that a test can go back.
const START: Timestamp = Timestamp(1_000_000);

/// A lease that outlives every test that does not ask for its end.
const FOREVER: Timestamp = Timestamp(i64::MAX);

/// A box in a directory that goes away with the test.
struct Fixture {
    directory: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    fn config(&self) -> Config {
        Config::new(self.directory.path())
    }

    fn open(&self) -> MessageBox {
        MessageBox::open(self.config()).unwrap()
    }
}

fn port(name: &str) -> PortName {
    PortName::new(name).unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp(START.0 + millis)
}

fn message(body: impl Into<Bytes>) -> NewMessage {
    NewMessage {
        body: NewBody::Inline(body.into()),
        properties: Properties::default(),
        priority: Priority::default(),
    }
}

fn urgent(priority: i64) -> NewMessage {
    NewMessage {
        priority: Priority::new(priority).unwrap(),
        ..message("urgent")
    }
}

fn publication(messages: impl IntoIterator<Item = NewMessage>) -> Publication {
    Publication {
        messages: messages.into_iter().collect(),
        idempotency_key: None,
    }
}

/// `n` messages on the port, at the start.
async fn publish(message_box: &MessageBox, name: &str, n: usize) -> Vec<MessageId> {
    let messages = publication((0..n).map(|i| message(format!("body {i}"))));
    let published = message_box.publish(&port(name), messages, START).await;
    published.unwrap().ids
}

/// Everything that can be claimed at the time.
async fn claim_all(feed: &PortFeed, now: Timestamp) -> Vec<Leased> {
    let mut all = Vec::new();
    loop {
        let Claim { messages, .. } = feed.claim(100, now, FOREVER).await.unwrap();
        if messages.is_empty() {
            return all;
        }
        all.extend(messages);
    }
}

fn ids(messages: &[Leased]) -> Vec<MessageId> {
    messages.iter().map(|m| m.message.id).collect()
}

fn settlement(leased: &Leased, verdict: Verdict) -> Settlement {
    Settlement {
        id: leased.message.id,
        lease: leased.lease,
        verdict,
    }
}

fn settlements(messages: &[Leased], verdict: &Verdict) -> Vec<Settlement> {
    let one = |leased| settlement(leased, verdict.clone());
    messages.iter().map(one).collect()
}

fn resubmit(due: Timestamp, attempts: u32) -> Verdict {
    Verdict::Resubmit {
        due,
        attempts,
        carry: Properties::default(),
        error: None,
    }
}

fn suspend(text: &str) -> Verdict {
    Verdict::Suspend {
        attempts: 4,
        error: ErrorInfo::new("http-400", text),
    }
}

/// The refusal of a settlement, by the messages that were the reason.
fn strangers(result: Result<(), Error>) -> Vec<MessageId> {
    match result {
        Err(Error::NotLeased { ids }) => ids,
        other => panic!("expected NotLeased, got {other:?}"),
    }
}
