//! The `batch-transmitter` export over a [`BatchSendAdapter`].

use std::cell::RefCell;
use std::fmt;

use wit_bindgen::spawn_local;

use super::Instance;
use super::outcomes::{REFUSED, complete, failures};
use crate::raw::batch_transmitter::{GuestTransmitterBatch, TransmitterBatch};
use crate::raw::types::{Disposition, MessageFailure};
use crate::reporter::{Known, Reporter};
use crate::{BatchLimits, BatchSendAdapter, Failure, Message, Reporting};

/// An adapter with what its open batches share.
pub struct Batches<A> {
    instance: Instance<A>,
    reporter: Reporter,
}

/// One batch: what the host has pushed so far.
pub struct Batch<A: 'static> {
    batches: &'static Batches<A>,
    messages: RefCell<Vec<Message>>,
}

impl<A: BatchSendAdapter> Batches<A> {
    /// Before `load`.
    #[expect(clippy::new_without_default, reason = "made by a macro, once")]
    pub fn new() -> Self {
        Self {
            instance: Instance::new(),
            reporter: Reporter::default(),
        }
    }

    /// Its life.
    pub fn instance(&self) -> &Instance<A> {
        &self.instance
    }

    /// `transport-control.terminate`
    pub async fn terminate(&self) {
        self.instance.terminate().await;
        if let Ok(adapter) = self.instance.loaded() {
            adapter.terminate().await;
        }
    }

    /// `batch-transmitter.get-batch`
    pub fn open(&'static self) -> Batch<A> {
        Batch {
            batches: self,
            messages: RefCell::default(),
        }
    }

    async fn send_now(
        &self,
        adapter: &A,
        messages: Vec<Message>,
    ) -> Result<Vec<MessageFailure>, Failure> {
        let _airborne = self.instance.begin(messages.len());
        let outcomes = complete(adapter.send_all(&messages).await, messages.len());
        Ok(failures(outcomes))
    }

    async fn send_later(&'static self, adapter: &'static A, messages: Vec<Message>, most: usize) {
        // One count per message, since outcomes of one batch may go into several reports.
        let airborne: Vec<_> = messages.iter().map(|_| self.instance.begin(1)).collect();
        let outcomes = complete(adapter.send_all(&messages).await, messages.len());
        let known = messages.into_iter().zip(outcomes).zip(airborne);
        let report = self
            .reporter
            .add(known.map(|((message, outcome), airborne)| Known {
                message,
                outcome,
                airborne,
            }));
        if report {
            self.reporter.report(most).await;
        }
    }
}

impl<A: BatchSendAdapter> GuestTransmitterBatch for Batch<A> {
    fn begin_batch(&self) -> BatchLimits {
        match self.batches.instance.adapter() {
            Ok(adapter) => adapter.limits(),
            Err(_) => REFUSED,
        }
    }

    fn transmit_message(&self, message: Message) -> Result<Disposition, Failure> {
        self.batches.instance.adapter()?;
        self.messages.borrow_mut().push(message);
        Ok(match A::REPORTING {
            Reporting::Await => Disposition::Transmitted,
            Reporting::Later { .. } => Disposition::Pending,
        })
    }

    async fn done(batch: TransmitterBatch) -> Result<Vec<MessageFailure>, Failure> {
        let Self { batches, messages } = batch.into_inner();
        let (adapter, messages) = (batches.instance.adapter()?, messages.into_inner());
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        match A::REPORTING {
            Reporting::Await => batches.send_now(adapter, messages).await,
            Reporting::Later { batch } => {
                spawn_local(batches.send_later(adapter, messages, batch));
                Ok(Vec::new())
            }
        }
    }

    fn clear(batch: TransmitterBatch) {
        drop(batch.into_inner::<Self>());
    }
}

impl<A> fmt::Debug for Batches<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for Batch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Batch")
            .field(&self.messages.borrow().len())
            .finish()
    }
}
