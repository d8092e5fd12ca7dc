//! Waits for what never comes when it is to end.

use wit_bindgen::block_on;

use crate::attack::Attack;
use crate::bindings::wasi::clocks::monotonic_clock;

pub(crate) struct Guest;

impl Attack for Guest {
    fn terminate() {
        block_on(monotonic_clock::wait_for(u64::MAX));
    }
}
