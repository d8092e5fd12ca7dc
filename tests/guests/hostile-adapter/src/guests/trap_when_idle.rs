//! Says that it has sent a message, and traps a moment later, when it has others, or none.

use std::time::Duration;

use wit_bindgen::spawn_local;

use crate::attack::{Answer, Attack, sleep, trap};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        sleep(Duration::from_millis(10)).await;
        spawn_local(async {
            sleep(Duration::from_millis(20)).await;
            trap();
        });
        Ok(Disposition::Transmitted)
    }

    async fn innocent(_msg: Message) -> Answer {
        sleep(Duration::from_millis(40)).await;
        Ok(Disposition::Transmitted)
    }
}
