//! Carries an empty outcome batch out for ever.

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::get_batch;
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        let batch = get_batch();
        loop {
            batch.done().await.ok();
        }
    }
}
