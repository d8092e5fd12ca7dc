//! The `message` resource as the host implements it: what a guest may ask about a message.

use std::sync::Arc;

use model::transmit::Delivery;
use model::{ErrorInfo, Response};
use wasmtime::Result;
use wasmtime::component::Resource;

use crate::bindings::imports::types::{self as wit, Host, HostMessage};
use crate::context::Context;
use crate::ledger::Ticket;
use crate::limits::PROPERTIES;

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
        let ticket = self.table.get(handle)?.ticket;
        self.touch(ticket);
        Ok(self.table.get(handle)?)
    }

    /// The delivery, unless the message has been taken back.
    fn readable(
        &mut self,
        handle: &Resource<LentMessage>,
    ) -> Result<Option<(Ticket, Arc<Delivery>)>> {
        let lent = self.message(handle)?;
        let (ticket, delivery) = (lent.ticket, lent.delivery.clone());
        Ok(self.ledger().holds(ticket).then_some((ticket, delivery)))
    }
}

impl Host for Context {}

impl HostMessage for Context {
    fn id(&mut self, handle: Resource<LentMessage>) -> Result<String> {
        Ok(self.message(&handle)?.delivery.message.id.to_string())
    }

    fn attempt(&mut self, handle: Resource<LentMessage>) -> Result<u32> {
        Ok(self.message(&handle)?.delivery.message.attempt())
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
        let Some((ticket, delivery)) = self.readable(&handle)? else {
            return Ok(Vec::new());
        };
        let body = delivery.message.body.read_all().await?;
        self.moved(ticket, body.len(), 0);
        Ok(body.into())
    }

    async fn read(
        &mut self,
        handle: Resource<LentMessage>,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>> {
        let Some((ticket, delivery)) = self.readable(&handle)? else {
            return Ok(Vec::new());
        };
        let length = length.min(LONGEST_READ);
        let piece = delivery.message.body.read(offset, length).await?;
        self.moved(ticket, piece.len(), 0);
        Ok(piece.into())
    }

    fn expects_response(&mut self, handle: Resource<LentMessage>) -> Result<bool> {
        Ok(self.message(&handle)?.delivery.max_response.is_some())
    }

    fn submit_response(
        &mut self,
        handle: Resource<LentMessage>,
        response: wit::Response,
    ) -> Result<Result<(), wit::ErrorInfo>> {
        let lent = self.message(&handle)?.clone();
        let size = response.body.len();
        let kept = check(&response, lent.delivery.max_response)
            .and_then(|()| self.ledger().respond(lent.ticket, response.into()));
        if kept.is_ok() {
            self.moved(lent.ticket, 0, size);
        }
        Ok(kept.map_err(Into::into))
    }

    fn drop(&mut self, handle: Resource<LentMessage>) -> Result<()> {
        let lent = self.table.delete(handle)?;
        self.touch(lent.ticket);
        if self.ledger().dropped(lent.ticket) {
            self.report();
            self.progress.notify_one();
        }
        Ok(())
    }
}

/// Whether the port takes this response.
fn check(response: &wit::Response, max_response: Option<usize>) -> Result<(), ErrorInfo> {
    let Some(limit) = max_response else {
        let text = "the port is one-way: nobody waits for a response";
        return Err(ErrorInfo::new("one-way", text));
    };
    let too_large = |what: &str, size: usize, limit: usize| {
        let text = format!("the response has {size} bytes of {what}, of which {limit} are allowed");
        Err(ErrorInfo::new("response-too-large", text))
    };
    let properties = response.properties.iter();
    // One that is empty counts as well: there could be a million of them.
    let named: usize = properties.map(|(n, v)| (n.len() + v.len()).max(1)).sum();
    match response.body.len() {
        size if size > limit => too_large("content", size, limit),
        _ if named > PROPERTIES => too_large("properties", named, PROPERTIES),
        _ => Ok(()),
    }
}

impl From<wit::Response> for Response {
    fn from(response: wit::Response) -> Self {
        Self {
            properties: response.properties.into_iter().collect(),
            body: response.body.into(),
        }
    }
}

/// The most one `read` returns: a guest that asks for all of a large body must not make the host hold
/// it a second time.
const LONGEST_READ: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: usize, property: usize) -> wit::Response {
        wit::Response {
            properties: vec![("x".to_owned(), "y".repeat(property))],
            body: vec![0; body],
        }
    }

    #[test]
    fn a_response_is_refused_where_nobody_waits_and_where_it_is_too_large() {
        let code = |response, limit| {
            let refused = check(&response, limit).err();
            refused.and_then(|error| error.code).unwrap_or_default()
        };
        assert_eq!(code(response(0, 0), None), "one-way");
        assert_eq!(code(response(0, 0), Some(0)), "");
        assert_eq!(code(response(10, 0), Some(10)), "");
        assert_eq!(code(response(11, 0), Some(10)), "response-too-large");
        assert_eq!(code(response(0, PROPERTIES - 1), Some(0)), "");
        assert_eq!(code(response(0, PROPERTIES), Some(0)), "response-too-large");
    }
}
