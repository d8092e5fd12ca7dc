//! Traps when it is to end, with a message in its hands.

use crate::attack::{Answer, Attack, trap};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        std::mem::forget(msg);
        Ok(Disposition::Pending)
    }

    async fn terminate() {
        trap();
    }
}
