//! The border between the dispatcher and what runs adapters: deliveries go down, outcomes come back.
//!
//! [`TransmitterPool`] is implemented by the adapter runtime (sandboxed instances) and, in the
//! benchmarks, by the same adapter logic linked natively. [`OutcomeSink`] is implemented by the
//! dispatcher. Each arrow carries one owned value; nothing mutable is shared across the border.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::{Bill, EndpointConfiguration, ErrorInfo, Message, MessageId, Outcome};

/// A boxed future that may move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One message on its way to an adapter.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The message; its body may stay in the box until somebody reads it.
    pub message: Arc<Message>,
    /// Where it goes.
    pub address: Arc<str>,
    /// What the adapter may read about the port.
    pub configuration: Arc<EndpointConfiguration>,
    /// Retries left after this attempt.
    pub retries_left: u32,
    /// On a two-way port: bytes of a response, at most. `None` when nobody waits for one.
    pub max_response: Option<usize>,
    /// No other message may be in the instance while this one is: it may be what made an instance trap.
    pub alone: bool,
}

/// Runs the adapter of one port: any number of instances, each with any number of open sends.
pub trait TransmitterPool: Send + Sync {
    /// Creates instances now instead of at the first message (InitTransmitterOnServiceStart, B02).
    fn start(&self) -> BoxFuture<Result<(), ErrorInfo>>;

    /// Takes the messages over. Every one of them comes back exactly once, through the [`OutcomeSink`].
    fn submit(&self, deliveries: Vec<Delivery>);

    /// Stops feeding, calls the adapter's `terminate`, waits until nothing is in flight or the deadline
    /// passes, then ends the instances; what is left comes back as [`Outcome::Returned`].
    fn terminate(&self, deadline: Duration) -> BoxFuture<Terminated>;

    /// What it is doing.
    fn status(&self) -> PoolStatus;

    /// The adapter it runs, for the record: name, version and digest.
    fn version(&self) -> Arc<str>;
}

/// How terminating a pool went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terminated {
    /// Messages in flight when terminate began.
    pub in_flight: usize,
    /// Of those, handed back undecided at the deadline: they may have been sent already.
    pub handed_back: Vec<MessageId>,
    /// The adapter's own `terminate` did not return in time, or trapped.
    pub interrupted: bool,
}

/// A pool as an operator sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Live instances.
    pub instances: usize,
    /// Messages handed over and not resolved.
    pub in_flight: usize,
    /// Instances that ended by a trap, a limit or a time-out since the start.
    pub instances_lost: u64,
    /// What its deliveries have cost since the start.
    pub bill: Bill,
}

/// Where outcomes go. Implemented by the dispatcher, one per port.
pub trait OutcomeSink: Send + Sync {
    /// Outcomes that nobody waits for: return values, dropped handles, ended instances. Must not block.
    fn resolved(&self, outcomes: Vec<(MessageId, Outcome)>);

    /// An outcome batch (IBTTransportBatch.Done), committed in one transaction. The future ends after the
    /// commit, and its result is what BizTalk's BatchComplete said: culprits are named, and everything
    /// else of the batch has been carried out.
    fn settle(&self, batch: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>>;

    /// A prepared transaction (B81–B86): these messages are delivered and the decision to commit is
    /// recorded under the transaction's name, in one transaction of the box. All of it or nothing; after
    /// a failure the transaction must be rolled back, and the messages are the pool's to report about.
    fn decide_transaction(
        &self,
        transaction: String,
        messages: Vec<MessageId>,
    ) -> BoxFuture<Result<(), BatchFailure>>;

    /// The transactions of this port that are decided and not finished.
    fn decided_transactions(&self) -> BoxFuture<Result<Vec<String>, ErrorInfo>>;

    /// A decided transaction is committed at its destination: its record may go.
    fn finish_transaction(&self, transaction: String) -> BoxFuture<Result<(), ErrorInfo>>;

    /// Something went wrong that is no message's fault: an instance that cannot start, a trap
    /// (IBTTransportProxy.SetErrorInfo, or the host itself).
    fn error(&self, error: ErrorInfo);
}

/// What of an outcome batch was not carried out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFailure {
    /// The kind.
    pub reason: BatchFailureReason,
    /// For a person.
    pub text: String,
    /// The operations that were the reason, by their place in the batch; all others were innocent (B38).
    pub culprits: Vec<usize>,
}

/// The kinds of [`BatchFailure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchFailureReason {
    /// No operation was added (B48).
    Empty,
    /// Messages of the batch are no longer the adapter's: their time was up, or the host took them back.
    /// The others' outcomes are committed.
    NotYours,
    /// Messages were moved to the next transport and there is none: they are suspended. Everything is
    /// committed.
    NoNextTransport,
    /// The host is shutting down; nothing took effect, the messages will be delivered again (B99).
    ShuttingDown,
    /// The message box could not commit; nothing took effect. Only a transaction is told: an outcome
    /// batch is tried again until it is committed.
    Storage,
}

impl fmt::Display for BatchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
