//! Tests of the whole box through its public interface; what they share.

use bytes::Bytes;
use model::{
    ErrorInfo, MessageId, PortName, Priority, Properties, Timestamp, TransportSlot, Verdict,
};
use tempfile::TempDir;

use crate::{
    Claim, Config, Error, Leased, MessageBox, NewBody, NewMessage, PortFeed, Publication,
    Settlement,
};

mod bodies;
mod claiming;
mod counting;
mod deciding;
mod durability;
mod editing;
mod emissions;
mod idempotency;
mod lanes;
mod limits;
mod looking;
mod migration;
mod opening;
mod ports;
mod races;
mod reference_model;
mod responses;
mod settling;
mod suspend_queue;
mod swaps;
mod transactions;
mod transports;

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
    NewMessage::new(NewBody::Inline(body.into()), Properties::default())
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

/// A message in a lane.
fn in_lane(lane: &str, body: impl Into<Bytes>) -> NewMessage {
    NewMessage {
        lane: Some(lane.into()),
        ..message(body)
    }
}

/// Accepts messages on a port at the start.
async fn accept(
    message_box: &MessageBox,
    name: &str,
    messages: impl IntoIterator<Item = NewMessage>,
) -> Vec<MessageId> {
    let publication = publication(messages);
    let published = message_box.publish(&port(name), publication, START).await;
    published.unwrap().ids
}

/// `n` messages on the port, at the start.
async fn publish(message_box: &MessageBox, name: &str, n: usize) -> Vec<MessageId> {
    let bodies = (0..n).map(|i| message(format!("body {i}")));
    accept(message_box, name, bodies).await
}

/// The port's feed for its primary transport.
fn primary(message_box: &MessageBox, name: &str) -> PortFeed {
    message_box.feed(&port(name), TransportSlot::Primary)
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
    Settlement::new(leased.message.id, leased.lease, verdict)
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
        resumable: true,
    }
}

/// Not to be resumed.
fn suspend_for_good(text: &str) -> Verdict {
    Verdict::Suspend {
        attempts: 1,
        error: ErrorInfo::new("http-400", text),
        resumable: false,
    }
}

fn next_transport(attempts: u32) -> Verdict {
    Verdict::NextTransport {
        attempts,
        error: ErrorInfo::new("http-503", "busy"),
    }
}

/// Claims everything on the port and settles it with the same verdict at the time.
async fn settle_all(message_box: &MessageBox, name: &str, verdict: Verdict, now: Timestamp) {
    let claimed = claim_all(&primary(message_box, name), now).await;
    let batch = settlements(&claimed, &verdict);
    message_box.settle(batch, now).await.unwrap();
}

/// The audit holds, with so many messages pending and suspended.
async fn assert_audit(message_box: &MessageBox, pending: u64, suspended: u64) {
    let audit = message_box.audit().await.unwrap();
    assert!(audit.holds, "{audit:?}");
    assert_eq!((audit.pending, audit.suspended), (pending, suspended));
}

/// Rows of a table of the closed box.
fn rows(fixture: &Fixture, table: &str) -> i64 {
    let file = fixture.directory.path().join("box.sqlite");
    let connection = rusqlite::Connection::open(file).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// The refusal of a settlement, by the messages that were the reason.
fn strangers(result: Result<(), Error>) -> Vec<MessageId> {
    match result {
        Err(Error::NotLeased { ids }) => ids,
        other => panic!("expected NotLeased, got {other:?}"),
    }
}
