//! Lets one more large property be carried by every attempt.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let carry = [(format!("attempt-{}", msg.attempt()), "x".repeat(50_000))];
        let batch = get_batch();
        batch.resubmit(msg, None, &carry);
        batch.done().await.ok();
        Ok(Disposition::Pending)
    }
}
