//! Calls the host back while the host hands it a string, in the middle of its own call.

use std::sync::atomic::Ordering;

use crate::attack::{Answer, Attack, found};
use crate::bindings::sendport::adapter::types::Message;
use crate::meddling_allocator::MEDDLES;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        MEDDLES.store(true, Ordering::Relaxed);
        let id = msg.id();
        MEDDLES.store(false, Ordering::Relaxed);
        found(&id)
    }
}
