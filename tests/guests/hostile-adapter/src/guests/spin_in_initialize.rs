//! Computes for ever before it has begun.

use crate::attack::Attack;
use crate::bindings::sendport::adapter::types::ErrorInfo;

pub(crate) struct Guest;

impl Attack for Guest {
    fn initialize() -> Result<(), ErrorInfo> {
        loop {
            std::hint::spin_loop();
        }
    }
}
