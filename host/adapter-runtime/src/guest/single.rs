//! Adapters that take one message per call (IBTTransmitter).

use wasmtime::component::{Accessor, Resource};

use crate::bindings::exports::{sync_transmitter, transmitter};
use crate::bindings::imports::types::{Disposition, Failure};
use crate::context::Context;
use crate::ledger::Answer;
use crate::message::LentMessage;

/// `transmitter`, or `sync-transmitter`.
pub(crate) enum Single {
    Async(transmitter::Guest),
    Sync(sync_transmitter::Guest),
}

impl Single {
    pub(crate) async fn transmit_message(
        &self,
        accessor: &Accessor<Context>,
        message: Resource<LentMessage>,
    ) -> wasmtime::Result<Answer> {
        Ok(match self {
            Self::Async(guest) => guest.call_transmit_message(accessor, message).await?.into(),
            Self::Sync(guest) => guest.call_transmit_message(accessor, message).await?.into(),
        })
    }
}

impl From<Result<Disposition, Failure>> for Answer {
    fn from(result: Result<Disposition, Failure>) -> Self {
        match result {
            Ok(Disposition::Transmitted) => Self::Transmitted,
            Ok(Disposition::Pending) => Self::Pending,
            Err(failure) => Self::Failed(failure.into()),
        }
    }
}

/// Where nothing can be pending, no error is a promise: that the message is sent, or that the end of its
/// batch sends it.
impl From<Result<(), Failure>> for Answer {
    fn from(result: Result<(), Failure>) -> Self {
        result.map(|()| Disposition::Transmitted).into()
    }
}
