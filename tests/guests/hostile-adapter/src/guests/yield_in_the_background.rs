//! Answers at once, and keeps a task that gives way for ever: no message is out, and no call is open.

use wit_bindgen::{spawn_local, yield_async};

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        spawn_local(async {
            loop {
                yield_async().await;
            }
        });
        Ok(Disposition::Transmitted)
    }
}
