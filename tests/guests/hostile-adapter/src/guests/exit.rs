//! Ends the whole program, with success, while it has a message.

use crate::attack::{Answer, Attack, found};
use crate::bindings::sendport::adapter::types::Message;
use crate::bindings::wasi::cli::exit;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        exit::exit(Ok(()));
        found("still there")
    }
}
