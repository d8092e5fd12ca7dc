//! The exports of an adapter, in one shape whatever its world: the synchronous and the asynchronous
//! interfaces differ in types, not in meaning.
//!
//! Calls and conversions only. When something is called is decided in `drive` and what it uses.

mod batched;
mod control;
mod single;
mod transactional;

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use crate::World;
use crate::bindings::exports;
use crate::context::Context;

pub(crate) use batched::{Batched, Filling};
pub(crate) use control::Control;
pub(crate) use single::Single;
pub(crate) use transactional::{Destination, Transactional};

/// Where an adapter's exports are.
pub(crate) struct Indices {
    control: ControlIndices,
    transmitter: TransmitterIndices,
}

enum ControlIndices {
    Async(exports::transport_control::GuestIndices),
    Sync(exports::sync_transport_control::GuestIndices),
}

/// The one transmitter interface it has.
enum TransmitterIndices {
    Async(exports::transmitter::GuestIndices),
    AsyncBatch(exports::batch_transmitter::GuestIndices),
    Transactional(exports::transactional_batch_transmitter::GuestIndices),
    Sync(exports::sync_transmitter::GuestIndices),
    SyncBatch(exports::sync_batch_transmitter::GuestIndices),
}

/// The transmitter interface of an instance.
pub(crate) enum Transmitter {
    Single(Single),
    Batched(Batched),
    Transactional(Transactional),
}

impl Indices {
    /// Finds the exports of a component of this world.
    pub(crate) fn of(pre: &InstancePre<Context>, world: World) -> wasmtime::Result<Self> {
        use TransmitterIndices as T;
        let control = if world.is_synchronous() {
            ControlIndices::Sync(exports::sync_transport_control::GuestIndices::new(pre)?)
        } else {
            ControlIndices::Async(exports::transport_control::GuestIndices::new(pre)?)
        };
        let transmitter = match world {
            World::AsyncSendAdapter => T::Async(exports::transmitter::GuestIndices::new(pre)?),
            World::AsyncBatchSendAdapter => {
                T::AsyncBatch(exports::batch_transmitter::GuestIndices::new(pre)?)
            }
            World::TransactionalBatchSendAdapter => T::Transactional(
                exports::transactional_batch_transmitter::GuestIndices::new(pre)?,
            ),
            World::SendAdapter => T::Sync(exports::sync_transmitter::GuestIndices::new(pre)?),
            World::BatchSendAdapter => {
                T::SyncBatch(exports::sync_batch_transmitter::GuestIndices::new(pre)?)
            }
        };
        Ok(Self {
            control,
            transmitter,
        })
    }

    /// The exports of an instance. `destination` is for the transactional world.
    pub(crate) fn load(
        &self,
        store: &mut Store<Context>,
        instance: &Instance,
        destination: &Destination,
    ) -> wasmtime::Result<(Control, Transmitter)> {
        use TransmitterIndices as T;
        let control = match &self.control {
            ControlIndices::Async(found) => Control::Async(found.load(&mut *store, instance)?),
            ControlIndices::Sync(found) => Control::Sync(found.load(&mut *store, instance)?),
        };
        let transmitter = match &self.transmitter {
            T::Async(found) => Transmitter::Single(Single::Async(found.load(store, instance)?)),
            T::Sync(found) => Transmitter::Single(Single::Sync(found.load(store, instance)?)),
            T::AsyncBatch(found) => {
                Transmitter::Batched(Batched::Async(found.load(store, instance)?))
            }
            T::SyncBatch(found) => {
                Transmitter::Batched(Batched::Sync(found.load(store, instance)?))
            }
            T::Transactional(found) => {
                let guest = found.load(store, instance)?;
                Transmitter::Transactional(Transactional::new(guest, destination.clone()))
            }
        };
        Ok((control, transmitter))
    }
}

impl Transmitter {
    /// True when an instance does one thing at a time.
    pub(crate) fn is_synchronous(&self) -> bool {
        matches!(
            self,
            Self::Single(Single::Sync(_)) | Self::Batched(Batched::Sync(_))
        )
    }

    /// True when `terminate` comes only after everything else has ended: a synchronous instance does one
    /// thing at a time, and a transaction is not over when its messages are.
    pub(crate) fn terminates_idle(&self) -> bool {
        self.is_synchronous() || matches!(self, Self::Transactional(_))
    }
}
