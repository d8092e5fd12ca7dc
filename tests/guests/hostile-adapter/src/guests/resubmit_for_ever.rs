//! Wants its message again at the end of time.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let batch = get_batch();
        batch.resubmit(msg, Some(u64::MAX), &[]);
        batch.done().await.ok();
        Ok(Disposition::Pending)
    }
}
