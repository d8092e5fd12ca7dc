//! Computes for ever when it is to end.

use crate::attack::Attack;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn terminate() {
        loop {
            std::hint::spin_loop();
        }
    }
}
