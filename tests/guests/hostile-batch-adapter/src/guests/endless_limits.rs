//! Takes batches of as many messages as can be counted, none of which may hold more than a byte.

use crate::attack::Attack;
use crate::bindings::sendport::adapter::types::BatchLimits;

pub(crate) struct Guest;

impl Attack for Guest {
    fn limits() -> BatchLimits {
        BatchLimits {
            max_messages: u32::MAX,
            max_bytes: 1,
        }
    }
}
