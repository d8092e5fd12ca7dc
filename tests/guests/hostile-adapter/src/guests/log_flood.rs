//! Logs without end, at length.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::log;
use crate::bindings::sendport::adapter::types::{LogLevel, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        let line = "woe ".repeat(1024 * 1024);
        loop {
            log(LogLevel::Error, &line);
        }
    }
}
