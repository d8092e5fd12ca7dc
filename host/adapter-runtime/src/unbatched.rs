//! Hands one message to an adapter of the async world (IBTTransmitter).

use std::sync::Arc;
use std::time::Instant;

use model::transmit::Delivery;
use wasmtime::component::Accessor;

use crate::bindings::exports::transmitter::Guest;
use crate::bindings::imports::types::{Disposition, Failure};
use crate::context::Context;
use crate::ledger::{Answer, Ticket};
use crate::message::LentMessage;

/// Calls `transmit-message` and notes the answer in the ledger. Ends when the call has returned.
pub(crate) async fn transmit(
    accessor: &Accessor<Context>,
    guest: &Guest,
    (ticket, delivery): (Ticket, Arc<Delivery>),
) -> wasmtime::Result<()> {
    let message = accessor.with(|mut access| {
        let context = access.get();
        context.cpu.reset();
        context.table.push(LentMessage { delivery, ticket })
    })?;
    let result = guest.call_transmit_message(accessor, message).await?;
    accessor.with(|mut access| access.get().ledger.answered(ticket, answer(result)));
    Ok(())
}

/// Notes a message as lent; it counts as in flight from now on.
pub(crate) fn lend(accessor: &Accessor<Context>, delivery: Delivery) -> (Ticket, Arc<Delivery>) {
    let delivery = Arc::new(delivery);
    let ticket =
        accessor.with(|mut access| access.get().ledger.lend(delivery.clone(), Instant::now()));
    (ticket, delivery)
}

/// The guest's answer in the ledger's words.
pub(crate) fn answer(result: Result<Disposition, Failure>) -> Answer {
    match result {
        Ok(Disposition::Transmitted) => Answer::Transmitted,
        Ok(Disposition::Pending) => Answer::Pending,
        Err(failure) => Answer::Failed(failure.into()),
    }
}
