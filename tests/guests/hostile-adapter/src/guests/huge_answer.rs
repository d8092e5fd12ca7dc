//! Posts to the URL in the property `attack` and asks for all of an answer that never ends.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::http::post;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        match post(&order(&msg), &msg).await {
            Ok(answer) => {
                let (size, truncated) = (answer.excerpt.len(), answer.truncated);
                found(&format!("{size} bytes, truncated: {truncated}"))
            }
            Err(error) => found(&error),
        }
    }
}
