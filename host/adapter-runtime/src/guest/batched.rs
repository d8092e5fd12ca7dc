//! Adapters that take messages in batches (IBTBatchTransmitter, IBTTransmitterBatch).

use model::transmit::Delivery;
use wasmtime::component::{Accessor, Resource, ResourceAny};

use crate::bindings::exports::{batch_transmitter, sync_batch_transmitter};
use crate::bindings::imports::types::{BatchLimits, Failure, MessageFailure};
use crate::context::Context;
use crate::ledger::Answer;
use crate::message::LentMessage;

/// A transmitter batch of any kind until it is full; what then sends it is different from kind to kind.
pub(crate) trait Filling {
    /// A delivery as this kind of adapter gets it.
    fn lending(&self, delivery: Delivery) -> Delivery {
        delivery
    }

    async fn get_batch(&self, accessor: &Accessor<Context>) -> wasmtime::Result<ResourceAny>;

    async fn begin_batch(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
    ) -> wasmtime::Result<BatchLimits>;

    async fn transmit_message(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
        message: Resource<LentMessage>,
    ) -> wasmtime::Result<Answer>;

    async fn clear(&self, accessor: &Accessor<Context>, batch: ResourceAny)
    -> wasmtime::Result<()>;
}

/// `batch-transmitter`, or `sync-batch-transmitter`.
pub(crate) enum Batched {
    Async(batch_transmitter::Guest),
    Sync(sync_batch_transmitter::Guest),
}

impl Batched {
    /// Sends what was collected. The inner error is the adapter's.
    pub(crate) async fn done(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
    ) -> wasmtime::Result<Result<Vec<MessageFailure>, Failure>> {
        match self {
            Self::Async(guest) => guest.transmitter_batch().call_done(accessor, batch).await,
            Self::Sync(guest) => guest.transmitter_batch().call_done(accessor, batch).await,
        }
    }
}

impl Filling for Batched {
    async fn get_batch(&self, accessor: &Accessor<Context>) -> wasmtime::Result<ResourceAny> {
        match self {
            Self::Async(guest) => guest.call_get_batch(accessor).await,
            Self::Sync(guest) => guest.call_get_batch(accessor).await,
        }
    }

    async fn begin_batch(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
    ) -> wasmtime::Result<BatchLimits> {
        match self {
            Self::Async(guest) => {
                let batches = guest.transmitter_batch();
                batches.call_begin_batch(accessor, batch).await
            }
            Self::Sync(guest) => {
                let batches = guest.transmitter_batch();
                batches.call_begin_batch(accessor, batch).await
            }
        }
    }

    async fn transmit_message(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
        message: Resource<LentMessage>,
    ) -> wasmtime::Result<Answer> {
        Ok(match self {
            Self::Async(guest) => {
                let batches = guest.transmitter_batch();
                let result = batches.call_transmit_message(accessor, batch, message);
                result.await?.into()
            }
            Self::Sync(guest) => {
                let batches = guest.transmitter_batch();
                let result = batches.call_transmit_message(accessor, batch, message);
                result.await?.into()
            }
        })
    }

    async fn clear(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
    ) -> wasmtime::Result<()> {
        match self {
            Self::Async(guest) => guest.transmitter_batch().call_clear(accessor, batch).await,
            Self::Sync(guest) => guest.transmitter_batch().call_clear(accessor, batch).await,
        }
    }
}
