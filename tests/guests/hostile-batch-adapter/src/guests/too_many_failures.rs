//! Says of its first message three hundred thousand times that it was not sent.

use crate::attack::{Attack, Done, failed};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn done(_messages: Vec<Message>) -> Done {
        Ok((0..300_000).map(|_| failed(0, "")).collect())
    }
}
