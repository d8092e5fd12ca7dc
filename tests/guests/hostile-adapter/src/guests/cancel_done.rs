//! Begins to carry an outcome batch out, and does not wait for the answer.

use futures::FutureExt as _;

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let batch = get_batch();
        batch.delete_message(msg);
        batch.done().now_or_never();
        Ok(Disposition::Pending)
    }
}
