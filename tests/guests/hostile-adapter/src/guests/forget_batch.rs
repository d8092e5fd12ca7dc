//! Reports outcomes and never drops the batches, which would say that it has heard.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let batch = get_batch();
        batch.delete_message(msg);
        batch.done().await.ok();
        std::mem::forget(batch);
        Ok(Disposition::Pending)
    }
}
