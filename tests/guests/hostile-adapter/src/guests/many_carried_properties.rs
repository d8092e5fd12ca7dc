//! Lets two hundred thousand properties be carried.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let properties = (0..200_000).map(|n| (format!("{n:x}"), String::new()));
        let carry: Vec<_> = properties.collect();
        let batch = get_batch();
        batch.resubmit(msg, None, &carry);
        batch.done().await.ok();
        Ok(Disposition::Pending)
    }
}
