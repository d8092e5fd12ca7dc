//! Traps while its batch is being filled.

use crate::attack::{Attack, trap};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    fn take(_msg: &Message) {
        trap();
    }
}
