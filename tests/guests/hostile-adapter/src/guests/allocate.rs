//! Takes memory without end, and writes to it.

use std::hint::black_box;

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        let mut hoard = Vec::new();
        loop {
            hoard.push(black_box(vec![1_u8; 1 << 20]));
        }
    }
}
