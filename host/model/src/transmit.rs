//! The border between the dispatcher and what runs adapters: deliveries go down, outcomes come back.
//!
//! [`TransmitterPool`] is implemented by the adapter runtime (sandboxed instances) and, in the
//! benchmarks, by the same adapter logic linked natively. [`OutcomeSink`] is implemented by the
//! dispatcher. Each arrow carries one owned value; nothing mutable is shared across the border.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::{EndpointConfiguration, ErrorInfo, Message, MessageId, Outcome};

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
}

/// Where outcomes go. Implemented by the dispatcher, one per port.
pub trait OutcomeSink: Send + Sync {
    /// Outcomes that nobody waits for: return values, dropped handles, ended instances. Must not block.
    fn resolved(&self, outcomes: Vec<(MessageId, Outcome)>);

    /// An outcome batch (IBTTransportBatch.Done): all of it takes effect or nothing. The future ends after
    /// the commit, and its result is what BizTalk's BatchComplete said.
    fn settle(&self, batch: Vec<(MessageId, Outcome)>) -> BoxFuture<Result<(), BatchFailure>>;

    /// Something went wrong that is no message's fault: an instance that cannot start, a trap
    /// (IBTTransportProxy.SetErrorInfo, or the host itself).
    fn error(&self, error: ErrorInfo);
}

/// Why an outcome batch took no effect.
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
    /// A message of the batch is no longer the adapter's: its time was up, or the host took it back.
    NotYours,
    /// The host is shutting down; the messages will be delivered again after the restart (B99).
    ShuttingDown,
    /// The message box could not commit.
    Storage,
}

impl fmt::Display for BatchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
