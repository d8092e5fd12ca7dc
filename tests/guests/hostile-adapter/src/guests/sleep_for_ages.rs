//! Sleeps for as long as the clock can count.

use std::time::Duration;

use crate::attack::{Answer, Attack, sleep};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        sleep(Duration::MAX).await;
        Ok(Disposition::Transmitted)
    }
}
