//! Fails with a text that fills its memory.

use crate::attack::{Answer, Attack, found};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        found(&"because ".repeat(1024 * 1024))
    }
}
