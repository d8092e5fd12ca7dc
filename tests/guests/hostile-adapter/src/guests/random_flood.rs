//! Asks for more random bytes than there is memory, of the host's or its own.

use crate::attack::{Answer, Attack, found};
use crate::bindings::sendport::adapter::types::Message;
use crate::bindings::wasi::random::random::get_random_bytes;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        let bytes = get_random_bytes(1 << 40);
        found(&format!("got {} bytes", bytes.len()))
    }
}
