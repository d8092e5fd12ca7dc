//! Reports a message that it was never given, by a number that it has made up: the property `attack`.

use crate::attack::{Answer, Attack, order};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};
use crate::forgery;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let number = order(&msg).parse().unwrap_or(u32::MAX);
        let batch = get_batch();
        batch.delete_message(forgery::stolen(number));
        batch.done().await.ok();
        Ok(Disposition::Transmitted)
    }
}
