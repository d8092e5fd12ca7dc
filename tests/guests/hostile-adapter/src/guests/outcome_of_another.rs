//! Keeps a message, and reports it with the next call, while that has a message of its own: which it
//! reports as the other one's failure.

use std::cell::RefCell;

use crate::attack::{Answer, Attack, error};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};
use crate::forgery;

pub(crate) struct Guest;

thread_local! {
    static KEPT: RefCell<Option<Message>> = const { RefCell::new(None) };
}

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let Some(other) = KEPT.replace(Some(forgery::copy(&msg))) else {
            std::mem::forget(msg);
            std::future::pending::<()>().await;
            return Ok(Disposition::Transmitted);
        };
        let batch = get_batch();
        batch.move_to_suspend_queue(other, &error("reported by another call"));
        batch.done().await.ok();
        Ok(Disposition::Transmitted)
    }
}
