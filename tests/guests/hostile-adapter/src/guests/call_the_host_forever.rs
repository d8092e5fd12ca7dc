//! Asks the host the same question for ever, so that it never seems to compute for long.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        loop {
            std::hint::black_box(msg.attempt());
        }
    }
}
