//! Logs and complains in lines that look like the host's own, and with sequences that a terminal obeys.

use crate::attack::{Answer, Attack, error, found};
use crate::bindings::sendport::adapter::transport_proxy::{log, set_error_info};
use crate::bindings::sendport::adapter::types::{LogLevel, Message};

pub(crate) struct Guest;

const FORGED: &str = "harmless\n2026-01-01T00:00:00Z  INFO all is well\r\u{1b}[2J\u{9b}31m\u{7}\0";

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        log(LogLevel::Warn, FORGED);
        set_error_info(&error(FORGED));
        found(FORGED)
    }
}
