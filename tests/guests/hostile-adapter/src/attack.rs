//! What every guest is: something that attacks in one of the calls it gets.

use std::time::Duration;

use crate::bindings::sendport::adapter::types::{Disposition, ErrorInfo, Failure, Message};
use crate::bindings::wasi::clocks::monotonic_clock;

/// What a transmit call returns.
pub(crate) type Answer = Result<Disposition, Failure>;

/// A guest. What it does not attack in is innocent.
pub(crate) trait Attack {
    fn initialize() -> Result<(), ErrorInfo> {
        Ok(())
    }

    /// A message with the property `attack`.
    async fn transmit(_msg: Message) -> Answer {
        Ok(Disposition::Transmitted)
    }

    /// A message without it.
    async fn innocent(_msg: Message) -> Answer {
        Ok(Disposition::Transmitted)
    }

    async fn terminate() {}
}

/// The property `attack` of a message: what some attacks need to know.
pub(crate) fn order(msg: &Message) -> String {
    msg.property("attack").unwrap_or_default()
}

/// The attack is over, and this is what it has come to. Not tried again.
pub(crate) fn found(text: &str) -> Answer {
    Err(Failure::Permanent(error(text)))
}

pub(crate) fn error(text: &str) -> ErrorInfo {
    ErrorInfo {
        code: Some("hostile".to_owned()),
        text: text.to_owned(),
    }
}

pub(crate) fn trap() -> ! {
    core::arch::wasm32::unreachable()
}

/// Lets so much time pass.
pub(crate) async fn sleep(time: Duration) {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    monotonic_clock::wait_for(nanoseconds).await;
}
