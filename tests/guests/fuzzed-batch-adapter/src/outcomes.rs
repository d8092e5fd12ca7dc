//! The outcome batches of one call of `done`.

use crate::bindings::sendport::adapter::transport_proxy::{self, TransportBatch};
use crate::bindings::sendport::adapter::types::Message;
use crate::program::Program;

/// Batches that are open; the last one is the one that is worked with.
#[derive(Default)]
pub(crate) struct Outcomes(Vec<TransportBatch>);

impl Outcomes {
    pub(crate) fn open(&mut self) {
        self.0.push(transport_proxy::get_batch());
    }

    /// Adds an operation on the message; without a batch there is one from now on.
    pub(crate) fn add(&mut self, message: Option<Message>, program: &mut Program) {
        let Some(message) = message else {
            return;
        };
        if self.0.is_empty() {
            self.open();
        }
        let Some(batch) = self.0.last() else {
            return;
        };
        match program.byte() % 6 {
            0 | 1 => batch.delete_message(message),
            2 => {
                let not_before = program.optional(Program::number);
                let carry = program.optional(|p| (p.text(), p.text()));
                batch.resubmit(message, not_before, carry.as_slice());
            }
            3 => batch.move_to_next_transport(message, &program.error()),
            4 => batch.move_to_suspend_queue(message, &program.error()),
            _ => batch.fail(message, &program.failure()),
        }
    }

    /// The batch stays, and can be used again.
    pub(crate) async fn done(&self) {
        if let Some(batch) = self.0.last() {
            // What was not done is the host's business.
            drop(batch.done().await);
        }
    }

    /// Goes on in a task of its own, while `done` of the transmitter batch returns.
    pub(crate) fn done_later(&mut self) {
        if let Some(batch) = self.0.pop() {
            wit_bindgen::spawn_local(async move { drop(batch.done().await) });
        }
    }

    pub(crate) fn drop_one(&mut self) {
        drop(self.0.pop());
    }
}
