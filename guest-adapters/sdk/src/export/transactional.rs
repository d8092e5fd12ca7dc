//! The `transactional-batch-transmitter` export over a [`TransactionalBatchSendAdapter`].

use std::cell::RefCell;
use std::fmt;

use super::Instance;
use super::outcomes::{REFUSED, exact, failures};
use crate::raw::transactional_batch_transmitter::{GuestTransmitterBatch, TransmitterBatch};
use crate::raw::types::MessageFailure;
use crate::{BatchLimits, Destination, Failure, Message, TransactionalBatchSendAdapter};

/// An adapter with its transactions.
pub struct Transactions<A> {
    instance: Instance<A>,
}

/// One batch: what the host has pushed so far, and where it goes.
pub struct TransactionBatch<A: 'static> {
    transactions: &'static Transactions<A>,
    destination: Destination,
    messages: RefCell<Vec<Message>>,
}

impl<A: TransactionalBatchSendAdapter> Transactions<A> {
    /// Before `load`.
    #[expect(clippy::new_without_default, reason = "made by a macro, once")]
    pub fn new() -> Self {
        Self {
            instance: Instance::new(),
        }
    }

    /// Its life.
    pub fn instance(&self) -> &Instance<A> {
        &self.instance
    }

    /// `transactional-batch-transmitter.get-batch`
    pub fn open(&'static self, destination: Destination) -> TransactionBatch<A> {
        TransactionBatch {
            transactions: self,
            destination,
            messages: RefCell::default(),
        }
    }

    /// `transport-control.terminate`
    pub async fn terminate(&self) {
        self.instance.terminate().await;
        if let Ok(adapter) = self.instance.loaded() {
            adapter.terminate().await;
        }
    }

    // What was prepared is also committed or rolled back while the adapter terminates: that is how its
    // work comes to an end.

    /// `transactional-batch-transmitter.commit`
    pub async fn commit(&self, destination: Destination, transaction: &str) -> Result<(), Failure> {
        let _airborne = self.instance.begin(1);
        let adapter = self.instance.loaded()?;
        adapter.commit(&destination, transaction).await
    }

    /// `transactional-batch-transmitter.rollback`
    pub async fn rollback(
        &self,
        destination: Destination,
        transaction: &str,
    ) -> Result<(), Failure> {
        let _airborne = self.instance.begin(1);
        let adapter = self.instance.loaded()?;
        adapter.rollback(&destination, transaction).await
    }

    /// `transactional-batch-transmitter.list-prepared`
    pub async fn list_prepared(
        &self,
        destination: Destination,
        prefix: &str,
    ) -> Result<Vec<String>, Failure> {
        let _airborne = self.instance.begin(1);
        let adapter = self.instance.loaded()?;
        adapter.list_prepared(&destination, prefix).await
    }
}

impl<A: TransactionalBatchSendAdapter> GuestTransmitterBatch for TransactionBatch<A> {
    fn begin_batch(&self) -> BatchLimits {
        match self.transactions.instance.adapter() {
            Ok(adapter) => adapter.limits(&self.destination),
            Err(_) => REFUSED,
        }
    }

    fn transmit_message(&self, message: Message) -> Result<(), Failure> {
        self.transactions.instance.adapter()?;
        self.messages.borrow_mut().push(message);
        Ok(())
    }

    async fn prepare(
        batch: TransmitterBatch,
        transaction: String,
    ) -> Result<Vec<MessageFailure>, Failure> {
        let Self {
            transactions,
            destination,
            messages,
        } = batch.into_inner();
        let (adapter, messages) = (transactions.instance.adapter()?, messages.into_inner());
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let _airborne = transactions.instance.begin(messages.len());
        let outcomes = adapter
            .prepare(&destination, &transaction, &messages)
            .await?;
        Ok(failures(exact(outcomes, messages.len())?))
    }

    fn clear(batch: TransmitterBatch) {
        drop(batch.into_inner::<Self>());
    }
}

impl<A> fmt::Debug for Transactions<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transactions").finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for TransactionBatch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionBatch")
            .field("destination", &self.destination)
            .field("messages", &self.messages.borrow().len())
            .finish_non_exhaustive()
    }
}
