//! Posts to the URL in the property `attack` and follows wherever the answer sends it.

use crate::attack::{Answer, Attack, found, order};
use crate::bindings::sendport::adapter::types::Message;
use crate::http::post;

pub(crate) struct Guest;

impl Attack for Guest {
    async fn transmit(msg: Message) -> Answer {
        let answer = match post(&order(&msg), &msg).await {
            Ok(answer) => answer,
            Err(error) => return found(&error),
        };
        let Some((_, location)) = answer.headers.into_iter().next() else {
            return found(&format!("answered {} and no location", answer.status));
        };
        match post(&location, &msg).await {
            Ok(answer) => found(&format!("{location} answered {}", answer.status)),
            Err(error) => found(&format!("{location}: {error}")),
        }
    }
}
