//! Waits for an answer that comes one byte at a time and never ends; the property `attack` is its URL.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::http::post;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        match post(&order(&msg), &msg).await {
            Ok(answer) => found(&format!("{} bytes", answer.excerpt.len())),
            Err(error) => found(&error),
        }
    }
}
