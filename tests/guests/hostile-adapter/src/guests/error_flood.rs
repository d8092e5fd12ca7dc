//! Complains without end, at length, and of no message.

use crate::attack::{Answer, Attack, error};
use crate::bindings::sendport::adapter::transport_proxy::set_error_info;
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        let complaint = error(&"woe ".repeat(1024 * 1024));
        loop {
            set_error_info(&complaint);
        }
    }
}
