//! Says that it has sent a message when its time is long over: with what it returns, and in a batch. The
//! property `attack` is how long it waits, in milliseconds.

use std::time::Duration;

use crate::attack::{Answer, Attack, order, sleep};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};
use crate::forgery;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let wait = order(&msg).parse().unwrap_or(u64::MAX);
        sleep(Duration::from_millis(wait)).await;
        let batch = get_batch();
        batch.delete_message(forgery::copy(&msg));
        batch.done().await.ok();
        std::mem::forget(msg);
        Ok(Disposition::Transmitted)
    }
}
