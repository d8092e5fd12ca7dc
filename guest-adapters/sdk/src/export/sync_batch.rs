//! The `sync-batch-transmitter` export over a [`SyncBatchSendAdapter`].

use std::cell::RefCell;
use std::fmt;

use super::Instance;
use super::outcomes::{REFUSED, complete, failures};
use crate::raw::sync_batch_transmitter::{GuestTransmitterBatch, TransmitterBatch};
use crate::raw::types::MessageFailure;
use crate::{BatchLimits, Failure, Message, SyncBatchSendAdapter};

/// An adapter that has one batch at a time.
pub struct SyncBatches<A> {
    instance: Instance<A>,
}

/// One batch: what the host has pushed so far.
pub struct SyncBatch<A: 'static> {
    batches: &'static SyncBatches<A>,
    messages: RefCell<Vec<Message>>,
}

impl<A: SyncBatchSendAdapter> SyncBatches<A> {
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

    /// `sync-batch-transmitter.get-batch`
    pub fn open(&'static self) -> SyncBatch<A> {
        SyncBatch {
            batches: self,
            messages: RefCell::default(),
        }
    }
}

impl<A: SyncBatchSendAdapter> GuestTransmitterBatch for SyncBatch<A> {
    fn begin_batch(&self) -> BatchLimits {
        match self.batches.instance.adapter() {
            Ok(adapter) => adapter.limits(),
            Err(_) => REFUSED,
        }
    }

    fn transmit_message(&self, message: Message) -> Result<(), Failure> {
        self.batches.instance.adapter()?;
        self.messages.borrow_mut().push(message);
        Ok(())
    }

    fn done(batch: TransmitterBatch) -> Result<Vec<MessageFailure>, Failure> {
        let Self { batches, messages } = batch.into_inner();
        let (adapter, messages) = (batches.instance.adapter()?, messages.into_inner());
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let outcomes = adapter.send_all(&messages);
        Ok(failures(complete(outcomes, messages.len())))
    }

    fn clear(batch: TransmitterBatch) {
        drop(batch.into_inner::<Self>());
    }
}

impl<A> fmt::Debug for SyncBatches<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncBatches").finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for SyncBatch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SyncBatch")
            .field(&self.messages.borrow().len())
            .finish()
    }
}
