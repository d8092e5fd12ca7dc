//! Makes everything wait for what it never finishes: its beginning. It spins through the host, which is
//! the only way to wait in a call that is not async.

use crate::attack::Attack;
use crate::bindings::sendport::adapter::types::ErrorInfo;
use crate::bindings::wasi::clocks::monotonic_clock;

pub(crate) struct Guest;

impl Attack for Guest {
    fn initialize() -> Result<(), ErrorInfo> {
        let forever = monotonic_clock::now().saturating_add(1 << 60);
        while monotonic_clock::now() < forever {}
        Ok(())
    }
}
