//! Gives way at once, again and again, and never gets anywhere.

use wit_bindgen::yield_async;

use crate::attack::{Answer, Attack};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(_msg: Message) -> Answer {
        loop {
            yield_async().await;
        }
    }
}
