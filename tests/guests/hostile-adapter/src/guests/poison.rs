//! Panics over the one message that has the property `attack`. All others are on their way for a while, so
//! that many are when it does.

use std::time::Duration;

use crate::attack::{Answer, Attack, sleep};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        sleep(Duration::from_millis(2)).await;
        panic!("poisoned by {}", msg.id());
    }

    async fn innocent(_msg: Message) -> Answer {
        sleep(Duration::from_millis(10)).await;
        Ok(Disposition::Transmitted)
    }
}
