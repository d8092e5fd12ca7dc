//! What an author implements: one trait for each of the five kinds of adapter.

mod synchronous;
mod transactional;

pub use synchronous::{SyncBatchSendAdapter, SyncSendAdapter};
pub use transactional::TransactionalBatchSendAdapter;

use crate::{BatchLimits, Configuration, ErrorInfo, Failure, Message, TransportInfo};

/// What became of one message: sent, or why not.
pub type Outcome = Result<(), Failure>;

/// How the host learns what became of a message. Both of BizTalk's ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporting {
    /// The host's call stays open until the message is sent. The quickest for sends that take one
    /// request and one answer.
    Await,
    /// The host's call returns at once, and outcomes that are known together are reported together,
    /// all or nothing. For destinations that acknowledge late or in groups.
    Later {
        /// Outcomes in one report, at most.
        batch: usize,
    },
}

/// An adapter that sends one message at a time, many of them at once.
/// BizTalk: the asynchronous send adapter.
///
/// Export it with [`export_send_adapter!`](crate::export_send_adapter).
#[expect(
    async_fn_in_trait,
    reason = "one instance is one thread, so nobody needs the futures to be Send"
)]
pub trait SendAdapter: Sized + 'static {
    /// How outcomes are reported.
    const REPORTING: Reporting = Reporting::Await;

    /// Sends open at once in one instance; more wait their turn in the SDK.
    const CONCURRENCY: usize = 256;

    /// Who the adapter is. Must not depend on anything.
    fn describe() -> TransportInfo;

    /// Starts an instance from the handler configuration, what all ports of the adapter share. It is
    /// empty when the host has none. An error ends the instance, and an operator reads its text.
    fn load(handler: Configuration) -> Result<Self, ErrorInfo>;

    /// Sends one message.
    async fn send(&self, message: &Message) -> Outcome;

    /// Takes leave of destinations that connections are kept to. Called once, when nothing is in flight
    /// any more; what is not closed here, the host closes.
    async fn terminate(&self) {}
}

/// An adapter that sends many messages with one operation.
/// BizTalk: the asynchronous batch-supported send adapter.
///
/// Export it with [`export_batch_send_adapter!`](crate::export_batch_send_adapter).
#[expect(
    async_fn_in_trait,
    reason = "one instance is one thread, so nobody needs the futures to be Send"
)]
pub trait BatchSendAdapter: Sized + 'static {
    /// How outcomes are reported.
    const REPORTING: Reporting = Reporting::Await;

    /// Who the adapter is. Must not depend on anything.
    fn describe() -> TransportInfo;

    /// Starts an instance; see [`SendAdapter::load`].
    fn load(handler: Configuration) -> Result<Self, ErrorInfo>;

    /// How much one batch may hold. Asked before every batch.
    fn limits(&self) -> BatchLimits;

    /// Sends a batch of one message or more: one outcome per message, in their order. A message
    /// without an outcome counts as failed.
    async fn send_all(&self, messages: &[Message]) -> Vec<Outcome>;

    /// Takes leave of destinations; see [`SendAdapter::terminate`].
    async fn terminate(&self) {}
}
