//! What the author of a transactional adapter implements: four operations of a destination that can
//! prepare. Which transactions are committed is decided by the host and nobody else.

use crate::{
    BatchLimits, Configuration, Destination, ErrorInfo, Failure, Message, Outcome, TransportInfo,
};

/// An adapter whose destination can prepare, so that every message arrives exactly once.
/// BizTalk: the transactional asynchronous batch-supported send adapter.
///
/// The host names the transactions and coordinates them: it prepares a batch, records in one
/// transaction of its own that the messages are gone and that this one is to be committed, and commits.
/// After a crash it lists what is prepared, commits what it has recorded and rolls back the rest.
/// Several transactions are open at once in one instance, and an instance may have to commit or roll
/// back what another one has prepared.
///
/// Export it with
/// [`export_transactional_batch_send_adapter!`](crate::export_transactional_batch_send_adapter).
#[expect(
    async_fn_in_trait,
    reason = "one instance is one thread, so nobody needs the futures to be Send"
)]
pub trait TransactionalBatchSendAdapter: Sized + 'static {
    /// Who the adapter is. Must not depend on anything.
    fn describe() -> TransportInfo;

    /// Starts an instance; see [`SendAdapter::load`](crate::SendAdapter::load).
    fn load(handler: Configuration) -> Result<Self, ErrorInfo>;

    /// How much one batch for this destination may hold. Asked before every batch.
    fn limits(&self, destination: &Destination) -> BatchLimits;

    /// Writes a batch of one message or more under a transaction of this name and prepares it: once
    /// this has returned, the destination can commit it whatever happens.
    ///
    /// One outcome per message, in their order; a message that failed is not part of the transaction,
    /// and when all failed, nothing is left prepared. An error, or another number of outcomes, means
    /// that nobody knows what is prepared: the host rolls back and every message has failed.
    async fn prepare(
        &self,
        destination: &Destination,
        transaction: &str,
        messages: &[Message],
    ) -> Result<Vec<Outcome>, Failure>;

    /// Commits a prepared transaction. One that the destination does not know was committed before:
    /// that is no error.
    async fn commit(&self, destination: &Destination, transaction: &str) -> Result<(), Failure>;

    /// Rolls a transaction back. One that the destination does not know never was: that is no error.
    async fn rollback(&self, destination: &Destination, transaction: &str) -> Result<(), Failure>;

    /// The names of the destination's prepared transactions that begin with the prefix.
    async fn list_prepared(
        &self,
        destination: &Destination,
        prefix: &str,
    ) -> Result<Vec<String>, Failure>;

    /// Takes leave of destinations; see [`SendAdapter::terminate`](crate::SendAdapter::terminate).
    async fn terminate(&self) {}
}
