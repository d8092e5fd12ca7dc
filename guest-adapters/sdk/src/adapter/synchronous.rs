//! What the author of a synchronous adapter implements. Nothing in it is async, and a component made of
//! it imports nothing that is: take [`http`](crate::http), [`tcp`](crate::tcp) and
//! [`time`](crate::time) in asynchronous adapters only.

use crate::{BatchLimits, Configuration, ErrorInfo, Message, Outcome, TransportInfo};

/// An adapter that sends one message at a time and blocks meanwhile. The host runs several instances.
/// BizTalk: the synchronous send adapter.
///
/// Export it with [`export_sync_send_adapter!`](crate::export_sync_send_adapter).
pub trait SyncSendAdapter: Sized + 'static {
    /// Who the adapter is. Must not depend on anything.
    fn describe() -> TransportInfo;

    /// Starts an instance; see [`SendAdapter::load`](crate::SendAdapter::load).
    fn load(handler: Configuration) -> Result<Self, ErrorInfo>;

    /// Sends one message.
    fn send(&self, message: &Message) -> Outcome;
}

/// An adapter that sends many messages with one operation and blocks meanwhile.
/// BizTalk: the synchronous batch-supported send adapter.
///
/// Export it with [`export_sync_batch_send_adapter!`](crate::export_sync_batch_send_adapter).
pub trait SyncBatchSendAdapter: Sized + 'static {
    /// Who the adapter is. Must not depend on anything.
    fn describe() -> TransportInfo;

    /// Starts an instance; see [`SendAdapter::load`](crate::SendAdapter::load).
    fn load(handler: Configuration) -> Result<Self, ErrorInfo>;

    /// How much one batch may hold. Asked before every batch.
    fn limits(&self) -> BatchLimits;

    /// Sends a batch of one message or more: one outcome per message, in their order. A message
    /// without an outcome counts as failed.
    fn send_all(&self, messages: &[Message]) -> Vec<Outcome>;
}
