//! Waits in its call for what never comes, without computing: nothing else of its instance can go on.

use wit_bindgen::block_on;

use crate::attack::Attack;
use crate::bindings::sendport::adapter::types::{Failure, Message};
use crate::bindings::wasi::clocks::monotonic_clock;

pub(crate) struct Guest;

impl Attack for Guest {
    fn transmit(_msg: Message) -> Result<(), Failure> {
        block_on(monotonic_clock::wait_for(u64::MAX));
        Ok(())
    }
}
