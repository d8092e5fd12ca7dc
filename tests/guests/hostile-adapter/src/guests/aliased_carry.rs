//! Lets one megabyte be carried a hundred thousand times, which costs a guest next to nothing.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};
use crate::forgery::alias;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let text = "x".repeat(1024 * 1024);
        let carry = alias(&text, 100_000);
        let batch = get_batch();
        batch.resubmit(msg, None, &carry);
        batch.done().await.ok();
        Ok(Disposition::Pending)
    }
}
