//! Says of messages that there are not that they were not sent.

use crate::attack::{Attack, Done, failed};
use crate::bindings::sendport::adapter::types::Message;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn done(messages: Vec<Message>) -> Done {
        let beyond = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        Ok([beyond, u32::MAX]
            .map(|index| failed(index, "it was not sent"))
            .into())
    }
}
