//! The `message` resource as the host implements it: what a guest may ask about a message.

use std::sync::Arc;

use model::transmit::Delivery;
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::imports::types::{Host, HostMessage};
use crate::context::Context;
use crate::ledger::Ticket;

/// A message lent to an instance. The data stays readable after the ticket has ended; the body does not.
#[expect(unreachable_pub, reason = "bindgen! re-exports it")]
#[derive(Clone, Debug)]
pub struct LentMessage {
    pub(crate) delivery: Arc<Delivery>,
    pub(crate) ticket: Ticket,
}

impl LentMessage {
    fn property(&self, name: &str) -> Option<&str> {
        self.delivery.message.properties.get(name)
    }
}

impl Context {
    fn message(&mut self, handle: &Resource<LentMessage>) -> Result<&LentMessage> {
        self.cpu.reset();
        Ok(self.table.get(handle)?)
    }

    /// The delivery, unless the message has been taken back.
    fn readable(&mut self, handle: &Resource<LentMessage>) -> Result<Option<Arc<Delivery>>> {
        let lent = self.message(handle)?;
        let (ticket, delivery) = (lent.ticket, lent.delivery.clone());
        Ok(self.ledger.holds(ticket).then_some(delivery))
    }
}

impl Host for Context {}

impl HostMessage for Context {
    fn id(&mut self, handle: Resource<LentMessage>) -> Result<String> {
        Ok(self.message(&handle)?.delivery.message.id.to_string())
    }

    fn attempt(&mut self, handle: Resource<LentMessage>) -> Result<u32> {
        Ok(self
            .message(&handle)?
            .delivery
            .message
            .attempts
            .saturating_add(1))
    }

    fn retries_left(&mut self, handle: Resource<LentMessage>) -> Result<u32> {
        Ok(self.message(&handle)?.delivery.retries_left)
    }

    fn send_port(&mut self, handle: Resource<LentMessage>) -> Result<String> {
        Ok(self.message(&handle)?.delivery.message.port.to_string())
    }

    fn address(&mut self, handle: Resource<LentMessage>) -> Result<String> {
        Ok(self.message(&handle)?.delivery.address.to_string())
    }

    fn property(&mut self, handle: Resource<LentMessage>, name: String) -> Result<Option<String>> {
        Ok(self.message(&handle)?.property(&name).map(str::to_owned))
    }

    fn properties(&mut self, handle: Resource<LentMessage>) -> Result<Vec<(String, String)>> {
        let properties = &self.message(&handle)?.delivery.message.properties;
        Ok(properties
            .iter()
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .collect())
    }

    fn configuration(&mut self, handle: Resource<LentMessage>) -> Result<Vec<(String, String)>> {
        Ok(self
            .message(&handle)?
            .delivery
            .configuration
            .entries
            .clone())
    }

    fn configuration_version(&mut self, handle: Resource<LentMessage>) -> Result<u64> {
        Ok(self.message(&handle)?.delivery.configuration.version)
    }

    fn size(&mut self, handle: Resource<LentMessage>) -> Result<u64> {
        Ok(self.message(&handle)?.delivery.message.body.size())
    }

    async fn body(&mut self, handle: Resource<LentMessage>) -> Result<Vec<u8>> {
        let Some(delivery) = self.readable(&handle)? else {
            return Ok(Vec::new());
        };
        Ok(delivery.message.body.read_all().await?.into())
    }

    async fn read(
        &mut self,
        handle: Resource<LentMessage>,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>> {
        let Some(delivery) = self.readable(&handle)? else {
            return Ok(Vec::new());
        };
        let length = length.min(LONGEST_READ);
        Ok(delivery.message.body.read(offset, length).await?.into())
    }

    fn drop(&mut self, handle: Resource<LentMessage>) -> Result<()> {
        self.cpu.reset();
        let lent = self.table.delete(handle)?;
        if self.ledger.dropped(lent.ticket) {
            self.report();
            self.progress.notify_one();
        }
        Ok(())
    }
}

/// The most one `read` returns: a guest that asks for all of a large body must not make the host hold
/// it a second time.
const LONGEST_READ: u64 = 1024 * 1024;
