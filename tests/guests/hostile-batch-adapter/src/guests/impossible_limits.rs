//! Takes batches of no message, and of more bytes than there are.

use crate::attack::Attack;
use crate::bindings::sendport::adapter::types::BatchLimits;

pub(crate) struct Guest;

impl Attack for Guest {
    fn limits() -> BatchLimits {
        BatchLimits {
            max_messages: 0,
            max_bytes: u64::MAX,
        }
    }
}
