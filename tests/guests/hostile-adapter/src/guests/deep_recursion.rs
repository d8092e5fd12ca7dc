//! Calls itself without end.

use std::hint::black_box;

use crate::attack::{Answer, Attack, found};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        found(&deeper(0).to_string())
    }
}

#[expect(unconditional_recursion, reason = "the attack")]
fn deeper(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    deeper(depth + 1) + black_box(frame)[0]
}
