//! Adapters whose destination can prepare: the participant's side of a two-phase commit (B81–B86).

use model::transmit::Delivery;
use wasmtime::component::{Accessor, Resource, ResourceAny};

use super::Filling;
use crate::bindings::exports::transactional_batch_transmitter::Guest;
use crate::bindings::imports::types::{BatchLimits, Failure, MessageFailure};
use crate::context::Context;
use crate::ledger::Answer;
use crate::message::LentMessage;

pub(crate) use crate::bindings::exports::transactional_batch_transmitter::Destination;

/// `transactional-batch-transmitter`, for the port's destination.
pub(crate) struct Transactional {
    guest: Guest,
    destination: Destination,
}

/// What a call returns: the outer error is a trap, the inner one the adapter's.
type Called<T> = wasmtime::Result<Result<T, Failure>>;

impl Transactional {
    pub(super) fn new(guest: Guest, destination: Destination) -> Self {
        Self { guest, destination }
    }

    /// Writes what was collected under a transaction of this name and prepares it.
    pub(crate) async fn prepare(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
        transaction: String,
    ) -> Called<Vec<MessageFailure>> {
        let batches = self.guest.transmitter_batch();
        batches.call_prepare(accessor, batch, transaction).await
    }

    /// One that the destination does not know was committed before.
    pub(crate) async fn commit(
        &self,
        accessor: &Accessor<Context>,
        transaction: String,
    ) -> Called<()> {
        let place = self.destination.clone();
        self.guest.call_commit(accessor, place, transaction).await
    }

    /// One that the destination does not know never was.
    pub(crate) async fn roll_back(
        &self,
        accessor: &Accessor<Context>,
        transaction: String,
    ) -> Called<()> {
        let place = self.destination.clone();
        self.guest.call_rollback(accessor, place, transaction).await
    }

    /// The names of the prepared transactions that begin so.
    pub(crate) async fn list_prepared(
        &self,
        accessor: &Accessor<Context>,
        prefix: String,
    ) -> Called<Vec<String>> {
        let place = self.destination.clone();
        self.guest.call_list_prepared(accessor, place, prefix).await
    }
}

impl Filling for Transactional {
    /// One-way: the decision to commit has no room for responses.
    fn lending(&self, delivery: Delivery) -> Delivery {
        Delivery {
            max_response: None,
            ..delivery
        }
    }

    async fn get_batch(&self, accessor: &Accessor<Context>) -> wasmtime::Result<ResourceAny> {
        let place = self.destination.clone();
        self.guest.call_get_batch(accessor, place).await
    }

    async fn begin_batch(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
    ) -> wasmtime::Result<BatchLimits> {
        let batches = self.guest.transmitter_batch();
        batches.call_begin_batch(accessor, batch).await
    }

    async fn transmit_message(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
        message: Resource<LentMessage>,
    ) -> wasmtime::Result<Answer> {
        let batches = self.guest.transmitter_batch();
        let result = batches.call_transmit_message(accessor, batch, message);
        Ok(result.await?.into())
    }

    async fn clear(
        &self,
        accessor: &Accessor<Context>,
        batch: ResourceAny,
    ) -> wasmtime::Result<()> {
        let batches = self.guest.transmitter_batch();
        batches.call_clear(accessor, batch).await
    }
}
