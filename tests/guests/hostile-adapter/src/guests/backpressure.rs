//! Lets no further call in: none for a message, and none to end it.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        wit_bindgen::backpressure_inc();
        Ok(Disposition::Transmitted)
    }
}
