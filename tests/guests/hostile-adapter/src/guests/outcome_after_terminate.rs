//! Says that it has ended, and then goes on: reports a message that it kept, and asks for another.

use std::cell::RefCell;
use std::time::Duration;

use wit_bindgen::spawn_local;

use crate::attack::{Answer, Attack, sleep};
use crate::bindings::sendport::adapter::transport_proxy::{TransportBatch, get_batch};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

thread_local! {
    static KEPT: RefCell<Vec<Message>> = const { RefCell::new(Vec::new()) };
}

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        KEPT.with_borrow_mut(|kept| kept.push(msg));
        Ok(Disposition::Pending)
    }

    async fn terminate() {
        spawn_local(async {
            sleep(Duration::from_millis(100)).await;
            let batch = get_batch();
            KEPT.take().into_iter().for_each(|kept| batch.delete_message(kept));
            batch.done().await.ok();
            std::mem::forget::<TransportBatch>(batch);
        });
    }
}
