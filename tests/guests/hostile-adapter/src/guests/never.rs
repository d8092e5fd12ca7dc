//! Keeps a message and never says what became of it.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        std::mem::forget(msg);
        Ok(Disposition::Pending)
    }
}
