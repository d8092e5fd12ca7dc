//! Carries an outcome batch out twice: one after the other, and both at once.

use futures::future::join;

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::transport_proxy::{get_batch, set_error_info};
use crate::bindings::sendport::adapter::types::{Disposition, Message};

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let batch = get_batch();
        batch.delete_message(msg);
        let both = join(batch.done(), batch.done()).await;
        let third = batch.done().await;
        set_error_info(&crate::attack::error(&format!("{both:?} {third:?}")));
        Ok(Disposition::Pending)
    }
}
