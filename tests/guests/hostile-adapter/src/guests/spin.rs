//! Computes for ever.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        loop {
            std::hint::spin_loop();
        }
    }
}
