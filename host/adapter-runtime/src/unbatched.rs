//! Hands one message to an adapter that takes one per call (IBTTransmitter).

use std::sync::Arc;
use std::time::Instant;

use model::transmit::Delivery;
use wasmtime::component::Accessor;

use crate::context::Context;
use crate::guest::Single;
use crate::ledger::Ticket;
use crate::message::LentMessage;

/// Calls `transmit-message` and notes the answer in the ledger. Ends when the call has returned.
pub(crate) async fn transmit(
    accessor: &Accessor<Context>,
    guest: &Single,
    (ticket, delivery): (Ticket, Arc<Delivery>),
) -> wasmtime::Result<()> {
    let message =
        accessor.with(|mut access| access.get().table.push(LentMessage { delivery, ticket }))?;
    let answer = guest.transmit_message(accessor, message).await?;
    accessor.with(|mut access| access.get().answered(ticket, answer));
    Ok(())
}

/// Notes a message as lent; it counts as in flight from now on.
pub(crate) fn lend(accessor: &Accessor<Context>, delivery: Delivery) -> (Ticket, Arc<Delivery>) {
    let delivery = Arc::new(delivery);
    let ticket =
        accessor.with(|mut access| access.get().ledger().lend(delivery.clone(), Instant::now()));
    (ticket, delivery)
}
