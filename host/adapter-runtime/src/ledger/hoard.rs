//! Handles of messages that are decided and that the guest has not dropped. Each keeps its message in the
//! host's memory, body and all; a guest that drops none would fill it.

use std::collections::HashMap;

use model::Body;
use model::transmit::Delivery;

use super::Ticket;

/// Bytes of decided messages that an instance may keep. Handles are dropped as a rule before the call
/// returns; a language that collects garbage has a few hundred messages' time.
const MOST: usize = 16 * 1024 * 1024;

/// What a message takes beside its body: its properties, mostly.
const HEAD: usize = 1024;

/// The handles of one instance.
#[derive(Debug, Default)]
pub(super) struct Hoard {
    kept: HashMap<Ticket, usize>,
    bytes: usize,
}

impl Hoard {
    /// The message is decided, and its handle is out.
    pub(super) fn add(&mut self, ticket: Ticket, delivery: &Delivery) {
        let body = match &delivery.message.body {
            Body::Inline(bytes) => bytes.len(),
            Body::Stored { .. } => 0,
        };
        self.bytes += HEAD + body;
        self.kept.insert(ticket, HEAD + body);
    }

    /// The handle is gone, if it was here.
    pub(super) fn remove(&mut self, ticket: Ticket) {
        self.bytes -= self.kept.remove(&ticket).unwrap_or_default();
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.bytes > MOST
    }
}
