//! Says that a message is sent and reports afterwards that it was not.

use std::time::Duration;

use wit_bindgen::spawn_local;

use crate::attack::{Answer, Attack, error, sleep};
use crate::bindings::sendport::adapter::transport_proxy::{get_batch, set_error_info};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        spawn_local(async move {
            sleep(Duration::from_millis(20)).await;
            let batch = get_batch();
            batch.move_to_suspend_queue(msg, &error("it was not sent"));
            if let Err(failure) = batch.done().await {
                set_error_info(&error(&format!("{:?}: {}", failure.reason, failure.text)));
            }
        });
        Ok(Disposition::Transmitted)
    }
}
