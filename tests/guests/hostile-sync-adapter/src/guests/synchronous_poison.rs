//! Panics over the one message that has the property `attack`.

use crate::attack::Attack;
use crate::bindings::sendport::adapter::types::{Failure, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    fn transmit(msg: Message) -> Result<(), Failure> {
        panic!("poisoned by {}", msg.id());
    }
}
