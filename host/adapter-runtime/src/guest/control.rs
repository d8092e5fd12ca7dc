//! The beginning and the end of an instance (IBTTransportControl).

use model::ErrorInfo;
use wasmtime::component::Accessor;

use crate::bindings::exports::{sync_transport_control, transport_control};
use crate::context::Context;

/// `transport-control`, or `sync-transport-control`.
pub(crate) enum Control {
    Async(transport_control::Guest),
    Sync(sync_transport_control::Guest),
}

impl Control {
    /// The inner error is the adapter's.
    pub(crate) async fn initialize(
        &self,
        accessor: &Accessor<Context>,
    ) -> wasmtime::Result<Result<(), ErrorInfo>> {
        let initialized = match self {
            Self::Async(guest) => guest.call_initialize(accessor).await?,
            Self::Sync(guest) => guest.call_initialize(accessor).await?,
        };
        Ok(initialized.map_err(Into::into))
    }

    pub(crate) async fn terminate(&self, accessor: &Accessor<Context>) -> wasmtime::Result<()> {
        match self {
            Self::Async(guest) => guest.call_terminate(accessor).await,
            Self::Sync(guest) => guest.call_terminate(accessor).await,
        }
    }
}
